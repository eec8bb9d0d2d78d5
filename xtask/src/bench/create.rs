//! `cargo xtask bench create`: new customers on both engines, beside what bounds each of them.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bench::measured::{Measured, Spent};
use crate::bench::pgbench::Pgbench;
use crate::bench::places::Workshop;
use crate::bench::postgres::{Cluster, engine_alone};
use crate::bench::ratio::{Ratio, at_least, at_most};
use crate::bench::report::{Report, Section};
use crate::bench::side::{Side, alternate, side};
use crate::bench::{Engine, Plan};

/// Load before the first round.
const WARM_UP: Duration = Duration::from_secs(1);

/// The side that writes at the end of a file, which must make its new length durable too.
const APPENDED: &str = "4 KiB appended + sync";

/// The side that writes over what is there, as a log that is recycled does.
const OVERWRITTEN: &str = "4 KiB overwritten + sync";

/// How much is written before it is written over.
const LOG_BYTES: u64 = 1 << 20;

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
    let mut loads = [registrar.load(connections), log.load(connections)];
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
    if connections == 1 {
        let file = workshop.folder.join("durable");
        let other = file.clone();
        sides.push(Side::new(APPENDED, move |span| durable_writes(&file, span, u64::MAX)));
        sides.push(Side::new(OVERWRITTEN, move |span| durable_writes(&other, span, LOG_BYTES)));
    }
    alternate(&mut sides, plan, &at)?;
    drop((registrar, log, echo));
    Ok(Section { at, ratios: embedded_ratios(&sides, connections), sides, notes: Vec::new() })
}

fn embedded_ratios(sides: &[Side<'_>], connections: usize) -> Vec<Ratio> {
    let (Some(embedded), Some(log), Some(echo)) =
        (side(sides, "embedded"), side(sides, "append-only log"), side(sides, "echo"))
    else {
        return Vec::new();
    };
    let cpu = Ratio::between("server CPU, embedded ÷ echo", embedded, echo, |one| one.server_cpu_us);
    let to_echo = Ratio::between("per second, embedded ÷ echo", embedded, echo, |one| one.rate);
    let to_log = Ratio::between("per second, embedded ÷ append-only log", embedded, log, |one| one.rate);
    if connections == STATED {
        return vec![
            cpu.held_against(at_most(Some(2.9), 2.0)),
            to_echo.held_against(at_least(0.35, 0.45)),
            to_log.held_against(at_least(0.75, 0.9)),
        ];
    }
    let mut ratios = vec![cpu, to_echo, to_log];
    if let Some(appended) = side(sides, APPENDED) {
        ratios.push(to_echo_and_write(embedded, echo, appended).held_against(at_most(Some(2.0), 1.3)));
    }
    ratios.extend(side(sides, OVERWRITTEN).map(|overwritten| to_echo_and_write(embedded, echo, overwritten)));
    ratios
}

/// One create at a time costs at least an echo and one durable write.
fn to_echo_and_write(embedded: &Side<'_>, echo: &Side<'_>, write: &Side<'_>) -> Ratio {
    let rounds = embedded.rounds.iter().zip(&echo.rounds).zip(&write.rounds);
    let each = rounds.map(|((one, echo), write)| one.p50_us / (echo.p50_us + write.p50_us));
    let p50 = |side: &Side<'_>| side.median(|one| one.p50_us);
    let what = format!("p50, embedded ÷ (echo + {})", write.name);
    Ratio::of(&what, p50(embedded) / (p50(echo) + p50(write)), each)
}

/// One turn of writing 4 KiB and waiting until they are on the disk, from the start again after so many bytes.
fn durable_writes(path: &Path, span: Duration, length: u64) -> Outcome<Measured> {
    let mut file = File::options().create(true).write(true).truncate(length > LOG_BYTES).open(path)?;
    let page = [0x5A_u8; 4096];
    if length <= LOG_BYTES {
        file.write_all(&vec![0; usize::try_from(length)?])?;
        file.sync_all()?;
    }
    file.rewind()?;
    let (begun, mut latencies) = (Instant::now(), Vec::new());
    while begun.elapsed() < span {
        if file.stream_position()? >= length {
            file.rewind()?;
        }
        let before = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        latencies.push(before.elapsed());
    }
    let spent = Spent { elapsed: begun.elapsed(), server: Duration::ZERO, load: Duration::ZERO };
    Ok(Measured::of(latencies, &spent, 0))
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
        // The goal does not say which of them it means; the second has the server's work in it, which pgbench has not.
        for (what, side) in [("engine alone ÷ pgbench", engine), ("end to end ÷ pgbench", whole)] {
            let ratio = Ratio::between(&format!("per second, {what}"), side, pgbench, |one| one.rate);
            let is_stated = connections == STATED;
            ratios.push(if is_stated { ratio.held_against(at_least(1.7, 2.2)) } else { ratio });
        }
    }
    // What the turns borrow ends here; what they gave stays.
    let sides = sides.into_iter().map(Side::ended).collect();
    let mut notes = pgbench.notes(&cluster)?;
    notes.extend([cluster.rows("engine_alone")?, cluster.own_rows()?]);
    Ok(Section { at, sides, ratios, notes })
}
