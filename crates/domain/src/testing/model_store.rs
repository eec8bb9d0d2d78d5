//! The store port as plain maps under one mutex: the executable specification that every engine is compared with.
//!
//! Knows no durability: what it holds lives as long as the value. Invariant: one call is one step under the mutex.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::UnixMillis;
use crate::ids::{CustomerNumber, KeyNumber, PlatformNumber};
use crate::platform::{ApiKey, Platform};
use crate::policy::Policy;
use crate::rules::audit::AuditEvent;
use crate::rules::create_api_key::{self, CreateApiKeyFacts, decide_create_api_key};
use crate::rules::create_customer::{self, CreateCustomerFacts, decide_create_customer};
use crate::store::{
    AccessSnapshot, BlindIndex, CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CustomerEvent,
    InstallationKey, NewApiKey, NewPlatform, OperatorAct, PlatformChange, RevokeApiKeyOutcome, Store,
    StoreFailure, StoreFuture, StoredCustomer,
};
use crate::testing::sequences::Engine;
use crate::testing::stored;

/// Everything a store holds, in one comparable value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The command behind every customer in order of the numbers, each with the one digest that was stored.
    pub customers: Vec<CreateCustomer>,
    /// Platforms and keys in order of their numbers, and the version.
    pub access: AccessSnapshot,
    /// The installation's keys in order of their names.
    pub installation_keys: Vec<InstallationKey>,
    /// The audit events in the order they happened.
    pub audit_events: Vec<AuditEvent>,
}

/// The model.
#[derive(Debug, Default)]
pub struct ModelStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    reserved: u32,
    customers: BTreeMap<CustomerNumber, CreateCustomer>,
    platforms: BTreeMap<PlatformNumber, Platform>,
    keys: BTreeMap<KeyNumber, ApiKey>,
    installation_keys: BTreeMap<String, InstallationKey>,
    audit_events: Vec<AuditEvent>,
    access_version: u64,
}

