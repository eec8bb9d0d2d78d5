//! Contract 4.1 and 4.2 at the built binary: unique markers in every field and header of valid, refused and broken requests
//! appear afterwards in no file, log, metric or error, in no encoding that something could have written them in.
//!
//! A well-formed X-Request-Id is the one value that is logged (2.4); the target and method of a wrongly signed request, and
//! the name of an unknown field where it is harmless, are shown to who sent them (1.9, 2.3), and only there.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

#[expect(dead_code, reason = "the contract's own tests use the rest of their support")]
#[path = "contract/support/mod.rs"]
mod support;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use support::answer::Answer;
use support::body::Body;
use support::clock::{now_seconds, within_a_second};
use support::connection::Connection;
use support::registrar::{Options, Registrar};
use support::request::{CREATE, Request};
use support::signer::Signer;

/// A needle that is shorter would be found by chance.
const NEEDLE_BYTES_MIN: usize = 6;
/// How many bytes of a needle find its place in the index.
const INDEXED_BYTES: usize = 4;

/// What is looked for: every form of every marker, by its first bytes.
#[derive(Default)]
struct Scanner {
    exact: HashMap<[u8; INDEXED_BYTES], Vec<(String, Vec<u8>)>>,
    folded: HashMap<[u8; INDEXED_BYTES], Vec<(String, Vec<u8>)>>,
}

impl Scanner {
    /// Looks for a text in every encoding.
    fn text(&mut self, name: &str, text: &str) {
        self.bytes(name, text.as_bytes());
        self.add_folded(name, "utf-8", text.as_bytes());
        let escapes = |character: char| {
            let mut units = [0; 2];
            let units: Vec<_> =
                character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            units.concat()
        };
        let ascii =
            |character: char| if character.is_ascii() { character.to_string() } else { escapes(character) };
        let needed: String = text.chars().map(ascii).collect();
        self.add_folded(name, "escaped where needed", needed.as_bytes());
        let all: String = text.chars().map(escapes).collect();
        self.add_folded(name, "escaped", all.as_bytes());
        let percent = text.bytes().map(|byte| {
            if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }
        });
        self.add_folded(name, "in a URL", percent.collect::<Vec<_>>().concat().as_bytes());
        let little: Vec<_> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.add_folded(name, "utf-16 little-endian", &little);
        let big: Vec<_> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        self.add_folded(name, "utf-16 big-endian", &big);
        self.add_folded(
            name,
            "as a list of bytes",
            format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).as_bytes(),
        );
    }

    /// Looks for bytes as they are, in hexadecimal and in base64 at every alignment.
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.add_exact(name, "as it is", bytes.to_vec());
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.add_folded(name, "hexadecimal", hex.concat().as_bytes());
        for (engine, alphabet) in [(&STANDARD, "base64"), (&URL_SAFE, "base64 of URLs")] {
            for before in 0..3 {
                // What is encoded before and after the text decides the first and the last characters.
                let shifted = [&vec![0; before], bytes].concat();
                let whole = shifted.len() / 3 * 3;
                let text = engine.encode(&shifted[..whole]);
                let start = if before == 0 { 0 } else { 4 };
                self.add_exact(name, alphabet, text.as_bytes()[start..].to_vec());
            }
        }
    }

    /// A number as digits and as eight bytes.
    fn number(&mut self, name: &str, number: i64) {
        self.text(name, &number.to_string());
        self.add_exact(name, "little-endian", number.to_le_bytes()[..6].to_vec());
        self.add_exact(name, "big-endian", number.to_be_bytes()[2..].to_vec());
    }

    fn add_exact(&mut self, name: &str, form: &str, needle: Vec<u8>) {
        insert(&mut self.exact, name, form, needle);
    }

    fn add_folded(&mut self, name: &str, form: &str, needle: &[u8]) {
        insert(&mut self.folded, name, form, needle.to_ascii_lowercase());
    }

    /// Every marker in these bytes, with the form it has there.
    fn find(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = find_in(&self.exact, bytes);
        found.append(&mut find_in(&self.folded, &bytes.to_ascii_lowercase()));
        found
    }

    /// Every marker in every file of a folder, by the file's name.
    fn find_in_folder(&self, folder: &Path) -> Vec<(String, BTreeSet<String>)> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.append(&mut self.find_in_folder(&path));
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let found = self.find(&std::fs::read(&path).unwrap());
            let in_name = self.find(name.as_bytes());
            all.push((name, found.union(&in_name).cloned().collect()));
        }
        all
    }
}

