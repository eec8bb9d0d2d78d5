//! Connections cut, servers crashed, commits that nobody replicated: nothing lost, nothing doubled, nothing told too early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use registrar_domain::ids::CustomerNumber;
use registrar_domain::store::{
    BlindIndex, CreateCustomer, CreateCustomerOutcome, Store, StoreFailure, StoreFuture,
};
use registrar_domain::testing::{CustomerFixture, Scene, block_on, scene, stored};

use super::engine::{Held, server};
use super::wire::QUICK;
use crate::limits::{Patience, QUEUE_COMMANDS_MAX, WRITERS};
use crate::testing::TestDatabase;
use crate::{PostgresStore, Role};

/// Longer than anything that is waited for here; only a failing test takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A number, as soon as there is one: while connections are cut no new ones can be taken from the database.
fn number(store: &PostgresStore) -> u32 {
    let begun = Instant::now();
    loop {
        match store.reserve_customer_number() {
            Ok(number) => return number.0,
            Err(StoreFailure::Busy | StoreFailure::Unavailable(_)) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// A customer of its own, told from all others by a number that spans many bytes.
fn customer(store: &PostgresStore, scene: Scene, identity: u32) -> CreateCustomer {
    let mut index = [0; 16];
    index[..4].copy_from_slice(&identity.to_le_bytes());
    let fixture = CustomerFixture::new(scene.platform, scene.key).number(number(store)).with(|command| {
        command.request = Some(BlindIndex(index));
        command.email = BlindIndex(index);
    });
    fixture.build()
}

/// Waits until a query gives this.
pub(super) fn until(database: &TestDatabase, sql: &str, expected: &str) {
    let begun = Instant::now();
    loop {
        let found = database.sql(sql);
        if found == expected {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "`{sql}` gives {found}, not {expected}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Puts a create into the queue without waiting for its answer.
pub(super) fn submit<T>(future: &mut StoreFuture<'_, T>) {
    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

fn is_ready<T>(future: &mut StoreFuture<'_, T>) -> bool {
    matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(_))
}

/// Submits until it is told, as a client does; how often the outcome was unknown or the engine unavailable.
fn submit_until_told(store: &PostgresStore, command: &CreateCustomer) -> u32 {
    for failures in 0..50 {
        match block_on(store.create_customer(command.clone())) {
            Ok(CreateCustomerOutcome::Created) => return failures,
            Ok(CreateCustomerOutcome::Replayed(row)) => {
                assert!(failures > 0, "a replay of a request that was never sent before");
                assert_eq!(row, stored(command));
                return failures;
            }
            Err(StoreFailure::OutcomeUnknown(_) | StoreFailure::Unavailable(_) | StoreFailure::Busy) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("never told");
}

fn load_while(store: &PostgresStore, scene: Scene, disturb: impl FnOnce()) -> u32 {
    let (over, identities) = (AtomicBool::new(false), std::sync::atomic::AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let identity = identities.fetch_add(1, Ordering::Relaxed);
                    submit_until_told(store, &customer(store, scene, identity));
                }
            });
        }
        disturb();
        over.store(true, Ordering::Relaxed);
    });
    identities.load(Ordering::Relaxed)
}

#[test]
fn connections_ended_under_load_lose_and_double_nothing() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let told = load_while(&held, scene, || {
        for _ in 0..40 {
            held.database.end_connections();
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    assert_eq!(held.database.sql("SELECT count(*) FROM customers"), told.to_string());
    assert!(held.statistics().reconnections > 0);
}

#[test]
fn a_crash_of_the_server_under_load_loses_and_doubles_nothing() {
    let database = TestDatabase::on_its_own_server();
    let store = server(&database);
    let scene = scene(&store, "one");
    let told = load_while(&store, scene, || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(200));
            database.crash_its_own_server();
        }
    });
    assert_eq!(database.sql("SELECT count(*) FROM customers"), told.to_string());
}

/// The count of connections that wait for a replica.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

#[test]
fn nothing_is_told_of_a_customer_that_no_replica_has() {
    let database = TestDatabase::on_its_own_server();
    let store = server(&database);
    let scene = scene(&store, "one");
    let command = customer(&store, scene, 1);
    database.set_on_its_own_server("synchronous_standby_names = 'nobody'");
    let mut first = store.create_customer(command.clone());
    submit(&mut first);
    until(&database, WAITING, "1");
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "0");

    // The commit then ends with success and a warning, and the row is there for all to see.
    database.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    until(&database, "SELECT count(*) FROM customers", "1");
    let mut replay = store.create_customer(customer(&store, scene, 1));
    let mut look_up = store.find_customer_by_request(scene.platform, command.request.unwrap());
    submit(&mut replay);
    submit(&mut look_up);
    // The first create's own barrier and the lock that the others wait for.
    until(&database, WAITING, "1");
    until(&database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'", "2");
    assert!(!is_ready(&mut first) && !is_ready(&mut replay) && !is_ready(&mut look_up));

    database.set_on_its_own_server("synchronous_standby_names = ''");
    assert_eq!(block_on(first), Ok(CreateCustomerOutcome::Created));
    assert_eq!(block_on(replay), Ok(CreateCustomerOutcome::Replayed(stored(&command))));
    assert_eq!(block_on(look_up), Ok(Some(stored(&command))));
    assert_eq!(store.statistics().outcomes_found, 1);
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "1");
}

/// As long as a test can wait for what never comes.
const BRIEF: Patience = Patience {
    connect: Duration::from_secs(1),
    answer: Duration::from_secs(1),
    unsent: Duration::from_millis(500),
    outcome: Duration::from_millis(1500),
    ..QUICK
};

#[test]
fn commits_that_are_given_up_leave_no_connection_behind_and_are_told_to_nobody() {
    let database = TestDatabase::on_its_own_server();
    let scene = scene(&server(&database), "one");
    let store = PostgresStore::open(&database.address().waited_for(BRIEF), Role::Server).unwrap();
    let command = customer(&store, scene, 1);
    database.set_on_its_own_server("synchronous_standby_names = 'nobody'");
    for round in 0..3 {
        let told = block_on(store.create_customer(command.clone()));
        // The later ones meet the first, and store nothing themselves.
        let is_right = match told {
            Err(StoreFailure::OutcomeUnknown(_)) => true,
            Err(StoreFailure::Unavailable(_)) => round > 0,
            _ => false,
        };
        assert!(is_right, "{told:?}");
        let ready = block_on(store.check_ready());
        assert!(ready.is_err(), "{ready:?}");
    }
    until(&database, WAITING, "0");
    // What was given up is there for all to see, but not durable, and was told to nobody.
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "1");
    database.set_on_its_own_server("synchronous_standby_names = ''");
    let told = block_on(store.create_customer(command.clone()));
    assert_eq!(told, Ok(CreateCustomerOutcome::Replayed(stored(&command))));
}

