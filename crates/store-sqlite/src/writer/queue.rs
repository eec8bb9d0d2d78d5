//! What waits for the writer (experiment).
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, MutexGuard};
use std::task::Poll;

use super::command::Command;
use crate::limits::{BATCH_COMMANDS_MAX, QUEUE_COMMANDS_MAX};

#[expect(clippy::disallowed_methods, reason = "experiment")]
pub(super) fn policy() -> u32 {
    static MASK: OnceLock<u32> = OnceLock::new();
    *MASK.get_or_init(|| std::env::var("REG_POLICY").ok().and_then(|m| m.parse().ok()).unwrap_or(1))
}

#[derive(Default)]
struct State {
    commands: VecDeque<Box<dyn Command>>,
    announced: bool,
    waiting: bool,
    closed: bool,
    gone: bool,
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

pub(super) enum Refused {
    Full,
    Gone,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(self: &Arc<Self>, command: Box<dyn Command>) -> Result<Announcement, Refused> {
        let mut state = self.lock();
        if state.gone {
            return Err(Refused::Gone);
        }
        if state.commands.len() >= QUEUE_COMMANDS_MAX {
            return Err(Refused::Full);
        }
        state.commands.push_back(command);
        Ok(Announcement { queue: Arc::clone(self) })
    }

    fn announce(&self) {
        let mut state = self.lock();
        if state.announced || state.commands.is_empty() {
            return;
        }
        state.announced = true;
        if state.waiting {
            state.waiting = false;
            drop(state);
            self.wake.notify_one();
        }
    }

    pub(super) fn take(&self) -> Option<Vec<Box<dyn Command>>> {
        let mut state = self.lock();
        loop {
            if state.announced || (state.closed && !state.commands.is_empty()) {
                let count = state.commands.len().min(BATCH_COMMANDS_MAX);
                let batch = state.commands.drain(..count).collect();
                state.announced = !state.commands.is_empty();
                return Some(batch);
            }
            if state.closed {
                return None;
            }
            state.waiting = true;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }
    pub(super) fn gone(&self) {
        let mut s = self.lock();
        s.gone = true;
        s.commands.clear();
    }
}

pub(super) struct Announcement {
    queue: Arc<Queue>,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        self.queue.announce();
    }
}

pub(super) async fn others_first(times: u32) {
    for _ in 0..times {
        let mut waited = false;
        poll_fn(|cx| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
