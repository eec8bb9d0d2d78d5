//! A store that keeps platforms and keys like the model and gives every create to something else.
//!
//! Knows no uniqueness of customers: it measures what is around the storage, or storage at its simplest.

use std::sync::{Mutex, PoisonError};

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, KeyNumber, PlatformNumber};
use registrar_domain::store::{
    AccessSnapshot, BlindIndex, CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CustomerEvent,
    InstallationKey, NewApiKey, NewPlatform, OperatorAct, PlatformChange, RevokeApiKeyOutcome, Store,
    StoreFailure, StoreFuture, StoredCustomer,
};
use registrar_domain::testing::ModelStore;

/// What creates are given to.
pub(crate) trait Sink: Send + Sync + 'static {
    /// Takes one and answers when it is done with it.
    fn accept(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome>;
}

/// Keeps the last create alone, and says at once that it is stored.
#[derive(Default)]
pub(crate) struct KeepLast(Mutex<Option<CreateCustomer>>);

impl KeepLast {
    /// The last create.
    pub(crate) fn last(&self) -> Option<CreateCustomer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for KeepLast {
    fn accept(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(command);
        Box::pin(std::future::ready(Ok(CreateCustomerOutcome::Created)))
    }
}

/// The store.
#[derive(Default)]
pub(crate) struct SinkStore<S> {
    model: ModelStore,
    /// Where the creates go.
    pub(crate) sink: S,
}

impl<S> SinkStore<S> {
    /// Neither platform nor key yet.
    pub(crate) fn new(sink: S) -> Self {
        Self { model: ModelStore::new(), sink }
    }
}

impl<S: Sink> Store for SinkStore<S> {
    fn reserve_customer_number(&self) -> Result<CustomerNumber, StoreFailure> {
        self.model.reserve_customer_number()
    }

    fn give_back_customer_number(&self, number: CustomerNumber) {
        self.model.give_back_customer_number(number);
    }

    fn create_customer(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        self.sink.accept(command)
    }

    fn find_customer_by_request(
        &self,
        platform: PlatformNumber,
        request: BlindIndex,
    ) -> StoreFuture<'_, Option<StoredCustomer>> {
        self.model.find_customer_by_request(platform, request)
    }

    fn show_customer(&self, event: CustomerEvent) -> StoreFuture<'_, Option<StoredCustomer>> {
        self.model.show_customer(event)
    }

    fn create_platform(&self, platform: NewPlatform, act: OperatorAct) -> StoreFuture<'_, PlatformNumber> {
        self.model.create_platform(platform, act)
    }

    fn change_platform(
        &self,
        platform: PlatformNumber,
        change: PlatformChange,
        act: OperatorAct,
    ) -> StoreFuture<'_, bool> {
        self.model.change_platform(platform, change, act)
    }

    fn create_api_key(&self, key: NewApiKey, act: OperatorAct) -> StoreFuture<'_, CreateApiKeyOutcome> {
        self.model.create_api_key(key, act)
    }

    fn revoke_api_key(
        &self,
        platform: PlatformNumber,
        api_key: String,
        act: OperatorAct,
    ) -> StoreFuture<'_, RevokeApiKeyOutcome> {
        self.model.revoke_api_key(platform, api_key, act)
    }

    fn load_access(&self) -> StoreFuture<'_, AccessSnapshot> {
        self.model.load_access()
    }

    fn load_access_version(&self) -> StoreFuture<'_, u64> {
        self.model.load_access_version()
    }

    fn record_key_use(&self, uses: Vec<(KeyNumber, UnixMillis)>) -> StoreFuture<'_, ()> {
        self.model.record_key_use(uses)
    }

    fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> StoreFuture<'_, Vec<InstallationKey>> {
        self.model.load_or_store_installation_keys(candidates)
    }

    fn check_ready(&self) -> StoreFuture<'_, ()> {
        self.model.check_ready()
    }
}
