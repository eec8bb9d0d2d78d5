//! Random sequences of commands, run on the model and on an engine: both must answer alike and end in the same state.
//!
//! Knows no engine. Everything is drawn from few platforms, request_ids, e-mails and payloads, so that they meet often.

use proptest::prelude::*;

use crate::clock::UnixMillis;
use crate::ids::{CustomerNumber, KeyNumber, PlatformNumber};
use crate::platform::WrappedKey;
use crate::policy::{Policy, PolicyChange};
use crate::store::{
    BlindIndex, CreateCustomer, CustomerEvent, InstallationKey, NewApiKey, NewPlatform, PlatformChange,
    Store, StoreFailure,
};
use crate::testing::{Contents, CustomerFixture, ModelStore, block_on, new_api_key, operator_act};

/// An engine that can be closed and opened again on the same data.
pub trait Engine {
    /// The open store.
    fn store(&self) -> &dyn Store;

    /// Closes the store and opens it again.
    fn reopen(&mut self);

    /// Everything that is stored.
    fn contents(&self) -> Contents;
}

/// One step of a sequence.
#[derive(Debug, Clone)]
pub enum Step {
    /// Close and open the engine.
    Reopen,
    /// Submit a customer; `fresh` numbers are reserved, others repeat a number that may be taken.
    CreateCustomer {
        /// The platform.
        platform: u32,
        /// The key, which may belong to another platform.
        key: u32,
        /// The request_id.
        request: Option<u8>,
        /// The e-mail.
        email: u8,
        /// The payload.
        payload: u8,
        /// The versions of the digest that the program knows.
        versions: Vec<u8>,
        /// Whether the number is a reserved one.
        fresh: bool,
    },
    /// Look a customer up by its request_id.
    FindCustomer(u32, u8),
    /// Show a customer to an operator, with or without a reason.
    ShowCustomer(u32, u32, bool),
    /// Make a platform.
    CreatePlatform(NewPlatform),
    /// Change a platform.
    ChangePlatform(u32, PlatformChange),
    /// Make a key: platform, identifier, expiry, and when.
    CreateApiKey(u32, u8, Option<i64>, i64),
    /// Revoke a key: platform and identifier.
    RevokeApiKey(u32, u8),
    /// Note the use of a key.
    RecordKeyUse(Vec<(u32, i64)>),
    /// Store or load the installation's keys.
    InstallationKeys(Vec<u8>),
}

/// Sequences of up to `length` steps; each begins with two platforms of one key each, so that most creates have a chance.
pub fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..length).prop_map(|mut steps| {
        let platform = NewPlatform { name: "first".to_owned(), sandbox: true, customers_enabled: false };
        let start = [
            Step::CreatePlatform(platform.clone()),
            Step::CreatePlatform(platform),
            Step::CreateApiKey(1, 201, None, 0),
            Step::CreateApiKey(2, 202, None, 0),
        ];
        steps.splice(0..0, start);
        steps
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Reopen),
        16 => create_customer(),
        2 => (1..4_u32, 0..4_u8).prop_map(|(platform, request)| Step::FindCustomer(platform, request)),
        2 => (1..4_u32, 0..12_u32, any::<bool>())
            .prop_map(|(platform, number, reason)| Step::ShowCustomer(platform, number, reason)),
        1 => new_platform().prop_map(Step::CreatePlatform),
        2 => (1..4_u32, platform_change()).prop_map(|(platform, change)| Step::ChangePlatform(platform, change)),
        6 => (1..4_u32, any::<u8>(), proptest::option::of(0..50_i64), 0..50_i64)
            .prop_map(|(platform, name, expiry, at)| Step::CreateApiKey(platform, name, expiry, at)),
        2 => (1..4_u32, any::<u8>()).prop_map(|(platform, name)| Step::RevokeApiKey(platform, name)),
        1 => proptest::collection::vec((0..8_u32, 0..50_i64), 0..4).prop_map(Step::RecordKeyUse),
        1 => proptest::collection::vec(0..4_u8, 0..4).prop_map(Step::InstallationKeys),
    ]
}

fn create_customer() -> impl Strategy<Value = Step> {
    let versions = prop_oneof![
        8 => Just(vec![1]),
        4 => Just(vec![2, 1]),
        1 => Just(vec![2]),
        1 => Just(vec![]),
    ];
    let numbers = prop_oneof![12 => Just(true), 1 => Just(false)];
    // Few keys belong to another platform than the one that is drawn with them.
    let platform = prop_oneof![8 => Just((1, 1)), 8 => Just((2, 2)), 1 => Just((1, 2)), 1 => Just((9, 1))];
    (platform, proptest::option::of(0..4_u8), 0..6_u8, 0..6_u8, versions, numbers).prop_map(
        |((platform, key), request, email, payload, versions, fresh)| Step::CreateCustomer {
            platform,
            key,
            request,
            email,
            payload,
            versions,
            fresh,
        },
    )
}

fn new_platform() -> impl Strategy<Value = NewPlatform> {
    ("[a-c]{1,3}", any::<bool>(), any::<bool>()).prop_map(|(name, sandbox, customers_enabled)| NewPlatform {
        name,
        sandbox,
        customers_enabled,
    })
}

