//! `cargo xtask bench profile`: in which functions the embedded server spends its CPU time under load, sampled by perf.
//!
//! Samples the kernel's clock and not the processor's counters, which virtual machines seldom have.

use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::places::Workshop;
use crate::process::output;
use crate::test::tools::need;

/// Load before the samples.
const WARM_UP: Duration = Duration::from_secs(1);

/// Samples a second; not a round number, so that they do not keep step with anything.
const FREQUENCY: &str = "1999";

/// Arguments of `cargo xtask bench profile`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// The share of the samples from which on a function is named, in percent.
    #[arg(long, default_value = "0.7")]
    from_percent: String,
    #[command(flatten)]
    plan: Plan,
}

/// Samples for one turn and prints functions by their own share.
pub(crate) fn profile(arguments: &Arguments) -> Outcome<()> {
    need("perf", &["linux-perf"])?;
    let workshop = Workshop::new("profile", &arguments.plan)?;
    let place = workshop.embedded("embedded")?;
    let mut load = place.load(arguments.connections);
    load.warm_up(WARM_UP)?;
    let pid = place.target.processes.first().ok_or("no server runs")?.to_string();
    let (data, seconds) = (workshop.folder.join("perf.data"), arguments.plan.seconds.to_string());
    let mut record = Command::new("perf");
    record.args([
        "record",
        "--quiet",
        "--event",
        "cpu-clock",
        "--freq",
        FREQUENCY,
        "--pid",
        &pid,
        "--output",
    ]);
    let mut recording = record.arg(&data).args(["--", "sleep", &seconds]).spawn()?;
    let measured = load.turn(Duration::from_secs(arguments.plan.seconds))?;
    let recorded = recording.wait()?;
    if !recorded.success() {
        return Err(
            format!("perf record failed: {recorded}; see /proc/sys/kernel/perf_event_paranoid").into()
        );
    }
    let mut report = Command::new("perf");
    report.args(["report", "--stdio", "--no-children", "--percent-limit", &arguments.from_percent]);
    report.args(["--sort", "dso,symbol", "--input"]).arg(&data);
    let told = output(&mut report)?;
    let lines = told.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    println!(
        "own share, program, function; {} creates, {:.1} us of CPU each",
        measured.answers, measured.server_cpu_us
    );
    lines.for_each(|line| println!("{}", line.trim_end()));
    Ok(())
}
