//! The fields a log line may have. What is not on this list is dropped, so that nothing personal slips in by accident.
//!
//! Invariant: no name here stands for something a person submitted, a secret, a passphrase or a signature.

use std::borrow::Cow;
use std::fmt::Debug;

use tracing::field::{Field, Visit};

/// The fields that are kept (contract 4.2: add a name only if its values can never be personal).
pub(crate) const FIELDS: &[&str] = &[
    "trace_id",
    "client_request_id",
    "operation",
    "method",
    "status",
    "code",
    "platform_code",
    "participant_code",
    "replayed",
    "duration_us",
    "body_bytes",
    "listen",
    "metrics_listen",
    "version",
    "schema_version",
    "connections",
    "requests",
    "dropped_lines",
    "path",
    "cure",
    "signal",
    "count",
    "error",
];

/// A value longer than this is cut: a log line is not the place for a document.
const CHARS_MAX: usize = 500;

/// A kept value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Count(u64),
    Fraction(f64),
    Flag(bool),
}

impl Value {
    /// The value as text, without quotes.
    pub(crate) fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Count(number) => Cow::Owned(number.to_string()),
            Self::Fraction(number) => Cow::Owned(number.to_string()),
            Self::Flag(flag) => Cow::Owned(flag.to_string()),
        }
    }
}

/// The message and the allowed fields of one event or span.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    pub(crate) message: String,
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Kept {
    fn keep(&mut self, field: &Field, value: Value) {
        let Some(name) = FIELDS.iter().find(|name| **name == field.name()) else { return };
        self.fields.retain(|(kept, _)| kept != name);
        self.fields.push((name, value));
    }
}

impl Visit for Kept {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = || format!("{value:?}").chars().take(CHARS_MAX).collect();
        if field.name() == "message" {
            self.message = text();
        } else if FIELDS.contains(&field.name()) {
            // Formatted only when it is kept: formatting is work, and what is dropped must not even be read.
            self.keep(field, Value::Text(text()));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, Value::Text(value.chars().take(CHARS_MAX).collect()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, Value::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, Value::Count(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, Value::Fraction(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, Value::Flag(value));
    }
}
