//! A look at a database for `registrar doctor`: what it runs, and the settings that durability rests on. Changes nothing.

use tokio::runtime::Builder;

use crate::address::Address;
use crate::copy::refuse_half_a_copy;
use crate::decode::first;
use crate::failure::Trouble;
use crate::limits::POSTGRES_VERSION_MIN;
use crate::migrations;
use crate::open_error::OpenError;
use crate::options::Role;
use crate::session::Session;

/// The settings as the role gets them, before this program changes any for its own connections.
const SETTINGS: &str = "SELECT current_setting('server_version'), current_setting('data_checksums'), \
    current_setting('fsync'), current_setting('full_page_writes'), \
    (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), \
    current_setting('synchronous_standby_names'), current_setting('data_sync_retry')";

/// What a look at a database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
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
    /// The steps of the schema that the database lacks.
    pub pending_migrations: Vec<&'static str>,
}

/// Looks at a database; servers may be running on it.
///
/// # Errors
/// It cannot be reached, does not write, is too old, is of a later release, or holds half a copy.
pub fn inspect(address: &Address) -> Result<Inspection, OpenError> {
    run(async {
        let session = connect(address).await?;
        let pending_migrations = migrations::pending(&session).await?;
        if pending_migrations.is_empty() {
            refuse_half_a_copy(&session).await?;
        }
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
        Ok(Inspection {
            version: text(0)?,
            data_checksums: is_on(1)?,
            unsafe_settings,
            synchronous_commit: text(4)?,
            synchronous_standbys: text(5)?,
            pending_migrations,
        })
    })
}

/// Brings the database to this release's schema; the names of the migrations applied.
pub fn migrate(address: &Address) -> Result<Vec<&'static str>, OpenError> {
    run(async {
        let session = connect(address).await?;
        migrations::migrate(&session, Role::Server).await
    })
}

async fn connect(address: &Address) -> Result<Session, OpenError> {
    let session = Session::connect(address).await.map_err(|trouble| OpenError::Connect(trouble.text()))?;
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
