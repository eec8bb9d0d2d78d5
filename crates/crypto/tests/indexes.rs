//! Blind indexes, digests and the permutation of codes.

use proptest::prelude::*;
use registrar_crypto::index::{
    IndexKey, blind_index, constant_time_eq, derive_platform_key, passphrase_digest,
};
use registrar_crypto::permutation::{NUMBERS, Permutation};

fn key(seed: u8) -> IndexKey {
    IndexKey::from_bytes([seed; 32])
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The official test vectors of BLAKE3 (test_vectors.json, `keyed_hash`) have inputs 00, 00 01, 00 01 02, …: a blind index hashes
/// 00 and then the value, so its inputs are theirs without the first byte.
#[test]
fn the_official_vectors_of_keyed_blake3_hold() {
    let key = IndexKey::from_bytes(*b"whats the Elvish word for friend");
    let counting: Vec<u8> = (1..=250).chain(0..=250).cycle().take(1023).collect();
    for (length, digest) in [
        (1, "6d7878dfff2f485635d39013278ae14f"),
        (2, "5392ddae0e0a69d5f40160462cbd9bd8"),
        (3, "39e67b76b5a007d4921969779fe666da"),
    ] {
        assert_eq!(hex(&blind_index(&key, &counting[..length - 1])), digest, "{length}");
    }
}

#[test]
fn the_same_value_has_other_indexes_on_other_platforms_and_for_other_purposes() {
    let installation = key(1);
    let mut indexes = std::collections::HashSet::new();
    for purpose in ["email", "request_id", "payload", ""] {
        for platform in [0, 1, 2, 256, u32::MAX] {
            let platform_key = derive_platform_key(&installation, purpose, platform);
            assert!(indexes.insert(blind_index(&platform_key, b"a@example.in")), "{purpose} {platform}");
            assert_eq!(
                blind_index(&platform_key, b"a@example.in"),
                blind_index(&derive_platform_key(&installation, purpose, platform), b"a@example.in")
            );
        }
    }
    assert!(indexes.insert(blind_index(&derive_platform_key(&key(2), "email", 1), b"a@example.in")));
}

#[test]
fn a_hash_for_one_use_is_never_one_for_another() {
    let key = key(1);
    let index = blind_index(&key, b"value");
    assert_ne!(index, passphrase_digest(&key, b"value")[..16]);
    assert_ne!(derive_platform_key(&key, "", 7).reveal(), &passphrase_digest(&key, &7u32.to_be_bytes()));
}

/// What is stored must be found again by every later version, so these may never change. Computed with the Python packages
/// blake3 and cryptography from the definitions in the modules.
#[test]
fn the_stored_hashes_stay_what_they_are() {
    let platform_key = derive_platform_key(&key(1), "email", 1);
    assert_eq!(hex(&blind_index(&platform_key, b"a@example.in")), "27bc8310ce010f9e8a55e96aaa9c7d20");
    assert_eq!(
        hex(&passphrase_digest(&key(1), b"passphrase")),
        "78602b5bc0827eb2bc2df89dc93d2a7aa8e1b921322f5c5ac5a6017802eb71dd"
    );
    let permutation = Permutation::new(&key(1));
    let codes: Vec<_> =
        [0, 1, 2, NUMBERS - 1].iter().filter_map(|&number| permutation.forward(number)).collect();
    assert_eq!(codes, [49_067_279, 822_453_919, 791_217_484, 548_808_960]);
}

#[test]
fn equality_in_constant_time_is_equality() {
    let digest = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
    assert!(constant_time_eq(&digest, &digest));
    for bit in 0..256 {
        let mut other = digest;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!constant_time_eq(&digest, &other), "{bit}");
    }
}

#[test]
fn debug_output_shows_nothing_of_a_key() {
    assert_eq!(format!("{:?} {:?}", key(1), Permutation::new(&key(1))), "IndexKey(…) Permutation(…)");
}

#[test]
fn the_first_hundred_thousand_codes_are_all_different_and_lead_back() {
    let permutation = Permutation::new(&key(1));
    for number in 0..100_000 {
        let code = permutation.forward(number).unwrap();
        // What leads back to different numbers is different.
        assert_eq!(permutation.inverse(code), Some(number));
        assert!(code < NUMBERS);
    }
}

#[test]
fn the_codes_of_a_counter_spread_over_the_whole_range() {
    let permutation = Permutation::new(&key(1));
    let mut counts = [0_u32; 64];
    for number in 0..64_000 {
        counts[(permutation.forward(number).unwrap() >> 24) as usize] += 1;
    }
    // 1,000 are expected in each; 200 are more than six standard deviations.
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
}

#[test]
fn numbers_outside_the_range_have_no_code() {
    let permutation = Permutation::new(&key(1));
    for number in [NUMBERS, NUMBERS + 1, u32::MAX] {
        assert_eq!((permutation.forward(number), permutation.inverse(number)), (None, None));
    }
    assert!(permutation.forward(NUMBERS - 1).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_permutation_and_its_inverse_undo_each_other(seed: [u8; 32], number in 0..NUMBERS) {
        let permutation = Permutation::new(&IndexKey::from_bytes(seed));
        prop_assert_eq!(permutation.forward(number).and_then(|code| permutation.inverse(code)), Some(number));
        prop_assert_eq!(permutation.inverse(number).and_then(|code| permutation.forward(code)), Some(number));
    }

    #[test]
    fn different_values_have_different_indexes(one in "[ab]{0,4}", other in "[ab]{0,4}") {
        let same = blind_index(&key(1), one.as_bytes()) == blind_index(&key(1), other.as_bytes());
        prop_assert_eq!(same, one == other);
        let same = passphrase_digest(&key(1), one.as_bytes()) == passphrase_digest(&key(1), other.as_bytes());
        prop_assert_eq!(same, one == other);
    }
}
