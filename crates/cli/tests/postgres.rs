//! The program on PostgreSQL: commands, and several servers side by side on one database.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::path::Path;
use std::sync::Barrier;

use registrar_store_postgres::testing::TestDatabase;
use registrar_wire::Credentials;
use serde_json::Value;
use support::{Finished, SAMPLE, Server, client, customer_named, get, registrar, run};

/// A database, a master key in a folder, and how commands are given both.
struct Installation {
    folder: tempfile::TempDir,
    database: TestDatabase,
}

impl Installation {
    fn new() -> Self {
        Self::on(TestDatabase::new())
    }

    /// Servers and commands run under a role that owns nothing, in a database that nobody has migrated.
    fn with_roles() -> Self {
        Self::on(TestDatabase::new().with_roles())
    }

    fn on(database: TestDatabase) -> Self {
        let installation = Self { folder: tempfile::tempdir().unwrap(), database };
        assert_eq!(run(installation.path(), &["master-key", "create", "master.key"]).code, Some(0));
        installation
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let url = self.database.url();
        run(self.path(), &[arguments, &["--database", &url, "--master-key-file", "master.key"]].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let finished = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).unwrap()
    }

    fn serve(&self) -> Server {
        let url = self.database.url();
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--database", &url, "--master-key-file", "master.key"];
        let mut command = registrar(self.path(), &arguments);
        command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
        Server::start_command(self.path(), command)
    }

    /// A platform and a key of it, made by commands.
    fn credentials(&self) -> Credentials {
        let platform = self.json(&["platform", "create", "Acme", "--enable-customers"]);
        let code = platform["platform_code"].as_str().unwrap();
        let key = self.json(&["key", "create", "--platform", code, "--base-url", "http://127.0.0.1:1"]);
        serde_json::from_value(key).unwrap()
    }
}

fn at(credentials: &Credentials, server: &Server) -> Credentials {
    Credentials { base_url: server.base_url.clone(), ..credentials.clone() }
}

