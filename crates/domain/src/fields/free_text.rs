//! `city`, `non_us_other_type` and `id_issuing_authority`: trimmed, NFC, up to 100 characters under the names' character rule.
//!
//! No letter is demanded: there are cities and authorities known by a number.

use registrar_json::Value;

use super::text::{Length, check_characters, string, tidy};
use crate::pii::Pii;
use crate::violation::Refusal;

pub(super) const LENGTH: Length = Length::new(1, 100);

fn parse(value: &Value<'_>) -> Result<Pii<String>, Refusal> {
    let text = tidy(string(value)?);
    LENGTH.check(&text)?;
    check_characters(&text)?;
    Ok(Pii::new(text.into_owned()))
}

macro_rules! free_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(Pii<String>);

        impl $name {
            /// Parses the field (contract 3.3).
            ///
            /// # Errors
            /// The first rule the value breaks.
            pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
                parse(value).map(Self)
            }

            /// The text as accepted.
            pub fn as_str(&self) -> &str {
                self.0.reveal()
            }
        }
    };
}

free_text!(
    /// The city.
    City
);
free_text!(
    /// What kind of document a `non_us_other` is.
    NonUsOtherType
);
free_text!(
    /// Who issued the document.
    IdIssuingAuthority
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, text};
    use crate::violation::Rule;

    #[test]
    fn a_text_needs_no_letter() {
        for city in ["29 Palms", "6", "Ōsaka", "a\u{200d}"] {
            assert_eq!(City::parse(&text(city)).unwrap().as_str(), city);
        }
        assert_eq!(rule_of(City::parse(&text("a\u{2029}b"))), Some(Rule::Characters));
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_trimmed_and_reads_back_as_itself(city in "[ \u{3000}]{0,3}\\PC{0,110}[ \t]{0,3}") {
            if let Ok(parsed) = City::parse(&text(&city)) {
                let kept = parsed.as_str();
                prop_assert_eq!(kept.trim(), kept);
                prop_assert!((1..=100).contains(&kept.chars().count()));
                prop_assert_eq!(City::parse(&text(kept)), Ok(parsed.clone()));
            }
        }
    }
}
