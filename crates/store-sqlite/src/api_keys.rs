//! API keys: made, revoked, used.
//!
//! Invariant: the limit of live keys is decided in the transaction that inserts.

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{KeyNumber, PlatformNumber};
use registrar_domain::platform::{ApiKey, Permission, WrappedKey};
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::rules::create_api_key::{CreateApiKeyFacts, Decision, decide_create_api_key};
use registrar_domain::store::{CreateApiKeyOutcome, NewApiKey, OperatorAct, RevokeApiKeyOutcome};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::audit::note_access_change;
use crate::failure::ApplyError;
use crate::writer::in_savepoint;

/// Makes a key, unless the platform has enough.
pub(crate) fn create_api_key(
    connection: &Connection,
    new: &NewApiKey,
    act: &OperatorAct,
) -> Result<CreateApiKeyOutcome, ApplyError> {
    match decide_create_api_key(load_facts(connection, new.platform, act.at)?) {
        Decision::NoSuchPlatform => Ok(CreateApiKeyOutcome::NoSuchPlatform),
        Decision::TooManyLiveKeys => Ok(CreateApiKeyOutcome::TooManyLiveKeys),
        Decision::Create => in_savepoint(connection, || {
            let number = insert(connection, new, act)?;
            note_access_change(connection, &AuditEvent::api_key_created(new, act))?;
            Ok(CreateApiKeyOutcome::Created(number))
        }),
    }
}

fn load_facts(
    connection: &Connection,
    platform: PlatformNumber,
    at: UnixMillis,
) -> Result<CreateApiKeyFacts, ApplyError> {
    let mut query = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM platforms WHERE number = ?1), (SELECT count(*) FROM api_keys \
         WHERE platform = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2))",
    )?;
    Ok(query.query_row(params![platform.0, at.0], |row| {
        Ok(CreateApiKeyFacts { platform_exists: row.get(0)?, live_keys: row.get(1)? })
    })?)
}

fn insert(connection: &Connection, new: &NewApiKey, act: &OperatorAct) -> Result<KeyNumber, ApplyError> {
    let next = "SELECT coalesce(max(number), 0) + 1 FROM api_keys";
    let number = connection.prepare_cached(next)?.query_row([], |row| row.get(0))?;
    let permissions: Vec<_> = new.permissions.iter().map(|permission| permission.code()).collect();
    let mut insert = connection.prepare_cached(
        "INSERT INTO api_keys (number, platform, api_key, label, permissions, master_key_version, secret, \
         passphrase_digest, created_at, expires_at, revoked_at, last_used_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, NULL)",
    )?;
    insert.execute(params![
        number,
        new.platform.0,
        new.api_key,
        new.label,
        permissions.join(","),
        new.wrapped_secret.master_key_version,
        new.wrapped_secret.bytes,
        new.passphrase_digest,
        act.at.0,
        new.expires_at.map(|at| at.0),
    ])?;
    Ok(KeyNumber(number))
}

/// Revokes a key.
pub(crate) fn revoke_api_key(
    connection: &Connection,
    platform: PlatformNumber,
    api_key: &str,
    act: &OperatorAct,
) -> Result<RevokeApiKeyOutcome, ApplyError> {
    let mut query = connection.prepare_cached(
        "SELECT number, revoked_at IS NOT NULL FROM api_keys WHERE platform = ?1 AND api_key = ?2",
    )?;
    let found: Option<(u32, bool)> =
        query.query_row(params![platform.0, api_key], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match found {
        None => Ok(RevokeApiKeyOutcome::NoSuchKey),
        Some((_, true)) => Ok(RevokeApiKeyOutcome::AlreadyRevoked),
        Some((number, false)) => in_savepoint(connection, || {
            let mut update =
                connection.prepare_cached("UPDATE api_keys SET revoked_at = ?2 WHERE number = ?1")?;
            update.execute(params![number, act.at.0])?;
            note_access_change(connection, &AuditEvent::api_key_revoked(platform, api_key, act))?;
            Ok(RevokeApiKeyOutcome::Revoked)
        }),
    }
}

/// Notes when keys were last used.
pub(crate) fn record_key_use(
    connection: &Connection,
    uses: &[(KeyNumber, UnixMillis)],
) -> Result<(), ApplyError> {
    in_savepoint(connection, || {
        let mut update = connection.prepare_cached(
            "UPDATE api_keys SET last_used_at = ?2 WHERE number = ?1 \
             AND (last_used_at IS NULL OR last_used_at < ?2)",
        )?;
        for (number, at) in uses {
            update.execute(params![number.0, at.0])?;
        }
        Ok(())
    })
}

/// Every key in order of the numbers.
pub(crate) fn load_api_keys(connection: &Connection) -> rusqlite::Result<Vec<ApiKey>> {
    let mut query = connection.prepare_cached(
        "SELECT number, platform, api_key, label, permissions, master_key_version, secret, passphrase_digest, \
         created_at, expires_at, revoked_at, last_used_at FROM api_keys ORDER BY number",
    )?;
    query.query_map([], decode)?.collect()
}

fn decode(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let permissions: String = row.get(4)?;
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(UnixMillis));
    Ok(ApiKey {
        number: KeyNumber(row.get(0)?),
        platform: PlatformNumber(row.get(1)?),
        api_key: row.get(2)?,
        label: row.get(3)?,
        permissions: permissions
            .split(',')
            .filter(|code| !code.is_empty())
            .map(Permission::parse)
            .collect::<Option<_>>()
            .ok_or_else(|| rusqlite::Error::InvalidColumnType(4, "permissions".to_owned(), Type::Text))?,
        wrapped_secret: WrappedKey { master_key_version: row.get(5)?, bytes: row.get(6)? },
        passphrase_digest: row.get(7)?,
        created_at: UnixMillis(row.get(8)?),
        expires_at: time(9)?,
        revoked_at: time(10)?,
        last_used_at: time(11)?,
    })
}
