//! The thread that writes: it takes every command that waits, each `create_customer` among them, runs them in one
//! transaction, commits, and answers.
//!
//! There is no timer: the commit in flight is the time in which the next batch gathers. Invariants: answers are sent after
//! the commit; after an I/O error nothing more is read or written, for a failed sync that is repeated reports success over
//! lost data.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use registrar_domain::store::StoreFailure;
use rusqlite::ErrorCode;

use super::Shared;
use super::checkpointer::{Checkpointer, Copier, Progress, checkpoint};
use super::command::{Command, Session, Trouble};
use super::log::{Log, Step};
use crate::failure::Severity;
use crate::limits::BATCH_COMMANDS_MAX;
use crate::options::{Checkpoint, Commit, OnFatal, Options, Role};

type Batch = Vec<Box<dyn Command>>;

/// How a batch ended that was not committed.
enum BatchError {
    /// Nothing was done; the writer goes on.
    Passing(String),
    /// Nothing was done; the writer must stop.
    Fatal(String),
    /// Whether anything was done is not known; the writer must stop.
    Unknown(String),
}

impl From<Trouble> for BatchError {
    fn from(trouble: Trouble) -> Self {
        match trouble.severity {
            Severity::Fatal => Self::Fatal(trouble.text),
            Severity::Passing | Severity::Command => Self::Passing(trouble.text),
        }
    }
}

impl From<rusqlite::Error> for BatchError {
    fn from(error: rusqlite::Error) -> Self {
        Self::from(Trouble::from(&error))
    }
}

/// The thread's state.
pub(super) struct WriterThread {
    session: Session,
    receiver: Receiver<Box<dyn Command>>,
    shared: Arc<Shared>,
    /// Pages in the log after a commit that wrote; 0 since it was looked at.
    log_pages: Arc<AtomicU64>,
    log: Log,
    /// Whether the last batch wrote anything.
    has_written: bool,
    checkpointer: Option<Checkpointer>,
    commit: Commit,
    checkpoint: Checkpoint,
    on_fatal: OnFatal,
    role: Role,
}

impl WriterThread {
    pub(super) fn new(
        session: Session,
        copier: Option<Copier>,
        options: Options,
        receiver: Receiver<Box<dyn Command>>,
        shared: Arc<Shared>,
    ) -> std::io::Result<Self> {
        let Options { role, on_fatal, commit, checkpoint, sync } = options;
        let start = |copier| {
            Checkpointer::start(copier, Arc::clone(&checkpoint), sync, Arc::clone(&on_fatal), &shared)
        };
        let checkpointer = copier.map(start).transpose()?;
        Ok(Self {
            session,
            receiver,
            shared,
            log_pages: Arc::default(),
            log: Log::default(),
            has_written: true,
            checkpointer,
            commit,
            checkpoint,
            on_fatal,
            role,
        })
    }

