//! `cargo xtask rolling`: three servers behind HAProxy, each restarted in turn under half of the load they can bear.
//!
//! Follows the steps of docs/clusters.md, "Upgrade without downtime". Invariant: a request that a client did not see
//! answered 200 fails the run.

mod balancer;
mod load;
mod outage;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::fleet::{Installation, Member};
use crate::load::Connections;
use crate::machine::fresh_seed;
use crate::private_postgres::PrivatePostgres;
use crate::server::{registrar, scratch};

pub(crate) use balancer::HAPROXY;
use balancer::{Balancer, SERVERS};
use load::Load;

/// How long a request may take; HAProxy itself gives up after 30 s.
const ANSWERED_WITHIN: Duration = Duration::from_secs(40);

/// The load is looked after this often, so that its requests are spread evenly.
const TICK: Duration = Duration::from_millis(2);

/// Which part of the planned requests must have been sent, or the load was none.
const SENT_MIN: f64 = 0.9;

/// Arguments of `cargo xtask rolling`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often each server is restarted.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long the highest rate is measured.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections of clients.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// The load under which servers are restarted, in per cent of the highest rate.
    #[arg(long, default_value_t = 50.0)]
    percent: f64,
    /// Kills each server (SIGKILL) instead of ending it in order: a crash, which the balancer's retries must hide.
    #[arg(long)]
    kill: bool,
    /// Starts the release build instead of the one that the tests use.
    #[arg(long)]
    release: bool,
    /// Starts this binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Arguments {
    /// One round for the test run.
    pub(crate) fn short() -> Self {
        Self {
            rounds: 1,
            seconds: 2,
            connections: 32,
            percent: 50.0,
            kill: false,
            release: false,
            binary: None,
        }
    }
}

