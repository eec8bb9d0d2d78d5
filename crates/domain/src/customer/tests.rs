mod properties;

use registrar_json::{Value, parse_object};

use super::*;
use crate::fields::FIELDS;
use crate::fields::testing::terms_with;
use crate::policy::{AadhaarPolicy, UnknownFields};
use crate::violation::Rule;

/// The body of the API page's Node example, as `JSON.stringify` writes it.
const NODE_EXAMPLE: &str = r#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","first_name":"Gaurav","last_name":"Mehta","address_one":"Near CST","address_two":"Fort","country":"India","signed_timestamp":"1603378501286","email":"gewgawrav@gmail.com","metadata":{},"state":"MH","city":"MUMBAI","date_of_birth":"1989-10-13","id_number_type":"Passport","id_number":"123456789","zip":"12345","prefunded":false}"#;

/// The API page's sample request.
const SAMPLE: &str = r#"{
  "request_id": "7fbab305-2679-4279-808b-9b7a63a55c85",
  "first_name": "John",
  "last_name": "Smith",
  "email": "email-example@mail.com",
  "address_one": "1 Main St.",
  "address_two": "Suite 1000",
  "city": "Chicago",
  "state": "IL",
  "zip": "12345",
  "country": "United States",
  "date_of_birth": "1985-09-02",
  "id_number_type": "ssn",
  "id_number": "123456789",
  "signed_timestamp": 1603378501286,
  "prefunded": false,
  "metadata": {}
}"#;

fn parse_with(body: &str, policy: &Policy) -> Result<Customer, Vec<Violation>> {
    let body = parse_object(body.as_bytes(), 32).expect("the test's body is JSON");
    parse_customer(&Submitted::of(&body), &terms_with(policy))
}

fn parse(body: &str) -> Result<Customer, Vec<Violation>> {
    parse_with(body, &Policy::default())
}

