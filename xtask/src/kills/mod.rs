//! `cargo xtask kills`: SIGKILL under load, again and again, and every promise checked afterwards.
//!
//! Invariant: what counts is what a client saw on the socket, never what the server says of itself.

mod filled;
mod rows;
mod starts;
mod traffic;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::load::{Connections, Dice, Findings, Signer};
use crate::machine::fresh_seed;
use crate::server::{Credentials, Launch, Server, registrar, scratch};

use filled::Filled;
use starts::Starts;
use traffic::Load;

/// Acknowledged requests repeated after each restart, under load, and as many for customers that were there before.
const SAMPLE: usize = 200;

/// How many of the customers that were there before the first kill are asked for again.
const FILLED_ASKED: usize = 2_000;

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
    /// Fills the database with so many customers before the first kill: afterwards each must be there unchanged, and some
    /// are asked for again after every kill.
    #[arg(long, default_value_t = 0)]
    pub(crate) customers: u64,
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
        Self {
            count,
            milliseconds: 300,
            connections: 32,
            customers: 0,
            seed: None,
            release: false,
            binary: None,
        }
    }
}

/// Runs the loop, prints what came of it, and fails on any finding.
pub(crate) fn kills(arguments: &Arguments) -> Outcome<()> {
    let folder = scratch("kills")?;
    let binary = registrar(arguments.binary.as_deref(), arguments.release, &folder)?;
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("kills: {} under load, seed {seed}", arguments.count);
    let mut run = Run::new(&binary, folder, seed, arguments)?;
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
    run.report(seed)?;
    // Gigabytes where it was filled; after findings they are the evidence.
    Ok(std::fs::remove_dir_all(&run.launch.data)?)
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
    filled: Filled,
    first_start_time: Duration,
    start_time: Duration,
    was_killed: bool,
    starts: Starts,
}

impl Run {
    fn new(binary: &Path, folder: PathBuf, seed: u64, arguments: &Arguments) -> Outcome<Self> {
        let launch = Launch::new(binary, &folder);
        let before = Instant::now();
        launch.start()?.stop()?;
        let first_start_time = before.elapsed();
        let credentials = Credentials::of(&launch.data)?;
        let filled = Filled::store(&launch.data, arguments.customers)?;
        let mut run = Self {
            load: Load::new(Signer::new(&credentials)?, seed),
            launch,
            folder,
            credentials,
            dice: Dice::new(!seed),
            under_load: 0,
            in_start: 0,
            in_first_start: 0,
            filled,
            first_start_time,
            start_time: first_start_time,
            was_killed: false,
            starts: Starts::default(),
        };
        if arguments.customers > 0 {
            run.ask_filled(arguments.connections)?;
        }
        Ok(run)
    }

    /// Asks for customers that are there before the first kill, so that their answers are known.
    fn ask_filled(&mut self, connections: usize) -> Outcome<()> {
        let before = Instant::now();
        let server = self.start()?;
        self.start_time = before.elapsed();
        println!("kills: the first start after filling took {:.3} s", self.start_time.as_secs_f64());
        let mut connections = Connections::open(server.address, connections)?;
        self.load.ask_filled(self.filled.count(), FILLED_ASKED);
        self.load.makes_new = false;
        self.send_all(&mut connections)?;
        self.load.makes_new = true;
        self.load.check_filled();
        drop(connections);
        server.stop()?;
        Ok(())
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
        self.was_killed = true;
        connections.drain(Instant::now() + LAST_ANSWERS_WITHIN, &mut self.load)?;
        self.under_load += 1;
        Ok(())
    }

    /// A start is cut off somewhere; the next one has to cope.
    fn kill_in_start(&mut self) -> Outcome<()> {
        let starting = self.launch.begin()?;
        std::thread::sleep(self.start_time.mul_f64(self.fraction()));
        starting.kill();
        self.was_killed = true;
        self.in_start += 1;
        Ok(())
    }

    /// The start that makes keys, database and platform is cut off; the next one must finish the work.
    fn kill_in_first_start(&mut self) -> Outcome<()> {
        let folder = self.folder.join(format!("first-{}", self.in_first_start));
        std::fs::create_dir_all(&folder)?;
        let launch = Launch::new(&self.launch.binary, &folder);
        let starting = launch.begin()?;
        std::thread::sleep(self.first_start_time.mul_f64(self.fraction()));
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
        let before = Instant::now();
        let server = self.launch.start()?;
        if std::mem::take(&mut self.was_killed) {
            self.starts.enter(before.elapsed());
        }
        if Credentials::of(&self.launch.data)? != self.credentials {
            return Err("after a restart credentials.json names another key".into());
        }
        Ok(server)
    }

    /// Repeats everything that is open and everything that was ever acknowledged, then counts rows.
    fn settle(&mut self, connections: usize) -> Outcome<()> {
        let server = self.start()?;
        let mut connections = Connections::open(server.address, connections)?;
        self.load.makes_new = false;
        self.load.repeat(usize::MAX);
        self.send_all(&mut connections)?;
        drop(connections);
        server.stop()?;
        let rows = self.filled.read_again(&self.launch.data)?;
        self.filled.compare(&rows, &mut self.load.ledger.findings);
        // The persons of the customers that were asked for have old rows.
        self.load.ledger.enter_row_count(rows.new + self.load.filled_asked() as u64);
        Ok(())
    }

    /// Sends what is queued, and again what stays open; ends early where something is wrong.
    fn send_all(&mut self, connections: &mut Connections) -> Outcome<()> {
        let until = Instant::now() + SETTLED_WITHIN;
        loop {
            connections.run_until(until, &mut self.load)?;
            if Instant::now() >= until {
                return Err(
                    format!("requests are still open after {SETTLED_WITHIN:?} of repeating them").into()
                );
            }
            if self.load.is_spent() && self.load.ledger.open().next().is_none() {
                return Ok(());
            }
            if !self.load.ledger.findings.are_none() {
                return Ok(());
            }
            if self.load.is_spent() {
                self.load.repeat(0);
            }
        }
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
        println!("starts after a kill {}", self.starts);
        if self.filled.count() > 0 {
            println!(
                "customers before {}, asked for again {}",
                self.filled.count(),
                self.load.filled_asked()
            );
        }
        println!("lost {lost}, doubled {doubled}, differing retries {differing}");
        for (answer, count) in unexpected {
            println!("unexpected answer {answer}: {count}");
        }
        if ledger.findings.are_none() { Ok(()) } else { Err(format!("findings; the seed was {seed}").into()) }
    }
}
