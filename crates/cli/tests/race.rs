//! Requests that arrive at once (contract 3.6), sent to the built server over real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails its test")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use serde_json::Value;

/// How many arrive at once.
const CROWD: usize = 64;

const TARGET: &str = "/participants/customers/new";

#[test]
fn identical_requests_at_once_create_one_customer_and_all_get_its_answer() {
    let server = Server::start();
    let body = customer("one@example.com", "1 Main St.", Some(REQUEST_ID));
    let answers = server.at_once(&vec![body; CROWD]);
    assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", statuses(&answers));
    let bodies: BTreeSet<&str> = answers.iter().map(|answer| answer.body.as_str()).collect();
    assert_eq!(bodies.len(), 1, "one distinct body");
    let first_answers = answers.iter().filter(|answer| !answer.is_replay).count();
    assert_eq!(first_answers, 1, "one creates, the others replay");
}

#[test]
fn identical_requests_at_once_without_a_request_id_create_one_customer() {
    let server = Server::start();
    let answers = server.at_once(&vec![customer("one@example.com", "1 Main St.", None); CROWD]);
    one_wins(&answers, "payload_already_submitted", true);
}

#[test]
fn payloads_at_once_with_one_request_id_create_one_customer() {
    let server = Server::start();
    let bodies: Vec<String> = (0..CROWD)
        .map(|number| customer(&format!("person{number}@example.com"), "1 Main St.", Some(REQUEST_ID)))
        .collect();
    one_wins(&server.at_once(&bodies), "request_id_reused", false);
}

#[test]
fn people_at_once_with_one_email_create_one_customer() {
    let server = Server::start();
    let bodies: Vec<String> =
        (0..CROWD).map(|number| customer("one@example.com", &format!("{number} Main St."), None)).collect();
    one_wins(&server.at_once(&bodies), "participant_already_exists", true);
}

/// Exactly one answer is 200; the others are refused with that code and, where they name a customer, name that one.
fn one_wins(answers: &[Answer], code: &str, names_the_winner: bool) {
    let winners: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(winners.len(), 1, "{:?}", statuses(answers));
    let winner = winners[0].json()["message"]["participant_code"].clone();
    assert!(winner.is_string());
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        let json = refused.json();
        assert_eq!((refused.status, json["code"].as_str()), (400, Some(code)));
        if names_the_winner {
            assert_eq!(json["participant_code"], winner);
        }
    }
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

const REQUEST_ID: &str = "7fbab305-2679-4279-808b-9b7a63a55c85";

fn customer(email: &str, address: &str, request_id: Option<&str>) -> String {
    let mut body = serde_json::json!({
        "first_name": "John", "last_name": "Smith", "email": email, "address_one": address, "city": "Chicago",
        "state": "IL", "zip": "12345", "country": "United States", "date_of_birth": "1985-09-02",
        "id_number_type": "ssn", "id_number": "123456789", "signed_timestamp": 1_603_378_501_286_u64,
    });
    if let Some(request_id) = request_id {
        body["request_id"] = request_id.into();
    }
    body.to_string()
}

struct Answer {
    status: u16,
    is_replay: bool,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

struct Server {
    child: Child,
    address: String,
    credentials: Value,
    _data: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_registrar"))
            .args(["dev", "--no-example", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("ready http://").expect("the ready line").to_owned();
        let text = std::fs::read(data.path().join("credentials.json")).unwrap();
        Self { child, address, credentials: serde_json::from_slice(&text).unwrap(), _data: data }
    }

    /// Sends each body on a connection of its own, all released by one barrier.
    fn at_once(&self, bodies: &[String]) -> Vec<Answer> {
        let barrier = Barrier::new(bodies.len());
        thread::scope(|scope| {
            let senders: Vec<_> = bodies
                .iter()
                .map(|body| {
                    let barrier = &barrier;
                    scope.spawn(move || self.send(body, barrier))
                })
                .collect();
            senders.into_iter().map(|sender| sender.join().unwrap()).collect()
        })
    }

    fn send(&self, body: &str, barrier: &Barrier) -> Answer {
        let request = self.request(body);
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        barrier.wait();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            is_replay: head.to_ascii_lowercase().contains("\r\nidempotent-replayed: true"),
            body: body.to_owned(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the server under test goes by the clock of the machine")]
    fn request(&self, body: &str) -> String {
        let credential = |name: &str| self.credentials[name].as_str().unwrap();
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
        let parts =
            SignedParts { timestamp: &timestamp, method: "POST", target: TARGET, body: body.as_bytes() };
        let signature = sign(&RequestSecret::from_base64(credential("secret")).unwrap(), &parts);
        format!(
            "POST {TARGET} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nX-NDAX-API-KEY: {}\r\nX-NDAX-SIGNED: {signature}\r\nX-NDAX-TIMESTAMP: {timestamp}\r\n\
             X-NDAX-PASSPHRASE: {}\r\n\r\n{body}",
            self.address,
            body.len(),
            credential("api_key"),
            credential("passphrase"),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
