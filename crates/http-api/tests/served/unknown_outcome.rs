//! What a client is told when the outcome of its create is lost, and what the repetition that it is told to make gives.

use crate::support::{Server, short_limits};
use registrar_domain::testing::Fault;

const CUSTOMER: &str = r#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","first_name":"Gaurav","last_name":"Mehta","address_one":"Near CST","country":"India","state":"MH","signed_timestamp":1603378501286,"email":"gewgawrav@gmail.com","city":"MUMBAI","date_of_birth":"1989-10-13","id_number_type":"Passport","id_number":"123456789","zip":"12345"}"#;

/// The head in small letters, and the body with the trace id taken out.
fn parts(answer: &str) -> (String, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    let trace_id = head.lines().find_map(|line| line.strip_prefix("x-trace-id: ")).unwrap();
    (head.clone(), body.replace(trace_id, "[trace_id]"))
}

#[test]
fn an_unknown_outcome_is_503_and_the_same_request_again_settles_it() {
    for (fault, is_replay) in [(Fault::UnknownAndDone, true), (Fault::UnknownAndNotDone, false)] {
        let server = Server::start(short_limits());
        server.store.fail_next(fault);
        let (head, body) = parts(&server.submit(CUSTOMER));
        assert!(head.starts_with("http/1.1 503 "), "{head}");
        for line in ["retry-after: 1", "content-type: application/problem+json", "cache-control: no-store"] {
            assert!(head.lines().any(|found| found == line), "{line}\n{head}");
        }
        insta::assert_snapshot!("unknown_outcome", body);

        let (head, first) = parts(&server.submit(CUSTOMER));
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(head.contains("idempotent-replayed: true"), is_replay, "{head}");
        let (head, again) = parts(&server.submit(CUSTOMER));
        assert!(head.contains("idempotent-replayed: true"), "{head}");
        assert_eq!(again, first);
        assert!(first.starts_with(r#"{"message":{"first_name":"Gaurav","#), "{first}");
        assert_eq!(server.customers(), 1);
    }
}

#[test]
fn what_was_not_done_is_told_so_and_the_same_request_again_creates_the_customer() {
    let server = Server::start(short_limits());
    for (fault, code) in [(Fault::Busy, "overloaded"), (Fault::Unavailable, "unavailable")] {
        server.store.fail_next(fault);
        let (head, body) = parts(&server.submit(CUSTOMER));
        assert!(head.starts_with("http/1.1 503 ") && head.contains("retry-after: 1"), "{head}");
        assert!(
            body.contains(&format!(r#""code":"{code}""#)) && body.contains("nothing was stored"),
            "{body}"
        );
        assert_eq!(server.customers(), 0);
    }
    let (head, _) = parts(&server.submit(CUSTOMER));
    assert!(head.starts_with("http/1.1 200 ") && !head.contains("idempotent-replayed"), "{head}");
}
