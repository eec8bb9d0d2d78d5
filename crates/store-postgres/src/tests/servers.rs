//! Several servers and operators on one database, and databases that a server must not open.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use registrar_domain::store::{
    CreateApiKeyOutcome, CreateCustomerOutcome, CustomerEvent, Store, StoreFailure,
};
use registrar_domain::testing::{
    TestClock, block_on, new_api_key, new_platform, operator_act, scene, stored,
};

use super::engine::{Held, server};
use crate::migrations::STEPS;
use crate::testing::TestDatabase;
use crate::{OpenError, PostgresStore, Role, inspect, migrate};

fn operator(database: &TestDatabase) -> PostgresStore {
    PostgresStore::open(&database.address(), Role::Operator).unwrap()
}

#[test]
fn servers_that_start_at_once_migrate_once() {
    let database = TestDatabase::new();
    let barrier = Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                barrier.wait();
                drop(server(&database));
            });
        }
    });
    let applied = "SELECT version, name FROM schema_version ORDER BY version";
    assert_eq!(database.sql(applied), "1|0001_initial\n2|0002_row_level_security\n3|0003_keys_of_creates");
}

#[test]
fn servers_never_hand_out_each_others_numbers() {
    let database = TestDatabase::new();
    let servers = [server(&database), server(&database), server(&database)];
    let reserve = |store: &PostgresStore| -> Vec<_> {
        (0..3000).map(|_| store.reserve_customer_number().unwrap()).collect()
    };
    let mut numbers: Vec<_> = servers.iter().flat_map(reserve).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 9000);
}

#[test]
fn identical_requests_on_three_servers_at_once_make_one_customer() {
    let database = TestDatabase::new();
    let servers = [server(&database), server(&database), server(&database)];
    let scene = scene(&servers[0], "one");
    let created = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for caller in 0..60 {
            let (store, created) = (&servers[caller % 3], &created);
            scope.spawn(move || {
                for request in 0..10 {
                    let fixture = scene.customer(store).request(request).email(request).payload(request);
                    match block_on(store.create_customer(fixture.build())).unwrap() {
                        CreateCustomerOutcome::Created => drop(created.fetch_add(1, Ordering::Relaxed)),
                        CreateCustomerOutcome::Replayed(row) => {
                            assert_eq!(row.sealed.record, vec![request; 200]);
                        }
                        CreateCustomerOutcome::Rejected(rejection) => panic!("{rejection:?}"),
                    }
                }
            });
        }
    });
    assert_eq!(created.load(Ordering::Relaxed), 10);
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "10");
}

#[test]
fn conflicting_creates_in_crossing_orders_are_all_answered() {
    let database = TestDatabase::new();
    let servers = [server(&database), server(&database)];
    let scene = scene(&servers[0], "one");
    let created = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for caller in 0..32_u8 {
            let (store, created) = (&servers[usize::from(caller % 2)], &created);
            scope.spawn(move || {
                for turn in 0..16_u8 {
                    // The request_ids rise where the e-mails fall.
                    let (request, email) = (turn ^ (caller % 4), 15 - turn);
                    let fixture = scene.customer(store).request(request).email(email).payload(caller);
                    let outcome = block_on(store.create_customer(fixture.build())).unwrap();
                    let is_new = outcome == CreateCustomerOutcome::Created;
                    created.fetch_add(u32::from(is_new), Ordering::Relaxed);
                }
            });
        }
    });
    let counted =
        "SELECT count(*), count(DISTINCT email_index), count(DISTINCT request_index) FROM customers";
    let count = created.load(Ordering::Relaxed);
    assert_eq!(database.sql(counted), format!("{count}|{count}|{count}"));
}

#[test]
fn a_server_sees_what_an_operator_changed_beside_it() {
    let held = Held::new();
    let version = block_on(held.load_access_version()).unwrap();
    let operator = operator(&held.database);
    let scene = scene(&operator, "one");
    assert!(block_on(held.load_access_version()).unwrap() > version);
    let command = scene.customer(&*held).build();
    assert_eq!(block_on(held.create_customer(command.clone())), Ok(CreateCustomerOutcome::Created));
    let event = CustomerEvent {
        platform: scene.platform,
        customer: command.number,
        what: "customer.revealed",
        reason: "a complaint".to_owned(),
        act: operator_act(9),
    };
    assert_eq!(block_on(operator.show_customer(event)), Ok(Some(stored(&command))));
    assert!(matches!(operator.reserve_customer_number(), Err(StoreFailure::Internal(_))));
}

#[test]
fn operators_that_write_at_once_lose_nothing() {
    let held = Held::new();
    std::thread::scope(|scope| {
        for place in 0..4 {
            let database = &held.database;
            scope.spawn(move || {
                let store = operator(database);
                for turn in 0..5 {
                    let name = format!("{place}-{turn}");
                    let platform =
                        block_on(store.create_platform(new_platform(&name), operator_act(1))).unwrap();
                    let key = block_on(store.create_api_key(new_api_key(platform, &name), operator_act(2)));
                    assert!(matches!(key, Ok(CreateApiKeyOutcome::Created(_))), "{key:?}");
                }
            });
        }
    });
    let access = block_on(held.load_access()).unwrap();
    assert_eq!((access.platforms.len(), access.keys.len(), access.version), (20, 20, 40));
    assert_eq!(held.database.sql("SELECT count(*), max(number) FROM audit_events"), "40|40");
}

#[test]
fn an_operator_makes_no_tables() {
    let database = TestDatabase::new();
    let refused = PostgresStore::open(&database.address(), Role::Operator).err().unwrap();
    assert!(matches!(refused, OpenError::Empty), "{refused}");
    assert_eq!(
        migrate(&database.address()).unwrap(),
        STEPS.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    );
    assert!(migrate(&database.address()).unwrap().is_empty());
    drop(operator(&database));
}

#[test]
fn a_newer_schema_is_refused() {
    let held = Held::new();
    held.database.sql("INSERT INTO schema_version (version, name) VALUES (4, 'later')");
    for role in [Role::Server, Role::Operator] {
        let refused = PostgresStore::open(&held.database.address(), role).err().unwrap();
        assert!(matches!(refused, OpenError::NewerSchema { found: 4, known: 3 }), "{refused}");
    }
}

#[test]
fn tables_of_another_program_are_left_alone() {
    let database = TestDatabase::new();
    database.sql("CREATE TABLE customers (id integer)");
    let refused = PostgresStore::open(&database.address(), Role::Server).err().unwrap();
    assert!(matches!(&refused, OpenError::OtherProgram(table) if table == "customers"), "{refused}");
    assert_eq!(
        database.sql("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"),
        "1"
    );
}

#[test]
fn an_address_without_a_server_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres:///d?host={}&user=u", folder.path().display());
    let refused = PostgresStore::open(&crate::Address::parse(&url).unwrap(), Role::Server).err().unwrap();
    assert!(refused.to_string().contains("check that PostgreSQL runs"), "{refused}");
}

#[test]
fn a_look_finds_what_durability_rests_on() {
    let held = Held::new();
    held.database.sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$");
    let found = inspect(&held.database.address(), &TestClock::default()).unwrap();
    assert!(found.version.starts_with("15."), "{found:?}");
    assert!(found.data_checksums);
    assert_eq!((found.synchronous_commit.as_str(), found.synchronous_standbys.as_str()), ("off", ""));
    assert_eq!((found.unsafe_settings.len(), found.pending_migrations.len()), (0, 0));
}
