//! Who is let in: contract 1.2, 1.3, 1.8 (failures that need the key), 1.10.

use crate::support::answer::Answer;
use crate::support::body::Body;
use crate::support::clock::{now_seconds, within_a_second};
use crate::support::registrar::Registrar;
use crate::support::request::{CREATE, Request};
use crate::support::signer::Signer;
use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../crypto/tests/signing-vectors.json");

fn code_for(registrar: &Registrar, signer: &Signer, name: &str) -> String {
    registrar.submit_by(signer, &Body::of(name)).code()
}

// 1.2
#[test]
fn the_tests_sign_as_the_published_vectors_do() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let secret = RequestSecret::from_base64(vectors["secret"].as_str().unwrap()).unwrap();
    let all = vectors["vectors"].as_array().unwrap();
    assert_eq!(all.len(), 8);
    for vector in all {
        let text = |key: &str| vector[key].as_str().unwrap();
        let (timestamp, method) = (text("timestamp"), text("method"));
        let parts = SignedParts { timestamp, method, target: text("target"), body: text("body").as_bytes() };
        assert_eq!(sign(&secret, &parts), text("signature"), "{}", text("name"));
    }
}

// 1.2: the body is verified as received
#[test]
fn the_body_is_signed_byte_for_byte() {
    let registrar = Registrar::start();
    let pretty = format!("\t{}\r\n\n", Body::of("pretty").spaced().replace(", ", ",\n  "));
    let escaped = Body::of("escaped").raw("first_name", r#""\u0906\u0936\u093e""#).text();
    let not_ascii = Body::of("raw").raw("first_name", "\"आशा\"").text();
    for text in [&pretty, &escaped, &not_ascii] {
        assert_eq!(registrar.submit_bytes(text.as_str()).code(), "ok", "{text}");
    }
    // The same JSON value in other bytes is another text to sign.
    let request = Request::post(escaped.as_str());
    let timestamp = now_seconds().to_string();
    let signature = registrar.own().signature(&timestamp, &request);
    let other =
        registrar.own().presenting(Request::post(escaped.replace(r"\u0906", "आ")), &timestamp, &signature);
    assert_eq!(registrar.send(&other).code(), "invalid_signature");
    let same = registrar.own().presenting(request, &timestamp, &signature);
    assert_ne!(registrar.send(&same).code(), "invalid_signature");
}

// 1.2
#[test]
fn a_signature_fits_one_timestamp_method_target_and_body_alone() {
    let registrar = Registrar::start();
    let signer = registrar.own();
    let good = signer.signed(Request::submission(&Body::of("asha")));
    let another_second = (now_seconds() - 2).to_string();
    let changes = [
        good.clone().with("X-NDAX-TIMESTAMP", &another_second),
        good.clone().target("/participants/customers/new?a=1"),
        Request { body: Body::of("usha").text().into_bytes(), ..good.clone() },
        Request { body: Vec::new(), ..good.clone() },
    ];
    for changed in &changes {
        assert_eq!(registrar.send(changed).code(), "invalid_signature");
    }
    assert_eq!(registrar.send(&good).code(), "ok");
}

// 1.2: path and query
#[test]
fn the_query_is_part_of_what_is_signed() {
    let registrar = Registrar::start();
    let target = "/participants/customers/new?page=2&x=%20";
    let submission = || Request::submission(&Body::of("asha"));
    let with_query = registrar.send_signed(submission().target(target));
    assert_eq!(with_query.code(), "unknown_query");
    let without_query = registrar.own().signed(submission()).target(target);
    assert_eq!(registrar.send(&without_query).code(), "invalid_signature");
}

// 1.2
#[test]
fn an_empty_body_is_signed_as_two_braces() {
    let registrar = Registrar::start();
    let timestamp = now_seconds().to_string();
    let signature = registrar.own().signature_over(format!("{timestamp}POST{CREATE}{{}}").as_bytes());
    let request = registrar.own().presenting(Request::post(""), &timestamp, &signature);
    assert_eq!(registrar.send(&request).code(), "malformed_json", "authenticated, but no object");
    let request = registrar.own().presenting(Request::post("{}"), &timestamp, &signature);
    assert_eq!(registrar.send(&request).code(), "invalid_request", "the same text for a body of two braces");
}

// 1.2: never normalise a path
#[test]
fn a_path_is_never_normalised() {
    let registrar = Registrar::start();
    for target in [
        "/participants/customers/new/",
        "//participants/customers/new",
        "/participants//customers/new",
        "/participants/./customers/new",
        "/x/../participants/customers/new",
        "/participants/customers/%6Eew",
        "/participants%2Fcustomers/new",
        "/Participants/customers/new",
        "/v3/participants/customers/new",
        "/participants/customers/new;v=1",
    ] {
        let answer = registrar.send_signed(Request::submission(&Body::of("asha")).target(target));
        assert_eq!(answer.code(), "not_found", "{target}");
    }
}

// 1.3
#[test]
fn a_get_may_carry_a_json_body_which_is_ignored() {
    let registrar = Registrar::start();
    let mut connection = registrar.connect();
    for body in ["{}", "{\"page\":1}", "not json"] {
        let request = Request { body: body.into(), ..Request::get("/time") };
        let answer = connection.exchange(&request.header("Content-Type", "application/json"));
        assert_eq!(answer.status, 200, "{body}");
    }
}

/// The three requests that must look alike on a production platform: unknown key, wrong signature, wrong passphrase.
fn three_failures(registrar: &Registrar, signer: &Signer) -> [Answer; 3] {
    let timestamp = now_seconds().to_string();
    let requests = [
        signer.with_api_key("abcdefghijkmnpqrstuvwxyz"),
        signer.with_wrong_secret(),
        signer.with_passphrase("abcdefghijkmnpqrstuvwxyz23"),
    ];
    requests.map(|signer| {
        let request = signer.signed_at(Request::submission(&Body::of("asha")), &timestamp);
        registrar.send(&request)
    })
}

// 1.8: a sandbox platform is told what is wrong
#[test]
fn a_sandbox_is_told_unknown_key_wrong_signature_and_wrong_passphrase_apart() {
    let registrar = Registrar::start();
    let codes = three_failures(&registrar, registrar.own()).map(|answer| answer.code());
    assert_eq!(codes, ["unknown_api_key", "invalid_signature", "invalid_passphrase"]);
}

// 1.8: in production all three are alike in bytes
#[test]
fn in_production_unknown_key_wrong_signature_and_wrong_passphrase_are_alike_in_every_byte() {
    let registrar = Registrar::start();
    let production = registrar.platform("Production", &["--enable-customers"]);
    assert_eq!(registrar.submit_by(&production, &Body::of("first")).code(), "ok");
    let answers = three_failures(&registrar, &production);
    for answer in &answers {
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (401, &Value::from("invalid_signature")));
        assert_eq!(problem["title"], "Invalid Client Signature");
        let detail = problem["detail"].as_str().unwrap();
        for told in [
            "Invalid Client Signature. ",
            "HMAC-SHA256",
            "base64-decoded secret",
            "unknown API key",
            "wrong passphrase",
        ] {
            assert!(detail.contains(told), "{detail}");
        }
        assert_eq!(problem.get("hint"), None, "{problem}");
        assert_eq!(answer.all_but_trace_id(), answers[0].all_but_trace_id());
    }
}

