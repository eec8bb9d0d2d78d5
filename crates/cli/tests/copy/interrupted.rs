//! Copies that are killed, cut off or tampered with.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::installation::{BATCH_ROWS, CUSTOMERS, Source, Target, copy_arguments};
use crate::support::registrar;

/// Longer than anything that is waited for here; only a failing test takes so long.
const PATIENCE: Duration = Duration::from_mins(2);

/// A statement that writes the row named in `stops` waits so many seconds, and with it the copy.
const STOPS: &str = "CREATE TABLE stops (place text PRIMARY KEY, seconds integer);
    CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(seconds) FROM stops WHERE place = TG_TABLE_NAME || ' ' || (to_jsonb(NEW) ->> TG_ARGV[0]);
        RETURN NEW;
    END $$;
    CREATE TRIGGER stop BEFORE INSERT ON platforms FOR EACH ROW EXECUTE FUNCTION stop('number');
    CREATE TRIGGER stop BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION stop('number');
    CREATE TRIGGER stop BEFORE INSERT ON installation_keys FOR EACH ROW EXECUTE FUNCTION stop('name');
    CREATE TRIGGER stop BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION stop('number');
    CREATE TRIGGER stop BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION stop('number');
    CREATE TRIGGER stop BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION stop('name')";

fn target_with_stops(source: &Source) -> Target {
    let target = Target::new();
    assert_eq!(target.run(source.path(), &["migrate"]).code, Some(0));
    target.database.sql(STOPS);
    target
}

/// A copy that waits at a row; killed when dropped.
struct Stopped(Child);

impl Stopped {
    fn wait(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Fails if it has ended, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A copy that has come to this row and waits there.
fn copy_to(source: &Source, target: &Target, place: &str, seconds: u32) -> Stopped {
    target.database.sql(&format!("DELETE FROM stops; INSERT INTO stops VALUES ('{place}', {seconds})"));
    let url = target.database.url();
    let mut command = registrar(source.path(), &copy_arguments(&url, &[]));
    let mut copy = Stopped(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let begun = Instant::now();
    let waits =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while target.database.sql(waits) != "1" {
        assert_eq!(copy.0.try_wait().unwrap(), None, "the copy ended before {place}");
        assert!(begun.elapsed() < PATIENCE, "the copy never came to {place}");
        std::thread::sleep(Duration::from_millis(20));
    }
    target.database.sql("DELETE FROM stops");
    copy
}

#[test]
fn a_copy_killed_anywhere_goes_on_where_it_was_and_ends_the_same() {
    let source = Source::new();
    let target = target_with_stops(&source);
    let places = [
        "settings copy_unfinished",
        "platforms 2",
        "api_keys 3",
        "installation_keys index",
        "customers 10",
        "customers 100",
        "customers 299",
        "audit_events 3",
        "settings next_audit_event",
    ];
    let mut customers = 0;
    for place in places {
        drop(copy_to(&source, &target, place, 60));
        target.database.end_connections();
        if place != places[0] {
            for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["platform", "list"]] {
                let refused = target.run(source.path(), command);
                assert_eq!(refused.code, Some(3), "{place}");
                assert!(
                    refused.stderr.contains("an unfinished copy")
                        && refused.stderr.contains("registrar copy"),
                    "{}",
                    refused.stderr
                );
            }
        }
        let stored = target.database.sql("SELECT count(*) FROM customers").parse::<u64>().unwrap();
        assert!(stored >= customers, "{place}: a batch that was stored is gone");
        customers = stored;
    }
    // Killed between the two marks: the source is closed already, the target not open yet.
    let refused = source.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.stderr.contains("this installation was moved"), "{}", refused.stderr);
    let moved = source.copied(&target);
    assert_eq!((&moved["resumed"], &moved["rows"]["customers"]["copied"]), (&true.into(), &0.into()));
    target.assert_holds(&source);
    target.serve(source.path()).end();
}

#[test]
fn a_batch_that_the_server_still_works_on_for_a_killed_copy_is_not_stored_twice() {
    let source = Source::new();
    let target = target_with_stops(&source);
    drop(copy_to(&source, &target, "customers 100", 2));
    let moved = source.copied(&target);
    let batch: usize = BATCH_ROWS.parse().unwrap();
    let copied = moved["rows"]["customers"]["copied"].as_u64().unwrap();
    assert!(copied < (CUSTOMERS - batch) as u64, "{copied}");
    target.assert_holds(&source);
}

#[test]
fn a_copy_whose_connection_is_cut_connects_again() {
    let source = Source::new();
    for place in ["customers 150", "audit_events 2", "settings next_audit_event"] {
        let target = target_with_stops(&source);
        let copy = copy_to(&source, &target, place, 60);
        target.database.end_connections();
        assert_eq!(copy.wait(), Some(0), "{place}");
        target.assert_holds(&source);
        // The next target needs a source that did not move.
        source.forget_move();
    }
}

#[test]
fn a_row_changed_on_the_target_meanwhile_is_found_and_named_without_a_value() {
    let source = Source::small();
    for (change, said) in [
        ("UPDATE customers SET record = '\\x5e' WHERE number = 70", "customers 70 has another record"),
        (
            "UPDATE customers SET created_from = NULL WHERE number = 71",
            "customers 71 has another created_from",
        ),
        ("DELETE FROM customers WHERE number = 12", "customers 12 is missing"),
        ("UPDATE customers SET number = 5000 WHERE number = 12", "customers 12 is missing"),
        (
            "INSERT INTO customers (number, platform, status, prefunded, created_at, created_by_key, trace_id) \
             SELECT 5000, platform, status, prefunded, created_at, created_by_key, trace_id FROM customers LIMIT 1",
            "customers 5000 is on the target but not",
        ),
        (
            "INSERT INTO installation_keys SELECT 'another', master_key_version, wrapped FROM installation_keys LIMIT 1",
            "installation_keys another is on the target but not",
        ),
    ] {
        let target = target_with_stops(&source);
        drop(copy_to(&source, &target, "audit_events 3", 60));
        target.database.end_connections();
        target.database.sql(change);
        let refused = source.copy(&target, &[]);
        assert_eq!(refused.code, Some(3), "{change}: {}", refused.stderr);
        assert!(refused.stderr.contains(said), "{change}: {}", refused.stderr);
        assert!(!refused.stderr.contains("5e"), "{}", refused.stderr);
        // Nothing was handed over.
        assert_eq!(source.run(&["platform", "list"]).code, Some(0));
    }
}

#[test]
fn what_operators_changed_on_the_source_between_two_runs_is_carried_over() {
    let source = Source::new();
    let target = target_with_stops(&source);
    drop(copy_to(&source, &target, "customers 100", 60));
    target.database.end_connections();
    let code = &source.accepted[0].credentials.platform_code;
    assert_eq!(source.run(&["platform", "set", code, "minimum_age=30"]).code, Some(0));
    assert_eq!(source.copied(&target)["resumed"], true);
    target.assert_holds(&source);
}

#[test]
fn a_copy_is_void_once_a_server_ran_on_the_source_again() {
    let source = Source::new();
    let target = target_with_stops(&source);
    drop(copy_to(&source, &target, "customers 100", 60));
    target.database.end_connections();
    source.serve().end();
    let refused = source.copy(&target, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("before a server ran on it again"), "{}", refused.stderr);
    let other = Target::new();
    source.copied(&other);
    other.assert_holds(&source);
    // The half copy can never be finished.
    assert_eq!(source.copy(&target, &[]).code, Some(1));
}
