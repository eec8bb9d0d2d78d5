//! Version 2 of the digest: one BLAKE3 hash over all members, fields by their number, and a SipHash of each.
//!
//! What every new row bears. Invariant: it never changes; what should count otherwise is a version of its own.

use registrar_crypto::index::{BlindIndexes, IndexKey, ShortDigestKey};

use super::encode::{Lengths, is_given};
use super::{Digested, FIELDS, MemberDigests};
use crate::fields::{Field, Submitted};

pub(super) const VERSION: u8 = 2;

/// In the place of a field's number, for members that are no fields.
const NO_FIELD: u8 = 0;

pub(super) fn digest(body: &Submitted<'_, '_>, whole: &IndexKey, short: &ShortDigestKey) -> Digested {
    let mut members = MemberDigests::default();
    let whole = BlindIndexes::under(whole).of(|input| {
        // No input of version 1 begins so: there a 1 or a `k` comes first.
        input.push(VERSION);
        for (number, (place, field)) in (1_u8..).zip(FIELDS.into_iter().enumerate()) {
            let Some(member) = body.given(field) else { continue };
            let start = input.len();
            input.push(number);
            if field == Field::SignedTimestamp {
                Lengths::Short.timestamp(&member.value, input);
            } else {
                Lengths::Short.value(&member.value, input);
            }
            members.add(Some(place), short.digest(input.get(start..).unwrap_or_default()));
        }
        let mut others: Vec<_> = body.others().iter().filter(|member| is_given(member)).collect();
        others.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        for member in others {
            let start = input.len();
            input.push(NO_FIELD);
            Lengths::Short.text(b'k', &member.name, input);
            Lengths::Short.value(&member.value, input);
            members.add(None, short.digest(input.get(start..).unwrap_or_default()));
        }
    });
    Digested { whole, members }
}
