//! `cargo xtask bench`: what Registrar costs, each time beside a reference in the same run.
//!
//! Invariant: a round counts only if every answer in it was as it must be.

mod builds;
mod create;
mod growth;
mod http_load;
mod kinds;
mod latency;
mod measured;
mod memory;
mod pgbench;
mod places;
mod plot;
mod postgres;
mod profile;
mod ratio;
mod references;
mod report;
mod requests;
mod servers;
mod side;
mod sizes;

use std::path::PathBuf;

use crate::Outcome;

/// What is measured.
#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// Creates per second, latency and server CPU per create of both engines, beside a bare echo server, an append-only log
    /// in the same server, and pgbench with the same insert.
    Create(create::Arguments),
    /// Builds of the server beside each other: creates or replays per second, CPU, and how many share a commit.
    Builds(builds::Arguments),
    /// Creates per second of 1, 2 and 3 servers on one PostgreSQL.
    Servers(servers::Arguments),
    /// Both engines beside the same service on Fastify + pg and on FastAPI + asyncpg.
    References(references::Arguments),
    /// Repeated requests beside first ones: CPU.
    Replay(kinds::Arguments),
    /// Requests with a bad signature beside a bare echo server: CPU.
    Refused(kinds::Arguments),
    /// Creates with replays and reads between them, beside creates alone.
    Mixed(kinds::Arguments),
    /// Latencies at half the greatest rate, requests arriving at random moments, checkpoints included.
    Latency(latency::Arguments),
    /// Creates per second, memory and start-up with many customers stored, beside an empty database.
    Growth(growth::Arguments),
    /// Time from the start to `ready` with many customers stored, after an orderly end and after a kill.
    Startup(growth::Arguments),
    /// Bytes of PostgreSQL's tables, indexes and log for each customer as they grow, and what a model says of more customers.
    Sizes(sizes::Arguments),
    /// Resident memory of the server after many creates.
    Memory(memory::Arguments),
    /// The functions in which the embedded server spends its CPU time under load.
    Profile(profile::Arguments),
    /// Draws the creates per second of reports (JSON) as an SVG.
    Plot(plot::Arguments),
}

/// Runs one of them.
pub(crate) fn bench(what: &Bench) -> Outcome<()> {
    match what {
        Bench::Create(arguments) => create::create(arguments),
        Bench::Builds(arguments) => builds::builds(arguments),
        Bench::Servers(arguments) => servers::servers(arguments),
        Bench::References(arguments) => references::references(arguments),
        Bench::Replay(arguments) => kinds::replay(arguments),
        Bench::Refused(arguments) => kinds::refused(arguments),
        Bench::Mixed(arguments) => kinds::mixed(arguments),
        Bench::Latency(arguments) => latency::latency(arguments),
        Bench::Growth(arguments) => growth::growth(arguments),
        Bench::Startup(arguments) => growth::startup(arguments),
        Bench::Sizes(arguments) => sizes::sizes(arguments),
        Bench::Memory(arguments) => memory::memory(arguments),
        Bench::Profile(arguments) => profile::profile(arguments),
        Bench::Plot(arguments) => plot::plot(arguments),
    }
}

/// How every benchmark is run.
#[derive(clap::Args)]
pub(crate) struct Plan {
    /// Rounds, in each of which every side has its turn; medians are reported.
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Length of a turn.
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,
    /// Keeps an embedded server to core 0 and the load to core 1, as the goals are stated; what uses PostgreSQL has all cores.
    #[arg(long)]
    pub(crate) pin: bool,
    /// Writes the report here as JSON too.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Measures this binary instead of building one.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
}

/// What keeps the customers.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// The embedded engine.
    Sqlite,
    /// PostgreSQL, on a private server made for the run.
    Postgres,
}
