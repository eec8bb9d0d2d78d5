//! Looking customers up, and the numbers they are stored under.

use crate::ids::{CustomerNumber, PlatformNumber};
use crate::store::{BlindIndex, CustomerEvent, Store, StoreFailure};
use crate::testing::{block_on, operator_act, scene, stored};

fn event(platform: PlatformNumber, customer: CustomerNumber) -> CustomerEvent {
    CustomerEvent {
        platform,
        customer,
        what: "customer.shown",
        reason: "the customer asked".to_owned(),
        act: operator_act(1),
    }
}

/// Nothing is found where nothing was stored.
pub fn no_customer_is_found_under_an_unknown_request_id(store: &dyn Store) {
    let scene = scene(store, "one");
    let command = scene.customer(store).request(1).build();
    block_on(store.create_customer(command)).unwrap();
    assert_eq!(block_on(store.find_customer_by_request(scene.platform, BlindIndex([2; 16]))), Ok(None));
}

/// An operator sees what was stored.
pub fn a_shown_customer_is_the_stored_one(store: &dyn Store) {
    let scene = scene(store, "one");
    let command = scene.customer(store).build();
    block_on(store.create_customer(command.clone())).unwrap();
    let shown = block_on(store.show_customer(event(scene.platform, command.number))).unwrap();
    assert_eq!(shown, Some(stored(&command)));
}

/// Contract 2.5: another platform's participant does not exist.
pub fn a_customer_is_not_shown_on_another_platform(store: &dyn Store) {
    let (here, there) = (scene(store, "here"), scene(store, "there"));
    let command = here.customer(store).build();
    block_on(store.create_customer(command.clone())).unwrap();
    assert_eq!(block_on(store.show_customer(event(there.platform, command.number))), Ok(None));
    let unknown = there.customer(store).build().number;
    assert_eq!(block_on(store.show_customer(event(here.platform, unknown))), Ok(None));
}

/// An audit event without a reason says nothing.
pub fn a_customer_is_not_shown_without_a_reason(store: &dyn Store) {
    let scene = scene(store, "one");
    let command = scene.customer(store).build();
    block_on(store.create_customer(command.clone())).unwrap();
    let event = CustomerEvent { reason: String::new(), ..event(scene.platform, command.number) };
    let answer = block_on(store.show_customer(event));
    assert!(matches!(answer, Err(StoreFailure::Internal(_))), "{answer:?}");
}

/// Neither to two callers at once nor one after the other.
pub fn numbers_are_never_reserved_twice(store: &dyn Store) {
    let reserve = || (0..100).map(|_| store.reserve_customer_number().unwrap()).collect::<Vec<_>>();
    let mut numbers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(reserve)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 800);
}
