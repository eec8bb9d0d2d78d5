//! `id_number`: 1 to 64 printable characters, the form of its type, and of an Aadhaar number only what policy keeps.
//!
//! Invariant: under the policy `mask` the type holds no more than the last four characters, so nothing that is stored,
//! echoed or shown later can hold more (contract 4.5).

use registrar_json::Value;

use super::country::Country;
use super::id_forms::{is_aadhaar, is_indian_passport, is_pan, is_ssn, is_voter_id};
use super::text::{Length, check_no_surrounding_blanks, check_printable, nfc, string};
use crate::pii::Pii;
use crate::policy::{AadhaarPolicy, Policy};
use crate::reference::IdKind;
use crate::violation::{Refusal, Rule};

pub(super) const LENGTH: Length = Length::new(1, 64);

/// How much of a masked number is kept.
const KEPT_CHARACTERS: usize = 4;

/// The number of a document, as it is stored and echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdNumber(Pii<String>);

impl IdNumber {
    /// Parses the number of a document of that kind; with no kind or country, only what needs none is checked
    /// (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(
        value: &Value<'_>,
        kind: Option<IdKind>,
        country: Option<&Country>,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let text = string(value)?;
        LENGTH.check(&nfc(text))?;
        check_printable(text, &[])?;
        check_no_surrounding_blanks(text)?;
        if let Some(accepted) = kind.and_then(|kind| wrong_form(text, kind, country, policy)) {
            return Err(Refusal::new(Rule::Format, accepted));
        }
        let kept = match (kind, policy.aadhaar) {
            (Some(IdKind::Aadhaar), AadhaarPolicy::Mask) => masked(text),
            _ => text.to_owned(),
        };
        Ok(Self(Pii::new(kept)))
    }

    /// The number as sent, or masked.
    pub fn as_str(&self) -> &str {
        self.0.reveal()
    }
}

/// What the form of a number of that kind is, if the text does not have it.
fn wrong_form(text: &str, kind: IdKind, country: Option<&Country>, policy: &Policy) -> Option<&'static str> {
    let is_strict = policy.strict_id_numbers;
    let is_in_india = country.is_some_and(Country::is_india);
    let (is_right, accepted) = match kind {
        IdKind::Ssn => (
            is_ssn(text),
            "must be nine digits, also as 3-2-4 with hyphens, not beginning with 000 or 666, not one digit nine times",
        ),
        IdKind::Aadhaar if is_strict => (is_aadhaar(text), "must be the twelve digits of an Aadhaar number"),
        IdKind::Pan if is_strict => (is_pan(text), "must be a PAN: five letters, four digits and a letter"),
        IdKind::Passport if is_strict && is_in_india => {
            (is_indian_passport(text), "must be the number of an Indian passport: a letter and seven digits")
        }
        IdKind::VoterId if is_strict => {
            (is_voter_id(text), "must be the number of a voter id: three letters and seven digits")
        }
        IdKind::Aadhaar
        | IdKind::Pan
        | IdKind::Passport
        | IdKind::VoterId
        | IdKind::NonUsOther
        | IdKind::Plain => return None,
    };
    (!is_right).then_some(accepted)
}

/// `XXXXXXXX1234` of twelve digits however they are grouped. Of anything else that was submitted as an Aadhaar number every
/// character but the last four is masked, and all of a text that is no longer than that.
fn masked(text: &str) -> String {
    let is_grouping = |character: &char| matches!(character, ' ' | '-');
    let digits = text.chars().filter(|character| !is_grouping(character));
    let is_number =
        digits.clone().all(|character| character.is_ascii_digit()) && digits.clone().count() == 12;
    if is_number { mask(digits) } else { mask(text.chars()) }
}

