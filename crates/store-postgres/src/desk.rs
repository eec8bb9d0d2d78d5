//! The connections for everything but creates: reads, look-ups, operators' acts. Each job has a connection to itself.
//!
//! Knows nothing of what a job does. Invariant: a job whose commit may have been sent is repeated only if repeating it
//! changes nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use registrar_domain::store::StoreFailure;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::Address;
use crate::failure::{Severity, Trouble};
use crate::identity::Identity;
use crate::limits::{ATTEMPTS_MAX, CONFLICT_PAUSE, DESK_QUEUE_MAX, DESK_SESSIONS};
use crate::session::Session;

/// Whether a job may be done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeating {
    /// It changes nothing: its outcome is never unknown.
    Reads,
    /// The second time changes nothing more.
    Harmless,
    /// It would be done twice.
    Harmful,
}

/// The connections.
pub(crate) struct Desk {
    address: Address,
    identity: Arc<Identity>,
    idle: Mutex<Vec<Arc<Session>>>,
    seats: Semaphore,
    waiting: AtomicUsize,
}

impl Desk {
    /// No connection yet.
    pub(crate) fn new(address: Address, identity: Arc<Identity>) -> Self {
        Self {
            address,
            identity,
            idle: Mutex::new(Vec::new()),
            seats: Semaphore::new(DESK_SESSIONS),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Runs a job on the next free connection; unavailable if none is free as long as an unsent create would wait.
    pub(crate) async fn run<T, F>(
        &self,
        repeating: Repeating,
        job: impl Fn(Arc<Session>) -> F,
    ) -> Result<T, StoreFailure>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= DESK_QUEUE_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreFailure::Busy);
        }
        let since = Instant::now();
        let seat = timeout_at(since + self.address.patience().unsent, self.seats.acquire()).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        // Nothing was sent: those before wait for a server that hangs, and so would this.
        let seat = seat.map_err(|_| Trouble::Slow.failure(false))?;
        let _seat = seat.map_err(|_| StoreFailure::Unavailable("the engine has stopped".to_owned()))?;
        self.attempt(repeating, since, job).await
    }

    async fn attempt<T, F>(
        &self,
        repeating: Repeating,
        since: Instant,
        job: impl Fn(Arc<Session>) -> F,
    ) -> Result<T, StoreFailure>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let patience = self.address.patience();
        let mut attempts = 0;
        let mut sent = false;
        loop {
            attempts += 1;
            let trouble = match self.once(&job).await {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            let again = match (&trouble, trouble.severity()) {
                (Trouble::Unknown(_), _) => {
                    repeating != Repeating::Harmful && since.elapsed() < patience.outcome
                }
                (_, Severity::Conflict) => true,
                (_, Severity::Connection) => since.elapsed() < patience.unsent,
                (_, Severity::Passing | Severity::Command) => false,
            };
            // What one attempt may have done the failure of the next does not undo.
            sent |= matches!(trouble, Trouble::Unknown(_)) && repeating != Repeating::Reads;
            if !again || attempts >= ATTEMPTS_MAX {
                return Err(match trouble {
                    _ if sent => StoreFailure::OutcomeUnknown(trouble.text()),
                    Trouble::Unknown(text) => StoreFailure::Unavailable(text),
                    trouble => trouble.failure(false),
                });
            }
            if trouble.severity() == Severity::Connection && attempts > 1 {
                sleep(self.address.patience().pause).await;
            }
            if trouble.severity() == Severity::Conflict {
                sleep(CONFLICT_PAUSE).await;
            }
        }
    }

    async fn once<T, F>(&self, job: &impl Fn(Arc<Session>) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let session = match self.idle_session() {
            Some(session) => session,
            None => Arc::new(self.identity.connect(&self.address).await?),
        };
        let result = job(Arc::clone(&session)).await;
        let is_usable =
            result.as_ref().err().is_none_or(|trouble| trouble.severity() != Severity::Connection);
        if is_usable && !session.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
        result
    }

    fn idle_session(&self) -> Option<Arc<Session>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| self.identity.admits(session));
        idle.pop()
    }
}
