//! The sending side of the one thread that writes: a bounded queue and a future per command.
//!
//! A `create_customer` waits here for its turn, but nothing here knows what a command does. Invariant: an answer that says
//! something was stored comes after its commit.

mod checkpointer;
mod command;
mod log;
mod thread;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use registrar_domain::store::StoreFailure;
use rusqlite::Connection;
use tokio::sync::oneshot;

pub(crate) use self::checkpointer::Copier;
use self::command::{Command, Waiting};
pub(crate) use self::command::{Session, in_savepoint};
use self::thread::WriterThread;
use crate::failure::ApplyError;
use crate::fingerprints::Fingerprints;
use crate::limits::QUEUE_COMMANDS_MAX;
use crate::options::{OnFatal, Options};
use crate::statistics::Counters;

/// What writer, readers and store share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) counters: Counters,
    stopped: OnceLock<String>,
    told: AtomicBool,
}

impl Shared {
    /// Refuses once the engine has stopped for good: what this process reads may then not be on the disk.
    pub(crate) fn check_running(&self) -> Result<(), StoreFailure> {
        match self.stopped.get() {
            None => Ok(()),
            Some(reason) => Err(StoreFailure::Unavailable(format!(
                "the engine has stopped and must be started again: {reason}"
            ))),
        }
    }

    fn stop(&self, reason: &str) {
        let _ = self.stopped.set(reason.to_owned());
    }

    /// Tells the program that the engine has stopped, once whichever thread is first.
    fn tell(&self, on_fatal: &OnFatal, reason: &str) {
        if !self.told.swap(true, Ordering::Relaxed) {
            on_fatal(reason);
        }
    }
}

/// The writer.
pub(crate) struct Writer {
    sender: Option<SyncSender<Box<dyn Command>>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, and the one that copies the log beside it. Without a `copier` the writer copies it alone.
    pub(crate) fn start(
        connection: Connection,
        fingerprints: Option<Fingerprints>,
        copier: Option<Copier>,
        options: Options,
        shared: &Arc<Shared>,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE_COMMANDS_MAX);
        let session = Session { connection, fingerprints, last_commit_failed: false };
        let thread = WriterThread::new(session, copier, options, receiver, Arc::clone(shared))?;
        let thread =
            std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || thread.run())?;
        Ok(Self { sender: Some(sender), shared: Arc::clone(shared), thread: Some(thread) })
    }

    /// Runs `apply` in the next transaction and returns what it returned once that is durable. A command that writes by
    /// more than one statement must do so in `in_savepoint`.
    ///
    /// Once polled it is carried out, whether the caller goes on waiting or not.
    pub(crate) async fn submit<A, T>(&self, apply: A) -> Result<T, StoreFailure>
    where
        A: FnOnce(&mut Session) -> Result<T, ApplyError> + Send + 'static,
        T: Send + 'static,
    {
        self.shared.check_running()?;
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(Waiting::new(apply, reply)))?;
        let lost = || StoreFailure::OutcomeUnknown("the writer stopped before it answered".to_owned());
        answer.await.unwrap_or_else(|_| Err(lost()))
    }

    fn enqueue(&self, command: Box<dyn Command>) -> Result<(), StoreFailure> {
        let gone = || StoreFailure::Unavailable("the writer has stopped".to_owned());
        let sender = self.sender.as_ref().ok_or_else(gone)?;
        let depth = &self.shared.counters.queue_depth;
        depth.fetch_add(1, Ordering::Relaxed);
        sender.try_send(command).map_err(|refused| {
            depth.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => StoreFailure::Busy,
                TrySendError::Disconnected(_) => gone(),
            }
        })
    }
}

/// Ends the queue, lets the thread finish everything that waits, and joins it.
impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches its own panics.
            let _ = thread.join();
        }
    }
}
