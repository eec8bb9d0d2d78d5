//! The installation's own keys: random, made once, wrapped under the master key, unchanged by its rotation (contract 4.3).

use registrar_crypto::index::IndexKey;
use registrar_crypto::keyring::MasterKeys;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, random_bytes};
use crate::platform::WrappedKey;
use crate::store::{InstallationKey, Store, StoreFailure};

/// What an installation's key is wrapped for; its name is what it is bound to.
const PURPOSE: &str = "installation-key";

/// The unwrapped keys.
pub struct InstallationKeys {
    /// Blind indexes of e-mails and request_ids.
    pub index: IndexKey,
    /// Payload digests.
    pub digest: IndexKey,
    /// Participant and platform codes.
    pub code: IndexKey,
    /// Passphrase digests.
    pub passphrase: IndexKey,
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
            .map(|name| {
                let key = Zeroizing::new(random_bytes(entropy));
                let wrapped = wrap(&key, PURPOSE, name.as_bytes(), master, entropy)?;
                Ok(InstallationKey { name: name.to_owned(), wrapped })
            })
            .collect::<Result<_, StoreFailure>>()?;
        let stored = store.load_or_store_installation_keys(candidates).await?;
        let load = |name: &'static str| -> Result<IndexKey, KeysError> {
            let key = stored.iter().find(|key| key.name == name).ok_or(KeysError::Missing(name))?;
            unwrap(&key.wrapped, PURPOSE, name.as_bytes(), master)
                .map(|key| IndexKey::from_bytes(*key))
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

/// Wraps a key under the current master key, for a purpose and bound to what it belongs to.
pub(crate) fn wrap(
    key: &[u8; 32],
    purpose: &str,
    binding: &[u8],
    master: &MasterKeys,
    entropy: &dyn Entropy,
) -> Result<WrappedKey, StoreFailure> {
    let current = master.current();
    let bytes = current
        .wrap_key(purpose, binding, random_bytes(entropy), key)
        .map_err(|_| StoreFailure::Internal("a key could not be wrapped".to_owned()))?;
    Ok(WrappedKey { master_key_version: current.version(), bytes })
}

/// Unwraps a key; `None` if the master key, the purpose or the binding is another one, or the bytes were changed.
pub(crate) fn unwrap(
    wrapped: &WrappedKey,
    purpose: &str,
    binding: &[u8],
    master: &MasterKeys,
) -> Option<Zeroizing<[u8; 32]>> {
    master.get(wrapped.master_key_version)?.unwrap_key(purpose, binding, &wrapped.bytes).ok()
}
