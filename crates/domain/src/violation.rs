//! What is wrong with a field: its name, the rule and what would be accepted, never the value (contract 2.3).

use std::borrow::Cow;

/// The rule a field broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The field is missing.
    Required,
    /// The JSON type is wrong.
    Type,
    /// Too short or too long.
    Length,
    /// Not of the documented form.
    Format,
    /// A character that is not accepted.
    Characters,
    /// Not one of a closed list.
    OneOf,
    /// Outside the accepted range.
    Range,
    /// A name nobody knows.
    Unknown,
    /// Known, but not supported here.
    NotSupported,
    /// Must not be given: not at all (a PO box), or not in this combination.
    NotAllowed,
    /// A member this operation does not have.
    UnknownField,
}

impl Rule {
    /// Every rule.
    pub const ALL: &'static [Self] = &[
        Self::Required,
        Self::Type,
        Self::Length,
        Self::Format,
        Self::Characters,
        Self::OneOf,
        Self::Range,
        Self::Unknown,
        Self::NotSupported,
        Self::NotAllowed,
        Self::UnknownField,
    ];

    /// The stable name of the rule in a violation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Type => "type",
            Self::Length => "length",
            Self::Format => "format",
            Self::Characters => "characters",
            Self::OneOf => "one_of",
            Self::Range => "range",
            Self::Unknown => "unknown",
            Self::NotSupported => "not_supported",
            Self::NotAllowed => "not_allowed",
            Self::UnknownField => "unknown_field",
        }
    }
}

/// One violation. `field` is a field's name or, for an unknown member, its name where that is safe to show, else `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, without the leading slash of its JSON pointer.
    pub field: String,
    /// The rule.
    pub rule: Rule,
    /// A sentence part that follows the field's name: what is wrong and what would be accepted.
    pub message: String,
}

impl Violation {
    /// The violation of a field that refuses its value.
    pub fn new(field: impl Into<String>, refusal: Refusal) -> Self {
        Self { field: field.into(), rule: refusal.rule, message: refusal.message.into_owned() }
    }
}

/// Why a value is refused, before it is said of which field. Its message never contains the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// A sentence part that follows the field's name.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal.
    pub fn new(rule: Rule, message: impl Into<Cow<'static, str>>) -> Self {
        Self { rule, message: message.into() }
    }
}
