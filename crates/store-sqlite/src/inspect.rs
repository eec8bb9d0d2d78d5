//! A look at a database for `registrar doctor`: what it is and whether its structure is whole. Changes nothing.

use std::path::Path;

use crate::attachment::Attachment;
use crate::connection::{check_sqlite_version, open_reader};
use crate::open_error::OpenError;
use crate::options::Role;
use crate::{files, migrations, relocation};

/// What a look at a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The SQLite that is linked.
    pub sqlite_version: &'static str,
    /// Whether commits go to a write-ahead log.
    pub is_wal: bool,
    /// The steps of the schema that the database lacks.
    pub pending_migrations: Vec<&'static str>,
    /// What SQLite's `quick_check` found first, if anything; it names tables and pages, never a stored value.
    pub damage: Option<String>,
}

/// Looks at the database at `path`, which must exist; a server may be running on it.
///
/// # Errors
/// It cannot be opened, is not a database of Registrar, is of a later release, or moved.
pub fn inspect(path: &Path) -> Result<Inspection, OpenError> {
    check_sqlite_version()?;
    let path = &files::resolve(path)?;
    let _attachment = Attachment::new(path, Role::Operator)?;
    let connection = open_reader(path)?;
    let pending_migrations = migrations::pending(&connection, path)?;
    if pending_migrations.is_empty() {
        relocation::admit(&connection, Role::Operator)?;
    }
    let text = |pragma: &str| -> rusqlite::Result<String> {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
    };
    let sqlite = |error| OpenError::sqlite(path, &error);
    let journal = text("journal_mode").map_err(sqlite)?;
    let check = text("quick_check(1)").map_err(sqlite)?;
    Ok(Inspection {
        sqlite_version: rusqlite::version(),
        is_wal: journal == "wal",
        pending_migrations,
        damage: (check != "ok").then_some(check),
    })
}

#[cfg(test)]
mod tests {
    use super::inspect;
    use crate::options::Options;
    use crate::store::SqliteStore;

    #[test]
    fn a_new_database_is_whole_also_beside_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registrar.db");
        let _server = SqliteStore::open(&path, Options::server(|_| {})).unwrap();
        let found = inspect(&path).unwrap();
        assert!(found.is_wal);
        assert_eq!((found.pending_migrations.len(), found.damage), (0, None));
    }

    #[test]
    fn a_file_that_is_no_database_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registrar.db");
        std::fs::write(&path, "not a database").unwrap();
        assert!(inspect(&path).is_err());
    }
}
