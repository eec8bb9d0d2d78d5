//! How a store is opened: as the one server of a database, or beside it for an operator's command.

use std::fs::File;
use std::sync::Arc;

use rusqlite::Connection;

/// Called once with a reason when the engine must not go on; the program is expected to end the process.
pub type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

/// How the writer commits; a parameter so that tests can stop it or let it fail.
pub(crate) type Commit = Box<dyn FnMut(&Connection) -> rusqlite::Result<()> + Send>;

/// How the log is copied, by the writer or beside it; how many of its pages are copied by then, below 0 if that cannot be
/// told. A parameter for the same reason.
pub(crate) type Checkpoint = Arc<dyn Fn(&Connection) -> rusqlite::Result<i64> + Send + Sync>;

/// How the database is synced after a piece of the log was copied; a parameter for the same reason.
pub(crate) type SyncFile = Box<dyn FnMut(&File) -> std::io::Result<()> + Send>;

/// As what a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The only server of the database; it migrates it and hands out customer numbers.
    Server,
    /// An operator's command, also while a server runs; it hands out no customer numbers.
    Operator,
}

/// How to open a store.
pub struct Options {
    pub(crate) role: Role,
    pub(crate) on_fatal: OnFatal,
    pub(crate) commit: Commit,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) sync: SyncFile,
}

impl Options {
    /// A server. `on_fatal` is called on a thread of the engine after a failed sync or commit; it must end the process
    /// (a failed sync cannot be repeated, so nothing that this process reads or writes afterwards can be trusted).
    pub fn server(on_fatal: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::new(Role::Server, Arc::new(on_fatal))
    }

    /// An operator's command; it learns of a fatal failure by its own command's answer.
    pub fn operator() -> Self {
        Self::new(Role::Operator, Arc::new(|_| {}))
    }

    fn new(role: Role, on_fatal: OnFatal) -> Self {
        Self {
            role,
            on_fatal,
            commit: Box::new(|connection| connection.prepare_cached("COMMIT")?.execute([]).map(|_| ())),
            checkpoint: Arc::new(|connection| {
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get("checkpointed"))
            }),
            sync: Box::new(File::sync_data),
        }
    }

    /// Replaces the way the writer commits.
    #[cfg(test)]
    pub(crate) fn with_commit(
        mut self,
        commit: impl FnMut(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Self {
        self.commit = Box::new(commit);
        self
    }

    /// Replaces the way the log is copied.
    #[cfg(test)]
    pub(crate) fn with_checkpoint(
        mut self,
        checkpoint: impl Fn(&Connection) -> rusqlite::Result<i64> + Send + Sync + 'static,
    ) -> Self {
        self.checkpoint = Arc::new(checkpoint);
        self
    }

    /// Replaces the way the database is synced beside the writer.
    #[cfg(test)]
    pub(crate) fn with_sync(
        mut self,
        sync: impl FnMut(&File) -> std::io::Result<()> + Send + 'static,
    ) -> Self {
        self.sync = Box::new(sync);
        self
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("role", &self.role).finish_non_exhaustive()
    }
}
