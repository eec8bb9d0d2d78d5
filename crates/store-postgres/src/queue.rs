//! The creates that wait for a writer: bounded, first come first served, taken in batches without a timer.
//!
//! Invariant: a create is answered once.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use registrar_domain::store::{CreateCustomer, CreateCustomerOutcome, StoreFailure};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::limits::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};

type Answer = Result<CreateCustomerOutcome, StoreFailure>;

/// A create whose caller waits.
pub(crate) struct Waiting {
    pub(crate) command: CreateCustomer,
    /// Whether a statement that stores it may have been carried out without its answer being seen.
    pub(crate) sent: bool,
    /// Since when its caller waits.
    pub(crate) since: Instant,
    /// How often no row was found for it.
    pub(crate) unmet: u32,
    reply: oneshot::Sender<Answer>,
}

impl Waiting {
    /// Whether anybody still waits is the caller's affair: a failed send is ignored.
    pub(crate) fn answer(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    closed: bool,
}

impl Queue {
    /// Puts a create in; the receiver gets its answer.
    pub(crate) fn put(&self, command: CreateCustomer) -> Result<oneshot::Receiver<Answer>, StoreFailure> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.state();
        if state.closed {
            return Err(StoreFailure::Unavailable("the engine has stopped".to_owned()));
        }
        if state.waiting.len() >= QUEUE_COMMANDS_MAX {
            return Err(StoreFailure::Busy);
        }
        state.waiting.push_back(Waiting { command, sent: false, since: Instant::now(), unmet: 0, reply });
        drop(state);
        self.changed.notify_one();
        Ok(answer)
    }

    /// Everything that waits, up to a batch, as soon as something does; `None` when the queue is closed and empty.
    pub(crate) async fn take(&self) -> Option<Vec<Waiting>> {
        loop {
            {
                let mut state = self.state();
                let count = state.waiting.len().min(BATCH_COMMANDS_MAX);
                if count > 0 {
                    return Some(state.waiting.drain(..count).collect());
                }
                if state.closed {
                    // For the next writer that waits.
                    self.changed.notify_one();
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Takes no more; what waits is still carried out.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    /// How many wait.
    pub(crate) fn depth(&self) -> usize {
        self.state().waiting.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
