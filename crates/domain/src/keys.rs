//! The installation's own keys: random, made once, wrapped under the master key, unchanged by its rotation (contract 4.3).

use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::seal::{unwrap_key, wrap_key};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, random_bytes};
use crate::platform::WrappedKey;
use crate::store::{InstallationKey, Store, StoreFailure};

/// The unwrapped keys.
pub struct InstallationKeys {
    /// Blind indexes of e-mails and request_ids.
    pub index: Zeroizing<[u8; 32]>,
    /// Payload digests.
    pub digest: Zeroizing<[u8; 32]>,
    /// Participant and platform codes.
    pub code: Zeroizing<[u8; 32]>,
    /// Passphrase digests.
    pub passphrase: Zeroizing<[u8; 32]>,
}

/// Why the installation's keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database answered with a failure.
    #[error(transparent)]
    Store(#[from] StoreFailure),
    /// The master key file does not belong to this database.
    #[error(
        "the master key does not open this database's keys (wrapped under version {version}): the file belongs to another \
         installation or was changed; start with the master key file that this database was created with"
    )]
    WrongMasterKey {
        /// The version the database asks for.
        version: u32,
    },
    /// The database lacks one of its keys.
    #[error("the database has no key named {0}: it is incomplete; restore it from a copy")]
    Missing(&'static str),
}

impl InstallationKeys {
    /// Loads the keys; makes them if the database has none yet.
    pub async fn load(
        store: &dyn Store,
        master: &MasterKeys,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeysError> {
        let candidates = ["index", "digest", "code", "passphrase"]
            .into_iter()
            .map(|name| InstallationKey {
                name: name.to_owned(),
                wrapped: wrap(&Zeroizing::new(random_bytes(entropy)), name, master, entropy),
            })
            .collect();
        let stored = store.load_or_store_installation_keys(candidates).await?;
        let load = |name: &'static str| -> Result<Zeroizing<[u8; 32]>, KeysError> {
            let key = stored.iter().find(|key| key.name == name).ok_or(KeysError::Missing(name))?;
            unwrap(&key.wrapped, name, master)
                .ok_or(KeysError::WrongMasterKey { version: key.wrapped.master_key_version })
        };
        Ok(Self {
            index: load("index")?,
            digest: load("digest")?,
            code: load("code")?,
            passphrase: load("passphrase")?,
        })
    }
}

/// Wraps a key under the current master key, bound to what it is for.
pub(crate) fn wrap(key: &[u8; 32], purpose: &str, master: &MasterKeys, entropy: &dyn Entropy) -> WrappedKey {
    let current = master.current();
    WrappedKey {
        master_key_version: current.version(),
        bytes: wrap_key(current, purpose, random_bytes(entropy), key),
    }
}

/// Unwraps a key; `None` if the master key or the purpose is another one, or the bytes were changed.
pub(crate) fn unwrap(
    wrapped: &WrappedKey,
    purpose: &str,
    master: &MasterKeys,
) -> Option<Zeroizing<[u8; 32]>> {
    unwrap_key(master.get(wrapped.master_key_version)?, purpose, &wrapped.bytes).ok()
}
