//! The request's schema, made from the table of fields: all that JSON Schema can say of the rules, the rest in words.
//!
//! The schema is that of a platform with the default policy. Invariant: what the schema refuses, the server refuses;
//! the server refuses more. White space around free text, which the server removes, is not counted in.

use registrar_domain::fields::{FIELDS, Field, FieldSpec, JsonType, Presence, RiskRating, Values};
use registrar_domain::reference::ReferenceLists;
use registrar_wire::MEDIA_TYPE_JSON;
use serde_json::{Map, Value, json};

/// An empty or blank string.
const BLANK: &str = "^\\s*$";

/// The body of the request.
pub(super) fn body() -> Value {
    json!({
        "required": true,
        "description": "One JSON object in UTF-8, at most 64 KiB. The signature covers exactly these bytes.",
        "content": {
            MEDIA_TYPE_JSON: {
                "schema": { "$ref": "#/components/schemas/NewCustomer" },
                "examples": {
                    "united_states": { "summary": "A customer in the United States", "value": sample() },
                    "india": { "summary": "A customer in India", "value": sample_india() },
                },
            },
        },
    })
}

/// The schema of the body.
pub(super) fn schema() -> Value {
    let properties: Map<_, _> = FIELDS.iter().map(|spec| (spec.name.to_owned(), property(spec))).collect();
    let required: Vec<_> = FIELDS.iter().filter(|spec| is_required(spec)).map(|spec| spec.name).collect();
    json!({
        "type": "object",
        "description": "A customer. The rules of fields that depend on other fields are in their descriptions where JSON Schema cannot say them.",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
        "allOf": CONDITIONS.iter().map(Condition::schema).collect::<Vec<_>>(),
    })
}

/// What a field requires of another one, for the spellings of a value that a schema can list.
struct Condition {
    field: &'static str,
    spellings: &'static [&'static str],
    required: &'static str,
    pattern: &'static str,
}

const CONDITIONS: [Condition; 3] = [
    Condition { field: "country", spellings: &["India", "IN", "IND"], required: "state", pattern: "\\S" },
    Condition {
        field: "country",
        spellings: &["United States", "US", "USA"],
        required: "zip",
        pattern: "^[0-9]{5}(-[0-9]{4})?$",
    },
    Condition {
        field: "id_number_type",
        spellings: &["non_us_other"],
        required: "non_us_other_type",
        pattern: "\\S",
    },
];

impl Condition {
    fn schema(&self) -> Value {
        json!({
            "if": { "properties": { self.field: { "enum": self.spellings } }, "required": [self.field] },
            "then": {
                "properties": { self.required: { "type": "string", "pattern": self.pattern } },
                "required": [self.required],
            },
        })
    }
}

fn is_required(spec: &FieldSpec) -> bool {
    matches!(spec.presence, Presence::Required | Presence::ByPolicy { required_by_default: true, .. })
}

fn property(spec: &FieldSpec) -> Value {
    let mut property = Map::new();
    property.insert("type".to_owned(), types(spec));
    property.insert("description".to_owned(), Value::String(description(spec)));
    if let Some(length) = spec.length {
        if is_required(spec) {
            property.insert("minLength".to_owned(), json!(length.min));
        }
        property.insert("maxLength".to_owned(), json!(length.max));
    }
    if let Some(format) = spec.format {
        property.insert("format".to_owned(), json!(format));
    }
    if let Some(pattern) = pattern(spec) {
        property.insert("pattern".to_owned(), Value::String(pattern));
    }
    if let Ok(example) = serde_json::from_str::<Value>(spec.example) {
        property.insert("examples".to_owned(), json!([example]));
    }
    Value::Object(property)
}

fn types(spec: &FieldSpec) -> Value {
    let mut types: Vec<_> = spec.types.iter().copied().map(JsonType::code).collect();
    if !is_required(spec) {
        types.push("null");
    }
    if may_be_blank(spec) && !types.contains(&"string") {
        types.push("string");
    }
    match types.as_slice() {
        [single] => json!(single),
        several => json!(several),
    }
}

