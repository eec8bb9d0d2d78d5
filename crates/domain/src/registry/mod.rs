//! The use cases that every surface calls: HTTP handlers and commands convert, call and convert back.
//!
//! Knows the order of work (parse, seal, index, store); the rules are in `rules`, the rows in an engine.
//! Invariant: nothing personal leaves this module for a store unsealed.

mod authenticate;
mod create_customer;
mod operate;
mod sealing;
mod show_customer;

use std::sync::Arc;

use arc_swap::ArcSwap;
use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::signature::RequestSecret;

pub use authenticate::{AuthSettings, Caller, HintBudget, Presented};
pub use create_customer::{CreateCustomerError, CustomerAnswer, Origin};
pub use operate::{ApiKeyCredentials, KeyTerms, OperateError, PlatformSettings};
pub use show_customer::{CustomerView, ShowCustomerError};

use crate::access::Access;
use crate::clock::Clock;
use crate::codes::Codes;
use crate::entropy::{Entropy, random_bytes};
use crate::keys::{InstallationKeys, KeysError};
use crate::reference::ReferenceLists;
use crate::store::{Store, StoreFailure};

/// Everything a registry is made of; the composition root hands it in.
pub struct Parts {
    /// The engine.
    pub store: Arc<dyn Store>,
    /// The master keys.
    pub master: MasterKeys,
    /// Supported countries, states and ID types: the built-in ones, or the operator's, which live as long as the process.
    pub lists: &'static ReferenceLists,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// How requests are authenticated.
    pub auth: AuthSettings,
}

/// The registry: one per process.
pub struct Registry {
    store: Arc<dyn Store>,
    master: MasterKeys,
    keys: InstallationKeys,
    codes: Codes,
    lists: &'static ReferenceLists,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    auth: AuthSettings,
    hint_budget: HintBudget,
    /// For the search that costs far more than the others, on every platform.
    search_budget: HintBudget,
    /// Verified against when the key is unknown, so that the work is the same.
    decoy: RequestSecret,
    access: ArcSwap<Access>,
}

impl Registry {
    /// Opens the registry on a store: loads or makes the installation's keys, and reads platforms and keys.
    pub async fn open(parts: Parts) -> Result<Self, KeysError> {
        let Parts { store, master, lists, clock, entropy, auth } = parts;
        let keys = InstallationKeys::load(store.as_ref(), &master, entropy.as_ref()).await?;
        let codes = Codes::new(&keys.code);
        let access = Access::build(store.load_access().await?, &keys, &codes, &master, None)?;
        Ok(Self {
            decoy: RequestSecret::from_bytes(&random_bytes::<32>(entropy.as_ref()))
                .map_err(|_| StoreFailure::Internal("a new secret is empty".to_owned()))?,
            hint_budget: HintBudget::new(auth.hints_per_second, clock.now()),
            search_budget: HintBudget::new(auth.hints_per_second, clock.now()),
            access: ArcSwap::from_pointee(access),
            store,
            master,
            keys,
            codes,
            lists,
            clock,
            entropy,
            auth,
        })
    }

    /// Takes over changed platforms and keys; to be called several times a second (contract 5: obeyed within one).
    pub async fn refresh_access(&self) -> Result<(), StoreFailure> {
        if self.store.load_access_version().await? == self.access.load().version() {
            return Ok(());
        }
        self.reload_access().await
    }

    async fn reload_access(&self) -> Result<(), StoreFailure> {
        let snapshot = self.store.load_access().await?;
        let before = self.access.load();
        let access = Access::build(snapshot, &self.keys, &self.codes, &self.master, Some(&before))?;
        let access = Arc::new(access);
        self.access.rcu(|current| Arc::clone(Access::later_of(current, &access)));
        Ok(())
    }

    /// Stores when keys were last used; to be called about once a minute and before the end.
    pub async fn record_key_use(&self) -> Result<(), StoreFailure> {
        let uses = self.access.load().take_key_uses();
        if uses.is_empty() { Ok(()) } else { self.store.record_key_use(uses).await }
    }

    /// Whether a customer could be stored now.
    pub async fn check_ready(&self) -> Result<(), StoreFailure> {
        self.store.check_ready().await
    }

    /// The time that requests are judged by.
    pub fn now(&self) -> crate::clock::UnixMillis {
        self.clock.now()
    }

    /// A new trace id.
    pub fn new_trace_id(&self) -> crate::ids::TraceId {
        crate::ids::TraceId::new(self.clock.now(), random_bytes(self.entropy.as_ref()))
    }

    /// The lists this installation uses.
    pub const fn lists(&self) -> &'static ReferenceLists {
        self.lists
    }
}
