//! What a refusal of fields says and what it never says: contract 2.3.

use crate::support::body::Body;
use crate::support::registrar::Registrar;
use serde_json::{Value, json};

/// Every field in the order of contract 3.3.
pub(crate) const FIELDS: [&str; 19] = [
    "request_id",
    "first_name",
    "last_name",
    "email",
    "address_one",
    "address_two",
    "city",
    "state",
    "zip",
    "country",
    "date_of_birth",
    "id_number_type",
    "id_number",
    "non_us_other_type",
    "id_issuing_authority",
    "risk_rating",
    "signed_timestamp",
    "prefunded",
    "metadata",
];

// 2.3: no error contains a submitted value
#[test]
fn no_violation_contains_the_value_whatever_is_wrong_with_it() {
    let registrar = Registrar::start();
    let marker = "Zqxjkvbpw";
    let values: Vec<Value> = vec![
        marker.into(),
        format!(" {marker} ").into(),
        format!("{marker}\u{202e}\u{0}").into(),
        format!("P.O. Box 12 {marker}").into(),
        format!("{marker}@{marker}").into(),
        marker.repeat(40).into(),
        json!({ marker: marker }),
        json!([marker, { marker: [marker] }]),
    ];
    for field in FIELDS {
        for value in &values {
            let answer = registrar.submit(&Body::of("asha").set(field, value.clone()));
            let shown = format!("{:?} {}", answer.headers, answer.text().to_lowercase());
            let is_accepted = answer.status == 200 || answer.code() == "participant_already_exists";
            assert!(is_accepted || !shown.contains(&marker.to_lowercase()), "{field} {value}: {shown}");
        }
        for number in [json!(-7_391_846_205_i64), json!(7_391_846_205.5), json!(7_391_846_205_i64)] {
            let answer = registrar.submit(&Body::of("asha").set(field, number));
            assert!(!answer.text().contains("7391846205"), "{field}: {}", answer.text());
        }
    }
}

// 2.3: field, rule and what would be accepted
#[test]
fn a_violation_names_the_field_the_rule_and_what_would_be_accepted() {
    let registrar = Registrar::start();
    let answer = registrar.submit(&Body::of("asha").set("zip", "1234"));
    assert_eq!(answer.violations(), ["/zip format"]);
    assert!(answer.message_about("/zip").contains("five digits"), "{}", answer.text());
    let sentence = answer.json()["errors"][0].as_str().unwrap().to_owned();
    assert!(sentence.starts_with("body/zip must "), "{sentence}");
}

// 2.3: finite lists in full up to 64 entries
#[test]
fn finite_lists_are_shown_in_full() {
    let registrar = Registrar::start();
    let about = |body: &Body, field: &str| registrar.submit(body).message_about(field);
    let ratings = about(&Body::of("asha").set("risk_rating", "none"), "/risk_rating");
    assert!(["low", "medium", "high"].iter().all(|rating| ratings.contains(rating)), "{ratings}");
    let types = about(&Body::of("asha").set("id_number_type", "library_card"), "/id_number_type");
    for id_type in [
        "ssn",
        "us_drivers_license",
        "us_passport",
        "us_passport_card",
        "us_permanent_resident_card",
        "us_border_crossing_card",
        "us_alien_card",
        "us_id_card",
        "passport",
        "non_us_passport",
        "aadhaar",
        "pan",
        "voter_id",
        "driving_licence",
        "non_us_other",
    ] {
        assert!(
            types.split(|c: char| !c.is_ascii_lowercase() && c != '_').any(|word| word == id_type),
            "{types}"
        );
    }
    let states = about(&Body::in_india("asha").set("state", "Atlantis"), "/state");
    for code in [
        "AN", "AP", "AR", "AS", "BR", "CG", "CH", "DH", "DL", "GA", "GJ", "HP", "HR", "JH", "JK", "KA", "KL",
        "LA", "LD", "MH", "ML", "MN", "MP", "MZ", "NL", "OD", "PB", "PY", "RJ", "SK", "TN", "TR", "TS", "UK",
        "UP", "WB",
    ] {
        assert!(states.contains(&format!("{code} (")), "{code}: {states}");
    }
    let states = about(&Body::of("asha").set("state", "Atlantis"), "/state");
    for code in ["AL (Alabama)", "IL (Illinois)", "WY (Wyoming)", "DC (District of Columbia)"] {
        assert!(states.contains(code), "{states}");
    }
}

// 2.3: the nearest accepted name where it looks like a slip
#[test]
fn a_slip_is_answered_with_the_name_that_was_probably_meant() {
    let registrar = Registrar::start();
    for (body, field, nearest) in [
        (Body::in_india("asha").set("state", "Maharastra"), "/state", "Maharashtra"),
        (Body::of("asha").set("country", "Untied States"), "/country", "United States"),
        (Body::of("asha").set("country", "Indai"), "/country", "India"),
        (Body::of("asha").set("id_number_type", "pasport"), "/id_number_type", "did you mean passport"),
        (Body::of("asha").set("frist_name", "x"), "/frist_name", "first_name"),
        (Body::of("asha").set("dateOfBirth", "x"), "/dateOfBirth", "date_of_birth"),
    ] {
        let message = registrar.submit(&body).message_about(field);
        assert!(message.contains(nearest) && message.contains("did you mean"), "{message}");
    }
    for (body, field) in [
        (Body::of("asha").set("country", "Atlantis"), "/country"),
        (Body::of("asha").set("shoe_size", 42), "/shoe_size"),
    ] {
        let message = registrar.submit(&body).message_about(field);
        assert!(!message.contains("did you mean"), "{message}");
    }
}

