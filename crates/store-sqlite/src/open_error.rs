//! Why a database could not be opened, in words that tell the operator what to do.

use std::path::{Path, PathBuf};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server holds the database.
    #[error(
        "another registrar server is running on {}; stop it first, or give this one a database of its own",
        .0.display()
    )]
    ServerRunning(PathBuf),
    /// Another process kept the database attached for too long for a starting server to check what is on the disk, or
    /// a starting server kept it to itself for too long.
    #[error(
        "{} is in use by another process that does not let go of it; end other registrar commands and programs that \
         have the database open, then try again",
        .0.display()
    )]
    Attached(PathBuf),
    /// The database was written by a later release.
    #[error(
        "the database has schema {found}, but this release knows schemas up to {known}; use the release that wrote it \
         or a later one"
    )]
    NewerSchema {
        /// The schema found.
        found: u32,
        /// The newest schema this release knows.
        known: u32,
    },
    /// An operator's command met a database of an earlier release; migrating it is for `registrar migrate` or a server.
    #[error(
        "the database has schema {found}, but this release needs schema {known}; stop the server and run \
         `registrar migrate`, or start a server of this release"
    )]
    OlderSchema {
        /// The schema found.
        found: u32,
        /// The schema needed.
        known: u32,
    },
    /// The file is not a SQLite database.
    #[error("{} is not a SQLite database, or it is damaged; give the path of another file", .0.display())]
    NotADatabase(PathBuf),
    /// The file is a SQLite database of another program.
    #[error("{} is a database of another program; give the path of another file", .0.display())]
    OtherProgram(PathBuf),
    /// There is no such file.
    #[error("there is no database {}; check the path", .0.display())]
    Missing(PathBuf),
    /// The file has hard links: each of its names would have a log and locks of its own.
    #[error(
        "{} is one file with several names (hard links), which would be a database without locks; remove the other names, \
         or make a real copy of the file with `cp` and give the path of that",
        .0.display()
    )]
    ManyNames(PathBuf),
    /// The installation was copied to another engine.
    #[error(
        "this installation was moved to {0} and is not opened here any more; use that database. To go back while nothing \
         was accepted there, stop its servers and run `registrar copy --undo` with the same --from and --to"
    )]
    Moved(String),
    /// Two customers have an e-mail or a request_id in common, which no release of this program stores. Found by their entries
    /// in `fingerprints`.
    #[error(
        "customers number {one} and {other} are stored under the same e-mail or request_id: something else wrote into this \
         database; keep a copy of the file and restore a backup"
    )]
    StoredTwice {
        /// The earlier customer.
        one: u32,
        /// The later one.
        other: u32,
    },
    /// The last customer is not among those by which servers see that an e-mail or a request_id is taken.
    #[error(
        "customer number {0} is stored, but not entered where servers look for taken e-mails and request_ids: something \
         else wrote into this database; keep a copy of the file and restore a backup"
    )]
    NotEntered(u32),
    /// The linked SQLite is too old.
    #[error("SQLite {0} is linked, but 3.51.3 or later is needed; build with the bundled SQLite")]
    OldSqlite(&'static str),
    /// The operating system refused something.
    #[error("could not {what} {}: {source}; check that the directory exists and that this user may write to it", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// SQLite refused something.
    #[error("SQLite could not open the database: {0}; see the text, and the disk if it speaks of I/O")]
    Sqlite(String),
}

impl OpenError {
    /// An `Io` about `path`.
    pub(crate) fn io(what: &'static str, path: &Path, source: impl Into<std::io::Error>) -> Self {
        Self::Io { what, path: path.to_owned(), source: source.into() }
    }

    /// What SQLite's error means for opening `path`.
    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase};
        match error.sqlite_error_code() {
            Some(NotADatabase | DatabaseCorrupt) => Self::NotADatabase(path.to_owned()),
            Some(DatabaseBusy | DatabaseLocked) => Self::Attached(path.to_owned()),
            _ => Self::Sqlite(error.to_string()),
        }
    }
}
