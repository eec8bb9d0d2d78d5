//! The schema's history: one embedded SQL file per step, each applied in a transaction of its own.
//!
//! The number of steps applied is the database's `user_version`. Invariant: a step that is released never changes.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::open_error::OpenError;
use crate::options::Role;

/// Every step: its name and its SQL.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_initial", include_str!("../migrations/0001_initial.sql")),
    ("0002_relocation", include_str!("../migrations/0002_relocation.sql")),
    ("0003_fingerprints", include_str!("../migrations/0003_fingerprints.sql")),
    ("0004_platforms_after", include_str!("../migrations/0004_platforms_after.sql")),
];

/// "RGST" as `PRAGMA application_id`, set by the first step.
const APPLICATION_ID: i32 = 0x5247_5354;

/// The schema this release needs.
pub(crate) fn known_schema() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Brings the schema up to date, or says why not.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    role: Role,
) -> Result<Vec<&'static str>, OpenError> {
    let found = schema(connection, path)?;
    check_role(found, known_schema(), role)?;
    let mut applied = Vec::new();
    for (number, (name, sql)) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        if apply(connection, number, sql).map_err(|error| OpenError::sqlite(path, &error))? {
            applied.push(*name);
        }
    }
    Ok(applied)
}

/// An operator's command makes a new database, but leaves an older one alone: a server of the earlier release may be
/// running on it.
fn check_role(found: u32, known: u32, role: Role) -> Result<(), OpenError> {
    if role == Role::Operator && found != 0 && found < known {
        return Err(OpenError::OlderSchema { found, known });
    }
    Ok(())
}

/// The names of the steps that a database is behind.
pub(crate) fn pending(connection: &Connection, path: &Path) -> Result<Vec<&'static str>, OpenError> {
    let found = schema(connection, path)?;
    Ok(names_after(found))
}

/// The names of the steps after the first `applied` ones.
pub(crate) fn names_after(applied: u32) -> Vec<&'static str> {
    MIGRATIONS.iter().skip(usize::try_from(applied).unwrap_or(usize::MAX)).map(|(name, _)| *name).collect()
}

/// The schema of a database that is ours or empty.
fn schema(connection: &Connection, path: &Path) -> Result<u32, OpenError> {
    let sqlite = |error| OpenError::sqlite(path, &error);
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sqlite)?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sqlite)?;
    let empty: bool = connection
        .query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
        .map_err(sqlite)?;
    if !empty && application != APPLICATION_ID {
        return Err(OpenError::OtherProgram(path.to_owned()));
    }
    if found > known_schema() {
        return Err(OpenError::NewerSchema { found, known: known_schema() });
    }
    Ok(found)
}

/// Applies one step, unless another process did so in the meantime.
fn apply(connection: &mut Connection, number: u32, sql: &str) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found >= number {
        return Ok(false);
    }
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::{MIGRATIONS, check_role};
    use crate::{OpenError, Role};

    #[test]
    fn an_operator_makes_a_new_database_and_leaves_an_older_one_to_a_server() {
        for (found, role, accepted) in [
            (0, Role::Operator, true),
            (1, Role::Operator, false),
            (2, Role::Operator, true),
            (0, Role::Server, true),
            (1, Role::Server, true),
        ] {
            match check_role(found, 2, role) {
                Ok(()) => assert!(accepted, "{found} {role:?}"),
                Err(error) => {
                    assert!(matches!(error, OpenError::OlderSchema { found: 1, known: 2 }) && !accepted);
                }
            }
        }
    }

    /// A database that has taken a step never takes it again: what is missing belongs into a new step.
    #[test]
    fn the_text_of_a_step_never_changes() {
        let pinned = [
            ("0001_initial", "26f37faa71b8c8efae60137d1904903384e55e38d6d4bfacadf07924bf0ab478"),
            ("0002_relocation", "d56da835ce2539e15bc0dcdecc1c21d8ea697260e704a86b538daa203ecb89c1"),
            ("0003_fingerprints", "66d68c97b638ca36acc665924fb04149ff6ea8740bbc5c97ff39173ecaef5f8a"),
            ("0004_platforms_after", "ca265e2ba5b4664e89dee6fbe19299f3500eab6752f7b824574702b93b4c1ea9"),
        ];
        let found: Vec<_> = MIGRATIONS
            .iter()
            .map(|(name, sql)| {
                let nibbles = Sha256::digest(sql).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let digest: String =
                    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect();
                (*name, digest)
            })
            .collect();
        let pinned = pinned.map(|(name, digest)| (name, digest.to_owned()));
        assert_eq!(found, pinned, "a new step is added here; the text of the others stays");
    }
}
