//! An installation on the embedded engine made by the real server, and databases it can move to.

use std::fmt::Write as _;
use std::path::Path;

use registrar_store_postgres::testing::TestDatabase;
use registrar_wire::Credentials;
use serde_json::Value;

use crate::support::{Finished, SAMPLE, Server, client, registrar, run};

/// How many customers an installation has.
pub(crate) const CUSTOMERS: usize = 300;

/// Few, so that a few hundred customers are many batches.
pub(crate) const BATCH_ROWS: &str = "64";

const KEY: [&str; 2] = ["--master-key-file", "master.key"];

/// A customer that the source accepted.
pub(crate) struct Accepted {
    pub(crate) credentials: Credentials,
    pub(crate) body: Vec<u8>,
    pub(crate) has_request_id: bool,
    pub(crate) answer: Vec<u8>,
}

impl Accepted {
    /// The platform's credentials for another server.
    pub(crate) fn at(&self, server: &Server) -> Credentials {
        Credentials { base_url: server.base_url.clone(), ..self.credentials.clone() }
    }
}

/// The installation, whose server was killed.
pub(crate) struct Source {
    folder: tempfile::TempDir,
    pub(crate) accepted: Vec<Accepted>,
    revoked: Credentials,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self::with(CUSTOMERS)
    }

    /// One with fewer customers.
    pub(crate) fn small() -> Self {
        Self::with(79)
    }

    fn with(customers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(run(path, &["master-key", "create", "master.key"]).code, Some(0));
        let operate = |arguments: &[&str]| -> Value {
            let finished = run(path, &[arguments, &["--database", "sqlite:r.db", "--json"], &KEY].concat());
            assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.stderr);
            serde_json::from_str(&finished.stdout).unwrap()
        };
        let serve = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:r.db"];
        let mut command = registrar(path, &[serve.as_slice(), &KEY].concat());
        command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
        let server = Server::start_command(path, command);
        let platforms = ["Acme", "Börse", "Third"].map(|name| {
            let platform = operate(&["platform", "create", name, "--enable-customers"]);
            platform["platform_code"].as_str().unwrap().to_owned()
        });
        let key = |platform: &String| -> Credentials {
            let key =
                ["key", "create", "--platform", platform, "--label", "key", "--base-url", &server.base_url];
            serde_json::from_value(operate(&key)).unwrap()
        };
        let keys = platforms.each_ref().map(key);
        let revoked = key(&platforms[1]);
        operate(&["key", "revoke", &revoked.api_key, "--platform", &platforms[1]]);
        operate(&["platform", "set", &platforms[2], "minimum_age=21"]);
        wait_until_obeyed(&keys[2]);
        let accepted = accept(&keys, customers);
        for accepted in &accepted[..5] {
            let code = code_in(&accepted.answer);
            let platform = &accepted.credentials.platform_code;
            operate(&["customer", "show", &code, "--platform", platform, "--reason", "a test"]);
        }
        drop(server);
        Self { folder, accepted, revoked }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command on the source.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        run(self.path(), &[arguments, &["--database", "sqlite:r.db"], &KEY].concat())
    }

    /// A server on the source.
    pub(crate) fn serve(&self) -> Server {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:r.db"];
        let mut command = registrar(self.path(), &[serve.as_slice(), &KEY].concat());
        command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
        Server::start_command(self.path(), command)
    }

    /// A copy in small batches.
    pub(crate) fn copy(&self, target: &Target, more: &[&str]) -> Finished {
        run(self.path(), &copy_arguments(&target.database.url(), more))
    }

    /// A copy that succeeds; what it tells.
    pub(crate) fn copied(&self, target: &Target) -> Value {
        let finished = self.copy(target, &["--json"]);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        serde_json::from_str(&finished.stdout).unwrap()
    }

    /// What another program reads in the source; the rows a line each, columns parted by `|`.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let connection = rusqlite::Connection::open(self.path().join("r.db")).unwrap();
        let mut query = connection.prepare(sql).unwrap();
        let columns = query.column_count();
        let rows = query.query_map([], |row| {
            let cells = (0..columns).map(|place| {
                Ok(match row.get_ref(place)? {
                    rusqlite::types::ValueRef::Null => String::new(),
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    rusqlite::types::ValueRef::Real(_) => "a float".to_owned(),
                    rusqlite::types::ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                    rusqlite::types::ValueRef::Blob(bytes) => hex(bytes),
                })
            });
            Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
        });
        rows.unwrap().collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n")
    }

    /// A copy command without a target.
    pub(crate) fn run_copy(&self, more: &[&str]) -> Finished {
        run(self.path(), &[&["copy", "--from", "sqlite:r.db"], more].concat())
    }

    /// Takes the mark of the move away, as no operator may.
    pub(crate) fn forget_move(&self) {
        let connection = rusqlite::Connection::open(self.path().join("r.db")).unwrap();
        assert_eq!(connection.execute("DELETE FROM relocation", []).unwrap(), 1);
    }

    /// The number that the mark beside the database says.
    pub(crate) fn mark(&self) -> String {
        let mark = std::fs::read_to_string(self.path().join("r.db-numbers")).unwrap();
        mark.lines().find_map(|line| line.strip_prefix("next ")).unwrap().to_owned()
    }

    /// The revoked key's credentials for another server.
    pub(crate) fn revoked_at(&self, server: &Server) -> Credentials {
        Credentials { base_url: server.base_url.clone(), ..self.revoked.clone() }
    }
}