/// Restarts the servers under load, prints what came of it, and fails if a single request failed.
pub(crate) fn rolling(arguments: &Arguments) -> Outcome<()> {
    let folder = scratch("rolling")?;
    let binary = registrar(arguments.binary.as_deref(), arguments.release, &folder)?;
    let postgres = PrivatePostgres::start(&folder, &[])?;
    let installation = Installation::create(&binary, &folder, &postgres.database("registrar")?)?;
    // What an operator gets: the default of http.drain_delay.
    let mut members = installation.start(SERVERS, |_, launch| {
        launch.variables.retain(|(name, _)| name != "REGISTRAR_HTTP_DRAIN_DELAY");
    })?;
    let mut balancer = Balancer::start(&folder, &members)?;
    let mut connections = Connections::open(balancer.address, arguments.connections)?;
    let mut load = Load::new(installation.signer()?, fresh_seed());
    let highest = highest_rate(&mut connections, &mut load, Duration::from_secs(arguments.seconds))?;
    let rate = highest * arguments.percent / 100.0;
    println!("rolling: {highest:.0} creates/s at most through HAProxy; restarting at {rate:.0}/s");
    let begun = Instant::now();
    let is_over = AtomicBool::new(false);
    let restarted = thread::scope(|scope| {
        let under_load = scope.spawn(|| run_paced(&mut connections, &mut load, rate, &is_over));
        let restarted = restart_all(&mut members, &mut balancer, arguments);
        is_over.store(true, Ordering::Relaxed);
        under_load.join().map_err(|_| "the load panicked")??;
        restarted
    });
    let elapsed = begun.elapsed().as_secs_f64();
    report(&mut load, &balancer, elapsed)?;
    restarted?;
    for (number, member) in members.iter_mut().enumerate() {
        member.kill();
        balancer.wait_until(number, "DOWN")?;
    }
    outage::check_answer(balancer.address, &installation.signer()?)?;
    println!("rolling: without servers HAProxy answers as Registrar does, with Retry-After");
    let rows: u64 = postgres.sql("registrar", "SELECT count(*) FROM customers")?.parse()?;
    println!("rolling: {} answers 200 in all, {rows} customers stored", load.accepted);
    match (load.failed.values().sum::<u64>(), load.accepted == rows) {
        (0, true) => Ok(()),
        (0, false) => Err("not every answer 200 is one customer".into()),
        (failed, _) => Err(format!("{failed} requests failed").into()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer answers than 2^52")]
fn highest_rate(connections: &mut Connections, load: &mut Load, span: Duration) -> Outcome<f64> {
    // New connections, plans and pages are no part of what the fleet can bear for long.
    connections.run_until(Instant::now() + span / 4, load)?;
    let (begun, before) = (Instant::now(), load.accepted);
    connections.run_until(begun + span, load)?;
    let rate = (load.accepted - before) as f64 / begun.elapsed().as_secs_f64();
    connections.drain(Instant::now() + ANSWERED_WITHIN, load)?;
    if load.failed.is_empty() {
        Ok(rate)
    } else {
        Err(format!("requests failed before any restart: {:?}", load.failed).into())
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^52")]
fn run_paced(
    connections: &mut Connections,
    load: &mut Load,
    rate: f64,
    is_over: &AtomicBool,
) -> Result<(), String> {
    let failed = |why: std::io::Error| why.to_string();
    load.pace(rate);
    while !is_over.load(Ordering::Relaxed) {
        let until = Instant::now() + TICK;
        connections.run_until(until, load).map_err(failed)?;
        thread::sleep(until.saturating_duration_since(Instant::now()));
    }
    let planned = load.planned();
    connections.drain(Instant::now() + ANSWERED_WITHIN, load).map_err(failed)?;
    if load.sent as f64 >= planned * SENT_MIN {
        Ok(())
    } else {
        Err(format!("only {} of {planned:.0} planned requests were sent", load.sent))
    }
}

/// The operator's steps, for each server: end it, start it, wait until the balancer uses it again.
fn restart_all(members: &mut [Member], balancer: &mut Balancer, arguments: &Arguments) -> Outcome<()> {
    for round in 1..=arguments.rounds {
        for (number, member) in members.iter_mut().enumerate() {
            if member.has_ended() {
                return Err(format!("server {} ended by itself", number + 1).into());
            }
            let begun = Instant::now();
            if arguments.kill {
                member.kill();
                // Only then does the wait below mean that the balancer has found it up again.
                balancer.wait_until(number, "DOWN")?;
            } else {
                let status = member.stop()?;
                if !status.success() {
                    return Err(format!("server {} did not end well: {status}", number + 1).into());
                }
            }
            let ended = begun.elapsed();
            member.start()?;
            let started = begun.elapsed();
            balancer.wait_until(number, "UP")?;
            println!(
                "rolling: round {round}, server {}: ended after {ended:.1?}, ready after {started:.1?}, in use after {:.1?}",
                number + 1,
                begun.elapsed()
            );
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^52")]
fn report(load: &mut Load, balancer: &Balancer, elapsed: f64) -> Outcome<()> {
    load.latencies.sort_unstable();
    let at = |permille: usize| {
        let rank = (load.latencies.len() * permille / 1000).min(load.latencies.len().saturating_sub(1));
        load.latencies.get(rank).copied().unwrap_or_default()
    };
    let failed: u64 = load.failed.values().sum();
    println!(
        "rolling: {} requests in {elapsed:.1} s ({:.0}/s), {failed} failed; p50 {:.1?}, p99 {:.1?}, p99.9 {:.1?}, longest {:.1?}",
        load.sent,
        load.sent as f64 / elapsed,
        at(500),
        at(990),
        at(999),
        at(1000)
    );
    for (what, count) in &load.failed {
        println!("rolling: {count} × {what}");
    }
    println!(
        "rolling: HAProxy retried {}, sent elsewhere {}, failed connections {}, failed answers {}",
        balancer.total("wretr")?,
        balancer.total("wredis")?,
        balancer.total("econ")?,
        balancer.total("eresp")?
    );
    Ok(())
}