fn insert(
    index: &mut HashMap<[u8; INDEXED_BYTES], Vec<(String, Vec<u8>)>>,
    name: &str,
    form: &str,
    needle: Vec<u8>,
) {
    if needle.len() >= NEEDLE_BYTES_MIN {
        let start = needle[..INDEXED_BYTES].try_into().unwrap();
        index.entry(start).or_default().push((format!("{name}, {form}"), needle));
    }
}

fn find_in(index: &HashMap<[u8; INDEXED_BYTES], Vec<(String, Vec<u8>)>>, bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, start) in bytes.windows(INDEXED_BYTES).enumerate() {
        for (name, needle) in index.get(start).into_iter().flatten() {
            if bytes[at..].starts_with(needle) {
                found.insert(name.clone());
            }
        }
    }
    found
}

/// Every field and the marker it has in the customers that are accepted. The first has a passport, the second another
/// document; both together have every field.
const ACCEPTED: [(&str, &str); 14] = [
    ("first_name", "Zqfïrstvkjx"),
    ("last_name", "Zqlast\u{200d}vkjx"),
    ("email", "Zqlocal.vkjx@Zqdomain-vkjx.example"),
    ("address_one", "73918 Zqroad Vkjx"),
    ("address_two", "Zqfloor “Vkjx”"),
    ("city", "Zqcity-vkjx"),
    ("state", "Zqstate vkjx"),
    ("zip", "ZQ 73918 X"),
    ("country", "Côte d’Ivoire"),
    ("date_of_birth", "1973-04-19"),
    ("id_number_type", "nOn-uS oThEr"),
    ("id_number", "ZQ/84719356"),
    ("non_us_other_type", "Zqdocument vkjx"),
    ("id_issuing_authority", "Zqauthority vkjx"),
];
const REQUEST_ID: &str = "c5f3a96e-71d8-4b42-9e0c-3d8b7a64f1e2";
const OTHER_REQUEST_ID: &str = "d4a1b87f-60c9-4c53-8f1d-2e7c6b95a0d3";
const SIGNED_TIMESTAMP: i64 = 1_603_379_184_627;
const AADHAAR: &str = "739184620517";
const METADATA: &str = r#"{"zqkeyvkjx":"zqvaluevkjx","zqnumbers":[7391846205.17e3]}"#;

/// Every field with something that it refuses.
const REFUSED: [(&str, &str); 19] = [
    ("request_id", "zqwrong-request-id"),
    ("first_name", "7391 84620 51"),
    ("last_name", "zqwrong\u{202e}last"),
    ("email", "zqwrong mail@vkjx"),
    ("address_one", "P.O. Box 73918 Zqwrong"),
    ("address_two", "PO Box 73918 Zqwrongtoo"),
    ("city", "zqwrong\u{1}city"),
    ("state", "zqwrong\u{2028}state"),
    ("zip", "zqwrong-zip-code"),
    ("country", "Zqwrongland"),
    ("date_of_birth", "19-04-1973zq"),
    ("id_number_type", "zqwrong_licence"),
    ("id_number", "zqwrong\u{7}number"),
    ("non_us_other_type", "zqwrong\u{202d}type"),
    ("id_issuing_authority", "zqwrong\u{0}authority"),
    ("risk_rating", "zqwrong-rating"),
    ("signed_timestamp", "zqwrong-timestamp"),
    ("prefunded", "zqwrong-flag"),
    ("metadata", "zqwrong-metadata"),
];

