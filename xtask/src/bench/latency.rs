//! `cargo xtask bench latency`: how long answers take at half the greatest rate, requests arriving at random moments.
//!
//! Invariant: a latency counts from the moment the request was due, so that a stall counts for all that it delayed.

use std::time::Duration;

use crate::Outcome;
use crate::bench::http_load::HttpLoad;
use crate::bench::places::Workshop;
use crate::bench::postgres::Cluster;
use crate::bench::ratio::{Ratio, at_most};
use crate::bench::report::{Report, Section};
use crate::bench::side::{Side, alternate, side};
use crate::bench::{Engine, Plan};

/// Load before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// How long the greatest rate is measured.
const SEARCH: Duration = Duration::from_secs(4);

/// The longest turn: a signature is accepted for a minute.
const SECONDS_MAX: u64 = 40;

/// A checkpoint of PostgreSQL falls into every turn that is longer.
const CHECKPOINTS: &[&str] = &["checkpoint_timeout=30s"];

/// Arguments of `cargo xtask bench latency`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The engines.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    engines: Vec<Engine>,
    /// Connections: as many requests can be under way at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// A setting of PostgreSQL, `name=value`; may come several times.
    #[arg(long = "setting")]
    settings: Vec<String>,
    #[command(flatten)]
    plan: Plan,
}

/// Runs the benchmark.
pub(crate) fn latency(arguments: &Arguments) -> Outcome<()> {
    let (workshop, plan) = (Workshop::new("latency", &arguments.plan)?, &arguments.plan);
    if plan.seconds > SECONDS_MAX {
        return Err(
            format!("--seconds {SECONDS_MAX} at most: signatures are made before and grow stale").into()
        );
    }
    let connections = arguments.connections;
    let mut report = Report::new("latency");
    if arguments.engines.contains(&Engine::Sqlite) {
        let place = workshop.embedded("embedded")?;
        let (load, half, answer_bytes) = half_of_greatest(place.load(connections))?;
        let echo = workshop.echo(answer_bytes, &place.signer)?;
        let log = workshop.log("log")?;
        let (mut echo_load, mut log_load) = (echo.load(connections), log.load(connections));
        echo_load.warm_up(WARM_UP)?;
        log_load.warm_up(WARM_UP)?;
        let mut sides = vec![
            at_half("embedded", load, half),
            // Durable without a database: what of a tail is the disk's and the machine's.
            at_half("append-only log", log_load, half),
            at_half("echo", echo_load, half),
        ];
        report.add(&section(&mut sides, plan, &format!("embedded, {half:.0} per second"))?);
    }
    if arguments.engines.contains(&Engine::Postgres) {
        let given = arguments.settings.iter().map(String::as_str);
        let settings: Vec<&str> = CHECKPOINTS.iter().copied().chain(given).collect();
        let mut cluster = Cluster::new(&workshop, "postgres", &settings)?;
        cluster.serve(1)?;
        let (load, half, _) = half_of_greatest(cluster.load(1, connections)?)?;
        let mut sides = vec![at_half("PostgreSQL", load, half)];
        report.add(&section(&mut sides, plan, &format!("PostgreSQL, {half:.0} per second"))?);
    }
    report.finish(plan)
}

fn half_of_greatest(mut load: HttpLoad) -> Outcome<(HttpLoad, f64, usize)> {
    load.warm_up(WARM_UP)?;
    let greatest = load.turn(SEARCH)?;
    Ok((load, greatest.rate / 2.0, greatest.answer_bytes))
}

fn at_half(name: &str, mut load: HttpLoad, half: f64) -> Side<'static> {
    Side::new(name, move |span| load.turn_at(half, span))
}

fn tail(side: &Side<'_>) -> Ratio {
    let what = format!("p99 ÷ p50, {}", side.name);
    Ratio::within(&what, side, |one| one.p99_us, |one| one.p50_us)
}

fn section(sides: &mut Vec<Side<'static>>, plan: &Plan, at: &str) -> Outcome<Section<'static>> {
    alternate(sides, plan, at)?;
    let mut ratios = Vec::new();
    if let Some(registrar) = sides.first() {
        ratios.push(tail(registrar).held_against(at_most(None, 10.0)));
    }
    if let Some(log) = side(sides, "append-only log") {
        ratios.push(tail(log));
    }
    let note = "half the rate that as many connections reached just before; Poisson arrivals";
    Ok(Section { at: at.to_owned(), sides: std::mem::take(sides), ratios, notes: vec![note.to_owned()] })
}
