//! Small things to build tests from: a clock and randomness that repeat, commands, and a way to run a future.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use crate::clock::{Clock, UnixMillis};
use crate::entropy::Entropy;
use crate::ids::{CustomerNumber, KeyNumber, PlatformNumber, TraceId};
use crate::platform::{Permission, WrappedKey};
use crate::store::{
    BlindIndex, CreateApiKeyOutcome, CreateCustomer, CustomerStatus, NewApiKey, NewPlatform, OperatorAct,
    PayloadDigest, SealedCustomer, Store, StoredCustomer,
};

/// A moment in 2026; every fixture that needs some time uses it.
const SOME_TIME: UnixMillis = UnixMillis(1_780_000_000_000);

/// A clock that stands still until it is told to go on.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows `now`.
    pub const fn at(now: UnixMillis) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves the clock by `millis`, which may be negative.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the clock to `now`.
    pub fn set(&self, now: UnixMillis) {
        self.0.store(now.0, Ordering::Relaxed);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::at(SOME_TIME)
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that look random and repeat with the seed (the SplitMix64 sequence); unfit for anything but tests.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            for (byte, random) in chunk.iter_mut().zip(self.next().to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread; it needs no runtime as long as the future does not.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Builds a `CreateCustomer`; equal small numbers stand for equal request_ids, e-mails and payloads.
#[derive(Debug, Clone)]
pub struct CustomerFixture(CreateCustomer);

impl CustomerFixture {
    /// Customer 0 without a request_id, with e-mail 0 and payload 0.
    pub fn new(platform: PlatformNumber, key: KeyNumber) -> Self {
        let fixture = Self(CreateCustomer {
            platform,
            number: CustomerNumber(0),
            request: None,
            email: BlindIndex([0; 16]),
            digests: Vec::new(),
            sealed: SealedCustomer {
                data_key: WrappedKey { master_key_version: 1, bytes: vec![0xda; 60] },
                record: Vec::new(),
            },
            prefunded: false,
            key,
            at: SOME_TIME,
            from: None,
            trace_id: TraceId::new(SOME_TIME, [7; 10]),
        });
        fixture.number(0).email(0).payload(0)
    }

    /// The reserved number.
    #[must_use]
    pub const fn number(mut self, number: u32) -> Self {
        self.0.number = CustomerNumber(number);
        self
    }

    /// The request_id.
    #[must_use]
    pub const fn request(mut self, request: u8) -> Self {
        self.0.request = Some(BlindIndex([request; 16]));
        self
    }

    /// The e-mail.
    #[must_use]
    pub const fn email(mut self, email: u8) -> Self {
        self.0.email = BlindIndex([email; 16]);
        self
    }

    /// The payload, under digest version 1 alone; the record differs with it.
    #[must_use]
    pub fn payload(self, payload: u8) -> Self {
        self.payload_under(payload, &[1])
    }

    /// The payload, under these versions of the digest, the current one first.
    #[must_use]
    pub fn payload_under(mut self, payload: u8, versions: &[u8]) -> Self {
        self.0.digests = versions
            .iter()
            .map(|&version| PayloadDigest { version, bytes: [payload ^ version.rotate_left(4); 16] })
            .collect();
        self.0.sealed.record = vec![payload; 200];
        self
    }

    /// Changes anything else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut CreateCustomer)) -> Self {
        change(&mut self.0);
        self
    }

    /// The command.
    pub fn build(self) -> CreateCustomer {
        self.0
    }
}

/// The customer that an engine returns after `command` was applied; it bears the first of the command's digests.
pub fn stored(command: &CreateCustomer) -> StoredCustomer {
    StoredCustomer {
        number: command.number,
        digest: command.digests.first().copied().unwrap_or(PayloadDigest { version: 0, bytes: [0; 16] }),
        sealed: command.sealed.clone(),
        prefunded: command.prefunded,
        status: CustomerStatus::Submitted,
        created_at: command.at,
    }
}

/// An operator's act at this moment.
pub fn operator_act(at: i64) -> OperatorAct {
    OperatorAct {
        operator: "alice".to_owned(),
        at: UnixMillis(at),
        trace_id: TraceId::new(UnixMillis(at), [9; 10]),
    }
}

/// A platform with customers enabled.
pub fn new_platform(name: &str) -> NewPlatform {
    NewPlatform { name: name.to_owned(), sandbox: false, customers_enabled: true }
}

/// A key with every permission and no expiry.
pub fn new_api_key(platform: PlatformNumber, api_key: &str) -> NewApiKey {
    NewApiKey {
        platform,
        api_key: api_key.to_owned(),
        label: format!("label of {api_key}"),
        permissions: Permission::ALL.to_vec(),
        wrapped_secret: WrappedKey { master_key_version: 1, bytes: vec![0x5e; 60] },
        passphrase_digest: [0xd1; 32],
        expires_at: None,
    }
}

/// A platform with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// The platform.
    pub platform: PlatformNumber,
    /// Its key.
    pub key: KeyNumber,
}

impl Scene {
    /// A customer of this platform with a number that the store reserved.
    ///
    /// # Panics
    /// When the store has no number to give.
    #[expect(clippy::expect_used, reason = "a fixture that cannot be built ends the test")]
    pub fn customer(&self, store: &dyn Store) -> CustomerFixture {
        let number = store.reserve_customer_number().expect("a customer number");
        CustomerFixture::new(self.platform, self.key).number(number.0)
    }
}

/// Makes a platform with one key; `name` must be new to the store.
///
/// # Panics
/// When the store refuses either.
#[expect(clippy::expect_used, clippy::panic, reason = "a fixture that cannot be built ends the test")]
pub fn scene(store: &dyn Store, name: &str) -> Scene {
    let act = operator_act(SOME_TIME.0);
    let platform = block_on(store.create_platform(new_platform(name), act.clone())).expect("a platform");
    let key = block_on(store.create_api_key(new_api_key(platform, &format!("key-of-{name}")), act));
    match key.expect("a key") {
        CreateApiKeyOutcome::Created(key) => Scene { platform, key },
        refused @ (CreateApiKeyOutcome::NoSuchPlatform | CreateApiKeyOutcome::TooManyLiveKeys) => {
            panic!("the scene's key was refused: {refused:?}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SeededEntropy, TestClock, block_on};
    use crate::clock::{Clock, UnixMillis};
    use crate::entropy::random_bytes;

    #[test]
    fn seeded_entropy_repeats_with_its_seed_and_differs_between_seeds() {
        let first: [u8; 20] = random_bytes(&SeededEntropy::new(1));
        assert_eq!(first, random_bytes(&SeededEntropy::new(1)));
        assert_ne!(first, random_bytes(&SeededEntropy::new(2)));
        let entropy = SeededEntropy::new(1);
        let _: [u8; 20] = random_bytes(&entropy);
        assert_ne!(first, random_bytes(&entropy));
    }

    #[test]
    fn the_test_clock_moves_only_when_told() {
        let clock = TestClock::at(UnixMillis(5));
        clock.advance(-2);
        assert_eq!(clock.now(), UnixMillis(3));
        assert_eq!(clock.now(), UnixMillis(3));
    }

    #[test]
    fn block_on_waits_for_a_waker_from_another_thread() {
        let mut polls = 0;
        let future = std::future::poll_fn(|context| {
            polls += 1;
            if polls == 1 {
                let waker = context.waker().clone();
                std::thread::spawn(move || waker.wake());
                return std::task::Poll::Pending;
            }
            std::task::Poll::Ready(polls)
        });
        assert!(block_on(future) >= 2);
    }
}