/// Headers that a program may send beside the four, and the marker each has.
const HEADERS: [(&str, &str); 16] = [
    ("User-Agent", "zqagent-vkjx/1.0"),
    ("Referer", "https://zqreferer-vkjx.example/"),
    ("Origin", "https://zqorigin-vkjx.example"),
    ("Cookie", "session=zqcookie-vkjx"),
    ("Authorization", "Bearer zqbearer-vkjx"),
    ("Proxy-Authorization", "Basic zqproxy-vkjx"),
    ("Accept", "application/json; zq=zqaccept-vkjx"),
    ("Accept-Language", "zqlanguage-vkjx"),
    ("X-Forwarded-For", "zqforwarded-for-vkjx"),
    ("X-Real-IP", "zqreal-ip-vkjx"),
    ("Forwarded", "for=zqforwarded-vkjx"),
    ("Via", "1.1 zqvia-vkjx"),
    ("Traceparent", "00-zqtraceparent-vkjx"),
    ("Idempotency-Key", "zqidempotency-vkjx"),
    ("X-Zqheadername-Vkjx", "zqheadervalue-vkjx"),
    ("X-Request-Id", "zq/malformed-request-id-vkjx"),
];

/// Markers that stand elsewhere in a request.
const ELSEWHERE: [(&str, &str); 18] = [
    ("a header's name", "X-Zqheadername-Vkjx"),
    ("an api key", "zqapikey-vkjx"),
    ("a signature", "zqsignature-vkjx"),
    ("a timestamp", "zqtimestamp-vkjx"),
    ("a passphrase", "zqpassphrase-vkjx"),
    ("a media type", "text/zqmedia-vkjx"),
    ("a media type's parameter", "zqparameter-vkjx"),
    ("an encoding", "zqencoding-vkjx"),
    ("a body", "zqbody-vkjx"),
    ("a name sent twice", "zqtwice-vkjx"),
    ("a large body", "zqlargebody-vkjx"),
    ("large headers", "zqlargeheader-vkjx"),
    ("bytes that are no HTTP", "zqnohttp-vkjx"),
    ("an unknown name", "zqunknown-name-vkjx"),
    ("an unknown value", "zqunknownvalue-vkjx"),
    ("a chunk", "zqchunk-vkjx"),
    ("a chunk's extension", "zqextension-vkjx"),
    ("a trailer", "zqtrailer-vkjx"),
];

/// Markers that the one who sent them may read in the answer, and nobody anywhere else.
const SHOWN_TO_THE_SENDER: [(&str, &str); 4] = [
    ("a query", "zqquery-vkjx"),
    ("a path", "zqpath-vkjx"),
    ("a method", "ZQMETHODVKJX"),
    ("an unknown field", "zqunknown_field_vkjx"),
];

/// A customer that is accepted, with a marker in every field.
fn customer() -> Body {
    let body = ACCEPTED.iter().fold(Body::of(""), |body, (field, marker)| body.set(field, *marker));
    body.set("request_id", REQUEST_ID)
        .set("signed_timestamp", SIGNED_TIMESTAMP)
        .set("prefunded", true)
        .set("risk_rating", "HiGh")
        .raw("metadata", METADATA)
}

/// A customer that is accepted and identified by an Aadhaar number, of which only the last four digits are kept.
fn customer_with_aadhaar() -> Body {
    Body::in_india("zqindian-vkjx").set("id_number_type", "aadhaar").set("id_number", AADHAAR)
}

/// What never may be anywhere but in the answer to who sent it.
fn markers() -> Scanner {
    let mut scanner = Scanner::default();
    for (name, marker) in ACCEPTED.iter().chain(&REFUSED).chain(&HEADERS).chain(&ELSEWHERE) {
        scanner.text(name, marker);
    }
    for id in [REQUEST_ID, OTHER_REQUEST_ID] {
        scanner.text("request_id", id);
        let digits = id.replace('-', "");
        scanner.text("request_id without hyphens", &digits);
        let bytes: Vec<_> =
            (0..16).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
        scanner.bytes("request_id as bytes", &bytes);
    }
    scanner.text("the local part", "zqlocal.vkjx");
    scanner.text("the domain", "zqdomain-vkjx");
    scanner.text("an e-mail", "zqindian-vkjx");
    scanner.text("an Aadhaar number", AADHAAR);
    scanner.number("signed_timestamp", SIGNED_TIMESTAMP);
    for marker in ["zqkeyvkjx", "zqvaluevkjx", "zqnumbers", "7391846205.17e3"] {
        scanner.text("metadata", marker);
    }
    scanner
}

