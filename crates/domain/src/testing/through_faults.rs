//! Callers of a store that loses outcomes: each does what the contract tells it, and everything ends as without faults.
//!
//! A client repeats the same request (contract 2.7); an operator looks whether an act was done before it is repeated.
//! Invariant: what is told after repetitions is what the model tells, or the command's own first outcome.

use std::sync::Arc;

use crate::ids::CustomerNumber;
use crate::registry::{CreateCustomerError, CustomerAnswer};
use crate::store::{CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, Store, StoreFailure};
use crate::testing::office::Office;
use crate::testing::sequences::{Engine, Step, answer, create, reserve, text};
use crate::testing::{FaultyStore, ModelStore, block_on};

/// More repetitions in a row than chance gives.
const ATTEMPTS_MAX: u32 = 200;

/// Runs the steps on a model without faults and on an engine with them; every failure is repeated as its caller would.
///
/// # Panics
/// At the first step that the two answer differently, and when they hold different data at the end.
pub fn compare_through_faults(engine: impl Engine + Send + Sync + 'static, seed: u64, steps: &[Step]) {
    let model = ModelStore::new();
    let mut faulty = FaultyStore::new(engine, seed);
    faulty.set_faulty(true);
    for (place, step) in steps.iter().enumerate() {
        let (told, expected) = match step {
            Step::Reopen => {
                faulty.reopen();
                continue;
            }
            Step::CreateCustomer { .. } => create_until_told(&faulty, &model, step),
            _ => answer_until_told(&faulty, &model, step),
        };
        if let Some(told) = told {
            assert_eq!(expected, told, "the model and the engine differ at step {place}: {step:?}");
        }
    }
    assert_eq!(model.contents(), faulty.contents());
}

/// Repeats a create, each time under a new number as a server does. What is told of an attempt of its own is the answer to
/// the first one, and the model creates it under that attempt's number.
fn create_until_told(faulty: &dyn Store, model: &ModelStore, step: &Step) -> (Option<String>, String) {
    let mut attempts: Vec<CustomerNumber> = Vec::new();
    for _ in 0..ATTEMPTS_MAX {
        let command = create(step, reserve(faulty));
        let number = command.number;
        attempts.push(number);
        let told = block_on(faulty.create_customer(command));
        let own = match &told {
            Err(StoreFailure::Busy | StoreFailure::Unavailable(_) | StoreFailure::OutcomeUnknown(_)) => {
                continue;
            }
            Ok(CreateCustomerOutcome::Replayed(stored)) => Some(stored.number),
            Ok(CreateCustomerOutcome::Rejected(CreateCustomerRejection::PayloadAlreadySubmitted(number))) => {
                Some(*number)
            }
            _ => None,
        };
        let own = own.filter(|own| attempts.len() > 1 && attempts.contains(own));
        let expected = block_on(model.create_customer(create(step, own.unwrap_or(number).0)));
        let is_first = own.is_some() && expected == Ok(CreateCustomerOutcome::Created);
        return (if is_first { None } else { Some(text(told)) }, text(expected));
    }
    (Some("never told".to_owned()), String::new())
}

/// Repeats a step; an act only if no event of it is there. Nothing is compared where its outcome was found by looking.
fn answer_until_told(faulty: &impl Engine, model: &ModelStore, step: &Step) -> (Option<String>, String) {
    let events = model.contents().audit_events.len();
    let expected = answer(model, step, 0);
    for _ in 0..ATTEMPTS_MAX {
        let told = answer(faulty.store(), step, 0);
        match told.as_str() {
            "outcome unknown" if faulty.contents().audit_events.len() > events => return (None, expected),
            "outcome unknown" | "busy" | "unavailable" => {}
            _ => return (Some(told), expected),
        }
    }
    (Some("never told".to_owned()), expected)
}

impl Office {
    /// Repeats the same request until it is told something else than a failure, and how often that was.
    fn submit_until_told(&self, body: &str) -> (Result<CustomerAnswer, CreateCustomerError>, u32) {
        let mut failures = 0;
        loop {
            match self.submit(body) {
                Err(CreateCustomerError::Failure(
                    StoreFailure::Busy | StoreFailure::Unavailable(_) | StoreFailure::OutcomeUnknown(_),
                )) if failures < ATTEMPTS_MAX => failures += 1,
                told => return (told, failures),
            }
        }
    }
}

