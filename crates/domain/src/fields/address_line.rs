//! `address_one` and `address_two`: trimmed, NFC, up to 200 characters, no PO box.

use registrar_json::Value;

use super::po_box::is_po_box;
use super::text::{Length, check_characters, string, tidy};
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

pub(super) const LENGTH: Length = Length::new(1, 200);

/// A line of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressLine(Pii<String>);

impl AddressLine {
    /// Parses a line (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
        let text = tidy(string(value)?);
        LENGTH.check(&text)?;
        check_characters(&text)?;
        if is_po_box(&text) {
            let message = "must be a street address; PO boxes and postal bags are not accepted";
            return Err(Refusal::new(Rule::NotAllowed, message));
        }
        Ok(Self(Pii::new(text.into_owned())))
    }

    /// The line as accepted.
    pub fn as_str(&self) -> &str {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, text};

    #[test]
    fn length_is_said_before_characters_and_characters_before_the_po_box() {
        let parse = |line: &str| rule_of(AddressLine::parse(&text(line)));
        assert_eq!(parse(&"PO Box 1\0".repeat(30)), Some(Rule::Length));
        assert_eq!(parse("PO Box\0 1"), Some(Rule::Characters));
        assert_eq!(parse("PO Box 1"), Some(Rule::NotAllowed));
        assert_eq!(parse("  "), Some(Rule::Length));
        assert_eq!(parse("  12\u{a0}Main Street "), None);
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_trimmed_and_reads_back_as_itself(line in "[ \u{3000}]{0,3}\\PC{0,210}[ \t]{0,3}") {
            if let Ok(parsed) = AddressLine::parse(&text(&line)) {
                let kept = parsed.as_str();
                prop_assert_eq!(kept.trim(), kept);
                prop_assert!((1..=200).contains(&kept.chars().count()));
                prop_assert_eq!(AddressLine::parse(&text(kept)), Ok(parsed.clone()));
            }
        }
    }
}
