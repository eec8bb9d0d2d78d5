//! The built server as a child process: started, awaited, killed.
//!
//! Knows the command line (contract 5) and nothing of the program's inside. Invariant: no server outlives its handle.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::machine::project;

/// How long a start may take: the first one makes keys, platforms and the database.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How long a server may take to end after SIGTERM.
const DRAIN_WITHIN: Duration = Duration::from_secs(15);

/// What `credentials.json` holds beside the address.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// Whose key it is.
    pub(crate) platform_code: String,
    /// `X-NDAX-API-KEY`.
    pub(crate) api_key: String,
    /// In base64.
    pub(crate) secret: String,
    /// `X-NDAX-PASSPHRASE`.
    pub(crate) passphrase: String,
}

impl Credentials {
    /// Reads `credentials.json` of a data folder.
    pub(crate) fn of(data: &Path) -> Outcome<Self> {
        let path = data.join("credentials.json");
        let text = std::fs::read(&path).map_err(|why| format!("credentials.json: {why}"))?;
        let json: serde_json::Value =
            serde_json::from_slice(&text).map_err(|why| format!("credentials.json is not JSON: {why}"))?;
        let member = |name: &str| {
            json.get(name)
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| format!("credentials.json has no `{name}`"))
        };
        Ok(Self {
            platform_code: member("platform_code")?,
            api_key: member("api_key")?,
            secret: member("secret")?,
            passphrase: member("passphrase")?,
        })
    }
}

/// How a server is started.
#[derive(Clone)]
pub(crate) struct Launch {
    /// The binary `registrar`; another one from the next start on is an upgrade.
    pub(crate) binary: PathBuf,
    /// The folder of `credentials.json`.
    pub(crate) data: PathBuf,
    /// The command and its flags.
    pub(crate) arguments: Vec<OsString>,
    /// Environment variables, such as `REGISTRAR_HTTP_IDLE_TIMEOUT`, and their values.
    pub(crate) variables: Vec<(String, String)>,
    /// Where its log goes.
    pub(crate) log: PathBuf,
    /// The only core it may run on.
    pub(crate) core: Option<usize>,
}

impl Launch {
    /// `registrar dev` on a data folder inside `folder`, its log beside it.
    pub(crate) fn new(binary: &Path, folder: &Path) -> Self {
        let (data, log) = (folder.join("data"), folder.join("server.log"));
        let flags = ["dev", "--no-example", "--listen", "127.0.0.1:0", "--data"].map(OsString::from);
        let arguments = flags.into_iter().chain([data.clone().into()]).collect();
        Self { binary: binary.into(), data, arguments, variables: Vec::new(), log, core: None }
    }

    /// Starts the server without waiting for it.
    pub(crate) fn begin(&self) -> Outcome<Starting> {
        let mut command = Command::new("taskset");
        let mut command = if let Some(core) = self.core {
            command.args(["--cpu-list", &core.to_string()]).arg(&self.binary);
            command
        } else {
            Command::new(&self.binary)
        };
        command.args(&self.arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Starting::of(command, &self.log)
    }

    /// Starts the server and waits until it accepts requests.
    pub(crate) fn start(&self) -> Outcome<Server> {
        self.begin()?.ready()
    }
}

/// A server that has not said yet that it is ready.
pub(crate) struct Starting {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Starting {
    /// Runs a program that prints `ready http://ADDRESS` like the server does.
    pub(crate) fn of(mut command: Command, log: &Path) -> Outcome<Self> {
        let errors = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|why| format!("{command:?} does not start: {why}"))?;
        let output = child.stdout.take().ok_or("the server has no standard output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The receiver goes away with the handle; what is printed then interests nobody.
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines, log: log.into() })
    }

    /// Waits for the `ready` line.
    pub(crate) fn ready(mut self) -> Outcome<Server> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(base_url) = line.strip_prefix("ready ") {
                        let base_url = base_url.trim().to_owned();
                        let address = base_url
                            .strip_prefix("http://")
                            .and_then(|address| address.parse().ok())
                            .ok_or_else(|| format!("`{line}` names no address"))?;
                        let child = self.child;
                        return Ok(Server { child, base_url, address, _lines: self.lines });
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    kill(&mut self.child);
                    return Err(format!("not ready within {READY_WITHIN:?}; {}", self.last_words()).into());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait()?;
                    return Err(
                        format!("ended instead of getting ready: {status}; {}", self.last_words()).into()
                    );
                }
            }
        }
    }

    /// Ends it at once (SIGKILL).
    pub(crate) fn kill(mut self) {
        kill(&mut self.child);
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default();
        format!("the end of its log:\n{}", tail.join("\n"))
    }
}

/// A server that accepts requests.
pub(crate) struct Server {
    child: Child,
    /// As printed on the `ready` line.
    pub(crate) base_url: String,
    /// The same as an address.
    pub(crate) address: SocketAddr,
    _lines: Receiver<String>,
}

impl Server {
    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Ends it at once (SIGKILL).
    pub(crate) fn kill(&mut self) {
        kill(&mut self.child);
    }

    /// Asks it to end (SIGTERM) and waits for it.
    pub(crate) fn stop(mut self) -> Outcome<ExitStatus> {
        let asked = Command::new("kill").arg(self.pid().to_string()).status()?;
        if !asked.success() {
            return Err("the server was gone before it was asked to end".into());
        }
        let until = Instant::now() + DRAIN_WITHIN;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(format!("still running {DRAIN_WITHIN:?} after SIGTERM").into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

fn kill(child: &mut Child) {
    // Both fail only where the process has ended already, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

/// An empty folder for one run under the build folder; the one of an earlier run is removed.
pub(crate) fn scratch(name: &str) -> Outcome<PathBuf> {
    let folder = crate::process::target_folder().join("xtask").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The given binary, or one built now; copied into `folder`, so that a later build changes nothing under a run.
pub(crate) fn registrar(given: Option<&Path>, release: bool, folder: &Path) -> Outcome<PathBuf> {
    let built = match given {
        Some(binary) => binary.to_owned(),
        None => build(release)?,
    };
    let copy = folder.join("registrar");
    std::fs::copy(&built, &copy).map_err(|why| format!("copying {}: {why}", built.display()))?;
    Ok(copy)
}

fn build(release: bool) -> Outcome<PathBuf> {
    // The tests' own build: another selection of packages would select other features and compile most things again.
    let tests: &[&str] = &["test", "--no-run", "--locked", "--workspace"];
    let release_build: &[&str] = &["build", "--release", "--locked", "--package", "registrar"];
    crate::process::built_executable(&project(), if release { release_build } else { tests }, "registrar")
}
