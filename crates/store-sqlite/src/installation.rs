//! The installation's own keys.

use registrar_domain::platform::WrappedKey;
use registrar_domain::store::InstallationKey;
use rusqlite::{Connection, params};

use crate::failure::ApplyError;
use crate::writer::in_savepoint;

/// The keys that are stored; stores `candidates` first if there are none.
pub(crate) fn load_or_store_installation_keys(
    connection: &Connection,
    candidates: &[InstallationKey],
) -> Result<Vec<InstallationKey>, ApplyError> {
    in_savepoint(connection, || {
        let stored = load(connection)?;
        if !stored.is_empty() || candidates.is_empty() {
            return Ok(stored);
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO installation_keys (name, master_key_version, wrapped) VALUES (?1, ?2, ?3)",
        )?;
        for key in candidates {
            insert.execute(params![key.name, key.wrapped.master_key_version, key.wrapped.bytes])?;
        }
        Ok(load(connection)?)
    })
}

fn load(connection: &Connection) -> rusqlite::Result<Vec<InstallationKey>> {
    let mut query = connection
        .prepare_cached("SELECT name, master_key_version, wrapped FROM installation_keys ORDER BY name")?;
    let keys = query.query_map([], |row| {
        Ok(InstallationKey {
            name: row.get(0)?,
            wrapped: WrappedKey { master_key_version: row.get(1)?, bytes: row.get(2)? },
        })
    })?;
    keys.collect()
}
