//! A database that an installation is copied into: empty at first, then loaded in the order of the keys, at last released.
//!
//! Knows no source and no order of work; blocks its caller. Invariants: what `store` returned `Ok` for is durable; until
//! `finish` the database is marked as half a copy, hands out no customer number, and nobody opens it.

mod marks;
mod rows;

use std::collections::BTreeMap;

use registrar_domain::store::StoreFailure;
use registrar_domain::transfer::{Row, Table};
use tokio::runtime::{Builder, Runtime};

pub(crate) use self::marks::{UNFINISHED, refuse_half_a_copy};
use crate::address::Address;
use crate::failure::{Severity, Trouble};
use crate::inspect::check_version;
use crate::limits::COPY_WAIT;
use crate::migrations::{self, STEPS};
use crate::open_error::OpenError;
use crate::options::Role;
use crate::session::Session;

/// What a database holds before a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// Nothing: no server has started on it yet.
    Empty,
    /// A part of the copy with this id.
    Unfinished(i64),
    /// All of the copy with this id, and what happened since.
    Finished(i64),
    /// Another installation.
    Occupied,
}

/// What became of taking a finished copy back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// No server can use it any more.
    Done,
    /// Nothing: so many others are connected, and a server among them would go on.
    Connected(u64),
    /// Nothing: it holds what the source does not know of.
    Outdated,
}

/// Why the target could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The connection was lost, or the server could not work; after `reconnect` the same may work.
    #[error("{0}")]
    Passing(String),
    /// It cannot work.
    #[error("{0}")]
    Failed(String),
}

impl From<Trouble> for TargetError {
    fn from(trouble: Trouble) -> Self {
        match trouble.severity() {
            Severity::Connection | Severity::Conflict | Severity::Passing => Self::Passing(trouble.text()),
            Severity::Command => Self::Failed(match trouble.failure(false) {
                StoreFailure::Internal(text) => text,
                other => other.to_string(),
            }),
        }
    }
}

/// The database, over one connection.
pub struct CopyTarget {
    session: Session,
    address: Address,
    runtime: Runtime,
}

impl CopyTarget {
    /// Connects and brings the database to this release's schema.
    ///
    /// # Errors
    /// It cannot be reached, does not write, is too old, is of a later release, or belongs to another program or role.
    pub fn open(address: &Address) -> Result<Self, OpenError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| OpenError::Thread(error.to_string()))?;
        let session = runtime.block_on(async {
            let session = connect(address).await.map_err(|trouble| OpenError::connecting(&trouble))?;
            check_version(&session).await?;
            migrations::migrate(&session, address, Role::Server, STEPS).await.map_err(
                |error| match error {
                    // Rights for servers are not what a copy needs.
                    OpenError::MayNotMigrate { .. } | OpenError::MissingRights { .. } => OpenError::NotOwner,
                    other => other,
                },
            )?;
            if !marks::owns_tables(&session).await? {
                return Err(OpenError::NotOwner);
            }
            Ok(session)
        })?;
        Ok(Self { session, address: address.clone(), runtime })
    }

    /// Connects again, to whichever server writes now.
    pub fn reconnect(&mut self) -> Result<(), TargetError> {
        self.session = self.runtime.block_on(connect(&self.address))?;
        Ok(())
    }

    /// What the database holds.
    pub fn state(&self) -> Result<TargetState, TargetError> {
        Ok(self.runtime.block_on(marks::state(&self.session))?)
    }

    /// Marks an empty database as the target of this copy; it then hands out no customer number.
    pub fn begin(&self, copy_id: i64) -> Result<(), TargetError> {
        Ok(self.runtime.block_on(marks::begin(&self.session, copy_id))?)
    }

    /// The highest number of a table that only grows: what was stored ends there.
    pub fn last(&self, table: Table) -> Result<Option<i64>, TargetError> {
        Ok(self.runtime.block_on(rows::last(&self.session, table))?)
    }

    /// Stores rows, durably. Those of a table that only grows must be new and in the order of their numbers; others take the
    /// place of those with their keys.
    pub fn store(&self, table: Table, rows: &[Row]) -> Result<(), TargetError> {
        let work = async {
            if table.only_grows() {
                rows::append(&self.session, table, rows).await
            } else {
                rows::put(&self.session, table, rows).await
            }
        };
        self.runtime.block_on(work).map_err(|trouble| {
            if is_taken(&trouble) {
                // The process before this one was killed, and the server carried its last batch out.
                return TargetError::Passing(trouble.text());
            }
            trouble.into()
        })
    }

    /// Rows of a table with numbers after `after` up to `until`, in their order, at most `limit`; a table whose key is a name
    /// comes whole.
    pub fn rows(
        &self,
        table: Table,
        after: Option<i64>,
        until: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Row>, TargetError> {
        Ok(self.runtime.block_on(rows::read(&self.session, table, after, until, limit))?)
    }

    /// Sets the counters and releases the database to servers, durably, if that was not done before.
    pub fn finish(&self, copy_id: i64, counters: &BTreeMap<String, i64>) -> Result<(), TargetError> {
        Ok(self.runtime.block_on(marks::finish(&self.session, copy_id, counters))?)
    }

    /// Takes a finished copy back, so that no server can use it: it is unfinished again. Servers that were cut off and come
    /// back are refused. `counters` are the source's, by which what happened since is known.
    pub fn withdraw(
        &self,
        copy_id: i64,
        counters: &BTreeMap<String, i64>,
    ) -> Result<Withdrawal, TargetError> {
        Ok(self.runtime.block_on(marks::withdraw(&self.session, copy_id, counters))?)
    }
}

async fn connect(address: &Address) -> Result<Session, Trouble> {
    let session = Session::connect(address).await?.waited_for(COPY_WAIT);
    let millis = COPY_WAIT.as_millis();
    session.batch(&format!("SET statement_timeout = {millis}; SET lock_timeout = {millis}")).await?;
    // Rows that a policy would hide are an error, not missing.
    let _ = session.batch("SET row_security = off").await;
    Ok(session)
}

fn is_taken(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Postgres(error) if error.code().is_some_and(|code| code.code() == "23505"))
}
