//! What a platform's operator may set: each policy is one `KEY=VALUE` of `registrar platform set`.

/// What to do with a member that the operation does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownFields {
    /// Refuse the request.
    Reject,
    /// Accept the request without it; it still counts in the payload (contract 3.4).
    Ignore,
}

/// What is stored of an Aadhaar number (contract 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AadhaarPolicy {
    /// Only the last four digits are stored and echoed.
    Mask,
    /// The whole number is sealed and echoed.
    Seal,
    /// A customer with an Aadhaar number is refused.
    Refuse,
}

/// The policies of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `unknown_fields = reject | ignore`
    pub unknown_fields: UnknownFields,
    /// `minimum_age`, in years by UTC, 0 to 120.
    pub minimum_age: u8,
    /// `strict_id_numbers = true | false`
    pub strict_id_numbers: bool,
    /// `risk_rating = optional | required`
    pub risk_rating_required: bool,
    /// `signed_timestamp = required | optional`
    pub signed_timestamp_required: bool,
    /// `aadhaar = mask | seal | refuse`
    pub aadhaar: AadhaarPolicy,
    /// `countries = IN,US | all`: alpha-2 codes this platform may use; none means every supported one.
    pub countries: Option<Vec<String>>,
    /// `states = IN-MH,US-IL | all`: codes this platform may use in the countries that the list names.
    pub states: Option<Vec<String>>,
    /// `id_types = passport,pan | all`: canonical names this platform may use.
    pub id_types: Option<Vec<String>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            unknown_fields: UnknownFields::Reject,
            minimum_age: 18,
            strict_id_numbers: false,
            risk_rating_required: false,
            signed_timestamp_required: true,
            aadhaar: AadhaarPolicy::Mask,
            countries: None,
            states: None,
            id_types: None,
        }
    }
}
