//! Opening: locks, refusals, files, and what survives.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use registrar_domain::store::{CreateCustomerOutcome, Store};
use registrar_domain::testing::{block_on, new_platform, operator_act, scene, stored};
use rustix::fs::{FlockOperation, flock};

use super::engine::{Place, contents, server};
use crate::attachment::Attachment;
use crate::connection::{open_reader, open_writer};
use crate::files::{beside, open_lock};
use crate::limits::PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY;
use crate::{CopySource, OpenError, Options, Role, SqliteStore, inspect};

const ALL_STEPS: [&str; 4] = ["0001_initial", "0002_relocation", "0003_fingerprints", "0004_platforms_after"];

fn refusal(path: &Path, options: Options) -> OpenError {
    SqliteStore::open(path, options).err().unwrap()
}

#[test]
fn a_second_server_is_refused_and_told_what_to_do() {
    let place = Place::new();
    let first = place.open();
    let refused = refusal(&place.path(), server());
    assert!(matches!(refused, OpenError::ServerRunning(_)), "{refused:?}");
    assert!(refused.to_string().contains("another registrar server is running"), "{refused}");
    drop(first);
    place.open();
}

/// SQLite follows a link to the file, so locks and the mark must be the file's own.
#[test]
fn a_link_to_a_database_is_the_same_database() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    let to_file = elsewhere.path().join("file.db");
    std::os::unix::fs::symlink(place.path(), &to_file).unwrap();
    let to_folder = elsewhere.path().join("folder");
    std::os::unix::fs::symlink(place.path().parent().unwrap(), &to_folder).unwrap();
    let to_folder = to_folder.join("registrar.db");
    let store = place.open();
    for link in [&to_file, &to_folder] {
        assert!(matches!(refusal(link, server()), OpenError::ServerRunning(_)));
        assert!(matches!(CopySource::open(link).err().unwrap(), OpenError::ServerRunning(_)));
        assert!(matches!(SqliteStore::migrate(link).err().unwrap(), OpenError::ServerRunning(_)));
        SqliteStore::open(link, Options::operator()).unwrap();
        assert_eq!(SqliteStore::pending_migrations(link).unwrap(), Vec::<&str>::new());
        inspect(link).unwrap();
    }
    let first = store.reserve_customer_number().unwrap();
    drop(store);
    let next = SqliteStore::open(&to_file, server()).unwrap().reserve_customer_number().unwrap();
    assert!(next > first);
    let beside: Vec<_> =
        std::fs::read_dir(elsewhere.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(beside.len(), 2, "{beside:?}");
}

#[test]
fn a_new_database_is_made_where_a_link_to_its_folder_leads() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let link = elsewhere.path().join("folder");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let _store = SqliteStore::open(&link.join("registrar.db"), server()).unwrap();
    let refused = refusal(&folder.path().join("registrar.db"), server());
    assert!(matches!(refused, OpenError::ServerRunning(_)), "{refused:?}");
}

/// Each name would have a log and locks of its own.
#[test]
fn a_file_with_two_names_is_refused_by_both_and_by_everybody() {
    let place = Place::new();
    drop(place.open());
    let other = place.path().with_extension("other");
    std::fs::hard_link(place.path(), &other).unwrap();
    for path in [place.path(), other.clone()] {
        for options in [server(), Options::operator()] {
            let refused = refusal(&path, options);
            assert!(matches!(refused, OpenError::ManyNames(_)), "{refused:?}");
        }
        assert!(matches!(CopySource::open(&path).err().unwrap(), OpenError::ManyNames(_)));
        assert!(matches!(inspect(&path).unwrap_err(), OpenError::ManyNames(_)));
        assert!(matches!(SqliteStore::migrate(&path).unwrap_err(), OpenError::ManyNames(_)));
    }
    std::fs::remove_file(other).unwrap();
    place.open();
}

#[test]
fn a_newer_schema_is_refused_by_servers_and_operators_and_left_alone() {
    let place = Place::new();
    drop(place.open());
    place.connection().pragma_update(None, "user_version", 7).unwrap();
    for options in [server(), Options::operator()] {
        let refused = refusal(&place.path(), options);
        assert!(matches!(refused, OpenError::NewerSchema { found: 7, known: 4 }), "{refused:?}");
    }
    let refused = SqliteStore::migrate(&place.path()).err().unwrap();
    assert!(matches!(refused, OpenError::NewerSchema { .. }), "{refused:?}");
    let version: u32 = place.connection().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    let text = "these are the minutes of a meeting, not a database\n".repeat(50);
    std::fs::write(place.path(), &text).unwrap();
    let refused = refusal(&place.path(), server());
    assert!(matches!(refused, OpenError::NotADatabase(_)), "{refused:?}");
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let place = Place::new();
    place.connection().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let refused = refusal(&place.path(), server());
    assert!(matches!(refused, OpenError::OtherProgram(_)), "{refused:?}");
}

