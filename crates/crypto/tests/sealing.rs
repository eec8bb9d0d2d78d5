//! Sealing and key wrapping: what was sealed opens in its place, unchanged, and nowhere else.

use proptest::prelude::*;
use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::seal::{AssociatedData, DataKey, sealed_key_version};
use registrar_crypto::{OpenError, SealError};

const PLACE: AssociatedData<'static> =
    AssociatedData { purpose: "customer", platform: 1, customer: 2, group: "record", key_version: 3 };

fn master_keys(seed: u8) -> MasterKeys {
    MasterKeys::parse(&MasterKeys::generate([seed; 32])).unwrap_or_else(|_| unreachable!())
}

#[test]
fn sealed_bytes_are_format_key_version_nonce_ciphertext_and_tag() {
    let sealed = DataKey::from_bytes([7; 32]).seal(&PLACE, [9; 12], &[b"text"]).unwrap();
    assert_eq!(sealed.len(), 1 + 4 + 12 + 4 + 16);
    assert_eq!(sealed[..17], [[1, 0, 0, 0, 3].as_slice(), &[9; 12]].concat());
    assert!(!sealed.windows(4).any(|window| window == b"text"));
    assert_eq!(sealed_key_version(&sealed), Some(3));
    assert_eq!(sealed_key_version(&[1, 0, 0, 0]), None);
    assert_eq!(sealed_key_version(&[2, 0, 0, 0, 3]), None);
    assert_eq!(sealed_key_version(&[]), None);
}

