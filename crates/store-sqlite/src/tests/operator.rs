//! An operator's command beside a running server.

use registrar_domain::store::{
    CreateApiKeyOutcome, CreateCustomerOutcome, CustomerEvent, PlatformChange, Store, StoreFailure,
};
use registrar_domain::testing::{block_on, new_api_key, new_platform, operator_act, scene, stored};

use super::engine::Place;
use crate::Options;

#[test]
fn a_server_sees_what_an_operator_changed_beside_it() {
    let place = Place::new();
    let server = place.open();
    let version = block_on(server.load_access_version()).unwrap();
    let operator = place.open_with(Options::operator());
    let scene = scene(&operator, "one");
    assert!(block_on(server.load_access_version()).unwrap() > version);
    let access = block_on(server.load_access()).unwrap();
    assert_eq!((access.platforms.len(), access.keys.len()), (1, 1));
    let command = scene.customer(&server).build();
    assert_eq!(block_on(server.create_customer(command.clone())), Ok(CreateCustomerOutcome::Created));
    let event = CustomerEvent {
        platform: scene.platform,
        customer: command.number,
        what: "customer.revealed",
        reason: "a complaint".to_owned(),
        act: operator_act(9),
    };
    assert_eq!(block_on(operator.show_customer(event)), Ok(Some(stored(&command))));
}

#[test]
fn an_operator_hands_out_no_customer_numbers() {
    let place = Place::new();
    let operator = place.open_with(Options::operator());
    assert!(matches!(operator.reserve_customer_number(), Err(StoreFailure::Internal(_))));
}

#[test]
fn an_operator_alone_makes_a_database_that_a_server_continues() {
    let place = Place::new();
    let operator = place.open_with(Options::operator());
    let scene = scene(&operator, "one");
    drop(operator);
    let server = place.open();
    let command = scene.customer(&server).build();
    assert_eq!(block_on(server.create_customer(command)), Ok(CreateCustomerOutcome::Created));
}

#[test]
fn a_server_and_operators_that_write_at_once_lose_nothing() {
    let place = Place::new();
    let server = place.open();
    let home = scene(&server, "home");
    std::thread::scope(|scope| {
        for operator in 0..4 {
            let place = &place;
            scope.spawn(move || {
                let store = place.open_with(Options::operator());
                for turn in 0..10 {
                    let name = format!("{operator}-{turn}");
                    let platform =
                        block_on(store.create_platform(new_platform(&name), operator_act(1))).unwrap();
                    let key = block_on(store.create_api_key(new_api_key(platform, &name), operator_act(2)));
                    assert!(matches!(key, Ok(CreateApiKeyOutcome::Created(_))), "{key:?}");
                    let change = PlatformChange { suspended: Some(true), ..PlatformChange::default() };
                    assert_eq!(block_on(store.change_platform(platform, change, operator_act(3))), Ok(true));
                }
            });
        }
        for number in 0..100 {
            let command = home.customer(&server).request(number).email(number).payload(number).build();
            assert_eq!(block_on(server.create_customer(command)), Ok(CreateCustomerOutcome::Created));
        }
    });
    let access = block_on(server.load_access()).unwrap();
    assert_eq!((access.platforms.len(), access.keys.len(), access.version), (41, 41, 122));
}
