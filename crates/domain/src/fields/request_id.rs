//! `request_id`: a UUID in its hyphenated form, any case, compared without case.

use registrar_json::Value;
use uuid::Uuid;

use super::text::{check_no_control, string};
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

/// 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4).
const CHARACTERS: usize = 36;

/// The platform's name for one request. It is not printed: it is stored only as a keyed index (contract 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Pii<[u8; 16]>);

impl RequestId {
    /// Parses a request id. An empty string is refused, not taken for absent (contract 3.2).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
        let text = string(value)?;
        check_no_control(text)?;
        // The length excludes the other forms that the parser knows: braces, `urn:uuid:` and bare digits.
        let uuid = (text.len() == CHARACTERS).then(|| Uuid::try_parse(text).ok()).flatten();
        let uuid = uuid.ok_or_else(|| {
            Refusal::new(Rule::Format, "must be a UUID such as 7fbab305-2679-4279-808b-9b7a63a55c85")
        })?;
        Ok(Self(Pii::new(uuid.into_bytes())))
    }

    /// The same bytes for every way of writing it.
    pub fn canonical(&self) -> &[u8; 16] {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, text};

    #[test]
    fn everything_but_a_hyphenated_uuid_is_refused() {
        for id in [
            "",
            " ",
            "7fbab305",
            "7fbab30526794279808b9b7a63a55c85",
            "{7fbab305-2679-4279-808b-9b7a63a55c85}",
            "urn:uuid:7fbab305-2679-4279-808b-9b7a63a55c85",
            " 7fbab305-2679-4279-808b-9b7a63a55c85",
            "7fbab305-2679-4279-808b-9b7a63a55c85 ",
            "7fbab305-2679-4279-808b-9b7a63a55c8g",
            "7fbab3052-679-4279-808b-9b7a63a55c85",
            "７fbab305-2679-4279-808b-9b7a63a55c",
        ] {
            assert_eq!(rule_of(RequestId::parse(&text(id))), Some(Rule::Format), "{id}");
        }
        assert_eq!(rule_of(RequestId::parse(&text("7fbab305\0"))), Some(Rule::Characters));
        assert_eq!(rule_of(RequestId::parse(&Value::Number("7"))), Some(Rule::Type));
    }

    proptest! {
        #[test]
        fn every_uuid_is_the_same_in_any_case(bytes: [u8; 16]) {
            let lower = Uuid::from_bytes(bytes).as_hyphenated().to_string();
            let upper = lower.to_uppercase();
            let one = RequestId::parse(&text(&lower)).unwrap();
            prop_assert_eq!(one.canonical(), &bytes);
            prop_assert_eq!(one, RequestId::parse(&text(&upper)).unwrap());
        }
    }
}