#[test]
fn commands_and_two_servers_share_a_database() {
    let installation = Installation::new();
    let early = installation.run(&["platform", "list"]);
    assert_eq!(early.code, Some(3));
    assert!(early.stderr.contains("registrar migrate"), "{}", early.stderr);
    assert_eq!(
        installation.json(&["migrate"])["applied"],
        serde_json::json!(["0001_initial", "0002_row_level_security"])
    );
    let credentials = installation.credentials();
    let servers = [installation.serve(), installation.serve()];
    let [first, second] = servers.each_ref().map(|server| client(&at(&credentials, server)));
    let created = first.create_customer(SAMPLE.as_bytes()).unwrap();
    let repeated = second.create_customer(SAMPLE.as_bytes()).unwrap();
    assert_eq!((created.replayed, repeated.replayed), (false, true));
    assert_eq!(created.body, repeated.body);
    let participant = serde_json::from_slice::<Value>(&created.body).unwrap();
    let participant = participant["message"]["participant_code"].as_str().unwrap().to_owned();
    let platform = &credentials.platform_code;
    let shown = installation.json(&[
        "customer",
        "show",
        &participant,
        "--platform",
        platform,
        "--reason",
        "a test",
        "--reveal",
    ]);
    assert_eq!(shown["customer"]["first_name"], "John");
    for server in servers {
        let ended = server.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    assert_eq!(installation.database.sql("SELECT count(*) FROM customers"), "1");
}

#[test]
fn identical_requests_spread_over_three_servers_make_one_customer_and_one_body() {
    let installation = Installation::new();
    installation.json(&["migrate"]);
    let credentials = installation.credentials();
    let servers = [installation.serve(), installation.serve(), installation.serve()];
    let barrier = Barrier::new(48);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..48)
            .map(|caller| {
                let (credentials, barrier) = (at(&credentials, &servers[caller % 3]), &barrier);
                scope.spawn(move || {
                    let client = client(&credentials);
                    barrier.wait();
                    client.create_customer(SAMPLE.as_bytes()).unwrap()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert_eq!(installation.database.sql("SELECT count(*) FROM customers"), "1");
}

#[test]
fn a_server_whose_connections_are_ended_goes_on() {
    let installation = Installation::new();
    installation.json(&["migrate"]);
    let credentials = installation.credentials();
    let server = installation.serve();
    let client = client(&at(&credentials, &server));
    for turn in 0..5 {
        client.create_customer(customer_named(&format!("turn{turn}")).as_bytes()).unwrap();
        installation.database.end_connections();
    }
    assert_eq!(installation.database.sql("SELECT count(*) FROM customers"), "5");
    assert!(get(server.address(), "/docs").starts_with("HTTP/1.1 "));
}

#[test]
fn doctor_looks_at_what_durability_rests_on() {
    let installation = Installation::new();
    installation.json(&["migrate"]);
    let findings = installation.json(&["doctor"]);
    let findings = findings.as_array().unwrap();
    let text = |finding: &Value| format!("{} {}", finding["state"], finding["detail"]);
    let texts: Vec<_> = findings.iter().map(text).collect();
    assert!(!texts.iter().any(|text| text.contains("fail")), "{texts:#?}");
    for expected in
        ["PostgreSQL 15", "synchronous_commit is on", "checksums", "no replica", "it opens the database"]
    {
        assert!(texts.iter().any(|text| text.contains(expected)), "{expected}: {texts:#?}");
    }
}

#[test]
fn servers_work_under_a_role_that_owns_nothing_and_say_who_migrates() {
    let installation = Installation::with_roles();
    let refused = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, Some(3));
    let command = "--application-role registrar_app";
    assert!(refused.stderr.contains("registrar migrate --database '"), "{}", refused.stderr);
    assert!(refused.stderr.contains(command), "{}", refused.stderr);

    let owner = installation.database.owner_url();
    let migrate = ["migrate", "--database", &owner, "--application-role", "registrar_app"];
    for expected in ["applied 0001_initial", "has the schema of this release"] {
        let migrated = run(installation.path(), &migrate);
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
        assert!(migrated.stdout.contains(expected), "{}", migrated.stdout);
        assert!(migrated.stdout.contains("the role registrar_app has the rights"), "{}", migrated.stdout);
    }

    let credentials = installation.credentials();
    let server = installation.serve();
    let client = client(&at(&credentials, &server));
    let [created, repeated] = [0, 1].map(|_| client.create_customer(SAMPLE.as_bytes()).unwrap());
    assert_eq!((created.replayed, repeated.replayed), (false, true));
    let ended = server.end();
    assert!(!ended.stderr.contains("owns the tables"), "{}", ended.stderr);

    let findings = installation.json(&["doctor"]);
    let rights = "the role registrar_app has the rights that servers need and no more";
    assert!(findings.to_string().contains(rights), "{findings:#}");
    installation
        .database
        .sql("REVOKE INSERT ON customers FROM registrar_app; GRANT DELETE ON customers TO registrar_app");
    let doctor = installation.run(&["doctor"]);
    assert_eq!(doctor.code, Some(1));
    for expected in
        ["lacks INSERT on customers", "has DELETE on customers", "cure: run `registrar migrate", command]
    {
        assert!(doctor.stdout.contains(expected), "{expected}: {}", doctor.stdout);
    }
}

#[test]
fn a_server_whose_role_owns_the_tables_says_so_with_the_cure() {
    let installation = Installation::with_roles();
    let owner = installation.database.owner_url();
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--database", &owner, "--master-key-file", "master.key"];
    let mut command = registrar(installation.path(), &arguments);
    command.env("REGISTRAR_METRICS_LISTEN", "127.0.0.1:0");
    let ended = Server::start_command(installation.path(), command).end();
    assert!(ended.stderr.contains("the role registrar_owner owns the tables"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--application-role registrar_app"), "{}", ended.stderr);
}

#[test]
fn an_embedded_database_has_no_roles_to_give_rights_to() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["migrate", "--database", "sqlite:x.db", "--application-role", "a"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("has no roles"), "{}", refused.stderr);
}
