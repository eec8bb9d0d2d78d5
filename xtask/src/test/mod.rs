//! `cargo xtask test`: every test there is, in steps.
//!
//! Knows how each step is run, not what it asserts. All steps use the build of the test profile, so that nothing is
//! compiled twice. Invariant: a step whose tool is missing and cannot be installed fails; it is never skipped.

mod api_fuzz;
mod api_page;
mod signing_guides;
pub(crate) mod tools;

use std::path::PathBuf;

use crate::Outcome;
use crate::failovers;
use crate::instructions;
use crate::kills;
use crate::process::{cargo, is_there, run};
use crate::race;
use crate::rolling;
use crate::server::{registrar, scratch};
use crate::steps::Steps;

/// Kills in the short loop of `cargo xtask test`; `cargo xtask kills` does more.
const KILLS: u32 = 60;

/// Faults in the short run of `cargo xtask test`; `cargo xtask failovers` does more.
const FAILOVERS: u32 = 2;
/// Requests at once in `cargo xtask test`; `cargo xtask race` sends more.
const CROWD: usize = 1_000;

/// Arguments of `cargo xtask test`.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Runs only the steps of these names, as printed.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
}

/// Runs every step.
pub(crate) fn test(arguments: &Arguments) -> Outcome<()> {
    let mut steps = Steps::new("test", arguments.only.clone());
    steps.run("Rust tests", rust_tests);
    steps.run("documentation tests", || {
        run(&mut cargo(&["test", "--locked", "--workspace", "--doc", "--quiet"]))
    });
    steps.run("API page", || api_page::run_example(&fresh("test-api-page")?));
    steps.run("signing guides", || signing_guides::run_programs(&fresh("test-signing-guides")?));
    steps.run("API fuzz", || api_fuzz::run_schemathesis(&fresh("test-api-fuzz")?));
    steps.run("race on three servers", || {
        tools::need(POSTGRES, &["postgresql-15"])?;
        race::race(&race::Arguments::short(CROWD))
    });
    steps.run("rolling restart", rolling_restart);
    steps.run("kills", || kills::kills(&kills::Arguments::short(KILLS)));
    steps.run("failovers", || failovers::failovers(&failovers::Arguments::short(FAILOVERS)));
    steps.run("instruction counts", || instructions::instructions(&instructions::Arguments::default()));
    steps.finish()
}

/// The server that the tests of the PostgreSQL engine start; Debian keeps it out of the search path.
pub(crate) const POSTGRES: &str = "/usr/lib/postgresql/15/bin/postgres";

/// Makes sure that there is what a cluster is built of.
pub(crate) fn need_cluster_packages() -> Outcome<()> {
    for (program, package) in [
        (POSTGRES, "postgresql-15"),
        ("psql", "postgresql-client-15"),
        ("patroni", "patroni"),
        ("etcd", "etcd-server"),
        ("ip", "iproute2"),
        ("setpriv", "util-linux"),
    ] {
        tools::need_without_services(program, &[package])?;
    }
    Ok(())
}

fn rust_tests() -> Outcome<()> {
    tools::need(POSTGRES, &["postgresql-15"])?;
    if is_there("cargo-nextest") {
        return run(&mut cargo(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"]));
    }
    println!(
        "cargo-nextest is not installed; `cargo test` runs the same tests without minutes of building it"
    );
    run(&mut cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ]))
}

fn rolling_restart() -> Outcome<()> {
    // Debian's package starts one at once, with a configuration that listens nowhere.
    tools::need(rolling::HAPROXY, &["haproxy"])?;
    tools::need(POSTGRES, &["postgresql-15"])?;
    rolling::rolling(&rolling::Arguments::short())
}

/// A built server and an empty folder for one step.
pub(crate) struct Workplace {
    /// The binary `registrar`.
    pub(crate) binary: PathBuf,
    /// An empty folder.
    pub(crate) folder: PathBuf,
}

fn fresh(name: &str) -> Outcome<Workplace> {
    let folder = scratch(name)?;
    Ok(Workplace { binary: registrar(None, false, &folder)?, folder })
}
