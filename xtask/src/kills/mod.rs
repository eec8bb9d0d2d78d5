//! `cargo xtask kills`: SIGKILL under load, again and again, and every promise checked afterwards.
//!
//! Invariant: what counts is what a client saw on the socket, never what the server says of itself.

mod rows;
mod traffic;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::load::{Connections, Dice, Findings, Signer};
use crate::machine::fresh_seed;
use crate::server::{Credentials, Launch, Server, registrar, scratch};

use traffic::Load;

/// Acknowledged requests repeated after each restart, under load.
const SAMPLE: usize = 200;

/// How long answers that the kernel already holds may take to be read after a kill.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// How long the last repetition of everything may take.
const SETTLED_WITHIN: Duration = Duration::from_mins(5);

/// Arguments of `cargo xtask kills`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 200)]
    pub(crate) count: u32,
    /// The longest time under load between two kills, in milliseconds; each time is drawn anew.
    #[arg(long, default_value_t = 400)]
    pub(crate) milliseconds: u64,
    /// Connections under load.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// Repeats the choices of an earlier run; the moments of the kills differ all the same.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Kills the release build instead of the one that the tests use.
    #[arg(long)]
    pub(crate) release: bool,
    /// Kills this binary instead of building one.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
}

impl Arguments {
    /// A loop of so many kills for the test run.
    pub(crate) fn short(count: u32) -> Self {
        Self { count, milliseconds: 300, connections: 32, seed: None, release: false, binary: None }
    }
}

/// Runs the loop, prints what came of it, and fails on any finding.
pub(crate) fn kills(arguments: &Arguments) -> Outcome<()> {
    let folder = scratch("kills")?;
    let binary = registrar(arguments.binary.as_deref(), arguments.release, &folder)?;
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("kills: {} under load, seed {seed}", arguments.count);
    let mut run = Run::new(&binary, folder, seed)?;
    for done in 1..=arguments.count {
        run.kill_once(arguments)?;
        if done % 20 == 0 {
            let requests = run.load.requests;
            println!("kills: {done}, {requests} requests, {} persons", run.load.ledger.persons());
        }
        if !run.load.ledger.findings.are_none() {
            println!("kills: something is wrong after {done} kills, so the loop ends here");
            break;
        }
    }
    run.settle(arguments.connections)?;
    run.report(seed)
}

struct Run {
    launch: Launch,
    folder: PathBuf,
    credentials: Credentials,
    load: Load,
    dice: Dice,
    under_load: u32,
    in_start: u32,
    in_first_start: u32,
    start_time: Duration,
}

impl Run {
    fn new(binary: &Path, folder: PathBuf, seed: u64) -> Outcome<Self> {
        let launch = Launch::new(binary, &folder);
        let before = Instant::now();
        launch.start()?.stop()?;
        let start_time = before.elapsed();
        let credentials = Credentials::of(&launch.data)?;
        let load = Load::new(Signer::new(&credentials)?, seed);
        let dice = Dice::new(!seed);
        Ok(Self {
            launch,
            folder,
            credentials,
            load,
            dice,
            under_load: 0,
            in_start: 0,
            in_first_start: 0,
            start_time,
        })
    }

    fn kill_once(&mut self, arguments: &Arguments) -> Outcome<()> {
        match self.dice.below(20) {
            0 => self.kill_in_first_start(),
            1..=3 => self.kill_in_start(),
            _ => self.kill_under_load(arguments),
        }
    }

    fn kill_under_load(&mut self, arguments: &Arguments) -> Outcome<()> {
        let mut server = self.start()?;
        let mut connections = Connections::open(server.address, arguments.connections)?;
        self.load.repeat(SAMPLE);
        let span = Duration::from_millis(arguments.milliseconds).mul_f64(self.fraction());
        connections.run_until(Instant::now() + span, &mut self.load)?;
        if server.has_ended() {
            return Err("the server ended by itself under load".into());
        }
        server.kill();
        connections.drain(Instant::now() + LAST_ANSWERS_WITHIN, &mut self.load)?;
        self.under_load += 1;
        Ok(())
    }

    /// A start is cut off somewhere; the next one has to cope.
    fn kill_in_start(&mut self) -> Outcome<()> {
        let starting = self.launch.begin()?;
        std::thread::sleep(self.start_time.mul_f64(self.fraction()));
        starting.kill();
        self.in_start += 1;
        Ok(())
    }

    /// The start that makes keys, database and platform is cut off; the next one must finish the work.
    fn kill_in_first_start(&mut self) -> Outcome<()> {
        let folder = self.folder.join(format!("first-{}", self.in_first_start));
        std::fs::create_dir_all(&folder)?;
        let launch = Launch::new(&self.launch.binary, &folder);
        let starting = launch.begin()?;
        std::thread::sleep(self.start_time.mul_f64(self.fraction()));
        starting.kill();
        launch
            .start()
            .map_err(|why| format!("a first start was cut off, and the second failed: {why}"))?
            .stop()?;
        Credentials::of(&launch.data)?;
        std::fs::remove_dir_all(&folder)?;
        self.in_first_start += 1;
        Ok(())
    }

    fn start(&mut self) -> Outcome<Server> {
        let server = self.launch.start()?;
        if Credentials::of(&self.launch.data)? != self.credentials {
            return Err("after a restart credentials.json names another key".into());
        }
        Ok(server)
    }

    /// Repeats everything that is open and everything that was ever acknowledged, then counts rows.
    fn settle(&mut self, connections: usize) -> Outcome<()> {
        let server = self.start()?;
        let mut connections = Connections::open(server.address, connections)?;
        let until = Instant::now() + SETTLED_WITHIN;
        self.load.makes_new = false;
        self.load.repeat(usize::MAX);
        loop {
            connections.run_until(until, &mut self.load)?;
            if Instant::now() >= until {
                return Err(
                    format!("requests are still open after {SETTLED_WITHIN:?} of repeating them").into()
                );
            }
            if self.load.is_spent() && self.load.ledger.open().next().is_none() {
                break;
            }
            if !self.load.ledger.findings.are_none() {
                break;
            }
            if self.load.is_spent() {
                self.load.repeat(0);
            }
        }
        drop(connections);
        server.stop()?;
        let rows = rows::customers(&self.launch.data, &self.folder)?;
        self.load.ledger.enter_row_count(rows);
        Ok(())
    }

    fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.dice.below(1000)).unwrap_or(0)) / 1000.0
    }

    fn report(&self, seed: u64) -> Outcome<()> {
        let Self { under_load, in_start, in_first_start, .. } = self;
        let ledger = &self.load.ledger;
        let Findings { lost, doubled, differing, unexpected } = &ledger.findings;
        println!(
            "kills {} ({under_load} under load, {in_start} in a start, {in_first_start} in a first start)",
            under_load + in_start + in_first_start
        );
        println!(
            "requests {}, acknowledged {}, persons {}, codes {}",
            self.load.requests,
            ledger.acknowledgements,
            ledger.persons(),
            ledger.codes()
        );
        println!("lost {lost}, doubled {doubled}, differing retries {differing}");
        for (answer, count) in unexpected {
            println!("unexpected answer {answer}: {count}");
        }
        if ledger.findings.are_none() { Ok(()) } else { Err(format!("findings; the seed was {seed}").into()) }
    }
}
