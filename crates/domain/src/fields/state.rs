//! `state`: on the country's list where there is one, echoed by its current code; otherwise free text.

use registrar_json::Value;

use super::country::{Country, LISTED_MAX, suggest};
use super::text::{Length, check_characters, string, tidy};
use crate::customer::Terms;
use crate::pii::Pii;
use crate::policy::Policy;
use crate::reference::{self, StatesOfCountry};
use crate::violation::{Refusal, Rule};

pub(super) const LENGTH: Length = Length::new(1, 100);

/// The state a customer lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(Pii<String>);

impl State {
    /// Parses a state of `country`; with no country, only what needs none is checked (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>, country: Option<&Country>, terms: &Terms<'_>) -> Result<Self, Refusal> {
        let text = tidy(string(value)?);
        LENGTH.check(&text)?;
        check_characters(&text)?;
        let list = country.and_then(|country| {
            terms.lists.states.of(country.alpha2()).map(|states| Listed {
                states,
                country,
                policy: terms.policy,
            })
        });
        match list {
            Some(list) => list.code(&text).map(|code| Self(Pii::new(code.to_owned()))),
            None => Ok(Self(Pii::new(text.into_owned()))),
        }
    }

    /// The current code of a listed state, or the text as accepted.
    pub fn as_str(&self) -> &str {
        self.0.reveal()
    }
}

struct Listed<'a> {
    states: &'a StatesOfCountry,
    country: &'a Country,
    policy: &'a Policy,
}

impl<'a> Listed<'a> {
    fn code(&self, text: &str) -> Result<&'a str, Refusal> {
        let Some(state) = self.states.find(text) else {
            let nearest = self.states.nearest(text).filter(|state| self.is_accepted(state));
            let nearest = nearest.map(|near| format!("{} ({})", near.name(), near.code()));
            return Err(Refusal::new(Rule::OneOf, suggest(nearest.as_deref(), &self.accepted())));
        };
        if !self.is_accepted(state) {
            let message = format!("is a state that is not supported here; it {}", self.accepted());
            return Err(Refusal::new(Rule::NotSupported, message));
        }
        Ok(state.code())
    }

    /// A policy narrows only the countries it names.
    fn is_accepted(&self, state: &reference::State) -> bool {
        let Some(narrowed) = &self.policy.states else { return true };
        let mut of_country = narrowed.iter().filter_map(|entry| {
            entry.split_once('-').filter(|(country, _)| *country == self.country.alpha2())
        });
        let mut is_named = false;
        of_country.any(|(_, code)| {
            is_named = true;
            code == state.code()
        }) || !is_named
    }

    fn accepted(&self) -> String {
        let accepted = || self.states.all().iter().filter(|state| self.is_accepted(state));
        if accepted().count() > LISTED_MAX {
            return "must be the ISO 3166-2 code or the English name of a state of the country".to_owned();
        }
        let states: Vec<_> = accepted().map(|state| format!("{} ({})", state.code(), state.name())).collect();
        format!("must be one of {}", states.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::{rule_of, terms_with, text};
    use crate::reference::ReferenceLists;

    fn parse_with(state: &str, country: Option<&str>, policy: &Policy) -> Result<State, Refusal> {
        let terms = terms_with(policy);
        let country = country.map(|country| Country::parse(&text(country), &terms).unwrap());
        State::parse(&text(state), country.as_ref(), &terms)
    }

    fn parse(state: &str, country: Option<&str>) -> Result<State, Refusal> {
        parse_with(state, country, &Policy::default())
    }

    #[test]
    fn every_listed_state_is_echoed_by_its_current_code() {
        for country in ["IN", "US"] {
            for known in ReferenceLists::builtin().states.of(country).unwrap().all() {
                let prefixed = format!("{country}-{}", known.code());
                for form in [known.code(), known.name(), &known.name().to_uppercase(), &prefixed] {
                    assert_eq!(parse(form, Some(country)).unwrap().as_str(), known.code(), "{form}");
                }
            }
        }
        for (superseded, current) in
            [("CT", "CG"), ("OR", "OD"), ("TG", "TS"), ("UT", "UK"), ("UL", "UK"), ("DN", "DH"), ("DD", "DH")]
        {
            assert_eq!(parse(superseded, Some("IN")).unwrap().as_str(), current);
        }
    }

    #[test]
    fn a_state_that_is_not_on_the_list_gets_the_whole_list_and_the_nearest_name() {
        let refusal = parse("Maharastra", Some("IN")).unwrap_err();
        assert_eq!(refusal.rule, Rule::OneOf);
        assert!(
            refusal.message.starts_with(
                "is not on the list; did you mean Maharashtra (MH)? It must be one of AN (Andaman and Nicobar Islands), AP"
            ),
            "{}",
            refusal.message
        );
        assert!(refusal.message.ends_with("WB (West Bengal)"), "{}", refusal.message);
        assert_eq!(rule_of(parse("MH", Some("US"))), Some(Rule::OneOf));
        assert!(parse("Bombay", Some("IN")).unwrap_err().message.ends_with("WB (West Bengal)"));
    }

    #[test]
    fn a_country_without_a_list_takes_free_text_to_a_hundred_characters() {
        assert_eq!(parse("  Île-de-\u{46}rance ", Some("FR")).unwrap().as_str(), "Île-de-France");
        assert!(parse(&"é".repeat(100), Some("FR")).is_ok());
        assert_eq!(rule_of(parse(&"é".repeat(101), Some("FR"))), Some(Rule::Length));
        assert_eq!(rule_of(parse("a\u{2028}b", Some("FR"))), Some(Rule::Characters));
    }

    #[test]
    fn without_a_country_only_what_needs_none_is_checked() {
        assert!(parse("Nowhere", None).is_ok());
        assert_eq!(rule_of(parse(&"a".repeat(101), None)), Some(Rule::Length));
        assert_eq!(rule_of(parse("a\0", None)), Some(Rule::Characters));
    }

    #[test]
    fn a_policy_narrows_the_countries_it_names_and_no_other() {
        let policy = Policy { states: Some(vec!["IN-MH".into(), "IN-GA".into()]), ..Policy::default() };
        assert!(parse_with("Goa", Some("IN"), &policy).is_ok());
        assert!(parse_with("IL", Some("US"), &policy).is_ok());
        let refusal = parse_with("Kerala", Some("IN"), &policy).unwrap_err();
        assert_eq!(refusal.rule, Rule::NotSupported);
        assert!(
            refusal.message.ends_with("it must be one of GA (Goa), MH (Maharashtra)"),
            "{}",
            refusal.message
        );
    }
}
