//! A private PostgreSQL server for one run: its own folder, a free loopback port, checksums and syncs on.
//!
//! Knows nothing of what is stored in it. Invariant: the server ends with its handle, and what a command is told to be in
//! the database was asked of the server.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::machine::free_port;
use crate::process::{output, run};

/// Where Debian's postgresql-15 has its programs, which are not in the search path.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// A running server.
pub(crate) struct PrivatePostgres {
    data: PathBuf,
    port: u16,
    settings: Vec<String>,
}

impl PrivatePostgres {
    /// The superuser; who can reach the loopback address of this machine can be it.
    pub(crate) const USER: &'static str = "registrar";

    /// A program that comes with the server, run as whoever runs this command.
    pub(crate) fn program(name: &str) -> Outcome<Command> {
        Ok(Command::new(installed(name)?))
    }

    /// Makes a server's data in `folder` and starts it; settings are written as `name=value`.
    pub(crate) fn start(folder: &Path, settings: &[&str]) -> Outcome<Self> {
        let data = reachable(folder)?;
        let mut initdb = as_server("initdb")?;
        initdb.args(["--auth=trust", "--data-checksums", "--encoding=UTF8", "--locale=C"]);
        run(initdb.args(["--username", Self::USER, "--pgdata"]).arg(&data).stdout(Stdio::null()))?;
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let server = Self { data, port: free_port()?, settings };
        server.resume()?;
        Ok(server)
    }

    /// Starts a replica for which each commit waits from then on, until that many milliseconds after it was written.
    pub(crate) fn confirming_replica(&self, folder: &Path, milliseconds: u32) -> Outcome<Self> {
        let data = reachable(folder)?;
        let mut copy = as_server("pg_basebackup")?;
        copy.args(["--host=127.0.0.1", "--port", &self.port.to_string(), "--username", Self::USER]);
        run(copy.args(["--checkpoint=fast", "--write-recovery-conf", "--pgdata"]).arg(&data))?;
        let settings = vec![format!("recovery_min_apply_delay={milliseconds}ms")];
        let replica = Self { data, port: free_port()?, settings };
        replica.resume()?;
        self.sql("postgres", "ALTER SYSTEM SET synchronous_commit = remote_apply")?;
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        Ok(replica)
    }

    /// Starts it again where it was stopped.
    pub(crate) fn resume(&self) -> Outcome<()> {
        let own = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"];
        let settings = own.into_iter().chain(self.settings.iter().map(String::as_str));
        let settings: Vec<String> = settings.map(|setting| format!("-c {setting}")).collect();
        let options = format!("--options=-p {} {}", self.port, settings.join(" "));
        let log = self.log();
        self.pg_ctl(&["--wait", "--timeout=60", &options, &format!("--log={}", log.display()), "start"])
            .map_err(|why| {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                format!("PostgreSQL does not start: {why}\n{said}").into()
            })
    }

    /// Stops it as a crash would (`immediate`) or in order (`fast`).
    pub(crate) fn stop(&self, mode: &str) -> Outcome<()> {
        self.pg_ctl(&["--wait", &format!("--mode={mode}"), "stop"])
    }

    /// Its port of the loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its first process, whose children are all others.
    pub(crate) fn pid(&self) -> Outcome<u32> {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid"))?;
        Ok(file.lines().next().ok_or("postmaster.pid is empty")?.trim().parse()?)
    }

    /// The URL of a database of it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{}@127.0.0.1:{}/{database}", Self::USER, self.port)
    }

    /// Its own log.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.join("server.log")
    }

    /// Makes an empty database and returns its URL.
    pub(crate) fn database(&self, name: &str) -> Outcome<String> {
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url(name))
    }

    /// Runs SQL; the rows, columns parted by `|`.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Outcome<String> {
        let mut psql = Self::program("psql")?;
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--host=127.0.0.1", "--port", &self.port.to_string(), "--username", Self::USER]);
        let rows = output(psql.args(["--dbname", database, "--command", sql]))?;
        Ok(rows.trim_end().to_owned())
    }

    /// The server must not hold this command's output open.
    fn pg_ctl(&self, arguments: &[&str]) -> Outcome<()> {
        let mut command = as_server("pg_ctl")?;
        command.arg("--pgdata").arg(&self.data).args(arguments);
        run(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // It may be stopped already. Nobody reads what it held.
        let _ = self.stop("immediate");
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn installed(program: &str) -> Outcome<PathBuf> {
    let program = Path::new(PROGRAMS).join(program);
    if program.exists() {
        return Ok(program);
    }
    Err("PostgreSQL 15 is needed: on Debian, `apt-get install postgresql-15`".into())
}

/// PostgreSQL refuses to run as root.
fn as_server(program: &str) -> Outcome<Command> {
    let program = installed(program)?;
    let mut command = Command::new("setpriv");
    let mut command = if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // The server's user need not be able to enter the folder that this command runs in.
    command.current_dir("/");
    Ok(command)
}

/// An empty folder that the server's user owns: inside `folder`, or where that user cannot get there, among the
/// temporary ones.
fn reachable(folder: &Path) -> Outcome<PathBuf> {
    let inside = folder.join("postgres");
    std::fs::create_dir_all(&inside)?;
    std::fs::set_permissions(&inside, PermissionsExt::from_mode(0o700))?;
    if !is_root() {
        return Ok(inside);
    }
    let beside = std::env::temp_dir().join(format!("registrar-xtask-{}", std::process::id()));
    for data in [inside, beside] {
        std::fs::create_dir_all(&data)?;
        std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700))?;
        run(Command::new("chown").arg("postgres").arg(&data))?;
        let mut enter = Command::new("setpriv");
        enter.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "test", "-x"]).arg(&data);
        if enter.current_dir("/").status()?.success() {
            return Ok(data);
        }
    }
    Err("the user postgres can enter neither the build folder nor the temporary one".into())
}
