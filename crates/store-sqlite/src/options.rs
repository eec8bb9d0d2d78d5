//! How a store is opened: as the one server of a database, or beside it for an operator's command.

use rusqlite::Connection;

/// Called once with a reason when the engine must not go on; the program is expected to end the process.
pub type OnFatal = Box<dyn Fn(&str) + Send + Sync>;

/// How the writer commits; a parameter so that tests can stop it or let it fail.
pub(crate) type Commit = Box<dyn FnMut(&Connection) -> rusqlite::Result<()> + Send>;

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
}

impl Options {
    /// A server. `on_fatal` is called on the writer's thread after a failed sync or commit; it must end the process
    /// (a failed sync cannot be repeated, so nothing that this process reads or writes afterwards can be trusted).
    pub fn server(on_fatal: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::new(Role::Server, Box::new(on_fatal))
    }

    /// An operator's command; it learns of a fatal failure by its own command's answer.
    pub fn operator() -> Self {
        Self::new(Role::Operator, Box::new(|_| {}))
    }

    fn new(role: Role, on_fatal: OnFatal) -> Self {
        Self {
            role,
            on_fatal,
            commit: Box::new(|connection| connection.prepare_cached("COMMIT")?.execute([]).map(|_| ())),
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
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("role", &self.role).finish_non_exhaustive()
    }
}
