//! Why a signature may be wrong (contract 1.9): the signatures that common mistakes would have given are computed and compared.
//!
//! Knows the mistakes, not who may be told nor how often. Invariant: which of them is tried depends on the request alone, all
//! of them are tried whatever matches, each is compared in constant time, and no computed signature leaves this module.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use registrar_json::{Object, Style, parse_object};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::index::equal_digests;
use crate::signature::{DIGEST_BYTES, EMPTY_BODY, RequestSecret, SignedParts, presented_digest, verify};

/// The longest body a hint is sought for (contract 1.9): each mistake costs one HMAC over it, which for the longest body that
/// is accepted at all would take longer than serving the request.
pub const EXPLAINED_BODY_BYTES_MAX: usize = 4096;

/// As deep as the reader of requests goes (contract 3.2).
const DEPTH_MAX: usize = 32;

/// A common mistake that explains the signature sent; its code and its sentence are the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureHint {
    /// The secret's text was the key.
    SecretNotDecoded,
    /// The digest was sent in hexadecimal.
    HexDigest,
    /// The body was signed with other white space (or escapes) than it was sent with.
    BodyWithSpaces,
    /// The body was signed with its keys sorted.
    BodySortedKeys,
    /// The query was not signed.
    QueryMissing,
    /// More of a query was signed than was sent.
    QueryAdded,
    /// The timestamp was signed in milliseconds.
    Milliseconds,
    /// The method was not signed in upper case.
    MethodCase,
    /// `{}` was signed although a body was sent.
    BracesSignedWithBody,
    /// Nothing was signed in place of the empty body.
    NothingSignedWithoutBody,
    /// `/v3` was signed in front of the target.
    V3Prefix,
    /// A line end was signed or sent, but not both.
    TrailingNewline,
}

impl SignatureHint {
    /// Every hint, in the order of contract 1.9.
    const ALL: [Self; 12] = [
        Self::SecretNotDecoded,
        Self::HexDigest,
        Self::BodyWithSpaces,
        Self::BodySortedKeys,
        Self::QueryMissing,
        Self::QueryAdded,
        Self::Milliseconds,
        Self::MethodCase,
        Self::BracesSignedWithBody,
        Self::NothingSignedWithoutBody,
        Self::V3Prefix,
        Self::TrailingNewline,
    ];
}

/// The mistake that explains the signature sent, where one does; for the right signature, none.
///
/// Where several would give the same signature, the more precise one is told: the order of the attempts below.
pub fn explain(secret: &RequestSecret, parts: &SignedParts<'_>, presented: &[u8]) -> Option<SignatureHint> {
    if parts.body.len() > EXPLAINED_BODY_BYTES_MAX || verify(secret, parts, presented) {
        return None;
    }
    if let Some(digest) = presented_hex(presented) {
        let right: bool = equal_digests(&secret.digest(&parts.pieces()), &digest).into();
        return right.then_some(SignatureHint::HexDigest);
    }
    let mut search = Search { secret, presented: presented_digest(presented)?, found: NOTHING_FOUND };
    search.wrong_key(parts);
    search.wrong_line_end(parts);
    search.wrong_body(parts);
    search.wrong_target(parts);
    search.wrong_timestamp_or_method(parts);
    search.hint()
}

/// The same for a timestamp signed in milliseconds that are no whole second, as a clock gives them: the header says which
/// second, so every millisecond that is rounded or cut to it is tried. It costs a hundred times what `explain` costs.
pub fn explain_milliseconds(
    secret: &RequestSecret,
    parts: &SignedParts<'_>,
    presented: &[u8],
) -> Option<SignatureHint> {
    if parts.body.len() > EXPLAINED_BODY_BYTES_MAX {
        return None;
    }
    let mut search = Search { secret, presented: presented_digest(presented)?, found: NOTHING_FOUND };
    let [_, method, target, body] = parts.pieces();
    let second = parts.timestamp.parse::<u64>().ok()?.checked_mul(1000)?;
    for millis in second.checked_sub(500)?..second.checked_add(1000)? {
        let timestamp = millis.to_string();
        search.attempt(SignatureHint::Milliseconds, &[timestamp.as_bytes(), method, target, body]);
    }
    search.hint()
}

/// The digest that was sent as 64 hexadecimal digits, or as the base64 of those.
fn presented_hex(presented: &[u8]) -> Option<[u8; DIGEST_BYTES]> {
    let mut decoded = [0; 2 * DIGEST_BYTES + 2];
    let digits = if presented.len() == 2 * DIGEST_BYTES {
        presented
    } else {
        let length = STANDARD.decode_slice(presented, &mut decoded).ok()?;
        decoded.get(..length)?
    };
    if digits.len() != 2 * DIGEST_BYTES {
        return None;
    }
    let mut digest = [0; DIGEST_BYTES];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            let digit = char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())?;
            *byte = *byte << 4 | digit;
        }
    }
    Some(digest)
}

