//! What servers watch: the version of platforms and keys, the installation's keys, readiness.

use crate::clock::UnixMillis;
use crate::ids::KeyNumber;
use crate::platform::WrappedKey;
use crate::store::{InstallationKey, PlatformChange, Store, StoreFailure};
use crate::testing::{block_on, new_api_key, operator_act, scene};

fn version(store: &dyn Store) -> u64 {
    block_on(store.load_access_version()).unwrap()
}

fn installation_key(name: &str, byte: u8) -> InstallationKey {
    InstallationKey {
        name: name.to_owned(),
        wrapped: WrappedKey { master_key_version: u32::from(byte), bytes: vec![byte; 60] },
    }
}

/// A server that sees no new version obeys what it knows.
pub fn the_access_version_grows_with_every_change_and_only_then(store: &dyn Store) {
    let mut last = version(store);
    let mut grew = || {
        let now = version(store);
        std::mem::replace(&mut last, now) < now
    };
    assert!(!grew());
    let scene = scene(store, "one");
    assert!(grew());
    let act = || operator_act(2);
    block_on(store.create_api_key(new_api_key(scene.platform, "second"), act())).unwrap();
    assert!(grew());
    block_on(store.change_platform(scene.platform, PlatformChange::default(), act())).unwrap();
    assert!(grew());
    block_on(store.revoke_api_key(scene.platform, "second".to_owned(), act())).unwrap();
    assert!(grew());
    block_on(store.revoke_api_key(scene.platform, "second".to_owned(), act())).unwrap();
    block_on(store.record_key_use(vec![(KeyNumber(1), UnixMillis(5))])).unwrap();
    block_on(store.create_customer(scene.customer(store).build())).unwrap();
    block_on(store.load_or_store_installation_keys(vec![installation_key("index", 1)])).unwrap();
    assert!(!grew());
}

/// Else a server could take an old snapshot for the new one.
pub fn the_access_version_is_that_of_the_snapshot(store: &dyn Store) {
    assert_eq!(block_on(store.load_access()).unwrap().version, version(store));
    scene(store, "one");
    assert_eq!(block_on(store.load_access()).unwrap().version, version(store));
}

/// The first caller's keys are everybody's, in order of their names.
pub fn the_first_installation_keys_win(store: &dyn Store) {
    let load = |candidates| block_on(store.load_or_store_installation_keys(candidates)).unwrap();
    assert_eq!(load(Vec::new()), []);
    let first = [installation_key("digest", 2), installation_key("index", 1)];
    assert_eq!(load(vec![first[1].clone(), first[0].clone()]), first);
    assert_eq!(load(vec![installation_key("index", 3), installation_key("other", 4)]), first);
    assert_eq!(load(Vec::new()), first);
}

/// All candidates are stored or none.
pub fn installation_keys_of_one_name_are_a_failure_and_store_nothing(store: &dyn Store) {
    let twice =
        vec![installation_key("digest", 1), installation_key("index", 1), installation_key("index", 2)];
    let answer = block_on(store.load_or_store_installation_keys(twice));
    assert!(matches!(answer, Err(StoreFailure::Internal(_))), "{answer:?}");
    assert_eq!(block_on(store.load_or_store_installation_keys(Vec::new())), Ok(Vec::new()));
}

/// Before and after it was written to.
pub fn an_open_store_is_ready(store: &dyn Store) {
    assert_eq!(block_on(store.check_ready()), Ok(()));
    scene(store, "one");
    assert_eq!(block_on(store.check_ready()), Ok(()));
}