impl ModelStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything it holds.
    pub fn contents(&self) -> Contents {
        let state = self.state();
        Contents {
            customers: state.customers.values().cloned().collect(),
            access: state.access(),
            installation_keys: state.installation_keys.values().cloned().collect(),
            audit_events: state.audit_events.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn access(&self) -> AccessSnapshot {
        AccessSnapshot {
            version: self.access_version,
            platforms: self.platforms.values().cloned().collect(),
            keys: self.keys.values().cloned().collect(),
        }
    }

    fn find_by_request(&self, platform: PlatformNumber, request: BlindIndex) -> Option<StoredCustomer> {
        let mut rows = self.customers.values();
        rows.find(|row| row.platform == platform && row.request == Some(request)).map(stored)
    }

    fn find_by_email(&self, platform: PlatformNumber, email: BlindIndex) -> Option<StoredCustomer> {
        self.customers.values().find(|row| row.platform == platform && row.email == email).map(stored)
    }

    fn create_customer(
        &mut self,
        mut command: CreateCustomer,
    ) -> Result<CreateCustomerOutcome, StoreFailure> {
        if command.digests.is_empty() {
            return Err(internal("a create without a payload digest"));
        }
        let facts = CreateCustomerFacts {
            by_request: command.request.and_then(|request| self.find_by_request(command.platform, request)),
            by_email: self.find_by_email(command.platform, command.email),
        };
        match decide_create_customer(facts, &command) {
            create_customer::Decision::Create => {
                if self.customers.contains_key(&command.number) {
                    return Err(internal("the customer number is taken"));
                }
                if self.keys.get(&command.key).is_none_or(|key| key.platform != command.platform) {
                    return Err(internal("the key is not one of the platform's"));
                }
                command.digests.truncate(1);
                self.customers.insert(command.number, command);
                Ok(CreateCustomerOutcome::Created)
            }
            create_customer::Decision::Replay(stored) => Ok(CreateCustomerOutcome::Replayed(stored)),
            create_customer::Decision::Reject(rejection) => Ok(CreateCustomerOutcome::Rejected(rejection)),
        }
    }

    fn show_customer(&mut self, event: &CustomerEvent) -> Result<Option<StoredCustomer>, StoreFailure> {
        if event.reason.is_empty() {
            return Err(internal("a customer was to be shown without a reason"));
        }
        let row = self.customers.get(&event.customer).filter(|row| row.platform == event.platform);
        let found = row.map(stored);
        if found.is_some() {
            self.audit_events.push(AuditEvent::customer_seen(event));
        }
        Ok(found)
    }

    fn create_platform(&mut self, new: NewPlatform, act: &OperatorAct) -> PlatformNumber {
        let number = PlatformNumber(next_number(self.platforms.keys().map(|number| number.0)));
        self.change_access(AuditEvent::platform_created(number, &new, act));
        let platform = Platform {
            number,
            name: new.name,
            sandbox: new.sandbox,
            suspended: false,
            customers_enabled: new.customers_enabled,
            policy: Policy::default(),
            created_at: act.at,
        };
        self.platforms.insert(number, platform);
        number
    }

    fn change_platform(&mut self, number: PlatformNumber, change: PlatformChange, act: &OperatorAct) -> bool {
        let event = AuditEvent::platform_changed(number, &change, act);
        let Some(platform) = self.platforms.get_mut(&number) else { return false };
        let PlatformChange { name, sandbox, suspended, customers_enabled, policy } = change;
        set(&mut platform.name, name);
        set(&mut platform.sandbox, sandbox);
        set(&mut platform.suspended, suspended);
        set(&mut platform.customers_enabled, customers_enabled);
        // A change that cannot be applied would show as a difference from the engines, which fail on it.
        let policy = policy.apply_to(&platform.policy).ok();
        set(&mut platform.policy, policy);
        self.change_access(event);
        true
    }

    fn create_api_key(
        &mut self,
        new: NewApiKey,
        act: &OperatorAct,
    ) -> Result<CreateApiKeyOutcome, StoreFailure> {
        let live =
            self.keys.values().filter(|key| key.platform == new.platform && key.is_live(act.at)).count();
        let facts = CreateApiKeyFacts {
            platform_exists: self.platforms.contains_key(&new.platform),
            live_keys: u32::try_from(live).unwrap_or(u32::MAX),
        };
        match decide_create_api_key(facts) {
            create_api_key::Decision::NoSuchPlatform => Ok(CreateApiKeyOutcome::NoSuchPlatform),
            create_api_key::Decision::TooManyLiveKeys => Ok(CreateApiKeyOutcome::TooManyLiveKeys),
            create_api_key::Decision::Create => {
                if self.keys.values().any(|key| key.api_key == new.api_key) {
                    return Err(internal("the api_key is taken"));
                }
                self.change_access(AuditEvent::api_key_created(&new, act));
                Ok(CreateApiKeyOutcome::Created(self.insert_api_key(new, act)))
            }
        }
    }

    fn insert_api_key(&mut self, new: NewApiKey, act: &OperatorAct) -> KeyNumber {
        let number = KeyNumber(next_number(self.keys.keys().map(|number| number.0)));
        let key = ApiKey {
            number,
            platform: new.platform,
            api_key: new.api_key,
            label: new.label,
            permissions: new.permissions,
            wrapped_secret: new.wrapped_secret,
            passphrase_digest: new.passphrase_digest,
            created_at: act.at,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        self.keys.insert(number, key);
        number
    }

    fn revoke_api_key(
        &mut self,
        platform: PlatformNumber,
        api_key: &str,
        act: &OperatorAct,
    ) -> RevokeApiKeyOutcome {
        let mut keys = self.keys.values_mut();
        let Some(key) = keys.find(|key| key.platform == platform && key.api_key == api_key) else {
            return RevokeApiKeyOutcome::NoSuchKey;
        };
        if key.revoked_at.is_some() {
            return RevokeApiKeyOutcome::AlreadyRevoked;
        }
        key.revoked_at = Some(act.at);
        self.change_access(AuditEvent::api_key_revoked(platform, api_key, act));
        RevokeApiKeyOutcome::Revoked
    }

    fn record_key_use(&mut self, uses: Vec<(KeyNumber, UnixMillis)>) {
        for (number, at) in uses {
            if let Some(key) = self.keys.get_mut(&number) {
                key.last_used_at = key.last_used_at.max(Some(at));
            }
        }
    }

    fn load_or_store_installation_keys(
        &mut self,
        candidates: Vec<InstallationKey>,
    ) -> Result<Vec<InstallationKey>, StoreFailure> {
        if self.installation_keys.is_empty() {
            let count = candidates.len();
            let named: BTreeMap<_, _> = candidates.into_iter().map(|key| (key.name.clone(), key)).collect();
            if named.len() != count {
                return Err(internal("two installation keys of one name"));
            }
            self.installation_keys = named;
        }
        Ok(self.installation_keys.values().cloned().collect())
    }

    /// Every change to a platform or key passes here.
    fn change_access(&mut self, event: AuditEvent) {
        self.audit_events.push(event);
        self.access_version += 1;
    }
}

impl Engine for ModelStore {
    fn store(&self) -> &dyn Store {
        self
    }

    /// The model forgets nothing while it lives.
    fn reopen(&mut self) {}

    fn contents(&self) -> Contents {
        Self::contents(self)
    }
}

fn next_number(numbers: impl Iterator<Item = u32>) -> u32 {
    numbers.max().unwrap_or(0) + 1
}

fn set<T>(setting: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *setting = value;
    }
}

fn internal(text: &str) -> StoreFailure {
    StoreFailure::Internal(text.to_owned())
}

fn answer<'a, T: Send + 'a>(result: Result<T, StoreFailure>) -> StoreFuture<'a, T> {
    Box::pin(ready(result))
}

