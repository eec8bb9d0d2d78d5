//! The project's own commands: `cargo xtask test`, `check`, `ci` and what they consist of.
//!
//! Drives the other tools and the built program from outside; no crate of the workspace depends on it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what these commands are for")]

mod bench;
mod check;
mod cluster;
mod failovers;
mod fleet;
mod instructions;
mod kills;
mod licences;
mod load;
mod machine;
mod openapi;
mod private_postgres;
mod process;
mod race;
mod rolling;
mod server;
mod steps;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a command comes to; an error is a sentence for the reader.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands", arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every test; installs what is missing and says so.
    Test(test::Arguments),
    /// Format, lints, house rules, freshness of generated files, licences and sources of dependencies.
    Check,
    /// `test` and then `check`.
    Ci,
    /// The house rules alone.
    Tidy {
        /// Lowers the noted exceptions to what the files have shrunk to.
        #[arg(long)]
        tighten: bool,
    },
    /// Licences, sources and duplicates of the dependencies.
    Licences,
    /// Writes openapi.json anew.
    Openapi {
        /// Only compares, and fails where the file is not what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Kills the server under load in a loop and checks that no promise was broken.
    Kills(kills::Arguments),
    /// Strikes the primary of a real cluster under load and checks that no promise was broken; only as root.
    Failovers(failovers::Arguments),
    /// Builds a cluster of three nodes and keeps it running until Ctrl-C; only as root.
    Cluster,
    /// Requests at once that compete for one customer; with `--servers 3`, 10,000 on several servers.
    Race(race::Arguments),
    /// Restarts three servers behind HAProxy in turn under load; no request may fail.
    Rolling(rolling::Arguments),
    /// Counts the instructions of a request's hot path and holds them against the noted ones.
    Instructions(instructions::Arguments),
    /// Measures the release build.
    Bench {
        #[command(subcommand)]
        what: bench::Bench,
    },
}

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().task {
        Task::Test(arguments) => test::test(&arguments),
        Task::Check => check::check(),
        Task::Ci => test::test(&test::Arguments::default()).and_then(|()| check::check()),
        Task::Tidy { tighten } => tidy::tidy(tighten),
        Task::Licences => licences::licences(),
        Task::Openapi { check } => openapi::openapi(check),
        Task::Kills(arguments) => kills::kills(&arguments),
        Task::Failovers(arguments) => failovers::failovers(&arguments),
        Task::Cluster => cluster::cluster(),
        Task::Race(arguments) => race::race(&arguments),
        Task::Rolling(arguments) => rolling::rolling(&arguments),
        Task::Instructions(arguments) => instructions::instructions(&arguments),
        Task::Bench { what } => bench::bench(&what),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
