//! Replays, refusals that consume nothing, and platforms apart: contract 3.5.

use crate::support::answer::Answer;
use crate::support::body::Body;
use crate::support::registrar::Registrar;
use crate::support::request::Request;

fn is_replay(first: &Answer, answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((answer.header("idempotent-replayed"), &answer.body), (Some("true"), &first.body));
}

/// A customer of this name.
type BodyOf = fn(&str) -> Body;

/// Changes of policy, each with customers that it refuses and that were accepted before.
const CHANGES: [(&str, BodyOf); 6] = [
    ("policy.risk_rating=required", Body::of),
    ("policy.minimum_age=120", Body::of),
    ("policy.countries=IN", Body::of),
    ("policy.states=US-NY", Body::of),
    ("policy.id_types=passport", Body::of),
    ("policy.aadhaar=refuse", with_aadhaar),
];

fn with_aadhaar(name: &str) -> Body {
    Body::in_india(name).set("id_number_type", "aadhaar").set("id_number", "234123412346")
}

// 3.5: when the body would now be refused
#[test]
fn a_replay_is_answered_although_the_policy_now_refuses_the_body() {
    for (change, body_of) in CHANGES {
        let mut registrar = Registrar::start();
        let spoilt = body_of("asha");
        let body = spoilt.clone().request_id(1);
        let first = registrar.submit(&body);
        assert_eq!(first.status, 200, "{change}");
        registrar.set(&[change]);
        registrar.submit_until(body_of, "invalid_request");
        is_replay(&first, &registrar.submit(&body));
        registrar.restart();
        is_replay(&first, &registrar.submit(&body));
        // Not a replay: another request_id, none, or another payload.
        assert_eq!(registrar.submit(&spoilt.clone().request_id(2)).code(), "invalid_request", "{change}");
        assert_eq!(registrar.submit(&spoilt).code(), "invalid_request", "{change}");
        let other = body.set("first_name", "Other");
        assert_eq!(registrar.submit(&other).code(), "invalid_request", "{change}");
    }
}

// 3.5, 3.2: an unknown field that was ignored when the customer was stored
#[test]
fn a_replay_is_answered_although_unknown_fields_are_now_refused() {
    let mut registrar = Registrar::start();
    registrar.set(&["policy.unknown_fields=ignore"]);
    registrar.restart();
    let body = Body::of("asha").set("shoe_size", 42).request_id(1);
    let first = registrar.submit(&body);
    assert_eq!(first.status, 200);
    registrar.set(&["policy.unknown_fields=reject"]);
    registrar.submit_until(|name| Body::of(name).set("shoe_size", 42), "invalid_request");
    is_replay(&first, &registrar.submit(&body));
}

// 3.5: a body that was never valid is no replay, whatever its request_id
#[test]
fn a_body_that_was_never_stored_is_not_made_valid_by_its_request_id() {
    let registrar = Registrar::start();
    let invalid = Body::of("asha").set("zip", "x").request_id(1);
    assert_eq!(registrar.submit(&invalid).code(), "invalid_request");
    assert_eq!(registrar.submit(&invalid).code(), "invalid_request");
    assert_eq!(registrar.submit(&Body::of("asha").request_id(1)).code(), "ok");
    assert_eq!(registrar.submit(&invalid).code(), "invalid_request", "valid fields come before 3.4");
}

// 3.5: by another key of the platform
#[test]
fn another_key_of_the_platform_gets_the_same_replay() {
    let registrar = Registrar::start();
    let body = Body::of("asha").request_id(1);
    let first = registrar.submit(&body);
    let second_key = registrar.key(&registrar.own().platform_code, &[]);
    is_replay(&first, &registrar.submit_by(&second_key, &body));
    assert_eq!(registrar.submit_by(&second_key, &Body::of("asha")).code(), "payload_already_submitted");
    let other = Body::of("asha").set("first_name", "Other");
    assert_eq!(registrar.submit_by(&second_key, &other).code(), "participant_already_exists");
}

