//! The client against a server that answers by a script: what is repeated, what is not, and what is sent.

#![expect(clippy::unwrap_used, reason = "a script that fails fails its test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use registrar_client::{Client, ClientError, ClientOptions, Surroundings};
use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use registrar_wire::Credentials;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const WITH_ID: &[u8] = br#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","first_name":"Asha"}"#;
const WITHOUT_ID: &[u8] = br#"{"first_name":"Asha","metadata":{"request_id":"x"}}"#;
const CUSTOMER: &str = r#"{"message":{"first_name":"Asha","last_name":"M","email":"a@example.in","address_one":"1","address_two":null,"country":"India","state":"MH","city":"Mumbai","zip":null,"date_of_birth":"1985-09-02","id_number_type":"pan","id_number":"1","non_us_other_type":null,"id_issuing_authority":null,"signed_timestamp":1603378501286,"risk_rating":null,"metadata":{},"platform_code":"ABC123","participant_code":"XYZ456"}}"#;

/// What the server does with one request.
enum Step {
    Answer(u16, &'static str, String),
    /// Closes the connection without an answer.
    Close,
}

struct Received {
    head: String,
    body: Vec<u8>,
}

struct Scripted {
    base_url: String,
    server: JoinHandle<Vec<Received>>,
}

/// Serves one connection a step and ends.
fn scripted(steps: Vec<Step>) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        steps.into_iter().map(|step| serve_one(&listener.accept().unwrap().0, step)).collect()
    });
    Scripted { base_url, server }
}

fn serve_one(mut stream: &TcpStream, step: Step) -> Received {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0);
    }
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    if let Step::Answer(status, headers, answer) = step {
        write!(
            stream,
            "HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .unwrap();
    }
    Received { head, body }
}

/// A clock that moves a second an attempt and waits that take no time but are noted.
#[derive(Clone, Default)]
struct Noted {
    waits: Arc<Mutex<Vec<Duration>>>,
    clock: Arc<Mutex<i64>>,
}

impl Surroundings for Noted {
    fn unix_seconds(&self) -> i64 {
        let mut clock = self.clock.lock().unwrap();
        *clock += 1;
        1_700_000_000 + *clock
    }

    fn jitter(&self, _most: Duration) -> Duration {
        Duration::ZERO
    }

    fn pause(&self, duration: Duration) {
        self.waits.lock().unwrap().push(duration);
    }
}

fn credentials(base_url: &str) -> Credentials {
    Credentials {
        base_url: base_url.to_owned(),
        platform_code: "ABC123".to_owned(),
        api_key: "the-key".to_owned(),
        secret: SECRET.to_owned(),
        passphrase: "the-words".to_owned(),
    }
}

fn client(base_url: &str, noted: &Noted) -> Client {
    Client::new(&credentials(base_url), ClientOptions::default(), Box::new(noted.clone())).unwrap()
}

fn problem(status: u16, code: &str, headers: &'static str) -> Step {
    let body = format!(
        r#"{{"type":"/errors/{code}","title":"T","status":{status},"code":"{code}","detail":"D","errors":["D"],"trace_id":"t"}}"#
    );
    Step::Answer(status, headers, body)
}

fn customer(headers: &'static str) -> Step {
    Step::Answer(200, headers, CUSTOMER.to_owned())
}

#[test]
fn exactly_the_given_bytes_are_signed_and_sent() {
    let server = scripted(vec![customer("x-trace-id: t-1\r\n")]);
    let answer = client(&server.base_url, &Noted::default()).create_customer(WITHOUT_ID).unwrap();
    assert_eq!((answer.customer.participant_code.as_str(), answer.replayed), ("XYZ456", false));
    assert_eq!((answer.body.as_slice(), answer.trace_id.as_deref()), (CUSTOMER.as_bytes(), Some("t-1")));
    let received = server.server.join().unwrap().remove(0);
    assert_eq!(received.body, WITHOUT_ID);
    let parts = SignedParts {
        timestamp: "1700000001",
        method: "POST",
        target: "/participants/customers/new",
        body: WITHOUT_ID,
    };
    let signature = sign(&RequestSecret::from_base64(SECRET).unwrap(), &parts);
    let head = received.head.to_lowercase();
    assert!(head.starts_with("post /participants/customers/new http/1.1\r\n"), "{head}");
    assert!(received.head.contains(&signature), "{head}");
    for header in ["x-ndax-api-key: the-key", "x-ndax-timestamp: 1700000001", "x-ndax-passphrase: the-words"]
    {
        assert_eq!(head.matches(header).count(), 1, "{head}");
    }
    assert!(head.contains("content-type: application/json"), "{head}");
}

