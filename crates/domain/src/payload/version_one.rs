//! Version 1 of the digest: a BLAKE3 hash of each member, by name, and one of all those.
//!
//! Written by builds before version 2 and computed only where a row bears it. Invariant: it never changes.

use registrar_crypto::index::{BLIND_INDEX_BYTES, BlindIndexes, IndexKey};
use registrar_json::Member;

use super::encode::{Lengths, is_given};
use super::{Digested, FIELDS, MemberDigests};
use crate::fields::{Field, Submitted};

pub(super) const VERSION: u8 = 1;

pub(super) fn digest(body: &Submitted<'_, '_>, key: &IndexKey) -> Digested {
    let fields = FIELDS.iter().filter_map(|field| body.given(*field));
    let mut counted: Vec<_> =
        fields.chain(body.others().iter().copied().filter(|member| is_given(member))).collect();
    counted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let mut digests = BlindIndexes::under(key);
    let mut whole = Vec::with_capacity(1 + counted.len() * BLIND_INDEX_BYTES);
    whole.push(VERSION);
    let mut members = MemberDigests::default();
    for member in counted {
        let digest = digests.of(|input| encode_member(member, input));
        whole.extend_from_slice(&digest);
        let [a, b, c, d, ..] = digest;
        let field = FIELDS.iter().position(|field| field.name() == member.name);
        members.add(field, [a, b, c, d]);
    }
    Digested { whole: digests.of(|input| input.extend_from_slice(&whole)), members }
}

fn encode_member(member: &Member<'_>, out: &mut Vec<u8>) {
    Lengths::Eight.text(b'k', &member.name, out);
    if member.name == Field::SignedTimestamp.name() {
        Lengths::Eight.timestamp(&member.value, out);
    } else {
        Lengths::Eight.value(&member.value, out);
    }
}
