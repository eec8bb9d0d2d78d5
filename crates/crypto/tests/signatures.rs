//! Request signatures against published vectors and their own rules.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use registrar_crypto::signature::{
    InvalidSecret, RequestSecret, SignedParts, sha256_hex, sign, string_to_sign, verify,
};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const BODY: &[u8] = br#"{"first_name":"Asha"}"#;

fn post(body: &[u8]) -> SignedParts<'_> {
    SignedParts { timestamp: "1700000000", method: "POST", target: "/participants/customers/new", body }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[test]
fn every_signing_vector_holds() {
    let file: serde_json::Value = serde_json::from_str(include_str!("signing-vectors.json")).unwrap();
    let secret = RequestSecret::from_base64(file["secret"].as_str().unwrap()).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let parts = SignedParts {
            timestamp: text("timestamp"),
            method: text("method"),
            target: text("target"),
            body: text("body").as_bytes(),
        };
        assert_eq!(string_to_sign(&parts), text("string_to_sign").as_bytes(), "{}", text("name"));
        assert_eq!(sign(&secret, &parts), text("signature"), "{}", text("name"));
        assert!(verify(&secret, &parts, text("signature").as_bytes()), "{}", text("name"));
    }
}

/// RFC 4231, test cases 1 to 4, 6 and 7: keys shorter and longer than a block.
#[test]
fn the_published_vectors_of_hmac_sha256_hold() {
    let counting: Vec<u8> = (1..=25).collect();
    let cases: [(&[u8], &[u8], &str); 6] = [
        (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (&counting, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. \
              The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, data, digest) in cases {
        let secret = RequestSecret::from_bytes(key).unwrap();
        let signature = sign(&secret, &SignedParts { timestamp: "", method: "", target: "", body: data });
        assert_eq!(hex(&STANDARD.decode(signature).unwrap()), digest);
    }
}

/// FIPS 180-2, appendix B, and the well-known digest of nothing.
#[test]
fn a_body_is_shown_as_its_sha256_in_lower_case() {
    for (body, digest) in [
        (&b""[..], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ] {
        assert_eq!(sha256_hex(body), digest);
    }
}

#[test]
fn a_get_with_a_body_may_be_signed_over_the_body_or_over_braces() {
    let secret = RequestSecret::from_base64(SECRET).unwrap();
    let get = SignedParts { method: "GET", ..post(BODY) };
    let over_body = sign(&secret, &get);
    let over_braces = sign(&secret, &SignedParts { body: b"", ..get });
    assert_ne!(over_body, over_braces);
    assert!(verify(&secret, &get, over_body.as_bytes()));
    assert!(verify(&secret, &get, over_braces.as_bytes()));
    assert!(!verify(&secret, &SignedParts { body: b"", ..get }, over_body.as_bytes()));
}

#[test]
fn a_post_with_a_body_may_not_be_signed_over_braces() {
    let secret = RequestSecret::from_base64(SECRET).unwrap();
    let over_braces = sign(&secret, &post(b""));
    assert!(!verify(&secret, &post(BODY), over_braces.as_bytes()));
    assert!(verify(&secret, &post(b"{}"), over_braces.as_bytes()));
}

#[test]
fn a_signature_has_one_spelling() {
    let secret = RequestSecret::from_base64(SECRET).unwrap();
    let right = sign(&secret, &post(BODY));
    assert!(verify(&secret, &post(BODY), right.as_bytes()));
    let last = right.as_bytes()[42];
    let loose_bits = format!("{}{}=", &right[..42], char::from(last + 1));
    let others = [
        String::new(),
        right.trim_end_matches('=').to_owned(),
        format!("{right}="),
        format!("{right}\n"),
        format!(" {right}"),
        right.to_lowercase(),
        right.replace('+', "-").replace('/', "_") + "=",
        loose_bits,
        format!("{right}{right}"),
        "A".repeat(10_000),
        "\u{e9}".repeat(22),
    ];
    for other in others {
        assert!(!verify(&secret, &post(BODY), other.as_bytes()), "{other}");
    }
}

#[test]
fn a_secret_is_read_with_or_without_padding_and_shown_with_it() {
    for text in [SECRET, SECRET.trim_end_matches('=')] {
        let secret = RequestSecret::from_base64(text).unwrap();
        assert_eq!(secret.reveal(), (0..32).collect::<Vec<u8>>());
        assert_eq!(secret.to_base64().as_str(), SECRET);
    }
    assert_eq!(RequestSecret::from_base64("Zm9v").unwrap().reveal(), b"foo");
}

#[test]
fn what_is_not_the_base64_of_a_secret_is_refused() {
    for text in ["", "=", "A", "not base64!", " AAEC", "AAEC\n", "_-_-"] {
        assert_eq!(RequestSecret::from_base64(text).err(), Some(InvalidSecret), "{text}");
    }
    assert_eq!(RequestSecret::from_bytes(b"").err(), Some(InvalidSecret));
}

#[test]
fn debug_output_shows_nothing_of_a_secret() {
    assert_eq!(format!("{:?}", RequestSecret::from_base64(SECRET).unwrap()), "RequestSecret(…)");
}

proptest! {
    #[test]
    fn what_was_signed_verifies_and_nothing_else_does(
        key in prop::collection::vec(any::<u8>(), 1..100),
        timestamp in "[0-9]{1,11}",
        target in "/[a-z/?=&]{0,30}",
        body in prop::collection::vec(any::<u8>(), 0..200),
        changed in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let secret = RequestSecret::from_bytes(&key)?;
        let parts = SignedParts { timestamp: &timestamp, method: "POST", target: &target, body: &body };
        let right = sign(&secret, &parts);
        prop_assert!(verify(&secret, &parts, right.as_bytes()));

        let mut other_signature = right.clone().into_bytes();
        other_signature[changed.index(44)] ^= 1 << bit;
        prop_assert!(!verify(&secret, &parts, &other_signature));

        let mut other_key = key.clone();
        other_key[changed.index(key.len())] ^= 1 << bit;
        prop_assert!(!verify(&RequestSecret::from_bytes(&other_key)?, &parts, right.as_bytes()));

        if !body.is_empty() {
            let mut other_body = body.clone();
            other_body[changed.index(body.len())] ^= 1 << bit;
            let other = SignedParts { body: &other_body, ..parts };
            prop_assert!(!verify(&secret, &other, right.as_bytes()));
        }
        let other = SignedParts { method: "PUT", ..parts };
        prop_assert!(!verify(&secret, &other, right.as_bytes()));
    }

    #[test]
    fn no_bytes_sent_as_a_signature_panic(presented in prop::collection::vec(any::<u8>(), 0..120)) {
        let secret = RequestSecret::from_bytes(b"secret")?;
        prop_assert!(!verify(&secret, &post(BODY), &presented));
    }
}