#[test]
fn with_a_request_id_the_same_bytes_are_sent_again_with_a_fresh_signature() {
    let steps = vec![
        problem(503, "overloaded", "retry-after: 1\r\n"),
        Step::Close,
        Step::Answer(502, "", "<html>a proxy</html>".to_owned()),
        customer("idempotent-replayed: true\r\n"),
    ];
    let server = scripted(steps);
    let noted = Noted::default();
    let answer = client(&server.base_url, &noted).create_customer(WITH_ID).unwrap();
    assert_eq!((answer.replayed, answer.attempts), (true, 4));
    let received = server.server.join().unwrap();
    assert!(received.iter().all(|received| received.body == WITH_ID));
    for (attempt, received) in (1..).zip(&received) {
        assert!(received.head.contains(&(1_700_000_000 + attempt).to_string()), "{}", received.head);
    }
    assert_eq!(noted.waits.lock().unwrap()[0], Duration::from_secs(1));
}

#[test]
fn the_last_outcome_stands_after_four_attempts() {
    let server = scripted((0..4).map(|_| problem(503, "unavailable", "")).collect());
    let refused = client(&server.base_url, &Noted::default()).create_customer(WITH_ID).unwrap_err();
    assert!(
        matches!(&refused, ClientError::Refused { problem, attempts: 4, .. } if problem.code == "unavailable"),
        "{refused:?}"
    );
}

#[test]
fn without_a_request_id_nothing_is_sent_twice() {
    for step in [problem(503, "overloaded", "retry-after: 1\r\n"), Step::Close] {
        let server = scripted(vec![step]);
        let noted = Noted::default();
        client(&server.base_url, &noted).create_customer(WITHOUT_ID).unwrap_err();
        assert_eq!(server.server.join().unwrap().len(), 1);
        assert!(noted.waits.lock().unwrap().is_empty());
    }
}

#[test]
fn a_refusal_is_final_and_carries_the_problem() {
    let server = scripted(vec![problem(400, "request_id_reused", "")]);
    let refused = client(&server.base_url, &Noted::default()).create_customer(WITH_ID).unwrap_err();
    assert_eq!(refused.to_string(), "request_id_reused: D");
    assert_eq!(server.server.join().unwrap().len(), 1);
}

#[test]
fn a_long_pause_is_left_to_the_caller() {
    let server = scripted(vec![problem(503, "unavailable", "retry-after: 3600\r\n")]);
    client(&server.base_url, &Noted::default()).create_customer(WITH_ID).unwrap_err();
    assert_eq!(server.server.join().unwrap().len(), 1);
}

#[test]
fn an_answer_of_another_api_and_a_redirect_are_not_understood() {
    let steps = [
        Step::Answer(200, "", "{\"ok\":true}".to_owned()),
        Step::Answer(404, "", "<html>".to_owned()),
        Step::Answer(307, "location: http://127.0.0.1:1/elsewhere\r\n", String::new()),
    ];
    for step in steps {
        let server = scripted(vec![step]);
        let error = client(&server.base_url, &Noted::default()).create_customer(WITH_ID).unwrap_err();
        assert!(matches!(error, ClientError::NotUnderstood { .. }), "{error:?}");
    }
}

#[test]
fn debug_output_of_an_answer_shows_nothing_personal() {
    let server = scripted(vec![customer("")]);
    let answer = client(&server.base_url, &Noted::default()).create_customer(WITH_ID).unwrap();
    let shown = format!("{answer:?}");
    assert!(shown.contains("XYZ456") && !shown.contains("Asha") && !shown.contains("example.in"), "{shown}");
}

#[test]
fn credentials_that_cannot_be_used_are_refused_without_showing_them() {
    let broken = [
        Credentials { secret: "not base64!".to_owned(), ..credentials("http://h") },
        Credentials { passphrase: "two\r\nlines".to_owned(), ..credentials("http://h") },
        Credentials { api_key: String::new(), ..credentials("http://h") },
    ];
    for credentials in broken {
        let Err(error) = Client::new(&credentials, ClientOptions::default(), Box::new(Noted::default()))
        else {
            panic!("accepted {credentials:?}");
        };
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("not base64!") && !shown.contains("lines"), "{shown}");
    }
}
