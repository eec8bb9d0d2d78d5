//! `cargo xtask bench builds`: several builds of the server beside each other, for a change that is to be kept or dropped.
//!
//! Each is on an embedded database of its own, in the same rounds as the others. Invariant: ratios are to the first one.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::measured::count;
use crate::bench::places::Workshop;
use crate::bench::ratio::Ratio;
use crate::bench::report::{Report, Section};
use crate::bench::requests::Kind;
use crate::bench::side::{Side, alternate};

/// Load before the first round.
const WARM_UP: Duration = Duration::from_secs(1);

/// Customers that are repeated.
const KNOWN: usize = 20_000;

/// Arguments of `cargo xtask bench builds`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The binaries `registrar`; what the others give is compared with the first.
    #[arg(required = true)]
    binaries: Vec<PathBuf>,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Asks for the same customers again and again, not for new ones.
    #[arg(long)]
    replays: bool,
    #[command(flatten)]
    plan: Plan,
}

/// Runs the benchmark.
pub(crate) fn builds(arguments: &Arguments) -> Outcome<()> {
    let mut places = Vec::new();
    let mut sides = Vec::new();
    for (number, binary) in arguments.binaries.iter().enumerate() {
        let plan = Plan { binary: Some(binary.clone()), json: None, ..arguments.plan };
        let workshop = Workshop::new(&format!("build-{number}"), &plan)?;
        let place = workshop.embedded("embedded")?;
        let mut load = place.load(arguments.connections);
        if arguments.replays {
            load.create_then(KNOWN, Kind::Replay)?;
        }
        load.warm_up(WARM_UP)?;
        let name = binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sides.push(Side::new(&name, move |span| load.turn(span)));
        places.push((name, place));
    }
    let before = places.iter().map(|(_, place)| place.counts()).collect::<Outcome<Vec<_>>>()?;
    let at = format!("builds, {} connections", arguments.connections);
    alternate(&mut sides, &arguments.plan, &at)?;
    let mut notes = Vec::new();
    for (((name, place), before), side) in places.iter().zip(before).zip(&sides) {
        let now = place.counts()?;
        let answers = count(side.rounds.iter().map(|one| one.answers).sum());
        let commands = (now.commands - before.commands) / (now.commits - before.commits).max(1.0);
        let switched = (now.switches - before.switches) / answers;
        notes.push(format!(
            "{name}: {commands:.1} commands in a commit, {switched:.3} switches of threads an answer"
        ));
    }
    let mut ratios = Vec::new();
    if let [first, others @ ..] = sides.as_slice() {
        for other in others {
            ratios.push(Ratio::between(&format!("CPU, {} ÷ first", other.name), other, first, |one| {
                one.server_cpu_us
            }));
            ratios.push(Ratio::between(
                &format!("per second, {} ÷ first", other.name),
                other,
                first,
                |one| one.rate,
            ));
        }
    }
    let mut report = Report::new("builds");
    report.add(&Section { at, sides, ratios, notes });
    report.finish(&arguments.plan)
}
