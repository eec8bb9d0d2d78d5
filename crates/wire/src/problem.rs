//! The one shape of an error: `application/problem+json` (RFC 9457, contract 2.2).
//!
//! Does not choose codes or write sentences about fields. Invariants: the member order is that of the struct, there is
//! no top-level `message`, `errors` is never missing, and `violations` is there for `invalid_request` alone.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;
use crate::hint::Hint;

/// An error as it is answered. A client may meet codes that are newer than itself, so `code` is text when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The page that explains the code.
    #[serde(rename = "type")]
    pub type_uri: Cow<'static, str>,
    /// A short stable summary of the code.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// The stable name; see [`Problem::error_code`].
    pub code: Cow<'static, str>,
    /// What is wrong with this request and what to do.
    pub detail: Cow<'static, str>,
    /// Sentences: one per violation, else the detail.
    #[serde(default)]
    pub errors: Vec<Cow<'static, str>>,
    /// What is wrong with each field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violations: Option<Vec<FieldViolation>>,
    /// The id of this request in the operator's log (contract 2.4).
    pub trace_id: String,
    /// What the server took as signed (contract 1.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
    /// The name of the mistake that explains the signature sent; see [`Hint`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Cow<'static, str>>,
    /// What to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint_detail: Option<Cow<'static, str>>,
    /// The server's clock in Unix seconds, for `timestamp_outside_window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<i64>,
    /// The request's timestamp less the server's, in seconds: negative when the caller's clock is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference_seconds: Option<i64>,
    /// The fields that differ from the stored payload, for `request_id_reused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<Vec<Cow<'static, str>>>,
    /// The existing customer, for `payload_already_submitted` and `participant_already_exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant_code: Option<String>,
}

/// What is wrong with one field (contract 2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldViolation {
    /// The JSON pointer of the field, for example `/zip`; `/?` for a name that is not safe to show.
    pub field: String,
    /// The rule's stable name.
    pub rule: Cow<'static, str>,
    /// What is wrong and what would be accepted; follows the field's name in a sentence.
    pub message: Cow<'static, str>,
}

/// What the server took as signed: only what the request itself determines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The timestamp as received.
    pub timestamp: String,
    /// The method as received.
    pub method: String,
    /// The request target as received.
    pub target: String,
    /// The length of the body in bytes.
    pub body_length: u64,
    /// The SHA-256 of the body as received, in lower-case hexadecimal.
    pub body_sha256: String,
}

impl Problem {
    /// A problem whose one sentence is its detail.
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>, trace_id: String) -> Self {
        let detail = detail.into();
        Self {
            type_uri: Cow::Borrowed(code.type_uri()),
            title: Cow::Borrowed(code.title()),
            status: code.status(),
            code: Cow::Borrowed(code.code()),
            errors: vec![detail.clone()],
            detail,
            violations: None,
            trace_id,
            signed: None,
            hint: None,
            hint_detail: None,
            server_time: None,
            difference_seconds: None,
            differs: None,
            participant_code: None,
        }
    }

    /// `invalid_request` with a sentence `body/<field> <message>` for each violation.
    pub fn invalid_request(violations: Vec<FieldViolation>, trace_id: String) -> Self {
        let detail = match violations.len() {
            1 => Cow::Borrowed("One field is not accepted; nothing was stored."),
            count => Cow::Owned(format!("{count} fields are not accepted; nothing was stored.")),
        };
        Self {
            errors: violations.iter().map(|violation| Cow::Owned(violation.sentence())).collect(),
            violations: Some(violations),
            ..Self::new(ErrorCode::InvalidRequest, detail, trace_id)
        }
    }

    /// The code, where this program knows it.
    pub fn error_code(&self) -> Option<ErrorCode> {
        ErrorCode::parse(&self.code)
    }

    /// With what the server took as signed.
    #[must_use]
    pub fn with_signed(self, signed: Signed) -> Self {
        Self { signed: Some(signed), ..self }
    }

    /// With the mistake that explains the signature; its sentence also ends the detail, because many clients log nothing
    /// but `errors`.
    #[must_use]
    pub fn with_hint(self, hint: Hint) -> Self {
        let detail: Cow<'static, str> = Cow::Owned(format!("{} {}", self.detail, hint.sentence()));
        Self {
            errors: vec![detail.clone()],
            detail,
            hint: Some(Cow::Borrowed(hint.code())),
            hint_detail: Some(Cow::Borrowed(hint.sentence())),
            ..self
        }
    }

    /// With the server's clock and the request's timestamp, both in Unix seconds.
    #[must_use]
    pub fn with_clock(self, server_time: i64, timestamp: i64) -> Self {
        Self {
            server_time: Some(server_time),
            difference_seconds: Some(timestamp.saturating_sub(server_time)),
            ..self
        }
    }

    /// With the names of the fields that differ from the stored payload.
    #[must_use]
    pub fn with_differs(self, fields: Vec<Cow<'static, str>>) -> Self {
        Self { differs: Some(fields), ..self }
    }

    /// With the code of the customer that exists.
    #[must_use]
    pub fn with_participant_code(self, participant_code: String) -> Self {
        Self { participant_code: Some(participant_code), ..self }
    }
}

