//! `cargo xtask failovers`: three servers under load on a real cluster whose primary is struck again and again, and every
//! promise checked afterwards.
//!
//! Invariant: what counts is what a client saw on the socket, and at the end the rows on each node; no time is asserted.

mod fault;
mod table;
mod traffic;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::cluster::{self, Cluster, NODES, pause, wait_for};
use crate::fleet::{Installation, Member};
use crate::load::Findings;
use crate::machine::fresh_seed;
use crate::server::{registrar, scratch};

use fault::Deck;
use table::Event;
use traffic::{Load, drive, lock};
use watch::Watch;

/// Servers side by side.
const SERVERS: usize = 3;

/// How long the load runs on a well cluster before the next fault, at least; up to as long again.
const CALM: Duration = Duration::from_secs(3);

/// How long servers may take to store again once the cluster is well. One that is stuck does not.
const SERVED_WITHIN: Duration = Duration::from_mins(2);

/// How long the last repetition of everything may take.
const SETTLED_WITHIN: Duration = Duration::from_mins(30);

/// How long replicas may take to show what the primary has.
const CAUGHT_UP_WITHIN: Duration = Duration::from_mins(5);

/// Arguments of `cargo xtask failovers`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the primary is struck.
    #[arg(long, default_value_t = 30)]
    pub(crate) count: u32,
    /// Repeats the choices of an earlier run; the moments differ all the same.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Runs the release build instead of the one that the tests use.
    #[arg(long)]
    pub(crate) release: bool,
    /// Runs this binary instead of building one.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
}

impl Arguments {
    /// So many faults for the test run.
    pub(crate) fn short(count: u32) -> Self {
        Self { count, seed: None, release: false, binary: None }
    }
}

/// Builds the cluster, runs the faults, prints what came of it, and fails on any finding.
pub(crate) fn failovers(arguments: &Arguments) -> Outcome<()> {
    cluster::watch()?;
    let folder = scratch("failovers")?;
    let binary = registrar(arguments.binary.as_deref(), arguments.release, &folder)?;
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("failovers: {}, seed {seed}; building the cluster", arguments.count);
    let outcome = Cluster::build(&folder)
        .and_then(|mut cluster| run(arguments.count, &mut cluster, &binary, &folder, seed));
    if outcome.is_err() {
        println!("failovers: logs are in {}", folder.display());
    }
    outcome
}

fn run(count: u32, cluster: &mut Cluster, binary: &Path, folder: &Path, seed: u64) -> Outcome<()> {
    let installation = Installation::create(binary, folder, &cluster.address())?;
    let servers = installation.start(SERVERS, |_, _| {})?;
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    let load = Mutex::new(Load::new(installation.signer()?, seed, SERVERS));
    let ends = AtomicBool::new(false);
    let mut run =
        Run { cluster, servers, load: &load, deck: Deck::new(!seed), events: Vec::new(), remade: 0 };
    thread::scope(|scope| {
        let drivers: Vec<_> = (0..)
            .zip(addresses)
            .map(|(server, address)| {
                let (load, ends) = (&load, &ends);
                scope.spawn(move || drive(load, server, address, ends).map_err(|why| why.to_string()))
            })
            .collect();
        let outcome = run.strike_and_settle(count);
        ends.store(true, Ordering::SeqCst);
        for driver in drivers {
            driver.join().map_err(|_| "a thread of the load panicked")??;
        }
        outcome
    })?;
    run.count_rows()?;
    run.report(seed)
}

struct Run<'a> {
    cluster: &'a mut Cluster,
    servers: Vec<Member>,
    load: &'a Mutex<Load>,
    deck: Deck,
    events: Vec<Event>,
    remade: u64,
}