#[test]
fn wrapped_keys_are_format_nonce_ciphertext_and_tag() {
    let wrapped = master_keys(1).current().wrap_key("data key", b"", [9; 12], &[5; 32]).unwrap();
    assert_eq!(wrapped.len(), 1 + 12 + 32 + 16);
    assert_eq!(wrapped[..13], [[1].as_slice(), &[9; 12]].concat());
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// What is stored must open in every later version, so these may never change. Computed with the Python package cryptography
/// from the definitions in the modules.
#[test]
fn what_was_sealed_and_wrapped_before_opens() {
    let sealed = DataKey::from_bytes([7; 32]).seal(&PLACE, [9; 12], &[b"text"]).unwrap();
    assert_eq!(hex(&sealed), "010000000309090909090909090909090953e0fce0a7b5f1e72fabd2641c848b46b785a260");
    let wrapped = master_keys(1).current().wrap_key("data key", b"12", [9; 12], &[5; 32]).unwrap();
    assert_eq!(
        hex(&wrapped),
        "01090909090909090909090909c10a22cbcb3503c47a514f4aabd880129cc27b\
         ff319a31e3325d354ceb52faf8e8645b4b5aa01efffef1ce46585cc503"
    );
}

#[test]
fn what_was_sealed_opens_in_no_other_place() {
    let key = DataKey::from_bytes([7; 32]);
    let sealed = key.seal(&PLACE, [9; 12], &[b"text"]).unwrap();
    let others = [
        AssociatedData { purpose: "customers", ..PLACE },
        AssociatedData { purpose: "", ..PLACE },
        AssociatedData { platform: 2, ..PLACE },
        AssociatedData { customer: 1, ..PLACE },
        AssociatedData { platform: 2, customer: 1, ..PLACE },
        AssociatedData { group: "records", ..PLACE },
        AssociatedData { purpose: "record", group: "customer", ..PLACE },
        AssociatedData { purpose: "customerr", group: "ecord", ..PLACE },
    ];
    for other in others {
        assert_eq!(key.open(&other, &sealed).err(), Some(OpenError::NotAuthentic), "{other:?}");
    }
    let newer = AssociatedData { key_version: 4, ..PLACE };
    assert_eq!(key.open(&newer, &sealed).err(), Some(OpenError::OtherKeyVersion));
    let mut relabelled = sealed.clone();
    relabelled[4] = 4;
    assert_eq!(key.open(&newer, &relabelled).err(), Some(OpenError::NotAuthentic));
    assert_eq!(DataKey::from_bytes([8; 32]).open(&PLACE, &sealed).err(), Some(OpenError::NotAuthentic));
    assert_eq!(key.open(&PLACE, &sealed).unwrap().as_slice(), b"text");
}

#[test]
fn what_is_cut_off_does_not_open() {
    let key = DataKey::from_bytes([7; 32]);
    let sealed = key.seal(&PLACE, [9; 12], &[]).unwrap();
    for length in 0..sealed.len() {
        assert!(key.open(&PLACE, &sealed[..length]).is_err(), "{length}");
    }
    assert_eq!(key.open(&PLACE, &sealed[..32]).err(), Some(OpenError::UnknownFormat));
    assert!(key.open(&PLACE, &sealed).unwrap().is_empty());
}

#[test]
fn what_is_too_long_to_be_a_record_is_not_sealed() {
    let key = DataKey::from_bytes([7; 32]);
    assert!(key.seal(&PLACE, [0; 12], &[&vec![0; 1 << 20]]).is_ok());
    assert_eq!(key.seal(&PLACE, [0; 12], &[&vec![0; (1 << 20) + 1]]).err(), Some(SealError));
}

#[test]
fn a_wrapped_key_opens_for_no_other_purpose_binding_version_or_master_key() {
    let keys = master_keys(1);
    let wrapped = keys.current().wrap_key("data key", b"12", [9; 12], &[5; 32]).unwrap();
    for (purpose, binding) in
        [("data keys", b"12".as_slice()), ("data key1", b"2"), ("data key", b"1"), ("", b"data key12")]
    {
        assert_eq!(
            keys.current().unwrap_key(purpose, binding, &wrapped).err(),
            Some(OpenError::NotAuthentic)
        );
    }
    let same_key_as_version_2 =
        MasterKeys::parse(&MasterKeys::generate([1; 32]).replace(" 1 ", " 2 ")).unwrap();
    for other in [master_keys(2), same_key_as_version_2] {
        assert_eq!(
            other.current().unwrap_key("data key", b"12", &wrapped).err(),
            Some(OpenError::NotAuthentic)
        );
    }
    assert_eq!(*keys.current().unwrap_key("data key", b"12", &wrapped).unwrap(), [5; 32]);
}

#[test]
fn debug_output_shows_nothing_of_a_key() {
    assert_eq!(format!("{:?}", DataKey::from_bytes([7; 32])), "DataKey(…)");
    assert_eq!(format!("{:?}", master_keys(1)), "MasterKeys { current: MasterKey(version 1), older: [] }");
}

proptest! {
    #[test]
    fn sealed_values_open_and_no_flipped_bit_goes_unnoticed(
        key: [u8; 32],
        nonce: [u8; 12],
        purpose in ".{0,12}",
        group in ".{0,12}",
        numbers: [u32; 3],
        plaintext in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let key = DataKey::from_bytes(key);
        let [platform, customer, key_version] = numbers;
        let place = AssociatedData { purpose: &purpose, platform, customer, group: &group, key_version };
        let mut sealed = key.seal(&place, nonce, &[&plaintext])?;
        prop_assert_eq!(&*key.open(&place, &sealed)?, &plaintext);
        for bit in 0..sealed.len() * 8 {
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(key.open(&place, &sealed).is_err(), "bit {}", bit);
            sealed[bit / 8] ^= 1 << (bit % 8);
        }
        sealed.push(0);
        prop_assert!(key.open(&place, &sealed).is_err());
    }

    #[test]
    fn two_places_never_share_a_seal(
        one in ("[ab]{0,3}", 0..3u32, 0..3u32, "[ab]{0,3}"),
        other in ("[ab]{0,3}", 0..3u32, 0..3u32, "[ab]{0,3}"),
    ) {
        let place = |(purpose, platform, customer, group): &(String, u32, u32, String)| {
            let key = DataKey::from_bytes([7; 32]);
            let place = AssociatedData { purpose, platform: *platform, customer: *customer, group, key_version: 1 };
            key.seal(&place, [0; 12], &[b"te", b"xt"])
        };
        prop_assert_eq!(place(&one)? == place(&other)?, one == other);
    }

    #[test]
    fn wrapped_keys_unwrap_and_no_flipped_bit_goes_unnoticed(
        key: [u8; 32],
        nonce: [u8; 12],
        purpose in ".{0,12}",
        binding in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let keys = master_keys(3);
        let mut wrapped = keys.current().wrap_key(&purpose, &binding, nonce, &key)?;
        prop_assert_eq!(*keys.current().unwrap_key(&purpose, &binding, &wrapped)?, key);
        for bit in 0..wrapped.len() * 8 {
            wrapped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(keys.current().unwrap_key(&purpose, &binding, &wrapped).is_err(), "bit {}", bit);
            wrapped[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn no_bytes_panic_when_opened(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(DataKey::from_bytes([7; 32]).open(&PLACE, &bytes).is_err());
        prop_assert!(master_keys(1).current().unwrap_key("", b"", &bytes).is_err());
    }
}