    pub(super) fn run(mut self) {
        // A panic leaves a transaction in an unknown state, so it stops the engine as an I/O error does.
        match catch_unwind(AssertUnwindSafe(|| self.serve())) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(reason)) => self.stop(&reason),
            Err(_) => self.stop("the writer panicked"),
        }
    }

    /// Serves until the queue ends; breaks with the reason for which the engine must stop.
    fn serve(&mut self) -> ControlFlow<String> {
        if let Err(error) = self.watch_log() {
            return ControlFlow::Break(error.to_string());
        }
        while let Ok(first) = self.receiver.recv() {
            if !self.has_written {
                // No sync was there to gather a batch in: whoever is about to send a command may do so first, or each
                // repetition would cost two switches between threads.
                std::thread::yield_now();
            }
            let batch = self.gather(first);
            self.run_batch(batch)?;
        }
        if let Some(checkpointer) = self.checkpointer.take() {
            checkpointer.end()?;
        }
        match self.role {
            Role::Server => self.empty_log(),
            Role::Operator => ControlFlow::Continue(()),
        }
    }

    fn watch_log(&mut self) -> rusqlite::Result<()> {
        let log_pages = Arc::clone(&self.log_pages);
        self.session.connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            log_pages.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))
    }

    fn gather(&self, first: Box<dyn Command>) -> Batch {
        let mut batch = vec![first];
        while batch.len() < BATCH_COMMANDS_MAX {
            match self.receiver.try_recv() {
                Ok(command) => batch.push(command),
                Err(_) => break,
            }
        }
        let taken = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.shared.counters.queue_depth.fetch_sub(taken, Ordering::Relaxed);
        batch
    }

    fn run_batch(&mut self, mut batch: Batch) -> ControlFlow<String> {
        let ended = self.commit_batch(&mut batch);
        if let Some(fingerprints) = &mut self.session.fingerprints {
            if ended.is_ok() { fingerprints.committed() } else { fingerprints.rolled_back() }
        }
        match ended {
            Ok(()) => {
                self.shared.counters.count_commit(batch.len());
                batch.into_iter().for_each(Command::answer);
                self.look_at_log()
            }
            Err(BatchError::Passing(text)) => {
                self.session.last_commit_failed = true;
                refuse(batch, &StoreFailure::Unavailable(text));
                ControlFlow::Continue(())
            }
            Err(BatchError::Fatal(text)) => {
                self.shared.stop(&text);
                refuse(batch, &StoreFailure::Unavailable(text.clone()));
                ControlFlow::Break(text)
            }
            Err(BatchError::Unknown(text)) => {
                self.shared.stop(&text);
                refuse(batch, &StoreFailure::OutcomeUnknown(text.clone()));
                ControlFlow::Break(text)
            }
        }
    }

    fn commit_batch(&mut self, batch: &mut Batch) -> Result<(), BatchError> {
        self.session.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for command in batch {
            let told = command.apply(&mut self.session);
            // Some errors end the whole transaction, with it the commands before this one.
            let lost = self.session.connection.is_autocommit();
            match told {
                Err(trouble) if lost || trouble.severity == Severity::Fatal => return Err(trouble.into()),
                _ if lost => return Err(BatchError::Passing("the transaction was rolled back".to_owned())),
                Ok(()) | Err(_) => {}
            }
        }
        let Session { connection, fingerprints, .. } = &self.session;
        let stored = fingerprints.as_ref().map_or(Ok(()), |fingerprints| fingerprints.store(connection));
        let committed = stored.and_then(|()| (self.commit)(connection));
        committed.or_else(|error| self.explain_failed_commit(&error))
    }

    /// A commit that found the disk full or the database locked did nothing: its last frame, which makes it valid, was
    /// not written. Anything else may have happened after that frame was.
    fn explain_failed_commit(&self, error: &rusqlite::Error) -> Result<(), BatchError> {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy) => {
                if !self.session.connection.is_autocommit() {
                    let rolled_back = self.session.connection.execute_batch("ROLLBACK");
                    rolled_back.map_err(|error| BatchError::Fatal(error.to_string()))?;
                }
                Err(BatchError::Passing(text))
            }
            _ => Err(BatchError::Unknown(text)),
        }
    }

    /// The log is copied after the answers, most of it beside the writer, and not by SQLite inside the commit: there it
    /// would hold the answers up, and SQLite would hide a failed sync.
    fn look_at_log(&mut self) -> ControlFlow<String> {
        let pages = self.log_pages.swap(0, Ordering::Relaxed);
        self.has_written = pages > 0;
        if pages == 0 {
            return ControlFlow::Continue(());
        }
        self.session.last_commit_failed = false;
        self.shared.counters.note_log_pages(pages);
        let is_copying = match &mut self.checkpointer {
            None => false,
            Some(checkpointer) => match checkpointer.progress()? {
                Progress::Copying => true,
                Progress::Waiting(copied) => {
                    if let Some(pages) = copied {
                        self.log.note_copied(pages);
                    }
                    false
                }
            },
        };
        match (self.log.grown(pages, is_copying), &mut self.checkpointer) {
            (Step::Go, _) | (Step::Copy, None) => ControlFlow::Continue(()),
            (Step::Copy, Some(checkpointer)) => {
                checkpointer.begin();
                ControlFlow::Continue(())
            }
            (Step::Finish, _) | (Step::FinishAlone, None) => self.finish_log(),
            (Step::FinishAlone, Some(checkpointer)) => {
                checkpointer.wait()?;
                self.finish_log()
            }
        }
    }

    /// Copies what is left. The log starts over with the next commit, unless a reader still needs it.
    fn finish_log(&self) -> ControlFlow<String> {
        self.noted(checkpoint(&self.checkpoint, &self.session.connection).map(|_| ()))
    }

    /// After an orderly end the database is one file, and the next start has no log to read.
    fn empty_log(&mut self) -> ControlFlow<String> {
        // An operator's command that reads now is no reason to wait: the log stays valid as it is.
        let _ = self.session.connection.busy_timeout(Duration::ZERO);
        let emptied = self.session.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.noted(emptied.map_err(|error| Trouble::from(&error)))
    }

    fn noted(&self, ended: Result<(), Trouble>) -> ControlFlow<String> {
        match ended {
            Ok(()) => self.shared.counters.count_checkpoint(),
            Err(Trouble { severity: Severity::Fatal, text }) => return ControlFlow::Break(text),
            // The log still holds everything: a later checkpoint copies it.
            Err(Trouble { severity: Severity::Passing | Severity::Command, .. }) => {}
        }
        ControlFlow::Continue(())
    }

    /// Tells the program, and should it go on, refuses whatever still comes.
    fn stop(&mut self, reason: &str) {
        self.shared.stop(reason);
        self.shared.tell(&self.on_fatal, reason);
        while let Ok(command) = self.receiver.recv() {
            self.shared.counters.queue_depth.fetch_sub(1, Ordering::Relaxed);
            command.refuse(StoreFailure::Unavailable(format!("the engine has stopped: {reason}")));
        }
    }
}

fn refuse(batch: Batch, failure: &StoreFailure) {
    for command in batch {
        command.refuse(failure.clone());
    }
}
