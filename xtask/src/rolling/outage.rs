//! What the balancer answers by itself while no server is up: what Registrar would answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;
use crate::load::Signer;

/// How long the balancer may take to answer without asking anybody.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Fails unless a signed request is answered with the documented problem and the headers that go with it.
pub(super) fn check_answer(address: SocketAddr, signer: &Signer) -> Outcome<()> {
    let mut request = Vec::new();
    signer.write_request(b"{}", &mut request);
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
    stream.write_all(&request)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    // A balancer that keeps the connection open still ends its body where the object ends.
    while !answer.ends_with(b"}") {
        match stream.read(&mut chunk)? {
            0 => break,
            count => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    match what_is_wrong(&answer) {
        None => Ok(()),
        Some(what) => Err(format!("without servers the balancer answers without {what}:\n{answer}").into()),
    }
}

/// The first thing that the answer lacks.
fn what_is_wrong(answer: &str) -> Option<&'static str> {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return Some("a body") };
    let header = |name: &str| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    let sentences = problem.get("errors").and_then(Value::as_array);
    let is_said = text("detail").is_some()
        && sentences.is_some_and(|sentences| sentences.iter().map(Value::as_str).eq([text("detail")]));
    let trace_id = text("trace_id").filter(|id| !id.is_empty());
    [
        (head.starts_with("HTTP/1.1 503 "), "status 503"),
        (header("content-type") == Some("application/problem+json"), "the content type of a problem"),
        (header("retry-after") == Some("1"), "Retry-After"),
        (header("cache-control") == Some("no-store"), "Cache-Control: no-store"),
        (problem.get("status").and_then(Value::as_u64) == Some(503), "its status in the body"),
        (text("code") == Some("unavailable"), "the code unavailable"),
        (text("type") == Some("/errors/unavailable"), "the address of the error's page"),
        (text("title") == Some("Unavailable"), "the title"),
        (is_said, "its detail as the one sentence of errors"),
        (trace_id.is_some() && header("x-trace-id") == trace_id, "a trace_id that is X-Trace-Id"),
    ]
    .into_iter()
    .find_map(|(is_there, what)| (!is_there).then_some(what))
}

#[cfg(test)]
mod tests {
    use super::what_is_wrong;

    const ANSWER: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncache-control: no-store\r\n\
        x-trace-id: t\r\ncontent-type: application/problem+json\r\n\r\n\
        {\"type\":\"/errors/unavailable\",\"title\":\"Unavailable\",\"status\":503,\"code\":\"unavailable\",\
        \"detail\":\"d\",\"errors\":[\"d\"],\"trace_id\":\"t\"}";

    #[test]
    fn an_answer_that_lacks_anything_is_found_out() {
        assert_eq!(what_is_wrong(ANSWER), None);
        for (present, lacking) in [
            ("503 Service", "Retry: 1\r\n"),
            ("retry-after: 1", "date: 1"),
            ("no-store", "private"),
            ("x-trace-id: t", "x-trace-id: u"),
            ("problem+json", "json"),
            ("\"code\"", "\"cod\""),
            ("[\"d\"]", "[]"),
            ("\"trace_id\"", "\"trace\""),
        ] {
            assert!(what_is_wrong(&ANSWER.replace(present, lacking)).is_some(), "{present}");
        }
    }
}
