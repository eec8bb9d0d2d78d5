//! What `create_customer` seals of a customer: the first answer, byte for byte, and a short digest of each submitted
//! member.
//!
//! The answer holds every field, so nothing else needs storing; a replay returns it as it was, whatever later releases
//! would write. The member digests tell which fields of a reused request_id differ, without keeping the payload.

use zeroize::Zeroizing;

use crate::payload::{MemberDigest, Payload};

/// The first byte of a record; a reader for each version ever written stays in the program.
const RECORD_VERSION: u8 = 1;

/// Members by the number they are recorded under. Append only: a stored record refers to these places.
const RECORDED: [&str; 18] = [
    "first_name",
    "last_name",
    "email",
    "address_one",
    "address_two",
    "city",
    "state",
    "zip",
    "country",
    "date_of_birth",
    "id_number_type",
    "id_number",
    "non_us_other_type",
    "id_issuing_authority",
    "risk_rating",
    "signed_timestamp",
    "prefunded",
    "metadata",
];

/// Members that are not fields share the first place: their names are the platform's own and are not shown.
const UNKNOWN_MEMBERS: usize = 0;
const PLACES: usize = 1 + RECORDED.len();

/// How `differs` names members that are not fields.
pub const UNKNOWN_MEMBER_NAME: &str = "?";

/// An opened record.
#[derive(PartialEq, Eq)]
pub struct Record<'a> {
    members: [MemberDigest; PLACES],
    /// The body of the first answer.
    pub answer: &'a [u8],
}

/// Writes a record: version, a digest for every place (zero: not given), the answer.
pub fn encode_record(payload: &Payload<'_>, answer: &str) -> Zeroizing<Vec<u8>> {
    let members = places(payload);
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 + PLACES * 4 + answer.len()));
    bytes.push(RECORD_VERSION);
    bytes.push(u8::try_from(PLACES).unwrap_or(u8::MAX));
    for digest in members {
        bytes.extend_from_slice(&digest);
    }
    bytes.extend_from_slice(answer.as_bytes());
    bytes
}

/// Reads a record; `None` if it is not one that this program knows.
pub fn decode_record(bytes: &[u8]) -> Option<Record<'_>> {
    let (&[version, count], rest) = bytes.split_first_chunk::<2>()?;
    if version != RECORD_VERSION || usize::from(count) > PLACES {
        return None;
    }
    let (digests, answer) = rest.split_at_checked(usize::from(count) * 4)?;
    let mut members = [[0; 4]; PLACES];
    for (place, digest) in members.iter_mut().zip(digests.as_chunks::<4>().0) {
        *place = *digest;
    }
    Some(Record { members, answer })
}

impl Record<'_> {
    /// The names of the fields in which a payload differs from the recorded one, in the order of the table of fields.
    pub fn differing_fields(&self, payload: &Payload<'_>) -> Vec<&'static str> {
        let submitted = places(payload);
        let names = std::iter::once(UNKNOWN_MEMBER_NAME).chain(RECORDED);
        let mut differing: Vec<_> = names
            .zip(self.members.iter().zip(&submitted))
            .filter(|(_, (recorded, submitted))| recorded != submitted)
            .map(|(name, _)| name)
            .collect();
        if differing.first() == Some(&UNKNOWN_MEMBER_NAME) {
            differing.rotate_left(1);
        }
        differing
    }
}

fn places(payload: &Payload<'_>) -> [MemberDigest; PLACES] {
    let mut members = [[0; 4]; PLACES];
    for (name, digest) in &payload.members {
        let place =
            RECORDED.iter().position(|field| field == name).map_or(UNKNOWN_MEMBERS, |position| position + 1);
        if let Some(slot) = members.get_mut(place) {
            // Several unknown members fold into one place; a sum depends on all of them and not on their order.
            *slot = u32::from_le_bytes(*slot).wrapping_add(u32::from_le_bytes(*digest)).to_le_bytes();
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use registrar_json::{Object, parse_object};

    fn digest<'a>(body: &'a Object<'_>) -> Payload<'a> {
        Payload::of(body, &registrar_crypto::index::IndexKey::from_bytes([3; 32]))
    }

    #[test]
    fn a_record_returns_the_answer_and_what_differs() {
        let first = parse_object(br#"{"first_name":"A","zip":"12345","shoe":1}"#, 32).unwrap();
        let bytes = encode_record(&digest(&first), r#"{"message":{}}"#);
        let record = decode_record(&bytes).unwrap();
        assert_eq!(record.answer, br#"{"message":{}}"#);
        assert!(record.differing_fields(&digest(&first)).is_empty());
        let second = parse_object(br#"{"first_name":"B","shoe":2,"city":"Pune"}"#, 32).unwrap();
        assert_eq!(record.differing_fields(&digest(&second)), ["first_name", "city", "zip", "?"]);
    }

    #[test]
    fn bytes_that_are_no_record_are_refused() {
        for bytes in [&b""[..], b"\x01", b"\x02\x00{}", b"\x01\xff{}", b"\x01\x13short"] {
            assert!(decode_record(bytes).is_none());
        }
    }

    #[test]
    fn every_field_but_the_request_id_has_a_place() {
        let mut fields: Vec<_> = crate::fields::FIELDS.iter().map(|field| field.name).collect();
        fields.retain(|name| *name != "request_id");
        let mut recorded = RECORDED.to_vec();
        fields.sort_unstable();
        recorded.sort_unstable();
        assert_eq!(fields, recorded);
    }
}
