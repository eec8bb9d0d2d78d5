//! API keys: made, limited, revoked, used (contract 1.7).

use crate::clock::UnixMillis;
use crate::ids::{KeyNumber, PlatformNumber};
use crate::platform::{ApiKey, Permission, WrappedKey};
use crate::rules::create_api_key::LIVE_KEYS_MAX;
use crate::store::{CreateApiKeyOutcome, NewApiKey, RevokeApiKeyOutcome, Store, StoreFailure};
use crate::testing::{block_on, new_api_key, new_platform, operator_act};

fn platform(store: &dyn Store, name: &str) -> PlatformNumber {
    block_on(store.create_platform(new_platform(name), operator_act(1))).unwrap()
}

fn keys(store: &dyn Store) -> Vec<ApiKey> {
    block_on(store.load_access()).unwrap().keys
}

fn create(store: &dyn Store, new: NewApiKey, at: i64) -> CreateApiKeyOutcome {
    block_on(store.create_api_key(new, operator_act(at))).unwrap()
}

fn revoke(store: &dyn Store, platform: PlatformNumber, api_key: &str) -> RevokeApiKeyOutcome {
    block_on(store.revoke_api_key(platform, api_key.to_owned(), operator_act(50))).unwrap()
}

/// A platform with all the live keys it may have, named 0 to 9.
fn full_platform(store: &dyn Store, name: &str, expires_at: Option<UnixMillis>) -> PlatformNumber {
    let platform = platform(store, name);
    for key in 0..LIVE_KEYS_MAX {
        let new = NewApiKey { expires_at, ..new_api_key(platform, &format!("{name}-{key}")) };
        assert!(matches!(create(store, new, 10), CreateApiKeyOutcome::Created(_)));
    }
    platform
}

