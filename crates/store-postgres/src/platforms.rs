//! Platforms, and the snapshot that authentication works with.

use registrar_domain::clock::UnixMillis;
use registrar_domain::codes::PLATFORM_NUMBERS;
use registrar_domain::ids::PlatformNumber;
use registrar_domain::platform::Platform;
use registrar_domain::policy::{Policy, PolicyChange};
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::store::{AccessSnapshot, NewPlatform, OperatorAct, PlatformChange, StoreFailure};
use tokio_postgres::Row;

use crate::api_keys::load_api_keys;
use crate::audit::{begin_access_change, note_access_change};
use crate::decode::{first, number};
use crate::failure::Trouble;
use crate::session::Session;

const INSERT: &str = "INSERT INTO platforms (number, name, sandbox, suspended, customers_enabled, policy, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const NEXT: &str = "SELECT greatest(coalesce((SELECT max(number) FROM platforms), 0), value) + 1 FROM settings \
    WHERE name = 'platforms_after'";

const UPDATE: &str = "UPDATE platforms SET name = coalesce($2, name), sandbox = coalesce($3, sandbox), \
    suspended = coalesce($4, suspended), customers_enabled = coalesce($5, customers_enabled), \
    policy = coalesce($6, policy) WHERE number = $1 RETURNING number";

const ALL: &str = "SELECT number, name, sandbox, suspended, customers_enabled, policy, created_at FROM platforms \
    ORDER BY number";

/// Creates a platform.
pub(crate) async fn create_platform(
    session: &Session,
    new: &NewPlatform,
    act: &OperatorAct,
) -> Result<PlatformNumber, Trouble> {
    session
        .transaction("BEGIN", async {
            begin_access_change(session).await?;
            let next = session.query(NEXT, &[]).await?;
            let platform = PlatformNumber(number(first(&next)?, 0)?);
            if platform.0 >= PLATFORM_NUMBERS {
                let text =
                    format!("all platform codes are taken: an installation has {}", PLATFORM_NUMBERS - 1);
                return Err(Trouble::Refused(StoreFailure::Unavailable(text)));
            }
            let policy = Policy::default().to_text();
            let key = i64::from(platform.0);
            session
                .query(
                    INSERT,
                    &[&key, &new.name, &new.sandbox, &false, &new.customers_enabled, &policy, &act.at.0],
                )
                .await?;
            note_access_change(session, &AuditEvent::platform_created(platform, new, act)).await?;
            Ok(platform)
        })
        .await
}

/// Changes a platform; false if there is none.
pub(crate) async fn change_platform(
    session: &Session,
    platform: PlatformNumber,
    change: &PlatformChange,
    act: &OperatorAct,
) -> Result<bool, Trouble> {
    session
        .transaction("BEGIN", async {
            begin_access_change(session).await?;
            let policy = changed_policy(session, platform, &change.policy).await?;
            let PlatformChange { name, sandbox, suspended, customers_enabled, .. } = change;
            let key = i64::from(platform.0);
            let changed =
                session.query(UPDATE, &[&key, name, sandbox, suspended, customers_enabled, &policy]).await?;
            if changed.is_empty() {
                return Ok(false);
            }
            note_access_change(session, &AuditEvent::platform_changed(platform, change, act)).await?;
            Ok(true)
        })
        .await
}

/// The policy after a change, in its stored form; none if the change sets no policy or there is no such platform. Read in
/// the transaction that writes, so that a change made at the same time is not undone.
async fn changed_policy(
    session: &Session,
    platform: PlatformNumber,
    change: &PolicyChange,
) -> Result<Option<String>, Trouble> {
    if change.is_empty() {
        return Ok(None);
    }
    let rows =
        session.query("SELECT policy FROM platforms WHERE number = $1", &[&i64::from(platform.0)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let changed = Policy::from_text(row.try_get(0)?).and_then(|policy| change.apply_to(&policy));
    changed.map(|policy| Some(policy.to_text())).map_err(|error| Trouble::internal(error.to_string()))
}

/// Platforms, keys and their version at one moment.
pub(crate) async fn load_access(session: &Session) -> Result<AccessSnapshot, Trouble> {
    // All three queries read the same state.
    session
        .transaction("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", async {
            let version = load_access_version(session).await?;
            let rows = session.query(ALL, &[]).await?;
            let platforms = rows.iter().map(decode).collect::<Result<_, _>>()?;
            let keys = load_api_keys(session).await?;
            Ok(AccessSnapshot { version, platforms, keys })
        })
        .await
}

/// The version of platforms and keys.
pub(crate) async fn load_access_version(session: &Session) -> Result<u64, Trouble> {
    let rows = session.query("SELECT value FROM settings WHERE name = 'access_version'", &[]).await?;
    let version: i64 = first(&rows)?.try_get(0)?;
    u64::try_from(version).map_err(|_| Trouble::internal("the access version is negative"))
}

fn decode(row: &Row) -> Result<Platform, Trouble> {
    Ok(Platform {
        number: PlatformNumber(number(row, 0)?),
        name: row.try_get(1)?,
        sandbox: row.try_get(2)?,
        suspended: row.try_get(3)?,
        customers_enabled: row.try_get(4)?,
        policy: Policy::from_text(row.try_get(5)?)
            .map_err(|_| Trouble::internal("a platform has policies that this program does not know"))?,
        created_at: UnixMillis(row.try_get(6)?),
    })
}
