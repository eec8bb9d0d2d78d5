//! `registrar migrate`: bring a database to this release's schema, without serving.

use super::database_arguments::DatabaseArguments;
use crate::config::environment::Environment;
use crate::database::migrate;
use crate::failure::{Exit, Failure};
use crate::installation::database_of;
use crate::output;

/// Bring a database to the schema of this release.
///
/// Makes the database's tables if there are none. Servers do the same when they start; this command is for doing it before.
/// On an embedded database it refuses while a server runs; on PostgreSQL servers may run, and the tables belong to the role
/// that runs it: with --application-role servers can work under another one.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// On PostgreSQL: give this role, which must exist, exactly the rights that servers need
    #[arg(long, value_name = "ROLE")]
    application_role: Option<String>,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(serde::Serialize)]
struct Migrated<'a> {
    applied: Vec<&'static str>,
    application_role: Option<&'a str>,
}

/// Runs the command.
pub(crate) fn run(arguments: &MigrateArguments, environment: &Environment) -> Result<Exit, Failure> {
    let effective = arguments.database.resolve(environment)?;
    let database = database_of(&effective.configuration)?;
    let application_role = arguments.application_role.as_deref();
    let applied = migrate(&database, application_role)?;
    if arguments.json {
        output::print_json(&Migrated { applied, application_role })?;
        return Ok(Exit::Done);
    }
    if applied.is_empty() {
        output::print(&format!("{database} has the schema of this release\n"))?;
    } else {
        output::print(&format!("{database}: applied {}\n", applied.join(", ")))?;
    }
    if let Some(role) = application_role {
        output::print(&format!(
            "{database}: the role {role} has the rights that servers need, and no others\n"
        ))?;
    }
    Ok(Exit::Done)
}
