//! A newer release changes the schema while a server works: not one create, replay or look-up may fail.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use registrar_domain::store::{BlindIndex, CreateCustomer, CreateCustomerOutcome, CustomerEvent, Store};
use registrar_domain::testing::{Scene, block_on, operator_act, scene, stored};

use super::beside::Beside;
use super::engine::{application_database, server};
use crate::limits::MIGRATION_LOCK_WAIT;
use crate::migrations::{STEPS, Steps};
use crate::testing::TestDatabase;
use crate::{OpenError, PostgresStore, Role, migrate, migrate_for};

/// What the first release had.
pub(crate) const OLDER: Steps = STEPS.split_at(1).0;

/// The names of the steps that came after it.
pub(crate) fn later() -> Vec<&'static str> {
    STEPS.iter().skip(OLDER.len()).map(|(name, _)| *name).collect()
}

/// What a later release may do while servers of this one run: add.
const NEWER: Steps = &[
    STEPS[0],
    STEPS[1],
    STEPS[2],
    (
        "0004_later",
        "ALTER TABLE customers ADD COLUMN reviewed_at bigint; \
         ALTER TABLE platforms ADD COLUMN region text; \
         CREATE INDEX customers_by_time ON customers (created_at); \
         CREATE TABLE reviews (customer bigint NOT NULL, \
             CONSTRAINT reviews_pkey PRIMARY KEY (customer), \
             CONSTRAINT reviews_customer_fkey FOREIGN KEY (customer) REFERENCES customers (number))",
    ),
];

fn customer(store: &PostgresStore, scene: Scene, identity: u32) -> CreateCustomer {
    let mut index = [0; 16];
    index[..4].copy_from_slice(&identity.to_le_bytes());
    let fixture = scene.customer(store).with(|command| {
        command.request = Some(BlindIndex(index));
        command.email = BlindIndex(index);
    });
    fixture.build()
}

fn shown(scene: Scene, command: &CreateCustomer) -> CustomerEvent {
    CustomerEvent {
        platform: scene.platform,
        customer: command.number,
        what: "customer.shown",
        reason: "a test".to_owned(),
        act: operator_act(1),
    }
}

/// Creates, replays, looks up and shows from many sides while `change` runs; each must do what it always does.
fn work_while(store: &PostgresStore, change: impl FnOnce()) -> u32 {
    let scene = scene(store, "one");
    let (over, identities) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let command = customer(store, scene, identities.fetch_add(1, Ordering::Relaxed));
                    let create = |command| block_on(store.create_customer(command));
                    assert_eq!(create(command.clone()), Ok(CreateCustomerOutcome::Created));
                    let again = CreateCustomer {
                        number: store.reserve_customer_number().unwrap(),
                        ..command.clone()
                    };
                    assert_eq!(create(again), Ok(CreateCustomerOutcome::Replayed(stored(&command))));
                    let found = store.find_customer_by_request(scene.platform, command.request.unwrap());
                    assert_eq!(block_on(found), Ok(Some(stored(&command))));
                    let seen = block_on(store.show_customer(shown(scene, &command)));
                    assert_eq!(seen, Ok(Some(stored(&command))));
                }
            });
        }
        let until = |count| {
            while identities.load(Ordering::Relaxed) < count {
                std::thread::yield_now();
            }
        };
        until(40);
        change();
        until(identities.load(Ordering::Relaxed) + 40);
        over.store(true, Ordering::Relaxed);
    });
    identities.load(Ordering::Relaxed)
}

#[test]
fn a_server_works_on_while_a_later_release_expands_the_schema() {
    for database in [TestDatabase::new(), application_database()] {
        let store = server(&database);
        let newer = || {
            let owner = if database.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'customers'")
                == "registrar_owner"
            {
                database.owner_address()
            } else {
                database.address()
            };
            drop(PostgresStore::open_with(&owner, Role::Server, NEWER).unwrap());
        };
        let count = work_while(&store, newer);
        assert_eq!(database.sql("SELECT count(*) FROM customers"), count.to_string());
        assert_eq!(store.statistics().reconnections, 0);
        let refused = PostgresStore::open(&database.address(), Role::Server).err().unwrap();
        assert!(matches!(refused, OpenError::NewerSchema { found: 4, known: 3 }), "{refused}");
    }
}

#[test]
fn a_server_of_the_first_release_works_on_while_the_steps_of_this_one_come() {
    let database = TestDatabase::new().with_roles();
    let store = PostgresStore::open_with(&database.owner_address(), Role::Server, OLDER).unwrap();
    let count = work_while(&store, || {
        assert_eq!(migrate(&database.owner_address()).unwrap(), later());
    });
    assert_eq!(database.sql("SELECT count(*) FROM customers"), count.to_string());
    // It says nothing of platforms: as the owner it need not.
    let silent = Beside::new(&database.owner_address()).run("SELECT count(*) FROM customers").unwrap();
    assert_eq!(silent, [count.to_string()]);
}

#[test]
fn a_migration_that_waits_for_a_long_reader_lets_creates_pass() {
    let database = TestDatabase::new();
    let store = PostgresStore::open_with(&database.address(), Role::Server, OLDER).unwrap();
    let mut reader = Beside::new(&database.address());
    let count = work_while(&store, || {
        reader.run("BEGIN; SELECT count(*) FROM customers").unwrap();
        std::thread::scope(|scope| {
            let migrating = scope.spawn(|| migrate(&database.address()).unwrap());
            let begun = Instant::now();
            // Longer than one attempt: the first one has failed.
            while begun.elapsed() < MIGRATION_LOCK_WAIT * 3 {
                assert!(!migrating.is_finished());
                std::thread::sleep(Duration::from_millis(50));
            }
            reader.run("COMMIT").unwrap();
            assert_eq!(migrating.join().unwrap(), later());
        });
    });
    assert_eq!(database.sql("SELECT count(*) FROM customers"), count.to_string());
}

#[test]
fn a_server_works_on_while_its_rights_are_made_exact_again_and_again() {
    let database = application_database();
    let store = server(&database);
    let count = work_while(&store, || {
        for _ in 0..20 {
            migrate_for(&database.owner_address(), Some(database.application_role())).unwrap();
        }
    });
    assert_eq!(database.sql("SELECT count(*) FROM customers"), count.to_string());
    assert_eq!(store.statistics().reconnections, 0);
}
