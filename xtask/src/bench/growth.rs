//! `cargo xtask bench growth` and `startup`: the embedded engine with many customers stored.
//!
//! The customers are stored through the engine itself. Invariant: every size has a database of its own, so that what the
//! rounds of one size create is not there for the next.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::measured::{count, median};
use crate::bench::memory::mebibytes;
use crate::bench::places::{Place, Workshop};
use crate::bench::ratio::{Ratio, at_least, at_most};
use crate::bench::report::{Report, Section};
use crate::bench::side::{Side, alternate};
use crate::fleet::Installation;
use crate::machine::memory_bytes;

/// Load before the first round, and before each round on an empty database.
const WARM_UP: Duration = Duration::from_millis(500);

/// From how many customers on the goals are stated.
const STATED: u64 = 5_000_000;

/// Starts after an orderly end, and as many after a kill.
const STARTS: usize = 5;

/// Arguments of these commands.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many customers are stored.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000, 1_000_000, STATED])]
    customers: Vec<u64>,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[command(flatten)]
    plan: Plan,
}

/// `cargo xtask bench growth`
pub(crate) fn growth(arguments: &Arguments) -> Outcome<()> {
    let workshop = Workshop::new("growth", &arguments.plan)?;
    let mut report = Report::new("growth");
    for customers in &arguments.customers {
        report.add(&at_size(&workshop, *customers, arguments)?);
    }
    clear(&workshop)?;
    report.finish(&arguments.plan)
}

/// `cargo xtask bench startup`
pub(crate) fn startup(arguments: &Arguments) -> Outcome<()> {
    let workshop = Workshop::new("startup", &arguments.plan)?;
    let mut report = Report::new("startup");
    for customers in &arguments.customers {
        let (installation, note) = filled(&workshop, *customers)?;
        let ratios = starts(&installation, *customers)?;
        let at = format!("{customers} customers");
        report.add(&Section { at, sides: Vec::new(), ratios, notes: vec![note] });
    }
    clear(&workshop)?;
    report.finish(&arguments.plan)
}

/// Gives back the gigabytes of the last size.
fn clear(workshop: &Workshop) -> Outcome<()> {
    workshop.folder("filled").map(drop)
}

fn at_size(workshop: &Workshop, customers: u64, arguments: &Arguments) -> Outcome<Section<'static>> {
    let (installation, filling) = filled(workshop, customers)?;
    let mut ratios = starts(&installation, customers)?;
    let full = workshop.serve(&installation)?;
    let (at_start, empty) = (resident(&full)?, resident(&workshop.embedded("empty")?)?);
    let mut load = full.load(arguments.connections);
    load.warm_up(WARM_UP)?;
    let mut sides = vec![
        Side::new("filled", move |span| load.turn(span)),
        Side::new("empty", |span| {
            // Its own each time: a few rounds would fill it.
            let empty = workshop.embedded("empty")?;
            let mut load = empty.load(arguments.connections);
            load.warm_up(WARM_UP)?;
            load.turn(span)
        }),
    ];
    let at = format!("{customers} customers, {} connections", arguments.connections);
    alternate(&mut sides, &arguments.plan, &at)?;
    let sides: Vec<Side<'static>> = sides.into_iter().map(Side::ended).collect();
    if let [filled, empty] = sides.as_slice() {
        let rate = Ratio::between("per second, filled ÷ empty", filled, empty, |one| one.rate);
        ratios.push(if customers >= STATED { rate.held_against(at_least(0.85, 0.95)) } else { rate });
    }
    let created: usize = sides.first().map_or(0, |filled| filled.rounds.iter().map(|one| one.answers).sum());
    ratios.push(memory(&full, customers + created as u64)?);
    let memory_note = format!(
        "resident after the start: {at_start:.1} MiB, {empty:.1} MiB on an empty database; {:.1} MiB after the rounds",
        resident(&full)?
    );
    let notes =
        vec![filling, memory_note, format!("the rounds stored {created} more, the warm-up not counted")];
    Ok(Section { at, sides, ratios, notes })
}

/// An installation with so many customers, of which no server runs.
fn filled(workshop: &Workshop, customers: u64) -> Outcome<(Installation, String)> {
    let installation = workshop.installation("filled")?;
    let folder = installation.folder.display().to_string();
    println!("bench: storing {customers} customers");
    let begun = Instant::now();
    workshop.engine(&["fill", &folder, &customers.to_string()])?;
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = mebibytes(std::fs::metadata(installation.folder.join("registrar.db"))?.len());
    Ok((
        installation,
        format!("filled in {seconds:.1} s through the engine; the database's file has {bytes:.0} MiB"),
    ))
}

/// Times from the start of the process until it accepts requests.
fn starts(installation: &Installation, customers: u64) -> Outcome<Vec<Ratio>> {
    let mut ratios = Vec::new();
    for (after, is_killed) in [("an orderly end", false), ("a kill", true)] {
        let mut seconds = Vec::new();
        for _ in 0..STARTS {
            let member = installation.member(0)?;
            let begun = Instant::now();
            let mut server = member.launch.start()?;
            seconds.push(begun.elapsed().as_secs_f64());
            if is_killed {
                server.kill();
            } else {
                server.stop()?;
            }
        }
        let median = median(seconds.iter().copied());
        let ratio = Ratio::of(&format!("seconds to start after {after}"), median, seconds.iter().copied());
        ratios.push(if customers >= STATED { ratio.held_against(at_most(None, 2.0)) } else { ratio });
    }
    Ok(ratios)
}

fn resident(place: &Place) -> Outcome<f64> {
    let pid = place.target.processes.first().copied().ok_or("no server runs")?;
    Ok(mebibytes(memory_bytes(pid, "VmRSS")?))
}

/// What the server holds after the rounds, beside what the goal allows.
fn memory(full: &Place, stored: u64) -> Outcome<Ratio> {
    let allowed = 64.0 + count(usize::try_from(stored)?) * 64.0 / 1_048_576.0;
    let value = resident(full)? / allowed;
    let what = format!("resident memory with {stored} ÷ (64 MiB + 64 bytes a customer)");
    Ok(Ratio::of(&what, value, std::iter::once(value)).held_against(at_most(None, 1.0)))
}
