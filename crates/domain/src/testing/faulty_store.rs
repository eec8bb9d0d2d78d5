//! A store that fails at random: before a command was done, after it was done, or by losing its outcome either way.
//!
//! Knows nothing of the store behind it. Invariants: what it does repeats with its seed; a number whose create has an
//! unknown outcome is never given back and never handed out again, else it panics.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::UnixMillis;
use crate::entropy::random_bytes;
use crate::ids::{CustomerNumber, KeyNumber, PlatformNumber};
use crate::store::{
    AccessSnapshot, BlindIndex, CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CustomerEvent,
    InstallationKey, NewApiKey, NewPlatform, OperatorAct, PlatformChange, RevokeApiKeyOutcome, Store,
    StoreFailure, StoreFuture, StoredCustomer,
};
use crate::testing::SeededEntropy;
use crate::testing::sequences::Engine;

/// What happens to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The queue is full; nothing is done.
    Busy,
    /// Nothing is done.
    Unavailable,
    /// Nothing is done, but nobody is told so.
    UnknownAndNotDone,
    /// It is done, but nobody is told so.
    UnknownAndDone,
}

impl Fault {
    fn failure(self) -> StoreFailure {
        match self {
            Self::Busy => StoreFailure::Busy,
            Self::Unavailable => StoreFailure::Unavailable("by chance".to_owned()),
            Self::UnknownAndNotDone | Self::UnknownAndDone => {
                StoreFailure::OutcomeUnknown("by chance".to_owned())
            }
        }
    }
}

/// How often each fault happened.
#[derive(Debug, Default)]
struct Counts {
    refused: AtomicU32,
    not_done: AtomicU32,
    done: AtomicU32,
}

/// The store.
#[derive(Debug)]
pub struct FaultyStore<E> {
    engine: E,
    dice: SeededEntropy,
    is_faulty: AtomicBool,
    /// What the next commands meet, in their order.
    next: Mutex<VecDeque<Option<Fault>>>,
    unknown: Mutex<HashSet<CustomerNumber>>,
    counts: Counts,
}

impl<E: Engine + Send + Sync + 'static> FaultyStore<E> {
    /// Without faults until they are switched on.
    pub fn new(engine: E, seed: u64) -> Self {
        Self {
            engine,
            dice: SeededEntropy::new(seed),
            is_faulty: AtomicBool::new(false),
            next: Mutex::default(),
            unknown: Mutex::default(),
            counts: Counts::default(),
        }
    }

    /// From now on half of all commands meet a fault, or none does.
    pub fn set_faulty(&self, is_faulty: bool) {
        self.is_faulty.store(is_faulty, Ordering::SeqCst);
    }

    /// The next command meets this fault.
    pub fn fail_next(&self, fault: Fault) {
        lock(&self.next).push_back(Some(fault));
    }

    /// The next command meets no fault; the one after it may.
    pub fn pass_next(&self) {
        lock(&self.next).push_back(None);
    }

    /// How often a command was refused; lost and not done; lost and done.
    pub fn faults(&self) -> [u32; 3] {
        let Counts { refused, not_done, done } = &self.counts;
        [refused, not_done, done].map(|count| count.load(Ordering::SeqCst))
    }

    fn draw(&self) -> Option<Fault> {
        let chosen = lock(&self.next).pop_front().flatten();
        let [dice]: [u8; 1] = random_bytes(&self.dice);
        let by_chance = match dice % 8 {
            _ if !self.is_faulty.load(Ordering::SeqCst) => None,
            0 => Some(Fault::Busy),
            1 => Some(Fault::Unavailable),
            2 => Some(Fault::UnknownAndNotDone),
            3 => Some(Fault::UnknownAndDone),
            _ => None,
        };
        let fault = chosen.or(by_chance)?;
        let count = match fault {
            Fault::Busy | Fault::Unavailable => &self.counts.refused,
            Fault::UnknownAndNotDone => &self.counts.not_done,
            Fault::UnknownAndDone => &self.counts.done,
        };
        count.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }

    /// A command that changes something.
    fn command<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        let fault = self.draw();
        Box::pin(async move {
            let Some(fault) = fault else { return call(self.engine.store()).await };
            if fault == Fault::UnknownAndDone {
                // Whatever it was told is lost.
                let _ = call(self.engine.store()).await;
            }
            Err(fault.failure())
        })
    }

    /// A look, whose outcome is never unknown.
    fn look<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        match self.draw() {
            None => call(self.engine.store()),
            Some(Fault::Busy) => Box::pin(async { Err(Fault::Busy.failure()) }),
            Some(_) => Box::pin(async { Err(Fault::Unavailable.failure()) }),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<E: Engine + Send + Sync + 'static> Engine for FaultyStore<E> {
    fn store(&self) -> &dyn Store {
        self
    }

    fn reopen(&mut self) {
        self.engine.reopen();
    }

    fn contents(&self) -> crate::testing::Contents {
        self.engine.contents()
    }
}

