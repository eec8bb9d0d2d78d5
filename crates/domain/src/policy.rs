//! What a platform's operator may set: each policy is one `KEY=VALUE` of `registrar platform set`.
//!
//! Knows how policies are written and stored, not what they do to a customer. Invariant: what `entries` prints, `set` and
//! `from_text` read back as the same policy.

use crate::reference::ReferenceLists;
use crate::reference::nearest::nearest;

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
        self.entries().into_iter().map(|(key, value)| format!("{key}={value}\n")).collect()
    }

    /// Reads the stored form. Policies that it does not name have their default. Entries of lists are taken as they stand:
    /// a list that changed since never makes a stored platform unreadable.
    ///
    /// # Errors
    /// The first line that this program cannot have written.
    pub fn from_text(text: &str) -> Result<Self, PolicyError> {
        let as_it_stands = |entry: &str| Some(entry.to_owned());
        let mut policy = Self::default();
        for (index, line) in text.lines().enumerate() {
            let (key, value) = line.split_once('=').ok_or(PolicyError::Stored { line: index + 1 })?;
            policy.set_with(key, value, [&as_it_stands, &as_it_stands, &as_it_stands])?;
        }
        Ok(policy)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(key: &str, value: &str) -> Result<Policy, PolicyError> {
        let mut policy = Policy::default();
        policy.set(key, value, ReferenceLists::builtin()).map(|()| policy)
    }

    #[test]
    fn the_table_names_every_policy_with_its_default() {
        let defaults: Vec<_> = POLICIES.iter().map(|spec| (spec.key, spec.default.to_owned())).collect();
        assert_eq!(Policy::default().entries(), defaults);
    }

    #[test]
    fn every_policy_can_be_set_with_or_without_its_prefix() {
        let ignore = Policy { unknown_fields: UnknownFields::Ignore, ..Policy::default() };
        assert_eq!(set("unknown_fields", "ignore"), Ok(ignore.clone()));
        assert_eq!(set("policy.unknown_fields", "ignore"), Ok(ignore));
        assert_eq!(set("minimum_age", "21").map(|policy| policy.minimum_age), Ok(21));
        assert_eq!(set("strict_id_numbers", "true").map(|policy| policy.strict_id_numbers), Ok(true));
        assert_eq!(set("risk_rating", "required").map(|policy| policy.risk_rating_required), Ok(true));
        let timestamp = set("signed_timestamp", "optional").map(|policy| policy.signed_timestamp_required);
        assert_eq!(timestamp, Ok(false));
        assert_eq!(set("aadhaar", "seal").map(|policy| policy.aadhaar), Ok(AadhaarPolicy::Seal));
        let countries = set("countries", "us, India,USA").map(|policy| policy.countries);
        assert_eq!(countries, Ok(Some(vec!["IN".to_owned(), "US".to_owned()])));
        let states = set("states", "in-or,US-IL").map(|policy| policy.states);
        assert_eq!(states, Ok(Some(vec!["IN-OD".to_owned(), "US-IL".to_owned()])));
        let id_types = set("id_types", "Passport,pan card").map(|policy| policy.id_types);
        assert_eq!(id_types, Ok(Some(vec!["pan".to_owned(), "passport".to_owned()])));
        assert_eq!(set("countries", "all").map(|policy| policy.countries), Ok(None));
    }

    #[test]
    fn a_wrong_value_is_refused_with_what_is_accepted() {
        for (key, value) in [
            ("unknown_fields", "drop"),
            ("minimum_age", "121"),
            ("minimum_age", "-1"),
            ("minimum_age", "+18"),
            ("minimum_age", ""),
            ("strict_id_numbers", "yes"),
            ("risk_rating", "true"),
            ("signed_timestamp", "false"),
            ("aadhaar", "hash"),
            ("countries", ""),
            ("countries", "IN,,US"),
        ] {
            let accepted = POLICIES.iter().find(|spec| spec.key == key).unwrap().accepted;
            let error = set(key, value).expect_err(value);
            assert_eq!(error.to_string(), format!("policy {key} must be {accepted}"));
        }
    }

    #[test]
    fn an_entry_that_is_not_on_a_list_or_not_supported_is_refused_by_its_position() {
        for (key, value) in [
            ("countries", "IN,Atlantis"),
            ("countries", "IN,CU"),
            ("states", "IN-MH,IN-XX"),
            ("id_types", "pan,x"),
        ] {
            assert!(matches!(set(key, value), Err(PolicyError::Entry { position: 2, .. })), "{value}");
        }
    }

    #[test]
    fn a_slip_in_a_key_gets_the_nearest_one() {
        let nearest = |key| match set(key, "true") {
            Err(PolicyError::UnknownKey { nearest }) => nearest,
            other => panic!("{other:?}"),
        };
        assert_eq!(nearest("strict_id_number"), Some("strict_id_numbers"));
        assert_eq!(nearest("policy.Minimum-Age"), Some("minimum_age"));
        assert_eq!(nearest("colour"), None);
        let message = set("minimun_age", "18").expect_err("a slip").to_string();
        assert!(
            message
                .starts_with("there is no such policy (did you mean minimum_age?); the policies are unknown")
        );
    }

    #[test]
    fn a_failed_set_changes_nothing() {
        let mut policy = Policy::default();
        assert!(policy.set("countries", "IN,nowhere", ReferenceLists::builtin()).is_err());
        assert_eq!(policy, Policy::default());
    }

    #[test]
    fn the_stored_form_is_stable() {
        assert_eq!(
            Policy::default().to_text(),
            "unknown_fields=reject\nminimum_age=18\nstrict_id_numbers=false\nrisk_rating=optional\n\
             signed_timestamp=required\naadhaar=mask\ncountries=all\nstates=all\nid_types=all\n"
        );
        assert_eq!(Policy::from_text(""), Ok(Policy::default()));
        assert_eq!(Policy::from_text("minimum_age=18\nnonsense"), Err(PolicyError::Stored { line: 2 }));
    }

    fn policies() -> impl Strategy<Value = Policy> {
        let list = |entries: &'static [&'static str]| {
            proptest::option::of(proptest::sample::subsequence(entries, 1..=entries.len()))
                .prop_map(|list| list.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>()))
        };
        let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        let aadhaar =
            prop_oneof![Just(AadhaarPolicy::Mask), Just(AadhaarPolicy::Seal), Just(AadhaarPolicy::Refuse)];
        let lists = (list(&["IN", "US"]), list(&["IN-MH", "IN-OD", "US-IL"]), list(&["pan", "passport"]));
        (flags, 0..=120u8, aadhaar, lists).prop_map(|(flags, minimum_age, aadhaar, lists)| Policy {
            unknown_fields: if flags.0 { UnknownFields::Reject } else { UnknownFields::Ignore },
            minimum_age,
            strict_id_numbers: flags.1,
            risk_rating_required: flags.2,
            signed_timestamp_required: flags.3,
            aadhaar,
            countries: lists.0,
            states: lists.1,
            id_types: lists.2,
        })
    }

    proptest! {
        #[test]
        fn what_is_stored_and_what_is_printed_read_back_the_same(policy in policies()) {
            prop_assert_eq!(Policy::from_text(&policy.to_text()), Ok(policy.clone()));
            let mut again = Policy::default();
            for (key, value) in policy.entries() {
                prop_assert_eq!(again.set(key, &value, ReferenceLists::builtin()), Ok(()));
            }
            prop_assert_eq!(again, policy);
        }
    }
}
