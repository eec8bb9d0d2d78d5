use std::sync::Arc;

use registrar_json::parse_object;

use super::*;
use crate::payload::MemberDigests;
use crate::policy::PolicyChange;
use crate::store::PlatformChange;
use crate::testing::office::Office;
use crate::testing::{ModelStore, block_on, operator_act};

const FIRST_ID: &str = r#""request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","#;
const OTHER_ID: &str = r#""request_id":"7fbab305-2679-4279-808b-9b7a63a55c86","#;

/// A body whose request_id member is `request_id`, with this city.
fn body(request_id: &str, city: &str) -> String {
    format!(
        r#"{{{request_id}"first_name":"Gaurav","last_name":"Mehta","address_one":"Near CST","country":"India","state":"MH","signed_timestamp":"1603378501286","email":"g@mail.com","city":"{city}","date_of_birth":"1989-10-13","id_number_type":"Passport","id_number":"123456789","zip":"12345"}}"#
    )
}

/// An office whose store holds the customer of this body as a build stored it whose digests had version 1; and the answer.
fn office_with_an_old_row(text: &str) -> (Office, Vec<u8>) {
    let office = Office::open(Arc::new(ModelStore::new()));
    let (registry, caller) = (&office.registry, office.caller(text));
    let platform = caller.platform();
    let object = parse_object(text.as_bytes(), 32).unwrap();
    let submitted = Submitted::of(&object);
    let payload = Payload::of(&submitted, &platform.payload_keys);
    let terms = Terms { policy: &platform.platform.policy, lists: registry.lists, now: caller.at() };
    let customer = parse_customer(&submitted, &terms).unwrap();
    let number = registry.store.reserve_customer_number().unwrap();
    let answer = customer.write_answer(&platform.code, &registry.participant_code(number).unwrap());
    let origin = Origin { from: None, trace_id: registry.new_trace_id() };
    let (customer, answer) = (&customer, answer.as_str());
    let request = request_id_of(&submitted).map(|id| request_index(platform, &id));
    let new = NewCustomer { caller: &caller, origin, number, request, customer, payload: &payload, answer };
    let mut command = registry.command(&new, vec![payload.digest_under(1).unwrap()]).unwrap();
    let members: MemberDigests = payload.members_under(1).unwrap();
    let record = [&[1, 19], members.0.as_flattened(), answer.as_bytes()];
    command.sealed = registry.seal(platform.platform.number, number, &record).unwrap();
    assert_eq!(block_on(registry.store.create_customer(command)), Ok(CreateCustomerOutcome::Created));
    (office, answer.into())
}

#[test]
fn a_row_with_a_digest_of_version_one_is_replayed() {
    let (office, first) = office_with_an_old_row(&body(FIRST_ID, "Mumbai"));
    for _ in 0..2 {
        let answer = office.submit(&body(FIRST_ID, "Mumbai")).unwrap();
        assert!(answer.replayed);
        assert_eq!(answer.body, first);
    }
}

#[test]
fn a_row_with_a_digest_of_version_one_tells_what_differs() {
    let (office, _) = office_with_an_old_row(&body(FIRST_ID, "Mumbai"));
    let refused = office.submit(&body(FIRST_ID, "Pune")).err();
    assert_eq!(refused, Some(CreateCustomerError::RequestIdReused(vec!["city"])));
}

#[test]
fn a_row_with_a_digest_of_version_one_is_met_by_its_email() {
    let (office, first) = office_with_an_old_row(&body(FIRST_ID, "Mumbai"));
    for request_id in [OTHER_ID, ""] {
        let refused = office.submit(&body(request_id, "Mumbai")).err();
        let Some(CreateCustomerError::PayloadAlreadySubmitted(code)) = refused else { panic!("{refused:?}") };
        assert!(String::from_utf8_lossy(&first).contains(&format!(r#""participant_code":"{code}""#)));
        let refused = office.submit(&body(request_id, "Pune")).err();
        assert_eq!(refused, Some(CreateCustomerError::ParticipantAlreadyExists(code)));
    }
}

#[test]
fn an_invalid_body_is_a_replay_of_a_row_with_a_digest_of_version_one() {
    let (office, first) = office_with_an_old_row(&body(FIRST_ID, "Mumbai"));
    let registry = &office.registry;
    let mut policy = PolicyChange::default();
    policy.set("minimum_age", "99", registry.lists).unwrap();
    let change = PlatformChange { policy, ..PlatformChange::default() };
    block_on(registry.change_platform(&office.credentials.platform_code, change, operator_act(0))).unwrap();
    assert_eq!(office.submit(&body(FIRST_ID, "Mumbai")).unwrap().body, first);
    assert!(matches!(office.submit(&body(FIRST_ID, "Pune")), Err(CreateCustomerError::Invalid(_))));
}

#[test]
fn a_version_that_this_program_does_not_know_is_a_failure_and_never_a_mismatch() {
    let text = body(FIRST_ID, "Mumbai");
    let (office, _) = office_with_an_old_row(&text);
    let object = parse_object(text.as_bytes(), 32).unwrap();
    let (caller, submitted) = (office.caller(&text), Submitted::of(&object));
    let payload = Payload::of(&submitted, &caller.platform().payload_keys);
    let missing = CreateCustomerRejection::DigestMissing { number: CustomerNumber(7), version: 3 };
    let failures = [
        digest_under(&payload, CustomerNumber(7), 3).map(|_| ()),
        office.registry.explain(caller.platform(), &payload, missing).map(|_| ()),
    ];
    for failure in failures {
        let Err(StoreFailure::Internal(text)) = failure else { panic!("{failure:?}") };
        assert!(text.contains("customer 7") && text.contains("version 3"), "{text}");
    }
}

/// Whoever repeats requests may do so without end.
#[test]
fn a_repetition_that_the_store_expects_takes_no_number() {
    let office = Office::open(Arc::new(ModelStore::new()));
    let first = office.submit(&body(FIRST_ID, "Mumbai")).unwrap();
    let next = office.registry.store.reserve_customer_number().unwrap();
    assert_eq!(office.submit(&body(FIRST_ID, "Mumbai")).unwrap().body, first.body);
    let refused = office.submit(&body(FIRST_ID, "")).err();
    assert!(matches!(refused, Some(CreateCustomerError::Invalid(_))), "{refused:?}");
    assert_eq!(office.registry.store.reserve_customer_number(), Ok(CustomerNumber(next.0 + 1)));
    let refused = office.submit(&body(FIRST_ID, "Pune")).err();
    assert_eq!(refused, Some(CreateCustomerError::RequestIdReused(vec!["city"])));
}
