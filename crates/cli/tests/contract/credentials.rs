//! Keys and what they are made of: contract 1.6 and 1.7.

use crate::support::body::Body;
use crate::support::registrar::Registrar;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;

// 1.6
#[test]
fn secrets_have_32_bytes_passphrases_at_least_128_bits_and_no_two_are_equal() {
    let registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let keys: Vec<_> = (0..4).map(|_| registrar.key(&own, &[])).chain([registrar.own().clone()]).collect();
    let mut distinct = HashSet::new();
    for key in &keys {
        assert_eq!(STANDARD.decode(&key.secret).unwrap().len(), 32);
        let alphabet: HashSet<_> = keys.iter().flat_map(|key| key.passphrase.chars()).collect();
        assert!(key.passphrase.is_ascii() && alphabet.len() > 16, "at least four bits a character");
        assert!(key.passphrase.len() >= 26, "130 bits in letters of five bits");
        distinct.extend([&*key.secret, &*key.passphrase, &*key.api_key]);
    }
    assert_eq!(distinct.len(), 3 * keys.len());
}

// 1.6: shown once
#[test]
fn secret_and_passphrase_are_shown_once() {
    let registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let key = registrar.key(&own, &["--label", "second"]);
    let listed = registrar.command_json(&["key", "list", "--platform", &own]).to_string();
    let shown = registrar.command_json(&["platform", "show", &own]).to_string();
    assert!(listed.contains(&key.api_key));
    for text in [listed, shown] {
        assert!(!text.contains(&key.secret) && !text.contains(&key.passphrase), "{text}");
    }
}

// 1.6, 5: credentials.json is for its owner alone
#[test]
fn the_credentials_file_is_private() {
    let registrar = Registrar::start();
    for file in ["credentials.json", "master.key"] {
        let mode = registrar.data().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

// 5, 4.2: what `dev` prints
#[test]
fn dev_prints_the_ready_line_alone() {
    let mut registrar = Registrar::start();
    let address = registrar.address();
    assert_eq!(registrar.submit(&Body::of("asha")).code(), "ok");
    registrar.stop();
    assert_eq!(registrar.printed(), format!("ready http://{address}\n"));
}

// 1.7
#[test]
fn a_key_has_label_permissions_expiry_last_use_and_state() {
    let mut registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let key = registrar.key(&own, &["--label", "billing", "--expires", "2999-01-01"]);
    assert_eq!(registrar.submit_by(&key, &Body::of("asha")).code(), "ok");
    registrar.command_json(&["key", "revoke", &registrar.own().api_key, "--platform", &own]);
    // The last use is stored now and then, and when the server ends.
    registrar.restart();
    let listed = registrar.command_json(&["key", "list", "--platform", &own]);
    let listed = listed.as_array().unwrap();
    // `dev` has made a third, because the key of its credentials.json was revoked.
    let [first, second, _] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((&first["state"], &second["state"]), (&"revoked".into(), &"active".into()));
    assert_eq!(second["label"], "billing");
    assert_eq!(second["permissions"], serde_json::json!(["customers:write"]), "the default");
    assert_eq!(second["expires_at"], "2999-01-01T00:00:00Z");
    assert!(second["last_used_at"].is_string(), "{second}");
    assert!(first["expires_at"].is_null());
}

// 1.7
#[test]
fn a_platform_has_at_most_ten_live_keys() {
    let registrar = Registrar::start();
    let own = registrar.own().platform_code.clone();
    let create = ["key", "create", "--platform", &own];
    for _ in 1..10 {
        registrar.command_json(&create);
    }
    let (code, printed) = registrar.command_fails(&create);
    assert_eq!(code, Some(1), "{printed}");
    registrar.command_json(&["key", "revoke", &registrar.own().api_key, "--platform", &own]);
    registrar.command_json(&create);
    let other = registrar.command_json(&["platform", "create", "Other"]);
    registrar.command_json(&["key", "create", "--platform", other["platform_code"].as_str().unwrap()]);
}

// 1.7: rotation is create, switch, revoke
#[test]
fn a_key_is_rotated_by_create_switch_and_revoke() {
    let registrar = Registrar::start();
    let old = registrar.own().clone();
    let new = registrar.key(&old.platform_code, &[]);
    assert_eq!(registrar.submit_by(&old, &Body::of("old")).code(), "ok");
    assert_eq!(registrar.submit_by(&new, &Body::of("new")).code(), "ok");
    registrar.command_json(&["key", "revoke", &old.api_key, "--platform", &old.platform_code]);
    registrar.submit_until(Body::of, "api_key_revoked");
    assert_eq!(registrar.submit_by(&new, &Body::of("late")).code(), "ok");
}
