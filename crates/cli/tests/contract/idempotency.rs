//! The table of idempotency, row by row and combination by combination: contract 3.4. Every case is asked twice: at once,
//! and after the server was ended and started again on the same data.

use crate::support::answer::Answer;
use crate::support::body::{Body, request_id};
use crate::support::registrar::Registrar;
use serde_json::{Value, json};

/// Asks for the answer before and after a restart; both must satisfy the same demands.
fn before_and_after_a_restart(registrar: &mut Registrar, body: &Body, demand: impl Fn(&Answer)) {
    demand(&registrar.submit(body));
    registrar.restart();
    demand(&registrar.submit(body));
}

fn is_replay_of(first: &Answer) -> impl Fn(&Answer) {
    let first = first.clone();
    assert_eq!(first.header("idempotent-replayed"), None, "{}", first.text());
    move |answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("idempotent-replayed"), Some("true"));
        assert_eq!(answer.body, first.body, "byte for byte");
        assert_eq!(answer.header("content-type"), first.header("content-type"));
    }
}

fn is_reused(differs: Value) -> impl Fn(&Answer) {
    move |answer| {
        assert_eq!((answer.status, &*answer.code()), (400, "request_id_reused"), "{}", answer.text());
        let problem = answer.json();
        assert_eq!(problem["differs"], differs);
        assert_eq!((problem.get("participant_code"), answer.header("idempotent-replayed")), (None, None));
    }
}

fn is_submitted_already(first: &Answer) -> impl Fn(&Answer) {
    let participant_code = first.participant_code();
    move |answer| {
        assert_eq!((answer.status, &*answer.code()), (400, "payload_already_submitted"), "{}", answer.text());
        assert_eq!(answer.detail(), "Participant data already used with different requestID");
        assert_eq!(answer.json()["participant_code"], participant_code);
        assert_eq!(answer.json().get("differs"), None);
    }
}

fn exists_already(first: &Answer) -> impl Fn(&Answer) {
    let participant_code = first.participant_code();
    move |answer| {
        assert_eq!(
            (answer.status, &*answer.code()),
            (400, "participant_already_exists"),
            "{}",
            answer.text()
        );
        assert_eq!(answer.detail(), "Participant already exists with this email for this platform");
        assert_eq!(answer.json()["participant_code"], participant_code);
        assert_eq!(answer.json().get("differs"), None);
    }
}

// 3.4, first row
#[test]
fn the_same_request_id_and_payload_are_answered_with_the_first_answer() {
    let mut registrar = Registrar::start();
    let body = Body::of("asha").request_id(1).raw("metadata", r#"{ "n": 1.50e+2 }"#);
    let first = registrar.submit(&body);
    before_and_after_a_restart(&mut registrar, &body, is_replay_of(&first));
}

// 3.4, second row
#[test]
fn a_reused_request_id_with_another_payload_is_refused_with_what_differs() {
    let mut registrar = Registrar::start();
    assert_eq!(registrar.submit(&Body::of("asha").request_id(1)).code(), "ok");
    let other = Body::of("usha").request_id(1).set("address_two", "Suite 2").set("first_name", "Usha");
    let differs = json!(["first_name", "email", "address_two"]);
    before_and_after_a_restart(&mut registrar, &other, is_reused(differs));
}

// 3.4, third row, first combination
#[test]
fn the_same_payload_under_another_request_id_is_refused() {
    let mut registrar = Registrar::start();
    let first = registrar.submit(&Body::of("asha").request_id(1));
    before_and_after_a_restart(&mut registrar, &Body::of("asha").request_id(2), is_submitted_already(&first));
}

// 3.4, third row: stored with a request_id, sent without
#[test]
fn the_same_payload_without_the_request_id_it_was_stored_under_is_refused() {
    let mut registrar = Registrar::start();
    let first = registrar.submit(&Body::of("asha").request_id(1));
    before_and_after_a_restart(&mut registrar, &Body::of("asha"), is_submitted_already(&first));
}

// 3.4, third row: stored without, sent with a request_id
#[test]
fn the_same_payload_with_a_request_id_where_none_was_stored_is_refused() {
    let mut registrar = Registrar::start();
    let first = registrar.submit(&Body::of("asha"));
    before_and_after_a_restart(&mut registrar, &Body::of("asha").request_id(1), is_submitted_already(&first));
}

// 3.4, third row: neither side has a request_id
#[test]
fn the_same_payload_twice_without_a_request_id_is_refused() {
    let mut registrar = Registrar::start();
    let first = registrar.submit(&Body::of("asha"));
    before_and_after_a_restart(&mut registrar, &Body::of("asha"), is_submitted_already(&first));
}

// 3.4, fourth row, every combination of request_ids
#[test]
fn another_payload_with_the_same_email_is_refused_with_and_without_request_ids() {
    let mut registrar = Registrar::start();
    let other = |name: &str| Body::of(name).set("first_name", "Other");
    let with = registrar.submit(&Body::of("with").request_id(1));
    let without = registrar.submit(&Body::of("without"));
    before_and_after_a_restart(&mut registrar, &other("with").request_id(2), exists_already(&with));
    before_and_after_a_restart(&mut registrar, &other("with"), exists_already(&with));
    before_and_after_a_restart(&mut registrar, &other("without").request_id(3), exists_already(&without));
    before_and_after_a_restart(&mut registrar, &other("without"), exists_already(&without));
}

// 3.4, last row
#[test]
fn what_matches_nothing_stored_is_created() {
    let registrar = Registrar::start();
    for body in [Body::of("a").request_id(1), Body::of("b").request_id(2), Body::of("c"), Body::of("d")] {
        let answer = registrar.submit(&body);
        assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None));
    }
}

