//! `first_name` and `last_name`: trimmed, NFC, 1 to 100 characters with a letter of any script.

use registrar_json::Value;
use unicode_normalization::char::is_combining_mark;

use super::text::{Length, check_characters, string, tidy};
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

pub(super) const LENGTH: Length = Length::new(1, 100);

/// A first or last name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(Pii<String>);

impl PersonName {
    /// Parses a name (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
        let text = tidy(string(value)?);
        LENGTH.check(&text)?;
        check_characters(&text)?;
        if !text.chars().any(is_letter) {
            return Err(Refusal::new(Rule::Format, "must contain at least one letter"));
        }
        Ok(Self(Pii::new(text.into_owned())))
    }

    /// The name as accepted.
    pub fn as_str(&self) -> &str {
        self.0.reveal()
    }
}

/// Alphabetic also covers vowel signs and letter-like numerals, which are no name by themselves.
fn is_letter(character: char) -> bool {
    character.is_alphabetic() && !character.is_numeric() && !is_combining_mark(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, text};

    fn parse(name: &str) -> Result<PersonName, Refusal> {
        PersonName::parse(&text(name))
    }

    #[test]
    fn names_of_every_script_are_accepted() {
        for name in
            ["John", "गौरव", "李", "Ольга", "محمد", "O’Neill-Śmith", "Nguyễn Văn A", "J.", "X Æ A-12", "ﾀﾛｳ"]
        {
            assert_eq!(parse(name).unwrap().as_str(), tidy(name), "{name}");
        }
    }

    #[test]
    fn joiners_that_indic_and_persian_names_need_are_accepted() {
        for name in ["क्\u{200d}ष", "علی\u{200c}رضا"] {
            assert_eq!(parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_name_without_a_letter_is_refused() {
        for name in ["123", "-", "...", "😀", "\u{301}", "Ⅷ", "٣"] {
            assert_eq!(rule_of(parse(name)), Some(Rule::Format), "{name}");
        }
    }

    #[test]
    fn a_blank_name_is_too_short() {
        for name in ["", " ", "\u{3000}\t"] {
            assert_eq!(rule_of(parse(name)), Some(Rule::Length), "{name:?}");
        }
    }

    #[test]
    fn a_hundred_characters_pass_and_one_more_does_not() {
        for letter in ["a", "é", "𝒜", "e\u{301}"] {
            assert!(parse(&letter.repeat(100)).is_ok(), "{letter}");
            assert_eq!(rule_of(parse(&letter.repeat(101))), Some(Rule::Length), "{letter}");
        }
    }

    #[test]
    fn length_is_said_before_characters_and_characters_before_the_missing_letter() {
        assert_eq!(rule_of(parse(&"\0".repeat(101))), Some(Rule::Length));
        assert_eq!(rule_of(parse("1\u{202e}")), Some(Rule::Characters));
    }

    #[test]
    fn only_a_string_is_a_name() {
        for value in [Value::Bool(true), Value::Number("1"), Value::Array(vec![])] {
            assert_eq!(rule_of(PersonName::parse(&value)), Some(Rule::Type));
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_trimmed_and_reads_back_as_itself(name in "[ \u{3000}]{0,3}\\PC{0,110}[ \t]{0,3}") {
            if let Ok(parsed) = parse(&name) {
                let kept = parsed.as_str();
                prop_assert_eq!(kept.trim(), kept);
                prop_assert!((1..=100).contains(&kept.chars().count()));
                prop_assert_eq!(parse(kept), Ok(parsed.clone()));
            }
        }

        #[test]
        fn every_text_with_a_letter_of_up_to_a_hundred_characters_is_a_name(
            before in "[0-9 .'-]{0,49}", after in "[0-9.'a-zäß李]{0,49}"
        ) {
            let name = format!("{before}x{after}");
            prop_assert!(parse(&name).is_ok());
        }
    }
}
