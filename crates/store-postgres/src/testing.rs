//! A private, real PostgreSQL server for tests: data folder, unix socket, most often no network, checksums and syncs on.
//!
//! Tests run in many processes; the first one starts the server, all share it, and a watcher ends it and removes its folder
//! when no test has held the lock for a while. Every test has a database of its own. Invariant: a server that cannot be
//! started fails the test.

#![expect(clippy::panic, clippy::expect_used, reason = "a server that cannot be started ends the test")]

mod encrypted;

pub mod certificates;

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::Address;

pub use encrypted::PASSWORD;

/// Where Debian's postgresql-15 has its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// The superuser of the private server; nobody but the socket's folder protects it.
const USER: &str = "registrar";

/// The roles of an installation that keeps the tables' owner and the servers apart.
const OWNER: &str = "registrar_owner";
const APPLICATION: &str = "registrar_app";

/// Roles belong to the whole server, which tests share.
const MAKE_ROLES: &str = "DO $$ DECLARE role text; BEGIN \
    FOREACH role IN ARRAY ARRAY['registrar_owner', 'registrar_app'] LOOP \
    BEGIN EXECUTE format('CREATE ROLE %I LOGIN', role); \
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END; END LOOP; END $$";

/// A server reads its files within milliseconds; only a failing test waits so long.
const RELOAD_WAIT: Duration = Duration::from_secs(20);

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

/// A server.
#[derive(Debug)]
enum Server {
    /// The one that all tests share, and the lock that keeps it running.
    Shared { folder: PathBuf, _lock: File },
    /// One test's own, whose settings it may change and which it may stop.
    Private { folder: TempDir, listens: Option<Ipv4Addr> },
}

impl Server {
    fn folder(&self) -> &Path {
        match self {
            Self::Shared { folder, .. } => folder,
            Self::Private { folder, .. } => folder.path(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Private { folder, .. } = self {
            // It may be stopped already.
            let _ = pg_ctl(folder.path(), &["--mode=immediate", "stop"]);
        }
    }
}

/// A database of one test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: Arc<Server>,
    user: &'static str,
}

impl TestDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// When PostgreSQL cannot be started.
    pub fn new() -> Self {
        Self::on(shared())
    }

    /// Makes an empty database on a server of its own.
    ///
    /// # Panics
    /// When PostgreSQL cannot be started.
    pub fn on_its_own_server() -> Self {
        Self::on_its_own_server_at(None)
    }

    fn on_its_own_server_at(listens: Option<Ipv4Addr>) -> Self {
        need_postgres();
        let folder = tempfile::tempdir().expect("a folder for the server");
        // The server runs as another user when the tests run as root.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("the folder's mode");
        make(folder.path());
        start(folder.path(), listens);
        Self::on(Arc::new(Server::Private { folder, listens }))
    }

    fn on(server: Arc<Server>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        // A process of the same number may have been killed earlier in this run.
        psql(&server, "postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        psql(&server, "postgres", &format!("CREATE DATABASE {name}"));
        Self { name, server, user: USER }
    }

    /// The same database owned by a role that is no superuser, whose address is that of the application's role. It is
    /// empty, and the application's role has no rights in it.
    #[must_use]
    pub fn with_roles(mut self) -> Self {
        psql(&self.server, "postgres", MAKE_ROLES);
        psql(&self.server, "postgres", &format!("ALTER DATABASE {} OWNER TO {OWNER}", self.name));
        self.user = APPLICATION;
        self
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.url_of(self.user)
    }

    /// Its URL for the role that owns it after `with_roles`.
    pub fn owner_url(&self) -> String {
        self.url_of(OWNER)
    }

    fn url_of(&self, user: &str) -> String {
        format!(
            "postgres:///{}?host={}&user={user}",
            self.name,
            self.server.folder().join("socket").display()
        )
    }

    /// The socket on which its server listens.
    pub fn socket(&self) -> PathBuf {
        self.server.folder().join("socket").join(".s.PGSQL.5432")
    }

    /// Its URL through something that listens there.
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://{USER}@{address}/{}", self.name)
    }

    /// Its address.
    ///
    /// # Panics
    /// Never: the URL is one.
    pub fn address(&self) -> Address {
        Address::parse(&self.url()).expect("a test server's address")
    }

    /// Its address for the role that owns it after `with_roles`.
    ///
    /// # Panics
    /// Never: the URL is one.
    pub fn owner_address(&self) -> Address {
        Address::parse(&self.owner_url()).expect("a test server's address")
    }

    /// Its address for a superuser.
    ///
    /// # Panics
    /// Never: the URL is one.
    pub fn superuser_address(&self) -> Address {
        Address::parse(&self.url_of(USER)).expect("a test server's address")
    }

