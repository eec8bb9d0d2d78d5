//! Keyed hashes: blind indexes and payload digests per platform, passphrase digests (contract 1.6, 3.4, 4.1).
//!
//! Knows bytes to be hashed, not which field they come from. Invariant: without the installation's key nobody can tell which
//! value a hash is of, and the same value has unrelated hashes on two platforms and for two purposes.

use std::fmt;

use siphasher::sip::SipHasher13;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The length of a blind index: 128 bits, at which 2^30 values still collide by chance with a probability of 2^-69.
pub const BLIND_INDEX_BYTES: usize = 16;

/// What a keyed hash is for, hashed in front, so that no output for one use is an output for another.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    BlindIndex = 0,
    PlatformKey = 1,
    Passphrase = 2,
    Permutation = 3,
}

/// A key for keyed hashes: the installation's own, random and wrapped under the master key, or one derived from it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct IndexKey([u8; 32]);

impl IndexKey {
    /// The key made of 32 random bytes, or of those that were unwrapped.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes: for wrapping under the master key.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn hash(&self, use_: Use, pieces: &[&[u8]]) -> [u8; 32] {
        // One call over joined bytes: a hasher that takes pieces is two kilobytes of state, which costs more to wipe than a
        // short value costs to hash.
        let length = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        let mut input = Zeroizing::new(Vec::with_capacity(1 + length));
        input.push(use_ as u8);
        for piece in pieces {
            input.extend_from_slice(piece);
        }
        blake3::keyed_hash(&self.0, &input).into()
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(…)")
    }
}

/// The key of one platform for one purpose, for example `email`; it never changes, whatever becomes of the master key.
pub fn derive_platform_key(installation_key: &IndexKey, purpose: &str, platform: u32) -> IndexKey {
    // The number's length is fixed, so where the purpose ends is not in doubt.
    IndexKey(installation_key.hash(Use::PlatformKey, &[&platform.to_be_bytes(), purpose.as_bytes()]))
}

/// The index under which a value is found without being readable.
pub fn blind_index(platform_key: &IndexKey, value: &[u8]) -> [u8; BLIND_INDEX_BYTES] {
    first_half(platform_key.hash(Use::BlindIndex, &[value]))
}

/// Blind indexes of many values under one key, by way of one buffer that is wiped once.
pub struct BlindIndexes<'a> {
    key: &'a IndexKey,
    input: Zeroizing<Vec<u8>>,
}

impl<'a> BlindIndexes<'a> {
    /// Longer values than this move the buffer.
    const USUAL_BYTES: usize = 512;

    /// No index yet.
    pub fn under(key: &'a IndexKey) -> Self {
        let mut input = Zeroizing::new(Vec::with_capacity(Self::USUAL_BYTES));
        input.push(Use::BlindIndex as u8);
        Self { key, input }
    }

    /// The blind index of the value that `write` appends.
    pub fn of(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> [u8; BLIND_INDEX_BYTES] {
        self.input.truncate(1);
        write(&mut self.input);
        first_half(blake3::keyed_hash(&self.key.0, &self.input).into())
    }
}

/// A key for digests of four bytes, which tell where two values differ where something else proves that they do.
///
/// SipHash-1-3 (Aumasson and Bernstein): for values of a few bytes it takes a tenth of the time of a BLAKE3 hash.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ShortDigestKey([u8; 16]);

impl ShortDigestKey {
    /// The first half of a derived key.
    pub fn from_key(key: &IndexKey) -> Self {
        Self(first_half(key.0))
    }

    /// The digest of a value.
    pub fn digest(&self, value: &[u8]) -> [u8; 4] {
        let [a, b, c, d, ..] = SipHasher13::new_with_key(&self.0).hash(value).to_le_bytes();
        [a, b, c, d]
    }
}

impl fmt::Debug for ShortDigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShortDigestKey(…)")
    }
}

fn first_half(bytes: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    half
}

/// The digest a passphrase is stored as; passphrases are random, so a slow hash would protect nothing more.
pub fn passphrase_digest(key: &IndexKey, passphrase: &[u8]) -> [u8; 32] {
    key.hash(Use::Passphrase, &[passphrase])
}

/// Whether two digests are equal, in the same time whatever they are.
#[must_use]
pub fn constant_time_eq(one: &[u8; 32], other: &[u8; 32]) -> bool {
    equal_digests(one, other).into()
}

/// By words: byte by byte the barriers that keep the compiler from branching cost more than the comparison.
pub(crate) fn equal_digests(one: &[u8; 32], other: &[u8; 32]) -> Choice {
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let differing =
        words.fold(0, |bits, (one, other)| bits | (u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other)));
    differing.ct_eq(&0)
}