impl<E: Engine + Send + Sync + 'static> Store for FaultyStore<E> {
    fn reserve_customer_number(&self) -> Result<CustomerNumber, StoreFailure> {
        let number = self.engine.store().reserve_customer_number()?;
        assert!(!lock(&self.unknown).contains(&number), "{number:?} was handed out, and may be stored");
        Ok(number)
    }

    fn give_back_customer_number(&self, number: CustomerNumber) {
        assert!(!lock(&self.unknown).contains(&number), "{number:?} was given back, and may be stored");
        self.engine.store().give_back_customer_number(number);
    }

    fn create_customer(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        let number = command.number;
        let create = self.command(|store| store.create_customer(command));
        Box::pin(async move {
            let told = create.await;
            if matches!(told, Err(StoreFailure::OutcomeUnknown(_))) {
                lock(&self.unknown).insert(number);
            }
            told
        })
    }

    /// A guess: nothing may depend on it.
    fn expects_request(&self, platform: PlatformNumber, request: BlindIndex) -> bool {
        if self.is_faulty.load(Ordering::SeqCst) {
            let [dice]: [u8; 1] = random_bytes(&self.dice);
            return dice.is_multiple_of(2);
        }
        self.engine.store().expects_request(platform, request)
    }

    fn find_customer_by_request(
        &self,
        platform: PlatformNumber,
        request: BlindIndex,
    ) -> StoreFuture<'_, Option<StoredCustomer>> {
        self.look(move |store| store.find_customer_by_request(platform, request))
    }

    fn show_customer(&self, event: CustomerEvent) -> StoreFuture<'_, Option<StoredCustomer>> {
        self.command(|store| store.show_customer(event))
    }

    fn create_platform(&self, platform: NewPlatform, act: OperatorAct) -> StoreFuture<'_, PlatformNumber> {
        self.command(|store| store.create_platform(platform, act))
    }

    fn change_platform(
        &self,
        platform: PlatformNumber,
        change: PlatformChange,
        act: OperatorAct,
    ) -> StoreFuture<'_, bool> {
        self.command(move |store| store.change_platform(platform, change, act))
    }

    fn create_api_key(&self, key: NewApiKey, act: OperatorAct) -> StoreFuture<'_, CreateApiKeyOutcome> {
        self.command(|store| store.create_api_key(key, act))
    }

    fn revoke_api_key(
        &self,
        platform: PlatformNumber,
        api_key: String,
        act: OperatorAct,
    ) -> StoreFuture<'_, RevokeApiKeyOutcome> {
        self.command(move |store| store.revoke_api_key(platform, api_key, act))
    }

    fn load_access(&self) -> StoreFuture<'_, AccessSnapshot> {
        self.look(|store| store.load_access())
    }

    fn load_access_version(&self) -> StoreFuture<'_, u64> {
        self.look(|store| store.load_access_version())
    }

    fn record_key_use(&self, uses: Vec<(KeyNumber, UnixMillis)>) -> StoreFuture<'_, ()> {
        self.command(|store| store.record_key_use(uses))
    }

    fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> StoreFuture<'_, Vec<InstallationKey>> {
        self.command(|store| store.load_or_store_installation_keys(candidates))
    }

    fn check_ready(&self) -> StoreFuture<'_, ()> {
        self.look(|store| store.check_ready())
    }
}
