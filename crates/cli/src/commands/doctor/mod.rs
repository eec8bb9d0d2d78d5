//! `registrar doctor`: looks at everything an installation stands on, and says what to do about what it finds.
//!
//! Changes nothing. Invariant: every finding that is not fine has a cure.

mod checks;
mod database;
mod finding;
mod postgres;

use super::database_arguments::DatabaseArguments;
use crate::config::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::output;
pub(crate) use database::look_at_postgres;
pub(crate) use finding::State;
use finding::{Finding, lines};

/// Check an installation and say what to do about what is wrong.
///
/// Looks at the settings, the master key, the database, the clock, the disk and the limits of this process. Ends with 0 if
/// nothing fails, with 1 otherwise; warnings do not count.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &DoctorArguments, environment: &Environment) -> Result<Exit, Failure> {
    let findings = match arguments.database.resolve_quietly(environment) {
        Ok(effective) => checks::check_all(&effective),
        Err(refused) => refused.errors.iter().map(checks::refused_setting).collect(),
    };
    if arguments.json {
        output::print_json(&findings)?;
    } else {
        output::print(&lines(&findings))?;
    }
    let failed = findings.iter().any(|finding: &Finding| finding.state == State::Fail);
    Ok(if failed { Exit::Refused } else { Exit::Done })
}
