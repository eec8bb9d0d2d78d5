//! Platforms and keys as authentication uses them: unwrapped, in memory, replaced as a whole when they change.
//!
//! A request, such as `create_customer`, never waits for the database to learn who calls. Invariant: a snapshot is read in
//! one transaction, so that a key never meets another version of its platform.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use registrar_crypto::index::{IndexKey, derive_platform_key};
use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::signature::RequestSecret;

use crate::clock::UnixMillis;
use crate::codes::Codes;
use crate::ids::{KeyNumber, PlatformNumber};
use crate::keys::{InstallationKeys, unwrap};
use crate::payload::PayloadKeys;
use crate::platform::{ApiKey, Platform};
use crate::store::{AccessSnapshot, StoreFailure};

/// A platform with the keys that are derived for it.
pub struct PlatformAccess {
    /// The platform as stored.
    pub platform: Platform,
    /// Its public code.
    pub code: String,
    /// The key of its blind indexes of e-mails.
    pub(crate) email_key: IndexKey,
    /// The key of its blind indexes of request_ids.
    pub(crate) request_key: IndexKey,
    /// The keys of its payload digests.
    pub(crate) payload_keys: PayloadKeys,
}

/// An API key, ready to verify with.
pub struct KeyAccess {
    /// The key as stored.
    pub key: ApiKey,
    /// The platform it belongs to.
    pub platform: Arc<PlatformAccess>,
    pub(crate) secret: RequestSecret,
    last_used: Arc<AtomicI64>,
}

/// Every platform and key at one version.
pub struct Access {
    version: u64,
    only_sandboxes: bool,
    platforms: HashMap<PlatformNumber, Arc<PlatformAccess>>,
    keys: HashMap<String, Arc<KeyAccess>>,
}

impl Access {
    /// Builds a snapshot, carrying over what `before` noted of the use of keys.
    pub(crate) fn build(
        snapshot: AccessSnapshot,
        keys: &InstallationKeys,
        codes: &Codes,
        master: &MasterKeys,
        before: Option<&Self>,
    ) -> Result<Self, StoreFailure> {
        let mut platforms = HashMap::with_capacity(snapshot.platforms.len());
        for platform in snapshot.platforms {
            let number = platform.number;
            let code = codes
                .platform_code(number)
                .ok_or_else(|| StoreFailure::Internal("a platform's number has no code".to_owned()))?;
            let derive = |key, purpose| derive_platform_key(key, purpose, number.0);
            let access = PlatformAccess {
                code,
                email_key: derive(&keys.index, "email"),
                request_key: derive(&keys.index, "request_id"),
                payload_keys: PayloadKeys::derive(&keys.digest, number),
                platform,
            };
            platforms.insert(number, Arc::new(access));
        }
        let mut by_name = HashMap::with_capacity(snapshot.keys.len());
        for key in snapshot.keys {
            let Some(platform) = platforms.get(&key.platform) else {
                return Err(StoreFailure::Internal("an API key belongs to no platform".to_owned()));
            };
            let secret = unwrap(&key.wrapped_secret, SECRET_PURPOSE, key.api_key.as_bytes(), master)
                .and_then(|bytes| RequestSecret::from_bytes(bytes.as_slice()).ok())
                .ok_or_else(|| {
                    StoreFailure::Internal(
                        "an API key's secret does not open under the master key".to_owned(),
                    )
                })?;
            let last_used = before
                .and_then(|access| access.keys.get(&key.api_key))
                .map_or_else(|| Arc::new(AtomicI64::new(i64::MIN)), |known| Arc::clone(&known.last_used));
            let access = KeyAccess { platform: Arc::clone(platform), secret, last_used, key };
            by_name.insert(access.key.api_key.clone(), Arc::new(access));
        }
        let only_sandboxes = platforms.values().all(|access| access.platform.sandbox);
        Ok(Self { version: snapshot.version, only_sandboxes, platforms, keys: by_name })
    }

    /// The later of two snapshots: of two that are read at once, the older may arrive last, and must not undo the newer.
    pub(crate) fn later_of<'a>(current: &'a Arc<Self>, loaded: &'a Arc<Self>) -> &'a Arc<Self> {
        if loaded.version > current.version { loaded } else { current }
    }

    /// The version of the snapshot.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// Whether every platform is a sandbox, so that even an unknown key may be told (contract 1.8).
    pub(crate) const fn only_sandboxes(&self) -> bool {
        self.only_sandboxes
    }

    /// The key of that public name.
    pub(crate) fn key(&self, api_key: &str) -> Option<&Arc<KeyAccess>> {
        self.keys.get(api_key)
    }

    /// The platform of that number.
    pub(crate) fn platform(&self, number: PlatformNumber) -> Option<&Arc<PlatformAccess>> {
        self.platforms.get(&number)
    }

    /// Every platform, in the order of their numbers.
    pub(crate) fn platforms(&self) -> Vec<Arc<PlatformAccess>> {
        let mut all: Vec<_> = self.platforms.values().map(Arc::clone).collect();
        all.sort_unstable_by_key(|access| access.platform.number);
        all
    }

    /// The keys of one platform, in the order of their numbers.
    pub(crate) fn keys_of(&self, platform: PlatformNumber) -> Vec<Arc<KeyAccess>> {
        let mut keys: Vec<_> =
            self.keys.values().filter(|access| access.key.platform == platform).map(Arc::clone).collect();
        keys.sort_unstable_by_key(|access| access.key.number);
        keys
    }

    /// The uses noted since the last call.
    pub(crate) fn take_key_uses(&self) -> Vec<(KeyNumber, UnixMillis)> {
        self.keys
            .values()
            .map(|access| (access.key.number, access.last_used.swap(i64::MIN, Ordering::Relaxed)))
            .filter(|(_, at)| *at != i64::MIN)
            .map(|(number, at)| (number, UnixMillis(at)))
            .collect()
    }
}

impl KeyAccess {
    /// Notes that the key was used; stored within a minute.
    pub(crate) fn note_use(&self, at: UnixMillis) {
        self.last_used.fetch_max(at.0, Ordering::Relaxed);
    }
}

/// What a request secret is wrapped for, bound to its key's public name: moved to another row it does not open.
pub(crate) const SECRET_PURPOSE: &str = "request-secret";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_snapshot_that_arrives_last_undoes_nothing() {
        let at = |version| {
            Arc::new(Access {
                version,
                only_sandboxes: true,
                platforms: HashMap::new(),
                keys: HashMap::new(),
            })
        };
        let (older, newer) = (at(1), at(2));
        assert_eq!(Access::later_of(&older, &newer).version, 2);
        assert_eq!(Access::later_of(&newer, &older).version, 2);
        assert!(Arc::ptr_eq(Access::later_of(&newer, &at(2)), &newer), "what is in use stays in use");
    }
}