/// What authenticates: the secrets, passphrases and signatures of these keys and requests.
fn credentials(signers: &[&Signer], signatures: &[String]) -> Scanner {
    let mut scanner = Scanner::default();
    for signer in signers {
        scanner.text("a secret", &signer.secret);
        scanner.bytes("a secret, decoded", &STANDARD.decode(&signer.secret).unwrap());
        scanner.text("a passphrase", &signer.passphrase);
    }
    for signature in signatures {
        scanner.text("a signature", signature);
        scanner.bytes("a signature, decoded", &STANDARD.decode(signature).unwrap());
    }
    scanner
}

/// Sends every request and keeps what was answered.
struct Sender<'a> {
    registrar: &'a Registrar,
    signer: &'a Signer,
    answers: Vec<Answer>,
    signatures: Vec<String>,
}

impl Sender<'_> {
    /// With a marker in every header.
    fn with_headers(request: Request) -> Request {
        HEADERS.iter().fold(request, |request, (name, marker)| request.header(name, marker))
    }

    fn send(&mut self, request: &Request, expected: &str) {
        let request = Self::with_headers(request.clone());
        let answer = self.registrar.send(&request);
        assert!(request.method == "HEAD" || answer.code() == expected, "{expected}: {}", answer.text());
        self.answers.push(answer);
    }

    fn send_signed(&mut self, request: Request, expected: &str) {
        let request = self.signer.signed(request);
        self.signatures.push(request.value("X-NDAX-SIGNED"));
        self.send(&request, expected);
    }

    fn submit(&mut self, body: &Body, expected: &str) {
        self.send_signed(Request::submission(body), expected);
    }

    /// Customers that are accepted, and each row of the table of idempotency.
    fn send_accepted(&mut self) {
        self.submit(&customer(), "ok");
        self.submit(&customer(), "ok");
        self.submit(&customer().set("request_id", OTHER_REQUEST_ID), "payload_already_submitted");
        self.submit(&customer().set("city", "Elsewhere"), "request_id_reused");
        let other = customer().set("city", "Elsewhere").set("request_id", OTHER_REQUEST_ID);
        self.submit(&other, "participant_already_exists");
        self.submit(&customer_with_aadhaar(), "ok");
        let with_parameter = Request::submission(&Body::of("zqparameter-vkjx"))
            .with("Content-Type", "application/json; zq=zqparameter-vkjx");
        self.send_signed(with_parameter, "ok");
    }

    /// Each field refused by itself, all of them at once, and unknown ones.
    fn send_refused(&mut self) {
        let mut all = customer();
        for (field, wrong) in REFUSED {
            self.submit(
                &customer().set("email", "zqlocal.vkjx2@example.com").set(field, wrong),
                "invalid_request",
            );
            all = all.set(field, wrong);
        }
        self.submit(&all, "invalid_request");
        let unknown = all.set("zqunknown-name-vkjx", "zqunknownvalue-vkjx").set("zqunknown_field_vkjx", "x");
        self.submit(&unknown, "invalid_request");
        for (field, _) in REFUSED {
            let raw = r#"{"zqkeyvkjx":["zqvaluevkjx",7391846205.17e3]}"#;
            self.submit(
                &customer().set("email", "1@zqdomain-vkjx.example").raw(field, raw),
                match field {
                    "metadata" => "request_id_reused",
                    _ => "invalid_request",
                },
            );
        }
    }

    /// Bodies that are not one JSON object.
    fn send_broken(&mut self) {
        let text = customer().text();
        for broken in [
            format!("{text}zqbody-vkjx"),
            format!("zqbody-vkjx{text}"),
            text[..text.len() / 2].to_owned(),
            format!("[{text}]"),
            format!("\u{feff}{text}"),
            "{\"zqtwice-vkjx\":\"zqbody-vkjx\",\"zqtwice-vkjx\":\"zqbody-vkjx\"}".to_owned(),
            "{\"zqbody-vkjx\":\"\\ud800zqbody-vkjx\"}".to_owned(),
            "{\"zqbody-vkjx\":zqbody-vkjx}".to_owned(),
            "\"zqbody-vkjx\"".to_owned(),
            "first_name=zqbody-vkjx".to_owned(),
            customer().raw("metadata", &"[\"zqbody-vkjx\",".repeat(40)).text(),
        ] {
            self.send_signed(Request::post(broken), "malformed_json");
        }
        self.send_signed(Request::post([text.as_bytes(), b"\xff"].concat()), "malformed_json");
    }

    /// What fails before the body is looked at.
    fn send_unreadable(&mut self) {
        let submission = || Request::submission(&customer());
        let media_type = submission().with("Content-Type", "text/zqmedia-vkjx");
        self.send_signed(media_type, "unsupported_media_type");
        self.send_signed(
            submission().header("Content-Encoding", "zqencoding-vkjx"),
            "unsupported_media_type",
        );
        let query = format!("{CREATE}?zqquery-vkjx=zqquery-vkjx");
        self.send_signed(submission().target(&query), "unknown_query");
        self.send_signed(submission().target("/zqpath-vkjx"), "not_found");
        self.send_signed(submission().method("ZQMETHODVKJX"), "method_not_allowed");
        self.send(&Request::get("/errors/zqpath-vkjx"), "not_found");
        self.send(&Request::get("/time?zqquery-vkjx"), "unknown_query");
        self.send_signed(Request::post("zqlargebody-vkjx ".repeat(5000)), "body_too_large");
        let large = submission().header("X-Large", "zqlargeheader-vkjx ".repeat(1000));
        self.send_signed(large, "headers_too_large");
    }

    /// What fails to authenticate.
    fn send_unauthenticated(&mut self, unknown_key: &str, wrong_passphrase: &str) {
        let query = format!("{CREATE}?zqquery-vkjx");
        let submission = || Request::submission(&customer());
        let good = self.signer.signed(submission());
        self.send(&submission(), "missing_header");
        self.send(&good.clone().header("X-NDAX-SIGNED", "zqsignature-vkjx"), "duplicate_header");
        self.send(&good.clone().header("X-SCX-SIGNED", "zqsignature-vkjx"), "malformed_header");
        self.send(&good.clone().with("X-NDAX-SIGNED", "zqsignature-vkjx é"), "malformed_header");
        self.send(&good.clone().with("X-NDAX-TIMESTAMP", "zqtimestamp-vkjx"), "timestamp_malformed");
        self.send(&self.signer.clone().signed_at(submission(), "1700000000"), "timestamp_outside_window");
        self.send(&self.signer.with_api_key("zqapikey-vkjx").signed(submission()), unknown_key);
        self.send(&good.clone().with("X-NDAX-SIGNED", "zqsignature-vkjx"), "invalid_signature");
        self.send(&self.signer.with_wrong_secret().signed(submission().target(&query)), "invalid_signature");
        self.send(&self.signer.with_passphrase("zqpassphrase-vkjx").signed(submission()), wrong_passphrase);
        let timestamp = now_seconds().to_string();
        let text = format!("{timestamp}post{CREATE}{}", customer().text());
        let with_hint =
            self.signer.presenting(submission(), &timestamp, &self.signer.signature_over(text.as_bytes()));
        self.send(&with_hint, "invalid_signature");
        self.signatures.push(self.signer.signature(&timestamp, &submission()));
    }

    /// What the HTTP library refuses, and bodies with a transfer coding.
    fn send_odd_bytes(&mut self) {
        let chunked = self.signer.signed(Request::post("{\"zqchunk-vkjx\":}")).chunked();
        self.send(&chunked, "malformed_json");
        for bytes in [
            &b"zqnohttp-vkjx\r\n\r\n"[..],
            b"GET /zqnohttp-vkjx zqnohttp-vkjx HTTP/1.1\r\n\r\n",
            b"GET /time HTTP/1.1\r\nzqnohttp-vkjx\r\n\r\n",
            b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
              zqnohttp-vkjx\r\nzqnohttp-vkjx",
            b"POST /participants/customers/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
              2;zqextension-vkjx=zqextension-vkjx\r\n{}\r\n0\r\nX-Zqtrailer-Vkjx: zqtrailer-vkjx\r\n\r\n",
        ] {
            let mut connection = self.registrar.connect();
            connection.write(bytes);
            connection.finish_writing();
            self.answers.extend(connection.read_answer(false));
        }
    }
}

