//! When a create is looked up and when it is stored first, the two forms of the statement that stores, and the look for
//! keys that takes the place of a foreign key.

use registrar_domain::ids::KeyNumber;
use registrar_domain::store::{
    CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, Store, StoreFailure,
};
use registrar_domain::testing::{block_on, new_api_key, operator_act, scene, stored};

use super::engine::Held;

#[test]
fn one_request_id_for_many_people_fails_one_statement() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let create = |request, email| {
        let command = scene.customer(&*held).request(request).email(email).payload(email).build();
        (command.clone(), block_on(held.create_customer(command)))
    };
    let (met, answer) = create(1, 1);
    assert_eq!(answer, Ok(CreateCustomerOutcome::Created));
    let reused = CreateCustomerRejection::RequestIdReused(stored(&met));
    // New customers in between, or the writers would look first.
    let rounds = 8;
    for round in 0..rounds {
        let (other, new) = (2 + round * 2, 3 + round * 2);
        assert_eq!(create(1, other).1, Ok(CreateCustomerOutcome::Rejected(reused.clone())));
        assert_eq!(create(new, new).1, Ok(CreateCustomerOutcome::Created));
    }
    // A statement that failed leaves a dead row in front of the last one.
    let place: usize =
        held.database.sql("SELECT max((ctid::text::point)[1]) FROM customers").parse().unwrap();
    assert_eq!(place, 1 + 1 + usize::from(rounds));
}

#[test]
fn who_repeats_what_is_stored_is_looked_up_first_and_anything_else_is_stored_all_the_same() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let customer = |request, email, payload| {
        scene.customer(&*held).request(request).email(email).payload(payload).build()
    };
    let create = |command| block_on(held.create_customer(command)).unwrap();
    let [first, second] = [1, 2].map(|identity| customer(identity, identity, identity));
    assert_eq!(create(first.clone()), CreateCustomerOutcome::Created);
    assert_eq!(create(second.clone()), CreateCustomerOutcome::Created);
    let before = held.statistics().commits;
    let repeat = |times: usize| {
        for _ in 0..times {
            assert_eq!(create(customer(1, 1, 1)), CreateCustomerOutcome::Replayed(stored(&first)));
        }
    };
    repeat(5);
    assert_eq!(held.statistics().commits, before + 1, "one attempt to store what is there");

    let reused = CreateCustomerOutcome::Rejected(CreateCustomerRejection::RequestIdReused(stored(&first)));
    assert_eq!(create(customer(1, 9, 9)), reused);
    assert_eq!(held.statistics().commits, before + 1, "this is found by looking too");
    repeat(1);
    let taken = CreateCustomerRejection::ParticipantAlreadyExists(second.number);
    assert_eq!(create(customer(9, 2, 9)), CreateCustomerOutcome::Rejected(taken));
    assert_eq!(create(customer(3, 3, 3)), CreateCustomerOutcome::Created);
    assert_eq!(held.statistics().commits, before + 3, "neither is found by its request_id, one is stored");
    repeat(5);
    assert_eq!(held.statistics().commits, before + 4, "what follows a new customer is stored first");
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
