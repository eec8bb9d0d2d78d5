//! What tells which indexes are taken: after a migration, after an end, and when something else wrote into the database.

use registrar_domain::store::{
    CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, Store, StoreFailure,
};
use registrar_domain::testing::{Scene, block_on, scene, stored};

use super::engine::{Place, contents, server};
use crate::limits::FINGERPRINT_ROWS_IN_PARTS_MIN;
use crate::{OpenError, Options, SqliteStore};

fn create(store: &SqliteStore, command: &CreateCustomer) -> CreateCustomerOutcome {
    block_on(store.create_customer(command.clone())).unwrap()
}

/// Thirty customers, every third without a request_id.
fn customers(store: &SqliteStore, scene: Scene) -> Vec<CreateCustomer> {
    (0..30)
        .map(|n| {
            let fixture = scene.customer(store).email(n).payload(n);
            let command = if n % 3 == 0 { fixture } else { fixture.request(n) }.build();
            assert_eq!(create(store, &command), CreateCustomerOutcome::Created);
            command
        })
        .collect()
}

fn assert_all_are_found(store: &SqliteStore, scene: Scene, customers: &[CreateCustomer]) {
    for (n, customer) in (0..).zip(customers) {
        let again = CreateCustomer { number: store.reserve_customer_number().unwrap(), ..customer.clone() };
        let replayed = CreateCustomerOutcome::Replayed(stored(customer));
        let rejected = CreateCustomerOutcome::Rejected(CreateCustomerRejection::PayloadAlreadySubmitted(
            customer.number,
        ));
        let expected = if customer.request.is_some() { replayed } else { rejected };
        assert_eq!(create(store, &again), expected);
        let other = scene.customer(store).request(100 + n).email(n).payload(n).build();
        assert!(matches!(create(store, &other), CreateCustomerOutcome::Rejected(_)));
    }
}

#[test]
fn a_database_of_the_first_release_is_migrated_with_its_customers() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let customers = customers(&store, scene);
    let before = contents(&store, &place.path());
    drop(store);
    let entries = "SELECT hex(entries) FROM fingerprints ORDER BY number";
    let read = || -> Vec<String> {
        let connection = place.connection();
        let mut query = connection.prepare(entries).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let written = read();
    let undo = "DROP TABLE fingerprints; DROP TABLE relocation; PRAGMA user_version = 1; \
                CREATE UNIQUE INDEX customers_by_email ON customers (platform, email_index); \
                CREATE UNIQUE INDEX customers_by_request ON customers (platform, request_index)";
    place.connection().execute_batch(undo).unwrap();
    let store = place.open();
    assert_eq!(contents(&store, &place.path()), before);
    assert_eq!(read(), written, "a migrated customer has the entries that a new one gets");
    assert_all_are_found(&store, scene, &customers);
}

#[test]
fn every_customer_is_found_after_an_end_and_a_start() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let customers = customers(&store, scene);
    assert_all_are_found(&store, scene, &customers);
    drop(store);
    assert_all_are_found(&place.open(), scene, &customers);
}

/// Long enough to be read in parts, with customers in each of them. Entries of customers that do not exist cost a look and harm nothing.
#[test]
fn every_customer_is_found_in_a_long_table() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let customers = customers(&store, scene);
    drop(store);
    let apart = FINGERPRINT_ROWS_IN_PARTS_MIN / 30 + 1;
    let lengthen = format!(
        "UPDATE fingerprints SET number = number * {apart}; \
         INSERT INTO fingerprints SELECT number + 1, randomblob(24) FROM fingerprints"
    );
    place.connection().execute_batch(&lengthen).unwrap();
    assert_all_are_found(&place.open(), scene, &customers);
}

#[test]
fn an_index_that_begins_like_another_is_not_taken_for_it() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let command = |last: u8| {
        scene.customer(&store).payload(last).with(move |command| command.email.0[15] = last).build()
    };
    for number in 0..3 {
        assert_eq!(create(&store, &command(number)), CreateCustomerOutcome::Created);
    }
    drop(store);
    let store = place.open();
    for number in 0..3 {
        let again =
            scene.customer(&store).payload(number).with(move |command| command.email.0[15] = number).build();
        assert!(matches!(create(&store, &again), CreateCustomerOutcome::Rejected(_)));
    }
}

