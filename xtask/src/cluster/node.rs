//! One node: etcd, Patroni and the PostgreSQL that Patroni starts, in a network namespace of its own.
//!
//! Knows how to start, kill and freeze what runs there, not what it is good for. Processes are found by their namespace
//! and ended by their numbers. Invariant: none of them outlives the handle.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;
use crate::cluster::network::processes;
use crate::process::run;

/// The user that PostgreSQL runs as: it refuses to run as root.
const USER: &str = "postgres";

/// How often the processes of a node are looked for again: they may start others while they are being stopped.
const ROUNDS_MAX: u32 = 100;

/// A node.
pub(crate) struct Node {
    /// As Patroni and etcd know it.
    pub(crate) name: String,
    /// How clients reach it.
    pub(crate) address: String,
    namespace: String,
    folder: PathBuf,
    logs: PathBuf,
    etcd: Option<Child>,
    patroni: Option<Child>,
}

impl Node {
    /// A node whose configuration and data are in `folder`; its logs go to `logs`. Both exist.
    pub(crate) fn new(
        name: String,
        address: String,
        namespace: String,
        folder: PathBuf,
        logs: &Path,
    ) -> Outcome<Self> {
        run(Command::new("chown").args(["-R", &format!("{USER}:")]).arg(&folder))?;
        Ok(Self { name, address, namespace, folder, logs: logs.into(), etcd: None, patroni: None })
    }

    /// Starts etcd and Patroni, or the one of them that has ended, as a supervisor does.
    pub(crate) fn start(&mut self) -> Outcome<()> {
        let (etcd, patroni) = (self.folder.join("etcd.yml"), self.folder.join("patroni.yml"));
        if has_ended(&mut self.etcd) {
            self.etcd = Some(self.spawn("etcd", &[Path::new("etcd"), Path::new("--config-file"), &etcd])?);
        }
        if has_ended(&mut self.patroni) {
            self.patroni = Some(self.spawn("patroni", &[Path::new("patroni"), &patroni])?);
        }
        Ok(())
    }

    fn spawn(&self, log: &str, program: &[&Path]) -> Outcome<Child> {
        let log = self.logs.join(format!("{}-{log}.log", self.name));
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]);
        command.args(["setpriv", "--reuid", USER, "--regid", USER, "--init-groups"]).args(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // Ctrl-C is for this program, which then ends the node in order.
        command.process_group(0);
        Ok(command.spawn().map_err(|why| format!("`ip netns exec` does not start: {why}"))?)
    }

    /// Kills the server process of PostgreSQL alone (SIGKILL).
    pub(crate) fn kill_postgres(&self) -> Outcome<()> {
        let file = self.folder.join("data").join("postmaster.pid");
        let text = std::fs::read_to_string(&file).map_err(|why| format!("{}: {why}", file.display()))?;
        let number = text.lines().next().and_then(|line| line.trim().parse().ok());
        let process = number.and_then(Pid::from_raw).ok_or("postmaster.pid names no process")?;
        Ok(kill_process(process, Signal::KILL)?)
    }

    /// Kills everything on the node (SIGKILL).
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        end_all(&self.namespace)?;
        for mut child in [self.etcd.take(), self.patroni.take()].into_iter().flatten() {
            child.wait()?;
        }
        Ok(())
    }

    /// Stops everything on the node where it is (SIGSTOP).
    pub(crate) fn freeze(&self) -> Outcome<()> {
        for _ in 0..ROUNDS_MAX {
            let running: Vec<_> =
                processes(&self.namespace)?.into_iter().filter(|process| !is_stopped(*process)).collect();
            if running.is_empty() {
                return Ok(());
            }
            signal(&running, Signal::STOP);
        }
        Err(format!("{} does not stop running", self.name).into())
    }

    /// Lets everything on the node go on.
    pub(crate) fn thaw(&self) -> Outcome<()> {
        signal(&processes(&self.namespace)?, Signal::CONT);
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Where it fails the next start finds the namespace and tries again.
        let _ = self.kill();
    }
}

fn has_ended(child: &mut Option<Child>) -> bool {
    child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
}

/// Kills every process of a namespace and waits until they are gone.
pub(crate) fn end_all(namespace: &str) -> Outcome<()> {
    for _ in 0..ROUNDS_MAX {
        let left = processes(namespace)?;
        if left.is_empty() {
            return Ok(());
        }
        signal(&left, Signal::KILL);
        sleep(Duration::from_millis(20));
    }
    Err(format!("processes in {namespace} survive SIGKILL").into())
}

fn signal(processes: &[i32], signal: Signal) {
    for process in processes.iter().filter_map(|process| Pid::from_raw(*process)) {
        // Fails where it has ended by itself.
        let _ = kill_process(process, signal);
    }
}

/// Whether a process is stopped or gone: the state is the first field behind the name (proc(5)).
fn is_stopped(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with(['T', 'Z', 'X']))
}
