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
