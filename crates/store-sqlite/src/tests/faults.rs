//! A full disk, a locked database, a commit that fails: nothing acknowledged is lost, nothing lost is acknowledged.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use registrar_domain::store::{CreateCustomerOutcome, Store, StoreFailure};
use registrar_domain::testing::{Scene, block_on, scene, stored};
use rusqlite::Connection;
use rusqlite::ffi::{self, SQLITE_FULL, SQLITE_IOERR_FSYNC};

use super::engine::{Place, contents, server};
use crate::{Options, SqliteStore};

fn error(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

fn commit(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("COMMIT")
}

fn create(store: &SqliteStore, scene: Scene, n: u8) -> Result<CreateCustomerOutcome, StoreFailure> {
    let fixture = scene.customer(store).request(n).email(n).payload(n);
    block_on(store.create_customer(fixture.with(|command| command.sealed.record = vec![n; 9000]).build()))
}

/// Every commit sets the largest number of pages that the database may have from then on.
fn with_page_limit(pages: &Arc<AtomicI64>) -> Options {
    let pages = Arc::clone(pages);
    server().with_commit(move |connection| {
        commit(connection)?;
        let pages = pages.load(Ordering::SeqCst);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    })
}

#[test]
fn a_full_disk_loses_nothing_and_the_store_recovers() {
    let place = Place::new();
    let pages = Arc::new(AtomicI64::new(1_000_000));
    let store = place.open_with(with_page_limit(&pages));
    let scene = scene(&store, "one");
    assert_eq!(create(&store, scene, 0), Ok(CreateCustomerOutcome::Created));
    pages.store(1, Ordering::SeqCst);
    block_on(store.check_ready()).unwrap();
    let before = contents(&store, &place.path());
    for n in 1..4 {
        let answer = create(&store, scene, n);
        assert!(matches!(answer, Err(StoreFailure::Unavailable(_))), "{answer:?}");
    }
    assert_eq!(contents(&store, &place.path()), before);
    pages.store(1_000_000, Ordering::SeqCst);
    block_on(store.check_ready()).unwrap();
    for n in 1..4 {
        assert_eq!(create(&store, scene, n), Ok(CreateCustomerOutcome::Created));
    }
}

/// The disk may also be found full by the commit, when the pages are written to the log.
#[test]
fn a_disk_that_is_found_full_by_the_commit_loses_nothing() {
    let place = Place::new();
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let store = place.open_with(server().with_commit(move |connection| {
        if is_full.load(Ordering::SeqCst) { Err(error(SQLITE_FULL)) } else { commit(connection) }
    }));
    let scene = scene(&store, "one");
    let before = contents(&store, &place.path());
    full.store(true, Ordering::SeqCst);
    assert!(matches!(create(&store, scene, 1), Err(StoreFailure::Unavailable(_))));
    assert!(matches!(block_on(store.check_ready()), Err(StoreFailure::Unavailable(_))));
    assert_eq!(contents(&store, &place.path()), before);
    full.store(false, Ordering::SeqCst);
    assert_eq!(block_on(store.check_ready()), Ok(()));
    assert_eq!(create(&store, scene, 1), Ok(CreateCustomerOutcome::Created));
}

#[test]
fn a_store_that_was_full_is_ready_only_after_it_has_written_again() {
    let place = Place::new();
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let store = place.open_with(server().with_commit(move |connection| {
        if is_full.swap(false, Ordering::SeqCst) { Err(error(SQLITE_FULL)) } else { commit(connection) }
    }));
    let scene = scene(&store, "one");
    full.store(true, Ordering::SeqCst);
    assert!(create(&store, scene, 1).is_err());
    let probes = || -> i64 {
        let sql = "SELECT value FROM settings WHERE name = 'write_probe'";
        place.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    for _ in 0..2 {
        assert_eq!(block_on(store.check_ready()), Ok(()));
        assert_eq!(probes(), 1);
    }
}

#[test]
fn a_database_that_another_process_locks_is_unavailable_until_it_lets_go() {
    let place = Place::new();
    let store = place.open_with(server().with_commit(|connection| {
        connection.busy_timeout(Duration::from_millis(1))?;
        commit(connection)
    }));
    let scene = scene(&store, "one");
    let other = place.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(create(&store, scene, 1), Err(StoreFailure::Unavailable(_))));
    assert!(matches!(block_on(store.check_ready()), Err(StoreFailure::Unavailable(_))));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(block_on(store.check_ready()), Ok(()));
    assert_eq!(create(&store, scene, 1), Ok(CreateCustomerOutcome::Created));
}

/// A server whose commits do what `commit` says once `failing` is set, and the reasons for which it stopped.
fn failing_server(
    failing: &Arc<AtomicBool>,
    commit_badly: impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static,
) -> (Options, Arc<Mutex<Vec<String>>>) {
    let (failing, reasons) = (Arc::clone(failing), Arc::new(Mutex::new(Vec::new())));
    let told = Arc::clone(&reasons);
    let options = Options::server(move |reason| told.lock().unwrap().push(reason.to_owned()))
        .with_commit(move |c| if failing.load(Ordering::SeqCst) { commit_badly(c) } else { commit(c) });
    (options, reasons)
}

pub(crate) fn assert_stopped(store: &SqliteStore, scene: Scene) {
    let unavailable = |answer: Result<(), StoreFailure>| {
        assert!(matches!(answer, Err(StoreFailure::Unavailable(_))), "{answer:?}");
    };
    unavailable(create(store, scene, 9).map(drop));
    unavailable(block_on(store.check_ready()));
    unavailable(block_on(store.load_access()).map(drop));
    unavailable(block_on(store.load_access_version()).map(drop));
    let request = registrar_domain::store::BlindIndex([1; 16]);
    unavailable(block_on(store.find_customer_by_request(scene.platform, request)).map(drop));
}

#[test]
fn a_failed_sync_of_the_commit_stops_the_engine_and_the_outcome_is_unknown() {
    for durable in [false, true] {
        let place = Place::new();
        let failing = Arc::new(AtomicBool::new(false));
        let (options, reasons) = failing_server(&failing, move |connection| {
            if durable {
                commit(connection)?;
            }
            Err(error(SQLITE_IOERR_FSYNC))
        });
        let store = place.open_with(options);
        let scene = scene(&store, "one");
        failing.store(true, Ordering::SeqCst);
        let command = scene.customer(&store).request(1).email(1).payload(1).build();
        let answer = block_on(store.create_customer(command.clone()));
        assert!(matches!(answer, Err(StoreFailure::OutcomeUnknown(_))), "{answer:?}");
        failing.store(false, Ordering::SeqCst);
        assert_stopped(&store, scene);
        drop(store);
        assert_eq!(reasons.lock().unwrap().len(), 1);

        // Contract 2.7: repeating the same request settles it, whichever way it went.
        let store = place.open();
        let again = scene.customer(&store).request(1).email(1).payload(1).build();
        let settled = if durable {
            CreateCustomerOutcome::Replayed(stored(&command))
        } else {
            CreateCustomerOutcome::Created
        };
        assert_eq!(block_on(store.create_customer(again)), Ok(settled));
    }
}

#[test]
fn a_panic_in_the_writer_stops_the_engine_and_the_outcome_is_unknown() {
    let place = Place::new();
    let failing = Arc::new(AtomicBool::new(false));
    let (options, reasons) = failing_server(&failing, |_| panic!("a bug"));
    let store = place.open_with(options);
    let scene = scene(&store, "one");
    failing.store(true, Ordering::SeqCst);
    let answer = create(&store, scene, 1);
    assert!(matches!(answer, Err(StoreFailure::OutcomeUnknown(_))), "{answer:?}");
    // The writer tells the readers a moment after it let go of the command; its own queue is refused from then on.
    let refused = create(&store, scene, 2);
    assert!(matches!(refused, Err(StoreFailure::Unavailable(_))), "{refused:?}");
    assert_stopped(&store, scene);
    drop(store);
    assert_eq!(*reasons.lock().unwrap(), ["the writer panicked"]);
}
