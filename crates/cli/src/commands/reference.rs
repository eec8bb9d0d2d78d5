//! `registrar reference` (not in the help): the generated pages of `docs/`, written from the same tables as the program.

use std::fmt::Write as _;

use clap::{CommandFactory as _, ValueEnum};

use crate::arguments::Arguments;
use crate::config::reference::configuration_page;
use crate::failure::{Exit, Failure};
use crate::output;

/// Which page to print.
#[derive(Debug, clap::Args)]
pub(crate) struct ReferenceArguments {
    page: Page,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    /// docs/configuration.md
    Configuration,
    /// docs/commands.md
    Commands,
}

/// Runs the command.
pub(crate) fn run(arguments: &ReferenceArguments) -> Result<Exit, Failure> {
    output::print(&match arguments.page {
        Page::Configuration => configuration_page(),
        Page::Commands => commands_page(),
    })?;
    Ok(Exit::Done)
}

const HEAD: &str = "\
# Commands

<!-- Generated from the program's own help: `registrar reference commands > docs/commands.md`. Do not edit. -->

Exit codes: 0 done; 1 refused by the server, or invalid input; 2 the command line or the configuration is wrong;
3 the server or database could not be reached or trusted. Data goes to standard output, everything else to standard error.
";

fn commands_page() -> String {
    let mut page = HEAD.to_owned();
    // A fixed width, so that the page does not depend on the terminal it is made in.
    let mut root = Arguments::command().term_width(100);
    root.build();
    describe(&mut root, &mut page);
    page
}

fn describe(command: &mut clap::Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    // Writing to a String cannot fail.
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    let visible = |sub: &&mut clap::Command| !sub.is_hide_set() && sub.get_name() != "help";
    for sub in command.get_subcommands_mut().filter(visible) {
        describe(sub, page);
    }
}
