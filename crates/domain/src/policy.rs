//! What a platform's operator may set: each policy is one `KEY=VALUE` of `registrar platform set`.
//!
//! Knows how policies are written and stored, not what they do to a customer. Invariant: what `entries` prints, `set` and
//! `from_text` read back as the same policy.

mod change;
mod table;
#[cfg(test)]
mod tests;

use crate::reference::ReferenceLists;
use crate::reference::nearest::nearest;

pub use change::PolicyChange;
pub use table::{POLICIES, PolicySpec};

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

/// Why a policy could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is no such policy.
    #[error("there is no such policy{}; the policies are {}", meant(*.nearest), keys())]
    UnknownKey {
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The value is not one of the policy's.
    #[error("policy {key} must be {accepted}")]
    Value {
        /// The policy.
        key: &'static str,
        /// What it accepts.
        accepted: &'static str,
    },
    /// One entry of the value is not on the list.
    #[error("policy {key}: entry {position} is not on the list; the value must be {accepted}")]
    Entry {
        /// The policy.
        key: &'static str,
        /// Which entry, counted from 1.
        position: usize,
        /// What it accepts.
        accepted: &'static str,
    },
    /// A line of the stored form is not `key=value`.
    #[error("line {line} of a stored policy is not key=value")]
    Stored {
        /// Which line, counted from 1.
        line: usize,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |key| format!(" (did you mean {key}?)"))
}

fn keys() -> String {
    POLICIES.iter().map(|spec| spec.key).collect::<Vec<_>>().join(", ")
}

/// A list policy has no more entries than there are states in all built-in lists and countries together.
const ENTRIES_MAX: usize = 1000;

/// How an entry of a list policy becomes its stored form; none if it is not on the list.
type Normalise<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Policy {
    /// Sets the policy `key`, with or without the prefix `policy.`, to `value`.
    ///
    /// # Errors
    /// There is no such policy, or the value is not one it accepts; the policy is then unchanged.
    pub fn set(&mut self, key: &str, value: &str, lists: &ReferenceLists) -> Result<(), PolicyError> {
        let country = |text: &str| {
            lists.countries.find(text).filter(|country| country.is_supported()).map(|c| c.alpha2().to_owned())
        };
        let state = |text: &str| {
            let (country, state) = text.split_once('-')?;
            let country = country.to_ascii_uppercase();
            let state = lists.states.of(&country)?.find(state)?;
            Some(format!("{country}-{}", state.code()))
        };
        let id_type = |text: &str| lists.id_types.find(text).map(|id_type| id_type.name().to_owned());
        self.set_with(key, value, [&country, &state, &id_type])
    }

    fn set_with(
        &mut self,
        key: &str,
        value: &str,
        [country, state, id_type]: [Normalise<'_>; 3],
    ) -> Result<(), PolicyError> {
        let spec = spec(key)?;
        let value = value.trim();
        let refused = PolicyError::Value { key: spec.key, accepted: spec.accepted };
        let choice = |yes: &str, no: &str| match value {
            value if value == yes => Ok(true),
            value if value == no => Ok(false),
            _ => Err(refused.clone()),
        };
        match spec.key {
            "unknown_fields" => {
                let rejects = choice("reject", "ignore")?;
                self.unknown_fields = if rejects { UnknownFields::Reject } else { UnknownFields::Ignore };
            }
            "minimum_age" => self.minimum_age = minimum_age(value).ok_or(refused)?,
            "strict_id_numbers" => self.strict_id_numbers = choice("true", "false")?,
            "risk_rating" => self.risk_rating_required = choice("required", "optional")?,
            "signed_timestamp" => self.signed_timestamp_required = choice("required", "optional")?,
            "aadhaar" => self.aadhaar = AadhaarPolicy::parse(value).ok_or(refused)?,
            "countries" => self.countries = entries_of(spec, value, country)?,
            "states" => self.states = entries_of(spec, value, state)?,
            "id_types" => self.id_types = entries_of(spec, value, id_type)?,
            _ => return Err(refused),
        }
        Ok(())
    }

    /// Every policy and its value, in the order of `POLICIES`.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let required = |is_required| if is_required { "required" } else { "optional" }.to_owned();
        let list = |list: &Option<Vec<String>>| list.as_ref().map_or("all".to_owned(), |list| list.join(","));
        vec![
            ("unknown_fields", self.unknown_fields.code().to_owned()),
            ("minimum_age", self.minimum_age.to_string()),
            ("strict_id_numbers", self.strict_id_numbers.to_string()),
            ("risk_rating", required(self.risk_rating_required)),
            ("signed_timestamp", required(self.signed_timestamp_required)),
            ("aadhaar", self.aadhaar.code().to_owned()),
            ("countries", list(&self.countries)),
            ("states", list(&self.states)),
            ("id_types", list(&self.id_types)),
        ]
    }

    /// The stored form: one `key=value` a line.
    pub fn to_text(&self) -> String {
        self.entries().iter().flat_map(|(key, value)| [key, "=", value, "\n"]).collect()
    }

    /// Reads the stored form. Policies that it does not name have their default. Entries of lists are taken as they stand:
    /// a list that changed since never makes a stored platform unreadable.
    ///
    /// # Errors
    /// The first line that this program cannot have written.
    pub fn from_text(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for (index, line) in text.lines().enumerate() {
            let (key, value) = line.split_once('=').ok_or(PolicyError::Stored { line: index + 1 })?;
            policy.set_as_stored(key, value)?;
        }
        Ok(policy)
    }

    fn set_as_stored(&mut self, key: &str, value: &str) -> Result<(), PolicyError> {
        let as_it_stands = |entry: &str| Some(entry.to_owned());
        self.set_with(key, value, [&as_it_stands, &as_it_stands, &as_it_stands])
    }
}

impl UnknownFields {
    /// The value's name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Ignore => "ignore",
        }
    }
}

impl AadhaarPolicy {
    /// The value's name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Seal => "seal",
            Self::Refuse => "refuse",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Mask, Self::Seal, Self::Refuse].into_iter().find(|policy| policy.code() == text)
    }
}

fn spec(key: &str) -> Result<&'static PolicySpec, PolicyError> {
    let key = key.trim();
    let key = key.strip_prefix("policy.").unwrap_or(key);
    POLICIES.iter().find(|spec| spec.key == key).ok_or_else(|| {
        let folded = key.to_ascii_lowercase().replace('-', "_");
        PolicyError::UnknownKey {
            nearest: nearest(&folded, POLICIES.iter().map(|spec| (spec.key, spec.key))),
        }
    })
}

fn minimum_age(value: &str) -> Option<u8> {
    let is_number = (1..=3).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|age| is_number && *age <= 120)
}

/// Sorted and without repetitions, so that equal policies have equal stored forms.
fn entries_of(
    spec: &PolicySpec,
    value: &str,
    normalise: Normalise<'_>,
) -> Result<Option<Vec<String>>, PolicyError> {
    if value.eq_ignore_ascii_case("all") {
        return Ok(None);
    }
    let refused = PolicyError::Value { key: spec.key, accepted: spec.accepted };
    let mut entries = Vec::new();
    for (index, entry) in value.split(',').map(str::trim).enumerate() {
        if entry.is_empty() || index == ENTRIES_MAX {
            return Err(refused);
        }
        let position = index + 1;
        let error = || PolicyError::Entry { key: spec.key, position, accepted: spec.accepted };
        entries.push(normalise(entry).ok_or_else(error)?);
    }
    entries.sort_unstable();
    entries.dedup();
    Ok(Some(entries))
}