#[test]
fn a_missing_directory_is_named() {
    let place = Place::new();
    let refused = refusal(&place.path().join("missing/registrar.db"), server());
    assert!(refused.to_string().contains("check that the directory exists"), "{refused}");
}

#[test]
fn every_file_is_readable_by_its_owner_alone() {
    let place = Place::new();
    let store = place.open();
    scene(&store, "one");
    for ending in ["", "-wal", "-shm", "-server.lock", "-attached.lock"] {
        let mode = std::fs::metadata(beside(&place.path(), ending)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{ending}");
    }
}

#[test]
fn the_log_is_kept_and_emptied_when_the_last_connection_closes() {
    let place = Place::new();
    let store = place.open();
    scene(&store, "one");
    assert!(std::fs::metadata(beside(&place.path(), "-wal")).unwrap().len() > 0);
    drop(store);
    assert_eq!(std::fs::metadata(beside(&place.path(), "-wal")).unwrap().len(), 0);
    drop(place.open_with(Options::operator()));
    assert!(beside(&place.path(), "-wal").exists());
}

#[test]
fn connections_are_configured_for_durability() {
    let place = Place::new();
    drop(place.open());
    for connection in [open_writer(&place.path()).unwrap(), open_reader(&place.path()).unwrap()] {
        let pragma = |name| -> i64 { connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("mmap_size"), 0);
        assert_eq!(pragma("foreign_keys"), 1);
        assert_eq!(pragma("page_size"), 4096);
        assert_eq!(pragma("wal_autocheckpoint"), 0);
    }
    let reader = open_reader(&place.path()).unwrap();
    assert!(reader.execute("DELETE FROM settings", []).is_err());
}

#[test]
fn everything_is_there_after_closing_and_opening() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let command = scene.customer(&store).request(1).email(1).payload(1).build();
    block_on(store.create_customer(command.clone())).unwrap();
    let before = contents(&store, &place.path());
    drop(store);
    let store = place.open();
    assert_eq!(contents(&store, &place.path()), before);
    let again = scene.customer(&store).request(1).email(1).payload(1).build();
    assert!(again.number > command.number);
    let outcome = block_on(store.create_customer(again));
    assert_eq!(outcome, Ok(CreateCustomerOutcome::Replayed(stored(&command))));
}

/// What a kill leaves: the files as they are, a shared index that nobody cares for.
#[test]
fn everything_acknowledged_is_there_after_an_end_without_closing() {
    let (place, crashed) = (Place::new(), Place::new());
    let store = place.open();
    let scene = scene(&store, "one");
    for number in 0..50 {
        let command = scene.customer(&store).request(number).email(number).payload(number).build();
        assert_eq!(block_on(store.create_customer(command)), Ok(CreateCustomerOutcome::Created));
    }
    for ending in ["", "-wal"] {
        std::fs::copy(beside(&place.path(), ending), beside(&crashed.path(), ending)).unwrap();
    }
    std::fs::write(beside(&crashed.path(), "-shm"), vec![0xff; 32 << 10]).unwrap();
    let before = contents(&store, &place.path());
    let reopened = crashed.open();
    assert_eq!(contents(&reopened, &crashed.path()), before);
    assert!(reopened.reserve_customer_number().unwrap().0 >= 50);
}

#[test]
fn the_first_to_attach_takes_a_left_over_shared_index_away() {
    for role in [Role::Server, Role::Operator] {
        let place = Place::new();
        let index = beside(&place.path(), "-shm");
        std::fs::write(&index, vec![0xff; 32 << 10]).unwrap();
        let first = Attachment::within(&place.path(), role, Duration::ZERO).unwrap();
        assert!(!index.exists());
        std::fs::write(&index, "used by the first").unwrap();
        Attachment::within(&place.path(), Role::Operator, Duration::ZERO).unwrap();
        assert!(index.exists());
        drop(first);
    }
}

#[test]
fn a_server_waits_for_operators_that_are_about_to_leave() {
    let place = Place::new();
    let operator = place.open_with(Options::operator());
    std::thread::scope(|scope| {
        let server = scope.spawn(|| place.open());
        // Whenever the operator leaves, before or while the server waits, the server starts.
        drop(operator);
        server.join().unwrap();
    });
}

