//! The port that every engine implements: commands in, outcomes out, one atomic business operation a call.
//!
//! Engines see only sealed bytes and blind indexes. An outcome or rejection is a value; `StoreFailure` is what went wrong
//! with the engine itself. Invariant: an outcome is returned only after what it says is durable.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use crate::clock::UnixMillis;
use crate::ids::{CustomerNumber, KeyNumber, PlatformNumber, TraceId};
use crate::platform::{ApiKey, Permission, Platform, WrappedKey};
use crate::policy::PolicyChange;

/// What every method returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreFailure>> + Send + 'a>>;

/// What went wrong with the engine; never what a rule decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFailure {
    /// The queue is full; nothing was done.
    #[error("the write queue is full")]
    Busy,
    /// The engine cannot work now (full disk, locked, gone); nothing was done.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The commit was sent and its outcome is not known.
    #[error("the outcome of the commit is unknown: {0}")]
    OutcomeUnknown(String),
    /// Stored data is not what the program wrote, or the program has a bug; nothing was done.
    #[error("internal: {0}")]
    Internal(String),
}

/// A 16-byte blind index, keyed per platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlindIndex(pub [u8; 16]);

/// The keyed digest of a payload under one version of the digest's definition (contract 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadDigest {
    /// Which definition.
    pub version: u8,
    /// The keyed hash.
    pub bytes: [u8; 16],
}

/// A sealed customer: the data key wrapped under a master key, and what is sealed under the data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCustomer {
    /// The customer's data key.
    pub data_key: WrappedKey,
    /// Nonce, ciphertext and tag of the record.
    pub record: Vec<u8>,
}

/// The command behind `POST /participants/customers/new`, with everything sealed. Its columns are also the audit event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateCustomer {
    /// The platform that submits.
    pub platform: PlatformNumber,
    /// The number reserved for this customer; the seal is bound to it.
    pub number: CustomerNumber,
    /// The index of the request_id, where there is one.
    pub request: Option<BlindIndex>,
    /// The index of the normalised e-mail.
    pub email: BlindIndex,
    /// The payload's digest under the current version; behind it under those that a stored row asked for; never empty.
    pub digests: Vec<PayloadDigest>,
    /// The sealed customer.
    pub sealed: SealedCustomer,
    /// Whether the customer is prefunded.
    pub prefunded: bool,
    /// Who: the API key that signed.
    pub key: KeyNumber,
    /// When.
    pub at: UnixMillis,
    /// From where.
    pub from: Option<IpAddr>,
    /// Under which trace id.
    pub trace_id: TraceId,
}

/// A stored customer as an engine returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCustomer {
    /// Its number.
    pub number: CustomerNumber,
    /// The digest it was stored with.
    pub digest: PayloadDigest,
    /// The sealed customer.
    pub sealed: SealedCustomer,
    /// Whether it is prefunded.
    pub prefunded: bool,
    /// `submitted` (contract 3.8).
    pub status: CustomerStatus,
    /// When it was created.
    pub created_at: UnixMillis,
}

/// Where a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerStatus {
    /// Submitted by its platform, not yet reviewed.
    Submitted,
}

impl CustomerStatus {
    /// The stored and shown name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        (text == Self::Submitted.code()).then_some(Self::Submitted)
    }
}

/// How a create ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateCustomerOutcome {
    /// Stored; the answer is the one that was sealed.
    Created,
    /// The same request was stored before; its first answer is in the record.
    Replayed(StoredCustomer),
    /// Refused; nothing was stored.
    Rejected(CreateCustomerRejection),
}

/// Why a create is refused, in order of precedence (contract 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateCustomerRejection {
    /// Same request_id, other payload.
    RequestIdReused(StoredCustomer),
    /// Same payload, other or no request_id on either side.
    PayloadAlreadySubmitted(CustomerNumber),
    /// Other payload, same e-mail.
    ParticipantAlreadyExists(CustomerNumber),
    /// This customer's row, which the outcome depends on, bears a digest of a version that the command does not hold: the
    /// same create with it is decided.
    DigestMissing {
        /// The customer.
        number: CustomerNumber,
        /// The version.
        version: u8,
    },
}

/// Who did something that is not a signed request: the operator's command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAct {
    /// The operating system's user name, or another name the operator gave.
    pub operator: String,
    /// When.
    pub at: UnixMillis,
    /// Under which trace id.
    pub trace_id: TraceId,
}

/// A new platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlatform {
    /// Its name.
    pub name: String,
    /// Whether it is a sandbox.
    pub sandbox: bool,
    /// Whether customers are enabled from the start.
    pub customers_enabled: bool,
}

/// A change to a platform; `None` leaves a setting as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlatformChange {
    /// Rename.
    pub name: Option<String>,
    /// Make or unmake a sandbox.
    pub sandbox: Option<bool>,
    /// Suspend or resume.
    pub suspended: Option<bool>,
    /// Enable or disable customers.
    pub customers_enabled: Option<bool>,
    /// Set these policies.
    pub policy: PolicyChange,
}