// 2.3: an unknown field's name is shown only if it is [A-Za-z0-9_]{1,64}
#[test]
fn the_name_of_an_unknown_field_is_shown_only_if_it_is_harmless() {
    let registrar = Registrar::start();
    let longest = "a".repeat(64);
    for name in ["x", "shoe_size", "A1_", "__proto__", &longest] {
        let answer = registrar.submit(&Body::of("asha").set(name, 1));
        assert_eq!(answer.violations(), [format!("/{name} unknown_field")]);
    }
    let too_long = "a".repeat(65);
    for name in
        ["", " ", "shoe size", "shoe-size", "a.b", "a/b", "Größe", "<b>", "a\u{0}b", "first_name ", &too_long]
    {
        let answer = registrar.submit(&Body::of("asha").set(name, 1));
        assert_eq!(answer.violations(), ["/? unknown_field"], "{name:?}");
        assert!(name.trim().is_empty() || !answer.text().contains(name), "{name}");
    }
}

// 3.3: all fields are checked, one violation each, in the order of the table, unknown fields last in the order sent
#[test]
fn all_violations_are_told_at_once_in_the_order_of_the_table() {
    let registrar = Registrar::start();
    let wrong = FIELDS
        .iter()
        .rev()
        .fold(Body::of("asha").set("zebra", 1).set("apple", 1), |body, field| body.set(field, json!([])));
    for body in [wrong.clone(), wrong.reversed()] {
        let violations = registrar.submit(&body).violations();
        let expected: Vec<_> = FIELDS.iter().map(|field| format!("/{field} type")).collect();
        assert_eq!(violations[..19], expected);
        assert_eq!(violations.len(), 21);
    }
    let unknown =
        registrar.submit(&Body::of("asha").set("zebra", 1).set("a b", 1).set("apple", 1)).violations();
    assert_eq!(unknown, ["/zebra unknown_field", "/? unknown_field", "/apple unknown_field"]);
    let empty = registrar.submit_bytes("{}").violations();
    let required = [
        "first_name",
        "last_name",
        "email",
        "address_one",
        "city",
        "country",
        "date_of_birth",
        "id_number_type",
        "id_number",
        "signed_timestamp",
    ];
    assert_eq!(empty, required.map(|field| format!("/{field} required")));
}

// 3.3: presence, type, length, characters, format, list, relation: the first that fails is the one
#[test]
fn of_several_faults_of_one_field_the_first_in_order_is_told() {
    let registrar = Registrar::start();
    let long_and_wrong = format!("\u{0}{}", "1".repeat(100));
    let rule = |field: &str, value: &str| registrar.submit(&Body::of("asha").set(field, value)).violations();
    assert_eq!(rule("first_name", &long_and_wrong), ["/first_name length"]);
    assert_eq!(rule("first_name", "1\u{0}"), ["/first_name characters"]);
    assert_eq!(rule("first_name", "1"), ["/first_name format"]);
    assert_eq!(rule("address_one", &format!("P.O. Box 12 {}", "x".repeat(200))), ["/address_one length"]);
    assert_eq!(rule("address_one", "P.O. Box 12\u{0}"), ["/address_one characters"]);
    assert_eq!(rule("id_number", &format!("\u{0}{}", "1".repeat(64))), ["/id_number length"]);
    assert_eq!(rule("id_number", "000\u{0}"), ["/id_number characters"]);
    assert_eq!(rule("date_of_birth", "1899-13-01"), ["/date_of_birth format"]);
}

// 3.3: a rule that needs a refused field is skipped
#[test]
fn a_rule_that_needs_a_refused_field_is_skipped() {
    let registrar = Registrar::start();
    let without_country = |country: Value| {
        Body::of("asha")
            .set("country", country)
            .set("state", "Nowhere")
            .set("zip", "x")
            .without("id_number_type")
    };
    for country in [json!("Atlantis"), json!("RU"), json!(1), Value::Null] {
        let body = without_country(country).set("id_number", "000000000").set("non_us_other_type", "x");
        let violations = registrar.submit(&body).violations();
        let fields: Vec<_> =
            violations.iter().map(|violation| violation.split(' ').next().unwrap()).collect();
        assert_eq!(fields, ["/country", "/id_number_type"]);
    }
    let nothing_to_relate = Body::of("asha").set("country", "RU").without("state").without("zip");
    assert_eq!(registrar.submit(&nothing_to_relate).violations(), ["/country not_supported"]);
}