/// What may be found in an error beside nothing: what its sender may read there.
fn check_errors(answers: &[Answer], markers: &Scanner) {
    for answer in answers {
        let head = format!("{:?}", answer.headers);
        assert_eq!(markers.find(head.as_bytes()), BTreeSet::new(), "{head}");
        if answer.status != 200 {
            let found = markers.find(&answer.body);
            assert_eq!(found, BTreeSet::new(), "{}", String::from_utf8_lossy(&answer.body));
        }
    }
}

/// The private listener's address, as the log tells it.
fn metrics_address(registrar: &Registrar) -> String {
    let address_in = |log: String| {
        let (_, rest) = log.split_once("metrics_listen")?;
        let start = rest.find("127.0.0.1:")?;
        let end = rest[start + 10..].find(|character: char| !character.is_ascii_digit())? + start + 10;
        Some(rest[start..end].to_owned())
    };
    let log = || registrar.error_files().last().and_then(|file| std::fs::read_to_string(file).ok());
    within_a_second(|| log().and_then(address_in), Option::is_some).unwrap()
}

/// Sends everything to a server that logs as much as it can, then looks everywhere.
fn nothing_is_left_behind(log_format: &str) {
    let environment =
        vec![("REGISTRAR_LOG_LEVEL", "debug".to_owned()), ("REGISTRAR_LOG_FORMAT", log_format.to_owned())];
    let arguments = ["--metrics", "127.0.0.1:0"].map(str::to_owned).to_vec();
    let mut registrar = Registrar::start_with(Options { arguments, environment });
    let own = registrar.own().clone();
    let mut sender =
        Sender { registrar: &registrar, signer: &own, answers: Vec::new(), signatures: Vec::new() };
    sender.send_accepted();
    let first = sender.answers[0].clone();
    sender.send_refused();
    sender.send_broken();
    sender.send_unreadable();
    sender.send_unauthenticated("unknown_api_key", "invalid_passphrase");
    sender.send_odd_bytes();
    let (mut answers, mut signatures) = (sender.answers, sender.signatures);
    // The same on a production platform, which also ignores unknown fields.
    let production = registrar.platform("Production", &["--enable-customers"]);
    registrar.set_of(&production, &["policy.unknown_fields=ignore"]);
    let mut sender =
        Sender { registrar: &registrar, signer: &production, answers: Vec::new(), signatures: Vec::new() };
    sender.send_accepted();
    sender.send_unauthenticated("invalid_signature", "invalid_signature");
    let unknown = |number: u32| {
        let email = format!("zqlocal.vkjx{number}@zqdomain-vkjx.example");
        let body = customer().without("request_id").set("email", email);
        body.set("zqunknown-name-vkjx", "zqunknownvalue-vkjx")
            .set("zqunknown_field_vkjx", "zqunknownvalue-vkjx")
    };
    let mut number = 0;
    let accepted = within_a_second(
        || {
            number += 1;
            registrar.submit_by(&production, &unknown(number))
        },
        |answer| answer.status == 200,
    );
    assert_eq!(accepted.code(), "ok", "{}", accepted.text());
    answers.append(&mut sender.answers);
    signatures.append(&mut sender.signatures);

    let mut everywhere = markers();
    check_errors(&answers, &everywhere);
    for (name, marker) in SHOWN_TO_THE_SENDER {
        everywhere.text(name, marker);
    }
    let credentials = credentials(&[&own, &production], &signatures);
    check_errors(&answers, &credentials);
    // The scanner can find what it looks for: the first answer holds every echoed field.
    let echoed = everywhere.find(&first.body);
    for (field, _) in ACCEPTED.iter().filter(|(field, _)| *field != "request_id") {
        assert!(echoed.iter().any(|found| found.starts_with(field)), "{field}: {echoed:?}");
    }

    let metrics = Connection::open(&metrics_address(&registrar)).exchange(&Request::get("/metrics"));
    assert!(metrics.text().contains("code=\"participant_already_exists\""), "{}", metrics.text());
    nothing_in("metrics", &metrics.body, [&everywhere, &credentials]);
    // While the server runs, with what is only in the database's log, and when it has ended.
    nothing_in_files(&registrar, [&everywhere, &credentials]);
    registrar.stop();
    nothing_in_files(&registrar, [&everywhere, &credentials]);
    nothing_in("standard output", registrar.printed().as_bytes(), [&everywhere, &credentials]);
    let log: Vec<u8> = registrar.error_files().iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    nothing_in("the log", &log, [&everywhere, &credentials]);
    let log = String::from_utf8(log).unwrap();
    for answer in answers.iter().filter(|answer| answer.header("x-trace-id").is_some()) {
        assert!(log.contains(answer.trace_id()), "the log is not the whole log");
    }
}