// 1.8: what the platform's own mistakes look like does not depend on other platforms, an unknown key does
#[test]
fn beside_a_production_platform_a_sandbox_is_still_told_its_passphrase_but_no_unknown_key() {
    let registrar = Registrar::start();
    registrar.platform("Production", &["--enable-customers"]);
    let codes = three_failures(&registrar, registrar.own()).map(|answer| answer.code());
    assert_eq!(codes, ["invalid_signature", "invalid_signature", "invalid_passphrase"]);
}

// 1.8 api_key_expired
#[test]
fn an_expired_key_is_refused() {
    let registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let expired = registrar.expired_key(&own, &[]);
    let answer = registrar.submit_by(&expired, &Body::of("asha"));
    assert_eq!((answer.status, &*answer.code()), (401, "api_key_expired"));
    let lasting = registrar.key(&own, &["--expires", "2999-01-01"]);
    assert_eq!(code_for(&registrar, &lasting, "asha"), "ok");
}

// 1.8 api_key_revoked; 5: obeyed within a second
#[test]
fn a_revoked_key_is_refused_within_a_second_and_after_a_restart() {
    let mut registrar = Registrar::start();
    let signer = registrar.own().clone();
    assert_eq!(code_for(&registrar, &signer, "before"), "ok");
    registrar.command_json(&["key", "revoke", &signer.api_key, "--platform", &signer.platform_code]);
    let answer = registrar.submit_until(Body::of, "api_key_revoked");
    assert_eq!(answer.status, 401);
    registrar.stop();
    registrar.start_again();
    assert_eq!(code_for(&registrar, &signer, "later"), "api_key_revoked");
}