/// The arguments of a copy in small batches.
pub(crate) fn copy_arguments<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["copy", "--from", "sqlite:r.db", "--to", url, "--batch-rows", BATCH_ROWS], more].concat()
}

/// Servers obey new keys and policies within a second.
fn wait_until_obeyed(newest: &Credentials) {
    let begun = std::time::Instant::now();
    while let Err(error) = client(newest).create_customer(&body("first", true)) {
        assert!(begun.elapsed().as_secs() < 10, "the server does not obey: {error}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn accept(keys: &[Credentials; 3], customers: usize) -> Vec<Accepted> {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..6)
            .map(|caller| {
                scope.spawn(move || -> Vec<_> {
                    (caller..customers).step_by(6).map(|place| submit(&keys[place % 3], place)).collect()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

fn submit(credentials: &Credentials, place: usize) -> Accepted {
    let has_request_id = !place.is_multiple_of(4);
    let body = body(&format!("customer{place}"), has_request_id);
    let answer = client(credentials).create_customer(&body).unwrap();
    assert!(!answer.replayed);
    Accepted { credentials: credentials.clone(), body, has_request_id, answer: answer.body }
}

/// A customer of its own.
pub(crate) fn body(name: &str, has_request_id: bool) -> Vec<u8> {
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    let object = body.as_object_mut().unwrap();
    object.insert("email".to_owned(), format!("{name}@example.in").into());
    object.remove("request_id");
    if has_request_id {
        object.insert("request_id".to_owned(), request_id(name).into());
    }
    body.to_string().into_bytes()
}

/// A UUID that depends on the name.
fn request_id(name: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:08x}-0000-4000-8000-{:012x}", hash >> 32, hash & 0xffff_ffff)
}

/// The code in an answer.
pub(crate) fn code_in(answer: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(answer).unwrap();
    answer["message"]["participant_code"].as_str().unwrap().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// A database that is empty at first.
pub(crate) struct Target {
    pub(crate) database: TestDatabase,
}

/// Every table with its columns in the order of the first migration; a query for either engine.
const CONTENTS: [(&str, &str); 5] = [
    ("platforms", "number, name, sandbox, suspended, customers_enabled, policy, created_at"),
    (
        "api_keys",
        "number, platform, api_key, label, permissions, master_key_version, secret, passphrase_digest, created_at, \
         expires_at, revoked_at, last_used_at",
    ),
    ("installation_keys", "name, master_key_version, wrapped"),
    (
        "customers",
        "number, platform, email_index, request_index, digest_version, payload_digest, status, prefunded, \
         master_key_version, data_key, record, created_at, created_by_key, created_from, trace_id",
    ),
    ("audit_events", "number, what, operator, at, origin, trace_id, platform, subject, detail"),
];

impl Target {
    pub(crate) fn new() -> Self {
        Self { database: TestDatabase::new() }
    }

    /// A command on the target with the source's master key.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> Finished {
        run(folder, &[arguments, &["--database", &self.database.url()], &KEY].concat())
    }

    /// A server on the target with the source's master key.
    pub(crate) fn serve(&self, folder: &Path) -> Server {
        let url = self.database.url();
        let serve = ["serve", "--listen", "127.0.0.1:0", "--database", &url];
        let mut command = registrar(folder, &[serve.as_slice(), &KEY].concat());
        command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
        Server::start_command(folder, command)
    }

    /// Compares every row by a way of its own, without a line of the program.
    pub(crate) fn assert_holds(&self, source: &Source) {
        for (table, columns) in CONTENTS {
            let key = columns.split(',').next().unwrap();
            let theirs: Vec<_> = columns.split(", ").map(|column| format!("test_text({column})")).collect();
            self.database.sql(
                "CREATE OR REPLACE FUNCTION test_text(bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode($1, 'hex') $$;
                 CREATE OR REPLACE FUNCTION test_text(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$;
                 CREATE OR REPLACE FUNCTION test_text(bigint) RETURNS text LANGUAGE sql AS $$ SELECT $1::text $$;
                 CREATE OR REPLACE FUNCTION test_text(boolean) RETURNS text LANGUAGE sql AS $$ SELECT $1::int::text $$;",
            );
            let theirs =
                self.database.sql(&format!("SELECT {} FROM {table} ORDER BY {key}", theirs.join(", ")));
            let ours = source.sql(&format!("SELECT {columns} FROM {table} ORDER BY {key}"));
            assert!(!ours.is_empty(), "{table}");
            let lines = ours.lines().zip(theirs.lines());
            let different = lines.filter(|(ours, theirs)| ours != theirs).map(|(ours, _)| ours).next();
            assert_eq!(different, None, "{table}");
            assert_eq!(ours.lines().count(), theirs.lines().count(), "{table}");
        }
    }
}