#[test]
fn a_database_in_which_something_else_stored_a_customer_twice_is_refused() {
    for column in ["email_index", "request_index"] {
        let place = Place::new();
        let store = place.open();
        let scene = scene(&store, "one");
        for n in 1..3 {
            create(&store, &scene.customer(&store).request(n).email(n).payload(n).build());
        }
        drop(store);
        let twice = format!(
            "UPDATE customers SET {column} = (SELECT {column} FROM customers ORDER BY number LIMIT 1); \
             UPDATE fingerprints SET entries = (SELECT CAST(group_concat(unhex(printf('%08X', number)) \
             || substr({column}, 1, 8), '') AS BLOB) FROM customers)"
        );
        place.connection().execute_batch(&twice).unwrap();
        assert_stored_twice(&place);
        // Each of them in a row of its own, which different parts of the start read.
        let apart = "UPDATE fingerprints SET entries = CASE number WHEN 1 THEN substr(entries, 1, 12) \
                     ELSE substr(entries, 13, 12) END; \
                     UPDATE fingerprints SET number = ?1 WHERE number = 2";
        let apart = apart.replace("?1", &FINGERPRINT_ROWS_IN_PARTS_MIN.to_string());
        place.connection().execute_batch(&apart).unwrap();
        assert_stored_twice(&place);
    }
}

fn assert_stored_twice(place: &Place) {
    let refused = SqliteStore::open(&place.path(), server()).err().unwrap();
    assert!(matches!(refused, OpenError::StoredTwice { .. }), "{refused:?}");
}

/// The other program knows nothing of the entries: the customer would not be found, and could be stored a second time.
#[test]
fn a_database_whose_last_customer_has_no_entries_is_refused() {
    for harm in [
        "INSERT INTO customers SELECT number + 1, platform, x'00112233445566778899aabbccddeeff', NULL, digest_version, \
         payload_digest, status, prefunded, master_key_version, data_key, record, created_at, created_by_key, \
         created_from, trace_id FROM customers ORDER BY number DESC LIMIT 1",
        "DELETE FROM fingerprints WHERE number = (SELECT max(number) FROM fingerprints)",
        "UPDATE fingerprints SET entries = x''",
    ] {
        let place = Place::new();
        let store = place.open();
        let scene = scene(&store, "one");
        for n in 1..3 {
            create(&store, &scene.customer(&store).request(n).email(n).payload(n).build());
        }
        drop(store);
        assert!(place.connection().execute(harm, []).unwrap() > 0, "{harm}");
        let refused = SqliteStore::open(&place.path(), server()).err().unwrap();
        assert!(matches!(refused, OpenError::NotEntered(_)), "{refused:?}");
    }
}

#[test]
fn a_database_in_which_an_entry_was_cut_off_is_refused() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    create(&store, &scene.customer(&store).request(1).email(1).payload(1).build());
    drop(store);
    let cut = "UPDATE fingerprints SET entries = substr(entries, 1, length(entries) - 1)";
    assert_eq!(place.connection().execute(cut, []), Ok(1));
    assert_cut_off(&place);
    let into_the_last_part = "UPDATE fingerprints SET number = ?1";
    assert_eq!(place.connection().execute(into_the_last_part, [FINGERPRINT_ROWS_IN_PARTS_MIN]), Ok(1));
    assert_cut_off(&place);
}

fn assert_cut_off(place: &Place) {
    let refused = SqliteStore::open(&place.path(), server()).err().unwrap();
    assert!(refused.to_string().contains("ends with 11 bytes of an entry"), "{refused}");
}

#[test]
fn an_operator_neither_creates_customers_nor_finds_them_by_request() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let command = scene.customer(&store).request(1).build();
    let operator = place.open_with(Options::operator());
    let refused = block_on(operator.create_customer(command.clone()));
    assert!(matches!(refused, Err(StoreFailure::Internal(_))), "{refused:?}");
    let refused = block_on(operator.find_customer_by_request(scene.platform, command.request.unwrap()));
    assert!(matches!(refused, Err(StoreFailure::Internal(_))), "{refused:?}");
    assert_eq!(create(&store, &command), CreateCustomerOutcome::Created);
}

#[test]
fn a_request_is_expected_as_soon_as_its_customer_is_stored_and_after_a_start() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let [stored, without_request_id, never] =
        [1, 2, 3].map(|n| scene.customer(&store).email(n).payload(n).request(10 + n).build());
    let without_request_id = CreateCustomer { request: None, ..without_request_id };
    let expected = |store: &SqliteStore| {
        [1, 2, 3].map(|n| {
            store.expects_request(
                scene.platform,
                scene.customer(store).request(10 + n).build().request.unwrap(),
            )
        })
    };
    assert_eq!(expected(&store), [false, false, false]);
    create(&store, &stored);
    create(&store, &without_request_id);
    let refused = CreateCustomer { email: stored.email, ..never };
    assert!(matches!(create(&store, &refused), CreateCustomerOutcome::Rejected(_)));
    assert_eq!(expected(&store), [true, false, false]);
    drop(store);
    assert_eq!(expected(&place.open()), [true, false, false]);
    assert!(!place.open_with(Options::operator()).expects_request(scene.platform, stored.request.unwrap()));
}
