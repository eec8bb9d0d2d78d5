//! Answers: the schemas of successes, and every status that an operation can answer.

use std::collections::BTreeMap;

use registrar_domain::violation::Rule;
use registrar_wire::{CustomerAnswer, ErrorCode, MEDIA_TYPE_JSON, MEDIA_TYPE_PROBLEM, Operation};
use serde_json::{Map, Value, json};

use super::{parts, problems};

/// Six characters without those that look alike (contract 3.7); the documented sample's codes predate the alphabet.
pub(super) const CODE_PATTERN: &str = "^[0-9A-Z]{6}$";

/// The stable name of every rule.
pub(super) fn rule_codes() -> [&'static str; 11] {
    [
        Rule::Required,
        Rule::Type,
        Rule::Length,
        Rule::Format,
        Rule::Characters,
        Rule::OneOf,
        Rule::Range,
        Rule::Unknown,
        Rule::NotSupported,
        Rule::NotAllowed,
        Rule::UnknownField,
    ]
    .map(Rule::code)
}

/// The success and every error of an operation, by status.
pub(super) fn of(operation: &Operation, success: Value) -> Value {
    let mut codes_by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in operation.errors {
        codes_by_status.entry(code.status()).or_default().push(*code);
    }
    let mut responses = Map::from_iter([("200".to_owned(), success)]);
    responses.extend(
        codes_by_status.iter().map(|(status, codes)| (status.to_string(), problem_response(*status, codes))),
    );
    Value::Object(responses)
}

fn problem_response(status: u16, codes: &[ErrorCode]) -> Value {
    let names: Vec<_> = codes.iter().map(|code| code.code()).collect();
    let examples: Map<_, _> = codes
        .iter()
        .map(|code| {
            let example = json!({ "summary": code.title(), "value": problems::example(*code) });
            (code.code().to_owned(), example)
        })
        .collect();
    let explained: Vec<_> =
        codes.iter().map(|code| format!("- [`{code}`]({}): {}", code.type_uri(), code.title())).collect();
    json!({
        "description": explained.join("\n"),
        "headers": parts::headers_of(status),
        "content": {
            MEDIA_TYPE_PROBLEM: {
                "schema": {
                    "allOf": [{ "$ref": "#/components/schemas/Problem" }],
                    "properties": { "status": { "const": status }, "code": { "enum": names } },
                },
                "examples": examples,
            },
        },
    })
}

/// The answer to a customer that was created or replayed.
pub(super) fn customer_created() -> Value {
    json!({
        "description": "The customer was created, or the same request was answered before.",
        "headers": parts::headers_of_customer(),
        "content": {
            MEDIA_TYPE_JSON: {
                "schema": { "$ref": "#/components/schemas/CustomerAnswer" },
                "example": { "message": customer_example() },
            },
        },
    })
}

/// The answer of `GET /time`.
pub(super) fn time_read() -> Value {
    json!({
        "description": "The server's clock.",
        "headers": parts::headers_of(200),
        "content": {
            MEDIA_TYPE_JSON: {
                "schema": { "$ref": "#/components/schemas/Time" },
                "example": { "epoch": 1_700_000_000 },
            },
        },
    })
}

/// The schema of `GET /time`.
pub(super) fn time_schema() -> Value {
    json!({
        "type": "object",
        "required": ["epoch"],
        "properties": { "epoch": { "type": "integer", "description": "Unix time in whole seconds." } },
        "additionalProperties": false,
    })
}

/// The envelope of a customer.
pub(super) fn customer_answer_schema() -> Value {
    json!({
        "type": "object",
        "required": ["message"],
        "properties": { "message": { "$ref": "#/components/schemas/Customer" } },
        "additionalProperties": false,
    })
}

/// The schema of a customer: exactly the keys of the documented answer, in its order (contract 3.1).
pub(super) fn customer_schema() -> Value {
    let properties: Map<_, _> =
        CustomerAnswer::KEYS.iter().map(|key| ((*key).to_owned(), customer_member(key))).collect();
    json!({
        "type": "object",
        "description": "A customer as stored. What was not given is `null`; metadata is then `{}`.",
        "required": CustomerAnswer::KEYS,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn customer_member(key: &str) -> Value {
    match key {
        "address_two" | "state" | "zip" | "non_us_other_type" | "id_issuing_authority" => {
            json!({ "type": ["string", "null"] })
        }
        "country" => json!({ "type": "string", "description": "The country's English name." }),
        "date_of_birth" => json!({ "type": "string", "format": "date" }),
        "id_number" => json!({
            "type": "string",
            "description": "As submitted; of an Aadhaar number only the last four digits, unless the platform's policy says otherwise.",
        }),
        "signed_timestamp" => json!({ "type": ["integer", "null"], "description": "Unix milliseconds." }),
        "risk_rating" => json!({ "type": ["string", "null"], "enum": ["low", "medium", "high", null] }),
        "metadata" => {
            json!({ "type": "object", "description": "Members in their order and numbers as written." })
        }
        "platform_code" => json!({
            "type": "string",
            "pattern": CODE_PATTERN,
            "description": "The platform that the customer was created on.",
        }),
        "participant_code" => json!({
            "type": "string",
            "pattern": CODE_PATTERN,
            "description": "Identifies the customer from now on; never changes.",
        }),
        _ => json!({ "type": "string" }),
    }
}

fn customer_example() -> Value {
    json!({
        "first_name": "John",
        "last_name": "Smith",
        "email": "email-example@mail.com",
        "address_one": "1 Main St.",
        "address_two": "Suite 1000",
        "country": "United States",
        "state": "IL",
        "city": "Chicago",
        "zip": "12345",
        "date_of_birth": "1985-09-02",
        "id_number_type": "ssn",
        "id_number": "123456789",
        "non_us_other_type": null,
        "id_issuing_authority": null,
        "signed_timestamp": 1_603_378_501_286_i64,
        "risk_rating": null,
        "metadata": {},
        "platform_code": "ABC123",
        "participant_code": "XYZ456",
    })
}
