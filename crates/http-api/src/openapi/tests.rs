//! The document against the tables it is made from.

use std::collections::BTreeSet;

use registrar_wire::{CREATE_CUSTOMER, CustomerAnswer};

use super::*;

fn post() -> Value {
    openapi()["paths"]["/participants/customers/new"]["post"].clone()
}

#[test]
fn the_checked_in_document_is_what_the_code_makes() {
    assert!(
        DOCUMENT == openapi_text(),
        "openapi.json is out of date: run `cargo xtask openapi`, which rewrites it"
    );
}

#[test]
fn every_reference_leads_to_a_component() {
    let document = openapi();
    let text = openapi_text();
    let opening = "\"$ref\": \"#";
    let references: BTreeSet<_> = text
        .match_indices(opening)
        .map(|(at, _)| text[at + opening.len()..].split('"').next().unwrap())
        .collect();
    assert!(references.len() > 5);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_error_of_create_customer_is_described_with_an_example() {
    let post = post();
    for code in CREATE_CUSTOMER.errors {
        let media = &post["responses"][code.status().to_string()]["content"]["application/problem+json"];
        assert_eq!(media["examples"][code.code()]["value"]["code"], code.code());
        assert!(
            media["schema"]["properties"]["code"]["enum"].as_array().unwrap().contains(&json!(code.code()))
        );
    }
}

#[test]
fn operations_of_the_api_are_described_and_others_are_not() {
    let document = openapi();
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(described, BTreeSet::from([&"/participants/customers/new".to_owned(), &"/time".to_owned()]));
}

#[test]
fn the_example_of_a_customer_has_the_keys_of_the_answer_in_its_order() {
    let example = &post()["responses"]["200"]["content"]["application/json"]["example"]["message"];
    let keys: Vec<_> = example.as_object().unwrap().keys().collect();
    assert_eq!(keys, CustomerAnswer::KEYS);
}

#[test]
fn no_answer_is_described_with_a_code_that_this_version_never_answers() {
    for code in ErrorCode::ALL.iter().filter(|code| code.reserved_for().is_some()) {
        assert!(!DOCUMENT.contains(&format!("\"{code}\"")), "{code}");
    }
}

#[test]
fn an_answer_that_says_try_later_says_when() {
    assert!(post()["responses"]["503"]["headers"]["Retry-After"].is_object());
    assert!(post()["responses"]["401"]["headers"]["WWW-Authenticate"].is_object());
}