/// Nothing of a key is lost; keys are counted from 1 in order of their creation.
pub fn a_new_key_is_stored_with_everything_it_has(store: &dyn Store) {
    let platform = platform(store, "one");
    let new = NewApiKey {
        platform,
        api_key: "the-key".to_owned(),
        label: "back office \u{2713}".to_owned(),
        permissions: Permission::ALL.to_vec(),
        wrapped_secret: WrappedKey { master_key_version: 7, bytes: (0..60).collect() },
        passphrase_digest: [3; 32],
        expires_at: Some(UnixMillis(99)),
    };
    let idle = NewApiKey { permissions: Vec::new(), expires_at: None, ..new_api_key(platform, "idle") };
    assert_eq!(create(store, new.clone(), 11), CreateApiKeyOutcome::Created(KeyNumber(1)));
    assert_eq!(create(store, idle.clone(), 12), CreateApiKeyOutcome::Created(KeyNumber(2)));
    let expected = |number, new: NewApiKey, at| ApiKey {
        number: KeyNumber(number),
        platform: new.platform,
        api_key: new.api_key,
        label: new.label,
        permissions: new.permissions,
        wrapped_secret: new.wrapped_secret,
        passphrase_digest: new.passphrase_digest,
        created_at: UnixMillis(at),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    assert_eq!(keys(store), [expected(1, new, 11), expected(2, idle, 12)]);
}

/// Keys belong to platforms.
pub fn a_key_for_an_unknown_platform_is_refused(store: &dyn Store) {
    let unknown = PlatformNumber(platform(store, "one").0 + 1);
    assert_eq!(create(store, new_api_key(unknown, "key"), 1), CreateApiKeyOutcome::NoSuchPlatform);
    assert_eq!(keys(store), []);
}

/// Contract 1.7: at most ten, counted for each platform alone.
pub fn the_eleventh_live_key_is_refused(store: &dyn Store) {
    let full = full_platform(store, "full", None);
    assert_eq!(create(store, new_api_key(full, "more"), 10), CreateApiKeyOutcome::TooManyLiveKeys);
    assert_eq!(keys(store).len(), 10);
    let other = platform(store, "other");
    assert!(matches!(create(store, new_api_key(other, "more"), 10), CreateApiKeyOutcome::Created(_)));
}

/// Contract 1.7: rotation is create, switch, revoke.
pub fn a_revoked_key_makes_room_for_another(store: &dyn Store) {
    let full = full_platform(store, "full", None);
    assert_eq!(revoke(store, full, "full-3"), RevokeApiKeyOutcome::Revoked);
    assert!(matches!(create(store, new_api_key(full, "more"), 60), CreateApiKeyOutcome::Created(_)));
    assert_eq!(create(store, new_api_key(full, "even-more"), 60), CreateApiKeyOutcome::TooManyLiveKeys);
}

/// A key is expired from `expires_at` on, by the time of the act.
pub fn an_expired_key_makes_room_for_another(store: &dyn Store) {
    let full = full_platform(store, "full", Some(UnixMillis(100)));
    assert_eq!(create(store, new_api_key(full, "early"), 99), CreateApiKeyOutcome::TooManyLiveKeys);
    assert!(matches!(create(store, new_api_key(full, "late"), 100), CreateApiKeyOutcome::Created(_)));
}

/// Identifiers are random; two alike are a bug of the caller.
pub fn an_api_key_that_is_taken_is_a_failure_and_stores_nothing(store: &dyn Store) {
    let (here, there) = (platform(store, "here"), platform(store, "there"));
    create(store, new_api_key(here, "key"), 1);
    let before = block_on(store.load_access()).unwrap();
    let answer = block_on(store.create_api_key(new_api_key(there, "key"), operator_act(2)));
    assert!(matches!(answer, Err(StoreFailure::Internal(_))), "{answer:?}");
    assert_eq!(block_on(store.load_access()).unwrap(), before);
}

/// The first revocation's time stays.
pub fn a_key_is_revoked_once(store: &dyn Store) {
    let platform = platform(store, "one");
    create(store, new_api_key(platform, "key"), 1);
    assert_eq!(revoke(store, platform, "key"), RevokeApiKeyOutcome::Revoked);
    let revoked = keys(store);
    assert_eq!(revoked[0].revoked_at, Some(UnixMillis(50)));
    let again = block_on(store.revoke_api_key(platform, "key".to_owned(), operator_act(51)));
    assert_eq!(again, Ok(RevokeApiKeyOutcome::AlreadyRevoked));
    assert_eq!(keys(store), revoked);
}

/// Platforms never influence each other.
pub fn a_key_cannot_be_revoked_through_another_platform(store: &dyn Store) {
    let (here, there) = (platform(store, "here"), platform(store, "there"));
    create(store, new_api_key(here, "key"), 1);
    assert_eq!(revoke(store, there, "key"), RevokeApiKeyOutcome::NoSuchKey);
    assert_eq!(revoke(store, here, "other"), RevokeApiKeyOutcome::NoSuchKey);
    assert_eq!(keys(store)[0].revoked_at, None);
}

/// Notes may arrive out of order.
pub fn the_last_use_of_a_key_never_goes_back(store: &dyn Store) {
    let platform = platform(store, "one");
    create(store, new_api_key(platform, "used"), 1);
    create(store, new_api_key(platform, "idle"), 1);
    for (at, last) in [(70, 70), (90, 90), (80, 90)] {
        block_on(store.record_key_use(vec![(KeyNumber(1), UnixMillis(at))])).unwrap();
        assert_eq!(keys(store)[0].last_used_at, Some(UnixMillis(last)));
    }
    assert_eq!(keys(store)[1].last_used_at, None);
    let (first, second) = ((KeyNumber(1), UnixMillis(95)), (KeyNumber(2), UnixMillis(5)));
    block_on(store.record_key_use(vec![first, second])).unwrap();
    let used: Vec<_> = keys(store).iter().map(|key| key.last_used_at).collect();
    assert_eq!(used, [Some(UnixMillis(95)), Some(UnixMillis(5))]);
}

/// There is nothing to note it on.
pub fn the_use_of_an_unknown_key_is_ignored(store: &dyn Store) {
    assert_eq!(block_on(store.record_key_use(vec![(KeyNumber(77), UnixMillis(1))])), Ok(()));
    assert_eq!(block_on(store.record_key_use(Vec::new())), Ok(()));
    assert_eq!(keys(store), []);
}
