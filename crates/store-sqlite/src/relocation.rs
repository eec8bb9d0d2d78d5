//! Whether the installation in this database was copied to another engine, and so must not be opened here any more.
//!
//! Invariant: a copy whose source was served since it began is void, and a database that moved is opened by nobody.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::open_error::OpenError;
use crate::options::Role;

/// A copy that was begun, or completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocation {
    /// What both sides know the copy by.
    pub copy_id: i64,
    /// Where to; without a password.
    pub target: String,
    /// Whether every row was copied and verified, so that this database is not to be served any more.
    pub is_moved: bool,
}

/// The copy, if one was begun.
pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Option<Relocation>> {
    let sql = "SELECT copy_id, target, moved_at IS NOT NULL FROM relocation";
    let row = connection.query_row(sql, [], |row| {
        Ok(Relocation { copy_id: row.get(0)?, target: row.get(1)?, is_moved: row.get(2)? })
    });
    row.optional()
}

/// Refuses a database that moved. A server makes a copy void that was only begun: it will accept customers.
pub(crate) fn admit(connection: &Connection, role: Role) -> Result<(), OpenError> {
    let sqlite = |error: rusqlite::Error| OpenError::Sqlite(error.to_string());
    match load(connection).map_err(sqlite)? {
        Some(relocation) if relocation.is_moved => Err(OpenError::Moved(relocation.target)),
        Some(_) if role == Role::Server => forget(connection).map_err(sqlite),
        Some(_) | None => Ok(()),
    }
}

/// Notes a new copy in the place of one before it.
pub(crate) fn begin(connection: &Connection, copy_id: i64, target: &str, at: i64) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    forget(&transaction)?;
    let insert = "INSERT INTO relocation (copy_id, target, begun_at, moved_at) VALUES (?1, ?2, ?3, NULL)";
    transaction.execute(insert, params![copy_id, target, at])?;
    transaction.commit()
}

/// Notes that the copy is complete; whether that copy was there.
pub(crate) fn complete(connection: &Connection, copy_id: i64, at: i64) -> rusqlite::Result<bool> {
    let update = "UPDATE relocation SET moved_at = coalesce(moved_at, ?2) WHERE copy_id = ?1";
    Ok(connection.execute(update, params![copy_id, at])? == 1)
}

/// Forgets every copy.
pub(crate) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM relocation", []).map(|_| ())
}