impl FieldViolation {
    /// The violation as a sentence: `body/<field> <message>`.
    pub fn sentence(&self) -> String {
        format!("body{} {}", self.field, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace_id() -> String {
        "0192f0c1-2b3c-7d4e-8f50-616263646566".to_owned()
    }

    fn json(problem: &Problem) -> String {
        serde_json::to_string_pretty(problem).unwrap()
    }

    fn every_shape() -> Vec<Problem> {
        let signed = Signed {
            timestamp: "1700000000".to_owned(),
            method: "POST".to_owned(),
            target: "/participants/customers/new".to_owned(),
            body_length: 412,
            body_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        };
        let zip = FieldViolation {
            field: "/zip".to_owned(),
            rule: "format".into(),
            message: "must be five digits, or five digits, a hyphen and four digits".into(),
        };
        let unknown = FieldViolation {
            field: "/?".to_owned(),
            rule: "unknown_field".into(),
            message: "is not known".into(),
        };
        vec![
            Problem::new(ErrorCode::InvalidSignature, "The signature does not fit.", trace_id())
                .with_signed(signed)
                .with_hint(Hint::HexDigest),
            Problem::new(ErrorCode::TimestampOutsideWindow, "The clock is behind.", trace_id())
                .with_clock(1_700_000_100, 1_700_000_000),
            Problem::invalid_request(vec![zip, unknown], trace_id()),
            Problem::new(ErrorCode::RequestIdReused, "The request_id was used.", trace_id())
                .with_differs(vec!["email".into(), "zip".into()]),
            Problem::new(ErrorCode::ParticipantAlreadyExists, "The participant exists.", trace_id())
                .with_participant_code("XYZ456".to_owned()),
        ]
    }

    #[test]
    fn each_shape_of_a_problem_has_its_members_in_the_documented_order() {
        let all: Vec<_> = every_shape().iter().map(json).collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_problem_is_read_back_as_it_was_written() {
        for problem in every_shape() {
            assert_eq!(serde_json::from_str::<Problem>(&json(&problem)).unwrap(), problem);
        }
    }

    #[test]
    fn no_problem_has_a_top_level_message_and_each_has_errors() {
        for problem in every_shape() {
            let value = serde_json::to_value(&problem).unwrap();
            assert_eq!(value.get("message"), None);
            assert!(value["errors"].as_array().is_some_and(|errors| !errors.is_empty()));
        }
    }

    #[test]
    fn a_code_of_a_later_server_is_read_as_text() {
        let text = r#"{"type":"/errors/later","title":"Later","status":400,"code":"later","detail":"d","trace_id":"t","new":1}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!((problem.error_code(), problem.code.as_ref(), problem.errors.len()), (None, "later", 0));
    }

    #[test]
    fn one_violation_is_counted_in_words() {
        let violation = FieldViolation {
            field: "/email".to_owned(),
            rule: "required".into(),
            message: "is required".into(),
        };
        let problem = Problem::invalid_request(vec![violation], trace_id());
        assert_eq!(problem.detail, "One field is not accepted; nothing was stored.");
        assert_eq!(problem.errors, ["body/email is required"]);
    }
}
