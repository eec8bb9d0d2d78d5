//! The shape of every public body, kept as snapshots: an unintended change of what clients read shows here (contract 2).

use crate::support::answer::Answer;
use crate::support::body::{Body, DOCUMENTED_SAMPLE};
use crate::support::clock::{now_seconds, within_a_second};
use crate::support::registrar::Registrar;
use crate::support::request::{CREATE, Request};
use serde_json::Value;

/// Status, headers and body; what differs from run to run is replaced by its name.
fn shown(registrar: &Registrar, answer: &Answer) -> String {
    let mut lines = vec![format!("{}", answer.status)];
    let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").collect();
    headers.sort();
    lines.extend(headers.iter().map(|(name, value)| {
        let value = if name == "content-length" { "[length]" } else { value };
        format!("{name}: {value}")
    }));
    lines.push(String::new());
    lines.push(answer.text().to_owned());
    let mut text = lines.join("\n").replace(answer.trace_id(), "[trace_id]");
    text = text.replace(&registrar.own().platform_code, "[platform_code]");
    let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else { return text };
    let secrets = [
        (
            "participant_code",
            json["participant_code"].as_str().or(json["message"]["participant_code"].as_str()),
        ),
        ("timestamp", json["signed"]["timestamp"].as_str()),
    ];
    for (name, value) in secrets {
        if let Some(value) = value {
            text = text.replace(value, &format!("[{name}]"));
        }
    }
    for name in ["server_time", "difference_seconds", "epoch"] {
        if let Some(value) = json[name].as_i64() {
            text = text.replace(&format!("\"{name}\":{value}"), &format!("\"{name}\":[{name}]"));
        }
    }
    text
}

macro_rules! same_shape {
    ($registrar:expr, $name:literal, $answer:expr) => {{
        let answer: Answer = $answer;
        insta::assert_snapshot!($name, shown($registrar, &answer));
    }};
}

// 3.1, 3.4, 2.1
#[test]
fn the_shapes_of_successes_and_of_what_the_table_of_idempotency_refuses() {
    let registrar = Registrar::start();
    let sample = Request::post(DOCUMENTED_SAMPLE).header("X-Request-Id", "my-id.1");
    same_shape!(&registrar, "created", registrar.send_signed(sample.clone()));
    same_shape!(&registrar, "replayed", registrar.send_signed(sample));
    same_shape!(&registrar, "time", registrar.get("/time"));
    let other = DOCUMENTED_SAMPLE.replace("John", "Jane").replace("12345\"", "54321\"");
    same_shape!(&registrar, "request_id_reused", registrar.submit_bytes(other.as_str()));
    let without_id = DOCUMENTED_SAMPLE.replace("7fbab305", "8fbab305");
    same_shape!(&registrar, "payload_already_submitted", registrar.submit_bytes(without_id));
    let same_email = other.replace("7fbab305", "8fbab305");
    same_shape!(&registrar, "participant_already_exists", registrar.submit_bytes(same_email));
}