/// No hint has this number.
const NOTHING_FOUND: u8 = u8::MAX;

struct Search<'s> {
    secret: &'s RequestSecret,
    presented: [u8; DIGEST_BYTES],
    /// The number of the first hint that matched, kept without a branch.
    found: u8,
}

impl Search<'_> {
    fn attempt(&mut self, hint: SignatureHint, pieces: &[&[u8]]) {
        self.compare(hint, self.secret.digest(pieces));
    }

    fn compare(&mut self, hint: SignatureHint, digest: [u8; DIGEST_BYTES]) {
        let first_match = equal_digests(&digest, &self.presented) & self.found.ct_eq(&NOTHING_FOUND);
        self.found.conditional_assign(&(hint as u8), first_match);
    }

    fn hint(&self) -> Option<SignatureHint> {
        SignatureHint::ALL.get(usize::from(self.found)).copied()
    }

    fn wrong_key(&mut self, parts: &SignedParts<'_>) {
        let digest = self.secret.not_decoded().digest(&parts.pieces());
        self.compare(SignatureHint::SecretNotDecoded, digest);
    }

    /// Before the other bodies: a body that only lacks its line end is compact too.
    fn wrong_line_end(&mut self, parts: &SignedParts<'_>) {
        let [timestamp, method, target, body] = parts.pieces();
        for line_end in [b"\n".as_slice(), b"\r\n"] {
            self.attempt(SignatureHint::TrailingNewline, &[timestamp, method, target, body, line_end]);
            if let Some(without) = parts.body.strip_suffix(line_end) {
                self.attempt(SignatureHint::TrailingNewline, &[timestamp, method, target, without]);
            }
        }
    }

    fn wrong_body(&mut self, parts: &SignedParts<'_>) {
        let [timestamp, method, target, body] = parts.pieces();
        if parts.body.is_empty() {
            self.attempt(SignatureHint::NothingSignedWithoutBody, &[timestamp, method, target]);
            return;
        }
        self.attempt(SignatureHint::BracesSignedWithBody, &[timestamp, method, target, EMPTY_BODY]);
        self.attempt(SignatureHint::BracesSignedWithBody, &[timestamp, method, target, body, EMPTY_BODY]);
        self.attempt(SignatureHint::BracesSignedWithBody, &[timestamp, method, target, EMPTY_BODY, body]);
        let Ok(object) = parse_object(parts.body, DEPTH_MAX) else { return };
        for (hint, sorted_keys) in
            [(SignatureHint::BodyWithSpaces, false), (SignatureHint::BodySortedKeys, true)]
        {
            for other in serialisations(&object, sorted_keys) {
                self.attempt(hint, &[timestamp, method, target, other.as_bytes()]);
            }
        }
    }

    fn wrong_target(&mut self, parts: &SignedParts<'_>) {
        let [timestamp, method, target, body] = parts.pieces();
        if let Some((path, query)) = parts.target.split_once('?') {
            self.attempt(SignatureHint::QueryMissing, &[timestamp, method, path.as_bytes(), body]);
            let twice = [timestamp, method, target, b"?", query.as_bytes(), body];
            self.attempt(SignatureHint::QueryAdded, &twice);
        }
        self.attempt(SignatureHint::QueryAdded, &[timestamp, method, target, b"?", body]);
        self.attempt(SignatureHint::V3Prefix, &[timestamp, method, b"/v3", target, body]);
    }

    fn wrong_timestamp_or_method(&mut self, parts: &SignedParts<'_>) {
        let [timestamp, method, target, body] = parts.pieces();
        self.attempt(SignatureHint::Milliseconds, &[timestamp, b"000", method, target, body]);
        let lower = method.to_ascii_lowercase();
        self.attempt(SignatureHint::MethodCase, &[timestamp, &lower, target, body]);
        if let (Some(initial), Some(rest)) = (method.get(..1), lower.get(1..)) {
            self.attempt(SignatureHint::MethodCase, &[timestamp, initial, rest, target, body]);
        }
    }
}

/// The object as common serialisers write it, each text once: compact and spaced, in UTF-8 and in ASCII.
fn serialisations(object: &Object<'_>, sorted_keys: bool) -> Vec<String> {
    let mut texts = Vec::with_capacity(4);
    for spaced in [false, true] {
        for ascii in [false, true] {
            let mut text = String::new();
            object.write_styled(Style { spaced, sorted_keys, ascii }, &mut text);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}
