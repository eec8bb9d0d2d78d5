//! `registrar customer`: submit over HTTP, check offline, show to an operator.

mod check;
mod new;
mod show;

use crate::config::environment::Environment;
use crate::failure::{Exit, Failure};

/// Submit, check and look up customers.
#[derive(Debug, clap::Args)]
pub(crate) struct CustomerArguments {
    #[command(subcommand)]
    command: CustomerCommand,
}

#[derive(Debug, clap::Subcommand)]
enum CustomerCommand {
    New(new::NewArguments),
    Check(check::CheckArguments),
    Show(show::ShowArguments),
}

/// Runs the command.
pub(crate) fn run(arguments: &CustomerArguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.command {
        CustomerCommand::New(arguments) => new::run(arguments),
        CustomerCommand::Check(arguments) => check::run(arguments, environment),
        CustomerCommand::Show(arguments) => show::run(arguments, environment),
    }
}