// 3.4: the order of the rows
#[test]
fn the_request_id_decides_before_the_payload_and_the_payload_before_the_email() {
    let registrar = Registrar::start();
    let one = registrar.submit(&Body::of("one").request_id(1));
    let two = registrar.submit(&Body::of("two").request_id(2));
    let three = registrar.submit(&Body::of("three"));
    // The request_id of one customer and the payload of another.
    is_reused(json!(["email"]))(&registrar.submit(&Body::of("two").request_id(1)));
    is_reused(json!(["email"]))(&registrar.submit(&Body::of("three").request_id(2)));
    // The request_id of one customer and the e-mail of another.
    let two_changed = Body::of("two").set("first_name", "Other");
    is_reused(json!(["first_name", "email"]))(&registrar.submit(&two_changed.clone().request_id(1)));
    is_reused(json!(["first_name"]))(&registrar.submit(&two_changed.clone().request_id(2)));
    // Payload and e-mail are those of the same customer: the payload is told.
    is_submitted_already(&two)(&registrar.submit(&Body::of("two").request_id(9)));
    is_submitted_already(&three)(&registrar.submit(&Body::of("three").request_id(9)));
    exists_already(&two)(&registrar.submit(&two_changed.request_id(9)));
    is_replay_of(&one)(&registrar.submit(&Body::of("one").request_id(1)));
}

