//! The program on PostgreSQL: commands, and several servers side by side on one database.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::path::Path;
use std::sync::Barrier;

use registrar_store_postgres::testing::certificates::Authority;
use registrar_store_postgres::testing::{PASSWORD, TestDatabase};
use registrar_wire::Credentials;
use serde_json::Value;
use support::{Finished, SAMPLE, Server, client, customer_named, get, registrar, run};

/// A database, a master key in a folder, and how commands are given both.
struct Installation {
    folder: tempfile::TempDir,
    database: TestDatabase,
    url: String,
}

impl Installation {
    fn new() -> Self {
        let database = TestDatabase::new();
        let url = database.url();
        Self::on(database, url)
    }

    /// Servers and commands run under a role that owns nothing, in a database that nobody has migrated.
    fn with_roles() -> Self {
        let database = TestDatabase::new().with_roles();
        let url = database.url();
        Self::on(database, url)
    }

    fn on(database: TestDatabase, url: String) -> Self {
        let installation = Self { folder: tempfile::tempdir().unwrap(), database, url };
        assert_eq!(run(installation.path(), &["master-key", "create", "master.key"]).code, Some(0));
        installation
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        run(self.path(), &[arguments, &["--database", &self.url, "--master-key-file", "master.key"]].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let finished = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).unwrap()
    }

    fn serve(&self) -> Server {
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--database", &self.url, "--master-key-file", "master.key"];
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
    installation.json(&["platform", "create", "Acme"]);
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
fn doctor_stores_no_keys_under_the_master_key_it_was_given() {
    let installation = Installation::new();
    installation.json(&["migrate"]);
    let rows = "SELECT (SELECT count(*) FROM installation_keys), (SELECT sum(value) FROM settings)";
    let before = installation.database.sql(rows);
    let findings = installation.json(&["doctor"]);
    assert!(findings.to_string().contains("it has no keys yet"), "{findings:#}");
    assert_eq!(installation.database.sql(rows), before);
    assert!(before.starts_with("0|"), "{before}");
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

#[test]
fn a_customer_is_created_over_encrypted_connections_to_the_database() {
    let authority = Authority::new();
    let database = TestDatabase::over_tcp(Some(&authority.sign_for_hosts(&["db.example"])));
    let verified = "sslmode=verify-full&sslrootcert=ca.pem&channel_binding=require";
    let url = database.tcp_url("db.example", verified);
    let installation = Installation::on(database, url);
    std::fs::write(installation.path().join("ca.pem"), authority.certificate()).unwrap();
    installation.json(&["migrate"]);
    let credentials = installation.credentials();
    let server = installation.serve();
    client(&at(&credentials, &server)).create_customer(SAMPLE.as_bytes()).unwrap();
    let used = "SELECT count(*) > 0, bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                WHERE application_name = 'registrar'";
    assert_eq!(installation.database.sql(used), "t|t");
    assert_eq!(installation.database.sql("SELECT count(*) FROM customers"), "1");
    let findings = installation.json(&["doctor"]);
    let is_told =
        |finding: &Value| finding["detail"].as_str().unwrap().contains("the connection is encrypted");
    assert!(findings.as_array().unwrap().iter().any(is_told), "{findings:#}");
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn an_address_of_another_host_is_verified_by_the_roots_of_the_machine() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::over_tcp(Some(&authority.sign_for_hosts(&["db.example"])));
    std::fs::write(folder.path().join("machine.pem"), authority.certificate()).unwrap();
    let migrate = |host: &str| {
        let url = database.tcp_url(host, "sslrootcert=system");
        let mut command = registrar(folder.path(), &["migrate", "--database", &url]);
        command.env("SSL_CERT_FILE", folder.path().join("machine.pem")).output().unwrap()
    };
    let refused = migrate("other.example");
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{text}");
    assert!(text.contains("certificate is for") && !text.contains(PASSWORD), "{text}");
    assert_eq!(migrate("db.example").status.code(), Some(0));
}
