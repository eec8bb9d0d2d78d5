//! Contract 3.6: what many callers at once may see.

use std::sync::Barrier;

use crate::platform::WrappedKey;
use crate::rules::create_api_key::LIVE_KEYS_MAX;
use crate::store::{
    CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, InstallationKey,
    Store,
};
use crate::testing::{CustomerFixture, block_on, new_api_key, operator_act, scene, stored};

/// How many callers come at once: as many as the connections that the speed goals are stated for.
const CALLERS: u8 = 64;

/// Calls `call` from `CALLERS` threads at the same moment.
fn at_once<T: Send>(call: impl Fn(u8) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::from(CALLERS));
    std::thread::scope(|scope| {
        let (barrier, call) = (&barrier, &call);
        let waits = move |caller| {
            barrier.wait();
            call(caller)
        };
        let threads: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || waits(caller))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Submits one customer per caller; gives the commands and what became of them.
fn submit(
    store: &dyn Store,
    customer: impl Fn(CustomerFixture, u8) -> CustomerFixture + Sync,
) -> Vec<(CreateCustomer, CreateCustomerOutcome)> {
    let scene = scene(store, "one");
    at_once(|caller| {
        let command = customer(scene.customer(store), caller).build();
        let outcome = block_on(store.create_customer(command.clone())).unwrap();
        (command, outcome)
    })
}

/// Asserts that one caller's customer was created and that every other caller got `others` of it.
fn assert_one_created(
    answers: &[(CreateCustomer, CreateCustomerOutcome)],
    others: impl Fn(&CreateCustomer) -> CreateCustomerOutcome,
) {
    let mut created = answers.iter().filter(|(_, outcome)| *outcome == CreateCustomerOutcome::Created);
    let (winner, _) = created.next().unwrap();
    assert!(created.next().is_none(), "more than one was created");
    let rest = answers.iter().filter(|(command, _)| command.number != winner.number);
    assert!(rest.clone().all(|(_, outcome)| *outcome == others(winner)), "{answers:?}");
    assert_eq!(rest.count(), usize::from(CALLERS) - 1);
}

/// N identical requests with one request_id.
pub fn identical_requests_at_once_make_one_customer_and_replays(store: &dyn Store) {
    let answers = submit(store, |customer, _| customer.request(1).email(1).payload(1));
    assert_one_created(&answers, |winner| CreateCustomerOutcome::Replayed(stored(winner)));
}

/// N identical requests without a request_id.
pub fn identical_payloads_without_a_request_id_at_once_make_one_customer(store: &dyn Store) {
    let answers = submit(store, |customer, _| customer.email(1).payload(1));
    assert_one_created(&answers, |winner| {
        CreateCustomerOutcome::Rejected(CreateCustomerRejection::PayloadAlreadySubmitted(winner.number))
    });
}

/// N payloads with one request_id.
pub fn many_payloads_with_one_request_id_at_once_make_one_customer(store: &dyn Store) {
    let answers = submit(store, |customer, caller| customer.request(1).email(caller).payload(caller));
    assert_one_created(&answers, |winner| {
        CreateCustomerOutcome::Rejected(CreateCustomerRejection::RequestIdReused(stored(winner)))
    });
}

/// N people with one e-mail.
pub fn many_people_with_one_email_at_once_make_one_customer(store: &dyn Store) {
    let answers = submit(store, |customer, caller| customer.request(caller).email(1).payload(caller));
    assert_one_created(&answers, |winner| {
        CreateCustomerOutcome::Rejected(CreateCustomerRejection::ParticipantAlreadyExists(winner.number))
    });
}

/// Strangers do not disturb each other.
pub fn different_customers_at_once_are_all_created(store: &dyn Store) {
    let answers = submit(store, |customer, caller| customer.request(caller).email(caller).payload(caller));
    for (command, outcome) in answers {
        assert_eq!(outcome, CreateCustomerOutcome::Created);
        let found = block_on(store.find_customer_by_request(command.platform, command.request.unwrap()));
        assert_eq!(found, Ok(Some(stored(&command))));
    }
}

/// The limit is decided in the transaction that inserts.
pub fn keys_made_at_once_never_exceed_the_limit(store: &dyn Store) {
    let platform = scene(store, "one").platform;
    let answers = at_once(|caller| {
        let new = new_api_key(platform, &format!("key-{caller}"));
        block_on(store.create_api_key(new, operator_act(1))).unwrap()
    });
    let made = answers.iter().filter(|answer| matches!(answer, CreateApiKeyOutcome::Created(_))).count();
    assert_eq!(made + 1, usize::try_from(LIVE_KEYS_MAX).unwrap());
    assert_eq!(block_on(store.load_access()).unwrap().keys.len(), made + 1);
}

/// Two servers that start together must not work with different keys.
pub fn installation_keys_stored_at_once_are_those_of_one_caller(store: &dyn Store) {
    let answers = at_once(|caller| {
        let key = |name: &str| InstallationKey {
            name: name.to_owned(),
            wrapped: WrappedKey { master_key_version: 1, bytes: vec![caller; 60] },
        };
        block_on(store.load_or_store_installation_keys(vec![key("digest"), key("index")])).unwrap()
    });
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(answers[0].len(), 2);
    assert_eq!(answers[0][0].wrapped, answers[0][1].wrapped);
}
