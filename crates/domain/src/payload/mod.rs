//! The payload of contract 3.4: what makes two submissions the same, as a keyed digest with a version.
//!
//! `create_customer` compares by it. Knows the names of fields, not their rules: a payload has a digest whether or not it is
//! valid. Every version leaves out `request_id` and members that are `null` (at any depth, as order counts at none), takes
//! strings by their characters and numbers as written, and `signed_timestamp` alike as a number or as a string of digits.

mod encode;
mod version_one;
mod version_two;

use registrar_crypto::index::{IndexKey, ShortDigestKey, derive_platform_key};

use crate::fields::{Field, Submitted};
use crate::ids::PlatformNumber;
use crate::store::PayloadDigest;

/// The version that new rows bear; an older one stays in the program while a row bears it.
pub(crate) const PAYLOAD_VERSION: u8 = version_two::VERSION;

/// The fields that count, by the number they are digested and recorded under, from 1. This never changes: a field that is
/// added is a new version, for it was digested by its name before.
pub(crate) const FIELDS: [Field; 18] = [
    Field::FirstName,
    Field::LastName,
    Field::Email,
    Field::AddressOne,
    Field::AddressTwo,
    Field::City,
    Field::State,
    Field::Zip,
    Field::Country,
    Field::DateOfBirth,
    Field::IdNumberType,
    Field::IdNumber,
    Field::NonUsOtherType,
    Field::IdIssuingAuthority,
    Field::RiskRating,
    Field::SignedTimestamp,
    Field::Prefunded,
    Field::Metadata,
];

/// The keys of one platform's digests.
pub(crate) struct PayloadKeys {
    whole: IndexKey,
    members: ShortDigestKey,
}

impl PayloadKeys {
    /// Derives them from the installation's key for payload digests.
    pub(crate) fn derive(key: &IndexKey, platform: PlatformNumber) -> Self {
        Self {
            whole: derive_platform_key(key, "payload", platform.0),
            members: ShortDigestKey::from_key(&derive_platform_key(key, "payload members", platform.0)),
        }
    }
}

/// A submitted payload and its digests.
pub(crate) struct Payload<'p> {
    body: &'p Submitted<'p, 'p>,
    keys: &'p PayloadKeys,
    digested: Digested,
}

/// What one version makes of a payload.
struct Digested {
    whole: [u8; 16],
    members: MemberDigests,
}

/// Four bytes of a keyed digest for each field, by its number, in front of them one for all members that are no fields; zeros
/// for what was not given. Enough to tell which fields of a payload differ that is known to differ; kept sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MemberDigests(pub(crate) [[u8; 4]; Self::COUNT]);

impl<'p> Payload<'p> {
    /// Digests a request body under the platform's keys.
    pub(crate) fn of(body: &'p Submitted<'p, 'p>, keys: &'p PayloadKeys) -> Self {
        Self { body, keys, digested: version_two::digest(body, &keys.whole, &keys.members) }
    }

    /// The digest that a new row bears.
    pub(crate) const fn digest(&self) -> PayloadDigest {
        PayloadDigest { version: PAYLOAD_VERSION, bytes: self.digested.whole }
    }

    /// The member digests that a new record holds.
    pub(crate) const fn members(&self) -> &MemberDigests {
        &self.digested.members
    }

    /// The digest under the version that a stored row bears; `None` if this program does not know it.
    pub(crate) fn digest_under(&self, version: u8) -> Option<PayloadDigest> {
        match version {
            PAYLOAD_VERSION => Some(self.digest()),
            version_one::VERSION => Some(PayloadDigest { version, bytes: self.under_version_one().whole }),
            _ => None,
        }
    }

    /// The member digests under the version that a stored record bears; `None` if this program does not know it.
    pub(crate) fn members_under(&self, version: u8) -> Option<MemberDigests> {
        match version {
            PAYLOAD_VERSION => Some(self.digested.members),
            version_one::VERSION => Some(self.under_version_one().members),
            _ => None,
        }
    }

    fn under_version_one(&self) -> Digested {
        version_one::digest(self.body, &self.keys.whole)
    }
}

impl MemberDigests {
    /// How many there are.
    pub(crate) const COUNT: usize = 1 + FIELDS.len();

    /// Adds a member's digest to the place of its field in `FIELDS`. Several members that are no fields fold into one place:
    /// a sum depends on all of them and not on their order.
    fn add(&mut self, field: Option<usize>, digest: [u8; 4]) {
        if let Some(place) = self.0.get_mut(field.map_or(0, |field| field + 1)) {
            *place = u32::from_le_bytes(*place).wrapping_add(u32::from_le_bytes(digest)).to_le_bytes();
        }
    }

    /// The fields in whose digests two payloads differ, in the order of `FIELDS`.
    pub(crate) fn differing_fields(&self, other: &Self) -> impl Iterator<Item = Field> {
        let [_, own @ ..] = self.0;
        let [_, others @ ..] = other.0;
        FIELDS
            .into_iter()
            .zip(own.into_iter().zip(others))
            .filter(|(_, (own, other))| own != other)
            .map(|(field, _)| field)
    }

    /// Whether members that are no fields differ.
    pub(crate) fn others_differ(&self, other: &Self) -> bool {
        self.0.first() != other.0.first()
    }
}

#[cfg(test)]
mod tests;
