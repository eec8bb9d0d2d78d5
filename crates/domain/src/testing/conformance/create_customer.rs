//! Contract 3.4 and 3.5 through the port, one request after the other.

use crate::ids::CustomerNumber;
use crate::store::{
    CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, Store, StoreFailure, StoredCustomer,
};
use crate::testing::{Scene, block_on, scene, stored};

fn create(store: &dyn Store, command: &CreateCustomer) -> CreateCustomerOutcome {
    block_on(store.create_customer(command.clone())).unwrap()
}

fn created(store: &dyn Store, command: CreateCustomer) -> CreateCustomer {
    assert_eq!(create(store, &command), CreateCustomerOutcome::Created);
    command
}

fn find(store: &dyn Store, command: &CreateCustomer) -> Option<StoredCustomer> {
    block_on(store.find_customer_by_request(command.platform, command.request?)).unwrap()
}

fn refused(rejection: CreateCustomerRejection) -> CreateCustomerOutcome {
    CreateCustomerOutcome::Rejected(rejection)
}

fn assert_internal_failure(store: &dyn Store, command: &CreateCustomer) {
    let answer = block_on(store.create_customer(command.clone()));
    assert!(matches!(answer, Err(StoreFailure::Internal(_))), "{answer:?}");
}

/// The store, a scene on it and a stored customer with request_id 1, e-mail 1 and payload 1.
fn with_one_customer(store: &dyn Store) -> (Scene, CreateCustomer) {
    let scene = scene(store, "one");
    let first = created(store, scene.customer(store).request(1).email(1).payload(1).build());
    (scene, first)
}

/// Row "none" of contract 3.4.
pub fn a_new_customer_is_created_and_found_by_its_request_id(store: &dyn Store) {
    let (_, first) = with_one_customer(store);
    assert_eq!(find(store, &first), Some(stored(&first)));
}

/// A request_id is optional.
pub fn a_customer_without_a_request_id_is_created(store: &dyn Store) {
    let scene = scene(store, "one");
    let first = created(store, scene.customer(store).email(1).build());
    let second = created(store, scene.customer(store).email(2).build());
    assert_ne!(first.number, second.number);
}

/// Nothing is lost or changed on the way, the empty and the extreme included.
pub fn everything_of_a_customer_comes_back_as_it_was_stored(store: &dyn Store) {
    let scene = scene(store, "one");
    for (request, prefunded, at, version, record) in [
        (1, true, 0, 0, Vec::new()),
        (2, false, i64::MAX, u32::MAX, vec![0]),
        (3, true, -1, 1, vec![255; 70_000]),
    ] {
        let fixture = scene.customer(store).request(request).email(request).with(|command| {
            command.prefunded = prefunded;
            command.at.0 = at;
            command.sealed.data_key.master_key_version = version;
            command.sealed.record = record;
            command.from = Some("2001:db8::7".parse().unwrap());
        });
        let command = created(store, fixture.build());
        assert_eq!(find(store, &command), Some(stored(&command)));
    }
}

/// Row 1 of contract 3.4: the stored record answers, not the one that came now.
pub fn the_same_request_id_and_payload_are_a_replay_of_the_stored_customer(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    let again = scene.customer(store).request(1).email(1).payload(1).with(|command| {
        command.sealed.record = vec![42; 10];
        command.prefunded = true;
    });
    assert_eq!(create(store, &again.build()), CreateCustomerOutcome::Replayed(stored(&first)));
}

/// Row 2 of contract 3.4.
pub fn a_reused_request_id_with_another_payload_is_refused(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    let reused = refused(CreateCustomerRejection::RequestIdReused(stored(&first)));
    for email in [1, 2] {
        let command = scene.customer(store).request(1).email(email).payload(2).build();
        assert_eq!(create(store, &command), reused);
    }
}

/// Row 2 of contract 3.4 comes before rows 3 and 4.
pub fn a_reused_request_id_is_refused_before_the_email_is_looked_at(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    created(store, scene.customer(store).request(2).email(2).payload(2).build());
    for payload in [2, 3] {
        let command = scene.customer(store).request(1).email(2).payload(payload).build();
        let reused = refused(CreateCustomerRejection::RequestIdReused(stored(&first)));
        assert_eq!(create(store, &command), reused);
    }
}

/// Row 3 of contract 3.4.
pub fn the_same_payload_under_another_request_id_is_refused(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    let command = scene.customer(store).request(2).email(1).payload(1).build();
    let submitted = refused(CreateCustomerRejection::PayloadAlreadySubmitted(first.number));
    assert_eq!(create(store, &command), submitted);
    assert_eq!(find(store, &command), None);
}

/// Row 3 of contract 3.4: no request_id on the later side.
pub fn the_same_payload_without_a_request_id_is_refused(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    let command = scene.customer(store).email(1).payload(1).build();
    let submitted = refused(CreateCustomerRejection::PayloadAlreadySubmitted(first.number));
    assert_eq!(create(store, &command), submitted);
}

/// Row 3 of contract 3.4: no request_id on the earlier side.
pub fn the_same_payload_with_a_request_id_after_one_without_is_refused(store: &dyn Store) {
    let scene = scene(store, "one");
    let first = created(store, scene.customer(store).email(1).payload(1).build());
    let command = scene.customer(store).request(1).email(1).payload(1).build();
    let submitted = refused(CreateCustomerRejection::PayloadAlreadySubmitted(first.number));
    assert_eq!(create(store, &command), submitted);
    assert_eq!(find(store, &command), None);
}

