//! `registrar master-key`, `migrate`, `doctor` and `lists`.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod support;

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use support::{Server, run};

#[test]
fn a_master_key_is_made_for_its_owner_alone_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["master-key", "create", "master.key"]);
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), ""));
    let path = folder.path().join("master.key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let content = std::fs::read_to_string(&path).unwrap();
    let again = run(folder.path(), &["master-key", "create", "master.key"]);
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.starts_with("error: master.key exists and is not overwritten – "),
        "{}",
        again.stderr
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    assert!(!made.stderr.contains(content.split_whitespace().last().unwrap()));
}

#[test]
fn migrate_makes_a_database_and_refuses_beside_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["migrate", "--database", "sqlite:new.db"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    assert!(folder.path().join("new.db").exists());
    let _server = Server::dev(folder.path());
    let refused = run(folder.path(), &["migrate", "--data", "data"]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("another registrar server is running"), "{}", refused.stderr);
}

fn doctor(folder: &std::path::Path) -> (Option<i32>, Value) {
    let finished = run(folder, &["doctor", "--data", "data", "--json"]);
    (finished.code, serde_json::from_str(&finished.stdout).unwrap())
}

fn failing(findings: &Value) -> Vec<&str> {
    let all = findings.as_array().unwrap().iter();
    all.filter(|finding| finding["state"] == "fail")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect()
}

#[test]
fn doctor_finds_a_new_installation_well_beside_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::dev(folder.path());
    let (code, findings) = doctor(folder.path());
    assert_eq!((code, failing(&findings)), (Some(0), Vec::new()), "{findings:#}");
    let lines = run(folder.path(), &["doctor", "--data", "data"]);
    assert_eq!(lines.code, Some(0));
    assert!(
        lines.stdout.lines().any(|line| line.starts_with("ok    master key: it opens the database")),
        "{}",
        lines.stdout
    );
}

#[test]
fn doctor_fails_on_another_master_key_and_warns_of_open_permissions() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    let key = folder.path().join("data/master.key");
    std::fs::remove_file(&key).unwrap();
    run(folder.path(), &["master-key", "create", "data/master.key"]);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, findings) = doctor(folder.path());
    assert_eq!((code, failing(&findings)), (Some(1), vec!["master key"]), "{findings:#}");
    assert!(
        findings.as_array().unwrap().iter().any(|finding| finding["state"] == "warn"
            && finding["cure"].as_str().unwrap().starts_with("chmod 600"))
    );
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["state"] == "ok" || finding["cure"].is_string())
    );
}

#[test]
fn doctor_tells_to_migrate_an_older_database_and_does_not_blame_the_master_key() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    let database = rusqlite::Connection::open(folder.path().join("data/registrar.db")).unwrap();
    database.pragma_update(None, "user_version", 2).unwrap();
    drop(database);
    let (code, findings) = doctor(folder.path());
    assert_eq!((code, failing(&findings)), (Some(0), Vec::new()), "{findings:#}");
    let cures = findings.as_array().unwrap().iter().filter_map(|finding| finding["cure"].as_str());
    assert!(cures.clone().any(|cure| cure.contains("`registrar migrate`")), "{findings:#}");
    assert!(cures.clone().all(|cure| !cure.contains("master key")), "{findings:#}");
}

#[test]
fn doctor_stores_no_keys_under_the_master_key_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    run(folder.path(), &["migrate", "--data", "data"]);
    run(folder.path(), &["master-key", "create", "data/master.key"]);
    let (code, findings) = doctor(folder.path());
    assert_eq!((code, failing(&findings)), (Some(0), Vec::new()), "{findings:#}");
    assert!(findings.to_string().contains("it has no keys yet"), "{findings:#}");
    let database = rusqlite::Connection::open(folder.path().join("data/registrar.db")).unwrap();
    let keys: i64 =
        database.query_row("SELECT count(*) FROM installation_keys", [], |row| row.get(0)).unwrap();
    assert_eq!(keys, 0);
}

#[test]
fn doctor_fails_on_a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["migrate", "--database", "sqlite:x.db"]);
    std::fs::create_dir(folder.path().join("data")).unwrap();
    run(folder.path(), &["master-key", "create", "data/master.key"]);
    std::fs::write(
        folder.path().join("data/registrar.db"),
        "not a database, but long enough to be looked at",
    )
    .unwrap();
    let (code, findings) = doctor(folder.path());
    assert_eq!((code, failing(&findings)), (Some(1), vec!["database"]), "{findings:#}");
}

#[test]
fn the_printed_lists_are_accepted_as_lists_of_one_s_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.json"), support::SAMPLE).unwrap();
    let mut check = support::registrar(folder.path(), &["customer", "check", "c.json"]);
    for (list, variable) in [
        ("countries", "REGISTRAR_LISTS_COUNTRIES_FILE"),
        ("states", "REGISTRAR_LISTS_STATES_FILE"),
        ("id-types", "REGISTRAR_LISTS_ID_TYPES_FILE"),
    ] {
        let printed = run(folder.path(), &["lists", "print", list]);
        assert_eq!(printed.code, Some(0));
        std::fs::write(folder.path().join(list), &printed.stdout).unwrap();
        check.env(variable, list);
    }
    assert_eq!(check.output().unwrap().status.code(), Some(0));
    std::fs::write(folder.path().join("countries"), "no list\n").unwrap();
    let refused = check.output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn a_database_of_a_later_release_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::dev(folder.path()));
    let database = rusqlite::Connection::open(folder.path().join("data/registrar.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let arguments = ["dev", "--no-example", "--listen", "127.0.0.1:0", "--data", "data"];
    for arguments in
        [arguments.as_slice(), &["migrate", "--data", "data"], &["platform", "list", "--data", "data"]]
    {
        let refused = run(folder.path(), arguments);
        assert_eq!(refused.code, Some(3), "{arguments:?}");
        assert!(
            refused.stderr.starts_with("error: the database has schema 99, but this release knows"),
            "{}",
            refused.stderr
        );
    }
    let (code, findings) = doctor(folder.path());
    assert_eq!((code, failing(&findings)), (Some(1), vec!["database"]));
}
