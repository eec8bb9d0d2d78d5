//! API keys: made, revoked, used.
//!
//! Invariant: the limit of live keys is decided in the transaction that inserts, and such transactions wait for each other.

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{KeyNumber, PlatformNumber};
use registrar_domain::platform::{ApiKey, Permission, WrappedKey};
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::rules::create_api_key::{CreateApiKeyFacts, Decision, decide_create_api_key};
use registrar_domain::store::{CreateApiKeyOutcome, NewApiKey, OperatorAct, RevokeApiKeyOutcome};
use tokio_postgres::Row;

use crate::audit::{begin_access_change, note_access_change};
use crate::decode::{bytes, first, number};
use crate::failure::Trouble;
use crate::session::Session;

const FACTS: &str = "SELECT EXISTS (SELECT 1 FROM platforms WHERE number = $1), (SELECT count(*) FROM api_keys \
    WHERE platform = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2))";

const INSERT: &str = "INSERT INTO api_keys (number, platform, api_key, label, permissions, master_key_version, \
    secret, passphrase_digest, created_at, expires_at, revoked_at, last_used_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL)";

const USE: &str = "UPDATE api_keys SET last_used_at = u.at FROM (SELECT number, max(at) AS at \
    FROM unnest($1::bigint[], $2::bigint[]) AS given (number, at) GROUP BY number) AS u \
    WHERE api_keys.number = u.number AND (last_used_at IS NULL OR last_used_at < u.at)";

const ALL: &str = "SELECT number, platform, api_key, label, permissions, master_key_version, secret, \
    passphrase_digest, created_at, expires_at, revoked_at, last_used_at FROM api_keys ORDER BY number";

/// Makes a key, unless the platform has enough.
pub(crate) async fn create_api_key(
    session: &Session,
    new: &NewApiKey,
    act: &OperatorAct,
) -> Result<CreateApiKeyOutcome, Trouble> {
    session
        .transaction("BEGIN", async {
            begin_access_change(session).await?;
            match decide_create_api_key(load_facts(session, new.platform, act.at).await?) {
                Decision::NoSuchPlatform => Ok(CreateApiKeyOutcome::NoSuchPlatform),
                Decision::TooManyLiveKeys => Ok(CreateApiKeyOutcome::TooManyLiveKeys),
                Decision::Create => {
                    let key = insert(session, new, act).await?;
                    note_access_change(session, &AuditEvent::api_key_created(new, act)).await?;
                    Ok(CreateApiKeyOutcome::Created(key))
                }
            }
        })
        .await
}

async fn load_facts(
    session: &Session,
    platform: PlatformNumber,
    at: UnixMillis,
) -> Result<CreateApiKeyFacts, Trouble> {
    let rows = session.query(FACTS, &[&i64::from(platform.0), &at.0]).await?;
    let row = first(&rows)?;
    Ok(CreateApiKeyFacts { platform_exists: row.try_get(0)?, live_keys: number(row, 1)? })
}

async fn insert(session: &Session, new: &NewApiKey, act: &OperatorAct) -> Result<KeyNumber, Trouble> {
    let rows = session.query("SELECT coalesce(max(number), 0) + 1 FROM api_keys", &[]).await?;
    let key = KeyNumber(number(first(&rows)?, 0)?);
    let permissions: Vec<_> = new.permissions.iter().map(|permission| permission.code()).collect();
    session
        .query(
            INSERT,
            &[
                &i64::from(key.0),
                &i64::from(new.platform.0),
                &new.api_key,
                &new.label,
                &permissions.join(","),
                &i64::from(new.wrapped_secret.master_key_version),
                &new.wrapped_secret.bytes,
                &new.passphrase_digest.as_slice(),
                &act.at.0,
                &new.expires_at.map(|at| at.0),
            ],
        )
        .await?;
    Ok(key)
}

/// Revokes a key.
pub(crate) async fn revoke_api_key(
    session: &Session,
    platform: PlatformNumber,
    api_key: &str,
    act: &OperatorAct,
) -> Result<RevokeApiKeyOutcome, Trouble> {
    session
        .transaction("BEGIN", async {
            begin_access_change(session).await?;
            let find =
                "SELECT number, revoked_at IS NOT NULL FROM api_keys WHERE platform = $1 AND api_key = $2";
            let found = session.query(find, &[&i64::from(platform.0), &api_key]).await?;
            let Some(row) = found.first() else { return Ok(RevokeApiKeyOutcome::NoSuchKey) };
            if row.try_get(1)? {
                return Ok(RevokeApiKeyOutcome::AlreadyRevoked);
            }
            let key: i64 = row.try_get(0)?;
            session
                .query("UPDATE api_keys SET revoked_at = $2 WHERE number = $1", &[&key, &act.at.0])
                .await?;
            note_access_change(session, &AuditEvent::api_key_revoked(platform, api_key, act)).await?;
            Ok(RevokeApiKeyOutcome::Revoked)
        })
        .await
}

/// Notes when keys were last used.
pub(crate) async fn record_key_use(
    session: &Session,
    uses: &[(KeyNumber, UnixMillis)],
) -> Result<(), Trouble> {
    let numbers: Vec<_> = uses.iter().map(|(key, _)| i64::from(key.0)).collect();
    let times: Vec<_> = uses.iter().map(|(_, at)| at.0).collect();
    session.query_durably(USE, &[&numbers, &times]).await?;
    Ok(())
}

/// Every key in order of the numbers.
pub(crate) async fn load_api_keys(session: &Session) -> Result<Vec<ApiKey>, Trouble> {
    session.query(ALL, &[]).await?.iter().map(decode).collect()
}

fn decode(row: &Row) -> Result<ApiKey, Trouble> {
    let permissions: &str = row.try_get(4)?;
    let time = |column: usize| Ok::<_, Trouble>(row.try_get::<_, Option<i64>>(column)?.map(UnixMillis));
    Ok(ApiKey {
        number: KeyNumber(number(row, 0)?),
        platform: PlatformNumber(number(row, 1)?),
        api_key: row.try_get(2)?,
        label: row.try_get(3)?,
        permissions: permissions
            .split(',')
            .filter(|code| !code.is_empty())
            .map(Permission::parse)
            .collect::<Option<_>>()
            .ok_or_else(|| Trouble::internal("a key has permissions that this program does not know"))?,
        wrapped_secret: WrappedKey { master_key_version: number(row, 5)?, bytes: row.try_get(6)? },
        passphrase_digest: bytes(row, 7)?,
        created_at: UnixMillis(row.try_get(8)?),
        expires_at: time(9)?,
        revoked_at: time(10)?,
        last_used_at: time(11)?,
    })
}
