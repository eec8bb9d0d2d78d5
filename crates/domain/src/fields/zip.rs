//! `zip`: a United States ZIP code anywhere, a PIN in India, and other postal codes outside these two.

use registrar_json::Value;

use super::country::Country;
use super::text::{check_no_control, check_no_surrounding_blanks, string};
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

/// A postal code, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zip(Pii<String>);

impl Zip {
    /// Parses a postal code of `country`; with no country, only what needs none is checked (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>, country: Option<&Country>) -> Result<Self, Refusal> {
        let text = string(value)?;
        check_no_control(text)?;
        check_no_surrounding_blanks(text)?;
        match country.and_then(|country| wrong_form(text, country)) {
            Some(accepted) => Err(Refusal::new(Rule::Format, accepted)),
            None => Ok(Self(Pii::new(text.to_owned()))),
        }
    }

    /// The code as sent.
    pub fn as_str(&self) -> &str {
        self.0.reveal()
    }
}

/// What the form of the country's codes is, if the text does not have it.
fn wrong_form(text: &str, country: &Country) -> Option<&'static str> {
    let (is_right, accepted) = if country.is_united_states() {
        (false, "must be five digits, or five, a hyphen and four")
    } else if country.is_india() {
        (
            is_indian_pin(text),
            "must be a PIN of six digits that does not begin with 0, or a ZIP code of five digits",
        )
    } else {
        (is_postal_code(text), "must be 3 to 10 letters, digits, spaces or hyphens")
    };
    (!is_right && !is_us_zip(text)).then_some(accepted)
}

fn is_us_zip(text: &str) -> bool {
    let (five, four) = text.split_once('-').map_or((text, None), |(five, four)| (five, Some(four)));
    is_digits(five, 5) && four.is_none_or(|four| is_digits(four, 4))
}

fn is_indian_pin(text: &str) -> bool {
    is_digits(text, 6) && !text.starts_with('0')
}

fn is_postal_code(text: &str) -> bool {
    let is_accepted = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'-';
    (3..=10).contains(&text.len()) && text.bytes().all(is_accepted)
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, terms_with, text};
    use crate::policy::Policy;

    fn parse(zip: &str, country: &str) -> Result<Zip, Refusal> {
        let country = Country::parse(&text(country), &terms_with(&Policy::default())).unwrap();
        Zip::parse(&text(zip), Some(&country))
    }

    #[test]
    fn a_us_zip_is_accepted_in_every_country() {
        for country in ["US", "IN", "FR"] {
            for zip in ["12345", "00000", "77777-7777"] {
                assert_eq!(parse(zip, country).unwrap().as_str(), zip, "{country}");
            }
        }
    }

    #[test]
    fn india_also_takes_its_pin_and_the_united_states_does_not() {
        assert!(parse("400001", "IN").is_ok());
        for zip in ["012345", "40001a", "4000011", "400 001", "SW1A 1AA"] {
            assert_eq!(rule_of(parse(zip, "IN")), Some(Rule::Format), "{zip}");
        }
        for zip in
            ["400001", "1234", "123456", "12345-", "12345-678", "12345-67890", "12345 6789", "SW1A 1AA"]
        {
            assert_eq!(rule_of(parse(zip, "US")), Some(Rule::Format), "{zip}");
        }
    }

    #[test]
    fn other_countries_take_three_to_ten_letters_digits_spaces_and_hyphens() {
        for zip in ["SW1A 1AA", "75001", "AD500", "1-2", "1234567890", "K1A-0B1"] {
            assert!(parse(zip, "GB").is_ok(), "{zip}");
        }
        for zip in ["12", "12345678901", "75_01", "７５００１", "750.1", " 75001", "75001 "] {
            assert_eq!(rule_of(parse(zip, "GB")), Some(Rule::Format), "{zip}");
        }
    }

    #[test]
    fn without_a_country_only_what_needs_none_is_checked() {
        assert!(Zip::parse(&text("anything at all"), None).is_ok());
        assert_eq!(rule_of(Zip::parse(&text(" 12345"), None)), Some(Rule::Format));
        assert_eq!(rule_of(Zip::parse(&text("12345\n"), None)), Some(Rule::Characters));
        assert_eq!(rule_of(Zip::parse(&Value::Number("12345"), None)), Some(Rule::Type));
    }

    proptest! {
        #[test]
        fn every_code_of_a_countrys_form_is_kept_as_sent(
            us in "[0-9]{5}(-[0-9]{4})?", pin in "[1-9][0-9]{5}", other in "[A-Za-z0-9][A-Za-z0-9 -]{1,8}[A-Za-z0-9]"
        ) {
            let kept = parse(&us, "US").unwrap();
            prop_assert_eq!(kept.as_str(), &us);
            let kept = parse(&pin, "IN").unwrap();
            prop_assert_eq!(kept.as_str(), &pin);
            let kept = parse(&other, "DE").unwrap();
            prop_assert_eq!(kept.as_str(), &other);
        }
    }
}
