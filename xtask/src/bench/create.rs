//! `cargo xtask bench create`: new customers on both engines, beside what bounds each of them.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bench::measured::median;
use crate::bench::pgbench::Pgbench;
use crate::bench::places::Workshop;
use crate::bench::postgres::{Cluster, engine_alone};
use crate::bench::ratio::{Ratio, at_least, at_most};
use crate::bench::report::{Report, Section};
use crate::bench::side::{Side, alternate, side};
use crate::bench::{Engine, Plan};

/// Load before the first round.
const WARM_UP: Duration = Duration::from_secs(1);

/// Writes timed for the cost of making 4 KiB durable, each way.
const DISK_WRITES: usize = 256;

/// The number of connections that most goals are stated for.
const STATED: usize = 64;

/// Arguments of `cargo xtask bench create`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The engines.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    engines: Vec<Engine>,
    /// Numbers of connections.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    connections: Vec<usize>,
    #[command(flatten)]
    plan: Plan,
}

/// Runs the benchmark.
pub(crate) fn create(arguments: &Arguments) -> Outcome<()> {
    let workshop = Workshop::new("create", &arguments.plan)?;
    let mut report = Report::new("create");
    for connections in &arguments.connections {
        if arguments.engines.contains(&Engine::Sqlite) {
            report.add(&embedded(&workshop, *connections, &arguments.plan)?);
        }
        if arguments.engines.contains(&Engine::Postgres) {
            report.add(&postgres(&workshop, *connections, &arguments.plan)?);
        }
    }
    report.finish(&arguments.plan)
}

fn embedded(workshop: &Workshop, connections: usize, plan: &Plan) -> Outcome<Section<'static>> {
    let at = format!("embedded, {connections} connections");
    let registrar = workshop.embedded("embedded")?;
    let log = workshop.log("log")?;
    let (mut loads, disk) = ([registrar.load(connections), log.load(connections)], &workshop.folder);
    let [appended_us, overwritten_us] = durable_write_us(disk)?;
    let mut answer_bytes = 0;
    for load in &mut loads {
        answer_bytes = load.warm_up(WARM_UP)?;
    }
    let echo = workshop.echo(answer_bytes, &registrar.signer)?;
    let mut echo_load = echo.load(connections);
    echo_load.warm_up(WARM_UP)?;
    let [mut registrar_load, mut log_load] = loads;
    let mut sides = vec![
        Side::new("embedded", move |span| registrar_load.turn(span)),
        Side::new("append-only log", move |span| log_load.turn(span)),
        Side::new("echo", move |span| echo_load.turn(span)),
    ];
    alternate(&mut sides, plan, &at)?;
    let mut section =
        Section { at, ratios: embedded_ratios(&sides, connections, appended_us), sides, notes: Vec::new() };
    section.notes.push(format!(
        "before the rounds a durable 4 KiB write took {appended_us:.0} us at the end of a file, {overwritten_us:.0} us inside it"
    ));
    drop((registrar, log, echo));
    Ok(section)
}

fn embedded_ratios(sides: &[Side<'_>], connections: usize, disk_us: f64) -> Vec<Ratio> {
    let (Some(embedded), Some(log), Some(echo)) =
        (side(sides, "embedded"), side(sides, "append-only log"), side(sides, "echo"))
    else {
        return Vec::new();
    };
    let p50 = |embedded: f64, echo: f64| embedded / (echo + disk_us);
    let each = embedded.rounds.iter().zip(&echo.rounds).map(|(one, other)| p50(one.p50_us, other.p50_us));
    let cpu = Ratio::between("server CPU, embedded ÷ echo", embedded, echo, |one| one.server_cpu_us);
    let to_echo = Ratio::between("per second, embedded ÷ echo", embedded, echo, |one| one.rate);
    let to_log = Ratio::between("per second, embedded ÷ append-only log", embedded, log, |one| one.rate);
    let latency = Ratio::of(
        "p50, embedded ÷ (echo + durable 4 KiB write at the end of a file)",
        p50(embedded.median(|one| one.p50_us), echo.median(|one| one.p50_us)),
        each,
    );
    match connections {
        1 => vec![cpu, to_echo, to_log, latency.held_against(at_most(Some(2.0), 1.3))],
        STATED => vec![
            cpu.held_against(at_most(Some(2.9), 2.0)),
            to_echo.held_against(at_least(0.35, 0.45)),
            to_log.held_against(at_least(0.75, 0.9)),
        ],
        _ => vec![cpu, to_echo, to_log],
    }
}

fn postgres(workshop: &Workshop, connections: usize, plan: &Plan) -> Outcome<Section<'static>> {
    let at = format!("PostgreSQL, {connections} connections");
    let mut cluster = Cluster::new(workshop, "postgres", &[])?;
    let alone = cluster.copy("engine_alone")?;
    let pgbench = Pgbench::new(workshop, &cluster)?;
    cluster.serve(1)?;
    let mut load = cluster.load(1, connections)?;
    load.warm_up(WARM_UP)?;
    let mut sides = vec![
        Side::new("PostgreSQL", move |span| load.turn(span)),
        Side::new("PostgreSQL engine alone", |span| {
            engine_alone(workshop, &alone, connections, span.as_secs())
        }),
        Side::new("pgbench", |span| pgbench.turn(span.as_secs())),
    ];
    alternate(&mut sides, plan, &at)?;
    let mut ratios = Vec::new();
    if let [whole, engine, pgbench] = sides.as_slice() {
        let engine = Ratio::between("per second, engine alone ÷ pgbench", engine, pgbench, |one| one.rate);
        let is_stated = connections == STATED;
        ratios.push(if is_stated { engine.held_against(at_least(1.7, 2.2)) } else { engine });
        ratios.push(Ratio::between("per second, end to end ÷ pgbench", whole, pgbench, |one| one.rate));
    }
    // What the turns borrow ends here; what they gave stays.
    let sides = sides.into_iter().map(Side::ended).collect();
    let mut notes = pgbench.notes(&cluster)?;
    notes.extend([cluster.rows("engine_alone")?, cluster.own_rows()?]);
    Ok(Section { at, sides, ratios, notes })
}

/// Median microseconds to write 4 KiB and have them on the disk, in the folder where the databases lie: at the end of a
/// file, and over what is there.
fn durable_write_us(folder: &Path) -> Outcome<[f64; 2]> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::File::create(folder.join("durable"))?;
    let page = [0x5A_u8; 4096];
    let mut pass = || -> Outcome<f64> {
        file.seek(SeekFrom::Start(0))?;
        let mut times = Vec::with_capacity(DISK_WRITES);
        for _ in 0..DISK_WRITES {
            let before = Instant::now();
            file.write_all(&page)?;
            file.sync_data()?;
            times.push(before.elapsed().as_secs_f64() * 1e6);
        }
        Ok(median(times.into_iter()))
    };
    Ok([pass()?, pass()?])
}
