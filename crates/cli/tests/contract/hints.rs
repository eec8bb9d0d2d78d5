//! Help for a wrong signature: contract 1.9. Each mistake is made as an integrator's program makes it.

use crate::support::answer::Answer;
use crate::support::body::Body;
use crate::support::clock::now_seconds;
use crate::support::registrar::{Options, Registrar};
use crate::support::request::{CREATE, Request};
use crate::support::signer::Signer;
use std::time::Instant;

/// Sends a body while another text was signed.
fn signed_otherwise(registrar: &Registrar, sent: &str, text: impl FnOnce(&str) -> String) -> Answer {
    let timestamp = now_seconds().to_string();
    let signature = registrar.own().signature_over(text(&timestamp).as_bytes());
    registrar.send(&registrar.own().presenting(Request::post(sent), &timestamp, &signature))
}

/// The answer names the mistake, says what to change, and the request is right once that is done.
fn is_told(answer: &Answer, hint: &str) {
    assert_eq!(answer.code(), "invalid_signature", "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["hint"], hint, "{problem}");
    let sentence = problem["hint_detail"].as_str().unwrap();
    assert!(sentence.len() > 20 && sentence.ends_with('.'), "{sentence}");
    // Clients log `errors`: what helps most must be there.
    let logged = problem["errors"][0].as_str().unwrap();
    assert!(logged.starts_with("Invalid Client Signature. ") && logged.ends_with(sentence), "{logged}");
    assert_eq!(problem["detail"], problem["errors"][0]);
}

fn hint_of(answer: &Answer) -> Option<String> {
    assert_eq!(answer.code(), "invalid_signature", "{}", answer.text());
    answer.json().get("hint").map(|hint| hint.as_str().unwrap().to_owned())
}

// 1.9 secret_not_decoded
#[test]
fn a_secret_used_as_text_is_told() {
    let registrar = Registrar::start();
    let body = Body::of("asha").text();
    let timestamp = now_seconds().to_string();
    let text = format!("{timestamp}POST{CREATE}{body}");
    let signature = registrar.own().signature_without_decoding(text.as_bytes());
    let answer = registrar.send(&registrar.own().presenting(Request::post(body), &timestamp, &signature));
    is_told(&answer, "secret_not_decoded");
}

// 1.9 hex_digest
#[test]
fn a_digest_in_hexadecimal_is_told() {
    let registrar = Registrar::start();
    let request = Request::submission(&Body::of("asha"));
    let timestamp = now_seconds().to_string();
    let digest = base64_decoded(&registrar.own().signature(&timestamp, &request));
    let hex: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    for signature in [&hex, &hex.to_uppercase()] {
        let answer = registrar.send(&registrar.own().presenting(request.clone(), &timestamp, signature));
        is_told(&answer, "hex_digest");
    }
}

fn base64_decoded(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

// 1.9 body_with_spaces
#[test]
fn a_body_signed_with_other_blanks_than_it_was_sent_with_is_told() {
    let registrar = Registrar::start();
    let (compact, spaced) = (Body::of("asha").text(), Body::of("asha").spaced());
    let answer = signed_otherwise(&registrar, &compact, |at| format!("{at}POST{CREATE}{spaced}"));
    is_told(&answer, "body_with_spaces");
    let answer = signed_otherwise(&registrar, &spaced, |at| format!("{at}POST{CREATE}{compact}"));
    is_told(&answer, "body_with_spaces");
}

// 1.9 body_sorted_keys
#[test]
fn a_body_signed_with_sorted_keys_is_told() {
    let registrar = Registrar::start();
    let (sent, sorted) = (Body::of("asha").text(), Body::of("asha").sorted());
    let answer = signed_otherwise(&registrar, &sent, |at| format!("{at}POST{CREATE}{sorted}"));
    is_told(&answer, "body_sorted_keys");
}

// 1.9 query_missing
#[test]
fn a_query_that_was_not_signed_is_told() {
    let registrar = Registrar::start();
    let request =
        registrar.own().signed(Request::submission(&Body::of("asha"))).target(&format!("{CREATE}?page=2"));
    is_told(&registrar.send(&request), "query_missing");
}

// 1.9 query_added
#[test]
fn a_query_that_was_signed_and_not_sent_is_told() {
    let registrar = Registrar::start();
    let body = Body::of("asha").text();
    let answer = signed_otherwise(&registrar, &body, |at| format!("{at}POST{CREATE}?{body}"));
    is_told(&answer, "query_added");
}

// 1.9 milliseconds
#[test]
fn a_timestamp_signed_in_milliseconds_is_told() {
    let registrar = Registrar::start();
    let body = Body::of("asha").text();
    for fraction in ["000", "123"] {
        let answer = signed_otherwise(&registrar, &body, |at| format!("{at}{fraction}POST{CREATE}{body}"));
        is_told(&answer, "milliseconds");
    }
}

// 1.9 method_case
#[test]
fn a_method_signed_in_small_letters_is_told() {
    let registrar = Registrar::start();
    let body = Body::of("asha").text();
    for method in ["post", "Post"] {
        let answer = signed_otherwise(&registrar, &body, |at| format!("{at}{method}{CREATE}{body}"));
        is_told(&answer, "method_case");
    }
}

// 1.9 braces_signed_with_body
#[test]
fn braces_signed_although_a_body_was_sent_are_told() {
    let registrar = Registrar::start();
    let answer = signed_otherwise(&registrar, &Body::of("asha").text(), |at| format!("{at}POST{CREATE}{{}}"));
    is_told(&answer, "braces_signed_with_body");
}

// 1.9 nothing_signed_without_body
#[test]
fn nothing_signed_in_place_of_an_empty_body_is_told() {
    let registrar = Registrar::start();
    let answer = signed_otherwise(&registrar, "", |at| format!("{at}POST{CREATE}"));
    is_told(&answer, "nothing_signed_without_body");
}

// 1.9 v3_prefix
#[test]
fn a_path_signed_with_a_version_in_front_is_told() {
    let registrar = Registrar::start();
    let body = Body::of("asha").text();
    let answer = signed_otherwise(&registrar, &body, |at| format!("{at}POST/v3{CREATE}{body}"));
    is_told(&answer, "v3_prefix");
}

// 1.9 trailing_newline
#[test]
fn a_line_end_on_one_side_alone_is_told() {
    let registrar = Registrar::start();
    let body = Body::of("asha").text();
    let ended = format!("{body}\n");
    let answer = signed_otherwise(&registrar, &ended, |at| format!("{at}POST{CREATE}{body}"));
    is_told(&answer, "trailing_newline");
    let answer = signed_otherwise(&registrar, &body, |at| format!("{at}POST{CREATE}{ended}"));
    is_told(&answer, "trailing_newline");
}

// 1.9: only where a common mistake explains the signature
#[test]
fn a_signature_that_no_mistake_explains_gets_no_hint() {
    let registrar = Registrar::start();
    let timestamp = now_seconds().to_string();
    for signature in ["x", "AAAA", &"A".repeat(64), &registrar.own().signature_over(b"something else")] {
        let request = Request::submission(&Body::of("asha"));
        let answer = registrar.send(&registrar.own().presenting(request, &timestamp, signature));
        assert_eq!(hint_of(&answer), None);
    }
}

// 1.9 `signed`
#[test]
fn a_wrong_signature_shows_what_the_server_received() {
    let registrar = Registrar::start();
    let timestamp = now_seconds().to_string();
    let wrong = |body: &str, target: &str| {
        let request = Request::post(body).target(target);
        registrar.send(&registrar.own().presenting(request, &timestamp, "d3Jvbmc=")).json()["signed"].clone()
    };
    let with_body = wrong(r#"{"first_name":"Asha","last_name":"Mehta"}"#, &format!("{CREATE}?a=%20b&c"));
    assert_eq!(
        with_body,
        serde_json::json!({
            "timestamp": timestamp,
            "method": "POST",
            "target": format!("{CREATE}?a=%20b&c"),
            "body_length": 41,
            "body_sha256": "5cd0cba352f83990345894e949f62fa6d202b828b134b5ba9db76742e03cc530",
        })
    );
    let without_body = wrong("", CREATE);
    assert_eq!(without_body["target"], CREATE);
    assert_eq!(without_body["body_length"], 0);
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(without_body["body_sha256"], of_nothing);
}

// 1.9: `signed` goes with invalid_signature, and also with a passphrase that is hidden behind it
#[test]
fn no_other_error_shows_what_was_signed() {
    let registrar = Registrar::start();
    let signer = registrar.own();
    let submission = || Request::submission(&Body::of("asha"));
    for request in
        [signer.with_api_key("x").signed(submission()), signer.with_passphrase("x").signed(submission())]
    {
        assert_eq!(registrar.send(&request).json().get("signed"), None);
    }
}

// 1.9: bodies up to 4 KiB
#[test]
fn a_hint_is_sought_for_a_body_of_4096_bytes_and_not_for_4097() {
    let registrar = Registrar::start();
    let text = |length: usize| {
        let body = Body::of("asha").text();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    for (length, hint) in [(4096, Some("v3_prefix".to_owned())), (4097, None)] {
        let body = text(length);
        let answer = signed_otherwise(&registrar, &body, |at| format!("{at}POST/v3{CREATE}{body}"));
        assert_eq!(hint_of(&answer), hint, "{length}");
        assert_eq!(answer.json()["signed"]["body_length"], length);
    }
}

/// How many of a burst of wrong signatures, all of them explained by one mistake, got a hint; and how long the burst took.
fn hints_in_a_burst(registrar: &Registrar, signer: &Signer, count: usize) -> (usize, f64) {
    let mut connection = registrar.connect();
    let body = Body::of("asha").text();
    let timestamp = now_seconds().to_string();
    let signature = signer.signature_over(format!("{timestamp}POST/v3{CREATE}{body}").as_bytes());
    let request = signer.presenting(Request::post(body), &timestamp, &signature);
    let started = Instant::now();
    let hints = (0..count).filter(|_| hint_of(&connection.exchange(&request)).is_some()).count();
    (hints, started.elapsed().as_secs_f64())
}

// 1.9: `auth.hint_budget`, 20 a second in production
#[test]
fn a_production_platform_gets_about_twenty_hints_a_second() {
    let mut registrar = Registrar::start();
    // Made while no server runs, so that nothing of the budget was spent on waiting for the new key.
    registrar.stop();
    let production = registrar.unwaited_platform("Production", &["--enable-customers"]);
    registrar.start_again();
    let (hints, seconds) = hints_in_a_burst(&registrar, &production, 60);
    let refilled = (seconds * 20.0).ceil();
    let most = 20.0 + refilled;
    assert!(hints >= 20, "{hints} hints");
    #[expect(clippy::cast_precision_loss, reason = "a count of at most sixty")]
    let hints = hints as f64;
    assert!(hints <= most, "{hints} hints in {seconds} s");
    assert!(most < 60.0, "the burst took {seconds} s: too slow to show a limit");
}

// 1.9: `auth.hint_budget`
#[test]
fn a_budget_of_nothing_gives_production_platforms_no_hints_and_sandboxes_all() {
    let mut registrar = Registrar::start_with(Options::variable("REGISTRAR_AUTH_HINT_BUDGET", "0"));
    registrar.stop();
    let production = registrar.unwaited_platform("Production", &["--enable-customers"]);
    registrar.start_again();
    assert_eq!(hints_in_a_burst(&registrar, &production, 5).0, 0);
    assert_eq!(hints_in_a_burst(&registrar, registrar.own(), 5).0, 5);
}

// 1.9: unlimited on a sandbox
#[test]
fn a_sandbox_platform_gets_every_hint() {
    let registrar = Registrar::start();
    let (hints, _) = hints_in_a_burst(&registrar, registrar.own(), 60);
    assert_eq!(hints, 60);
}

// 1.9: no answer carries a body, a correct signature, a secret or a passphrase
#[test]
fn no_answer_to_a_wrong_signature_holds_what_authenticates_or_the_body() {
    let registrar = Registrar::start();
    let signer = registrar.own();
    let request = Request::submission(&Body::of("marker-in-the-email"));
    let timestamp = now_seconds().to_string();
    let right = signer.signature(&timestamp, &request);
    let wrong =
        signer.signature_over(format!("{timestamp}post{CREATE}{}", Body::of("marker").text()).as_bytes());
    let almost = format!("{}{}", if right.starts_with('A') { 'B' } else { 'A' }, &right[1..]);
    for signature in [&*wrong, &almost, "marker-in-the-signature"] {
        let answer = registrar.send(&signer.presenting(request.clone(), &timestamp, signature));
        let shown = format!("{:?} {}", answer.headers, answer.text());
        for hidden in
            [&*right, signature, &*signer.secret, &*signer.passphrase, &*signer.api_key, "marker-in"]
        {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
