//! The signature of a request (contract 1.2, 1.3): base64 of an HMAC-SHA256 over timestamp, method, target and body.
//!
//! Knows the bytes that were received, not what they mean: nothing is parsed or normalised here. Invariant: a secret is
//! never shown, is wiped when dropped, and every comparison with it takes the same time whatever the outcome.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::index::equal_digests;

/// Secrets are read as integrators may store them: with or without the padding.
const SECRET_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is signed in place of an empty body (contract 1.2).
pub(crate) const EMPTY_BODY: &[u8] = b"{}";

pub(crate) const DIGEST_BYTES: usize = 32;

type HmacSha256 = Hmac<Sha256>;

/// The secret half of an API key: the bytes that the shown base64 text stands for, normally 32.
pub struct RequestSecret {
    bytes: Zeroizing<Vec<u8>>,
    /// The HMAC with the key already taken in: it is cloned for each signature, which saves two blocks of SHA-256.
    keyed: HmacSha256,
}

/// The text is not the base64 of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSecret;

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret is not base64 text; give it exactly as it was shown when the key was made")
    }
}

impl std::error::Error for InvalidSecret {}

impl RequestSecret {
    /// The secret made of these bytes.
    ///
    /// # Errors
    /// No bytes at all: anyone could sign with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        if bytes.is_empty() {
            return Err(InvalidSecret);
        }
        Ok(Self { keyed: keyed(bytes), bytes: Zeroizing::new(bytes.to_vec()) })
    }

    /// The secret that this text of the standard base64 alphabet stands for, with or without padding.
    ///
    /// # Errors
    /// Not base64, or nothing.
    pub fn from_base64(text: &str) -> Result<Self, InvalidSecret> {
        let bytes = Zeroizing::new(SECRET_BASE64.decode(text).map_err(|_| InvalidSecret)?);
        Self::from_bytes(&bytes)
    }

    /// The text that is shown once and that integrators decode.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(&*self.bytes))
    }

    /// The bytes: for wrapping under the master key, never for a log.
    pub fn reveal(&self) -> &[u8] {
        &self.bytes
    }

    /// The HMAC-SHA256 over the pieces, one after the other.
    pub(crate) fn digest(&self, pieces: &[&[u8]]) -> [u8; DIGEST_BYTES] {
        let mut mac = self.keyed.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    }

    /// The secret that results where base64 decoding is forgotten: the text's own bytes.
    pub(crate) fn not_decoded(&self) -> Self {
        let text = self.to_base64();
        Self { keyed: keyed(text.as_bytes()), bytes: Zeroizing::new(text.as_bytes().to_vec()) }
    }
}

/// An HMAC key of any length as RFC 2104 takes it: longer than a block, it is hashed; shorter, it is filled with zeros.
fn keyed(key: &[u8]) -> HmacSha256 {
    let mut block = hmac::digest::Key::<HmacSha256>::default();
    if key.len() > block.len() {
        let mut hashed = Sha256::digest(key);
        block.iter_mut().zip(&hashed).for_each(|(to, from)| *to = *from);
        hashed.zeroize();
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    let keyed = HmacSha256::new(&block);
    block.zeroize();
    keyed
}

impl fmt::Debug for RequestSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestSecret(…)")
    }
}

/// The four parts that are signed, as they were sent.
#[derive(Clone, Copy)]
pub struct SignedParts<'a> {
    /// The timestamp header.
    pub timestamp: &'a str,
    /// The method, in upper case as HTTP has it.
    pub method: &'a str,
    /// The request target: the path and, where there is one, `?` and the query.
    pub target: &'a str,
    /// The raw body, empty where there is none.
    pub body: &'a [u8],
}

impl<'a> SignedParts<'a> {
    /// The parts as they are signed: an empty body as `{}`.
    pub(crate) fn pieces(&self) -> [&'a [u8]; 4] {
        let body = if self.body.is_empty() { EMPTY_BODY } else { self.body };
        [self.timestamp.as_bytes(), self.method.as_bytes(), self.target.as_bytes(), body]
    }
}

/// The bytes that are signed (contract 1.2).
pub fn string_to_sign(parts: &SignedParts<'_>) -> Vec<u8> {
    parts.pieces().concat()
}

/// The right signature, as it is sent in the `SIGNED` header.
pub fn sign(secret: &RequestSecret, parts: &SignedParts<'_>) -> String {
    STANDARD.encode(secret.digest(&parts.pieces()))
}

/// Whether the signature sent is the right one; for a GET with a body also one over `{}` is (contract 1.3).
#[must_use]
pub fn verify(secret: &RequestSecret, parts: &SignedParts<'_>, presented: &[u8]) -> bool {
    let digest = secret.digest(&parts.pieces());
    let bodiless = (parts.method == "GET" && !parts.body.is_empty())
        .then(|| secret.digest(&SignedParts { body: b"", ..*parts }.pieces()));
    let Some(presented) = presented_digest(presented) else { return false };
    let right = equal_digests(&digest, &presented);
    let bodiless_right = bodiless.map(|digest| equal_digests(&digest, &presented));
    bodiless_right.map_or(right, |bodiless_right| right | bodiless_right).into()
}

/// The digest that a signature of the right form holds. The strict alphabet gives each digest exactly one text, so comparing
/// digests compares texts, without the right one ever being written out.
pub(crate) fn presented_digest(presented: &[u8]) -> Option<[u8; DIGEST_BYTES]> {
    let mut bytes = [0; DIGEST_BYTES + 2];
    let length = STANDARD.decode_slice(presented, &mut bytes).ok()?;
    bytes.get(..length)?.try_into().ok()
}

/// The SHA-256 of a body in lower-case hexadecimal: lets two sides compare what they signed without showing it.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = nibbles.map(|nibble| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    // Digits are ASCII.
    String::from_utf8(digits.collect()).unwrap_or_default()
}
