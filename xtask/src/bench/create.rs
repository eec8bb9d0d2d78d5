//! `cargo xtask bench create`: rounds of Registrar and of the echo server in turn, at several numbers of connections.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bench::CreateArguments;
use crate::bench::report::{Report, Row};
use crate::bench::round::{Measured, Prepared, round};
use crate::load::{Connections, Signer};
use crate::machine::{fresh_seed, project};
use crate::process::{built_executable, run};
use crate::server::{Credentials, Launch, Server, Starting, registrar, scratch};

/// A warm-up round before the first measured one, which also tells how many requests a round needs.
const WARM_UP: Duration = Duration::from_secs(1);

/// Requests made for the warm-up.
const WARM_UP_REQUESTS: usize = 60_000;

/// Requests made for a round however few the last one sent.
const COUNT_MIN: usize = 2_000;

/// Writes timed for the cost of making 4 KiB durable.
const DISK_WRITES: usize = 400;

/// A server under measurement, and what its rounds gave.
struct Side {
    server: Server,
    signer: Signer,
    answers_per_second: usize,
    rounds: Vec<Measured>,
}

/// Runs the benchmark, prints the table and writes the JSON.
pub(crate) fn create(arguments: &CreateArguments) -> Outcome<()> {
    let folder = scratch("bench")?;
    let binary = registrar(arguments.binary.as_deref(), true, &folder)?;
    let echo = ["build", "--locked", "--release", "--package", "xtask", "--example", "echo"];
    let echo = built_executable(&project(), &echo, "echo")?;
    if arguments.pin {
        pin_to_core(1)?;
    }
    let mut report = Report { pinned: arguments.pin, seconds: arguments.seconds, ..Report::default() };
    for connections in &arguments.connections {
        let own = folder.join(format!("connections-{connections}"));
        std::fs::create_dir_all(&own)?;
        let disk_us = durable_write_us(&own)?;
        let mut bench = Bench::new(&binary, &echo, &own, *connections, arguments.pin)?;
        for number in 1..=arguments.rounds {
            bench.both_sides(Duration::from_secs(arguments.seconds))?;
            println!("bench: {connections} connections, round {number} of {} done", arguments.rounds);
        }
        report.rows.push(Row {
            connections: *connections,
            disk_us,
            registrar: bench.registrar.rounds,
            echo: bench.echo.rounds,
        });
    }
    println!("{}", report.table());
    if let Some(path) = &arguments.json {
        std::fs::write(path, format!("{:#}\n", report.json()))?;
    }
    Ok(())
}

struct Bench {
    registrar: Side,
    echo: Side,
    connections: usize,
    run: u64,
    persons: u64,
}

impl Bench {
    fn new(binary: &Path, echo: &Path, folder: &Path, connections: usize, pin: bool) -> Outcome<Self> {
        let core = pin.then_some(0);
        let launch = Launch { core, ..Launch::new(binary, folder) };
        let server = launch.start()?;
        let signer = Signer::new(&Credentials::of(&launch.data)?)?;
        let registrar = Side { server, signer: signer.clone(), answers_per_second: 0, rounds: Vec::new() };
        let (run, mut persons) = (fresh_seed() & 0xFFFF_FFFF, 0);
        let (registrar, answer_bytes) = warm_up(registrar, connections, run, &mut persons)?;
        let mut command = Command::new(if pin { "taskset" } else { "nice" });
        command
            .args(if pin { ["--cpu-list", "0"] } else { ["-n", "0"] })
            .arg(echo)
            .arg(answer_bytes.to_string());
        let server = Starting::of(command, &folder.join("echo.log"))?.ready()?;
        let echo = Side { server, signer, answers_per_second: 0, rounds: Vec::new() };
        let (echo, _) = warm_up(echo, connections, run, &mut persons)?;
        Ok(Self { registrar, echo, connections, run, persons })
    }

    /// One round each; first Registrar, then echo, so that drift of the machine meets both.
    fn both_sides(&mut self, span: Duration) -> Outcome<()> {
        for side in [&mut self.registrar, &mut self.echo] {
            let measured = side.round(self.connections, span, self.run, &mut self.persons)?;
            side.rounds.push(measured);
        }
        Ok(())
    }
}

impl Side {
    fn round(
        &mut self,
        connections: usize,
        span: Duration,
        run: u64,
        persons: &mut u64,
    ) -> Outcome<Measured> {
        // Half as much again as the last round sent; a round that runs out ends early and is timed as it was.
        let seconds = usize::try_from(span.as_secs())?.max(1);
        let count = self.answers_per_second * seconds * 3 / 2 + COUNT_MIN;
        let prepared = Prepared::new(&self.signer, run, *persons, count);
        *persons += count as u64;
        let mut open = Connections::open(self.server.address, connections)?;
        let measured = round(&mut open, self.server.pid(), prepared, span)?;
        self.answers_per_second = measured.answers / seconds;
        Ok(measured)
    }
}

fn warm_up(mut side: Side, connections: usize, run: u64, persons: &mut u64) -> Outcome<(Side, usize)> {
    side.answers_per_second = WARM_UP_REQUESTS;
    let measured = side.round(connections, WARM_UP, run, persons)?;
    Ok((side, measured.answer_bytes))
}

/// Median microseconds to write 4 KiB and have them on the disk, in the folder where the database lies.
fn durable_write_us(folder: &Path) -> Outcome<f64> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::File::create(folder.join("durable"))?;
    let page = [0x5A_u8; 4096];
    let mut times = Vec::with_capacity(DISK_WRITES);
    for number in 0..DISK_WRITES {
        let before = Instant::now();
        // Over and over within 1 MiB, as a database's log is.
        file.seek(SeekFrom::Start(4096 * (number as u64 % 256)))?;
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(before.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(DISK_WRITES / 2).map_or(0.0, |time| time.as_secs_f64() * 1e6))
}

fn pin_to_core(core: usize) -> Outcome<()> {
    let own = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command.args(["--all-tasks", "--cpu-list", "--pid", &core.to_string(), &own]);
    run(command.stdout(std::process::Stdio::null()))
}
