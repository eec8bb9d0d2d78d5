//! The creates that wait for a writer: bounded, first come first served, taken in batches.
//!
//! The batch under way is the time in which the next one gathers. Invariant: a create is answered once; none waits for
//! another's batch longer than `limits::ALONE_MAX` while a writer is idle.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use registrar_domain::store::{CreateCustomer, CreateCustomerOutcome, StoreFailure};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::limits::{BATCH_COMMANDS_MAX, BESIDE_MIN, QUEUE_COMMANDS_MAX};

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
    /// Batches that others wait for.
    under_way: usize,
    closed: bool,
}

impl State {
    fn may_begin(&self) -> bool {
        let waiting = self.waiting.len();
        waiting >= BESIDE_MIN || (waiting > 0 && (self.under_way == 0 || self.closed))
    }
}

/// A batch is under way, and those who come later gather until this is dropped.
pub(crate) struct UnderWay<'a>(&'a Queue);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way = state.under_way.saturating_sub(1);
        self.0.tell(state);
    }
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
        self.tell(state);
        Ok(answer)
    }

    /// Everything that waits, up to a batch, as soon as one may begin; `None` when the queue is closed and empty.
    pub(crate) async fn take(&self) -> Option<(Vec<Waiting>, UnderWay<'_>)> {
        loop {
            {
                let mut state = self.state();
                if state.may_begin() {
                    let count = state.waiting.len().min(BATCH_COMMANDS_MAX);
                    let creates = state.waiting.drain(..count).collect();
                    state.under_way += 1;
                    self.tell(state);
                    return Some((creates, UnderWay(self)));
                }
                if state.closed && state.waiting.is_empty() {
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

    /// Wakes a writer if it may begin; not under the lock, which it takes first.
    fn tell(&self, state: MutexGuard<'_, State>) {
        let may_begin = state.may_begin();
        drop(state);
        if may_begin {
            self.changed.notify_one();
        }
    }

    /// How many wait.
    pub(crate) fn depth(&self) -> usize {
        self.state().waiting.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use registrar_domain::ids::{KeyNumber, PlatformNumber};
    use registrar_domain::testing::CustomerFixture;

    use super::*;

    fn put(queue: &Queue, count: usize) {
        for _ in 0..count {
            // Nobody waits for the answer.
            drop(queue.put(CustomerFixture::new(PlatformNumber(1), KeyNumber(1)).build()).unwrap());
        }
    }

    /// A writer that looks once whether a batch may begin; how many creates it has.
    fn taken(queue: &Queue) -> Option<(usize, UnderWay<'_>)> {
        match std::pin::pin!(queue.take()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(taken) => taken.map(|(creates, under_way)| (creates.len(), under_way)),
            Poll::Pending => None,
        }
    }

    fn count(taken: Option<&(usize, UnderWay<'_>)>) -> Option<usize> {
        taken.map(|(count, _)| *count)
    }

    #[test]
    fn creates_gather_while_a_batch_is_under_way_and_are_taken_at_its_end() {
        let queue = Queue::default();
        put(&queue, 1);
        let first = taken(&queue);
        assert_eq!(count(first.as_ref()), Some(1));
        put(&queue, 3);
        assert_eq!(count(taken(&queue).as_ref()), None);
        drop(first);
        assert_eq!(count(taken(&queue).as_ref()), Some(3));
    }

    #[test]
    fn a_batch_begins_beside_another_where_many_wait() {
        let queue = Queue::default();
        put(&queue, 1);
        let first = taken(&queue);
        put(&queue, BESIDE_MIN - 1);
        assert_eq!(count(taken(&queue).as_ref()), None);
        put(&queue, 1);
        let second = taken(&queue);
        assert_eq!((count(first.as_ref()), count(second.as_ref())), (Some(1), Some(BESIDE_MIN)));
        put(&queue, BATCH_COMMANDS_MAX + 1);
        assert_eq!(count(taken(&queue).as_ref()), Some(BATCH_COMMANDS_MAX));
        // With two under way, which end one after the other.
        drop(first);
        assert_eq!(count(taken(&queue).as_ref()), None);
        drop(second);
        assert_eq!(count(taken(&queue).as_ref()), Some(1));
    }

    #[test]
    fn a_closed_queue_lets_nobody_gather_and_ends_when_it_is_empty() {
        let queue = Queue::default();
        put(&queue, 1);
        let _first = taken(&queue);
        put(&queue, 1);
        queue.close();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(queue.take()).map(|(creates, _)| creates.len()), Some(1));
        assert!(runtime.block_on(queue.take()).is_none());
    }

    #[test]
    fn a_writer_that_waits_is_woken_as_the_batch_under_way_ends() {
        let queue = Queue::default();
        put(&queue, 1);
        let first = taken(&queue);
        put(&queue, 2);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let taken = runtime.block_on(async {
            let end = async {
                tokio::task::yield_now().await;
                drop(first);
            };
            tokio::join!(queue.take(), end).0.map(|(creates, _)| creates.len())
        });
        assert_eq!(taken, Some(2));
    }
}