// 1.8
#[test]
fn the_shapes_of_what_authentication_refuses() {
    let registrar = Registrar::start();
    let signer = registrar.own().clone();
    let submission = || Request::submission(&Body::of("asha"));
    let send = |request: &Request| registrar.send(request);
    same_shape!(&registrar, "missing_header", send(&signer.signed(submission()).without("X-NDAX-SIGNED")));
    same_shape!(
        &registrar,
        "duplicate_header",
        send(&signer.signed(submission()).header("X-NDAX-SIGNED", "x"))
    );
    same_shape!(&registrar, "malformed_header", send(&signer.signed(submission()).with("X-NDAX-SIGNED", "")));
    let mixed = signer.signed(submission()).renamed("X-NDAX-SIGNED", "X-SCX-SIGNED");
    same_shape!(&registrar, "malformed_header_mixed", send(&mixed));
    same_shape!(&registrar, "timestamp_malformed", send(&signer.signed_at(submission(), "x")));
    same_shape!(&registrar, "timestamp_milliseconds", send(&signer.signed_at(submission(), "1700000000000")));
    // A fixed number of seconds, so that the sentence is the same in every run.
    let behind = |seconds: i64| signer.signed_at(submission(), &(now_seconds() - seconds).to_string());
    let exactly_a_day = |answer: &Answer| answer.json()["difference_seconds"] == -86_400;
    let outside = within_a_second(|| send(&behind(86_400)), exactly_a_day);
    same_shape!(&registrar, "timestamp_outside_window", outside);
    same_shape!(&registrar, "unknown_api_key", send(&signer.with_api_key("x").signed(submission())));
    same_shape!(&registrar, "invalid_signature", send(&signer.with_wrong_secret().signed(submission())));
    let timestamp = now_seconds().to_string();
    let text = format!("{timestamp}POST{CREATE}{{}}");
    let braces = signer.presenting(submission(), &timestamp, &signer.signature_over(text.as_bytes()));
    same_shape!(&registrar, "invalid_signature_with_hint", send(&braces));
    same_shape!(&registrar, "invalid_passphrase", send(&signer.with_passphrase("x").signed(submission())));
    let expired = registrar.expired_key(&signer.platform_code, &[]);
    same_shape!(&registrar, "api_key_expired", send(&expired.signed(submission())));
    let reading = registrar.key(&signer.platform_code, &["--permission", "customers:read"]);
    same_shape!(&registrar, "permission_missing", send(&reading.signed(submission())));
    registrar.set(&["suspended=true", "customers_enabled=false"]);
    let suspended = registrar.submit_until(Body::of, "platform_suspended");
    same_shape!(&registrar, "platform_suspended", suspended);
    registrar.set(&["suspended=false"]);
    let not_enabled = registrar.submit_until(Body::of, "endpoint_not_enabled");
    same_shape!(&registrar, "endpoint_not_enabled", not_enabled);
    registrar.command_json(&["key", "revoke", &signer.api_key, "--platform", &signer.platform_code]);
    same_shape!(&registrar, "api_key_revoked", registrar.submit_until(Body::of, "api_key_revoked"));
}

// 2.2, 2.5
#[test]
fn the_shapes_of_what_cannot_be_read_or_is_not_valid() {
    let registrar = Registrar::start();
    let submission = || Request::submission(&Body::of("asha"));
    same_shape!(&registrar, "not_found", registrar.get("/nothing"));
    same_shape!(&registrar, "method_not_allowed", registrar.get(CREATE));
    same_shape!(&registrar, "body_too_large", registrar.send(&Request::post(" ".repeat(65_537))));
    let long = registrar.send(&Request::get("/time").header("X-Long", "x".repeat(20_000)));
    same_shape!(&registrar, "headers_too_large", long);
    let query = registrar.send_signed(submission().target(&format!("{CREATE}?x")));
    same_shape!(&registrar, "unknown_query", query);
    let media_type = registrar.send_signed(submission().with("Content-Type", "text/plain"));
    same_shape!(&registrar, "unsupported_media_type", media_type);
    same_shape!(&registrar, "malformed_json", registrar.submit_bytes("{\n  \"a\": 1,\n  \"a\": 2\n}"));
    let one = registrar.submit(&Body::of("asha").set("zip", "1234"));
    same_shape!(&registrar, "invalid_request_with_one_violation", one);
    let many = Body::in_india("asha")
        .set("request_id", "")
        .set("first_name", "1")
        .set("last_name", 1)
        .set("email", "asha")
        .set("address_one", "P.O. Box 12")
        .set("state", "Maharastra")
        .set("zip", "1")
        .set("date_of_birth", "2999-01-01")
        .set("id_number_type", "pasport")
        .set("risk_rating", "none")
        .set("signed_timestamp", 1_603_378_501)
        .set("prefunded", "no")
        .raw("metadata", "[]")
        .set("dob", "x")
        .set("a b", "x")
        .without("city");
    same_shape!(&registrar, "invalid_request_with_many_violations", registrar.submit(&many));
    let country = registrar.submit(&Body::of("asha").set("country", "Untied States"));
    same_shape!(&registrar, "invalid_request_with_an_unknown_country", country);
    let country = registrar.submit(&Body::of("asha").set("country", "RU"));
    same_shape!(&registrar, "invalid_request_with_an_unsupported_country", country);
}
