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

/// User and system CPU time of a whole process, ended threads included.
pub(crate) fn cpu_time(pid: u32) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = cpu_ticks(&stat).ok_or("/proc/PID/stat has another form than proc(5) says")?;
    Ok(Duration::from_secs_f64(ticks / ticks_per_second()?))
}

/// Fields 14 and 15 of proc(5); the second field may hold blanks but ends with the last parenthesis.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_found_behind_a_name_with_blanks_and_parentheses() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 130 20 0 0 20 0 1 0";
        assert_eq!(cpu_ticks(stat), Some(150.0));
    }

    #[test]
    fn memory_of_this_process_is_known() {
        assert!(memory_bytes(std::process::id(), "VmRSS").unwrap() > 0);
        assert!(memory_bytes(std::process::id(), "VmNone").is_err());
    }
}