/// Whether blanks mean that the field is absent (contract 3.2); in `request_id` they are refused.
fn may_be_blank(spec: &FieldSpec) -> bool {
    !is_required(spec) && spec.field != Field::RequestId
}

/// What a string must match: patterns apply to strings alone.
fn pattern(spec: &FieldSpec) -> Option<String> {
    let pattern = match (spec.pattern, spec.values) {
        (Some(pattern), _) => Some(pattern.to_owned()),
        (None, Some(Values::RiskRatings)) => Some(any_case_of(RiskRating::ALL.map(RiskRating::as_str))),
        (None, _) => None,
    };
    match pattern {
        Some(pattern) if may_be_blank(spec) => Some(format!("{BLANK}|{pattern}")),
        None if may_be_blank(spec) && !spec.types.contains(&JsonType::String) => Some(BLANK.to_owned()),
        pattern => pattern,
    }
}

/// A pattern of words in any case, since JSON Schema has no flag for that.
fn any_case_of<const COUNT: usize>(words: [&str; COUNT]) -> String {
    let any_case = |letter: char| format!("[{}{letter}]", letter.to_ascii_uppercase());
    let words = words.map(|word| word.chars().map(any_case).collect::<String>());
    format!("^({})$", words.join("|"))
}

fn description(spec: &FieldSpec) -> String {
    let presence = match spec.presence {
        Presence::Required => "Required.".to_owned(),
        Presence::Optional => "Optional.".to_owned(),
        Presence::RequiredWhen(condition) => format!("Required when {condition}."),
        Presence::ByPolicy { required_by_default: true, .. } => {
            "Required, unless the platform's policy says otherwise.".to_owned()
        }
        Presence::ByPolicy { required_by_default: false, .. } => {
            "Optional, unless the platform's policy requires it.".to_owned()
        }
    };
    format!("{presence} {}{}", spec.rule, list(spec))
}

/// The names on a list that is short enough to be read.
fn list(spec: &FieldSpec) -> String {
    if spec.values != Some(Values::IdTypes) {
        return String::new();
    }
    let names: Vec<_> =
        ReferenceLists::builtin().id_types.all().iter().map(|kind| format!("`{}`", kind.name())).collect();
    format!(" Supported, unless the operator configured another list: {}.", names.join(", "))
}

/// The sample request of the published page.
fn sample() -> Value {
    json!({
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
        "signed_timestamp": 1_603_378_501_286_i64,
        "prefunded": false,
        "metadata": {},
    })
}

/// The body of the published page's program, under a request_id of its own.
fn sample_india() -> Value {
    json!({
        "request_id": "0b9d3c5e-6f0a-4f1e-9d43-2f0b8f6f6a11",
        "first_name": "Gaurav",
        "last_name": "Mehta",
        "address_one": "Near CST",
        "address_two": "Fort",
        "country": "India",
        "signed_timestamp": "1603378501286",
        "email": "gewgawrav@gmail.com",
        "metadata": {},
        "state": "MH",
        "city": "MUMBAI",
        "date_of_birth": "1989-10-13",
        "id_number_type": "Passport",
        "id_number": "123456789",
        "zip": "12345",
        "prefunded": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_conditional_requirement_of_the_table_is_in_the_schema() {
        for spec in &FIELDS {
            if let Presence::RequiredWhen(words) = spec.presence {
                let condition = CONDITIONS.iter().find(|condition| condition.required == spec.name).unwrap();
                assert_eq!(words, format!("{} is {}", condition.field, condition.spellings[0]));
            }
        }
    }

    #[test]
    fn the_properties_are_the_fields_in_their_order() {
        let schema = schema();
        let names: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, FIELDS.iter().map(|spec| spec.name).collect::<Vec<_>>());
    }

    #[test]
    fn both_samples_have_only_fields_of_the_table() {
        for sample in [sample(), sample_india()] {
            for name in sample.as_object().unwrap().keys() {
                assert!(FIELDS.iter().any(|spec| spec.name == name), "{name}");
            }
        }
    }

    #[test]
    fn words_match_in_any_case() {
        assert_eq!(any_case_of(["low", "hi"]), "^([Ll][Oo][Ww]|[Hh][Ii])$");
    }
}
