//! The thread that copies the log into the database while the writer commits: one piece each time it is asked to.
//!
//! SQLite syncs the database only when a checkpoint reached the end of the log, which beside a writer hardly ever happens; so
//! each piece is synced here, and the writer's last bit finds next to nothing to write. Invariant: after an
//! I/O error or a failed sync no other copy is tried, and the process is told to end.

use std::fs::File;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::Shared;
use super::command::Trouble;
use crate::failure::Severity;
use crate::options::{Checkpoint, OnFatal, SyncFile};

/// What the thread works with.
pub(crate) struct Copier {
    /// Its own; the writer's is in use.
    pub(crate) connection: Connection,
    /// The database. Its owner closes it after every connection of the process.
    pub(crate) file: Arc<File>,
}

/// The writer's end of the thread.
pub(super) struct Checkpointer {
    begin: Option<Sender<()>>,
    ended: Receiver<Option<u64>>,
    is_copying: bool,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is doing.
pub(super) enum Progress {
    /// A piece is under way.
    Copying,
    /// Nothing. So many pages of the log were copied by the end of the piece that has just ended, if it worked.
    Waiting(Option<u64>),
}

impl Checkpointer {
    pub(super) fn start(
        copier: Copier,
        checkpoint: Checkpoint,
        sync: SyncFile,
        on_fatal: OnFatal,
        shared: &Arc<Shared>,
    ) -> std::io::Result<Self> {
        let ((begin, asked), (ends, ended)) = (channel(), channel());
        let copying = Copying { copier, checkpoint, sync, asked, ends, on_fatal, shared: Arc::clone(shared) };
        let thread = std::thread::Builder::new().name("store-checkpoint".to_owned());
        let thread = thread.spawn(move || copying.run())?;
        Ok(Self {
            begin: Some(begin),
            ended,
            is_copying: false,
            shared: Arc::clone(shared),
            thread: Some(thread),
        })
    }

    /// Has the next piece copied. No piece may be under way.
    pub(super) fn begin(&mut self) {
        // A thread that has ended is noticed where its progress is looked at.
        let _ = self.begin.as_ref().map(|begin| begin.send(()));
        self.is_copying = true;
    }

    /// What the thread is doing; breaks if it failed.
    pub(super) fn progress(&mut self) -> ControlFlow<String, Progress> {
        if !self.is_copying {
            return ControlFlow::Continue(Progress::Waiting(None));
        }
        match self.ended.try_recv() {
            Ok(copied) => self.ended(copied),
            Err(TryRecvError::Empty) => ControlFlow::Continue(Progress::Copying),
            Err(TryRecvError::Disconnected) => self.failed(),
        }
    }

    /// Waits for the end of the piece under way, if there is one.
    pub(super) fn wait(&mut self) -> ControlFlow<String, Progress> {
        if !self.is_copying {
            return ControlFlow::Continue(Progress::Waiting(None));
        }
        match self.ended.recv() {
            Ok(copied) => self.ended(copied),
            Err(_) => self.failed(),
        }
    }

    /// Lets the thread finish its piece and closes its connection; breaks if it failed.
    pub(super) fn end(mut self) -> ControlFlow<String> {
        self.join();
        match self.shared.check_running() {
            Ok(()) => ControlFlow::Continue(()),
            Err(stopped) => ControlFlow::Break(stopped.to_string()),
        }
    }

    fn ended(&mut self, copied: Option<u64>) -> ControlFlow<String, Progress> {
        self.is_copying = false;
        ControlFlow::Continue(Progress::Waiting(copied))
    }

    fn failed<T>(&self) -> ControlFlow<String, T> {
        let reason = self.shared.stopped.get().cloned();
        ControlFlow::Break(reason.unwrap_or_else(|| "the thread of the checkpoints has ended".to_owned()))
    }

    fn join(&mut self) {
        self.begin = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches its own panics.
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.join();
    }
}

/// The thread's state.
struct Copying {
    copier: Copier,
    checkpoint: Checkpoint,
    sync: SyncFile,
    asked: Receiver<()>,
    ends: Sender<Option<u64>>,
    on_fatal: OnFatal,
    shared: Arc<Shared>,
}

impl Copying {
    fn run(mut self) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.serve()));
        let reason = match ended {
            Ok(ControlFlow::Continue(())) => return,
            Ok(ControlFlow::Break(reason)) => reason,
            Err(_) => "the thread of the checkpoints panicked".to_owned(),
        };
        // Before the writer can learn of it: it must not make a checkpoint any more.
        self.shared.stop(&reason);
        self.shared.tell(&self.on_fatal, &reason);
    }

    fn serve(&mut self) -> ControlFlow<String> {
        while let Ok(()) = self.asked.recv() {
            let copied = self.copy()?;
            // The writer has ended and waits for this thread to do so.
            let _ = self.ends.send(copied);
        }
        ControlFlow::Continue(())
    }

    /// Copies what the log holds and no reader needs to stay where it is; how much of the log is copied by then.
    fn copy(&mut self) -> ControlFlow<String, Option<u64>> {
        let copied = match checkpoint(&self.checkpoint, &self.copier.connection) {
            Ok(copied) => copied,
            Err(Trouble { severity: Severity::Fatal, text }) => return ControlFlow::Break(text),
            // The log still holds everything: a later checkpoint copies it.
            Err(_) => return ControlFlow::Continue(None),
        };
        if let Err(error) = (self.sync)(&self.copier.file) {
            return ControlFlow::Break(format!("the database could not be synced: {error}"));
        }
        self.shared.counters.count_checkpoint();
        ControlFlow::Continue(copied)
    }
}

/// Makes a checkpoint that waits for nobody; how many pages of the log are copied, if that could be told.
pub(super) fn checkpoint(checkpoint: &Checkpoint, connection: &Connection) -> Result<Option<u64>, Trouble> {
    checkpoint(connection).map(|copied| u64::try_from(copied).ok()).map_err(|error| Trouble::from(&error))
}
