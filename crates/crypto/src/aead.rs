//! AES-256-GCM as sealing and key wrapping share it: header, nonce, ciphertext and tag in one piece.
//!
//! Knows bytes, not what is sealed nor where it belongs. Invariant: nothing is returned of what did not authenticate.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// The nonce's length: 96 bits, the length GCM is made for (NIST SP 800-38D 8.2).
pub const NONCE_BYTES: usize = 12;

/// The key's length.
pub(crate) const KEY_BYTES: usize = 32;

const TAG_BYTES: usize = 16;

/// The longest plaintext: many times the longest body that is accepted, and far below the 64 GiB at which GCM ends.
pub(crate) const PLAINTEXT_BYTES_MAX: usize = 1 << 20;

/// The plaintext is longer than anything that is stored: over 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealError;

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what is to be sealed is longer than {PLAINTEXT_BYTES_MAX} bytes")
    }
}

impl std::error::Error for SealError {}

/// Why sealed bytes do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// The bytes are too few, or of a format that this program does not know.
    UnknownFormat,
    /// They were sealed under another version of the key.
    OtherKeyVersion,
    /// They were changed, belong to another place, or were sealed under another key.
    NotAuthentic,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownFormat => {
                "the sealed bytes are cut off or of a format that this version does not know"
            }
            Self::OtherKeyVersion => "the sealed bytes belong to another version of the key",
            Self::NotAuthentic => {
                "the sealed bytes were changed, belong to another place, or were sealed under another key"
            }
        })
    }
}

impl std::error::Error for OpenError {}

/// A key, expanded; wiped when dropped.
///
/// From the library that TLS uses too: for keys used once and texts of half a kilobyte it takes half the time of `aes-gcm`,
/// which prepares itself for batches of 64 blocks and then has fewer.
pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    /// Never none for a key of this length.
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, key).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Seals pieces, one after the other, behind a header, which the associated data must cover.
    ///
    /// The plaintext is copied to where it is encrypted in place, so nothing of it is left to wipe.
    pub(crate) fn seal(
        &self,
        header: &[u8],
        associated_data: &[u8],
        nonce: [u8; NONCE_BYTES],
        plaintext: &[&[u8]],
    ) -> Result<Vec<u8>, SealError> {
        let length = plaintext.iter().map(|piece| piece.len()).sum::<usize>();
        if length > PLAINTEXT_BYTES_MAX {
            return Err(SealError);
        }
        let mut sealed = Vec::with_capacity(header.len() + NONCE_BYTES + length + TAG_BYTES);
        sealed.extend_from_slice(header);
        sealed.extend_from_slice(&nonce);
        let text_at = sealed.len();
        for piece in plaintext {
            sealed.extend_from_slice(piece);
        }
        let text = sealed.get_mut(text_at..).ok_or(SealError)?;
        let (nonce, associated_data) = (Nonce::assume_unique_for_key(nonce), Aad::from(associated_data));
        let tag = self.0.seal_in_place_separate_tag(nonce, associated_data, text).map_err(|_| SealError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what follows the header.
    pub(crate) fn open(
        &self,
        associated_data: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::UnknownFormat)?;
        if rest.len() < TAG_BYTES {
            return Err(OpenError::UnknownFormat);
        }
        let mut text = Zeroizing::new(rest.to_vec());
        let (nonce, associated_data) = (Nonce::assume_unique_for_key(*nonce), Aad::from(associated_data));
        let opened = self.0.open_in_place(nonce, associated_data, &mut text);
        let length = opened.map_err(|_| OpenError::NotAuthentic)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// Appends a text so that no two different sequences of texts and numbers give the same bytes.
pub(crate) fn push_measured(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// The vectors are test cases 13 to 16 of "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega, as submitted to NIST.
    #[test]
    fn the_published_vectors_of_aes_256_gcm_hold() {
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        let text = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
        let zero = "00".repeat(32);
        let cases = [
            (&*zero, &zero[..24], "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
            (
                &zero,
                &zero[..24],
                "",
                &zero[..32],
                "cea7403d4d606b6e074ec5d3baf39d18",
                "d0d1c8a799996bf0265b98b5d48ab919",
            ),
            (
                key,
                "cafebabefacedbaddecaf888",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                text,
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ];
        for (key, nonce, associated_data, plaintext, ciphertext, tag) in cases {
            let cipher = Cipher::new(&bytes(key).try_into().unwrap()).unwrap();
            let nonce_bytes = bytes(nonce).try_into().unwrap();
            let sealed =
                cipher.seal(b"", &bytes(associated_data), nonce_bytes, &[&bytes(plaintext)]).unwrap();
            assert_eq!(sealed, bytes(&format!("{nonce}{ciphertext}{tag}")));
            assert_eq!(*cipher.open(&bytes(associated_data), &sealed).unwrap(), bytes(plaintext));
        }
    }

    #[test]
    fn a_plaintext_over_the_limit_is_refused() {
        let cipher = Cipher::new(&[0; 32]).unwrap();
        let seal = |length: usize| cipher.seal(b"", b"", [0; 12], &[&vec![0; length]]);
        assert!(seal(PLAINTEXT_BYTES_MAX).is_ok());
        assert_eq!(seal(PLAINTEXT_BYTES_MAX + 1), Err(SealError));
    }
}