/// The sample with members replaced or added (`name`, JSON); an empty JSON takes the member away.
fn body_with(changes: &[(&str, &str)]) -> String {
    let sample = parse_object(SAMPLE.as_bytes(), 32).unwrap();
    let mut members: Vec<(String, String)> =
        sample.members().iter().map(|member| (member.name.to_string(), member.raw.to_owned())).collect();
    for (name, json) in changes {
        members.retain(|(known, _)| known != name);
        if !json.is_empty() {
            members.push(((*name).to_owned(), (*json).to_owned()));
        }
    }
    let members: Vec<_> = members
        .iter()
        .map(|(name, json)| {
            let mut member = String::new();
            registrar_json::write_string(name, &mut member);
            format!("{member}:{json}")
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

fn with(changes: &[(&str, &str)]) -> Result<Customer, Vec<Violation>> {
    parse(&body_with(changes))
}

fn found(result: Result<Customer, Vec<Violation>>) -> Vec<(String, Rule)> {
    let violations = result.err().unwrap_or_default();
    violations.into_iter().map(|violation| (violation.field, violation.rule)).collect()
}

/// The one violation of the sample with these changes.
fn refused(changes: &[(&str, &str)]) -> (String, Rule) {
    let mut violations = found(with(changes));
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations.remove(0)
}

fn refused_by(changes: &[(&str, &str)], field: &str, rule: Rule) {
    assert_eq!(refused(changes), (field.to_owned(), rule), "{changes:?}");
}

fn accepted(changes: &[(&str, &str)]) -> Customer {
    with(changes).unwrap_or_else(|violations| panic!("{changes:?} {violations:?}"))
}

#[test]
fn both_bodies_of_the_api_page_are_accepted_and_answered_as_documented() {
    assert_eq!(
        parse(SAMPLE).unwrap().write_answer("ABC123", "XYZ456"),
        r#"{"message":{"first_name":"John","last_name":"Smith","email":"email-example@mail.com","address_one":"1 Main St.","address_two":"Suite 1000","country":"United States","state":"IL","city":"Chicago","zip":"12345","date_of_birth":"1985-09-02","id_number_type":"ssn","id_number":"123456789","non_us_other_type":null,"id_issuing_authority":null,"signed_timestamp":1603378501286,"risk_rating":null,"metadata":{},"platform_code":"ABC123","participant_code":"XYZ456"}}"#
    );
    assert_eq!(
        parse(NODE_EXAMPLE).unwrap().write_answer("ABC123", "XYZ456"),
        r#"{"message":{"first_name":"Gaurav","last_name":"Mehta","email":"gewgawrav@gmail.com","address_one":"Near CST","address_two":"Fort","country":"India","state":"MH","city":"MUMBAI","zip":"12345","date_of_birth":"1989-10-13","id_number_type":"Passport","id_number":"123456789","non_us_other_type":null,"id_issuing_authority":null,"signed_timestamp":1603378501286,"risk_rating":null,"metadata":{},"platform_code":"ABC123","participant_code":"XYZ456"}}"#
    );
}

#[test]
fn an_answer_has_exactly_the_documented_keys_in_order_and_echoes_what_was_accepted() {
    let customer = accepted(&[
        ("first_name", r#""  Ame\u0301lie\t""#),
        ("address_two", r#""\u3000""#),
        ("country", "\"IND\""),
        ("state", "\"IN-OR\""),
        ("zip", "\"400001\""),
        ("id_number_type", "\"Non US-other\""),
        ("non_us_other_type", "\" a \\\"book\\\" \""),
        ("id_issuing_authority", "\"Kanzlei\""),
        ("risk_rating", "\"HIGH\""),
        ("metadata", r#"{ "z" : 1.50 , "a" : [ ] }"#),
    ]);
    let answer = customer.write_answer("ABC123", "XYZ456");
    let answer = parse_object(answer.as_bytes(), 32).unwrap();
    assert_eq!(answer.members().len(), 1);
    let Some(Value::Object(message)) = answer.get("message").map(|member| &member.value) else { panic!() };
    let keys: Vec<_> = message.members().iter().map(|member| member.name.as_ref()).collect();
    assert_eq!(keys, Customer::ANSWER_KEYS);
    for (key, raw) in [
        ("first_name", "\"Amélie\""),
        ("address_two", "null"),
        ("country", "\"India\""),
        ("state", "\"OD\""),
        ("zip", "\"400001\""),
        ("id_number_type", "\"Non US-other\""),
        ("non_us_other_type", r#""a \"book\"""#),
        ("id_issuing_authority", "\"Kanzlei\""),
        ("risk_rating", "\"high\""),
        ("metadata", r#"{"z":1.50,"a":[]}"#),
    ] {
        assert_eq!(message.get(key).unwrap().raw, raw, "{key}");
    }
}

#[test]
fn every_field_but_prefunded_and_request_id_is_echoed() {
    for spec in &FIELDS {
        assert_eq!(Customer::ANSWER_KEYS.contains(&spec.name), spec.is_echoed, "{}", spec.name);
    }
}

#[test]
fn every_example_of_the_table_is_accepted() {
    for spec in &FIELDS {
        let is_other = spec.field == Field::NonUsOtherType;
        let id_type = if is_other { "\"non_us_other\"" } else { "\"ssn\"" };
        accepted(&[("id_number_type", id_type), (spec.name, spec.example)]);
    }
}

#[test]
fn an_empty_body_misses_every_required_field_in_the_order_of_the_table() {
    let missed = [
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
    assert_eq!(found(parse("{}")), missed.map(|field| (field.to_owned(), Rule::Required)));
}

#[test]
fn all_violations_come_at_once_in_the_order_of_the_table_with_unknown_fields_last_as_sent() {
    let body = r#"{"zzz":1,"metadata":[],"prefunded":"yes","signed_timestamp":true,"risk_rating":"none","id_issuing_authority":1,
        "non_us_other_type":"x","id_number":"","id_number_type":"ssn","date_of_birth":"1","country":"Atlantis","zip":1,
        "state":1,"city":1,"address_two":"PO Box 1","address_one":1,"email":"a","last_name":"1","first_name":"","request_id":"",
        "aaa":1,"a-b":1}"#;
    let expected = [
        ("request_id", Rule::Format),
        ("first_name", Rule::Length),
        ("last_name", Rule::Format),
        ("email", Rule::Format),
        ("address_one", Rule::Type),
        ("address_two", Rule::NotAllowed),
        ("city", Rule::Type),
        ("state", Rule::Type),
        ("zip", Rule::Type),
        ("country", Rule::Unknown),
        ("date_of_birth", Rule::Format),
        ("id_number", Rule::Length),
        ("non_us_other_type", Rule::NotAllowed),
        ("id_issuing_authority", Rule::Type),
        ("risk_rating", Rule::OneOf),
        ("signed_timestamp", Rule::Type),
        ("prefunded", Rule::Type),
        ("metadata", Rule::Type),
        ("zzz", Rule::UnknownField),
        ("aaa", Rule::UnknownField),
        ("?", Rule::UnknownField),
    ];
    assert_eq!(found(parse(body)), expected.map(|(field, rule)| (field.to_owned(), rule)));
}

#[test]
fn null_means_absent_for_every_field() {
    for spec in &FIELDS {
        let nulled = found(with(&[(spec.name, "null")]));
        assert_eq!(nulled, found(with(&[(spec.name, "")])), "{}", spec.name);
        assert!(nulled.iter().all(|(field, rule)| field == spec.name && *rule == Rule::Required));
    }
}

#[test]
fn blanks_mean_absent_where_a_field_need_not_be_there() {
    for blank in ["\"\"", "\" \"", r#""\u00a0\t""#] {
        let french = [("country", "\"France\""), ("state", blank), ("zip", blank)];
        let customer = accepted(&french);
        assert!(customer.state().is_none() && customer.zip().is_none());
        for field in [
            "address_two",
            "id_issuing_authority",
            "non_us_other_type",
            "risk_rating",
            "prefunded",
            "metadata",
        ] {
            accepted(&[(field, blank)]);
        }
    }
}

#[test]
fn blanks_in_a_field_that_must_be_there_are_refused() {
    for field in ["first_name", "last_name", "address_one", "city", "country", "id_number"] {
        refused_by(&[(field, "\"\"")], field, Rule::Length);
    }
    refused_by(&[("zip", "\" \"")], "zip", Rule::Required);
    refused_by(&[("country", "\"IN\""), ("state", "\"\"")], "state", Rule::Required);
    refused_by(&[("signed_timestamp", "\"\"")], "signed_timestamp", Rule::Required);
}

#[test]
fn request_id_is_optional_but_an_empty_one_is_refused() {
    accepted(&[("request_id", "")]);
    accepted(&[("request_id", "null")]);
    for blank in ["\"\"", "\" \""] {
        refused_by(&[("request_id", blank)], "request_id", Rule::Format);
    }
}

#[test]
fn a_request_id_is_found_in_a_body_that_is_wrong_otherwise() {
    let of = |body: &str| request_id_of(&Submitted::of(&parse_object(body.as_bytes(), 32).unwrap()));
    let lower = of(r#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","first_name":1}"#);
    assert!(lower.is_some());
    assert_eq!(of(r#"{"request_id":"7FBAB305-2679-4279-808B-9B7A63A55C85"}"#), lower);
    for body in ["{}", r#"{"request_id":null}"#, r#"{"request_id":""}"#, r#"{"request_id":7}"#] {
        assert!(of(body).is_none(), "{body}");
    }
}

#[test]
fn names_have_one_to_a_hundred_characters_and_a_letter() {
    for field in ["first_name", "last_name"] {
        refused_by(&[(field, &format!("\"{}\"", "a".repeat(101)))], field, Rule::Length);
        refused_by(&[(field, "\"12\"")], field, Rule::Format);
        refused_by(&[(field, r#""a\u202e""#)], field, Rule::Characters);
        refused_by(&[(field, r#""a\u0000""#)], field, Rule::Characters);
        accepted(&[(field, r#""a\u200d""#)]);
    }
}

#[test]
fn po_boxes_are_refused_in_both_lines_of_the_address() {
    for line in ["P.O. Box 12", "post box no. 5", "ＰＯ ＢＯＸ １"] {
        let json = format!("\"{line}\"");
        refused_by(&[("address_one", &json)], "address_one", Rule::NotAllowed);
        refused_by(&[("address_two", &json)], "address_two", Rule::NotAllowed);
    }
    accepted(&[("address_one", "\"12 Potomac Ave\""), ("address_two", "\"Box Hill\"")]);
}

#[test]
fn a_line_of_the_address_has_at_most_two_hundred_characters() {
    for field in ["address_one", "address_two"] {
        accepted(&[(field, &format!("\"{}\"", "é".repeat(200)))]);
        refused_by(&[(field, &format!("\"{}\"", "é".repeat(201)))], field, Rule::Length);
    }
}

#[test]
fn texts_of_a_hundred_characters_are_not_longer() {
    let other = ("id_number_type", "\"non_us_other\"");
    for field in ["city", "non_us_other_type", "id_issuing_authority"] {
        let changes = |text: &str| {
            [other, ("non_us_other_type", "\"a\""), (field, text)].map(|(n, j)| (n, j.to_owned()))
        };
        for (count, rule) in [(100, None), (101, Some(Rule::Length))] {
            let text = format!("\"{}\"", "e\u{301}".repeat(count));
            let changes = changes(&text);
            let changes: Vec<_> = changes.iter().map(|(name, json)| (*name, json.as_str())).collect();
            assert_eq!(found(with(&changes)).first().map(|(_, rule)| *rule), rule, "{field}");
        }
    }
    refused_by(&[("city", r#""a\u2028b""#)], "city", Rule::Characters);
}

#[test]
fn state_is_required_in_india_and_nowhere_else() {
    refused_by(&[("country", "\"India\""), ("state", "")], "state", Rule::Required);
    accepted(&[("country", "\"US\""), ("state", "")]);
    accepted(&[("country", "\"FR\""), ("state", "")]);
}

#[test]
fn a_state_must_be_on_the_list_of_a_country_that_has_one() {
    refused_by(&[("state", "\"MH\"")], "state", Rule::OneOf);
    refused_by(&[("country", "\"IN\""), ("state", "\"IL\"")], "state", Rule::OneOf);
    let free = accepted(&[("country", "\"France\""), ("state", "\"Île-de-France\"")]);
    assert_eq!(free.state().unwrap().as_str(), "Île-de-France");
}

#[test]
fn zip_is_required_in_the_united_states_and_nowhere_else() {
    refused_by(&[("zip", "")], "zip", Rule::Required);
    accepted(&[("country", "\"IN\""), ("state", "\"MH\""), ("zip", "")]);
    refused_by(&[("zip", "\"1234\"")], "zip", Rule::Format);
    refused_by(&[("zip", "12345")], "zip", Rule::Type);
}

#[test]
fn a_refused_country_takes_the_rules_that_need_it_along() {
    for country in ["", "\"Atlantis\"", "\"Cuba\"", "1"] {
        let changes = [("country", country), ("state", "\"Nowhere\""), ("zip", "\"!\"")];
        assert_eq!(found(with(&changes)).len(), 1, "{country}");
        let absent = [("country", country), ("state", ""), ("zip", "")];
        assert_eq!(found(with(&absent)).len(), 1, "{country}");
    }
    let changes = [("country", "\"Atlantis\""), ("state", r#""a\u0000""#), ("zip", "1")];
    let expected = [("state", Rule::Characters), ("zip", Rule::Type), ("country", Rule::Unknown)]
        .map(|(f, r)| (f.to_owned(), r));
    assert_eq!(found(with(&changes)), expected);
}

#[test]
fn an_unsupported_country_is_told_from_one_that_nobody_knows() {
    for unsupported in "BY CF CD CU IR IQ KP LB LY ML RU SO SS SD SY YE ZW".split(' ') {
        refused_by(&[("country", &format!("\"{unsupported}\""))], "country", Rule::NotSupported);
    }
    refused_by(&[("country", "\"Atlantis\"")], "country", Rule::Unknown);
}

#[test]
fn a_minor_is_refused_by_the_platforms_minimum_age() {
    refused_by(&[("date_of_birth", "\"2008-07-02\"")], "date_of_birth", Rule::Range);
    accepted(&[("date_of_birth", "\"2008-07-01\"")]);
    let body = body_with(&[("date_of_birth", "\"2008-07-01\"")]);
    let policy = Policy { minimum_age: 21, ..Policy::default() };
    assert_eq!(found(parse_with(&body, &policy)), [("date_of_birth".to_owned(), Rule::Range)]);
}

#[test]
fn a_social_security_number_is_checked_only_as_one() {
    refused_by(&[("id_number", "\"666-12-3456\"")], "id_number", Rule::Format);
    accepted(&[("id_number_type", "\"passport\""), ("id_number", "\"666-12-3456\"")]);
    refused_by(
        &[("id_number_type", "\"card\""), ("id_number", "\"666-12-3456\"")],
        "id_number_type",
        Rule::OneOf,
    );
}

#[test]
fn non_us_other_type_goes_with_non_us_other_and_nothing_else() {
    let other = ("id_number_type", "\"non_us_other\"");
    refused_by(&[other], "non_us_other_type", Rule::Required);
    refused_by(&[other, ("non_us_other_type", "\" \"")], "non_us_other_type", Rule::Required);
    accepted(&[other, ("non_us_other_type", "\"Seafarer's book\"")]);
    refused_by(&[("non_us_other_type", "\"Seafarer's book\"")], "non_us_other_type", Rule::NotAllowed);
    refused_by(&[("non_us_other_type", "1")], "non_us_other_type", Rule::Type);
    accepted(&[("non_us_other_type", "null")]);
    refused_by(
        &[("id_number_type", "\"card\""), ("non_us_other_type", "\"a\"")],
        "id_number_type",
        Rule::OneOf,
    );
}

#[test]
fn an_aadhaar_number_is_masked_sealed_or_refused_by_policy() {
    let body = body_with(&[("id_number_type", "\"Aadhar Card\""), ("id_number", "\"2341 2341 2346\"")]);
    let number = |aadhaar| {
        let policy = Policy { aadhaar, ..Policy::default() };
        parse_with(&body, &policy).map(|customer| customer.id_number().as_str().to_owned())
    };
    assert_eq!(number(AadhaarPolicy::Mask), Ok("XXXXXXXX2346".to_owned()));
    assert_eq!(number(AadhaarPolicy::Seal), Ok("2341 2341 2346".to_owned()));
    let refused = number(AadhaarPolicy::Refuse).unwrap_err();
    assert_eq!(
        (refused.len(), refused[0].rule, refused[0].field.as_str()),
        (1, Rule::NotSupported, "id_number_type")
    );
}

#[test]
fn risk_rating_and_signed_timestamp_are_required_as_policy_says() {
    let policy = Policy { risk_rating_required: true, signed_timestamp_required: false, ..Policy::default() };
    let body = body_with(&[("signed_timestamp", "")]);
    assert_eq!(found(parse(&body)), [("signed_timestamp".to_owned(), Rule::Required)]);
    assert_eq!(found(parse_with(&body, &policy)), [("risk_rating".to_owned(), Rule::Required)]);
    let body = body_with(&[("signed_timestamp", "\" \""), ("risk_rating", "\"Low\"")]);
    let customer = parse_with(&body, &policy).unwrap();
    assert!(customer.signed_timestamp().is_none());
    assert!(customer.write_answer("A", "B").contains(r#""signed_timestamp":null,"risk_rating":"low""#));
}

#[test]
fn prefunded_is_false_unless_it_is_true() {
    assert!(!accepted(&[("prefunded", "")]).prefunded().get());
    assert!(accepted(&[("prefunded", "true")]).prefunded().get());
    for other in ["\"true\"", "1", "0", "[]"] {
        refused_by(&[("prefunded", other)], "prefunded", Rule::Type);
    }
}

#[test]
fn metadata_is_an_object_or_nothing() {
    assert_eq!(accepted(&[("metadata", "")]).metadata().as_json(), "{}");
    assert_eq!(accepted(&[("metadata", "null")]).metadata().as_json(), "{}");
    refused_by(&[("metadata", "[]")], "metadata", Rule::Type);
    refused_by(&[("metadata", r#"{"a":"\u0000"}"#)], "metadata", Rule::Characters);
}

#[test]
fn unknown_fields_are_refused_or_ignored_as_policy_says() {
    refused_by(&[("firstName", "\"John\"")], "firstName", Rule::UnknownField);
    refused_by(&[("é", "null")], "?", Rule::UnknownField);
    let policy = Policy { unknown_fields: UnknownFields::Ignore, ..Policy::default() };
    assert!(parse_with(&body_with(&[("firstName", "\"John\"")]), &policy).is_ok());
}

#[test]
fn a_platforms_lists_narrow_what_is_accepted() {
    let mut policy = Policy::default();
    for (key, value) in [("countries", "IN"), ("states", "IN-GA"), ("id_types", "pan")] {
        policy.set(key, value, ReferenceLists::builtin()).unwrap();
    }
    let expected = ["state", "country", "id_number_type"].map(|field| (field.to_owned(), Rule::NotSupported));
    assert_eq!(found(parse_with(SAMPLE, &policy)), expected[1..]);
    let body = body_with(&[("country", "\"IN\""), ("state", "\"MH\"")]);
    assert_eq!(found(parse_with(&body, &policy)), [expected[0].clone(), expected[2].clone()]);
}

#[test]
fn a_control_character_violates_every_string_field() {
    for spec in FIELDS.iter().filter(|spec| spec.types.contains(&crate::fields::JsonType::String)) {
        let other = if spec.name == "non_us_other_type" { "\"non_us_other\"" } else { "\"ssn\"" };
        for control in ["\\u0000", "\\u0007", "\\u007f", "\\u0085"] {
            let json = format!("\"a{control}b\"");
            let violations = found(with(&[("id_number_type", other), (spec.name, &json)]));
            assert_eq!(violations, [(spec.name.to_owned(), Rule::Characters)], "{control}");
        }
    }
}

#[test]
fn every_field_refuses_other_json_types() {
    for spec in &FIELDS {
        for json in ["1.5", "true", "\"x\"", "[]", "{}", "[{}]"] {
            let rules: Vec<_> = found(with(&[(spec.name, json)]));
            let is_own_type = matches!((json, spec.name), ("true", "prefunded") | ("{}", "metadata"))
                || (json == "\"x\"" && spec.types.contains(&crate::fields::JsonType::String));
            if !is_own_type {
                assert_eq!(rules, [(spec.name.to_owned(), Rule::Type)], "{json}");
            }
        }
    }
}

#[test]
fn nothing_personal_is_printed_by_debug() {
    let customer =
        accepted(&[("metadata", r#"{"secret":"MARKER"}"#), ("id_issuing_authority", "\"MARKER\"")]);
    let printed = format!("{customer:?}");
    for personal in [
        "John", "Smith", "example", "Main", "Suite", "Chicago", "12345", "1985", "MARKER", "7fbab305",
        "United", "IL\"",
    ] {
        assert!(!printed.contains(personal), "{personal} in {printed}");
    }
}

#[test]
fn a_customer_reads_back_from_its_own_answer() {
    let customer =
        accepted(&[("first_name", "\" Ame\u{301}lie \""), ("country", "\"usa\""), ("state", "\"illinois\"")]);
    let answer = customer.write_answer("A", "B");
    let message = &answer["{\"message\":".len()..answer.len() - 1];
    let policy = Policy { unknown_fields: UnknownFields::Ignore, ..Policy::default() };
    let again = parse_with(message, &policy).unwrap();
    assert_eq!(again.write_answer("A", "B"), answer);
}