// 3.4 `differs`
#[test]
fn differs_names_every_field_that_differs_in_the_order_of_the_table() {
    let registrar = Registrar::start();
    let first =
        Body::in_france("asha").set("address_two", "2e").set("metadata", json!({"a": 1})).request_id(1);
    assert_eq!(registrar.submit(&first).code(), "ok");
    let cases = [
        (first.clone().without("address_two"), json!(["address_two"])),
        (first.clone().set("prefunded", false), json!(["prefunded"])),
        (first.clone().set("metadata", json!({"a": 2})), json!(["metadata"])),
        (first.clone().raw("metadata", r#"{"a":1.0}"#), json!(["metadata"])),
        (first.clone().set("id_number", "12AB34568"), json!(["id_number"])),
        (first.clone().set("state", "bretagne"), json!(["state"])),
        (first.clone().set("signed_timestamp", 1_603_378_501_287_i64), json!(["signed_timestamp"])),
        (first.clone().set("first_name", "John "), json!(["first_name"])),
        (
            first.clone().set("zip", "35001").set("risk_rating", "low").set("last_name", "Other").reversed(),
            json!(["last_name", "zip", "risk_rating"]),
        ),
    ];
    for (body, differs) in cases {
        is_reused(differs)(&registrar.submit(&body));
    }
}

// 3.4: the request_id is compared without case (3.3)
#[test]
fn a_request_id_in_other_letters_is_the_same_request_id() {
    let mut registrar = Registrar::start();
    let first = registrar.submit(&Body::of("asha").request_id(1));
    for id in [request_id(1).to_uppercase(), request_id(1).replace('f', "F")] {
        let body = Body::of("asha").set("request_id", &*id);
        before_and_after_a_restart(&mut registrar, &body, is_replay_of(&first));
        let other = Body::of("usha").set("request_id", id);
        is_reused(json!(["email"]))(&registrar.submit(&other));
    }
}

/// A valid body with its members in another order, spelled otherwise, with nulls: the same payload.
fn same_payload(body: &Body) -> Vec<String> {
    let null = |body: &Body, name: &str| body.clone().set(name, Value::Null);
    vec![
        body.text(),
        body.spaced(),
        body.sorted(),
        body.clone().reversed().text(),
        body.clone().set("signed_timestamp", "1603378501286").text(),
        body.clone().raw("signed_timestamp", r#""\u0031603378501286""#).text(),
        body.clone().raw("first_name", r#""\u004aohn""#).text(),
        body.text().replace("\"city\"", "\"\\u0063ity\""),
        null(&null(&null(body, "address_two"), "risk_rating"), "non_us_other_type").text(),
        null(body, "prefunded").reversed().text(),
        body.clone().raw("metadata", r#"{"b":[1,{"d":2,"c":"\u0078"}],"a":1.50}"#).text(),
        body.clone()
            .raw(
                "metadata",
                " { \"a\" : 1.50,\n\"b\" : [ 1, {\"c\":\"x\",\"d\":2,\"e\":null} ], \"n\": null } ",
            )
            .text(),
    ]
}

// 3.4: what the payload is
#[test]
fn order_spelling_nulls_and_a_timestamp_as_digits_make_no_other_payload() {
    let mut registrar = Registrar::start();
    let body = Body::of("asha").raw("metadata", r#"{"a":1.50,"b":[1,{"c":"x","d":2}]}"#);
    let with_id = body.clone().request_id(1);
    let first = registrar.submit(&with_id);
    for round in 0..2 {
        for text in same_payload(&with_id) {
            let answer = registrar.submit_bytes(text.as_str());
            assert_eq!(answer.code(), "ok", "{text}: {}", answer.text());
            is_replay_of(&first)(&answer);
        }
        for text in same_payload(&body) {
            is_submitted_already(&first)(&registrar.submit_bytes(text));
        }
        if round == 0 {
            registrar.restart();
        }
    }
}

// 3.4: strings by their characters, numbers as written
#[test]
fn other_characters_and_other_ways_of_writing_numbers_make_another_payload() {
    let registrar = Registrar::start();
    let body = Body::of("asha").raw("metadata", r#"{"a":1.50,"b":[1,2],"c":"é"}"#).request_id(1);
    assert_eq!(registrar.submit(&body).code(), "ok");
    for metadata in [
        r#"{"a":1.5,"b":[1,2],"c":"é"}"#,
        r#"{"a":150e-2,"b":[1,2],"c":"é"}"#,
        r#"{"a":"1.50","b":[1,2],"c":"é"}"#,
        r#"{"a":1.50,"b":[2,1],"c":"é"}"#,
        r#"{"a":1.50,"b":[1,2,null],"c":"é"}"#,
        "{\"a\":1.50,\"b\":[1,2],\"c\":\"e\u{301}\"}",
        r#"{"a":1.50,"b":[1,2],"c":"É"}"#,
        r#"{"a":1.50,"b":[1,2],"c":"é","d":{}}"#,
        r#"{"A":1.50,"b":[1,2],"c":"é"}"#,
    ] {
        is_reused(json!(["metadata"]))(&registrar.submit(&body.clone().raw("metadata", metadata)));
    }
    let padded = body.clone().set("first_name", " John");
    is_reused(json!(["first_name"]))(&registrar.submit(&padded));
    let false_is_not_absent = body.clone().set("prefunded", false);
    is_reused(json!(["prefunded"]))(&registrar.submit(&false_is_not_absent));
    let blank_is_not_null = body.set("address_two", "");
    is_reused(json!(["address_two"]))(&registrar.submit(&blank_is_not_null));
}

// 3.4: unknown members count in the payload (the value of the body without request_id)
#[test]
fn members_that_are_ignored_count_in_the_payload() {
    let mut registrar = Registrar::start();
    registrar.set(&["policy.unknown_fields=ignore"]);
    registrar.restart();
    let body = Body::of("asha").set("shoe_size", 42).request_id(1);
    let first = registrar.submit(&body);
    is_replay_of(&first)(&registrar.submit(&body));
    let other = registrar.submit(&body.set("shoe_size", 98_765_432));
    assert_eq!(other.code(), "request_id_reused");
    assert!(!other.text().contains("shoe_size") && !other.text().contains("98765432"), "{}", other.text());
}
