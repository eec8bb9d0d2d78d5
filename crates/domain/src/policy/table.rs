//! The table of policies: what `registrar platform set` takes, and what the operator's documentation says of it.

/// What the operator's documentation says of one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicySpec {
    /// Its key.
    pub key: &'static str,
    /// The accepted values.
    pub accepted: &'static str,
    /// The value of a new platform.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub meaning: &'static str,
}

/// Every policy, in the order they are printed.
pub const POLICIES: &[PolicySpec] = &[
    PolicySpec {
        key: "unknown_fields",
        accepted: "reject or ignore",
        default: "reject",
        meaning: "Whether a body with a field that the operation does not have is refused, or accepted without it.",
    },
    PolicySpec {
        key: "minimum_age",
        accepted: "a whole number of years from 0 to 120",
        default: "18",
        meaning: "How old a customer must be on the day of the request, by UTC.",
    },
    PolicySpec {
        key: "strict_id_numbers",
        accepted: "true or false",
        default: "false",
        meaning: "Whether Aadhaar, PAN, Indian passport and voter id numbers must have their official form.",
    },
    PolicySpec {
        key: "risk_rating",
        accepted: "optional or required",
        default: "optional",
        meaning: "Whether risk_rating must be given.",
    },
    PolicySpec {
        key: "signed_timestamp",
        accepted: "required or optional",
        default: "required",
        meaning: "Whether signed_timestamp must be given.",
    },
    PolicySpec {
        key: "aadhaar",
        accepted: "mask, seal or refuse",
        default: "mask",
        meaning: "Whether only the last four digits of an Aadhaar number are kept, or all of it, or none is accepted.",
    },
    PolicySpec {
        key: "countries",
        accepted: "all, or codes or names of supported countries separated by commas, such as IN,US",
        default: "all",
        meaning: "Which of the supported countries the platform's customers may live in.",
    },
    PolicySpec {
        key: "states",
        accepted: "all, or codes of listed states separated by commas, such as IN-MH,US-IL",
        default: "all",
        meaning: "Which listed states customers may live in; a country that is not named keeps all of its states.",
    },
    PolicySpec {
        key: "id_types",
        accepted: "all, or ID types separated by commas, such as passport,pan",
        default: "all",
        meaning: "Which of the supported ID types the platform may submit.",
    },
];
