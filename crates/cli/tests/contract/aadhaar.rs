//! What is kept of an Aadhaar number: contract 4.5, `policy.aadhaar = mask | seal | refuse`.

use crate::support::answer::Answer;
use crate::support::body::{Body, fresh_name};
use crate::support::clock::within_a_second;
use crate::support::registrar::Registrar;
use std::path::Path;

const NUMBER: &str = "234123412346";

fn body(name: &str, number: &str) -> Body {
    Body::in_india(name).set("id_number_type", "Aadhaar Card").set("id_number", number)
}

/// What the operator is shown, unmasked as far as it is stored.
fn revealed(registrar: &Registrar, answer: &Answer) -> String {
    let code = answer.participant_code();
    let platform = &registrar.own().platform_code;
    let arguments = ["customer", "show", &code, "--platform", platform, "--reason", "test", "--reveal"];
    registrar.command_json(&arguments)["customer"].to_string()
}

fn any_file_contains(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let contains = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        if path.is_dir() { any_file_contains(&path, text) } else { contains(std::fs::read(path).unwrap()) }
    })
}

// 4.5 mask, the default: echoed
#[test]
fn by_default_only_the_last_four_digits_are_echoed_and_kept() {
    let mut registrar = Registrar::start();
    for (name, number) in [("plain", NUMBER), ("blanks", "2341 2341 2346"), ("hyphens", "2341-2341-2346")] {
        let answer = registrar.submit(&body(name, number));
        assert_eq!(answer.echo("id_number"), "\"XXXXXXXX2346\"", "{name}");
        let shown = revealed(&registrar, &answer);
        assert!(shown.contains("XXXXXXXX2346") && !shown.contains(number), "{shown}");
    }
    registrar.stop();
    assert!(!any_file_contains(&registrar.data(), NUMBER));
}

// 4.5: of any text that is sent as an Aadhaar number
#[test]
fn what_is_no_proper_number_is_masked_too() {
    let registrar = Registrar::start();
    for (index, number) in
        ["23412341234", "2341234123466", "12345", "1234", "ab cd ef 1234"].iter().enumerate()
    {
        let answer = registrar.submit(&body(&format!("n{index}"), number));
        let echoed: String = answer.echo("id_number").trim_matches('"').to_owned();
        let hidden = echoed.trim_start_matches('X');
        assert!(
            hidden.len() <= 4 && number.ends_with(hidden) && echoed.starts_with('X'),
            "{number}: {echoed}"
        );
    }
}

// 4.5, 3.4: the payload digest covers the full number
#[test]
fn two_numbers_with_the_same_last_digits_are_two_payloads() {
    let registrar = Registrar::start();
    let first = body("asha", NUMBER).request_id(1);
    assert_eq!(registrar.submit(&first).echo("id_number"), "\"XXXXXXXX2346\"");
    let other = registrar.submit(&body("asha", "999912342346").request_id(1));
    assert_eq!(other.code(), "request_id_reused");
    assert_eq!(other.json()["differs"], serde_json::json!(["id_number"]));
    assert_eq!(registrar.submit(&first).header("idempotent-replayed"), Some("true"));
    assert_eq!(registrar.submit(&body("asha", NUMBER)).code(), "payload_already_submitted");
    assert_eq!(registrar.submit(&body("asha", "999912342346")).code(), "participant_already_exists");
}

// 4.5 seal
#[test]
fn the_policy_seal_keeps_and_echoes_the_whole_number() {
    let mut registrar = Registrar::start();
    registrar.set(&["policy.aadhaar=seal"]);
    let submit = || registrar.submit(&body(&fresh_name(), "2341 2341 2346"));
    let answer = within_a_second(submit, |answer| !answer.echo("id_number").contains('X'));
    assert_eq!(answer.echo("id_number"), "\"2341 2341 2346\"");
    assert!(revealed(&registrar, &answer).contains("2341 2341 2346"));
    registrar.stop();
    assert!(!any_file_contains(&registrar.data(), "2341 2341 2346"), "sealed");
}

// 4.5 refuse
#[test]
fn the_policy_refuse_takes_no_aadhaar_number_under_any_of_its_names() {
    let registrar = Registrar::start();
    registrar.set(&["policy.aadhaar=refuse"]);
    let refused = ["/id_number_type not_supported"];
    registrar.submit_until_violations(|name| body(name, NUMBER), &refused);
    for name in ["aadhaar", "aadhar", "AADHAR_CARD", "aadhaar-card"] {
        let answer = registrar.submit(&body("usha", NUMBER).set("id_number_type", name));
        assert_eq!(answer.violations(), refused, "{name}");
    }
    assert_eq!(registrar.submit(&Body::in_india("passport")).code(), "ok");
}

// 4.5: the mask is for Aadhaar numbers alone
#[test]
fn numbers_of_other_documents_are_echoed_whole() {
    let registrar = Registrar::start();
    let other = body("asha", NUMBER).set("id_number_type", "driving_licence");
    assert_eq!(registrar.submit(&other).echo("id_number"), format!("\"{NUMBER}\""));
}
