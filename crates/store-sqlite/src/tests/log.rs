//! The log is copied beside the writer, starts over and stays bounded, and a copy that fails stops the engine.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use registrar_domain::store::{CreateCustomerOutcome, Store, StoreFailure};
use registrar_domain::testing::{Scene, block_on, scene, stored};
use rusqlite::Connection;
use rusqlite::ffi::{self, SQLITE_FULL, SQLITE_IOERR_FSYNC};

use super::engine::{Place, server};
use super::faults::assert_stopped;
use crate::files::beside;
use crate::limits::{CHECKPOINT_PAGES, LOG_PAGES_MAX, PAGE_BYTES};
use crate::{Options, SqliteStore};

/// Bytes of a record that takes a little more than half a piece of the log.
const RECORD: usize = 1 << 20;

/// Commits of such records after which the log has been too long once.
const COMMITS: u8 = 40;

fn create(store: &SqliteStore, scene: Scene, n: u8) -> Result<CreateCustomerOutcome, StoreFailure> {
    let fixture = scene.customer(store).request(n).email(n).payload(n);
    block_on(store.create_customer(fixture.with(|command| command.sealed.record = vec![n; RECORD]).build()))
}

fn log_length(place: &Place) -> u64 {
    std::fs::metadata(beside(&place.path(), "-wal")).unwrap().len()
}

fn copy(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get("checkpointed"))
}

fn error(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

fn is_writer() -> bool {
    std::thread::current().name() == Some("store-writer")
}

#[test]
fn the_log_starts_over_instead_of_growing() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    for n in 0..COMMITS {
        create(&store, scene, n).unwrap();
    }
    block_on(store.check_ready()).unwrap();
    let longest = LOG_PAGES_MAX * u64::from(PAGE_BYTES + 24) + 2 * u64::try_from(RECORD).unwrap();
    assert!(log_length(&place) < longest, "{}", log_length(&place));
    let statistics = store.statistics();
    assert!(statistics.checkpoints >= 2, "{statistics:?}");
    assert!(statistics.log_pages > 0 && statistics.log_pages < LOG_PAGES_MAX, "{statistics:?}");
}

#[test]
fn customers_are_created_while_the_log_is_copied() {
    let place = Place::new();
    let ((begins, began), (release, go_on)) = (channel(), channel::<()>());
    let go_on = Mutex::new(go_on);
    let store = place.open_with(server().with_checkpoint(move |connection| {
        if !is_writer() {
            begins.send(()).unwrap();
            // Answers for good once the test has let go.
            let _ = go_on.lock().unwrap().recv();
        }
        copy(connection)
    }));
    let scene = scene(&store, "one");
    for n in 0..2 {
        create(&store, scene, n).unwrap();
    }
    create(&store, scene, 2).unwrap();
    began.recv().unwrap();
    for n in 3..9 {
        assert_eq!(create(&store, scene, n), Ok(CreateCustomerOutcome::Created));
    }
    drop(release);
    drop(store);
    assert_eq!(log_length(&place), 0);
}

#[test]
fn a_reader_that_stays_does_not_make_every_commit_try_again() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let reader = place.connection();
    reader.execute_batch("BEGIN; SELECT count(*) FROM customers").unwrap();
    for n in 0..COMMITS {
        create(&store, scene, n).unwrap();
    }
    // What the writer does about the log comes after the answers; once it takes another command it is over.
    block_on(store.check_ready()).unwrap();
    let pages = store.statistics().log_pages;
    assert!(pages > LOG_PAGES_MAX, "{pages}");
    let tried = store.statistics().checkpoints;
    assert!((1..=pages / CHECKPOINT_PAGES).contains(&tried), "{tried}");

    reader.execute_batch("COMMIT").unwrap();
    for n in COMMITS..COMMITS + 4 {
        create(&store, scene, n).unwrap();
    }
    block_on(store.check_ready()).unwrap();
    assert!(store.statistics().log_pages < LOG_PAGES_MAX);
}

/// Creates customers until the engine stops; how many were acknowledged.
fn create_until_stopped(store: &SqliteStore, scene: Scene) -> u8 {
    let acknowledged = (0..=u8::MAX).find(|n| create(store, scene, *n).is_err());
    acknowledged.unwrap()
}