/// A new API key, with its secret wrapped and its passphrase digested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// The platform.
    pub platform: PlatformNumber,
    /// The public identifier.
    pub api_key: String,
    /// The label.
    pub label: String,
    /// The permissions.
    pub permissions: Vec<Permission>,
    /// The wrapped secret.
    pub wrapped_secret: WrappedKey,
    /// The passphrase's digest.
    pub passphrase_digest: [u8; 32],
    /// From when on it is refused.
    pub expires_at: Option<UnixMillis>,
}

/// How making a key ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateApiKeyOutcome {
    /// Made.
    Created(KeyNumber),
    /// There is no such platform.
    NoSuchPlatform,
    /// The platform has ten live keys (contract 1.7).
    TooManyLiveKeys,
}

/// How revoking a key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeApiKeyOutcome {
    /// Revoked now.
    Revoked,
    /// It was revoked before.
    AlreadyRevoked,
    /// There is no such key on this platform.
    NoSuchKey,
}

/// Everything authentication needs, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessSnapshot {
    /// Grows with every change to a platform or key.
    pub version: u64,
    /// Every platform.
    pub platforms: Vec<Platform>,
    /// Every key.
    pub keys: Vec<ApiKey>,
}

/// A key of the installation (index, digest, code, passphrase), wrapped under the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationKey {
    /// What it is for.
    pub name: String,
    /// The wrapped key.
    pub wrapped: WrappedKey,
}

/// An audit event about a stored customer that is not its creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerEvent {
    /// The platform.
    pub platform: PlatformNumber,
    /// The customer.
    pub customer: CustomerNumber,
    /// What was done: `customer.shown` or `customer.revealed`.
    pub what: &'static str,
    /// Why, in the operator's words; must not be empty.
    pub reason: String,
    /// Who and when.
    pub act: OperatorAct,
}

/// The port. Every method takes the platform first, but for keys, listings and the installation itself.
pub trait Store: Send + Sync + 'static {
    /// Reserves a customer number that nobody else has; one that is not used is skipped, or given back.
    fn reserve_customer_number(&self) -> Result<CustomerNumber, StoreFailure>;

    /// Gives back a reserved number whose create stored nothing, so that no flood of replays uses the numbers up. Never
    /// for one whose outcome is unknown: it may be stored.
    fn give_back_customer_number(&self, number: CustomerNumber);

    /// Stores a customer or finds out why not, in one transaction (contract 3.4). A command without a digest, with a
    /// number that is taken or with a key that is not one of the platform's is `StoreFailure::Internal`.
    fn create_customer(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome>;

    /// Whether it is worth asking for a customer of this request_id before one is sealed: there probably is one. At once, from
    /// memory, and without a promise: what is stored is told by the other methods alone. An engine that cannot know says no.
    fn expects_request(&self, _platform: PlatformNumber, _request: BlindIndex) -> bool {
        false
    }

    /// The customer that was created under this request_id.
    fn find_customer_by_request(
        &self,
        platform: PlatformNumber,
        request: BlindIndex,
    ) -> StoreFuture<'_, Option<StoredCustomer>>;

    /// Looks a customer up for an operator and writes the audit event in the same transaction. Where there is no such
    /// customer nothing was seen and no event is written; an empty reason is `StoreFailure::Internal`.
    fn show_customer(&self, event: CustomerEvent) -> StoreFuture<'_, Option<StoredCustomer>>;

    /// Creates a platform; platforms count up from 1 in order of their creation.
    fn create_platform(&self, platform: NewPlatform, act: OperatorAct) -> StoreFuture<'_, PlatformNumber>;

    /// Changes a platform; false if there is none. A change that sets nothing is a change too: it is audited.
    fn change_platform(
        &self,
        platform: PlatformNumber,
        change: PlatformChange,
        act: OperatorAct,
    ) -> StoreFuture<'_, bool>;

    /// Makes an API key; keys count up from 1 in order of their creation. An identifier that is taken is
    /// `StoreFailure::Internal`.
    fn create_api_key(&self, key: NewApiKey, act: OperatorAct) -> StoreFuture<'_, CreateApiKeyOutcome>;

    /// Revokes an API key.
    fn revoke_api_key(
        &self,
        platform: PlatformNumber,
        api_key: String,
        act: OperatorAct,
    ) -> StoreFuture<'_, RevokeApiKeyOutcome>;

    /// Everything authentication needs, in order of the numbers.
    fn load_access(&self) -> StoreFuture<'_, AccessSnapshot>;

    /// The version that `load_access` would return; cheap.
    fn load_access_version(&self) -> StoreFuture<'_, u64>;

    /// Notes when keys were last used, never going back; does not change the access version.
    fn record_key_use(&self, uses: Vec<(KeyNumber, UnixMillis)>) -> StoreFuture<'_, ()>;

    /// The installation's wrapped keys in order of their names; stores `candidates` first if there are none yet, so that
    /// the first caller wins. Two candidates of one name are `StoreFailure::Internal`.
    fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> StoreFuture<'_, Vec<InstallationKey>>;

    /// Whether the engine can read and write now.
    fn check_ready(&self) -> StoreFuture<'_, ()>;
}
