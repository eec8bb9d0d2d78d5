//! `id_number_type`: on the list of kinds of identity documents; echoed as sent.

use registrar_json::Value;

use super::country::{LISTED_MAX, suggest};
use super::text::{check_no_control, string};
use crate::customer::Terms;
use crate::pii::Pii;
use crate::policy::AadhaarPolicy;
use crate::reference::{IdKind, IdType};
use crate::violation::{Refusal, Rule};

/// The kind of document that identifies a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdNumberType {
    sent: Pii<String>,
    kind: IdKind,
}

impl IdNumberType {
    /// Parses a kind of document (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks; `not_supported` for one that the platform's policy does not take.
    pub fn parse(value: &Value<'_>, terms: &Terms<'_>) -> Result<Self, Refusal> {
        let text = string(value)?;
        check_no_control(text)?;
        let id_types = &terms.lists.id_types;
        let Some(id_type) = id_types.find(text) else {
            let nearest = id_types.nearest(text).filter(|id_type| is_accepted(id_type, terms));
            let message = suggest(nearest.map(IdType::name), &accepted(terms));
            return Err(Refusal::new(Rule::OneOf, message));
        };
        if !is_accepted(id_type, terms) {
            let message = format!("is an ID type that is not supported here; it {}", accepted(terms));
            return Err(Refusal::new(Rule::NotSupported, message));
        }
        Ok(Self { sent: Pii::new(text.to_owned()), kind: id_type.kind() })
    }

    /// The type as sent.
    pub fn as_str(&self) -> &str {
        self.sent.reveal()
    }

    /// Which rules its numbers have.
    pub fn kind(&self) -> IdKind {
        self.kind
    }
}

fn is_accepted(id_type: &IdType, terms: &Terms<'_>) -> bool {
    let is_refused = id_type.kind() == IdKind::Aadhaar && terms.policy.aadhaar == AadhaarPolicy::Refuse;
    let narrowed = terms.policy.id_types.as_ref();
    !is_refused && narrowed.is_none_or(|names| names.iter().any(|name| name == id_type.name()))
}

fn accepted(terms: &Terms<'_>) -> String {
    let accepted = || terms.lists.id_types.all().iter().filter(|id_type| is_accepted(id_type, terms));
    if accepted().count() > LISTED_MAX {
        return "must be a supported ID type".to_owned();
    }
    let names: Vec<_> = accepted().map(IdType::name).collect();
    format!("must be one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::{rule_of, terms_with, text};
    use crate::policy::Policy;
    use crate::reference::ReferenceLists;

    fn parse(id_type: &str, policy: &Policy) -> Result<IdNumberType, Refusal> {
        IdNumberType::parse(&text(id_type), &terms_with(policy))
    }

    #[test]
    fn every_type_is_accepted_in_any_case_with_spaces_or_hyphens_and_echoed_as_sent() {
        for known in ReferenceLists::builtin().id_types.all() {
            for form in [
                known.name().to_owned(),
                known.name().to_uppercase(),
                known.name().replace('_', " "),
                known.name().replace('_', "-"),
            ] {
                let parsed = parse(&form, &Policy::default()).unwrap();
                assert_eq!((parsed.as_str(), parsed.kind()), (form.as_str(), known.kind()));
            }
        }
    }

    #[test]
    fn an_unknown_type_gets_the_whole_list_and_the_nearest_name() {
        let refusal = parse("pasport", &Policy::default()).unwrap_err();
        assert_eq!(refusal.rule, Rule::OneOf);
        assert_eq!(
            refusal.message,
            "is not on the list; did you mean passport? It must be one of ssn, us_drivers_license, us_passport, us_passport_card, us_permanent_resident_card, \
             us_border_crossing_card, us_alien_card, us_id_card, passport, non_us_passport, aadhaar, pan, voter_id, \
             driving_licence, non_us_other"
        );
        for other in ["", " ", " passport", "library card"] {
            assert_eq!(rule_of(parse(other, &Policy::default())), Some(Rule::OneOf), "{other}");
        }
        assert_eq!(rule_of(parse("pan\t", &Policy::default())), Some(Rule::Characters));
    }

    #[test]
    fn a_type_outside_the_platforms_policy_is_not_supported() {
        let policy = Policy { id_types: Some(vec!["pan".into(), "passport".into()]), ..Policy::default() };
        assert!(parse("PAN card", &policy).is_ok());
        let refusal = parse("ssn", &policy).unwrap_err();
        assert_eq!(refusal.rule, Rule::NotSupported);
        assert!(refusal.message.ends_with("it must be one of passport, pan"), "{}", refusal.message);
    }

    #[test]
    fn aadhaar_is_not_supported_where_policy_refuses_it() {
        let policy = Policy { aadhaar: AadhaarPolicy::Refuse, ..Policy::default() };
        for form in ["aadhaar", "Aadhar Card"] {
            let refusal = parse(form, &policy).unwrap_err();
            assert_eq!(refusal.rule, Rule::NotSupported);
            assert!(!refusal.message.contains("aadhaar"), "{}", refusal.message);
        }
    }
}
