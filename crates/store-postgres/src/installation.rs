//! The installation's own keys.

use registrar_domain::platform::WrappedKey;
use registrar_domain::store::InstallationKey;

use crate::audit::begin_access_change;
use crate::decode::number;
use crate::failure::Trouble;
use crate::session::Session;

/// The keys that are stored; stores `candidates` first if there are none. The lock that makes callers wait for each other
/// also makes the commit wait until the keys that were found are durable: customers will be sealed under them.
pub(crate) async fn load_or_store_installation_keys(
    session: &Session,
    candidates: &[InstallationKey],
) -> Result<Vec<InstallationKey>, Trouble> {
    session
        .transaction("BEGIN", async {
            begin_access_change(session).await?;
            let stored = load(session).await?;
            if !stored.is_empty() || candidates.is_empty() {
                return Ok(stored);
            }
            let insert =
                "INSERT INTO installation_keys (name, master_key_version, wrapped) VALUES ($1, $2, $3)";
            for key in candidates {
                let version = i64::from(key.wrapped.master_key_version);
                session.query(insert, &[&key.name, &version, &key.wrapped.bytes]).await?;
            }
            load(session).await
        })
        .await
}

/// Sorted here: the order of text in a query depends on the database's locale.
async fn load(session: &Session) -> Result<Vec<InstallationKey>, Trouble> {
    let rows = session.query("SELECT name, master_key_version, wrapped FROM installation_keys", &[]).await?;
    let keys = rows.iter().map(|row| {
        Ok(InstallationKey {
            name: row.try_get(0)?,
            wrapped: WrappedKey { master_key_version: number(row, 1)?, bytes: row.try_get(2)? },
        })
    });
    let mut keys = keys.collect::<Result<Vec<_>, Trouble>>()?;
    keys.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(keys)
}