/// Row 3 of contract 3.4: no request_id on either side.
pub fn the_same_payload_twice_without_a_request_id_is_refused(store: &dyn Store) {
    let scene = scene(store, "one");
    let first = created(store, scene.customer(store).email(1).payload(1).build());
    let command = scene.customer(store).email(1).payload(1).build();
    let submitted = refused(CreateCustomerRejection::PayloadAlreadySubmitted(first.number));
    assert_eq!(create(store, &command), submitted);
}

/// Row 4 of contract 3.4.
pub fn another_payload_with_the_same_email_is_refused(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    let exists = refused(CreateCustomerRejection::ParticipantAlreadyExists(first.number));
    let with_request = scene.customer(store).request(2).email(1).payload(2).build();
    let without = scene.customer(store).email(1).payload(3).build();
    assert_eq!(create(store, &with_request), exists);
    assert_eq!(create(store, &without), exists);
}

/// Contract 3.5: the same request_id may come again with a corrected payload.
pub fn a_refused_create_consumes_nothing(store: &dyn Store) {
    let (scene, _) = with_one_customer(store);
    let refused = scene.customer(store).request(2).email(1).payload(2).build();
    assert!(matches!(create(store, &refused), CreateCustomerOutcome::Rejected(_)));
    let corrected = scene.customer(store).request(2).email(2).payload(2).build();
    created(store, corrected);
}

/// Contract 3.5: the same e-mail, request_id and payload on two platforms are two customers.
pub fn platforms_never_see_each_others_customers(store: &dyn Store) {
    let (_, first) = with_one_customer(store);
    let other = scene(store, "other");
    assert_eq!(block_on(store.find_customer_by_request(other.platform, first.request.unwrap())), Ok(None));
    let second = created(store, other.customer(store).request(1).email(1).payload(1).build());
    assert_eq!(find(store, &first), Some(stored(&first)));
    assert_eq!(find(store, &second), Some(stored(&second)));
}

/// Contract 3.4: the payload is compared under the version that the row bears.
pub fn a_replay_is_recognised_by_an_older_version_of_the_digest(store: &dyn Store) {
    let scene = scene(store, "one");
    let old = created(store, scene.customer(store).request(1).email(1).payload_under(1, &[1]).build());
    let replay = scene.customer(store).request(1).email(1).payload_under(1, &[2, 1]).build();
    assert_eq!(create(store, &replay), CreateCustomerOutcome::Replayed(stored(&old)));
    let reused = scene.customer(store).request(1).email(1).payload_under(2, &[2, 1]).build();
    let rejection = CreateCustomerRejection::RequestIdReused(stored(&old));
    assert_eq!(create(store, &reused), refused(rejection));
    let new = scene.customer(store).request(2).email(2).payload_under(2, &[2, 1]).build();
    assert_eq!(stored(&created(store, new.clone())).digest.version, 2);
    assert_eq!(find(store, &new), Some(stored(&new)));
}

/// Contract 3.4: without the digest of the row's version nobody must guess whether the payloads are the same.
pub fn a_digest_of_the_version_that_a_row_bears_is_asked_for(store: &dyn Store) {
    let scene = scene(store, "one");
    let newer = created(store, scene.customer(store).request(1).email(1).payload_under(1, &[2]).build());
    for request in [1, 2] {
        let command = scene.customer(store).request(request).email(1).payload_under(1, &[1]).build();
        let missing = CreateCustomerRejection::DigestMissing { number: newer.number, version: 2 };
        assert_eq!(create(store, &command), refused(missing));
    }
    created(store, scene.customer(store).request(3).email(3).payload_under(3, &[1]).build());
    assert_eq!(find(store, &newer), Some(stored(&newer)));
}

/// A caller's error must not store a customer that nothing can be compared with.
pub fn a_create_without_a_digest_is_a_failure(store: &dyn Store) {
    let scene = scene(store, "one");
    let fixture = scene.customer(store).request(1).email(1).payload(1);
    let without = fixture.clone().with(|command| command.digests.clear()).build();
    assert_internal_failure(store, &without);
    created(store, fixture.build());
    assert_internal_failure(store, &without);
}

/// A number stands for one customer for ever.
pub fn a_number_that_is_taken_is_a_failure_and_stores_nothing(store: &dyn Store) {
    let (scene, first) = with_one_customer(store);
    let fixture = scene.customer(store).request(2).email(2).payload(2);
    let free = fixture.clone().build().number;
    let CustomerNumber(taken) = first.number;
    assert_internal_failure(store, &fixture.clone().number(taken).build());
    assert_eq!(find(store, &first), Some(stored(&first)));
    created(store, fixture.number(free.0).build());
}

/// The key in a customer's row is the audit's answer to who submitted it.
pub fn a_create_by_a_key_of_another_platform_is_a_failure_and_stores_nothing(store: &dyn Store) {
    let (here, there) = (scene(store, "here"), scene(store, "there"));
    let fixture = here.customer(store).request(1).email(1).payload(1);
    assert_internal_failure(store, &fixture.clone().with(|command| command.key = there.key).build());
    created(store, fixture.build());
}