impl Store for ModelStore {
    fn reserve_customer_number(&self) -> Result<CustomerNumber, StoreFailure> {
        let mut state = self.state();
        let number = CustomerNumber(state.reserved);
        state.reserved += 1;
        Ok(number)
    }

    /// The model skips it: its counter never runs out.
    fn give_back_customer_number(&self, _number: CustomerNumber) {}

    fn create_customer(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        answer(self.state().create_customer(command))
    }

    fn expects_request(&self, platform: PlatformNumber, request: BlindIndex) -> bool {
        self.state().find_by_request(platform, request).is_some()
    }

    fn find_customer_by_request(
        &self,
        platform: PlatformNumber,
        request: BlindIndex,
    ) -> StoreFuture<'_, Option<StoredCustomer>> {
        answer(Ok(self.state().find_by_request(platform, request)))
    }

    fn show_customer(&self, event: CustomerEvent) -> StoreFuture<'_, Option<StoredCustomer>> {
        answer(self.state().show_customer(&event))
    }

    fn create_platform(&self, platform: NewPlatform, act: OperatorAct) -> StoreFuture<'_, PlatformNumber> {
        answer(Ok(self.state().create_platform(platform, &act)))
    }

    fn change_platform(
        &self,
        platform: PlatformNumber,
        change: PlatformChange,
        act: OperatorAct,
    ) -> StoreFuture<'_, bool> {
        answer(Ok(self.state().change_platform(platform, change, &act)))
    }

    fn create_api_key(&self, key: NewApiKey, act: OperatorAct) -> StoreFuture<'_, CreateApiKeyOutcome> {
        answer(self.state().create_api_key(key, &act))
    }

    fn revoke_api_key(
        &self,
        platform: PlatformNumber,
        api_key: String,
        act: OperatorAct,
    ) -> StoreFuture<'_, RevokeApiKeyOutcome> {
        answer(Ok(self.state().revoke_api_key(platform, &api_key, &act)))
    }

    fn load_access(&self) -> StoreFuture<'_, AccessSnapshot> {
        answer(Ok(self.state().access()))
    }

    fn load_access_version(&self) -> StoreFuture<'_, u64> {
        answer(Ok(self.state().access_version))
    }

    fn record_key_use(&self, uses: Vec<(KeyNumber, UnixMillis)>) -> StoreFuture<'_, ()> {
        self.state().record_key_use(uses);
        answer(Ok(()))
    }

    fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> StoreFuture<'_, Vec<InstallationKey>> {
        answer(self.state().load_or_store_installation_keys(candidates))
    }

    fn check_ready(&self) -> StoreFuture<'_, ()> {
        answer(Ok(()))
    }
}