/// The body of a customer; with a request_id or without.
fn body(customer: u8, has_request_id: bool, name: &str) -> String {
    let request_id = if has_request_id {
        format!(r#""request_id":"7fbab305-2679-4279-808b-9b7a63a55c{customer:02x}","#)
    } else {
        String::new()
    };
    format!(
        r#"{{{request_id}"first_name":"{name}","last_name":"Mehta","address_one":"Near CST","country":"India","state":"MH","signed_timestamp":1603378501286,"email":"customer-{customer}@mail.com","city":"MUMBAI","date_of_birth":"1989-10-13","id_number_type":"Passport","id_number":"123456789","zip":"12345"}}"#
    )
}

/// Twenty customers are submitted through faults, each until it is told; then every request is repeated.
///
/// # Panics
/// When a customer is stored twice or not, or a repetition is not answered with the bytes of the first answer.
#[expect(clippy::panic, reason = "this is the body of a test; a panic is how it fails")]
pub fn clients_settle_everything_through_faults(engine: impl Engine + Send + Sync + 'static, seed: u64) {
    const CUSTOMERS: u8 = 20;
    let faulty = Arc::new(FaultyStore::new(engine, seed));
    let office = Office::open(Arc::clone(&faulty) as Arc<dyn Store>);
    let model = Arc::new(FaultyStore::new(ModelStore::new(), seed));
    let calm = Office::open(Arc::clone(&model) as Arc<dyn Store>);
    faulty.set_faulty(true);
    for customer in 0..CUSTOMERS {
        let has_request_id = customer % 4 != 0;
        let body_of = |name| body(customer, has_request_id, name);
        assert!(calm.submit(&body_of("Gaurav")).is_ok());
        let (told, failures) = office.submit_until_told(&body_of("Gaurav"));
        match told {
            Ok(answer) => {
                assert!(!answer.replayed || failures > 0, "{customer}: a replay of nothing");
                if has_request_id {
                    let (again, _) = office.submit_until_told(&body_of("Gaurav"));
                    let again = again.unwrap_or_else(|error| panic!("{customer}: {error:?}"));
                    assert!(again.replayed && again.body == answer.body, "{customer}");
                }
            }
            Err(CreateCustomerError::PayloadAlreadySubmitted(_)) if !has_request_id && failures > 0 => {}
            Err(error) => panic!("{customer}: {error:?}"),
        }
        let (other, _) = office.submit_until_told(&body_of("Gauri"));
        let is_refused = match other {
            Err(CreateCustomerError::RequestIdReused(differing)) => {
                has_request_id && differing == ["first_name"]
            }
            Err(CreateCustomerError::ParticipantAlreadyExists(_)) => !has_request_id,
            _ => false,
        };
        assert!(is_refused, "{customer}");
    }
    assert!(faulty.faults().into_iter().all(|count| count > 0), "too few faults: {:?}", faulty.faults());
    assert_eq!(keys_of(&faulty.contents().customers), keys_of(&model.contents().customers));
}

/// What identifies each customer, in an order that does not depend on the numbers.
fn keys_of(customers: &[CreateCustomer]) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let mut keys: Vec<_> = customers
        .iter()
        .map(|customer| (customer.email, customer.request, customer.digests[0].bytes))
        .collect();
    keys.sort_unstable();
    keys
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::registry::{KeyTerms, PlatformSettings};
    use crate::store::PlatformChange;
    use crate::testing::office::Office;
    use crate::testing::sequences::steps;
    use crate::testing::{Fault, operator_act, scene};

    proptest! {
        #[test]
        fn a_model_that_loses_outcomes_ends_as_one_that_does_not(steps in steps(40), seed in any::<u64>()) {
            compare_through_faults(ModelStore::new(), seed, &steps);
        }
    }

    #[test]
    fn clients_of_a_model_that_loses_outcomes_settle_everything() {
        for seed in 0..20 {
            clients_settle_everything_through_faults(ModelStore::new(), seed);
        }
    }

    /// What was done is not told as not done because it could not be looked at afterwards.
    #[test]
    fn an_operators_act_that_was_done_is_told_so_whatever_fails_after_it() {
        let store = Arc::new(FaultyStore::new(ModelStore::new(), 1));
        let office = Office::open(Arc::clone(&store) as Arc<dyn Store>);
        let (code, key) = (&office.credentials.platform_code, &office.credentials.api_key);
        let fail_after_the_act = || {
            store.pass_next();
            store.fail_next(Fault::Unavailable);
        };
        fail_after_the_act();
        let settings = PlatformSettings { name: "Other".to_owned(), ..PlatformSettings::default() };
        assert!(block_on(office.registry.create_platform(settings, operator_act(0))).is_ok());
        fail_after_the_act();
        let change = PlatformChange { suspended: Some(true), ..PlatformChange::default() };
        assert!(block_on(office.registry.change_platform(code, change, operator_act(0))).is_ok());
        fail_after_the_act();
        let made = office.registry.create_api_key(code, KeyTerms::default(), operator_act(0));
        assert!(block_on(made).is_ok());
        fail_after_the_act();
        assert!(matches!(block_on(office.registry.revoke_api_key(code, key, operator_act(0))), Ok(true)));
        assert_eq!(store.faults(), [4, 0, 0]);
        assert_eq!(store.contents().audit_events.len(), 6);
        // What could not be read then is read when servers look again.
        block_on(office.registry.refresh_access()).unwrap();
        assert_eq!(office.registry.platforms().len(), 2);
    }

    #[test]
    #[should_panic(expected = "was given back, and may be stored")]
    fn a_number_that_may_be_stored_must_not_be_given_back() {
        let store = FaultyStore::new(ModelStore::new(), 1);
        let scene = scene(&store, "one");
        store.fail_next(Fault::UnknownAndDone);
        let command = scene.customer(&store).request(1).build();
        let told = block_on(store.create_customer(command.clone()));
        assert!(matches!(told, Err(StoreFailure::OutcomeUnknown(_))));
        store.give_back_customer_number(command.number);
    }
}