#[test]
fn commits_that_wait_for_a_replica_no_longer_are_counted() {
    let database = TestDatabase::on_its_own_server();
    let store = server(&database);
    let scene = scene(&store, "one");
    database.set_on_its_own_server("synchronous_standby_names = 'nobody'");
    let mut first = store.create_customer(customer(&store, scene, 1));
    submit(&mut first);
    until(&database, WAITING, "1");
    database.set_on_its_own_server("synchronous_standby_names = ''");
    assert_eq!(block_on(first), Ok(CreateCustomerOutcome::Created));
    assert_eq!(store.statistics().replicas_lost, 0);
    for identity in 2..4 {
        database.end_connections();
        submit_until_told(&store, &customer(&store, scene, identity));
    }
    assert_eq!(store.statistics().replicas_lost, 1);
}

#[test]
fn a_commit_whose_answer_a_crash_cut_off_is_found_out() {
    let database = TestDatabase::on_its_own_server();
    let store = server(&database);
    let scene = scene(&store, "one");
    let command = customer(&store, scene, 1);
    database.set_on_its_own_server("synchronous_standby_names = 'nobody'");
    let mut first = store.create_customer(command.clone());
    submit(&mut first);
    until(&database, WAITING, "1");
    database.set_on_its_own_server("synchronous_standby_names = ''");
    database.crash_its_own_server();
    assert_eq!(block_on(first), Ok(CreateCustomerOutcome::Created));
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "1");
}

