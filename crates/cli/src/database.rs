//! The engines that a database URL can name, behind one set of operations.
//!
//! The one place that knows how many engines there are. Invariant: everything else works with `dyn Store`.

use std::path::Path;
use std::sync::Arc;

use registrar_domain::store::Store;
use registrar_http_api::{EngineFigure, FigureKind};
use registrar_store_postgres::{Address, PostgresStore, Role};
use registrar_store_sqlite::{Options, SqliteStore};

use crate::commands::doctor::{State, look_at_postgres};
use crate::config::database_url::DatabaseUrl;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::system::clock::SystemClock;

/// A database opened by a server.
#[derive(Clone)]
pub(crate) enum ServerStore {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl ServerStore {
    /// Opens a database as a server; the embedded one as its only one.
    pub(crate) fn open(database: &DatabaseUrl) -> Result<Self, Failure> {
        match database {
            DatabaseUrl::Sqlite(path) => open_sqlite(path).map(Arc::new).map(Self::Sqlite),
            DatabaseUrl::Postgres(address) => open_postgres(address).map(Arc::new).map(Self::Postgres),
        }
    }

    /// The port.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres(store) => Arc::clone(store) as _,
        }
    }

    /// What the engine did.
    pub(crate) fn figures(&self) -> Vec<EngineFigure> {
        let counter = |name, help, value| EngineFigure { name, help, kind: FigureKind::Counter, value };
        let gauge = |name, help, value| EngineFigure { name, help, kind: FigureKind::Gauge, value };
        match self {
            Self::Sqlite(store) => {
                let statistics = store.statistics();
                vec![
                    counter("store_commits", "Transactions committed", statistics.commits),
                    counter("store_commands", "Commands in these transactions", statistics.commands),
                    gauge("store_queue_depth", "Commands that wait for the writer", statistics.queue_depth),
                    counter("store_checkpoints", "Checkpoints of the log", statistics.checkpoints),
                    gauge("store_log_pages", "Pages in the log after the last commit", statistics.log_pages),
                ]
            }
            Self::Postgres(store) => {
                let statistics = store.statistics();
                vec![
                    counter("store_commits", "Transactions that stored customers", statistics.commits),
                    counter("store_commands", "Creates in these transactions", statistics.commands),
                    gauge(
                        "store_queue_depth",
                        "Creates that wait for a connection or gather for the next batch",
                        statistics.queue_depth,
                    ),
                    counter(
                        "store_reconnections",
                        "Connections lost and made again",
                        statistics.reconnections,
                    ),
                    counter(
                        "store_replicas_lost",
                        "Connections to a server whose commits wait for no replica, after one whose did",
                        statistics.replicas_lost,
                    ),
                    counter("store_outcomes_found", "Unknown outcomes found out", statistics.outcomes_found),
                ]
            }
        }
    }
}

/// Whether opening the database as a server will make a file. A wrong path or a volume that is not mounted looks like a
/// first start, so an operator must be able to tell.
pub(crate) fn is_missing_file(database: &DatabaseUrl) -> bool {
    matches!(database, DatabaseUrl::Sqlite(path) if !path.exists())
}

/// Opens a database for an operator's command, beside servers that may run on it; it must be there.
pub(crate) fn open_for_operator(database: &DatabaseUrl) -> Result<Arc<dyn Store>, Failure> {
    match database {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(Failure::untrusted(
            format!("there is no database {}", path.display()),
            "check --database or --data; `registrar serve`, `dev` or `migrate` make a new one",
        )),
        DatabaseUrl::Sqlite(path) => {
            let store = SqliteStore::open(path, Options::operator());
            Ok(Arc::new(store.map_err(|error| Failure::said(Exit::Untrusted, error))?))
        }
        DatabaseUrl::Postgres(address) => {
            let store = PostgresStore::open(address, Role::Operator);
            Ok(Arc::new(store.map_err(|error| Failure::said(Exit::Untrusted, error))?))
        }
    }
}

/// Brings a database to this release's schema, and gives a role of PostgreSQL the rights that servers need; the names of
/// the migrations applied.
pub(crate) fn migrate(
    database: &DatabaseUrl,
    application_role: Option<&str>,
) -> Result<Vec<&'static str>, Failure> {
    match database {
        DatabaseUrl::Sqlite(_) if application_role.is_some() => Err(Failure::usage(
            "an embedded database has no roles",
            "leave --application-role out, or name a postgres:// database",
        )),
        DatabaseUrl::Sqlite(path) => {
            SqliteStore::migrate(path).map_err(|error| Failure::said(Exit::Untrusted, error))
        }
        DatabaseUrl::Postgres(address) => registrar_store_postgres::migrate_for(address, application_role)
            .map_err(|error| Failure::said(Exit::Untrusted, error)),
    }
}

/// After a failed commit the process ends at once: what it would read or write after that cannot be trusted.
fn open_sqlite(path: &Path) -> Result<SqliteStore, Failure> {
    let end_process = |reason: &str| {
        output::tell(
            Failure::untrusted(
                format!("the database failed: {reason}"),
                "check the disk, then start again; requests without an answer may be repeated",
            )
            .to_string()
            .trim_end(),
        );
        std::process::exit(Exit::Untrusted as i32);
    };
    let store = SqliteStore::open(path, Options::server(end_process))
        .map_err(|error| Failure::said(Exit::Untrusted, error))?;
    if store.begins_after_copy() {
        tracing::warn!(
            "the database was put back from a copy or moved: participant codes go on far enough not to meet those of \
             customers that were accepted after the copy"
        );
    }
    Ok(store)
}

fn open_postgres(address: &Address) -> Result<PostgresStore, Failure> {
    let said = |error| Failure::said(Exit::Untrusted, error);
    let store = PostgresStore::open(address, Role::Server).map_err(said)?;
    let found = registrar_store_postgres::inspect(address, &SystemClock).map_err(said)?;
    for finding in look_at_postgres(&found).iter().filter(|finding| finding.state != State::Ok) {
        tracing::warn!(cure = finding.cure, "{}", finding.detail);
    }
    Ok(store)
}
