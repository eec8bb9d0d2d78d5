//! A look at a database for `registrar doctor`: what it runs, and the settings that durability rests on. Changes nothing.

use registrar_domain::clock::Clock;
use tokio::runtime::Builder;

use crate::address::Address;
use crate::copy::refuse_half_a_copy;
use crate::decode::first;
use crate::encryption::Protection;
use crate::failure::Trouble;
use crate::limits::POSTGRES_VERSION_MIN;
use crate::migrate_command::migrate_command;
use crate::migrations::{self, STEPS};
use crate::open_error::OpenError;
use crate::options::Role;
use crate::rights::{RoleRights, check_application_role, own_rights};
use crate::session::Session;

/// The settings as the role gets them, before this program changes any for its own connections.
const SETTINGS: &str = "SELECT current_setting('server_version'), current_setting('data_checksums'), \
    current_setting('fsync'), current_setting('full_page_writes'), \
    (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), \
    current_setting('synchronous_standby_names'), current_setting('data_sync_retry')";

/// What the documentation calls the application's role.
const APPLICATION_ROLE: &str = "registrar_app";

/// What a look at a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What protects the connection to it.
    pub protection: Protection,
    /// The server's version.
    pub version: String,
    /// Whether pages bear checksums.
    pub data_checksums: bool,
    /// Settings under which a crash loses what was acknowledged, such as `fsync=off`.
    pub unsafe_settings: Vec<&'static str>,
    /// `synchronous_commit` of this role; Registrar's own connections raise what is lower than `on`.
    pub synchronous_commit: String,
    /// The standbys that a commit waits for; empty if it waits for none.
    pub synchronous_standbys: String,
    /// How far the server's clock is ahead of this machine's, in milliseconds, by how much at least: what the question's
    /// own time could explain is left out.
    pub clock_ahead_millis: i64,
    /// The steps of the schema that the database lacks.
    pub pending_migrations: Vec<&'static str>,
    /// The role that is connected.
    pub rights: RoleRights,
    /// The command that migrates and gives this role its rights, or another one if this one owns the tables.
    pub migrate_command: String,
    /// Whether the address names more than one host, as that of a cluster does.
    pub names_several_hosts: bool,
}

/// Looks at a database; servers may be running on it.
///
/// # Errors
/// It cannot be reached, does not write, is too old, is of a later release, or holds half a copy.
pub fn inspect(address: &Address, clock: &dyn Clock) -> Result<Inspection, OpenError> {
    run(async {
        let session = connect(address).await?;
        let rows = session.query(SETTINGS, &[]).await?;
        let row = first(&rows)?;
        let text = |column: usize| row.try_get::<_, String>(column).map_err(Trouble::from);
        let is_on = |column: usize| text(column).map(|value| value == "on");
        let dangers = [
            ("fsync=off", !is_on(2)?),
            ("full_page_writes=off", !is_on(3)?),
            ("data_sync_retry=on", is_on(6)?),
        ];
        let unsafe_settings = dangers.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
        let clock_ahead_millis = clock_ahead(&session, clock).await?;
        let pending_migrations = migrations::pending(&session, address).await?;
        // A role that may not even look learns of its rights instead.
        let half = pending_migrations.is_empty().then_some(refuse_half_a_copy(&session).await);
        if let Some(Err(error @ (OpenError::HalfCopied | OpenError::CopyUndone))) = half {
            return Err(error);
        }
        let rights = own_rights(&session, pending_migrations.is_empty()).await?;
        let own = Some(rights.role.as_str()).filter(|_| rights.may_migrate);
        let application = if own.is_some() { APPLICATION_ROLE } else { rights.role.as_str() };
        let migrate_command = migrate_command(address, rights.owner.as_deref().or(own), application);
        Ok(Inspection {
            protection: address.protection(),
            version: text(0)?,
            data_checksums: is_on(1)?,
            unsafe_settings,
            synchronous_commit: text(4)?,
            synchronous_standbys: text(5)?,
            clock_ahead_millis,
            pending_migrations,
            rights,
            migrate_command,
            names_several_hosts: address.config().get_hosts().len() > 1,
        })
    })
}

/// The difference that is certain: the server read its clock at some moment between question and answer.
async fn clock_ahead(session: &Session, clock: &dyn Clock) -> Result<i64, Trouble> {
    let asked = clock.now().0;
    let rows = session.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[]).await?;
    let answered = clock.now().0;
    let server: i64 = first(&rows)?.try_get(0)?;
    Ok(if server > answered { server - answered } else { (server - asked).min(0) })
}

/// Brings the database to this release's schema; the names of the migrations applied.
///
/// # Errors
/// As for opening a store.
pub fn migrate(address: &Address) -> Result<Vec<&'static str>, OpenError> {
    migrate_for(address, None)
}

/// The same, and gives a role exactly the rights that servers need, whatever rights it had.
///
/// # Errors
/// Also if the role does not exist, owns the tables, is a superuser, or the connected role may not grant.
pub fn migrate_for(
    address: &Address,
    application_role: Option<&str>,
) -> Result<Vec<&'static str>, OpenError> {
    run(async {
        let session = connect(address).await?;
        if let Some(name) = application_role {
            check_application_role(&session, name).await?;
        }
        let applied = migrations::migrate(&session, address, Role::Server, STEPS).await?;
        if let Some(name) = application_role {
            migrations::grant(&session, name).await?;
        }
        Ok(applied)
    })
}

async fn connect(address: &Address) -> Result<Session, OpenError> {
    let session = Session::connect(address).await.map_err(|trouble| OpenError::connecting(&trouble))?;
    check_version(&session).await?;
    Ok(session)
}

/// On a thread of its own: the caller may be inside a runtime, which must not be blocked by another.
fn run<T: Send>(work: impl Future<Output = Result<T, OpenError>> + Send) -> Result<T, OpenError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| OpenError::Thread(error.to_string()))?;
    let ended = || OpenError::Thread("it ended".to_owned());
    std::thread::scope(|scope| scope.spawn(move || runtime.block_on(work)).join().map_err(|_| ended())?)
}

/// Refuses a server that is too old.
pub(crate) async fn check_version(session: &Session) -> Result<(), OpenError> {
    let rows = session
        .query("SELECT current_setting('server_version_num'), current_setting('server_version')", &[])
        .await?;
    let row = first(&rows)?;
    let number: &str = row.try_get(0)?;
    if number.parse::<i32>().is_ok_and(|number| number >= POSTGRES_VERSION_MIN) {
        return Ok(());
    }
    Err(OpenError::OldServer(row.try_get(1)?))
}