/// A server whose reasons to stop are noted; `change` makes it fail once the scene is there.
fn stops(change: impl Fn(Options, Arc<AtomicBool>) -> Options) {
    let place = Place::new();
    let (tells, told) = channel();
    let failing = Arc::new(AtomicBool::new(false));
    let options = Options::server(move |reason| tells.send(reason.to_owned()).unwrap());
    let store = place.open_with(change(options, Arc::clone(&failing)));
    let scene = scene(&store, "one");
    failing.store(true, Ordering::SeqCst);
    let acknowledged = create_until_stopped(&store, scene);
    let reason = told.recv().unwrap();
    assert!(!reason.is_empty());
    // What failed would succeed if it were tried again.
    failing.store(false, Ordering::SeqCst);
    assert_stopped(&store, scene);
    drop(store);
    assert!(told.try_recv().is_err(), "told twice");
    assert!(log_length(&place) > 0, "the log was emptied after a failed copy");

    let store = place.open();
    let customers: i64 =
        place.connection().query_row("SELECT count(*) FROM customers", [], |row| row.get(0)).unwrap();
    assert!(customers >= i64::from(acknowledged), "{customers} of {acknowledged}");
    for n in 0..acknowledged {
        let fixture = scene.customer(&store).request(n).email(n).payload(n);
        let command = fixture.with(|command| command.sealed.record = vec![n; RECORD]).build();
        let answer = block_on(store.create_customer(command.clone())).unwrap();
        let CreateCustomerOutcome::Replayed(found) = answer else { panic!("{n}: {answer:?}") };
        assert_eq!(found.sealed.record, stored(&command).sealed.record);
    }
}

#[test]
fn a_failed_sync_of_the_database_beside_the_writer_stops_the_engine() {
    stops(|options, failing| {
        options.with_sync(move |file| {
            if failing.load(Ordering::SeqCst) {
                Err(io::Error::other("a bad disk"))
            } else {
                file.sync_data()
            }
        })
    });
}

#[test]
fn a_failed_checkpoint_beside_the_writer_or_by_it_stops_the_engine() {
    for by_writer in [false, true] {
        stops(|options, failing| {
            options.with_checkpoint(move |connection| {
                if failing.load(Ordering::SeqCst) && is_writer() == by_writer {
                    return Err(error(SQLITE_IOERR_FSYNC));
                }
                copy(connection)
            })
        });
    }
}

#[test]
fn a_panic_beside_the_writer_stops_the_engine() {
    stops(|options, failing| {
        options.with_sync(move |file| {
            assert!(!failing.load(Ordering::SeqCst), "a bug");
            file.sync_data()
        })
    });
}

#[test]
fn a_sync_that_fails_while_the_engine_ends_leaves_the_log() {
    let place = Place::new();
    let (tells, told) = channel();
    let options = Options::server(move |_| tells.send(()).unwrap());
    let store = place.open_with(options.with_sync(|_| Err(io::Error::other("a bad disk"))));
    let scene = scene(&store, "one");
    // The first to make the log long enough has a piece copied after it was answered, or while the store ends.
    for n in 0..2 {
        create(&store, scene, n).unwrap();
    }
    drop(store);
    assert_eq!(told.iter().count(), 1);
    assert!(log_length(&place) > 0);
}

#[test]
fn after_a_failed_sync_nothing_is_copied_any_more() {
    let place = Place::new();
    let (tells, told) = channel();
    let copies = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&copies);
    let options = Options::server(move |_| tells.send(()).unwrap())
        .with_sync(|_| Err(io::Error::other("a bad disk")))
        .with_checkpoint(move |connection| {
            counted.fetch_add(1, Ordering::SeqCst);
            copy(connection)
        });
    let store = place.open_with(options);
    let scene = scene(&store, "one");
    create_until_stopped(&store, scene);
    told.recv().unwrap();
    drop(store);
    assert_eq!(copies.load(Ordering::SeqCst), 1);
}

#[test]
fn a_disk_that_is_full_when_the_log_is_copied_stops_nothing() {
    let place = Place::new();
    let full = Arc::new(AtomicBool::new(true));
    let is_full = Arc::clone(&full);
    let store = place.open_with(server().with_checkpoint(move |connection| {
        if is_full.load(Ordering::SeqCst) { Err(error(SQLITE_FULL)) } else { copy(connection) }
    }));
    let scene = scene(&store, "one");
    for n in 0..COMMITS {
        assert_eq!(create(&store, scene, n), Ok(CreateCustomerOutcome::Created));
    }
    assert!(store.statistics().log_pages > LOG_PAGES_MAX);
    full.store(false, Ordering::SeqCst);
    for n in COMMITS..COMMITS + 4 {
        assert_eq!(create(&store, scene, n), Ok(CreateCustomerOutcome::Created));
    }
    block_on(store.check_ready()).unwrap();
    assert!(store.statistics().log_pages < LOG_PAGES_MAX);
}
