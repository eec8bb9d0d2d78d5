//! `registrar migrate`: bring a database to this release's schema, without serving.

use registrar_store_sqlite::Options;

use super::database_arguments::DatabaseArguments;
use crate::config::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::installation::{database_of, open_store};
use crate::output;

/// Bring a database to the schema of this release.
///
/// Makes the database if there is none. Servers do the same when they start; this command is for doing it before. It
/// refuses while a server runs on the database.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    database: DatabaseArguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &MigrateArguments, environment: &Environment) -> Result<Exit, Failure> {
    let effective = arguments.database.resolve(environment)?;
    let database = database_of(&effective.configuration)?;
    // Migrating needs what a server needs: to be alone on the database.
    drop(open_store(&database, Options::server(|_| {}))?);
    output::print(&format!("{database} has the schema of this release\n"))?;
    Ok(Exit::Done)
}
