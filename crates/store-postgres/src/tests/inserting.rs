//! The two forms of the statement that stores, and the look for keys that takes the place of a foreign key.

use registrar_domain::ids::KeyNumber;
use registrar_domain::store::{
    CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, Store, StoreFailure,
};
use registrar_domain::testing::{block_on, new_api_key, operator_act, scene, stored};

use super::engine::Held;
use crate::limits::WRITERS;

#[test]
fn one_request_id_for_many_people_fails_one_statement_of_each_writer() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let create = |request, email| {
        let command = scene.customer(&*held).request(request).email(email).payload(email).build();
        (command.clone(), block_on(held.create_customer(command)))
    };
    let (met, answer) = create(1, 1);
    assert_eq!(answer, Ok(CreateCustomerOutcome::Created));
    let reused = CreateCustomerRejection::RequestIdReused(stored(&met));
    for email in 2..20 {
        assert_eq!(create(1, email).1, Ok(CreateCustomerOutcome::Rejected(reused.clone())));
    }
    assert_eq!(create(2, 20).1, Ok(CreateCustomerOutcome::Created));
    // A statement that failed leaves a dead row in front of the last one.
    let place: usize =
        held.database.sql("SELECT max((ctid::text::point)[1]) FROM customers").parse().unwrap();
    assert!(place <= 2 + WRITERS, "{place}");
}

#[test]
fn a_key_that_was_not_there_is_looked_for_again() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let late = KeyNumber(scene.key.0 + 1);
    let create = |key| {
        let command = CreateCustomer { key, ..scene.customer(&*held).build() };
        block_on(held.create_customer(command))
    };
    let refused = create(late);
    assert!(matches!(refused, Err(StoreFailure::Internal(_))), "{refused:?}");
    let made = block_on(held.create_api_key(new_api_key(scene.platform, "late"), operator_act(1)));
    assert_eq!(made, Ok(CreateApiKeyOutcome::Created(late)));
    assert_eq!(create(late), Ok(CreateCustomerOutcome::Created));
}
