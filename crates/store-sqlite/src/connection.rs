//! SQLite connections as this engine wants them.
//!
//! Invariant: every connection syncs the log at each commit (`synchronous=FULL`), maps no file into memory, checks
//! foreign keys, and makes no checkpoint unasked, for automatic ones hide a failed sync.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, FileControl, OpenFlags};

use crate::limits::{
    BUSY_TIMEOUT, LOG_BYTES_KEPT, PAGE_BYTES, READER_CACHE_KIB, SQLITE_VERSION_MIN, STATEMENTS_CACHED,
    WRITER_CACHE_KIB,
};
use crate::open_error::OpenError;

/// Refuses a SQLite with known ways to lose data.
pub(crate) fn check_sqlite_version() -> Result<(), OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    Ok(())
}

/// A connection that may write.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    configure_writer(path).map_err(|error| OpenError::sqlite(path, &error))
}

/// A connection that reads only.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let connection = configure(path, READER_CACHE_KIB)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    open().map_err(|error| OpenError::sqlite(path, &error))
}

fn configure_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = configure(path, WRITER_CACHE_KIB)?;
    // Both are kept by the file; they do something only on a new database.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |_| Ok(()))?;
    // The log is created once and kept, so that its name need not be made durable again (SQLite would not look whether
    // that worked).
    let mut keep_log = 1;
    connection.file_control(Some("main"), FileControl::PersistWal(&mut keep_log))?;
    Ok(connection)
}

fn configure(path: &Path, cache_kib: i32) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    // Also keeps a connection that closes after a failed sync from writing anything more.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    Ok(connection)
}
