//! The schema's history: one embedded SQL file per step, each applied in a transaction of its own under a lock.
//!
//! The lock is an advisory one: whoever comes first migrates, the others wait and find nothing to do. Invariant: a step
//! that is released never changes, and no two processes apply one.

use tokio::time::{Instant, sleep};

use crate::address::Address;
use crate::failure::{Severity, Trouble};
use crate::limits::{MIGRATION_LOCK_WAIT, MIGRATION_PAUSE, MIGRATION_WAIT};
use crate::open_error::OpenError;
use crate::options::Role;
use crate::rights;
use crate::session::Session;

/// Steps in their order: name and SQL of each.
pub(crate) type Steps = &'static [(&'static str, &'static str)];

/// Every step of this release.
pub(crate) const STEPS: Steps = &[
    ("0001_initial", include_str!("../migrations/0001_initial.sql")),
    ("0002_row_level_security", include_str!("../migrations/0002_row_level_security.sql")),
    ("0003_keys_of_creates", include_str!("../migrations/0003_keys_of_creates.sql")),
];

/// "RGST": the advisory lock of Registrar's migrations.
const LOCK: i64 = 0x5247_5354;

/// The schema that these steps lead to.
fn schema_of(steps: Steps) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

fn after(steps: Steps, found: u32) -> impl Iterator<Item = (u32, &'static str, &'static str)> {
    let numbered = (1..).zip(steps).map(|(number, (name, sql))| (number, *name, *sql));
    numbered.skip(usize::try_from(found).unwrap_or(usize::MAX))
}

/// Brings the schema up to date, or says why not; the names of the steps applied.
pub(crate) async fn migrate(
    session: &Session,
    address: &Address,
    role: Role,
    steps: Steps,
) -> Result<Vec<&'static str>, OpenError> {
    let known = schema_of(steps);
    let found = schema(session, address).await?;
    check(found, known, role)?;
    if found < known {
        rights::check_may_migrate(session, address, (found, known)).await?;
    }
    let mut applied = Vec::new();
    for (number, name, sql) in after(steps, found) {
        match apply_patiently(session, number, name, sql).await {
            Ok(true) => applied.push(name),
            Ok(false) => {}
            Err(trouble) => return Err(explain(&trouble)),
        }
    }
    // Another process of a later release may have gone further in the meantime.
    check(schema(session, address).await?, known, role)?;
    Ok(applied)
}

/// Gives the application's role its rights; the schema is this release's.
pub(crate) async fn grant(session: &Session, application_role: &str) -> Result<(), OpenError> {
    let mut granted = Ok(());
    let transaction = session.transaction("BEGIN", async {
        lock(session).await?;
        granted = rights::grant(session, application_role).await;
        // What was refused is rolled back.
        if granted.is_ok() { Ok(()) } else { Err(Trouble::internal("the rights were not granted")) }
    });
    let ended = transaction.await;
    granted?;
    Ok(ended?)
}

/// The names of the steps that a database is behind.
pub(crate) async fn pending(session: &Session, address: &Address) -> Result<Vec<&'static str>, OpenError> {
    let found = schema(session, address).await?;
    check(found, schema_of(STEPS), Role::Server)?;
    Ok(after(STEPS, found).map(|(_, name, _)| name).collect())
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

/// The number of steps applied. The catalogue tells also what the role may not read.
async fn schema(session: &Session, address: &Address) -> Result<u32, OpenError> {
    let exists = session
        .query(
            "SELECT 1 FROM pg_class AS found JOIN pg_namespace AS place ON place.oid = found.relnamespace \
             WHERE place.nspname = current_schema() AND found.relname = 'schema_version'",
            &[],
        )
        .await?;
    if exists.is_empty() {
        return Ok(0);
    }
    match found_version(session).await {
        Err(trouble) if trouble.is_coded("42501") => Err(rights::cannot_read(session, address).await),
        found => Ok(found?),
    }
}

async fn found_version(session: &Session) -> Result<u32, Trouble> {
    let rows = session.query("SELECT coalesce(max(version), 0)::bigint FROM schema_version", &[]).await?;
    let row = rows.first().ok_or_else(|| Trouble::internal("the schema has no version"))?;
    u32::try_from(row.try_get::<_, i64>(0)?)
        .map_err(|_| Trouble::internal("the schema's version is no version"))
}

/// Applies one step, unless another process did so in the meantime; tries again while somebody uses a table.
async fn apply_patiently(session: &Session, number: u32, name: &str, sql: &str) -> Result<bool, Trouble> {
    let patience = Instant::now() + MIGRATION_WAIT;
    loop {
        let trouble = match session.transaction("BEGIN", apply(session, number, name, sql)).await {
            Ok(is_applied) => return Ok(is_applied),
            Err(trouble) => trouble,
        };
        let met_another = trouble.is_coded("55P03") || trouble.severity() == Severity::Conflict;
        if !met_another || Instant::now() >= patience {
            return Err(trouble);
        }
        sleep(MIGRATION_PAUSE).await;
    }
}

/// Waits until no other process migrates; until the transaction ends none does.
async fn lock(session: &Session) -> Result<(), Trouble> {
    let wait = MIGRATION_WAIT.as_millis();
    session.batch(&format!("SET LOCAL lock_timeout = {wait}; SET LOCAL statement_timeout = {wait}")).await?;
    session.batch_patiently(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    session.batch(&format!("SET LOCAL lock_timeout = {}", MIGRATION_LOCK_WAIT.as_millis())).await
}

async fn apply(session: &Session, number: u32, name: &str, sql: &str) -> Result<bool, Trouble> {
    lock(session).await?;
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
    use sha2::{Digest as _, Sha256};

    use super::{STEPS, check};
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

    /// A database that has taken a step never takes it again: what is missing belongs into a new step.
    #[test]
    fn the_text_of_a_step_never_changes() {
        let pinned = [
            ("0001_initial", "856567bad043fce334f47e2d96cea6654055db24bcb4b769b9e3a8e3058b4a95"),
            ("0002_row_level_security", "cf26e6d830e7f89a058fa18ce8fd567d10121a19e9183eed630bb9a872dfbba4"),
            ("0003_keys_of_creates", "389b564608217de7138f63a76d8f293fa60e895e63068e0dec496eab1ab7836e"),
        ];
        let found: Vec<_> = STEPS
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