/// Another program's lock on the customers, held while its owner sleeps.
struct Locked<'a> {
    database: &'a TestDatabase,
    thread: std::thread::ScopedJoinHandle<'a, ()>,
}

impl Locked<'_> {
    fn new<'scope>(
        scope: &'scope std::thread::Scope<'scope, '_>,
        database: &'scope TestDatabase,
    ) -> Locked<'scope> {
        let thread = scope.spawn(|| {
            // Ended from outside, which psql reports as an error.
            let lock = "BEGIN; LOCK TABLE customers; SELECT pg_sleep(20)";
            let ended = std::panic::catch_unwind(|| database.sql(lock));
            assert!(ended.is_err(), "the lock was not let go of in time");
        });
        until(
            database,
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted \
             AND relation = 'customers'::regclass",
            "1",
        );
        Locked { database, thread }
    }

    fn release(self) {
        self.database
            .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'");
        self.thread.join().unwrap();
    }
}

#[test]
fn creates_that_come_during_a_commit_share_the_next_one_and_a_bad_one_harms_none() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    std::thread::scope(|scope| {
        let locked = Locked::new(scope, &held.database);
        let mut first: Vec<_> = Vec::new();
        for identity in 0..u32::try_from(WRITERS).unwrap() {
            let mut busy = held.create_customer(customer(&held, scene, 1000 + identity));
            submit(&mut busy);
            first.push(busy);
            // Each writer has one, and waits for the lock with it.
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
            until(&held.database, waiting, &first.len().to_string());
        }
        let mut commands: Vec<_> = (0..50).map(|identity| customer(&held, scene, identity)).collect();
        commands[20].key.0 = 99;
        commands[30].number = commands[31].number;
        let twin = CreateCustomer { number: held.reserve_customer_number().unwrap(), ..commands[40].clone() };
        commands.push(twin);
        let mut answers: Vec<_> =
            commands.iter().map(|command| held.create_customer(command.clone())).collect();
        answers.iter_mut().for_each(submit);
        assert_eq!(held.statistics().queue_depth, 51);
        locked.release();
        for answer in first {
            assert_eq!(block_on(answer), Ok(CreateCustomerOutcome::Created));
        }
        let answers: Vec<_> = answers.into_iter().map(block_on).collect();
        assert!(matches!(answers[20], Err(StoreFailure::Internal(_))), "{:?}", answers[20]);
        let same_number = [&answers[30], &answers[31]];
        assert!(same_number.iter().any(|answer| matches!(answer, Err(StoreFailure::Internal(_)))));
        assert!(same_number.contains(&&Ok(CreateCustomerOutcome::Created)));
        let twins = [&answers[40], &answers[50]];
        assert!(twins.contains(&&Ok(CreateCustomerOutcome::Created)));
        assert!(twins.iter().any(|answer| matches!(answer, Ok(CreateCustomerOutcome::Replayed(_)))));
        let others = (0..50).filter(|place| ![20, 30, 31, 40].contains(place));
        assert!(others.into_iter().all(|place| answers[place] == Ok(CreateCustomerOutcome::Created)));
    });
    assert_eq!(held.database.sql("SELECT count(*) FROM customers"), (48 + WRITERS).to_string());
}

#[test]
fn a_full_queue_is_busy_at_once_and_what_waits_is_carried_out_before_the_store_is_closed() {
    let database = TestDatabase::new();
    let store = server(&database);
    let scene = scene(&store, "one");
    std::thread::scope(|scope| {
        let locked = Locked::new(scope, &database);
        let template = customer(&store, scene, 0);
        let mut waiting = 0_u32;
        loop {
            let mut index = [1; 16];
            index[..4].copy_from_slice(&waiting.to_le_bytes());
            let mut answer = store.create_customer(CreateCustomer {
                number: CustomerNumber(1_000_000 + waiting),
                request: None,
                email: BlindIndex(index),
                ..template.clone()
            });
            if is_ready(&mut answer) {
                break;
            }
            waiting += 1;
        }
        assert!(waiting >= u32::try_from(QUEUE_COMMANDS_MAX).unwrap(), "{waiting}");
        locked.release();
        drop(store);
        assert_eq!(database.sql("SELECT count(*) FROM customers"), waiting.to_string());
    });
}
