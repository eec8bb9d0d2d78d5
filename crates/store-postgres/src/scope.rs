//! Whose customers a connection may see: the setting that the policies of row-level security read.
//!
//! A second belt behind the `platform = …` of each statement, for roles that do not own the tables. It guards against a
//! statement that forgot its platform, not against one that sets another. Invariant: a connection that says nothing sees none.

use registrar_domain::ids::PlatformNumber;

use crate::address::Address;
use crate::decode::first;
use crate::failure::Trouble;
use crate::identity::Identity;
use crate::session::Session;

const EVERY_PLATFORM: &str = "SELECT set_config('registrar.platform', 'every', false), \
    current_setting('synchronous_standby_names') <> ''";

/// Begins a transaction that sees one platform's customers.
pub(crate) fn begin_for(platform: PlatformNumber) -> String {
    format!("BEGIN; SET LOCAL registrar.platform = '{}'", platform.0)
}

/// A connection for batches, which are of many platforms; also whether commits wait for a replica there.
pub(crate) async fn connect_for_batches(
    address: &Address,
    identity: &Identity,
) -> Result<(Session, bool), Trouble> {
    let session = identity.connect(address).await?;
    let rows = session.query(EVERY_PLATFORM, &[]).await?;
    let waits = first(&rows)?.try_get(1)?;
    Ok((session, waits))
}
