//! The address leads to another database than at the start: nothing is stored there, and nothing is told as stored.

use registrar_domain::platform::WrappedKey;
use registrar_domain::store::{CreateCustomerOutcome, InstallationKey, Store, StoreFailure};
use registrar_domain::testing::{Scene, block_on, new_platform, operator_act, scene};

use super::beside::Beside;
use super::conflicts::{LOCK_WAITS, insert};
use super::engine::{Held, application_database, server};
use super::faults::{submit, until};
use crate::testing::TestDatabase;
use crate::{PostgresStore, migrate};

/// Everything that a database holds but its schema.
const CONTENTS: &str = "SELECT row_to_json(row) FROM customers AS row \
    UNION ALL SELECT row_to_json(row) FROM platforms AS row UNION ALL SELECT row_to_json(row) FROM api_keys AS row \
    UNION ALL SELECT row_to_json(row) FROM audit_events AS row UNION ALL SELECT row_to_json(row) FROM settings AS row \
    UNION ALL SELECT row_to_json(row) FROM installation_keys AS row";

fn keys(byte: u8) -> Vec<InstallationKey> {
    let key = |name: &str| InstallationKey {
        name: name.to_owned(),
        wrapped: WrappedKey { master_key_version: 1, bytes: vec![byte; 60] },
    };
    vec![key("digest"), key("index")]
}

/// Makes an installation of its own, as a server does when it starts.
pub(super) fn install(store: &PostgresStore, byte: u8) -> Scene {
    let stored = block_on(store.load_or_store_installation_keys(keys(byte))).unwrap();
    assert_eq!(stored, keys(byte));
    scene(store, "one")
}

/// Another installation with the same platform and key, so that only its identity keeps anything out.
fn other_installation() -> TestDatabase {
    let other = TestDatabase::new();
    install(&server(&other), 2);
    other
}

pub(super) fn create(
    store: &PostgresStore,
    scene: Scene,
    request: u8,
) -> Result<CreateCustomerOutcome, StoreFailure> {
    block_on(store.create_customer(scene.customer(store).request(request).email(request).build()))
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(told: Result<T, StoreFailure>, why: &str) {
    match told {
        Err(StoreFailure::Unavailable(text)) => {
            assert!(text.contains("leads to another database") && text.contains(why), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

/// Everything that a server does is refused.
fn assert_all_refused(store: &PostgresStore, scene: Scene, why: &str) {
    for request in 10..14 {
        assert_refused(create(store, scene, request), why);
    }
    assert_refused(block_on(store.check_ready()), why);
    assert_refused(block_on(store.load_access()), why);
    assert_refused(block_on(store.create_platform(new_platform("two"), operator_act(5))), why);
    assert_refused(block_on(store.load_or_store_installation_keys(keys(1))), why);
}

/// The server goes on where it was.
fn assert_goes_on(held: &Held, scene: Scene) {
    block_on(held.check_ready()).unwrap();
    assert_eq!(create(held, scene, 2), Ok(CreateCustomerOutcome::Created));
    assert_eq!(held.database.sql("SELECT count(*) FROM customers"), "2");
    assert_eq!(held.database.sql("SELECT count(*) FROM platforms"), "1");
}

fn assert_stays_out_of(held: &Held, other: &TestDatabase, contents: &str, why: &str) {
    let scene = install(held, 1);
    assert_eq!(create(held, scene, 1), Ok(CreateCustomerOutcome::Created));
    let before = other.sql(contents);
    held.database.trade_places_with(other);
    assert_all_refused(held, scene, why);
    held.database.trade_places_with(other);
    assert_eq!(other.sql(contents), before);
    assert_goes_on(held, scene);
}

#[test]
fn nothing_is_stored_in_another_installations_database() {
    assert_stays_out_of(&Held::new(), &other_installation(), CONTENTS, "it holds other installation keys");
}

#[test]
fn nothing_is_stored_in_an_emptied_database() {
    let other = TestDatabase::new();
    migrate(&other.address()).unwrap();
    assert_stays_out_of(&Held::new(), &other, CONTENTS, "it holds no installation keys");
}

#[test]
fn nothing_is_made_in_a_database_without_tables() {
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_stays_out_of(&Held::new(), &TestDatabase::new(), tables, "it has no tables of Registrar");
}

#[test]
fn a_database_that_shows_its_keys_to_others_only_is_another_one() {
    let why = "its installation keys cannot be read: permission denied";
    assert_stays_out_of(&Held::for_application(), &other_installation(), CONTENTS, why);
}

#[test]
fn a_server_without_rights_of_its_own_knows_its_database_again() {
    let held = Held::for_application();
    let other = application_database();
    install(&server(&other), 2);
    assert_stays_out_of(&held, &other, CONTENTS, "it holds other installation keys");
}

#[test]
fn a_server_that_found_keys_when_it_was_opened_knows_them_before_it_loads_them() {
    let (database, other) = (TestDatabase::new(), other_installation());
    install(&server(&database), 1);
    let store = server(&database);
    database.trade_places_with(&other);
    assert_refused(block_on(store.load_or_store_installation_keys(keys(1))), "other installation keys");
}

#[test]
fn numbers_of_a_database_that_nobody_knew_are_not_used_in_the_one_that_gave_the_keys() {
    let (empty, other) = (TestDatabase::new(), other_installation());
    let store = server(&empty);
    empty.trade_places_with(&other);
    let taken: u32 =
        empty.sql("SELECT value FROM settings WHERE name = 'next_customer_number'").parse().unwrap();
    assert_eq!(block_on(store.load_or_store_installation_keys(keys(1))), Ok(keys(2)));
    assert!(store.reserve_customer_number().unwrap().0 >= taken);
}

#[test]
fn a_create_whose_outcome_is_looked_for_in_another_database_is_unknown() {
    let (held, other) = (Held::new(), other_installation());
    let scene = install(&held, 1);
    assert_eq!(create(&held, scene, 1), Ok(CreateCustomerOutcome::Created));
    let mut beside = Beside::new(&held.database.address());
    let command = scene.customer(&*held).request(9).email(9).build();
    beside.run(&format!("BEGIN; {}", insert(&command))).unwrap();
    let mut sent = held.create_customer(command.clone());
    submit(&mut sent);
    until(&held.database, LOCK_WAITS, "1");
    held.database.trade_places_with(&other);
    let told = block_on(sent);
    assert!(matches!(told, Err(StoreFailure::OutcomeUnknown(_))), "{told:?}");
    assert_eq!(held.database.sql("SELECT count(*) FROM customers"), "0");
    held.database.trade_places_with(&other);
    assert_eq!(block_on(held.create_customer(command)), Ok(CreateCustomerOutcome::Created));
}
