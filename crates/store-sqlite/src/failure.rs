//! What SQLite's errors mean for a command, for its transaction and for the process.
//!
//! Invariant: no text made here contains a value; SQLite's own messages name tables, columns and codes.

use registrar_domain::store::StoreFailure;
use rusqlite::ErrorCode;

/// Why a command was not applied.
#[derive(Debug)]
pub(crate) enum ApplyError {
    /// Found out by this program.
    Failure(StoreFailure),
    /// Found out by SQLite.
    Sqlite(rusqlite::Error),
}

impl ApplyError {
    /// A bug or damaged data.
    pub(crate) fn internal(text: impl Into<String>) -> Self {
        Self::Failure(StoreFailure::Internal(text.into()))
    }
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreFailure> for ApplyError {
    fn from(failure: StoreFailure) -> Self {
        Self::Failure(failure)
    }
}

/// What an error of SQLite says about going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// An I/O error: what the files hold is uncertain, and a sync must not be tried again.
    Fatal,
    /// It did not work now; it may later.
    Passing,
    /// This command cannot work.
    Command,
}

/// How bad an error is.
pub(crate) fn severity(error: &rusqlite::Error) -> Severity {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => Severity::Fatal,
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory,
        ) => Severity::Passing,
        _ => Severity::Command,
    }
}

/// The failure to answer a command with whose statement ended in this error; nothing was done.
pub(crate) fn failure(error: &rusqlite::Error) -> StoreFailure {
    match severity(error) {
        Severity::Fatal | Severity::Passing => StoreFailure::Unavailable(error.to_string()),
        Severity::Command => StoreFailure::Internal(match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                format!(
                    "{error}: the database file is damaged; stop the server, keep a copy of the file and restore a backup"
                )
            }
            _ => error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use registrar_domain::store::StoreFailure;
    use rusqlite::ffi;

    use super::{Severity, failure, severity};

    #[test]
    fn a_damaged_file_is_said_to_be_one_and_what_to_do() {
        for (code, is_damage) in [
            (ffi::SQLITE_CORRUPT, true),
            (ffi::SQLITE_NOTADB, true),
            (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, false),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(failure(&error).to_string().contains("restore a backup"), is_damage, "{code}");
        }
    }

    #[test]
    fn every_io_error_is_fatal_and_a_full_disk_is_not() {
        for (code, expected) in [
            (ffi::SQLITE_IOERR, Severity::Fatal),
            (ffi::SQLITE_IOERR_FSYNC, Severity::Fatal),
            (ffi::SQLITE_IOERR_WRITE, Severity::Fatal),
            (ffi::SQLITE_IOERR_SHORT_READ, Severity::Fatal),
            (ffi::SQLITE_FULL, Severity::Passing),
            (ffi::SQLITE_BUSY, Severity::Passing),
            (ffi::SQLITE_BUSY_SNAPSHOT, Severity::Passing),
            (ffi::SQLITE_CORRUPT, Severity::Command),
            (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, Severity::Command),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(severity(&error), expected, "{code}");
            let is_internal = matches!(failure(&error), StoreFailure::Internal(_));
            assert_eq!(is_internal, expected == Severity::Command, "{code}");
        }
    }
}
