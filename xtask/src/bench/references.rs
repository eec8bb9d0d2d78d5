//! `cargo xtask bench references`: both engines beside the same service as Fastify + pg and FastAPI + asyncpg offer it.
//!
//! The references check the signature and the fields, and store plain columns under the same unique constraints with the
//! same durability, each in a database of the same private PostgreSQL. Nothing is pinned. Invariant: every side was under
//! load for several seconds before its first round; a JIT needs them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::http_load::{HttpLoad, Target};
use crate::bench::places::Workshop;
use crate::bench::postgres::Cluster;
use crate::bench::ratio::{Ratio, at_least};
use crate::bench::report::{Report, Section};
use crate::bench::side::{Side, alternate, side};
use crate::machine::{free_port, project};
use crate::server::{Server, Starting};
use crate::test::tools::{npm_project, python_environment};

/// Load before the first round.
const WARM_UP: Duration = Duration::from_secs(7);

/// Processes of FastAPI: one for each core, as it is deployed. Node serves with one.
const WORKERS: &str = "2";

/// Arguments of `cargo xtask bench references`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[command(flatten)]
    plan: Plan,
}

/// Runs the benchmark.
pub(crate) fn references(arguments: &Arguments) -> Outcome<()> {
    let plan = Plan { pin: false, json: arguments.plan.json.clone(), binary: None, ..arguments.plan };
    let workshop = Workshop::new("references", &arguments.plan)?;
    let connections = arguments.connections;
    let at = format!("both engines and the same service elsewhere, {connections} connections");
    let embedded = workshop.embedded("embedded")?;
    let mut cluster = Cluster::new(&workshop, "postgres", &[])?;
    cluster.serve(1)?;
    let fastify = Reference::fastify(&workshop, &cluster)?;
    let fastapi = Reference::fastapi(&workshop, &cluster)?;
    let mut sides = Vec::new();
    for (name, mut load) in [
        ("embedded", embedded.load(connections)),
        ("PostgreSQL", cluster.load(1, connections)?),
        ("Fastify + pg", fastify.load(&cluster, connections)?),
        ("FastAPI + asyncpg", fastapi.load(&cluster, connections)?),
    ] {
        load.warm_up(WARM_UP)?;
        sides.push(Side::new(name, move |span| load.turn(span)));
    }
    alternate(&mut sides, &plan, &at)?;
    let ratios = ratios(&sides);
    let notes = vec![cluster.own_rows()?, cluster.rows("fastify")?, cluster.rows("fastapi")?];
    let mut report = Report::new("references");
    report.add(&Section { at, sides, ratios, notes });
    report.finish(&plan)
}

fn ratios(sides: &[Side<'_>]) -> Vec<Ratio> {
    let compared = [
        ("embedded", "Fastify + pg", at_least(9.0, 11.0)),
        ("embedded", "FastAPI + asyncpg", at_least(13.0, 23.0)),
        ("PostgreSQL", "Fastify + pg", at_least(4.0, 6.0)),
    ];
    let ratio = |(over, under, goal)| {
        let what = format!("per second, {over} ÷ {under}");
        let ratio = Ratio::between(&what, side(sides, over)?, side(sides, under)?, |one| one.rate);
        Some(ratio.held_against(goal))
    };
    compared.into_iter().filter_map(ratio).collect()
}

/// A reference that runs on a database of its own.
struct Reference {
    server: Option<Server>,
    target: Target,
}

impl Reference {
    fn fastify(workshop: &Workshop, cluster: &Cluster) -> Outcome<Self> {
        let source = source().join("fastify");
        let modules = npm_project(&source.join("package.json"))?;
        let mut command = Command::new("node");
        command.env("NODE_PATH", modules).arg(source.join("server.cjs"));
        command.args([cluster.credentials_file(), database(cluster, "fastify")?.into()]);
        Self::start(command, workshop, cluster)
    }

    fn fastapi(workshop: &Workshop, cluster: &Cluster) -> Outcome<Self> {
        let source = source().join("fastapi");
        let programs = python_environment("fastapi", &source.join("requirements.txt"))?;
        let mut command = Command::new(programs.join("python"));
        command.arg(source.join("server.py"));
        command.args([cluster.credentials_file(), database(cluster, "fastapi")?.into()]);
        command.args([&free_port()?.to_string(), WORKERS]).env("PYTHONDONTWRITEBYTECODE", "1");
        Self::start(command, workshop, cluster)
    }

    fn start(command: Command, workshop: &Workshop, cluster: &Cluster) -> Outcome<Self> {
        let server = Starting::of(command, &workshop.folder.join("references.log"))?.ready()?;
        let processes = vec![server.pid(), cluster.postgres.pid()?];
        let target = Target { addresses: vec![server.address], processes };
        Ok(Self { server: Some(server), target })
    }

    /// It accepts the installation's own credentials.
    fn load(&self, cluster: &Cluster, connections: usize) -> Outcome<HttpLoad> {
        Ok(HttpLoad::new(self.target.clone(), &cluster.signer()?, connections, false))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // Asked and not killed, so that it ends its own processes.
        if let Some(server) = self.server.take() {
            let _ = server.stop();
        }
    }
}

fn source() -> PathBuf {
    project().join("xtask").join("references")
}

/// A database with the references' table.
fn database(cluster: &Cluster, name: &str) -> Outcome<String> {
    let schema = std::fs::read_to_string(source().join("schema.sql"))?;
    let url = cluster.postgres.database(name)?;
    cluster.postgres.sql(name, &schema)?;
    Ok(url)
}
