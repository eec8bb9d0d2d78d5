//! `registrar lists print`: the built-in lists, as a start for a file that replaces one.

use clap::ValueEnum;
use registrar_domain::reference::{ListKind, builtin_text};

use crate::failure::{Exit, Failure};
use crate::output;

/// Print the built-in lists of countries, states and ID types.
///
/// The printed text is a start for a file of your own, which the settings lists.countries_file, lists.states_file and
/// lists.id_types_file name.
#[derive(Debug, clap::Args)]
pub(crate) struct ListsArguments {
    #[command(subcommand)]
    command: ListsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ListsCommand {
    /// Print a built-in list
    Print {
        /// Which list
        list: List,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum List {
    Countries,
    States,
    IdTypes,
}

/// Runs the command.
pub(crate) fn run(arguments: &ListsArguments) -> Result<Exit, Failure> {
    let ListsCommand::Print { list } = &arguments.command;
    let kind = match list {
        List::Countries => ListKind::Countries,
        List::States => ListKind::States,
        List::IdTypes => ListKind::IdTypes,
    };
    output::print(builtin_text(kind))?;
    Ok(Exit::Done)
}
