//! Which fault wins where a request has several: contract 2.6.

use crate::support::body::Body;
use crate::support::registrar::Registrar;
use crate::support::request::{CREATE, Request};

// 2.6: 404, 405, 413, section 1, unknown_query, 415, malformed_json, invalid_request, 3.4
#[test]
fn of_several_faults_the_first_in_the_documented_order_is_told() {
    let registrar = Registrar::start();
    assert_eq!(registrar.submit(&Body::of("asha")).code(), "ok");
    let signer = registrar.own();
    let too_large = "{".repeat(65_537);
    let with_all_faults = |method, target: &str, body: &str| {
        Request { body: body.into(), ..Request::new(method, target) }
            .header("Content-Type", "text/plain")
            .header("Content-Encoding", "gzip")
    };
    let query = format!("{CREATE}?x=1");
    let told = |request: &Request| registrar.send(request).code();
    assert_eq!(told(&with_all_faults("PUT", "/nothing?x=1", &too_large)), "not_found");
    assert_eq!(told(&with_all_faults("PUT", &query, &too_large)), "method_not_allowed");
    assert_eq!(told(&with_all_faults("POST", &query, &too_large)), "body_too_large");
    assert_eq!(told(&with_all_faults("POST", &query, "{")), "missing_header");
    let with_key = |request| signer.signed(request);
    assert_eq!(
        told(&signer.with_passphrase("x").signed(with_all_faults("POST", &query, "{"))),
        "invalid_passphrase"
    );
    assert_eq!(told(&with_key(with_all_faults("POST", &query, "{"))), "unknown_query");
    assert_eq!(told(&with_key(with_all_faults("POST", CREATE, "{"))), "unsupported_media_type");
    assert_eq!(told(&with_key(Request::post("{"))), "malformed_json");
    let invalid = Body::of("asha").set("zip", "x").set("first_name", "Other");
    assert_eq!(registrar.submit(&invalid).code(), "invalid_request");
    assert_eq!(
        registrar.submit(&Body::of("asha").set("first_name", "Other")).code(),
        "participant_already_exists"
    );
}

// 2.6: a replay is found only behind section 1, the query, the media type and the JSON
#[test]
fn a_replay_comes_after_everything_that_makes_a_request_readable() {
    let registrar = Registrar::start();
    let body = Body::of("asha").request_id(1);
    let request = Request::submission(&body);
    assert_eq!(registrar.submit(&body).code(), "ok");
    let wrong = registrar.own().with_wrong_secret();
    assert_eq!(registrar.send_signed_by(&wrong, request.clone()).code(), "invalid_signature");
    let with_query = request.clone().target(&format!("{CREATE}?"));
    assert_eq!(registrar.send_signed(with_query).code(), "unknown_query");
    let as_text = request.clone().with("Content-Type", "text/plain");
    assert_eq!(registrar.send_signed(as_text).code(), "unsupported_media_type");
    assert_eq!(registrar.submit_bytes(format!("{} x", body.text())).code(), "malformed_json");
    assert_eq!(registrar.send_signed(request).header("idempotent-replayed"), Some("true"));
}

// 2.6: 413 before section 1
#[test]
fn a_too_large_body_is_told_before_a_missing_signature() {
    let registrar = Registrar::start();
    assert_eq!(registrar.send(&Request::post("x".repeat(65_537))).code(), "body_too_large");
    assert_eq!(registrar.send(&Request::post("x".repeat(65_536))).code(), "missing_header");
}

// 2.5, 2.6: unknown_query
#[test]
fn any_query_is_unknown_to_an_operation_that_has_none() {
    let registrar = Registrar::start();
    for query in ["?", "?x", "?x=1&y=2", "?request_id=1", "??"] {
        let request = Request::submission(&Body::of("asha")).target(&format!("{CREATE}{query}"));
        let answer = registrar.send_signed(request);
        assert_eq!((answer.status, &*answer.code()), (400, "unknown_query"), "{query}");
        let answer = registrar.get(&format!("/time{query}"));
        assert_eq!((answer.status, &*answer.code()), (400, "unknown_query"), "{query}");
    }
}