#[test]
fn a_server_does_not_start_beside_a_process_that_stays() {
    let place = Place::new();
    let operator = place.open_with(Options::operator());
    let wait = Duration::from_millis(50);
    let refused = Attachment::within(&place.path(), Role::Server, wait).unwrap_err();
    assert!(matches!(refused, OpenError::Attached(_)), "{refused:?}");
    drop(operator);
    Attachment::within(&place.path(), Role::Server, wait).unwrap();
}

#[test]
fn an_operator_does_not_attach_while_a_server_looks_at_the_files() {
    let place = Place::new();
    let lock = open_lock(&beside(&place.path(), "-attached.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let wait = Duration::from_millis(50);
    let refused = Attachment::within(&place.path(), Role::Operator, wait).unwrap_err();
    assert!(matches!(refused, OpenError::Attached(_)), "{refused:?}");
}

#[test]
fn migrations_are_listed_applied_and_then_listed_no_more() {
    let place = Place::new();
    assert_eq!(SqliteStore::pending_migrations(&place.path()).unwrap(), ALL_STEPS);
    assert!(!place.path().exists());
    assert_eq!(SqliteStore::migrate(&place.path()).unwrap(), ALL_STEPS);
    assert_eq!(SqliteStore::pending_migrations(&place.path()).unwrap(), Vec::<&str>::new());
    assert_eq!(SqliteStore::migrate(&place.path()).unwrap(), Vec::<&str>::new());
}

/// The first builds had no row for the platforms to skip; what reads it would fail, and what writes it would write nothing.
#[test]
fn a_database_of_the_first_builds_gets_the_row_for_skipped_platforms() {
    let place = Place::new();
    drop(place.open());
    let undo = "DELETE FROM settings WHERE name = 'platforms_after'; DROP TABLE fingerprints; DROP TABLE relocation; \
                PRAGMA user_version = 1; CREATE UNIQUE INDEX customers_by_email ON customers (platform, email_index); \
                CREATE UNIQUE INDEX customers_by_request ON customers (platform, request_index)";
    place.connection().execute_batch(undo).unwrap();
    std::fs::write(beside(&place.path(), "-numbers"), "put back from a copy").unwrap();
    let store = place.open();
    let platform = block_on(store.create_platform(new_platform("first"), operator_act(0))).unwrap();
    assert_eq!(platform.0, PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY + 1);
}

#[test]
fn a_database_is_not_migrated_under_a_running_server() {
    let place = Place::new();
    let _server = place.open();
    let refused = SqliteStore::migrate(&place.path()).err().unwrap();
    assert!(matches!(refused, OpenError::ServerRunning(_)), "{refused:?}");
}

#[test]
fn a_database_whose_creation_was_interrupted_is_completed() {
    let place = Place::new();
    std::fs::write(place.path(), []).unwrap();
    place.connection().pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    scene(&place.open(), "one");
}

#[test]
fn a_start_after_a_copy_that_is_cut_off_skips_platforms_before_the_mark_is_taken_for_its_own() {
    let place = Place::new();
    drop(place.open());
    let numbers = beside(&place.path(), "-numbers");
    let copy = numbers.with_extension("copy");
    std::fs::copy(&numbers, &copy).unwrap();
    std::fs::rename(&copy, &numbers).unwrap();
    // Writing the mark fails, as where the process is killed just before.
    let obstacle = beside(&place.path(), "-numbers.new");
    std::fs::create_dir(&obstacle).unwrap();
    let refused = refusal(&place.path(), server());
    assert!(matches!(refused, OpenError::Io { .. }), "{refused:?}");
    let skipped: u32 = place
        .connection()
        .query_row("SELECT value FROM settings WHERE name = 'platforms_after'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(skipped, PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY);
    std::fs::remove_dir(&obstacle).unwrap();
    assert!(place.open().begins_after_copy());
}

#[test]
fn codes_of_customers_accepted_after_a_copy_are_not_handed_out_again() {
    let place = Place::new();
    let highest = |store: &SqliteStore, count: u32| {
        (0..count).map(|_| store.reserve_customer_number().unwrap().0).max().unwrap()
    };
    let store = place.open();
    scene(&store, "one");
    highest(&store, 3);
    drop(store);
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(place.path().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let store = place.open();
    assert!(!store.begins_after_copy());
    let handed_out = highest(&store, 100);
    let lost_platform = block_on(store.create_platform(new_platform("lost"), operator_act(0))).unwrap();
    drop(store);
    for entry in std::fs::read_dir(copy.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), place.path().parent().unwrap().join(entry.file_name())).unwrap();
    }
    let store = place.open();
    assert!(store.begins_after_copy());
    assert!(store.reserve_customer_number().unwrap().0 > handed_out);
    let platform = block_on(store.create_platform(new_platform("late"), operator_act(0))).unwrap();
    assert!(platform > lost_platform);
}
