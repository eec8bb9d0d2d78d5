//! What `create_customer` seals of a customer: the first answer, byte for byte, and a short digest of each submitted
//! member.
//!
//! The answer holds every field, so nothing else needs storing; a replay returns it as it was, whatever later releases
//! would write. The member digests tell which fields of a reused request_id differ, without keeping the payload.

use crate::fields::Field;
use crate::payload::{MemberDigests, PAYLOAD_VERSION, Payload};

/// How many digests a record holds.
const DIGESTS: u8 = 19;
const _: () = assert!(DIGESTS as usize == MemberDigests::COUNT, "a digest for every place");

/// The first two bytes of a record: the payload version that its member digests are of, and how many they are.
const HEADER: [u8; 2] = [PAYLOAD_VERSION, DIGESTS];

/// How `differs` names members that are not fields: their names are the platform's own and are not shown.
const UNKNOWN_MEMBER_NAME: &str = "?";

/// An opened record.
pub(crate) struct Record<'a> {
    version: u8,
    members: MemberDigests,
    /// The body of the first answer.
    pub(crate) answer: &'a [u8],
}

/// A record in pieces: header, a digest for every place, the answer.
pub(crate) fn encode_record<'a>(members: &'a MemberDigests, answer: &'a str) -> [&'a [u8]; 3] {
    [&HEADER, members.0.as_flattened(), answer.as_bytes()]
}

/// Reads a record; `None` if it is not one that this program knows.
pub(crate) fn decode_record(bytes: &[u8]) -> Option<Record<'_>> {
    let (&[version, count], rest) = bytes.split_first_chunk::<2>()?;
    if !(1..=PAYLOAD_VERSION).contains(&version) || count > DIGESTS {
        return None;
    }
    let (digests, answer) = rest.split_at_checked(usize::from(count) * 4)?;
    let mut members = MemberDigests::default();
    for (place, digest) in members.0.iter_mut().zip(digests.as_chunks::<4>().0) {
        *place = *digest;
    }
    Some(Record { version, members, answer })
}

impl Record<'_> {
    /// The names of the fields in which a payload differs from the recorded one, in the order of the table of fields; `None`
    /// if the record's digests are of a version that this program does not know.
    pub(crate) fn differing_fields(&self, payload: &Payload<'_>) -> Option<Vec<&'static str>> {
        let submitted = payload.members_under(self.version)?;
        let fields = self.members.differing_fields(&submitted).map(Field::name);
        let others = self.members.others_differ(&submitted).then_some(UNKNOWN_MEMBER_NAME);
        Some(fields.chain(others).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Submitted;
    use crate::payload::PayloadKeys;
    use registrar_json::parse_object;

    const ANSWER: &str = r#"{"message":{}}"#;
    const FIRST: &str = r#"{"first_name":"A","zip":"12345","shoe":1}"#;
    const SECOND: &str = r#"{"first_name":"B","shoe":2,"city":"Pune"}"#;

    fn with_payload<T>(body: &str, look: impl FnOnce(&Payload<'_>) -> T) -> T {
        let body = parse_object(body.as_bytes(), 32).unwrap();
        look(&Payload::of(&Submitted::of(&body), &PayloadKeys::for_tests(3)))
    }

    /// The record of `FIRST` as a build wrote it whose payloads had this version.
    fn record(version: u8) -> Vec<u8> {
        with_payload(FIRST, |payload| {
            let members = payload.members_under(version).unwrap();
            let mut bytes = encode_record(&members, ANSWER).concat();
            bytes[0] = version;
            bytes
        })
    }

    #[test]
    fn a_record_returns_the_answer_and_what_differs_whichever_version_its_digests_have() {
        for version in [1, 2] {
            let bytes = record(version);
            let record = decode_record(&bytes).unwrap();
            assert_eq!(record.answer, ANSWER.as_bytes());
            let differing = |body| with_payload(body, |payload| record.differing_fields(payload));
            assert_eq!(differing(FIRST), Some(vec![]));
            assert_eq!(differing(SECOND), Some(vec!["first_name", "city", "zip", "?"]), "version {version}");
        }
        assert_ne!(record(1), record(2));
    }

    #[test]
    fn bytes_that_are_no_record_are_refused() {
        for bytes in [&b""[..], b"\x01", b"\x00\x00{}", b"\x03\x00{}", b"\x01\xff{}", b"\x02\x13short"] {
            assert!(decode_record(bytes).is_none());
        }
    }

    #[test]
    fn every_field_but_the_request_id_has_a_place_in_the_tables_order() {
        let fields = crate::fields::FIELDS.iter().map(|spec| spec.field);
        assert!(fields.filter(|field| *field != Field::RequestId).eq(crate::payload::FIELDS));
    }
}
