//! `cargo xtask bench`: what a durable create costs, beside a bare server of the same HTTP library in the same run.
//!
//! Invariant: a round counts only if every answer in it was 200.

mod create;
mod memory;
mod report;
mod round;

pub(crate) use create::create;
pub(crate) use memory::memory;

use std::path::PathBuf;

/// What is measured.
#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// Creates per second, latency and server CPU per create, beside a bare echo server.
    Create(CreateArguments),
    /// Resident memory of the server after many creates.
    Memory(MemoryArguments),
}

/// Arguments of `cargo xtask bench create`.
#[derive(clap::Args)]
pub(crate) struct CreateArguments {
    /// Rounds for each server and number of connections; medians are reported.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Length of a round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Numbers of connections.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    connections: Vec<usize>,
    /// Keeps the server on core 0 and the load on core 1, as the goals are stated.
    #[arg(long)]
    pin: bool,
    /// Writes the report here as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures this binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// Arguments of `cargo xtask bench memory`.
#[derive(clap::Args)]
pub(crate) struct MemoryArguments {
    /// How many customers are created.
    #[arg(long, default_value_t = 100_000)]
    customers: usize,
    /// Over how many connections.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Measures this binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
}
