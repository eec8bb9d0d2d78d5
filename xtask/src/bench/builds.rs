//! `cargo xtask bench builds`: several builds of the server beside each other, for a change that is to be kept or dropped.
//!
//! Each is on a database of its own, in the same rounds as the others. Invariant: ratios are to the first one, taken within
//! each round, for on a shared machine the speed changes between rounds.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;
use crate::bench::http_load::HttpLoad;
use crate::bench::measured::count;
use crate::bench::places::{Place, Workshop};
use crate::bench::postgres::Cluster;
use crate::bench::ratio::Ratio;
use crate::bench::report::{Report, Section};
use crate::bench::requests::Kind;
use crate::bench::side::{Side, alternate};
use crate::bench::{Engine, Plan};
use crate::fleet::{Counts, Member};
use crate::private_postgres::PrivatePostgres;

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
    /// The engine.
    #[arg(long, default_value = "sqlite")]
    engine: Engine,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// On PostgreSQL: commits wait for a replica that confirms them after so many milliseconds.
    #[arg(long, value_name = "MILLISECONDS")]
    replica: Option<u32>,
    /// Asks for the same customers again and again, not for new ones.
    #[arg(long)]
    replays: bool,
    #[command(flatten)]
    plan: Plan,
}

/// A server of one build.
enum Built {
    Embedded(Box<Place>),
    Postgres(Box<Replicated>),
}

struct Replicated {
    cluster: Cluster,
    _replica: Option<PrivatePostgres>,
}

impl Built {
    fn start(binary: PathBuf, number: usize, arguments: &Arguments) -> Outcome<Self> {
        let plan = Plan { binary: Some(binary), json: None, ..arguments.plan };
        let workshop = Workshop::new(&format!("build-{number}"), &plan)?;
        Ok(match arguments.engine {
            Engine::Sqlite => Self::Embedded(Box::new(workshop.embedded("embedded")?)),
            Engine::Postgres => {
                let mut cluster = Cluster::new(&workshop, "postgres", &[])?;
                let replica = |milliseconds| {
                    let folder = workshop.folder("replica")?;
                    cluster.postgres.confirming_replica(&folder, milliseconds)
                };
                let replica = arguments.replica.map(replica).transpose()?;
                cluster.serve(1)?;
                Self::Postgres(Box::new(Replicated { cluster, _replica: replica }))
            }
        })
    }

    fn load(&self, connections: usize) -> Outcome<HttpLoad> {
        match self {
            Self::Embedded(place) => Ok(place.load(connections)),
            Self::Postgres(replicated) => replicated.cluster.load(1, connections),
        }
    }

    fn counts(&self) -> Outcome<Counts> {
        let member = match self {
            Self::Embedded(place) => place.member(),
            Self::Postgres(replicated) => Some(replicated.cluster.first()?),
        };
        member.map_or_else(|| Err("no server runs".into()), Member::counts)
    }
}

/// Runs the benchmark.
pub(crate) fn builds(arguments: &Arguments) -> Outcome<()> {
    if arguments.engine == Engine::Sqlite && arguments.replica.is_some() {
        return Err("--replica goes with --engine postgres only".into());
    }
    let (mut all, mut sides) = (Vec::new(), Vec::new());
    for (number, binary) in arguments.binaries.iter().enumerate() {
        let built = Built::start(binary.clone(), number, arguments)?;
        let mut load = built.load(arguments.connections)?;
        if arguments.replays {
            load.create_then(KNOWN, Kind::Replay)?;
        }
        load.warm_up(WARM_UP)?;
        sides.push(Side::new(&binary.display().to_string(), move |span| load.turn(span)));
        all.push(built);
    }
    let before = all.iter().map(Built::counts).collect::<Outcome<Vec<_>>>()?;
    let replica = arguments.replica.map(|after| format!(", a replica confirms after {after} ms"));
    let at = format!("builds, {} connections{}", arguments.connections, replica.unwrap_or_default());
    alternate(&mut sides, &arguments.plan, &at)?;
    let mut notes = Vec::new();
    for ((built, before), side) in all.iter().zip(before).zip(&sides) {
        notes.push(format!("{}: {}", side.name, done(side, &before, &built.counts()?)));
    }
    let mut report = Report::new("builds");
    report.add(&Section { at, ratios: ratios(&sides), sides, notes });
    report.finish(&arguments.plan)
}

fn done(side: &Side<'_>, before: &Counts, now: &Counts) -> String {
    let answers = count(side.rounds.iter().map(|one| one.answers).sum());
    let switched = (now.switches - before.switches) / answers;
    let switched = format!("{switched:.3} switches of the server's threads an answer");
    let commits = now.commits - before.commits;
    if commits < 1.0 {
        return switched;
    }
    format!("{:.1} commands in a commit, {switched}", (now.commands - before.commands) / commits)
}

fn ratios(sides: &[Side<'_>]) -> Vec<Ratio> {
    let [first, others @ ..] = sides else { return Vec::new() };
    let of = |other: &Side<'_>| {
        let what = |what: &str| format!("{what}, {} ÷ {}", other.name, first.name);
        [
            Ratio::paired(&what("server CPU"), other, first, |one| one.server_cpu_us),
            Ratio::paired(&what("per second"), other, first, |one| one.rate),
        ]
    };
    others.iter().flat_map(of).collect()
}