impl Run<'_> {
    fn strike_and_settle(&mut self, count: u32) -> Outcome<()> {
        for done in 1..=count {
            let spare = u32::try_from(self.deck.below(1000))?;
            pause(CALM + CALM * spare / 1000)?;
            self.strike_once().map_err(|why| format!("at fault {done}: {why}"))?;
            if let Some(event) = self.events.last() {
                let (requests, persons) = {
                    let load = lock(self.load);
                    (load.requests, load.ledger.persons())
                };
                println!(
                    "failovers: {done} {:<18} {} no writes for {:>4.1} s, {:>3} outcomes unknown; {requests} requests, \
                     {persons} persons",
                    event.fault.name(),
                    if event.moved { "a new primary," } else { "the same one,  " },
                    event.outage.any.as_secs_f64(),
                    event.outage.unknown
                );
            }
            if !lock(self.load).ledger.findings.are_none() {
                println!("failovers: something is wrong, so the loop ends here");
                break;
            }
        }
        lock(self.load).settle();
        wait_for("everything repeated and answered for good", SETTLED_WITHIN, || {
            lock(self.load).is_settled().then_some(())
        })
    }

    fn strike_once(&mut self) -> Outcome<()> {
        let fault = self.deck.draw();
        let primary = self.cluster.leader()?;
        let killed = (self.deck.below(3) == 0).then(|| self.deck.below(SERVERS));
        println!("failovers: {} ({primary})", fault.name());
        lock(self.load).watch = Watch::new(SERVERS, Instant::now());
        fault.strike(self.cluster, &primary)?;
        if let Some(server) = killed.and_then(|number| self.servers.get_mut(number)) {
            server.kill();
        }
        if fault.lasts() {
            self.cluster.wait_for_another_leader(&primary)?;
            pause(Duration::from_millis(u64::try_from(self.deck.below(5000))?))?;
        }
        fault.heal(self.cluster, &primary)?;
        self.remade += self.cluster.wait_until_well()?;
        let well_at = Instant::now();
        if let Some(server) = killed.and_then(|number| self.servers.get_mut(number)) {
            server.start()?;
        }
        wait_for("every server stores again and every unknown outcome is settled", SERVED_WITHIN, || {
            lock(self.load).watch.is_over(well_at).then_some(())
        })?;
        if self.servers.iter_mut().any(Member::has_ended) {
            return Err("a server ended by itself".into());
        }
        let outage = lock(self.load).watch.outage(killed);
        let moved = self.cluster.leader()? != primary;
        self.events.push(Event { fault, moved, outage });
        Ok(())
    }

    /// Counts on every node, replicas once they show what the primary has.
    fn count_rows(&mut self) -> Outcome<()> {
        self.cluster.wait_until_well()?;
        let leader = self.cluster.leader()?;
        let primary = self.cluster.node_address(&leader)?.to_owned();
        let rows = cluster::customers(&primary)?;
        println!("failovers: {rows} customers on the last primary");
        lock(self.load).ledger.enter_row_count(rows);
        let written = cluster::written(&primary)?;
        for replica in self.cluster.addresses().filter(|address| *address != primary) {
            wait_for("a replica that has caught up", CAUGHT_UP_WITHIN, || {
                cluster::has_replayed(replica, &written).then_some(())
            })?;
            let copied = cluster::customers(replica)?;
            if copied != rows {
                return Err(format!("{copied} customers on a replica that has caught up, not {rows}").into());
            }
        }
        Ok(())
    }

    fn report(&self, seed: u64) -> Outcome<()> {
        table::print(&self.events);
        let load = lock(self.load);
        let Findings { lost, doubled, differing, unexpected } = &load.ledger.findings;
        println!(
            "\nrequests {}, acknowledged {}, persons {}, codes {}, counted on {NODES} nodes, members made anew {}",
            load.requests,
            load.ledger.acknowledgements,
            load.ledger.persons(),
            load.ledger.codes(),
            self.remade
        );
        println!("lost {lost}, doubled {doubled}, differing retries {differing}");
        for (answer, count) in unexpected {
            println!("unexpected answer {answer}: {count}");
        }
        if load.ledger.findings.are_none() {
            Ok(())
        } else {
            Err(format!("findings; the seed was {seed}").into())
        }
    }
}
