//! The payload of contract 3.4: what makes two submissions the same, as a keyed digest with a version.
//!
//! `create_customer` compares by it. Knows JSON values, not rules: a payload has a digest whether or not it is valid.
//! Version 1 leaves out `request_id` and members that are `null` (at any depth, as order counts at none), takes strings by
//! their characters and numbers as written, and `signed_timestamp` alike as a number or as a string of digits.

use registrar_crypto::index::{BLIND_INDEX_BYTES, BlindIndexes, IndexKey};
use registrar_json::{Member, Object, Value};

use crate::store::PayloadDigest;

/// The version of the definition above; a version stays in the program while a row bears it.
pub const PAYLOAD_VERSION: u8 = 1;

/// A payload's digest, and a short one per member that tells later which fields differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The digest of the whole.
    pub digest: PayloadDigest,
    /// The members that count, by name, each with the start of its keyed digest.
    pub members: Vec<(&'a str, MemberDigest)>,
}

/// Enough of a keyed digest to tell that a member differs; kept sealed.
pub type MemberDigest = [u8; 4];

impl<'a> Payload<'a> {
    /// Digests a request body under the platform's digest key.
    pub fn of(body: &'a Object<'_>, digest_key: &IndexKey) -> Self {
        let mut counted: Vec<_> = body
            .members()
            .iter()
            .filter(|member| member.name != "request_id" && member.value != Value::Null)
            .collect();
        counted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut digests = BlindIndexes::under(digest_key);
        let mut whole = Vec::with_capacity(1 + counted.len() * BLIND_INDEX_BYTES);
        whole.push(PAYLOAD_VERSION);
        let mut members = Vec::with_capacity(counted.len());
        for member in counted {
            let digest = digests.of(|input| encode_member(member, input));
            whole.extend_from_slice(&digest);
            let [a, b, c, d, ..] = digest;
            members.push((member.name.as_ref(), [a, b, c, d]));
        }
        let bytes = digests.of(|input| input.extend_from_slice(&whole));
        Self { digest: PayloadDigest { version: PAYLOAD_VERSION, bytes }, members }
    }
}

fn encode_member(member: &Member<'_>, out: &mut Vec<u8>) {
    encode_text(b'k', &member.name, out);
    match &member.value {
        Value::String(text) if member.name == "signed_timestamp" && is_digits(text) => {
            encode_text(b'#', text, out);
        }
        value => encode(value, out),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Every encoding begins with a tag and says its own length, so that no two values share one.
fn encode(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(true) => out.push(b't'),
        Value::Bool(false) => out.push(b'f'),
        Value::Number(text) => encode_text(b'#', text, out),
        Value::String(text) => encode_text(b'"', text, out),
        Value::Array(items) => {
            encode_count(b'[', items.len(), out);
            for item in items {
                encode(item, out);
            }
        }
        Value::Object(object) => {
            let mut counted: Vec<_> =
                object.members().iter().filter(|member| member.value != Value::Null).collect();
            counted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            encode_count(b'{', counted.len(), out);
            for member in counted {
                encode_text(b'k', &member.name, out);
                encode(&member.value, out);
            }
        }
    }
}

fn encode_text(tag: u8, text: &str, out: &mut Vec<u8>) {
    encode_count(tag, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn encode_count(tag: u8, count: usize, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(count as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use registrar_json::parse_object;

    fn digest(text: &str) -> [u8; 16] {
        Payload::of(&parse_object(text.as_bytes(), 32).unwrap(), &IndexKey::from_bytes([3; 32])).digest.bytes
    }

    #[test]
    fn what_does_not_count_in_a_payload() {
        let same = [
            r#"{"a":"x","m":{"p":1,"q":[1,{"r":2,"s":3}]},"signed_timestamp":1603378501286}"#,
            r#"{"m":{"q":[1,{"s":3,"r":2}],"p":1},"signed_timestamp":1603378501286,"a":"x"}"#,
            r#" { "a" : "\u0078", "m":{"p":1,"q":[1,{"r":2,"s":3}]}, "signed_timestamp":"1603378501286" } "#,
            r#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","a":"x","m":{"p":1,"q":[1,{"r":2,"s":3}]},"signed_timestamp":1603378501286}"#,
            r#"{"b":null,"a":"x","m":{"p":1,"z":null,"q":[1,{"r":2,"s":3}]},"signed_timestamp":1603378501286}"#,
        ];
        for text in same {
            assert_eq!(digest(text), digest(same[0]), "{text}");
        }
    }

    #[test]
    fn what_counts_in_a_payload() {
        let all = [
            r#"{"a":"x"}"#,
            r#"{"a":"X"}"#,
            r#"{"a":"x "}"#,
            r#"{"b":"x"}"#,
            r#"{"a":"1"}"#,
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e0}"#,
            r#"{"a":true}"#,
            r#"{"a":"true"}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":[null]}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":[[1],2]}"#,
            r#"{"a":""}"#,
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"bc":""}}"#,
            "{}",
            r#"{"signed_timestamp":"01603378501286"}"#,
            r#"{"signed_timestamp":"1603378501286"}"#,
            r#"{"other_timestamp":"1603378501286"}"#,
            r#"{"other_timestamp":1603378501286}"#,
        ];
        let distinct: std::collections::HashSet<_> = all.iter().map(|text| digest(text)).collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn another_platform_s_key_gives_another_digest() {
        let body = parse_object(br#"{"a":"x"}"#, 32).unwrap();
        let digest = |key| Payload::of(&body, &IndexKey::from_bytes(key)).digest;
        assert_ne!(digest([1; 32]), digest([2; 32]));
    }

    /// A version stays readable while a row bears it: this value may never change.
    #[test]
    fn version_one_is_pinned() {
        insta::assert_debug_snapshot!(digest(r#"{"a":"x","m":{"p":1}}"#));
    }
}
