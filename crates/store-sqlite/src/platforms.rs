//! Platforms, and the snapshot that authentication works with.

use registrar_domain::clock::UnixMillis;
use registrar_domain::codes::PLATFORM_NUMBERS;
use registrar_domain::ids::PlatformNumber;
use registrar_domain::platform::Platform;
use registrar_domain::policy::{Policy, PolicyChange};
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::store::{AccessSnapshot, NewPlatform, OperatorAct, PlatformChange, StoreFailure};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::api_keys::load_api_keys;
use crate::audit::note_access_change;
use crate::failure::ApplyError;
use crate::limits::PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY;
use crate::writer::in_savepoint;

/// Skips the numbers of platforms that may have been made after the copy that this database was put back from.
pub(crate) fn skip_numbers_after_a_copy(connection: &Connection) -> rusqlite::Result<()> {
    let skip = "UPDATE settings SET value = max(value, (SELECT coalesce(max(number), 0) FROM platforms)) + ?1 \
                WHERE name = 'platforms_after'";
    connection.execute(skip, [PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY]).map(|_| ())
}

/// Has numbers of platforms count up from behind this one.
pub(crate) fn skip_to(connection: &Connection, platforms_after: i64) -> rusqlite::Result<()> {
    let skip = "UPDATE settings SET value = ?1 WHERE name = 'platforms_after'";
    connection.execute(skip, [platforms_after]).map(|_| ())
}

/// Creates a platform.
pub(crate) fn create_platform(
    connection: &Connection,
    new: &NewPlatform,
    act: &OperatorAct,
) -> Result<PlatformNumber, ApplyError> {
    in_savepoint(connection, || {
        let next = "SELECT max(coalesce((SELECT max(number) FROM platforms), 0), value) + 1 FROM settings \
                    WHERE name = 'platforms_after'";
        let number = PlatformNumber(connection.prepare_cached(next)?.query_row([], |row| row.get(0))?);
        if number.0 >= PLATFORM_NUMBERS {
            let text = format!("all platform codes are taken: an installation has {}", PLATFORM_NUMBERS - 1);
            return Err(StoreFailure::Unavailable(text).into());
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO platforms (number, name, sandbox, suspended, customers_enabled, policy, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let policy = Policy::default().to_text();
        insert.execute(params![
            number.0,
            new.name,
            new.sandbox,
            false,
            new.customers_enabled,
            policy,
            act.at.0
        ])?;
        note_access_change(connection, &AuditEvent::platform_created(number, new, act))?;
        Ok(number)
    })
}

/// Changes a platform; false if there is none.
pub(crate) fn change_platform(
    connection: &Connection,
    number: PlatformNumber,
    change: &PlatformChange,
    act: &OperatorAct,
) -> Result<bool, ApplyError> {
    in_savepoint(connection, || {
        let policy = changed_policy(connection, number, &change.policy)?;
        let mut update = connection.prepare_cached(
            "UPDATE platforms SET name = coalesce(?2, name), sandbox = coalesce(?3, sandbox), \
             suspended = coalesce(?4, suspended), customers_enabled = coalesce(?5, customers_enabled), \
             policy = coalesce(?6, policy) WHERE number = ?1",
        )?;
        let changed = update.execute(params![
            number.0,
            change.name,
            change.sandbox,
            change.suspended,
            change.customers_enabled,
            policy,
        ])?;
        if changed == 1 {
            note_access_change(connection, &AuditEvent::platform_changed(number, change, act))?;
        }
        Ok(changed == 1)
    })
}

/// The policy after a change, in its stored form; none if the change sets no policy or there is no such platform. Read in
/// the transaction that writes, so that a change made at the same time is not undone.
fn changed_policy(
    connection: &Connection,
    number: PlatformNumber,
    change: &PolicyChange,
) -> Result<Option<String>, ApplyError> {
    if change.is_empty() {
        return Ok(None);
    }
    let mut query = connection.prepare_cached("SELECT policy FROM platforms WHERE number = ?1")?;
    let Some(stored) = query.query_row([number.0], |row| row.get::<_, String>(0)).optional()? else {
        return Ok(None);
    };
    let changed = Policy::from_text(&stored).and_then(|policy| change.apply_to(&policy));
    changed.map(|policy| Some(policy.to_text())).map_err(|error| ApplyError::internal(error.to_string()))
}

/// Platforms, keys and their version at one moment.
pub(crate) fn load_access(connection: &Connection) -> Result<AccessSnapshot, ApplyError> {
    // A deferred transaction: all three queries read the same state.
    let transaction = connection.unchecked_transaction()?;
    let version = load_access_version(&transaction)?;
    let mut query = transaction.prepare_cached(
        "SELECT number, name, sandbox, suspended, customers_enabled, policy, created_at FROM platforms \
         ORDER BY number",
    )?;
    let platforms = query.query_map([], decode)?.collect::<rusqlite::Result<_>>()?;
    let keys = load_api_keys(&transaction)?;
    Ok(AccessSnapshot { version, platforms, keys })
}

/// The version of platforms and keys.
pub(crate) fn load_access_version(connection: &Connection) -> Result<u64, ApplyError> {
    let mut query = connection.prepare_cached("SELECT value FROM settings WHERE name = 'access_version'")?;
    let version: i64 = query.query_row([], |row| row.get(0))?;
    u64::try_from(version).map_err(|_| ApplyError::internal("the access version is negative"))
}

fn decode(row: &Row<'_>) -> rusqlite::Result<Platform> {
    let policy: String = row.get(5)?;
    Ok(Platform {
        number: PlatformNumber(row.get(0)?),
        name: row.get(1)?,
        sandbox: row.get(2)?,
        suspended: row.get(3)?,
        customers_enabled: row.get(4)?,
        policy: Policy::from_text(&policy)
            .map_err(|_| rusqlite::Error::InvalidColumnType(5, "policy".to_owned(), Type::Text))?,
        created_at: UnixMillis(row.get(6)?),
    })
}
