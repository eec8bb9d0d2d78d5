//! Platforms and their API keys as they are stored.

use crate::clock::UnixMillis;
use crate::ids::{KeyNumber, PlatformNumber};
use crate::policy::Policy;

/// A platform: the tenant that API keys belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Its number; the public code is derived from it.
    pub number: PlatformNumber,
    /// The operator's name for it, 1 to 100 characters.
    pub name: String,
    /// Sandbox platforms get failed signatures told apart (contract 1.8).
    pub sandbox: bool,
    /// A suspended platform gets `platform_suspended`.
    pub suspended: bool,
    /// Whether `POST /participants/customers/new` is enabled for it (contract 1.10).
    pub customers_enabled: bool,
    /// Its policies.
    pub policy: Policy,
    /// When it was created.
    pub created_at: UnixMillis,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Submit customers.
    CustomersWrite,
    /// Read customers back; no operation asks for it yet, and a key that has only this one submits none.
    CustomersRead,
}

impl Permission {
    /// Every permission.
    pub const ALL: &'static [Self] = &[Self::CustomersWrite, Self::CustomersRead];

    /// The permission's name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CustomersWrite => "customers:write",
            Self::CustomersRead => "customers:read",
        }
    }

    /// The permission of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.code() == text)
    }
}

/// An API key as it is stored: the secret is wrapped under the master key, the passphrase is a keyed digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number.
    pub number: KeyNumber,
    /// The platform it belongs to.
    pub platform: PlatformNumber,
    /// The public identifier sent in `X-NDAX-API-KEY`.
    pub api_key: String,
    /// The operator's label, up to 100 characters.
    pub label: String,
    /// What it may be used for.
    pub permissions: Vec<Permission>,
    /// The request secret, wrapped.
    pub wrapped_secret: WrappedKey,
    /// The keyed digest of the passphrase.
    pub passphrase_digest: [u8; 32],
    /// When it was created.
    pub created_at: UnixMillis,
    /// From when on it is refused as expired.
    pub expires_at: Option<UnixMillis>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<UnixMillis>,
}

impl ApiKey {
    /// Whether the key counts against the limit of live keys (contract 1.7).
    pub fn is_live(&self, now: UnixMillis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// A key wrapped under a version of the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The version of the master key.
    pub master_key_version: u32,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}
