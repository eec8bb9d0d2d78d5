//! `metadata`: any JSON object up to 16 KiB; echoed with its members' order and its numbers as written.

use registrar_json::{Member, Value};

use super::text::check_characters;
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

/// As received, white space included (contract 3.3).
pub(super) const BYTES_MAX: usize = 16 * 1024;

/// The platform's own data about a customer, as compact JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(Pii<String>);

impl Metadata {
    /// Parses the field. It takes the member, because its size is that of the text as received (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(member: &Member<'_>) -> Result<Self, Refusal> {
        let Value::Object(object) = &member.value else {
            return Err(Refusal::new(Rule::Type, "must be a JSON object"));
        };
        if member.raw.len() > BYTES_MAX {
            let message = "must be at most 16 KiB as sent; its white space counts";
            return Err(Refusal::new(Rule::Length, message));
        }
        object.members().iter().try_for_each(check_member)?;
        let mut compact = String::with_capacity(member.raw.len());
        object.write_compact(&mut compact);
        Ok(Self(Pii::new(compact)))
    }

    /// No metadata: what is echoed when none was given.
    pub fn none() -> Self {
        Self(Pii::new("{}".to_owned()))
    }

    /// The object as compact JSON.
    pub fn as_json(&self) -> &str {
        self.0.reveal()
    }
}

fn check_member(member: &Member<'_>) -> Result<(), Refusal> {
    check_characters(&member.name).map_err(|_| in_metadata())?;
    check_value(&member.value)
}

/// As deep as the reader lets values nest (contract 3.2: 32).
fn check_value(value: &Value<'_>) -> Result<(), Refusal> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => check_characters(text).map_err(|_| in_metadata()),
        Value::Array(items) => items.iter().try_for_each(check_value),
        Value::Object(object) => object.members().iter().try_for_each(check_member),
    }
}

fn in_metadata() -> Refusal {
    let message =
        "must not contain control, text direction or line separator characters in its names and strings";
    Refusal::new(Rule::Characters, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use registrar_json::parse_object;

    use super::*;
    use crate::fields::testing::rule_of;

    fn parse(metadata: &str) -> Result<Metadata, Refusal> {
        let body = format!("{{\"metadata\": {metadata} }}");
        let body = parse_object(body.as_bytes(), 32).expect("the test's body is JSON");
        Metadata::parse(body.get("metadata").unwrap())
    }

    #[test]
    fn order_and_numbers_are_kept_and_white_space_is_not() {
        for (sent, echoed) in [
            ("{}", "{}"),
            ("{ }", "{}"),
            (
                r#"{ "b" : 1.50, "a" : [ 1e5 , -0 , 12345678901234567890123 ] }"#,
                r#"{"b":1.50,"a":[1e5,-0,12345678901234567890123]}"#,
            ),
            (
                r#"{"":null,"é":"e\u0301 / \" \\","t":true}"#,
                "{\"\":null,\"é\":\"e\u{301} / \\\" \\\\\",\"t\":true}",
            ),
        ] {
            assert_eq!(parse(sent).unwrap().as_json(), echoed);
        }
    }

    #[test]
    fn only_an_object_is_accepted() {
        for other in ["[]", "1", "true", "\"{}\""] {
            assert_eq!(rule_of(parse(other)), Some(Rule::Type), "{other}");
        }
    }

    #[test]
    fn sixteen_kibibytes_as_received_are_accepted_and_one_byte_more_is_not() {
        let filled = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert_eq!(filled(BYTES_MAX).len(), BYTES_MAX);
        assert!(parse(&filled(BYTES_MAX)).is_ok());
        assert_eq!(rule_of(parse(&filled(BYTES_MAX + 1))), Some(Rule::Length));
        let spaced = format!("{{{}}}", " ".repeat(BYTES_MAX - 1));
        assert_eq!(rule_of(parse(&spaced)), Some(Rule::Length));
    }

    #[test]
    fn names_and_strings_at_every_depth_are_under_the_character_rule() {
        for metadata in [
            r#"{"a\u0000":1}"#,
            r#"{"a":"\u0000"}"#,
            r#"{"a":["\n"]}"#,
            r#"{"a":[{"b":{"c\u202e":1}}]}"#,
            r#"{"a":{"b":[[["\u2028"]]]}}"#,
        ] {
            assert_eq!(rule_of(parse(metadata)), Some(Rule::Characters), "{metadata}");
        }
        assert!(parse(r#"{"1":"123 \u200d \u200c 😀"}"#).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_echoed_parses_and_echoes_the_same(names in proptest::collection::hash_set("[a-zé ]{0,8}", 0..8), text in "[a-z\"\\\\é]{0,20}") {
            let text = format!("{text:?}");
            let members: Vec<_> = names.iter().map(|name| format!(" {name:?} : [ {text} , 1.0 ] ")).collect();
            let echoed = parse(&format!("{{{}}}", members.join(","))).unwrap();
            let again = parse(echoed.as_json()).unwrap();
            prop_assert_eq!(again.as_json(), echoed.as_json());
        }
    }
}
