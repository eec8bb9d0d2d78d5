//! A private, real PostgreSQL server for tests: data folder, unix socket, no network, checksums and syncs on.
//!
//! Tests run in many processes; the first one starts the server, all share it, and a watcher ends it and removes its folder
//! when no test has held the lock for a while. Every test has a database of its own. Invariant: a server that cannot be
//! started fails the test.

#![expect(clippy::panic, clippy::expect_used, reason = "a server that cannot be started ends the test")]

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{FlockOperation, flock};

use crate::Address;

/// Where Debian's postgresql-15 has its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// The superuser of the private server; nobody but the socket's folder protects it.
const USER: &str = "registrar";

/// Ends the server when the lock was free twice, five seconds apart; then nobody starts a test until the folder is gone.
const WATCHER: &str = r#"
cd /
while :; do
    flock --exclusive "$0/lock" true
    sleep 5
    if flock --exclusive --nonblock --conflict-exit-code 9 "$0/lock" sh -c '
        $1 "$2/pg_ctl" --pgdata="$0/data" --mode=immediate stop; rm -rf "$0/data" "$0/socket"' "$0" "$1" "$2"
    then exit 0; fi
done
"#;

/// The folder of the shared server and the lock that keeps it running.
struct Server {
    folder: PathBuf,
    _lock: File,
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// When PostgreSQL cannot be started.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // A process of the same number may have been killed earlier in this run.
        psql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        psql("postgres", &format!("CREATE DATABASE {name}"));
        Self { name }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("postgres:///{}?host={}&user={USER}", self.name, server().folder.join("socket").display())
    }

    /// Its address.
    ///
    /// # Panics
    /// Never: the URL is one.
    pub fn address(&self) -> Address {
        Address::parse(&self.url()).expect("a test server's address")
    }

    /// Runs SQL as another program would; the rows, columns parted by `|`.
    pub fn sql(&self, sql: &str) -> String {
        psql(&self.name, sql)
    }

    /// Ends every connection to it.
    pub fn end_connections(&self) {
        let name = &self.name;
        psql(
            "postgres",
            &format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"),
        );
    }
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn psql(database: &str, sql: &str) -> String {
    let socket = server().folder.join("socket");
    let output = Command::new(program("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
        .arg("--host")
        .arg(socket)
        .args(["--username", USER, "--dbname", database, "--command", sql])
        .output()
        .expect("psql");
    assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        assert!(
            program("postgres").exists(),
            "PostgreSQL 15 is needed: run `cargo xtask test`, which installs it, or `apt-get install postgresql-15`"
        );
        let folder =
            std::env::temp_dir().join(format!("registrar-test-postgres-{}", rustix::process::getuid().as_raw()));
        std::fs::create_dir_all(&folder).expect("a folder for the server");
        loop {
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(folder.join("lock"))
                .expect("the lock's file");
            flock(&lock, FlockOperation::LockExclusive).expect("the lock");
            if !answers(&folder) {
                start(&folder);
            }
            // Changing the lock lets go of it for a moment, in which the watcher may have ended the server.
            flock(&lock, FlockOperation::LockShared).expect("the lock");
            if answers(&folder) {
                return Server { folder, _lock: lock };
            }
        }
    })
}

fn program(name: &str) -> PathBuf {
    Path::new(PROGRAMS).join(name)
}

fn answers(folder: &Path) -> bool {
    let mut ready = Command::new(program("pg_isready"));
    ready.arg("--quiet").arg("--host").arg(folder.join("socket"));
    ready.status().is_ok_and(|status| status.success())
}

/// PostgreSQL refuses to run as root.
fn as_server(program: &Path) -> Command {
    if !rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn run(what: &str, command: &mut Command) {
    let output = command.stdin(Stdio::null()).current_dir("/").output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{what} failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("{what} could not be run: {error}"),
    }
}

fn start(folder: &Path) {
    let (data, socket) = (folder.join("data"), folder.join("socket"));
    for old in [&data, &socket] {
        // What an interrupted run left behind; most often there is nothing.
        let _ = std::fs::remove_dir_all(old);
        std::fs::create_dir_all(old).expect("the server's folder");
    }
    if rustix::process::getuid().is_root() {
        run("chown", Command::new("chown").arg("postgres").arg(&data).arg(&socket));
    }
    let mut initdb = as_server(&program("initdb"));
    run(
        "initdb",
        initdb
            .args(["--auth=trust", "--data-checksums", "--encoding=UTF8", "--locale=C", "--username", USER])
            .arg("--pgdata")
            .arg(&data),
    );
    let options = format!(
        "-c listen_addresses= -c unix_socket_directories={} -c max_connections=200 -c fsync=on -c autovacuum=off",
        socket.display()
    );
    let mut pg_ctl = as_server(&program("pg_ctl"));
    pg_ctl.args(["--wait", "--timeout=60", "--options", &options, "--log"]).arg(data.join("server.log"));
    // The server must not hold the test's output open.
    let status = pg_ctl
        .arg("--pgdata")
        .arg(&data)
        .arg("start")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let log = || std::fs::read_to_string(data.join("server.log")).unwrap_or_default();
    assert!(status.is_ok_and(|status| status.success()), "PostgreSQL does not start: {}", log());
    watch(folder);
}

fn watch(folder: &Path) {
    let user = if rustix::process::getuid().is_root() {
        "setpriv --reuid=postgres --regid=postgres --clear-groups"
    } else {
        ""
    };
    let watcher = Command::new("setsid")
        .args(["--fork", "sh", "-c", WATCHER])
        .arg(folder)
        .args([user, PROGRAMS])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(watcher.is_ok_and(|status| status.success()), "setsid could not be run");
}
