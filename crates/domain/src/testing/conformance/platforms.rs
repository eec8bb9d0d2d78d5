//! Platforms and their policies.

use crate::clock::UnixMillis;
use crate::ids::PlatformNumber;
use crate::platform::Platform;
use crate::policy::{AadhaarPolicy, Policy, PolicyChange, UnknownFields};
use crate::reference::ReferenceLists;
use crate::store::{NewPlatform, PlatformChange, Store};
use crate::testing::{block_on, new_platform, operator_act};

fn platforms(store: &dyn Store) -> Vec<Platform> {
    block_on(store.load_access()).unwrap().platforms
}

fn created(store: &dyn Store, name: &str) -> PlatformNumber {
    block_on(store.create_platform(new_platform(name), operator_act(7))).unwrap()
}

fn changed(store: &dyn Store, platform: PlatformNumber, change: PlatformChange) -> bool {
    block_on(store.change_platform(platform, change, operator_act(8))).unwrap()
}

/// Platforms are counted from 1 in order of their creation.
pub fn a_new_platform_has_the_default_policy_and_its_own_number(store: &dyn Store) {
    let first = created(store, "first");
    let new = NewPlatform { name: "second".to_owned(), sandbox: true, customers_enabled: false };
    let second = block_on(store.create_platform(new, operator_act(9))).unwrap();
    let platform = |number, name: &str, sandbox, at| Platform {
        number,
        name: name.to_owned(),
        sandbox,
        suspended: false,
        customers_enabled: !sandbox,
        policy: Policy::default(),
        created_at: UnixMillis(at),
    };
    assert_eq!((first, second), (PlatformNumber(1), PlatformNumber(2)));
    let expected = vec![platform(first, "first", false, 7), platform(second, "second", true, 9)];
    assert_eq!(platforms(store), expected);
}

/// A change leaves everything else as it is, on this platform and the others.
pub fn every_setting_of_a_platform_can_be_changed_alone(store: &dyn Store) {
    let (number, other) = (created(store, "first"), created(store, "other"));
    let none = PlatformChange::default;
    let mut expected = platforms(store);
    assert_eq!(expected[1].number, other);
    assert!(changed(store, number, none()));
    assert_eq!(platforms(store), expected);
    assert!(changed(store, number, PlatformChange { name: Some("renamed".to_owned()), ..none() }));
    "renamed".clone_into(&mut expected[0].name);
    assert_eq!(platforms(store), expected);
    assert!(changed(store, number, PlatformChange { sandbox: Some(true), ..none() }));
    expected[0].sandbox = true;
    assert_eq!(platforms(store), expected);
    assert!(changed(store, number, PlatformChange { suspended: Some(true), ..none() }));
    expected[0].suspended = true;
    assert_eq!(platforms(store), expected);
    assert!(changed(store, number, PlatformChange { customers_enabled: Some(false), ..none() }));
    expected[0].customers_enabled = false;
    assert_eq!(platforms(store), expected);
    let policy = Policy { minimum_age: 21, ..Policy::default() };
    assert!(changed(store, number, PlatformChange { policy: PolicyChange::from(&policy), ..none() }));
    expected[0].policy = policy;
    assert_eq!(platforms(store), expected);
    let mut change = none();
    change.policy.set("strict_id_numbers", "true", ReferenceLists::builtin()).unwrap();
    assert!(changed(store, number, change));
    expected[0].policy.strict_id_numbers = true;
    assert_eq!(platforms(store), expected);
}

/// Every policy comes back as it was set.
pub fn every_policy_is_kept(store: &dyn Store) {
    let number = created(store, "first");
    let policies = [
        Policy {
            unknown_fields: UnknownFields::Ignore,
            minimum_age: 0,
            strict_id_numbers: true,
            risk_rating_required: true,
            signed_timestamp_required: false,
            aadhaar: AadhaarPolicy::Seal,
            countries: Some(vec!["IN".to_owned(), "US".to_owned()]),
            states: Some(vec!["IN-MH".to_owned()]),
            id_types: Some(vec!["pan".to_owned(), "passport".to_owned()]),
        },
        Policy { aadhaar: AadhaarPolicy::Refuse, minimum_age: 120, ..Policy::default() },
        Policy::default(),
    ];
    for policy in policies {
        let change = PlatformChange { policy: PolicyChange::from(&policy), ..PlatformChange::default() };
        assert!(changed(store, number, change));
        assert_eq!(platforms(store)[0].policy, policy);
    }
}

/// Nothing is made by changing.
pub fn a_platform_that_does_not_exist_cannot_be_changed(store: &dyn Store) {
    let number = created(store, "first");
    let before = block_on(store.load_access()).unwrap();
    let change = PlatformChange { suspended: Some(true), ..PlatformChange::default() };
    assert!(!changed(store, PlatformNumber(number.0 + 1), change));
    assert_eq!(block_on(store.load_access()).unwrap(), before);
}