fn nothing_in(place: &str, bytes: &[u8], scanners: [&Scanner; 2]) {
    for scanner in scanners {
        assert_eq!(scanner.find(bytes), BTreeSet::new(), "in {place}");
    }
}

/// The credentials' own file apart, which is there to hold them.
fn nothing_in_files(registrar: &Registrar, [markers, credentials]: [&Scanner; 2]) {
    let files = markers.find_in_folder(&registrar.data());
    assert!(files.iter().any(|(name, _)| name == "registrar.db") && files.len() >= 3, "{files:?}");
    for (name, found) in files {
        assert_eq!(found, BTreeSet::new(), "in {name}");
    }
    for (name, found) in credentials.find_in_folder(&registrar.data()) {
        assert_eq!(found.is_empty(), name != "credentials.json", "in {name}: {found:?}");
    }
}

// 4.1, 4.2
#[test]
fn no_marker_is_left_in_files_logs_metrics_or_errors_with_a_json_log() {
    nothing_is_left_behind("json");
}

// 4.1, 4.2
#[test]
fn no_marker_is_left_in_files_logs_metrics_or_errors_with_a_log_for_people() {
    nothing_is_left_behind("human");
}

// The other tests can fail: each form of each marker is found where it stands.
#[test]
fn every_form_of_a_marker_is_found_in_the_middle_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let scanner = markers();
    let forms = scanner.exact.values().chain(scanner.folded.values()).flatten();
    let mut count = 0;
    for (name, needle) in forms {
        let file = folder.path().join("file");
        std::fs::write(&file, [&[0xa5; 1000][..], needle, &[0x5a; 1000]].concat()).unwrap();
        let found = scanner.find_in_folder(folder.path());
        assert!(found[0].1.contains(name), "{name}");
        count += 1;
    }
    assert!(count > 700, "{count}");
}

// The other tests can fail: base64 and the like are found as programs write them.
#[test]
fn a_marker_is_found_in_what_programs_make_of_it() {
    let scanner = markers();
    let text = format!("{{\"a\":\"{}\"}}", ACCEPTED[0].1);
    let written = [
        text.clone().into_bytes(),
        text.to_ascii_uppercase().into_bytes(),
        text.replace('ï', "\\u00ef").into_bytes(),
        text.replace('ï', "\\u00EF").into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        STANDARD.encode(&text).into_bytes(),
        STANDARD.encode(format!("x{text}")).into_bytes(),
        STANDARD.encode(format!("xy{text}")).into_bytes(),
        URL_SAFE.encode(&text).into_bytes(),
        text.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat().into_bytes(),
        format!("{:?}", text.as_bytes()).into_bytes(),
        text.replace('ï', "%C3%AF").into_bytes(),
    ];
    for bytes in written {
        assert!(!scanner.find(&bytes).is_empty(), "{}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(scanner.find(b"Nothing of the kind: /errors/invalid_request"), BTreeSet::new());
}
