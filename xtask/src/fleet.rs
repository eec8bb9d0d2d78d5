//! Several built servers side by side on one database, each a process on ports of its own.
//!
//! The installation is made by the real commands. Knows nothing of where the database is. Invariant: no server outlives
//! its handle, and a server comes back on the addresses it had.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::load::{Signer, get};
use crate::machine::{free_port, switches};
use crate::process::output;
use crate::server::{Credentials, Launch, Server};

/// How long a server that accepts requests may take until it says that it can store.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// What several servers share: a database of this release's schema, a master key, a platform and a key of it.
pub(crate) struct Installation {
    /// The binary `registrar`.
    pub(crate) binary: PathBuf,
    /// Where key, credentials and logs are.
    pub(crate) folder: PathBuf,
    /// The platform's key.
    pub(crate) credentials: Credentials,
    database: String,
}

impl Installation {
    /// Makes one on an empty database, in an existing folder.
    pub(crate) fn create(binary: &Path, folder: &Path, database: &str) -> Outcome<Self> {
        let command = |arguments: &[&str]| {
            let mut command = Command::new(binary);
            command.current_dir(folder).args(arguments);
            command
        };
        let installed = |arguments: &[&str]| {
            let mut command = command(arguments);
            output(command.args(["--database", database, "--master-key-file", "master.key"]))
        };
        output(&mut command(&["master-key", "create", "master.key"]))?;
        installed(&["migrate"])?;
        let platform = installed(&["platform", "create", "Acme", "--enable-customers", "--json"])?;
        let platform: serde_json::Value = serde_json::from_str(&platform)?;
        let code = platform.get("platform_code").and_then(serde_json::Value::as_str);
        let code = code.ok_or("`platform create` names no platform_code")?;
        let base_url = ["--base-url", "http://127.0.0.1", "--out", "credentials.json"];
        installed(&[&["key", "create", "--platform", code], &base_url[..]].concat())?;
        Ok(Self {
            binary: binary.into(),
            folder: folder.into(),
            credentials: Credentials::of(folder)?,
            database: database.to_owned(),
        })
    }

    /// Signs requests of its platform.
    pub(crate) fn signer(&self) -> Outcome<Signer> {
        Signer::new(&self.credentials)
    }

    /// A server that is not started yet, on free ports; its log is `server-NUMBER.log` in the folder. It ends without
    /// waiting for a balancer to notice.
    pub(crate) fn member(&self, number: usize) -> Outcome<Member> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let private = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let listen = address.to_string();
        let flags = ["serve", "--listen", &listen, "--database", &self.database, "--master-key-file"];
        let key = self.folder.join("master.key");
        let launch = Launch {
            binary: self.binary.clone(),
            data: self.folder.clone(),
            arguments: flags.map(OsString::from).into_iter().chain([key.into()]).collect(),
            variables: [
                ("REGISTRAR_METRICS_LISTEN", &*private.to_string()),
                ("REGISTRAR_HTTP_DRAIN_DELAY", "0s"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            log: self.folder.join(format!("server-{number}.log")),
            core: None,
        };
        Ok(Member { address, private, launch, server: None })
    }

    /// Starts so many servers; `adjust` may change each one's command (core, variables) by its number.
    pub(crate) fn start(&self, count: usize, adjust: impl Fn(usize, &mut Launch)) -> Outcome<Vec<Member>> {
        (0..count)
            .map(|number| {
                let mut member = self.member(number)?;
                adjust(number, &mut member.launch);
                member.start()?;
                Ok(member)
            })
            .collect()
    }
}

/// What a server has done since it started.
pub(crate) struct Counts {
    /// Transactions of creates; on PostgreSQL without those that only look up.
    pub(crate) commits: f64,
    /// What was done in them.
    pub(crate) commands: f64,
    /// How often one of its threads gave up a core, or lost it.
    pub(crate) switches: f64,
}

/// One server, running or not.
pub(crate) struct Member {
    /// Where it serves the API.
    pub(crate) address: SocketAddr,
    /// Where it serves probes and metrics.
    pub(crate) private: SocketAddr,
    /// Its command; a change counts from the next start on.
    pub(crate) launch: Launch,
    server: Option<Server>,
}

impl Member {
    /// Starts it and waits until it accepts requests and `/readyz` says that it can store.
    pub(crate) fn start(&mut self) -> Outcome<()> {
        self.server = Some(self.launch.start()?);
        let until = Instant::now() + READY_WITHIN;
        while Instant::now() < until {
            if self.is_ready() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("/readyz is not 200 {READY_WITHIN:?} after the start").into())
    }

    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Server::pid)
    }

    /// Whether `/readyz` answers 200 now.
    pub(crate) fn is_ready(&self) -> bool {
        get(self.private, "/readyz").is_ok_and(|(status, _)| status == 200)
    }

    /// What it has done.
    pub(crate) fn counts(&self) -> Outcome<Counts> {
        let (_, metrics) = get(self.private, "/metrics")?;
        let figure = |name: &str| -> Outcome<f64> {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("_total "));
            Ok(line.ok_or_else(|| format!("the metrics have no {name}"))?.trim().parse()?)
        };
        Ok(Counts {
            commits: figure("registrar_store_commits")?,
            commands: figure("registrar_store_commands")?,
            switches: switches(self.pid().ok_or("the server has ended")?)?,
        })
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.server.as_mut().is_none_or(Server::has_ended)
    }

    /// Asks it to end (SIGTERM) and waits for it.
    pub(crate) fn stop(&mut self) -> Outcome<ExitStatus> {
        self.server.take().ok_or("this server does not run")?.stop()
    }

    /// Ends it at once (SIGKILL).
    pub(crate) fn kill(&mut self) {
        // Dropping the handle kills.
        self.server = None;
    }
}
