//! The schema of errors, and an example of each.

use registrar_wire::{ErrorCode, FieldViolation, Hint, Problem, Signed};
use serde_json::{Value, json};

use crate::answer::INVALID_SIGNATURE;

const TRACE_ID: &str = "01932d6e-5c1a-7b3e-9f42-6d1c0a8e2b57";
const EXAMPLE_TIME: i64 = 1_700_000_000;

/// The schema of every error (contract 2.2).
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail", "errors", "trace_id"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "The page that explains the code." },
            "title": { "type": "string", "description": "A short stable summary." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": { "type": "string", "description": "The stable name: what a program should look at." },
            "detail": { "type": "string", "description": "What is wrong with this request and what to do." },
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": { "type": "string" },
                "description": "Sentences; for fields `body/<field> <what is wrong>`.",
            },
            "violations": {
                "type": "array",
                "minItems": 1,
                "items": violation_schema(),
                "description": "What is wrong with each field; only for `invalid_request`.",
            },
            "trace_id": { "type": "string", "format": "uuid", "description": "The id of this request in the operator's log." },
            "signed": signed_schema(),
            "hint": {
                "type": "string",
                "enum": Hint::ALL.iter().map(|hint| hint.code()).collect::<Vec<_>>(),
                "description": "The common mistake that explains the signature sent.",
            },
            "hint_detail": { "type": "string", "description": "What to change." },
            "server_time": { "type": "integer", "description": "The server's clock in Unix seconds; only for `timestamp_outside_window`." },
            "difference_seconds": { "type": "integer", "description": "The request's timestamp less the server's clock." },
            "differs": {
                "type": "array",
                "items": { "type": "string" },
                "description": "The fields that differ from the stored payload; only for `request_id_reused`.",
            },
            "participant_code": {
                "type": "string",
                "pattern": super::responses::CODE_PATTERN,
                "description": "The existing customer; only for `payload_already_submitted` and `participant_already_exists`.",
            },
        },
        "not": { "required": ["message"] },
    })
}

fn violation_schema() -> Value {
    json!({
        "type": "object",
        "required": ["field", "rule", "message"],
        "properties": {
            "field": {
                "type": "string",
                "format": "json-pointer",
                "description": "For example `/zip`; `/?` for an unknown field whose name is not shown.",
            },
            "rule": {
                "type": "string",
                "enum": super::responses::rule_codes(),
                "description": "The rule that is broken.",
            },
            "message": { "type": "string", "description": "What is wrong and what would be accepted." },
        },
    })
}

fn signed_schema() -> Value {
    json!({
        "type": "object",
        "required": ["timestamp", "method", "target", "body_length", "body_sha256"],
        "properties": {
            "timestamp": { "type": "string" },
            "method": { "type": "string" },
            "target": { "type": "string" },
            "body_length": { "type": "integer", "minimum": 0, "description": "Bytes." },
            "body_sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
        },
        "description": "What the server received; only for `invalid_signature`.",
    })
}

/// An example of a problem of this code.
pub(super) fn example(code: ErrorCode) -> Value {
    serde_json::to_value(problem(code)).unwrap_or(Value::Null)
}

fn problem(code: ErrorCode) -> Problem {
    let problem = Problem::new(code, detail(code), TRACE_ID.to_owned());
    match code {
        ErrorCode::InvalidRequest => Problem::invalid_request(vec![violation()], TRACE_ID.to_owned()),
        ErrorCode::InvalidSignature => problem.with_signed(signed()).with_hint(Hint::SecretNotDecoded),
        ErrorCode::TimestampOutsideWindow => problem.with_clock(EXAMPLE_TIME, EXAMPLE_TIME - 300),
        ErrorCode::RequestIdReused => problem.with_differs(vec!["city".into(), "zip".into()]),
        ErrorCode::PayloadAlreadySubmitted | ErrorCode::ParticipantAlreadyExists => {
            problem.with_participant_code("XYZ456".to_owned())
        }
        _ => problem,
    }
}

fn detail(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::PayloadAlreadySubmitted => "Participant data already used with different requestID",
        ErrorCode::ParticipantAlreadyExists => "Participant already exists with this email for this platform",
        ErrorCode::InvalidSignature => INVALID_SIGNATURE,
        other => first_sentence(other.cause()),
    }
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|at| text.get(..=at)).unwrap_or(text)
}

fn violation() -> FieldViolation {
    FieldViolation {
        field: "/zip".to_owned(),
        rule: "required".into(),
        message: "is required when country is United States".into(),
    }
}

fn signed() -> Signed {
    Signed {
        timestamp: EXAMPLE_TIME.to_string(),
        method: registrar_wire::CREATE_CUSTOMER.method.to_owned(),
        target: registrar_wire::CREATE_CUSTOMER.path.to_owned(),
        body_length: 44,
        body_sha256: "e6a7fcf404768150330c49767a926dcfe8264642de2a49994492c0b82af6e439".to_owned(),
    }
}
