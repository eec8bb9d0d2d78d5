//! Sealing (contract 4.1): AES-256-GCM under a customer's data key, bound to the place where the value belongs.
//!
//! Knows a place by its numbers and names, not what is stored there. Invariant: what was sealed for one place, or under one
//! version of a key, opens nowhere else.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::aead::{Cipher, KEY_BYTES, NONCE_BYTES, OpenError, SealError, push_measured};

/// The format's number, the first byte of all sealed bytes: format, key version, nonce, ciphertext, tag.
const FORMAT: u8 = 1;

/// The key that one customer's data is sealed under; destroying it erases the customer.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

/// The place a sealed value belongs to; it must be the same when the value is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssociatedData<'a> {
    /// What the value is for, for example `customer`.
    pub purpose: &'a str,
    /// The platform's number.
    pub platform: u32,
    /// The customer's number.
    pub customer: u32,
    /// Which group of the customer's fields.
    pub group: &'a str,
    /// Which version of the customer's data key, also written in front of the sealed bytes.
    pub key_version: u32,
}

impl AssociatedData<'_> {
    /// No two places have the same bytes: texts come with their lengths, numbers have a fixed one.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 3 * 4 + 2 * 8 + self.purpose.len() + self.group.len());
        bytes.push(FORMAT);
        for number in [self.key_version, self.platform, self.customer] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        push_measured(self.purpose.as_bytes(), &mut bytes);
        push_measured(self.group.as_bytes(), &mut bytes);
        bytes
    }
}

impl DataKey {
    /// The key made of 32 random bytes, or of those that were unwrapped.
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes: for wrapping under the master key.
    pub const fn reveal(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Seals a value, which comes in pieces, for its place. The nonce must be random and never used twice under one key.
    ///
    /// # Errors
    /// The value is longer than any that is stored (1 MiB).
    pub fn seal(
        &self,
        place: &AssociatedData<'_>,
        nonce: [u8; NONCE_BYTES],
        plaintext: &[&[u8]],
    ) -> Result<Vec<u8>, SealError> {
        let [a, b, c, d] = place.key_version.to_be_bytes();
        let header = [FORMAT, a, b, c, d];
        self.cipher().ok_or(SealError)?.seal(&header, &place.encode(), nonce, plaintext)
    }

    /// Opens a value that was sealed for this place.
    ///
    /// # Errors
    /// The bytes are not what was sealed there.
    pub fn open(&self, place: &AssociatedData<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (key_version, rest) = split_header(sealed).ok_or(OpenError::UnknownFormat)?;
        if key_version != place.key_version {
            return Err(OpenError::OtherKeyVersion);
        }
        self.cipher().ok_or(OpenError::NotAuthentic)?.open(&place.encode(), rest)
    }

    /// The key schedule is not kept: a data key is used once or twice and then dropped.
    fn cipher(&self) -> Option<Cipher> {
        Cipher::new(&self.0)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// The version of the key that sealed bytes say they were sealed under; only opening proves it.
pub fn sealed_key_version(sealed: &[u8]) -> Option<u32> {
    split_header(sealed).map(|(key_version, _)| key_version)
}

fn split_header(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let (&format, rest) = sealed.split_first()?;
    let (key_version, rest) = rest.split_first_chunk()?;
    (format == FORMAT).then_some((u32::from_be_bytes(*key_version), rest))
}
