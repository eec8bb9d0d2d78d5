//! `registrar migrate`: bring a database to this release's schema, without serving.

use super::database_arguments::DatabaseArguments;
use crate::config::environment::Environment;
use crate::database::migrate;
use crate::failure::{Exit, Failure};
use crate::installation::database_of;
use crate::output;

/// Bring a database to the schema of this release.
///
/// Makes the database if there is none. Servers do the same when they start; this command is for doing it before. On an
/// embedded database it refuses while a server runs; on PostgreSQL servers may run.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(serde::Serialize)]
struct Migrated {
    applied: Vec<&'static str>,
}

/// Runs the command.
pub(crate) fn run(arguments: &MigrateArguments, environment: &Environment) -> Result<Exit, Failure> {
    let effective = arguments.database.resolve(environment)?;
    let database = database_of(&effective.configuration)?;
    let applied = migrate(&database)?;
    if arguments.json {
        output::print_json(&Migrated { applied })?;
    } else if applied.is_empty() {
        output::print(&format!("{database} has the schema of this release\n"))?;
    } else {
        output::print(&format!("{database}: applied {}\n", applied.join(", ")))?;
    }
    Ok(Exit::Done)
}
