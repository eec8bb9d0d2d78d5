//! The schema's history: one embedded SQL file per step, each applied in a transaction of its own under a lock.
//!
//! The lock is an advisory one: whoever comes first migrates, the others wait and find nothing to do. Invariant: a step
//! that is released never changes, and no two processes apply one.

use crate::failure::Trouble;
use crate::limits::MIGRATION_WAIT;
use crate::open_error::OpenError;
use crate::options::Role;
use crate::session::Session;

/// Every step: its name and its SQL.
const MIGRATIONS: &[(&str, &str)] = &[("0001_initial", include_str!("../migrations/0001_initial.sql"))];

/// "RGST": the advisory lock of Registrar's migrations.
const LOCK: i64 = 0x5247_5354;

/// The schema this release needs.
fn known_schema() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Brings the schema up to date, or says why not; the names of the steps applied.
pub(crate) async fn migrate(session: &Session, role: Role) -> Result<Vec<&'static str>, OpenError> {
    let found = schema(session).await?;
    check(found, known_schema(), role)?;
    let mut applied = Vec::new();
    for (number, (name, sql)) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        let step = session.transaction("BEGIN", apply(session, number, name, sql)).await;
        match step {
            Ok(true) => applied.push(*name),
            Ok(false) => {}
            Err(trouble) => return Err(explain(&trouble)),
        }
    }
    // Another process of a later release may have gone further in the meantime.
    check(schema(session).await?, known_schema(), role)?;
    Ok(applied)
}

/// The names of the steps that a database is behind.
pub(crate) async fn pending(session: &Session) -> Result<Vec<&'static str>, OpenError> {
    let found = schema(session).await?;
    check(found, known_schema(), Role::Server)?;
    Ok(MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)).map(|(name, _)| *name).collect())
}

fn check(found: u32, known: u32, role: Role) -> Result<(), OpenError> {
    match (role, found) {
        _ if found > known => Err(OpenError::NewerSchema { found, known }),
        (Role::Operator, 0) => Err(OpenError::Empty),
        // A server of the earlier release may be running.
        (Role::Operator, _) if found < known => Err(OpenError::OlderSchema { found, known }),
        _ => Ok(()),
    }
}

/// The number of steps applied.
async fn schema(session: &Session) -> Result<u32, OpenError> {
    let exists = session
        .query(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() \
             AND table_name = 'schema_version'",
            &[],
        )
        .await?;
    if exists.is_empty() {
        return Ok(0);
    }
    found_version(session).await.map_err(OpenError::from)
}

async fn found_version(session: &Session) -> Result<u32, Trouble> {
    let rows = session.query("SELECT coalesce(max(version), 0)::bigint FROM schema_version", &[]).await?;
    let row = rows.first().ok_or_else(|| Trouble::internal("the schema has no version"))?;
    u32::try_from(row.try_get::<_, i64>(0)?)
        .map_err(|_| Trouble::internal("the schema's version is no version"))
}

/// Applies one step, unless another process did so in the meantime.
async fn apply(session: &Session, number: u32, name: &str, sql: &str) -> Result<bool, Trouble> {
    let wait = MIGRATION_WAIT.as_millis();
    session.batch(&format!("SET LOCAL lock_timeout = {wait}; SET LOCAL statement_timeout = {wait}")).await?;
    session.batch_patiently(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    session
        .batch(
            "CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL, name text NOT NULL, \
             CONSTRAINT schema_version_pkey PRIMARY KEY (version))",
        )
        .await?;
    if found_version(session).await? >= number {
        return Ok(false);
    }
    session.batch_patiently(sql).await?;
    let insert = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";
    session.query(insert, &[&i64::from(number), &name]).await?;
    Ok(true)
}

/// A table that exists already is another program's: ours come with their version.
fn explain(trouble: &Trouble) -> OpenError {
    if let Trouble::Postgres(error) = trouble
        && let Some(from_server) = error.as_db_error()
        && from_server.code().code() == "42P07"
    {
        let table = from_server.message().split('"').nth(1).unwrap_or("of ours").to_owned();
        return OpenError::OtherProgram(table);
    }
    OpenError::Postgres(trouble.text())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::{OpenError, Role};

    #[test]
    fn a_server_migrates_an_older_schema_and_an_operator_leaves_it_alone() {
        assert!(matches!(check(0, 2, Role::Operator), Err(OpenError::Empty)));
        assert!(matches!(check(1, 2, Role::Operator), Err(OpenError::OlderSchema { found: 1, known: 2 })));
        assert!(check(2, 2, Role::Operator).is_ok());
        assert!(check(0, 2, Role::Server).is_ok());
        assert!(check(1, 2, Role::Server).is_ok());
        for role in [Role::Server, Role::Operator] {
            assert!(matches!(check(3, 2, role), Err(OpenError::NewerSchema { found: 3, known: 2 })));
        }
    }
}