// 3.5: a refused request consumes nothing
#[test]
fn a_refused_request_consumes_neither_request_id_nor_email_nor_payload() {
    let registrar = Registrar::start();
    let good = Body::of("asha").request_id(1);
    let wrong_secret = registrar.own().with_wrong_secret();
    let refusals = [
        registrar.send(&Request::submission(&good)),
        registrar.submit_by(&wrong_secret, &good),
        registrar.send_signed(Request::submission(&good).with("Content-Type", "text/plain")),
        registrar.send_signed(Request::submission(&good).target("/participants/customers/new?x")),
        registrar.submit_bytes(format!("{}}}", good.text())),
        registrar.submit(&good.clone().set("zip", "x")),
        registrar.submit(&good.clone().set("shoe_size", 42)),
    ];
    assert!(refusals.iter().all(|answer| (400..500).contains(&answer.status)));
    let answer = registrar.submit(&good);
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None), "{}", answer.text());
}

// 3.5: the same request_id may come again with a corrected payload
#[test]
fn what_3_4_refuses_consumes_nothing_either() {
    let registrar = Registrar::start();
    assert_eq!(registrar.submit(&Body::of("asha").request_id(1)).code(), "ok");
    let taken = Body::of("asha").set("first_name", "Other").request_id(2);
    assert_eq!(registrar.submit(&taken).code(), "participant_already_exists");
    assert_eq!(registrar.submit(&Body::of("asha").request_id(2)).code(), "payload_already_submitted");
    let corrected = taken.set("email", "other@example.com");
    let answer = registrar.submit(&corrected);
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None), "{}", answer.text());
    assert_eq!(registrar.submit(&Body::of("usha").request_id(1)).code(), "request_id_reused");
    assert_eq!(registrar.submit(&Body::of("usha")).code(), "ok");
}

// 3.5: platforms never see or influence each other
#[test]
fn the_same_request_on_two_platforms_makes_two_customers() {
    let mut registrar = Registrar::start();
    let other = registrar.platform("Other", &["--sandbox", "--enable-customers"]);
    let body = Body::of("asha").request_id(1);
    let here = registrar.submit(&body);
    let there = registrar.submit_by(&other, &body);
    assert_eq!((here.status, there.status, there.header("idempotent-replayed")), (200, 200, None));
    assert_ne!(here.participant_code(), there.participant_code());
    assert_eq!(here.echo("platform_code"), format!("\"{}\"", registrar.own().platform_code));
    assert_eq!(there.echo("platform_code"), format!("\"{}\"", other.platform_code));
    registrar.restart();
    is_replay(&here, &registrar.submit(&body));
    is_replay(&there, &registrar.submit_by(&other, &body));
    for body in [Body::of("asha"), Body::of("asha").request_id(2), Body::of("asha").set("zip", "54321")] {
        let codes = [registrar.submit(&body), registrar.submit_by(&other, &body)]
            .map(|answer| answer.json()["participant_code"].clone());
        assert_eq!(codes, [here.participant_code(), there.participant_code()]);
    }
    let only_there = Body::of("usha").request_id(3);
    assert_eq!(registrar.submit_by(&other, &only_there).code(), "ok");
    let answer = registrar.submit(&only_there);
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None));
}

// 3.5, 1.8: a replay is still a request of the platform
#[test]
fn a_replay_needs_what_every_request_needs() {
    let registrar = Registrar::start();
    let body = Body::of("asha").request_id(1);
    let first = registrar.submit(&body);
    let reading = registrar.key(&registrar.own().platform_code, &["--permission", "customers:read"]);
    assert_eq!(registrar.submit_by(&reading, &body).code(), "permission_missing");
    registrar.set(&["suspended=true"]);
    registrar.submit_until(Body::of, "platform_suspended");
    assert_eq!(registrar.submit(&body).code(), "platform_suspended");
    registrar.set(&["suspended=false"]);
    registrar.submit_until(Body::of, "ok");
    is_replay(&first, &registrar.submit(&body));
}
