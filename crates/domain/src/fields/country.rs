//! `country`: a code or name on the countries list; echoed by its English name.

use registrar_json::Value;

use super::text::{Length, check_characters, string, tidy};
use crate::customer::Terms;
use crate::pii::Pii;
use crate::reference;
use crate::violation::{Refusal, Rule};

pub(super) const LENGTH: Length = Length::new(1, 100);

/// A list of accepted values is shown in full up to this many (contract 2.3).
pub(super) const LISTED_MAX: usize = 64;

/// The country a customer lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    name: Pii<String>,
    alpha2: Pii<String>,
}

impl Country {
    /// Parses a country (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks; `unknown` for a name nobody knows, `not_supported` for one not accepted here.
    pub fn parse(value: &Value<'_>, terms: &Terms<'_>) -> Result<Self, Refusal> {
        let text = tidy(string(value)?);
        LENGTH.check(&text)?;
        check_characters(&text)?;
        let countries = &terms.lists.countries;
        let Some(country) = countries.find(&text) else {
            let nearest = countries.nearest(&text).filter(|country| is_accepted(country, terms));
            let message = suggest(nearest.map(reference::Country::name), &accepted(terms));
            return Err(Refusal::new(Rule::Unknown, message));
        };
        if !is_accepted(country, terms) {
            let message = format!("is a country that is not supported here; it {}", accepted(terms));
            return Err(Refusal::new(Rule::NotSupported, message));
        }
        let [name, alpha2] = [country.name(), country.alpha2()].map(|text| Pii::new(text.to_owned()));
        Ok(Self { name, alpha2 })
    }

    /// The English name: the echo.
    pub fn name(&self) -> &str {
        self.name.reveal()
    }

    /// The alpha-2 code.
    pub fn alpha2(&self) -> &str {
        self.alpha2.reveal()
    }

    /// Whether it is India, where state is required and PIN codes are accepted.
    pub fn is_india(&self) -> bool {
        self.alpha2() == "IN"
    }

    /// Whether it is the United States, where zip is required.
    pub fn is_united_states(&self) -> bool {
        self.alpha2() == "US"
    }
}

fn is_accepted(country: &reference::Country, terms: &Terms<'_>) -> bool {
    let narrowed = terms.policy.countries.as_ref();
    country.is_supported() && narrowed.is_none_or(|codes| codes.iter().any(|code| code == country.alpha2()))
}

fn accepted(terms: &Terms<'_>) -> String {
    let accepted = || terms.lists.countries.all().iter().filter(|country| is_accepted(country, terms));
    if accepted().count() > LISTED_MAX {
        return "must be the English name, the ISO 3166-1 short name or the alpha-2 or alpha-3 code of a supported \
                country"
            .to_owned();
    }
    let names: Vec<_> =
        accepted().map(|country| format!("{} ({})", country.name(), country.alpha2())).collect();
    format!("must be one of {}", names.join(", "))
}

/// The refusal of a name that is on no list: what was probably meant comes before everything that would be accepted.
pub(super) fn suggest(nearest: Option<&str>, accepted: &str) -> String {
    nearest.map_or_else(
        || accepted.to_owned(),
        |nearest| format!("is not on the list; did you mean {nearest}? It {accepted}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::{rule_of, terms_with, text};
    use crate::policy::Policy;
    use crate::reference::ReferenceLists;

    fn parse(country: &str, policy: &Policy) -> Result<Country, Refusal> {
        Country::parse(&text(country), &terms_with(policy))
    }

    #[test]
    fn every_supported_country_is_echoed_by_its_english_name() {
        for known in ReferenceLists::builtin().countries.all().iter().filter(|country| country.is_supported())
        {
            for form in [known.name(), known.alpha2(), known.alpha3()] {
                assert_eq!(parse(form, &Policy::default()).unwrap().name(), known.name());
            }
        }
    }

    #[test]
    fn every_unsupported_country_is_not_supported_under_any_of_its_names() {
        for known in
            ReferenceLists::builtin().countries.all().iter().filter(|country| !country.is_supported())
        {
            for form in [known.name(), known.alpha2(), known.alpha3()] {
                let refusal = parse(form, &Policy::default()).unwrap_err();
                assert_eq!(refusal.rule, Rule::NotSupported);
                assert!(!refusal.message.contains(known.name()));
            }
        }
    }

    #[test]
    fn a_name_nobody_knows_is_unknown_and_gets_the_nearest_accepted_one() {
        let refusal = parse("Indai", &Policy::default()).unwrap_err();
        assert_eq!(refusal.rule, Rule::Unknown);
        assert!(
            refusal
                .message
                .starts_with("is not on the list; did you mean India? It must be the English name"),
            "{}",
            refusal.message
        );
        for far in ["Atlantis", "Rusia", "XX", "???"] {
            let refusal = parse(far, &Policy::default()).unwrap_err();
            assert_eq!(refusal.rule, Rule::Unknown, "{far}");
            assert!(!refusal.message.contains("did you mean"), "{}", refusal.message);
        }
    }

    #[test]
    fn a_policy_that_narrows_names_what_is_left() {
        let policy = Policy { countries: Some(vec!["IN".into(), "US".into()]), ..Policy::default() };
        assert!(parse("India", &policy).is_ok());
        let refusal = parse("France", &policy).unwrap_err();
        assert_eq!(refusal.rule, Rule::NotSupported);
        assert!(
            refusal.message.ends_with("it must be one of India (IN), United States (US)"),
            "{}",
            refusal.message
        );
    }

    #[test]
    fn blank_and_overlong_names_are_refused_by_length_and_control_characters_by_character() {
        assert_eq!(rule_of(parse(" ", &Policy::default())), Some(Rule::Length));
        assert_eq!(rule_of(parse(&"a".repeat(101), &Policy::default())), Some(Rule::Length));
        assert_eq!(rule_of(parse("In\0dia", &Policy::default())), Some(Rule::Characters));
        let number = Country::parse(&Value::Number("356"), &terms_with(&Policy::default()));
        assert_eq!(rule_of(number), Some(Rule::Type));
    }
}
