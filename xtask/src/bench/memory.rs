//! `cargo xtask bench memory`: what the server itself holds in memory after many creates.

use std::time::Duration;

use crate::Outcome;
use crate::bench::http_load::HttpLoad;
use crate::bench::measured::count;
use crate::bench::places::Workshop;
use crate::bench::postgres::Cluster;
use crate::bench::ratio::{Ratio, at_most};
use crate::bench::report::{Report, Section};
use crate::bench::{Engine, Plan};
use crate::machine::memory_bytes;

/// Requests are made for so long at once: their timestamps must be fresh when they are sent.
const PORTION: Duration = Duration::from_secs(3);

/// Arguments of `cargo xtask bench memory`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The engines.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    engines: Vec<Engine>,
    /// How many customers are created at least.
    #[arg(long, default_value_t = 1_000_000)]
    customers: usize,
    /// Over how many connections.
    #[arg(long, default_value_t = 256)]
    connections: usize,
    #[command(flatten)]
    plan: Plan,
}

/// Runs the benchmark.
pub(crate) fn memory(arguments: &Arguments) -> Outcome<()> {
    let workshop = Workshop::new("memory", &arguments.plan)?;
    let mut report = Report::new("memory");
    for engine in &arguments.engines {
        let section = match engine {
            Engine::Sqlite => {
                let place = workshop.embedded("embedded")?;
                let pid = place.target.processes.first().copied().ok_or("no server runs")?;
                watch("embedded", place.load(arguments.connections), pid, arguments)?
            }
            Engine::Postgres => {
                let mut cluster = Cluster::new(&workshop, "postgres", &[])?;
                cluster.serve(1)?;
                let load = cluster.load(1, arguments.connections)?;
                watch("PostgreSQL", load, cluster.first()?.pid().ok_or("the server has ended")?, arguments)?
            }
        };
        report.add(&section);
    }
    report.finish(&arguments.plan)
}

fn watch(name: &str, mut load: HttpLoad, pid: u32, arguments: &Arguments) -> Outcome<Section<'static>> {
    let at_start = memory_bytes(pid, "VmRSS")?;
    let mut created = 0;
    while created < arguments.customers {
        created += load.turn(PORTION)?.answers;
    }
    let (after, peak) = (mebibytes(memory_bytes(pid, "VmRSS")?), mebibytes(memory_bytes(pid, "VmHWM")?));
    let allowed = if name == "embedded" { 64.0 + count(created) * 64.0 / 1_048_576.0 } else { 64.0 };
    let what = format!("resident MiB after {created} creates ÷ {allowed:.0} MiB");
    let ratio = Ratio::of(&what, after / allowed, std::iter::once(after / allowed));
    let note = format!(
        "resident: {:.1} MiB at the start, {after:.1} after, {peak:.1} at the peak",
        mebibytes(at_start)
    );
    Ok(Section {
        at: format!("{name}, {} connections", arguments.connections),
        sides: Vec::new(),
        ratios: vec![ratio.held_against(at_most(None, 1.0))],
        notes: vec![note],
    })
}

/// Bytes as MiB.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}
