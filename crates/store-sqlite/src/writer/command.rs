//! A command in the writer's queue: what to run, and whom to answer.
//!
//! Invariant: a command is answered once, with its own result or with the failure of its batch.

use registrar_domain::store::StoreFailure;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::failure::{ApplyError, Severity, failure, severity};
use crate::fingerprints::Fingerprints;

/// What a command works with.
pub(crate) struct Session {
    /// The connection, inside the batch's transaction.
    pub(crate) connection: Connection,
    /// Whether the last transaction that wrote something could not be committed.
    pub(crate) last_commit_failed: bool,
    /// Only a server has them.
    pub(crate) fingerprints: Option<Fingerprints>,
}

impl Session {
    /// What tells which customers there are.
    pub(crate) fn fingerprints(&mut self) -> Result<&mut Fingerprints, ApplyError> {
        self.fingerprints.as_mut().ok_or_else(|| ApplyError::internal("only a server creates customers"))
    }
}

/// An error of SQLite that a batch must know of.
pub(super) struct Trouble {
    pub(super) severity: Severity,
    pub(super) text: String,
}

impl From<&rusqlite::Error> for Trouble {
    fn from(error: &rusqlite::Error) -> Self {
        Self { severity: severity(error), text: error.to_string() }
    }
}

/// A command in the queue.
pub(super) trait Command: Send {
    /// Runs it and keeps the result.
    fn apply(&mut self, session: &mut Session) -> Result<(), Trouble>;

    /// Sends the result that was kept.
    fn answer(self: Box<Self>);

    /// Sends this failure instead.
    fn refuse(self: Box<Self>, failure: StoreFailure);
}

/// A command whose caller waits.
pub(super) struct Waiting<A, T> {
    apply: Option<A>,
    result: Option<Result<T, StoreFailure>>,
    reply: oneshot::Sender<Result<T, StoreFailure>>,
}

impl<A, T> Waiting<A, T> {
    pub(super) const fn new(apply: A, reply: oneshot::Sender<Result<T, StoreFailure>>) -> Self {
        Self { apply: Some(apply), result: None, reply }
    }
}

// Whether anybody still waits for an answer is the caller's affair: a failed send is ignored.
impl<A, T> Command for Waiting<A, T>
where
    A: FnOnce(&mut Session) -> Result<T, ApplyError> + Send,
    T: Send,
{
    fn apply(&mut self, session: &mut Session) -> Result<(), Trouble> {
        let Some(apply) = self.apply.take() else { return Ok(()) };
        let (result, told) = match apply(session) {
            Ok(outcome) => (Ok(outcome), Ok(())),
            Err(ApplyError::Failure(failure)) => (Err(failure), Ok(())),
            Err(ApplyError::Sqlite(error)) => (Err(failure(&error)), Err(Trouble::from(&error))),
        };
        self.result = Some(result);
        told
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            let _ = self.reply.send(result);
        }
    }

    fn refuse(self: Box<Self>, failure: StoreFailure) {
        let _ = self.reply.send(Err(failure));
    }
}

/// SQLite undoes one statement that fails; this makes several statements one.
pub(crate) fn in_savepoint<T>(
    connection: &Connection,
    apply: impl FnOnce() -> Result<T, ApplyError>,
) -> Result<T, ApplyError> {
    execute(connection, "SAVEPOINT command")?;
    let result = apply();
    // An error may have ended the whole transaction, and the savepoint with it; then there is nothing to undo.
    if connection.is_autocommit() {
        return result;
    }
    let ended = match result {
        Ok(_) => execute(connection, "RELEASE command"),
        Err(_) => {
            execute(connection, "ROLLBACK TO command").and_then(|()| execute(connection, "RELEASE command"))
        }
    };
    if ended.is_err() {
        // Half a command must not be committed: the batch notices that its transaction has ended.
        execute(connection, "ROLLBACK")?;
    }
    ended?;
    result
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
