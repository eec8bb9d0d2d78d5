//! Whose customers a connection may see: the setting that the policies of row-level security read.
//!
//! A second belt behind the `platform = …` of each statement, for roles that do not own the tables. It guards against a
//! statement that forgot its platform, not against one that sets another. Invariant: a connection that says nothing sees none.

use registrar_domain::ids::PlatformNumber;

use crate::address::Address;
use crate::failure::Trouble;
use crate::session::Session;

const EVERY_PLATFORM: &str = "SET registrar.platform = 'every'";

/// Begins a transaction that sees one platform's customers.
pub(crate) fn begin_for(platform: PlatformNumber) -> String {
    format!("BEGIN; SET LOCAL registrar.platform = '{}'", platform.0)
}

/// A connection for batches, which are of many platforms.
pub(crate) async fn connect_for_batches(address: &Address) -> Result<Session, Trouble> {
    let session = Session::connect(address).await?;
    session.batch(EVERY_PLATFORM).await?;
    Ok(session)
}
