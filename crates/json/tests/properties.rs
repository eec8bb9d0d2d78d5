//! Properties, with serde_json as the independent oracle.

use std::collections::HashSet;
use std::fmt;

use proptest::prelude::*;
use registrar_json::{Object, Style, Value, parse_object, parse_value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

const DEPTH_MAX: usize = 6;

/// Reads with serde_json and refuses what our rules forbid and it allows: names twice, and nesting over `depth_left`.
/// It refuses lone surrogates and a byte-order mark itself.
#[derive(Clone, Copy)]
struct Oracle {
    depth_left: usize,
}

impl Oracle {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth_left })
    }
}

impl<'de> DeserializeSeed<'de> for Oracle {
    type Value = serde_json::Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Oracle {
    type Value = serde_json::Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(serde_json::Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let inner = self.deeper()?;
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            read.push(item);
        }
        Ok(read.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let inner = self.deeper()?;
        let mut read = serde_json::Map::new();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a name twice"));
            }
            read.insert(name, members.next_value_seed(inner)?);
        }
        Ok(read.into())
    }
}

fn oracle(bytes: &[u8]) -> Result<serde_json::Value, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value =
        Oracle { depth_left: DEPTH_MAX }.deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    deserializer.end().map_err(|error| error.to_string())?;
    if value.is_object() { Ok(value) } else { Err("not an object".to_owned()) }
}

/// Our value as the oracle's, so that the two can be compared; numbers go through serde_json.
fn converted(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
        Value::String(text) => text.as_ref().into(),
        Value::Array(items) => items.iter().map(converted).collect(),
        Value::Object(object) => converted_object(object),
    }
}

fn converted_object(object: &Object<'_>) -> serde_json::Value {
    object
        .members()
        .iter()
        .map(|member| (member.name.clone().into_owned(), converted(&member.value)))
        .collect()
}

/// JSON text with white space, escapes and numbers written in many ways; names are few, so that some come twice.
fn json_text() -> impl Strategy<Value = String> {
    let blank = "[ \t\r\n]{0,2}";
    let string = r#""([ -!#-\[\]-~]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud83d\\ude42|é|आ|🙂){0,6}""#;
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        string,
    ];
    let value = leaf.prop_recursive(8, 40, 4, move |inner| {
        let padded = (blank, inner, blank).prop_map(|(before, value, after)| before + &value + &after);
        let name = prop_oneof![3 => r#""[a-c]{0,2}""#, 1 => r#""\\u006[1-3]""#, 1 => string];
        prop_oneof![
            prop::collection::vec(padded.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name, blank, padded), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|(name, blank, value)| format!("{name}{blank}:{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    prop_oneof![
        9 => prop::collection::vec(value.clone(), 0..4).prop_map(|values| {
            let members: Vec<_> =
                values.iter().enumerate().map(|(number, value)| format!("\"m{number}\":{value}")).collect();
            format!("{{{}}}", members.join(", "))
        }),
        1 => value,
    ]
}

/// A text with some of its bytes replaced, removed, doubled or swapped for ones that matter to the grammar.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let mutation = (
        any::<prop::sample::Index>(),
        0..4u8,
        prop::sample::select(&b"{}[]:,\"\\u0-9.eE+ \n\0\x1f\x7f\xc3\xa9\xed\xf0\xffdtn"[..]),
    );
    (json_text(), prop::collection::vec(mutation, 0..4)).prop_map(|(text, mutations)| {
        let mut bytes = text.into_bytes();
        for (index, how, byte) in mutations {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.truncate(at + 1),
            }
        }
        bytes
    })
}

fn agrees_with_the_oracle(bytes: &[u8]) -> Result<(), TestCaseError> {
    let ours = parse_object(bytes, DEPTH_MAX);
    let theirs = oracle(bytes);
    // serde_json turns numbers into f64 and refuses what does not fit; we keep them as written.
    prop_assume!(!theirs.as_ref().is_err_and(|error| error.contains("out of range")));
    match (&ours, &theirs) {
        (Ok(object), Ok(value)) => prop_assert_eq!(&converted_object(object), value),
        (Err(_), Err(_)) => {}
        _ => prop_assert!(false, "ours {:?}, theirs {:?}: {}", ours, theirs, bytes.escape_ascii()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn exactly_what_the_oracle_accepts_under_our_rules_is_accepted(text in json_text()) {
        agrees_with_the_oracle(text.as_bytes())?;
    }

    #[test]
    fn broken_texts_are_judged_as_the_oracle_judges_them(bytes in mutated()) {
        agrees_with_the_oracle(&bytes)?;
    }

    #[test]
    fn no_bytes_panic_and_a_fault_lies_inside_the_text(bytes in prop::collection::vec(any::<u8>(), 0..64), depth in 0..40usize) {
        for error in [parse_object(&bytes, depth).err(), parse_value(&bytes, depth).err()].into_iter().flatten() {
            prop_assert!(error.offset <= bytes.len() && error.line >= 1 && error.column >= 1);
            prop_assert!(error.line + error.column <= error.offset + 2);
        }
    }

    #[test]
    fn compact_text_reads_back_as_the_same_and_is_its_own_compact_text(text in json_text()) {
        let Ok(value) = parse_value(text.as_bytes(), 32) else { return Ok(()) };
        let mut once = String::new();
        value.write_compact(&mut once);
        let again = parse_value(once.as_bytes(), 32).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(converted(&again), converted(&value));
        let mut twice = String::new();
        again.write_compact(&mut twice);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn every_style_means_the_same(text in json_text(), spaced: bool, sorted_keys: bool, ascii: bool) {
        let Ok(value) = parse_value(text.as_bytes(), 32) else { return Ok(()) };
        let mut out = String::new();
        value.write_styled(Style { spaced, sorted_keys, ascii }, &mut out);
        prop_assert!(!ascii || out.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        let again = parse_value(out.as_bytes(), 32).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(converted(&again), converted(&value));
    }

    #[test]
    fn any_text_survives_as_a_string(text in any::<String>()) {
        let mut out = String::new();
        registrar_json::write_string(&text, &mut out);
        prop_assert_eq!(&out, &serde_json::to_string(&text).unwrap_or_default());
        prop_assert!(parse_value(out.as_bytes(), 1) == Ok(Value::String(text.into())));
    }
}

#[test]
fn half_of_the_generated_texts_are_accepted_and_some_are_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut share = |strategy: BoxedStrategy<Vec<u8>>| {
        let accepted = |_| {
            let bytes = strategy.new_tree(&mut runner).unwrap().current();
            usize::from(parse_object(&bytes, DEPTH_MAX).is_ok())
        };
        (0..500).map(accepted).sum::<usize>()
    };
    let whole = share(json_text().prop_map(String::into_bytes).boxed());
    let broken = share(mutated().boxed());
    assert!((250..490).contains(&whole), "{whole} of 500");
    assert!((100..350).contains(&broken), "{broken} of 500");
}
