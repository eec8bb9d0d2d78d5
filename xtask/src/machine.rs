//! What is read off the machine: the clock, free ports, limits, a process's CPU time and memory, where the project lies.
//!
//! The only place of this crate that asks the operating system for such things.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Outcome;

/// Whole seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a development command has no injected clock")]
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A number that differs from run to run, for seeds that are printed.
#[expect(clippy::disallowed_methods, reason = "a development command has no injected entropy")]
pub(crate) fn fresh_seed() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (u64::from(elapsed.subsec_nanos()) << 24) ^ elapsed.as_secs() ^ u64::from(std::process::id())
}

/// The folder of the workspace's `Cargo.toml`, as cargo tells it when it runs this program: a checkout may be moved,
/// and a build folder shared, after the build.
pub(crate) fn project() -> PathBuf {
    let told = std::env::var_os("CARGO_MANIFEST_DIR");
    let own = PathBuf::from(told.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()));
    own.parent().map(PathBuf::from).unwrap_or(own)
}

/// The first port that is handed out, and how many follow it. All lie below those that Linux gives to outgoing
/// connections, one of which could otherwise take the port of a server while it is restarted.
const PORTS: (u16, u16) = (15_000, 15_000);

/// A port of the loopback address on which nothing listens now, no other call's.
pub(crate) fn free_port() -> Outcome<u16> {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Commands that run side by side start at different places.
    let start = std::process::id().wrapping_mul(131);
    for _ in 0..PORTS.1 {
        let offset = start.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed).into()) % u32::from(PORTS.1);
        let port = PORTS.0 + u16::try_from(offset)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no port from {} on is free", PORTS.0).into())
}

/// Runs this process on these cores alone, such as `0` or `0-1`.
pub(crate) fn stay_on(cores: &str) -> Outcome<()> {
    let mut command = Command::new("taskset");
    command.args(["--all-tasks", "--cpu-list", "--pid", cores, &std::process::id().to_string()]);
    crate::process::run(command.stdout(std::process::Stdio::null()))
}

/// The cores that this process may use now, as `taskset` names them.
pub(crate) fn own_cores() -> Outcome<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    Ok(line.ok_or("/proc/self/status tells no cores")?.trim().to_owned())
}

/// Raises the soft limit on open files to the hard one and returns it; `None` means there is none.
pub(crate) fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current }
}

/// Whether a process is stopped by a signal.
pub(crate) fn is_stopped(pid: u32) -> Outcome<bool> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    Ok(stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T')))
}

/// User and system CPU time of processes with all that they started: what runs still, and what they waited for.
pub(crate) fn cpu_time(roots: &[u32]) -> Outcome<Duration> {
    let mut processes = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        // A process may end while the list is read.
        let stat = std::fs::read_to_string(entry?.path().join("stat"));
        processes.extend(stat.ok().as_deref().and_then(Process::parse));
    }
    let mut family: Vec<u32> = roots.to_vec();
    let mut ticks = 0.0;
    let mut next = 0;
    while let Some(pid) = family.get(next).copied() {
        let own = processes.iter().find(|process| process.pid == pid);
        ticks += own.map(|own| own.own + own.ended).ok_or_else(|| format!("the process {pid} has ended"))?;
        family.extend(processes.iter().filter(|process| process.parent == pid).map(|process| process.pid));
        next += 1;
    }
    Ok(Duration::from_secs_f64(ticks / ticks_per_second()?))
}

/// User and system CPU time of this process alone.
pub(crate) fn own_cpu_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let own = Process::parse(&stat).ok_or("/proc/self/stat has another form than proc(5) says")?;
    Ok(Duration::from_secs_f64(own.own / ticks_per_second()?))
}

/// What proc(5) says of a process: fields 1, 4, and 14 to 17, its own CPU time and that of children it waited for.
struct Process {
    pid: u32,
    parent: u32,
    own: f64,
    ended: f64,
}

impl Process {
    /// The second field may hold blanks but ends with the last parenthesis.
    fn parse(stat: &str) -> Option<Self> {
        let (before_name, _) = stat.split_once(' ')?;
        let (_, after_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
        let ticks = |from: usize| -> Option<f64> {
            fields.get(from..from + 2)?.iter().map(|field| field.parse::<f64>().ok()).sum()
        };
        let (pid, parent) = (before_name.parse().ok()?, fields.get(1)?.parse().ok()?);
        Some(Self { pid, parent, own: ticks(11)?, ended: ticks(13)? })
    }
}

fn ticks_per_second() -> Outcome<f64> {
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// A figure of `/proc/PID/status` that is given in kB, in bytes.
pub(crate) fn memory_bytes(pid: u32, name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix("kB")).ok_or("no such figure")?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

/// How often the threads that a process has now gave up a core, or lost it, since they began.
pub(crate) fn switches(pid: u32) -> Outcome<f64> {
    let mut all = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while the list is read.
        let status = std::fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        let counts = status.lines().filter_map(|line| line.split_once("voluntary_ctxt_switches:"));
        all += counts.filter_map(|(_, count)| count.trim().parse::<f64>().ok()).sum::<f64>();
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_found_behind_a_name_with_blanks_and_parentheses() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 130 20 3 4 20 0 1 0";
        let process = Process::parse(stat).unwrap();
        assert_eq!((process.pid, process.parent), (42, 1));
        assert!((process.own - 150.0).abs() < 0.1);
        assert!((process.ended - 7.0).abs() < 0.1);
    }

    #[test]
    fn the_cpu_time_of_a_process_counts_its_children_and_an_ended_one_is_an_error() {
        let mut child = Command::new("sh").args(["-c", "sleep 1 & wait"]).spawn().unwrap();
        assert!(cpu_time(&[child.id()]).is_ok());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cpu_time(&[child.id()]).is_err());
        assert!(own_cpu_time().is_ok());
    }

    #[test]
    fn switches_of_threads_are_counted() {
        let before = switches(std::process::id()).unwrap();
        std::thread::sleep(Duration::from_millis(1));
        assert!(switches(std::process::id()).unwrap() > before);
    }

    #[test]
    fn memory_of_this_process_is_known() {
        assert!(memory_bytes(std::process::id(), "VmRSS").unwrap() > 0);
        assert!(memory_bytes(std::process::id(), "VmNone").is_err());
    }
}
