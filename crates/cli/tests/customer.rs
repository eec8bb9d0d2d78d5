//! `registrar customer new` and `check`: the same verdict from the server and offline.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use serde_json::Value;
use support::{Finished, SAMPLE, Server, customer_named, run, run_with_input};

fn parsed(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap()
}

const NEW: [&str; 5] = ["customer", "new", "-", "--credentials", "data/credentials.json"];

#[test]
fn a_new_customer_is_answered_and_its_repetition_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let new = [NEW.as_slice(), &["--json"]].concat();
    let first = run_with_input(folder.path(), &new, SAMPLE.as_bytes());
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(
        first.stdout.starts_with("{\"message\":{\"first_name\":\"John\",\"last_name\":\"Smith\""),
        "{}",
        first.stdout
    );
    assert_eq!(first.stderr, "");
    let second = run_with_input(folder.path(), &new, SAMPLE.as_bytes());
    assert_eq!((second.code, second.stdout), (Some(0), first.stdout));
    assert_eq!(second.stderr, "replayed: this customer was created by an earlier, identical request\n");
}

#[test]
fn a_refusal_prints_code_detail_and_every_error_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let refused = run_with_input(folder.path(), &NEW, b"{\"first_name\":\"John\",\"zip\":\"1\"}");
    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.starts_with("error: invalid_request (400) – "), "{}", refused.stderr);
    for field in ["last_name", "email", "country"] {
        assert!(refused.stderr.contains(&format!("\n  body/{field} ")), "{}", refused.stderr);
    }
    let json = run_with_input(folder.path(), &[NEW.as_slice(), &["--json"]].concat(), b"[]");
    assert_eq!(json.code, Some(1));
    assert_eq!(parsed(&json)["code"], "malformed_json");
}

#[test]
fn a_server_that_is_not_there_ends_with_3() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    let unreachable = run_with_input(folder.path(), &NEW, customer_named("x").as_bytes());
    assert_eq!(unreachable.code, Some(3));
    assert!(unreachable.stderr.starts_with("error: no answer from the server"), "{}", unreachable.stderr);
}

#[test]
fn the_offline_check_gives_the_answer_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let too_large = format!("{{\"metadata\":\"{}\"}}", "x".repeat(70_000));
    let bodies: [&[u8]; 12] = [
        b"",
        b"[]",
        b"{",
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":\"\xff\"}",
        b"{}",
        b"{\"first_name\":1,\"state\":\"XX\",\"country\":\"India\",\"nickname\":\"x\",\"bad name\":1}",
        b"{\"country\":\"Inda\",\"zip\":\"1\",\"email\":\"a\",\"date_of_birth\":\"2020-02-30\"}",
        b"{\"country\":\"Germany\",\"id_number_type\":\"non_us_other\",\"signed_timestamp\":1603378501}",
        b"{\"address_one\":\"P.O. Box 12\",\"metadata\":[],\"prefunded\":\"no\"}",
        b"{\"metadata\":{\"a\":{\"b\":1e400}},\"request_id\":\"\"}",
        too_large.as_bytes(),
    ];
    for body in bodies {
        let server = run_with_input(folder.path(), &[NEW.as_slice(), &["--json"]].concat(), body);
        let offline = run_with_input(folder.path(), &["customer", "check", "-", "--json"], body);
        assert_eq!((server.code, offline.code), (Some(1), Some(1)), "{:?}", String::from_utf8_lossy(body));
        let without_trace_id = |finished: &Finished| {
            let mut problem = parsed(finished);
            problem.as_object_mut().unwrap().remove("trace_id").unwrap();
            problem
        };
        assert_eq!(without_trace_id(&offline), without_trace_id(&server));
    }
}

#[test]
fn a_valid_customer_ends_with_0_and_needs_no_database() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.json"), SAMPLE).unwrap();
    let valid = run(folder.path(), &["customer", "check", "c.json"]);
    assert_eq!(
        (valid.code, valid.stdout.as_str(), valid.stderr.as_str()),
        (Some(0), "The customer is valid.\n", "")
    );
    assert_eq!(parsed(&run(folder.path(), &["customer", "check", "c.json", "--json"]))["valid"], true);
    assert_eq!(run(folder.path(), &["customer", "check", "missing.json"]).code, Some(2));
}

#[test]
fn the_policy_of_a_platform_applies_when_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let code = support::credentials(&folder.path().join("data/credentials.json")).platform_code;
    std::fs::write(folder.path().join("c.json"), SAMPLE).unwrap();
    let check = ["customer", "check", "c.json", "--data", "data", "--platform", &code];
    assert_eq!(run(folder.path(), &check).code, Some(0));
    run(folder.path(), &["platform", "set", &code, "risk_rating=required", "--data", "data"]);
    let refused = run(folder.path(), &check);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.starts_with("body/risk_rating "), "{}", refused.stdout);
    let unsaid = run(folder.path(), &["customer", "check", "c.json", "--data", "data"]);
    assert_eq!(unsaid.code, Some(2));
}

#[test]
fn no_output_of_a_check_repeats_a_submitted_value() {
    let folder = tempfile::tempdir().unwrap();
    let body = SAMPLE
        .replace("John", "M4rk\\u0000er")
        .replace("email-example@mail.com", "M4rker")
        .replace("12345", "M4rker");
    let checked = run_with_input(folder.path(), &["customer", "check", "-", "--json"], body.as_bytes());
    assert_eq!(checked.code, Some(1));
    assert!(!format!("{}{}", checked.stdout, checked.stderr).contains("M4rk"), "{}", checked.stdout);
}