    /// The name of the application's role after `with_roles`.
    pub fn application_role(&self) -> &'static str {
        APPLICATION
    }

    /// Runs SQL as another program would; the rows, columns parted by `|`.
    pub fn sql(&self, sql: &str) -> String {
        psql(&self.server, &self.name, sql)
    }

    /// Lets the address of each lead to the other, as when an address is reused; connections to both are ended.
    pub fn trade_places_with(&self, other: &Self) {
        let (one, two) = (&self.name, &other.name);
        let admin = |sql: &str| psql(&self.server, "postgres", sql);
        for name in [one, two] {
            admin(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        }
        for name in [one, two] {
            // Whoever waits for another's lock is ended before it could get it.
            admin(&format!(
                "SELECT count(pg_terminate_backend(pid, 10000)) FROM (SELECT pid FROM pg_stat_activity \
                 WHERE datname = '{name}' ORDER BY wait_event_type IS DISTINCT FROM 'Lock') AS backends"
            ));
        }
        admin(&format!(
            "BEGIN; ALTER DATABASE {one} RENAME TO {one}_away; ALTER DATABASE {two} RENAME TO {one}; \
             ALTER DATABASE {one}_away RENAME TO {two}; COMMIT"
        ));
        for name in [one, two] {
            admin(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
        }
    }

    /// Ends every connection to it.
    pub fn end_connections(&self) {
        let name = &self.name;
        psql(
            &self.server,
            "postgres",
            &format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        );
    }
}

impl TestDatabase {
    /// Changes a setting of a server that no other test uses.
    pub fn set_on_its_own_server(&self, setting: &str) {
        self.sql(&format!("ALTER SYSTEM SET {setting}"));
        self.reload();
    }

    /// Lets such a server read its files again, and waits until new connections are under them.
    fn reload(&self) {
        let loaded = || self.sql("SELECT pg_conf_load_time()");
        let (before, begun) = (loaded(), Instant::now());
        self.sql("SELECT pg_reload_conf()");
        while loaded() == before {
            assert!(begun.elapsed() < RELOAD_WAIT, "the server does not read its files again");
        }
    }

    /// Stops such a server as a crash would, and starts it again.
    ///
    /// # Panics
    /// When it does not stop or start.
    pub fn crash_its_own_server(&self) {
        let folder = self.server.folder();
        assert!(pg_ctl(folder, &["--mode=immediate", "stop"]), "the server does not stop");
        let listens = match &*self.server {
            Server::Private { listens, .. } => *listens,
            Server::Shared { .. } => None,
        };
        start(folder, listens);
    }
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Server::Shared { .. } = &*self.server {
            psql(&self.server, "postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn psql(server: &Server, database: &str, sql: &str) -> String {
    let socket = server.folder().join("socket");
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

fn need_postgres() {
    assert!(
        program("postgres").exists(),
        "PostgreSQL 15 is needed: run `cargo xtask test`, which installs it, or `apt-get install postgresql-15`"
    );
}

fn shared() -> Arc<Server> {
    static SERVER: OnceLock<Arc<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        need_postgres();
        let folder = std::env::temp_dir()
            .join(format!("registrar-test-postgres-{}", rustix::process::getuid().as_raw()));
        std::fs::create_dir_all(&folder).expect("a folder for the server");
        loop {
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(folder.join("lock"))
                .expect("the lock's file");
            // Shared first: whoever asks for the lock alone waits for every test that runs.
            flock(&lock, FlockOperation::LockShared).expect("the lock");
            if answers(&folder) {
                return Arc::new(Server::Shared { folder, _lock: lock });
            }
            // Changing the lock lets go of it for a moment, in which another test may have started the server, or after
            // which the watcher may end it.
            flock(&lock, FlockOperation::LockExclusive).expect("the lock");
            if !answers(&folder) {
                make(&folder);
                start(&folder, None);
                watch(&folder);
            }
        }
    });
    Arc::clone(server)
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

fn chown_to_server(paths: &[&Path]) {
    if rustix::process::getuid().is_root() {
        run("chown", Command::new("chown").arg("postgres").args(paths));
    }
}

fn make(folder: &Path) {
    let (data, socket) = (folder.join("data"), folder.join("socket"));
    for old in [&data, &socket] {
        // What an interrupted run left behind; most often there is nothing.
        let _ = std::fs::remove_dir_all(old);
        std::fs::create_dir_all(old).expect("the server's folder");
    }
    chown_to_server(&[&data, &socket]);
    let mut initdb = as_server(&program("initdb"));
    run(
        "initdb",
        initdb
            .args(["--auth=trust", "--data-checksums", "--encoding=UTF8", "--locale=C", "--username", USER])
            .arg("--pgdata")
            .arg(&data),
    );
}

fn start(folder: &Path, listens: Option<Ipv4Addr>) {
    let listens = listens.map(|address| address.to_string()).unwrap_or_default();
    let socket = folder.join("socket");
    let options = format!(
        "--options=-c listen_addresses={listens} -c unix_socket_directories={} -c max_connections=200 -c fsync=on",
        socket.display()
    );
    let log = folder.join("data").join("server.log");
    let logged = format!("--log={}", log.display());
    let started = pg_ctl(folder, &["--wait", "--timeout=60", &options, &logged, "start"]);
    assert!(started, "PostgreSQL does not start: {}", std::fs::read_to_string(log).unwrap_or_default());
}

/// The server must not hold the test's output open.
fn pg_ctl(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = as_server(&program("pg_ctl"));
    command.arg("--pgdata").arg(folder.join("data")).args(arguments).current_dir("/");
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
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
