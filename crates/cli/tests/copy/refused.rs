//! Sources and targets that are not copied.

use crate::installation::{Source, Target};
use crate::support::run;

#[test]
fn a_source_that_a_server_holds_is_refused() {
    let source = Source::small();
    let server = source.serve();
    let refused = source.copy(&Target::new(), &[]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("a registrar server is running"), "{}", refused.stderr);
    assert!(refused.stderr.contains("end that server first"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("a database of its own"), "{}", refused.stderr);
    server.end();
}

#[test]
fn a_target_that_is_not_empty_is_refused_and_left_alone() {
    let (source, other) = (Source::small(), Source::small());
    let target = Target::new();
    other.copied(&target);
    let refused = source.copy(&target, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("the target is not empty"), "{}", refused.stderr);
    target.assert_holds(&other);
    let target = Target::new();
    target.serve(source.path()).end();
    assert_eq!(source.copy(&target, &[]).code, Some(1));
    assert_eq!(source.run(&["platform", "list"]).code, Some(0));
}

#[test]
fn a_schema_of_a_later_release_is_refused_on_either_side() {
    let source = Source::small();
    let target = Target::new();
    assert_eq!(target.run(source.path(), &["migrate"]).code, Some(0));
    target.database.sql("INSERT INTO schema_version (version, name) VALUES (99, 'later')");
    let refused = source.copy(&target, &[]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("the database has schema 99"), "{}", refused.stderr);
    let database = rusqlite::Connection::open(source.path().join("r.db")).unwrap();
    database.pragma_update(None, "user_version", 98).unwrap();
    drop(database);
    let refused = source.copy(&Target::new(), &[]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("the database has schema 98"), "{}", refused.stderr);
}

#[test]
fn what_is_no_pair_of_databases_is_a_wrong_command_line() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to, code, said) in [
        ("sqlite:missing.db", "postgres://u:hunter2@127.0.0.1:1/d", 3, "there is no database missing.db"),
        ("postgres:///d?host=/tmp&user=u", "postgres://u:hunter2@127.0.0.1:1/d", 2, "--from sqlite:PATH"),
        ("hunter2", "postgres://u:hunter2@127.0.0.1:1/d", 2, "--from is not a database URL"),
        ("sqlite:a.db", "sqlite:b.db", 2, "--to postgres://"),
    ] {
        let refused = run(folder.path(), &["copy", "--from", from, "--to", to]);
        assert_eq!(refused.code, Some(code), "{from} {to}: {}", refused.stderr);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn progress_is_for_terminals_unless_lines_are_asked_for() {
    let source = Source::small();
    let silent = source.copy(&Target::new(), &[]);
    assert_eq!((silent.code, silent.stderr.as_str()), (Some(0), ""));
    assert!(silent.stdout.starts_with("copied, and verified byte for byte: "), "{}", silent.stdout);
    assert!(silent.stdout.contains("--application-role ROLE"), "{}", silent.stdout);
    source.forget_move();
    let lines = source.copy(&Target::new(), &["--progress", "lines"]);
    assert_eq!(lines.code, Some(0));
    for line in ["copying customers: 0 of 80 rows\n", "verifying customers: 80 of 80 rows\n"] {
        assert!(lines.stderr.contains(line), "{}", lines.stderr);
    }
}
