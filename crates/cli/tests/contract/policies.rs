//! What a platform's policy changes: contract 3.2 (unknown fields), 3.3, and that servers obey within a second (5).

use crate::support::body::Body;
use crate::support::clock::now_seconds;
use crate::support::registrar::{Options, Registrar};
use serde_json::{Value, json};

fn years_ago(years: i64) -> String {
    // A month more, so that leap years do not matter.
    let then = jiff::Timestamp::from_second(now_seconds() - years * 31_556_952 - 30 * 86_400).unwrap();
    then.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

// 3.2 unknown_fields = reject | ignore
#[test]
fn unknown_fields_are_refused_unless_the_policy_ignores_them() {
    let registrar = Registrar::start();
    let with_unknown =
        |name: &str| Body::of(name).set("shoe_size", 98_765_431).set("a b", json!({"deep": []}));
    assert_eq!(
        registrar.submit(&with_unknown("asha")).violations(),
        ["/shoe_size unknown_field", "/? unknown_field"]
    );
    registrar.set(&["policy.unknown_fields=ignore"]);
    let answer = registrar.submit_until_violations(with_unknown, &[]);
    assert!(!answer.text().contains("shoe_size") && !answer.text().contains("98765431"));
    registrar.set(&["policy.unknown_fields=reject"]);
    registrar.submit_until_violations(with_unknown, &["/shoe_size unknown_field", "/? unknown_field"]);
}

// 3.2: the syntax of ignored members counts
#[test]
fn an_ignored_field_must_still_be_json_without_duplicates() {
    let registrar = Registrar::start();
    registrar.set(&["policy.unknown_fields=ignore"]);
    registrar.submit_until_violations(|name| Body::of(name).set("x", 1), &[]);
    for text in [r#"{"a":1,"a":2}"#, r#""\ud800""#] {
        assert_eq!(registrar.submit(&Body::of("usha").raw("x", text)).code(), "malformed_json");
    }
}

// 3.3 minimum_age
#[test]
fn the_minimum_age_is_the_policy_s() {
    let registrar = Registrar::start();
    let body = |name: &str, years| Body::of(name).set("date_of_birth", years_ago(years));
    assert_eq!(registrar.submit(&body("eighteen", 18)).code(), "ok");
    registrar.set(&["policy.minimum_age=21"]);
    registrar.submit_until_violations(|name| body(name, 20), &["/date_of_birth range"]);
    assert_eq!(registrar.submit(&body("twenty-one", 21)).code(), "ok");
    registrar.set(&["policy.minimum_age=0"]);
    registrar.submit_until_violations(|name| body(name, 1), &[]);
    let unborn = Body::of("unborn").set("date_of_birth", "2999-01-01");
    assert_eq!(registrar.submit(&unborn).violations(), ["/date_of_birth range"]);
}

// 3.3 strict_id_numbers
#[test]
fn strict_id_numbers_demands_the_official_forms() {
    let registrar = Registrar::start();
    registrar.set(&["policy.strict_id_numbers=true", "policy.aadhaar=seal"]);
    let body = |name: &str, id_type: &str, number: &str| {
        Body::in_india(name).set("id_number_type", id_type).set("id_number", number)
    };
    registrar.submit_until_violations(|name| body(name, "pan", "x"), &["/id_number format"]);
    let cases = [
        (
            "aadhaar",
            &["234123412346", "2341 2341 2346", "999941057058"][..],
            &["234123412345", "134123412346", "23412341234"][..],
        ),
        ("pan", &["ABCPE1234F", "abcpe1234f"], &["ABCPE12345", "ABC1E1234F", "ABCPE1234FF"]),
        ("passport", &["A1234567", "z7654321"], &["123456789", "AA123456", "A123456"]),
        ("voter_id", &["ABC1234567"], &["AB12345678", "ABC123456", "ABC12345678"]),
    ];
    let mut number = 0;
    for (id_type, right, wrong) in cases {
        for text in right {
            number += 1;
            let answer = registrar.submit(&body(&format!("n{number}"), id_type, text));
            assert_eq!(answer.code(), "ok", "{id_type} {text}: {}", answer.text());
        }
        for text in wrong {
            let answer = registrar.submit(&body("wrong", id_type, text));
            assert_eq!(answer.violations(), ["/id_number format"], "{id_type} {text}");
        }
    }
    assert_eq!(registrar.submit(&body("free", "driving_licence", "any thing")).code(), "ok");
}

// 3.3 risk_rating: required when the platform's policy says so
#[test]
fn risk_rating_is_required_where_the_policy_says_so() {
    let registrar = Registrar::start();
    assert_eq!(registrar.submit(&Body::of("without")).code(), "ok");
    registrar.set(&["policy.risk_rating=required"]);
    registrar.submit_until_violations(Body::of, &["/risk_rating required"]);
    for blank in [Value::Null, "".into(), " ".into()] {
        let answer = registrar.submit(&Body::of("asha").set("risk_rating", blank));
        assert_eq!(answer.violations(), ["/risk_rating required"]);
    }
    assert_eq!(registrar.submit(&Body::of("asha").set("risk_rating", "Low")).echo("risk_rating"), "\"low\"");
}

// 3.3 signed_timestamp: policy may make it optional
#[test]
fn signed_timestamp_is_optional_where_the_policy_says_so() {
    let registrar = Registrar::start();
    let without = |name: &str| Body::of(name).without("signed_timestamp");
    assert_eq!(registrar.submit(&without("asha")).violations(), ["/signed_timestamp required"]);
    registrar.set(&["policy.signed_timestamp=optional"]);
    assert_eq!(registrar.submit_until_violations(without, &[]).echo("signed_timestamp"), "null");
    for (name, blank) in [("null", Value::Null), ("empty", "".into()), ("blank", " ".into())] {
        let answer = registrar.submit(&Body::of(name).set("signed_timestamp", blank));
        assert_eq!(answer.echo("signed_timestamp"), "null");
    }
    let wrong = Body::of("usha").set("signed_timestamp", 1_603_378_501);
    assert_eq!(registrar.submit(&wrong).violations(), ["/signed_timestamp range"]);
}

// 3.3: a platform's policy can narrow the countries
#[test]
fn countries_are_narrowed_by_policy() {
    let registrar = Registrar::start();
    assert_eq!(registrar.submit(&Body::in_france("before")).code(), "ok");
    registrar.set(&["policy.countries=IN,US"]);
    let answer = registrar.submit_until_violations(Body::in_france, &["/country not_supported"]);
    let message = answer.message_about("/country");
    assert!(
        message.contains("India") && message.contains("United States"),
        "a list of two is shown: {message}"
    );
    assert_eq!(registrar.submit(&Body::in_india("asha")).code(), "ok");
    assert_eq!(registrar.submit(&Body::of("usha").set("country", "XX")).violations(), ["/country unknown"]);
    registrar.set(&["policy.countries=all"]);
    registrar.submit_until_violations(Body::in_france, &[]);
}

// 3.3: a platform's policy can narrow the states
#[test]
fn states_are_narrowed_by_policy_in_the_countries_it_names() {
    let registrar = Registrar::start();
    registrar.set(&["policy.states=IN-MH,IN-GA"]);
    let in_kerala = |name: &str| Body::in_india(name).set("state", "Kerala");
    let answer = registrar.submit_until_violations(in_kerala, &["/state not_supported"]);
    assert!(answer.message_about("/state").contains("Goa"), "{}", answer.text());
    assert_eq!(registrar.submit(&Body::in_india("goa").set("state", "goa")).code(), "ok");
    assert_eq!(registrar.submit(&Body::of("illinois")).code(), "ok", "the United States are not named");
}

// 3.3: a platform's policy can narrow the id types
#[test]
fn id_types_are_narrowed_by_policy() {
    let registrar = Registrar::start();
    registrar.set(&["policy.id_types=passport,pan"]);
    let answer = registrar.submit_until_violations(Body::of, &["/id_number_type not_supported"]);
    assert!(answer.message_about("/id_number_type").contains("passport"), "{}", answer.text());
    assert_eq!(registrar.submit(&Body::in_india("passport")).code(), "ok");
    let pan = Body::in_india("pan").set("id_number_type", "PAN card").set("id_number", "ABCPE1234F");
    assert_eq!(registrar.submit(&pan).code(), "ok");
}

/// A server whose list of that kind is the built-in one after a change.
fn with_list(kind: &str, variable: &'static str, change: impl Fn(&str) -> String) -> Registrar {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.tsv");
    let list = Registrar::command_text(&["lists", "print", kind]);
    let changed = list.lines().map(|line| change(line) + "\n").collect::<Vec<_>>().concat();
    assert_ne!(list, changed);
    std::fs::write(&file, changed).unwrap();
    Registrar::start_with(Options::variable(variable, file.to_str().unwrap()))
}

// 3.3: supported countries are data that the operator can override
#[test]
fn the_operator_s_list_of_countries_replaces_the_built_in_one() {
    let registrar = with_list("countries", "REGISTRAR_LISTS_COUNTRIES_FILE", |line| {
        let (was, is) = if line.starts_with("RU\t") { ("no", "yes") } else { ("yes", "no") };
        let is_changed = line.starts_with("RU\t") || line.starts_with("FR\t");
        if is_changed {
            line.strip_suffix(was).map_or(line.to_owned(), |line| line.to_owned() + is)
        } else {
            line.to_owned()
        }
    });
    assert_eq!(
        registrar.submit(&Body::in_france("asha").set("country", "Russian Federation")).echo("country"),
        "\"Russia\""
    );
    assert_eq!(registrar.submit(&Body::in_france("usha")).violations(), ["/country not_supported"]);
}

// 3.3: states are data that the operator can override
#[test]
fn the_operator_s_list_of_states_replaces_the_built_in_one() {
    let registrar = with_list("states", "REGISTRAR_LISTS_STATES_FILE", |line| {
        line.replace("IN\tMH\tMaharashtra", "IN\tMX\tMaharashtra")
    });
    assert_eq!(registrar.submit(&Body::in_india("asha").set("state", "maharashtra")).echo("state"), "\"MX\"");
    assert_eq!(registrar.submit(&Body::in_india("usha")).violations(), ["/state one_of"]);
}

// 3.3: id types are data that the operator can override
#[test]
fn the_operator_s_list_of_id_types_replaces_the_built_in_one() {
    let registrar = with_list("id-types", "REGISTRAR_LISTS_ID_TYPES_FILE", |line| {
        if line.starts_with("voter_id") { line.replace("voter_id", "ration_card") } else { line.to_owned() }
    });
    assert_eq!(registrar.submit(&Body::of("asha").set("id_number_type", "Ration Card")).code(), "ok");
    assert_eq!(
        registrar.submit(&Body::of("usha").set("id_number_type", "voter_id")).violations(),
        ["/id_number_type one_of"]
    );
}

// 3.3, 3.5: policies belong to one platform
#[test]
fn a_policy_changes_nothing_for_another_platform() {
    let registrar = Registrar::start();
    let other = registrar.platform("Other", &["--sandbox", "--enable-customers"]);
    registrar.set(&["policy.minimum_age=120"]);
    registrar.submit_until_violations(Body::of, &["/date_of_birth range"]);
    assert_eq!(registrar.submit_by(&other, &Body::of("asha")).code(), "ok");
}

// 5: a policy survives a restart
#[test]
fn a_policy_is_kept() {
    let mut registrar = Registrar::start();
    registrar.set(&["policy.risk_rating=required"]);
    registrar.restart();
    assert_eq!(registrar.submit(&Body::of("asha")).violations(), ["/risk_rating required"]);
}
