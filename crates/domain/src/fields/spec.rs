//! The words in which the table of fields is written.

use super::table::FIELDS;
use super::text::Length;

/// A field of the body, in the order of contract 3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of that name in contract 3.3")]
pub enum Field {
    RequestId,
    FirstName,
    LastName,
    Email,
    AddressOne,
    AddressTwo,
    City,
    State,
    Zip,
    Country,
    DateOfBirth,
    IdNumberType,
    IdNumber,
    NonUsOtherType,
    IdIssuingAuthority,
    RiskRating,
    SignedTimestamp,
    Prefunded,
    Metadata,
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Self::Metadata as usize + 1;

    /// The field of that name. A `match`, because every request asks for every name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "request_id" => Self::RequestId,
            "first_name" => Self::FirstName,
            "last_name" => Self::LastName,
            "email" => Self::Email,
            "address_one" => Self::AddressOne,
            "address_two" => Self::AddressTwo,
            "city" => Self::City,
            "state" => Self::State,
            "zip" => Self::Zip,
            "country" => Self::Country,
            "date_of_birth" => Self::DateOfBirth,
            "id_number_type" => Self::IdNumberType,
            "id_number" => Self::IdNumber,
            "non_us_other_type" => Self::NonUsOtherType,
            "id_issuing_authority" => Self::IdIssuingAuthority,
            "risk_rating" => Self::RiskRating,
            "signed_timestamp" => Self::SignedTimestamp,
            "prefunded" => Self::Prefunded,
            "metadata" => Self::Metadata,
            _ => return None,
        })
    }

    /// Its place in the table.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its line of the table.
    pub fn spec(self) -> &'static FieldSpec {
        // A place for every field: the array's length is `COUNT`.
        &FIELDS[self.index()]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.spec().name
    }
}

/// A JSON type that a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A string.
    String,
    /// A number without fraction and exponent.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
}

impl JsonType {
    /// The type's name in JSON Schema.
    pub const fn code(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
        }
    }
}

/// Whether a field must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Always.
    Required,
    /// Never.
    Optional,
    /// Under a condition on other fields, in words that follow "required when".
    RequiredWhen(&'static str),
    /// As a policy says; the flag is what a new platform's policy says.
    ByPolicy {
        /// The policy's key.
        key: &'static str,
        /// Whether the policy's default is that it is required.
        required_by_default: bool,
    },
}

/// The closed list a field's value is on; the lists are data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// The countries list.
    Countries,
    /// The states list of the customer's country, where there is one.
    States,
    /// The list of ID types.
    IdTypes,
    /// `RiskRating::ALL`.
    RiskRatings,
}

/// A rule that the API page does not state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stricter {
    /// The rule, as a sentence.
    pub what: &'static str,
    /// The policy that relaxes it, if one does.
    pub relaxed_by: Option<&'static str>,
}

impl Stricter {
    /// A rule that no policy relaxes.
    pub(super) const fn always(what: &'static str) -> Self {
        Self { what, relaxed_by: None }
    }

    /// A rule that a policy relaxes.
    pub(super) const fn unless(key: &'static str, what: &'static str) -> Self {
        Self { what, relaxed_by: Some(key) }
    }
}

/// What is published of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Which field.
    pub field: Field,
    /// Its name in the body.
    pub name: &'static str,
    /// The JSON types it takes; `null` means absent for every field.
    pub types: &'static [JsonType],
    /// Whether it must be given.
    pub presence: Presence,
    /// How many characters a string takes after trimming; none where the format says it.
    pub length: Option<Length>,
    /// An ECMA-262 pattern that every accepted string matches that is not blank.
    pub pattern: Option<&'static str>,
    /// The JSON Schema format.
    pub format: Option<&'static str>,
    /// The list its values are on.
    pub values: Option<Values>,
    /// Whether the answer to a create has it.
    pub is_echoed: bool,
    /// The rule, in one sentence.
    pub rule: &'static str,
    /// An example, as JSON.
    pub example: &'static str,
    /// The rules that the API page does not state.
    pub stricter: &'static [Stricter],
}