// 1.8 permission_missing
#[test]
fn a_key_without_the_permission_is_refused() {
    let registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let reading = registrar.key(&own, &["--permission", "customers:read"]);
    let answer = registrar.submit_by(&reading, &Body::of("asha"));
    assert_eq!((answer.status, &*answer.code()), (403, "permission_missing"));
    let both = registrar.key(&own, &["--permission", "customers:read", "--permission", "customers:write"]);
    assert_eq!(code_for(&registrar, &both, "asha"), "ok");
}

// 1.8 platform_suspended; 5: obeyed within a second
#[test]
fn a_suspended_platform_is_refused_within_a_second_until_it_is_resumed() {
    let registrar = Registrar::start();
    registrar.set(&["suspended=true"]);
    let answer = registrar.submit_until(Body::of, "platform_suspended");
    assert_eq!(answer.status, 403);
    registrar.set(&["suspended=false"]);
    registrar.submit_until(Body::of, "ok");
}

// 1.8 endpoint_not_enabled, 1.10
#[test]
fn a_new_platform_must_be_enabled_for_the_endpoint() {
    let registrar = Registrar::start();
    let other = registrar.platform("Other", &["--sandbox"]);
    let answer = registrar.submit_by(&other, &Body::of("asha"));
    assert_eq!((answer.status, &*answer.code()), (403, "endpoint_not_enabled"));
    registrar.set_of(&other, &["customers_enabled=true"]);
    let accepted = |answer: &Answer| answer.status == 200;
    let answer = within_a_second(|| registrar.submit_by(&other, &Body::of("asha")), accepted);
    assert_eq!(answer.code(), "ok");
}

// 1.8: each failure wins over all that follow it
#[test]
fn failures_that_need_the_key_are_told_in_order() {
    let registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let terms = ["--permission", "customers:read"];
    let expired = registrar.expired_key(&own, &terms);
    let revoked = registrar.key(&own, &terms);
    let reading = registrar.key(&own, &terms);
    for key in [&expired, &revoked] {
        registrar.command_json(&["key", "revoke", &key.api_key, "--platform", &own]);
    }
    registrar.set(&["suspended=true", "customers_enabled=false"]);
    // The request itself has every later fault too.
    let code = |signer: &Signer| {
        let request =
            Request::post("{").target("/participants/customers/new?x").with("Content-Type", "text/plain");
        registrar.send(&signer.signed(request)).code()
    };
    let settled = within_a_second(|| code(registrar.own()), |code| code == "platform_suspended");
    assert_eq!(settled, "platform_suspended");
    let wrong_passphrase = expired.with_passphrase("x");
    assert_eq!(code(&wrong_passphrase.with_wrong_secret().with_api_key("x")), "unknown_api_key");
    assert_eq!(code(&wrong_passphrase.with_wrong_secret()), "invalid_signature");
    assert_eq!(code(&wrong_passphrase), "invalid_passphrase");
    assert_eq!(code(&expired), "api_key_expired");
    assert_eq!(code(&revoked), "api_key_revoked");
    assert_eq!(code(&reading), "permission_missing");
    assert_eq!(code(registrar.own()), "platform_suspended");
    registrar.set(&["suspended=false"]);
    let next = within_a_second(|| code(registrar.own()), |code| code != "platform_suspended");
    assert_eq!(next, "endpoint_not_enabled");
    registrar.set(&["customers_enabled=true"]);
    let next = within_a_second(|| code(registrar.own()), |code| code != "endpoint_not_enabled");
    assert_eq!(next, "unknown_query");
}