fn platform_change() -> impl Strategy<Value = PlatformChange> {
    let policy =
        (0..=120_u8, any::<bool>(), proptest::option::of(Just(vec!["IN".to_owned(), "US".to_owned()])))
            .prop_map(|(minimum_age, strict_id_numbers, countries)| Policy {
                minimum_age,
                strict_id_numbers,
                countries,
                ..Policy::default()
            });
    let setting = || proptest::option::of(any::<bool>());
    (proptest::option::of("[a-c]{1,3}"), setting(), setting(), setting(), proptest::option::of(policy))
        .prop_map(|(name, sandbox, suspended, customers_enabled, policy)| PlatformChange {
            name,
            sandbox,
            suspended,
            customers_enabled,
            policy: policy.as_ref().map(PolicyChange::from).unwrap_or_default(),
        })
}

/// Runs the steps on a fresh model and on a fresh engine.
///
/// # Panics
/// At the first step that the two answer differently, and when they hold different data at the end.
pub fn compare(engine: &mut impl Engine, steps: &[Step]) {
    let model = ModelStore::new();
    for (place, step) in steps.iter().enumerate() {
        if matches!(step, Step::Reopen) {
            engine.reopen();
            continue;
        }
        // The model takes the number that the engine reserved: how far a reopened engine skips is the engine's affair.
        let reserved = reserve(engine.store());
        assert_eq!(
            answer(&model, step, reserved),
            answer(engine.store(), step, reserved),
            "the model and the engine differ at step {place}: {step:?}"
        );
    }
    assert_eq!(model.contents(), engine.contents());
}

#[expect(clippy::expect_used, reason = "an engine without numbers ends the test")]
pub(super) fn reserve(store: &dyn Store) -> u32 {
    store.reserve_customer_number().expect("a customer number").0
}

/// The command of a step that is a create, under this number unless the step repeats one.
///
/// # Panics
/// When the step is another.
#[expect(clippy::panic, reason = "a step that is no create ends the test")]
pub(super) fn create(step: &Step, reserved: u32) -> CreateCustomer {
    let Step::CreateCustomer { platform, key, request, email, payload, versions, fresh } = step else {
        panic!("no create: {step:?}");
    };
    CustomerFixture::new(PlatformNumber(*platform), KeyNumber(*key))
        .number(if *fresh { reserved } else { 0 })
        .email(*email)
        .payload_under(*payload, versions)
        .with(|command| command.request = request.map(|request| BlindIndex([request; 16])))
        .build()
}

/// What a store answers to a step, as text; the words of a failure are each engine's own.
pub(super) fn answer(store: &dyn Store, step: &Step, reserved: u32) -> String {
    match step {
        Step::Reopen => String::new(),
        Step::CreateCustomer { .. } => text(block_on(store.create_customer(create(step, reserved)))),
        Step::FindCustomer(platform, request) => {
            let request = BlindIndex([*request; 16]);
            text(block_on(store.find_customer_by_request(PlatformNumber(*platform), request)))
        }
        Step::ShowCustomer(platform, number, reason) => text(block_on(store.show_customer(CustomerEvent {
            platform: PlatformNumber(*platform),
            customer: CustomerNumber(*number),
            what: "customer.shown",
            reason: if *reason { "a question by the customer".to_owned() } else { String::new() },
            act: operator_act(3),
        }))),
        Step::CreatePlatform(new) => text(block_on(store.create_platform(new.clone(), operator_act(4)))),
        Step::ChangePlatform(platform, change) => {
            text(block_on(store.change_platform(PlatformNumber(*platform), change.clone(), operator_act(5))))
        }
        Step::CreateApiKey(platform, name, expiry, at) => {
            let new = NewApiKey {
                expires_at: expiry.map(UnixMillis),
                ..new_api_key(PlatformNumber(*platform), &format!("key-{name}"))
            };
            text(block_on(store.create_api_key(new, operator_act(*at))))
        }
        Step::RevokeApiKey(platform, name) => text(block_on(store.revoke_api_key(
            PlatformNumber(*platform),
            format!("key-{name}"),
            operator_act(6),
        ))),
        Step::RecordKeyUse(uses) => text(block_on(
            store.record_key_use(uses.iter().map(|(key, at)| (KeyNumber(*key), UnixMillis(*at))).collect()),
        )),
        Step::InstallationKeys(names) => {
            text(block_on(store.load_or_store_installation_keys(installation_keys(names))))
        }
    }
}

fn installation_keys(names: &[u8]) -> Vec<InstallationKey> {
    let key = |name: &u8| InstallationKey {
        name: format!("installation-{name}"),
        wrapped: WrappedKey { master_key_version: 1, bytes: vec![*name; 60] },
    };
    names.iter().map(key).collect()
}

pub(super) fn text<T: std::fmt::Debug>(result: Result<T, StoreFailure>) -> String {
    match result {
        Ok(outcome) => format!("{outcome:?}"),
        Err(StoreFailure::Busy) => "busy".to_owned(),
        Err(StoreFailure::Unavailable(_)) => "unavailable".to_owned(),
        Err(StoreFailure::OutcomeUnknown(_)) => "outcome unknown".to_owned(),
        Err(StoreFailure::Internal(_)) => "internal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, compare, steps};
    use crate::testing::ModelStore;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_model_equals_itself(steps in steps(40)) {
            compare(&mut ModelStore::new(), &steps);
        }
    }

    #[test]
    #[should_panic(expected = "differ at step")]
    fn an_engine_that_held_something_before_is_found_out() {
        let mut engine = ModelStore::new();
        crate::testing::scene(&engine, "before");
        let platform = crate::testing::new_platform("first");
        compare(&mut engine, &[Step::CreatePlatform(platform)]);
    }
}
