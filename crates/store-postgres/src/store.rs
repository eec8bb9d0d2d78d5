//! The store: opening it, and each method of the port as one create in the queue or one job of the desk.

use std::sync::Arc;

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, KeyNumber, PlatformNumber};
use registrar_domain::store::{
    AccessSnapshot, BlindIndex, CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CustomerEvent,
    InstallationKey, NewApiKey, NewPlatform, OperatorAct, PlatformChange, RevokeApiKeyOutcome, Store,
    StoreFailure, StoreFuture, StoredCustomer,
};

use crate::address::Address;
use crate::desk::Repeating::{Harmful, Harmless, Reads};
use crate::engine::Engine;
use crate::migrations::STEPS;
#[cfg(test)]
use crate::migrations::Steps;
use crate::open_error::OpenError;
use crate::options::Role;
use crate::session::Session;
use crate::statistics::Statistics;
use crate::{api_keys, customers, platforms};

/// The store on PostgreSQL. Dropping it carries out everything that waits, and ends its thread.
pub struct PostgresStore {
    engine: Engine,
}

impl PostgresStore {
    /// Opens the database at that address. A server makes its tables or migrates them.
    ///
    /// # Errors
    /// It cannot be reached, does not write, is too old, is of a later release, or belongs to another program; or the
    /// role of the address may not do what is needed.
    pub fn open(address: &Address, role: Role) -> Result<Self, OpenError> {
        Ok(Self { engine: Engine::start(address, role, STEPS)? })
    }

    /// Opens it as an earlier or a later release would.
    #[cfg(test)]
    pub(crate) fn open_with(address: &Address, role: Role, steps: Steps) -> Result<Self, OpenError> {
        Ok(Self { engine: Engine::start(address, role, steps)? })
    }

    /// Forgets whose database it is on.
    #[cfg(test)]
    pub(crate) fn forget_installation(&self) {
        self.engine.shared.identity.forget();
    }

    /// What the store did since it was opened.
    pub fn statistics(&self) -> Statistics {
        self.engine.shared.counters.statistics(self.engine.shared.queue.depth())
    }
}

/// Whether a row can be written durably, which a server that became a replica, or one whose replicas are gone, cannot.
async fn check_ready(session: &Session) -> Result<(), crate::failure::Trouble> {
    session.query_durably("SELECT value FROM settings WHERE name = 'write_probe' FOR UPDATE", &[]).await?;
    Ok(())
}

impl Store for PostgresStore {
    fn reserve_customer_number(&self) -> Result<CustomerNumber, StoreFailure> {
        let Some(numbers) = &self.engine.shared.numbers else {
            return Err(StoreFailure::Internal("only a server hands out customer numbers".to_owned()));
        };
        numbers.reserve()
    }

    fn give_back_customer_number(&self, number: CustomerNumber) {
        if let Some(numbers) = &self.engine.shared.numbers {
            numbers.give_back(number);
        }
    }

    fn create_customer(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        Box::pin(async move {
            if command.digests.is_empty() {
                return Err(StoreFailure::Internal("a create without a payload digest".to_owned()));
            }
            let lost = || StoreFailure::OutcomeUnknown("the engine stopped before it answered".to_owned());
            self.engine.shared.queue.put(command)?.await.unwrap_or_else(|_| Err(lost()))
        })
    }

    fn find_customer_by_request(
        &self,
        platform: PlatformNumber,
        request: BlindIndex,
    ) -> StoreFuture<'_, Option<StoredCustomer>> {
        Box::pin(self.engine.run(Reads, move |session| async move {
            customers::find_by_request(&session, platform, request).await
        }))
    }

    fn show_customer(&self, event: CustomerEvent) -> StoreFuture<'_, Option<StoredCustomer>> {
        let event = Arc::new(event);
        Box::pin(self.engine.run(Harmful, move |session| {
            let event = Arc::clone(&event);
            async move { customers::show_customer(&session, &event).await }
        }))
    }

    fn create_platform(&self, platform: NewPlatform, act: OperatorAct) -> StoreFuture<'_, PlatformNumber> {
        let given = Arc::new((platform, act));
        Box::pin(self.engine.run(Harmful, move |session| {
            let given = Arc::clone(&given);
            async move { platforms::create_platform(&session, &given.0, &given.1).await }
        }))
    }

    fn change_platform(
        &self,
        platform: PlatformNumber,
        change: PlatformChange,
        act: OperatorAct,
    ) -> StoreFuture<'_, bool> {
        let given = Arc::new((change, act));
        Box::pin(self.engine.run(Harmful, move |session| {
            let given = Arc::clone(&given);
            async move { platforms::change_platform(&session, platform, &given.0, &given.1).await }
        }))
    }

    fn create_api_key(&self, key: NewApiKey, act: OperatorAct) -> StoreFuture<'_, CreateApiKeyOutcome> {
        let given = Arc::new((key, act));
        Box::pin(self.engine.run(Harmful, move |session| {
            let given = Arc::clone(&given);
            async move { api_keys::create_api_key(&session, &given.0, &given.1).await }
        }))
    }

    fn revoke_api_key(
        &self,
        platform: PlatformNumber,
        api_key: String,
        act: OperatorAct,
    ) -> StoreFuture<'_, RevokeApiKeyOutcome> {
        let given = Arc::new((api_key, act));
        Box::pin(self.engine.run(Harmful, move |session| {
            let given = Arc::clone(&given);
            async move { api_keys::revoke_api_key(&session, platform, &given.0, &given.1).await }
        }))
    }

    fn load_access(&self) -> StoreFuture<'_, AccessSnapshot> {
        Box::pin(self.engine.run(Reads, |session| async move { platforms::load_access(&session).await }))
    }

    fn load_access_version(&self) -> StoreFuture<'_, u64> {
        Box::pin(
            self.engine.run(Reads, |session| async move { platforms::load_access_version(&session).await }),
        )
    }

    fn record_key_use(&self, uses: Vec<(KeyNumber, UnixMillis)>) -> StoreFuture<'_, ()> {
        let uses = Arc::new(uses);
        Box::pin(self.engine.run(Harmless, move |session| {
            let uses = Arc::clone(&uses);
            async move { api_keys::record_key_use(&session, &uses).await }
        }))
    }

    fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> StoreFuture<'_, Vec<InstallationKey>> {
        Box::pin(self.engine.load_or_store_installation_keys(candidates))
    }

    fn check_ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.engine.run(Reads, |session| async move { check_ready(&session).await }))
    }
}