fn mask(characters: impl Iterator<Item = char> + Clone) -> String {
    let count = characters.clone().count();
    let hidden = if count > KEPT_CHARACTERS { count - KEPT_CHARACTERS } else { count };
    std::iter::repeat_n('X', hidden).chain(characters.skip(hidden)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, terms_with, text};

    fn parse_with(number: &str, kind: IdKind, country: &str, policy: &Policy) -> Result<IdNumber, Refusal> {
        let country = Country::parse(&text(country), &terms_with(policy)).unwrap();
        IdNumber::parse(&text(number), Some(kind), Some(&country), policy)
    }

    fn parse(number: &str, kind: IdKind) -> Result<IdNumber, Refusal> {
        parse_with(number, kind, "IN", &Policy::default())
    }

    #[test]
    fn any_printable_number_is_kept_as_sent() {
        for number in ["1", "MH01 20110012345", "A/12-34", "№ 5", "АБ 123456"] {
            assert_eq!(parse(number, IdKind::Plain).unwrap().as_str(), number);
        }
    }

    #[test]
    fn one_to_sixty_four_characters_are_accepted() {
        for character in ["7", "é", "𝟕"] {
            assert!(parse(&character.repeat(64), IdKind::Plain).is_ok());
            assert_eq!(rule_of(parse(&character.repeat(65), IdKind::Plain)), Some(Rule::Length));
        }
        assert_eq!(rule_of(parse("", IdKind::Plain)), Some(Rule::Length));
    }

    #[test]
    fn surrounding_blanks_and_what_cannot_be_printed_are_refused() {
        for number in [" 1", "1 ", " "] {
            assert_eq!(rule_of(parse(number, IdKind::Plain)), Some(Rule::Format), "{number:?}");
        }
        for number in ["1\n", "1\u{0}2", "1\u{200b}2", "1\u{200d}2", "1\u{202e}2", "1\u{a0}2", "\u{feff}1"] {
            assert_eq!(rule_of(parse(number, IdKind::Plain)), Some(Rule::Characters), "{number:?}");
        }
        let number = IdNumber::parse(&Value::Number("123456789"), None, None, &Policy::default());
        assert_eq!(rule_of(number), Some(Rule::Type));
    }

    #[test]
    fn a_social_security_number_must_have_its_form() {
        assert_eq!(parse("123-45-6789", IdKind::Ssn).unwrap().as_str(), "123-45-6789");
        assert_eq!(rule_of(parse("666-45-6789", IdKind::Ssn)), Some(Rule::Format));
        let untyped = IdNumber::parse(&text("666-45-6789"), None, None, &Policy::default());
        assert!(untyped.is_ok(), "a refused type takes the form of its numbers with it");
    }

    #[test]
    fn other_forms_are_demanded_only_by_policy() {
        let strict = Policy { strict_id_numbers: true, aadhaar: AadhaarPolicy::Seal, ..Policy::default() };
        for (kind, wrong, right) in [
            (IdKind::Aadhaar, "123456789012", "234123412346"),
            (IdKind::Pan, "123456789", "ABCPE1234F"),
            (IdKind::Passport, "123456789", "M1234567"),
            (IdKind::VoterId, "123456789", "ABC1234567"),
        ] {
            assert!(parse(wrong, kind).is_ok(), "{kind:?}");
            assert_eq!(rule_of(parse_with(wrong, kind, "IN", &strict)), Some(Rule::Format), "{kind:?}");
            assert_eq!(parse_with(right, kind, "IN", &strict).unwrap().as_str(), right);
        }
        assert!(
            parse_with("123456789", IdKind::Passport, "FR", &strict).is_ok(),
            "a passport of another country"
        );
        assert!(parse_with("anything", IdKind::Plain, "IN", &strict).is_ok());
    }

    #[test]
    fn of_an_aadhaar_number_only_the_last_four_digits_are_kept() {
        for (number, kept) in [
            ("123456781234", "XXXXXXXX1234"),
            ("1234 5678 1234", "XXXXXXXX1234"),
            ("1234-5678-1234", "XXXXXXXX1234"),
            ("123456789", "XXXXX6789"),
            ("12345", "X2345"),
            ("1234", "XXXX"),
            ("12", "XX"),
            ("éééé1234", "XXXX1234"),
        ] {
            assert_eq!(parse(number, IdKind::Aadhaar).unwrap().as_str(), kept);
        }
        let seal = Policy { aadhaar: AadhaarPolicy::Seal, ..Policy::default() };
        assert_eq!(
            parse_with("1234 5678 1234", IdKind::Aadhaar, "IN", &seal).unwrap().as_str(),
            "1234 5678 1234"
        );
        assert_eq!(parse("123456781234", IdKind::Pan).unwrap().as_str(), "123456781234");
    }

    proptest! {
        #[test]
        fn what_is_accepted_reads_back_as_itself(number in "\\PC{0,70}") {
            if let Ok(parsed) = parse(&number, IdKind::Plain) {
                prop_assert_eq!(parsed.as_str(), &number);
                prop_assert!((1..=64).contains(&nfc(&number).chars().count()));
            }
        }

        #[test]
        fn a_mask_never_keeps_more_than_four_characters(number in "[0-9A-WYZ -]{1,64}") {
            let number = number.trim();
            prop_assume!(!number.is_empty());
            let parsed = parse(number, IdKind::Aadhaar).unwrap();
            let kept = parsed.as_str().trim_start_matches('X');
            prop_assert!(kept.chars().count() <= KEPT_CHARACTERS);
            prop_assert!(number.replace([' ', '-'], "").ends_with(&kept.replace([' ', '-'], "")));
        }
    }
}
