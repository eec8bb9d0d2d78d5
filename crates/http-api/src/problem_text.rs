//! The text of a refusal, of a `create_customer` for one: `application/problem+json`, written while it becomes known, because
//! a flood of refused requests is answered with these. `registrar_wire::Problem` is the same shape for reading.
//!
//! Does not choose codes or sentences. Invariant: members come in the order of `Problem`.

use std::borrow::Cow;
use std::sync::LazyLock;

use registrar_crypto::signature::{SignedParts, sha256_hex};
use registrar_json::write_string;
use registrar_wire::{ErrorCode, FieldViolation, Hint, Problem};

/// A problem in two halves, between which its trace id comes.
pub(crate) struct ProblemText {
    /// Up to `errors` or `violations`.
    beginning: Cow<'static, str>,
    /// The members after `trace_id`.
    ending: String,
}

impl ProblemText {
    /// A problem whose one sentence is its detail.
    pub(crate) fn new(code: ErrorCode, detail: &str) -> Self {
        Self::from_beginning(Cow::Owned(beginning(code, detail, [detail].into_iter())))
    }

    /// A problem of which nothing but the trace id and what is added changes from request to request.
    pub(crate) fn ready_made(beginning: &'static LazyLock<String>) -> Self {
        Self::from_beginning(Cow::Borrowed(beginning.as_str()))
    }

    /// `invalid_request` with everything that is wrong.
    pub(crate) fn invalid_request(violations: Vec<FieldViolation>) -> Self {
        let problem = Problem::invalid_request(violations, String::new());
        let sentences = problem.errors.iter().map(|sentence| &**sentence);
        let mut text = beginning(ErrorCode::InvalidRequest, &problem.detail, sentences);
        text.push_str(",\"violations\":");
        list(&mut text, problem.violations.iter().flatten(), |text, violation| {
            text.push('{');
            member(text, "\"field\":", &violation.field);
            member(text, ",\"rule\":", &violation.rule);
            member(text, ",\"message\":", &violation.message);
            text.push('}');
        });
        Self::from_beginning(Cow::Owned(text))
    }

    const fn from_beginning(beginning: Cow<'static, str>) -> Self {
        Self { beginning, ending: String::new() }
    }

    /// What the server took as signed: only what the request itself determines (contract 1.9).
    pub(crate) fn add_signed(&mut self, parts: &SignedParts<'_>) {
        let text = &mut self.ending;
        text.reserve(SIGNED_BYTES_EXPECTED);
        member(text, ",\"signed\":{\"timestamp\":", parts.timestamp);
        member(text, ",\"method\":", parts.method);
        member(text, ",\"target\":", parts.target);
        number(text, ",\"body_length\":", &parts.body.len());
        member(text, ",\"body_sha256\":", &sha256_hex(parts.body));
        text.push('}');
    }

    /// The mistake that explains a signature.
    pub(crate) fn add_hint(&mut self, hint: Hint) {
        member(&mut self.ending, ",\"hint\":", hint.code());
        member(&mut self.ending, ",\"hint_detail\":", hint.sentence());
    }

    /// The server's clock and how far the request's is ahead of it, in seconds.
    pub(crate) fn add_clock(&mut self, server_time: i64, difference_seconds: i64) {
        number(&mut self.ending, ",\"server_time\":", &server_time);
        number(&mut self.ending, ",\"difference_seconds\":", &difference_seconds);
    }

    /// The names of the fields that differ from the stored payload.
    pub(crate) fn add_differs(&mut self, fields: &[impl AsRef<str>]) {
        self.ending.push_str(",\"differs\":");
        list(&mut self.ending, fields.iter(), |text, field| write_string(field.as_ref(), text));
    }

    /// The customer that exists.
    pub(crate) fn add_participant_code(&mut self, participant_code: &str) {
        member(&mut self.ending, ",\"participant_code\":", participant_code);
    }

    /// The whole text.
    pub(crate) fn with_trace_id(&self, trace_id: &str) -> String {
        [&self.beginning, ",\"trace_id\":\"", trace_id, "\"", &self.ending, "}"].concat()
    }
}

/// Room for what `add_signed` writes of a request to the longest path there is.
const SIGNED_BYTES_EXPECTED: usize = 224;

/// The text up to `errors`.
pub(crate) fn beginning<'a>(
    code: ErrorCode,
    detail: &str,
    sentences: impl Iterator<Item = &'a str>,
) -> String {
    let mut text = String::with_capacity(192 + 2 * detail.len());
    member(&mut text, "{\"type\":", code.type_uri());
    member(&mut text, ",\"title\":", code.title());
    number(&mut text, ",\"status\":", &code.status());
    member(&mut text, ",\"code\":", code.code());
    member(&mut text, ",\"detail\":", detail);
    text.push_str(",\"errors\":");
    list(&mut text, sentences, |text, sentence| write_string(sentence, text));
    text
}

fn member(text: &mut String, beginning: &str, value: &str) {
    text.push_str(beginning);
    write_string(value, text);
}

fn number(text: &mut String, beginning: &str, value: &impl ToString) {
    text.push_str(beginning);
    text.push_str(&value.to_string());
}

fn list<T>(text: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    text.push('[');
    for (position, item) in items.enumerate() {
        if position > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_ID: &str = "0192f0c1-2b3c-7d4e-8f50-616263646566";

    fn every_shape() -> Vec<ProblemText> {
        let parts = SignedParts {
            timestamp: "17\"00",
            method: "POST",
            target: "/participants/customers/new?\\",
            body: b"body",
        };
        let violation = |field: &str, rule: &'static str| FieldViolation {
            field: field.to_owned(),
            rule: rule.into(),
            message: "must be \"quoted\", \\ or \u{20ac}\n\u{1}\u{7f}".into(),
        };
        let with = |code, add: fn(&mut ProblemText)| {
            let mut text = ProblemText::new(code, "What is wrong.");
            add(&mut text);
            text
        };
        let mut signed = ProblemText::new(ErrorCode::InvalidSignature, "No.");
        signed.add_signed(&parts);
        signed.add_hint(Hint::HexDigest);
        vec![
            signed,
            with(ErrorCode::NotFound, |_| {}),
            with(ErrorCode::TimestampOutsideWindow, |text| text.add_clock(1_700_000_000, -86_400)),
            with(ErrorCode::RequestIdReused, |text| text.add_differs(&["email", "zip"])),
            with(ErrorCode::ParticipantAlreadyExists, |text| text.add_participant_code("XYZ456")),
            ProblemText::invalid_request(vec![violation("/zip", "format")]),
            ProblemText::invalid_request(vec![violation("/zip", "format"), violation("/?", "unknown_field")]),
        ]
    }

    #[test]
    fn every_shape_is_the_problem_that_clients_read_member_for_member() {
        for shape in every_shape() {
            let text = shape.with_trace_id(TRACE_ID);
            let problem: Problem = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&problem).unwrap(), text);
            assert_eq!(problem.trace_id, TRACE_ID);
        }
    }
}
