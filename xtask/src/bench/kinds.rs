//! `cargo xtask bench replay`, `refused` and `mixed`: other requests than new customers.

use std::time::Duration;

use crate::Outcome;
use crate::bench::places::Workshop;
use crate::bench::postgres::Cluster;
use crate::bench::ratio::{Ratio, at_most};
use crate::bench::report::{Report, Section};
use crate::bench::requests::Kind;
use crate::bench::side::{Side, alternate};
use crate::bench::{Engine, Plan};

/// Load before the first round; it also spends the budget of hints.
const WARM_UP: Duration = Duration::from_secs(1);

/// Customers that are repeated.
const KNOWN: usize = 20_000;

/// Arguments of these commands.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The engines; a refused request reaches none of them.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    engines: Vec<Engine>,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[command(flatten)]
    plan: Plan,
}

/// `cargo xtask bench replay`
pub(crate) fn replay(arguments: &Arguments) -> Outcome<()> {
    beside_creates(arguments, "replay", Kind::Replay)
}

/// `cargo xtask bench mixed`
pub(crate) fn mixed(arguments: &Arguments) -> Outcome<()> {
    beside_creates(arguments, "mixed", Kind::Mixed)
}

fn beside_creates(arguments: &Arguments, mode: &'static str, kind: fn(u64) -> Kind) -> Outcome<()> {
    let (workshop, plan) = (Workshop::new(mode, &arguments.plan)?, &arguments.plan);
    let mut report = Report::new(mode);
    for engine in &arguments.engines {
        // Both sides on one server, so that the tables are the same.
        let (at, place, cluster);
        let (mut creates, mut others) = match engine {
            Engine::Sqlite => {
                at = format!("embedded, {} connections", arguments.connections);
                place = workshop.embedded("embedded")?;
                (place.load(arguments.connections), place.load(arguments.connections))
            }
            Engine::Postgres => {
                at = format!("PostgreSQL, {} connections", arguments.connections);
                let mut started = Cluster::new(&workshop, "postgres", &[])?;
                started.serve(1)?;
                cluster = started;
                (cluster.load(1, arguments.connections)?, cluster.load(1, arguments.connections)?)
            }
        };
        others.create_then(KNOWN, kind)?;
        creates.warm_up(WARM_UP)?;
        others.warm_up(WARM_UP)?;
        let mut sides = vec![
            Side::new("create", move |span| creates.turn(span)),
            Side::new(mode, move |span| others.turn(span)),
        ];
        alternate(&mut sides, plan, &at)?;
        let mut ratios = Vec::new();
        if let [create, other] = sides.as_slice() {
            let cpu = Ratio::between("server CPU ÷ create", other, create, |one| one.server_cpu_us);
            let is_replay = mode == "replay";
            ratios.push(if is_replay { cpu.held_against(at_most(None, 1.0)) } else { cpu });
            ratios.push(Ratio::between("per second ÷ create", other, create, |one| one.rate));
        }
        report.add(&Section { at, sides, ratios, notes: Vec::new() });
    }
    report.finish(plan)
}

/// `cargo xtask bench refused`
pub(crate) fn refused(arguments: &Arguments) -> Outcome<()> {
    let (workshop, plan) = (Workshop::new("refused", &arguments.plan)?, &arguments.plan);
    let at = format!("bad signatures, {} connections", arguments.connections);
    let place = workshop.embedded("embedded")?;
    let mut refused = place.load(arguments.connections);
    refused.ask(Kind::Refused);
    let answer_bytes = refused.warm_up(WARM_UP)?;
    let echo = workshop.echo(answer_bytes, &place.signer)?;
    let mut echo_load = echo.load(arguments.connections);
    echo_load.warm_up(WARM_UP)?;
    let mut sides = vec![
        Side::new("refused", move |span| refused.turn(span)),
        Side::new("echo", move |span| echo_load.turn(span)),
    ];
    alternate(&mut sides, plan, &at)?;
    let mut ratios = Vec::new();
    if let [refused, echo] = sides.as_slice() {
        let cpu = Ratio::between("server CPU, refused ÷ echo", refused, echo, |one| one.server_cpu_us);
        ratios.push(cpu.held_against(at_most(None, 1.3)));
    }
    let note = "a production platform: the budget of 20 hints a second is spent by the first requests";
    let mut report = Report::new("refused");
    report.add(&Section { at, sides, ratios, notes: vec![note.to_owned()] });
    report.finish(plan)
}
