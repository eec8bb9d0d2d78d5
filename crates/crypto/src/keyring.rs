//! Master keys: the file they are kept in, and wrapping other keys under them (contract 4.1, 4.3).
//!
//! Knows the file's text, not where it lies. Invariant: a wrapped key opens only under the version, purpose and binding it
//! was wrapped with, and no error shows any of the file's content.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use crate::aead::{Cipher, KEY_BYTES, NONCE_BYTES, OpenError, SealError, push_measured};

/// The format's number, the first byte of every wrapped key: format, nonce, ciphertext, tag.
const FORMAT: u8 = 1;

/// The first word of a key line.
const KEY_LINE: &str = "registrar-master-key";

/// One version of the master key. Only the expanded key is kept, so that wrapping does not expand it each time.
///
/// Nonces are random, so one version may wrap up to 2^32 keys (NIST SP 800-38D 8.3): four times as many as there are codes
/// for participants.
pub struct MasterKey {
    version: u32,
    cipher: Cipher,
}

impl MasterKey {
    fn new(version: u32, bytes: &[u8; KEY_BYTES]) -> Option<Self> {
        Some(Self { version, cipher: Cipher::new(bytes)? })
    }

    /// Its version, from 1.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Wraps a key for a purpose and bound to what it belongs to. The nonce must be random.
    ///
    /// # Errors
    /// None that a key of this length can cause.
    pub fn wrap_key(
        &self,
        purpose: &str,
        binding: &[u8],
        nonce: [u8; NONCE_BYTES],
        key: &[u8; KEY_BYTES],
    ) -> Result<Vec<u8>, SealError> {
        self.cipher.seal(&[FORMAT], &self.associated_data(purpose, binding), nonce, &[key])
    }

    /// The key that was wrapped for this purpose and binding under this version.
    ///
    /// # Errors
    /// The bytes are not what was wrapped so.
    pub fn unwrap_key(
        &self,
        purpose: &str,
        binding: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, OpenError> {
        let rest = wrapped.strip_prefix(&[FORMAT]).ok_or(OpenError::UnknownFormat)?;
        let bytes = self.cipher.open(&self.associated_data(purpose, binding), rest)?;
        let key: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| OpenError::UnknownFormat)?;
        Ok(Zeroizing::new(*key))
    }

    fn associated_data(&self, purpose: &str, binding: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 4 + 2 * 8 + purpose.len() + binding.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        push_measured(purpose.as_bytes(), &mut bytes);
        push_measured(binding, &mut bytes);
        bytes
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey(version {})", self.version)
    }
}

/// Every version of the master key that the file holds; the highest is the current one.
#[derive(Debug)]
pub struct MasterKeys {
    current: MasterKey,
    older: Vec<MasterKey>,
}

impl MasterKeys {
    /// The text of a new master key file with version 1, made of random bytes.
    pub fn generate(mut random: [u8; KEY_BYTES]) -> Zeroizing<String> {
        let key = Zeroizing::new(STANDARD.encode(random));
        random.zeroize();
        Zeroizing::new(format!(
            "# The master key of a Registrar installation. With it and the database every customer can be read.\n\
             # Keep it apart from the database and its backups, and keep a second copy in a safe place:\n\
             # whoever loses this key loses everything that is stored under it.\n\
             {KEY_LINE} 1 {}\n",
            key.as_str()
        ))
    }

    /// Reads the text of a master key file: lines `registrar-master-key VERSION BASE64`, blank lines, and comments after `#`.
    ///
    /// # Errors
    /// The first line that is neither, or the whole file where it holds no key.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (position, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refused = |expected| MasterKeyError { line: Some(position + 1), expected };
            let key = parse_key_line(line).map_err(refused)?;
            if keys.iter().any(|other| other.version == key.version) {
                return Err(refused(Expected::OtherVersion));
            }
            keys.push(key);
        }
        keys.sort_unstable_by_key(MasterKey::version);
        let current = keys.pop().ok_or(MasterKeyError { line: None, expected: Expected::AnyKey })?;
        Ok(Self { current, older: keys })
    }

    /// The version that new keys are wrapped under.
    pub const fn current(&self) -> &MasterKey {
        &self.current
    }

    /// The version a key was wrapped under.
    pub fn get(&self, version: u32) -> Option<&MasterKey> {
        if version == self.current.version {
            return Some(&self.current);
        }
        self.older.iter().find(|key| key.version == version)
    }
}

fn parse_key_line(line: &str) -> Result<MasterKey, Expected> {
    let mut words = line.split_ascii_whitespace();
    let (Some(KEY_LINE), Some(version), Some(key), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Expected::KeyLine);
    };
    let version = parse_version(version).ok_or(Expected::Version)?;
    let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_| Expected::Key)?);
    let bytes: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| Expected::Key)?;
    MasterKey::new(version, bytes).ok_or(Expected::Key)
}

fn parse_version(text: &str) -> Option<u32> {
    // No sign and no zero in front, so that a version has one spelling.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

/// Why the text is not a master key file: the line and what is expected there, never what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MasterKeyError {
    /// The line, 1 the first; none where the whole file is meant.
    pub line: Option<usize>,
    expected: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    KeyLine,
    Version,
    OtherVersion,
    Key,
    AnyKey,
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line} of the master key file: ")?;
        }
        match self.expected {
            Expected::KeyLine => {
                write!(f, "expected a comment that starts with #, or `{KEY_LINE} VERSION BASE64`")
            }
            Expected::Version => write!(f, "expected a version from 1 to {} after `{KEY_LINE}`", u32::MAX),
            Expected::OtherVersion => f.write_str("expected a version that no line before has"),
            Expected::Key => {
                write!(f, "expected {KEY_BYTES} bytes as 44 characters of base64 after the version")
            }
            Expected::AnyKey => write!(
                f,
                "the master key file holds no key: expected a line `{KEY_LINE} VERSION BASE64`, \
                 as `registrar master-key create PATH` writes it"
            ),
        }
    }
}

impl std::error::Error for MasterKeyError {}
