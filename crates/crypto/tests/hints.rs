//! Each mistake is made as an integrator would make it, and told by its own hint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use registrar_crypto::hints::SignatureHint::{self, *};
use registrar_crypto::hints::{EXPLAINED_BODY_BYTES_MAX, explain, explain_milliseconds};
use registrar_crypto::signature::{RequestSecret, SignedParts, sign};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const COMPACT: &str = r#"{"last_name":"Mehta","first_name":"Gaurav","metadata":{"b":1.50,"a":[1,2]}}"#;
const SPACED: &str =
    r#"{"last_name": "Mehta", "first_name": "Gaurav", "metadata": {"b": 1.50, "a": [1, 2]}}"#;
const SORTED: &str = r#"{"first_name":"Gaurav","last_name":"Mehta","metadata":{"a":[1,2],"b":1.50}}"#;
const SORTED_SPACED: &str =
    r#"{"first_name": "Gaurav", "last_name": "Mehta", "metadata": {"a": [1, 2], "b": 1.50}}"#;

fn secret() -> RequestSecret {
    RequestSecret::from_base64(SECRET).unwrap_or_else(|_| unreachable!())
}

const fn post(body: &str) -> SignedParts<'_> {
    SignedParts {
        timestamp: "1700000000",
        method: "POST",
        target: "/participants/customers/new",
        body: body.as_bytes(),
    }
}

const fn get(target: &str) -> SignedParts<'_> {
    SignedParts { timestamp: "1700000000", method: "GET", target, body: b"" }
}

/// The hint where one thing was sent and another signed.
fn hint(sent: &SignedParts<'_>, signed: &SignedParts<'_>) -> Option<SignatureHint> {
    explain(&secret(), sent, sign(&secret(), signed).as_bytes())
}

/// The hint where the signed text is not made of parts in the usual way.
fn hint_for_text(sent: &SignedParts<'_>, signed: &str) -> Option<SignatureHint> {
    hint(
        sent,
        &SignedParts {
            timestamp: "",
            method: "",
            target: signed.split_at(signed.len() - 1).0,
            body: &signed.as_bytes()[signed.len() - 1..],
        },
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[test]
fn a_secret_used_without_decoding_is_told() {
    let undecoded = RequestSecret::from_bytes(SECRET.as_bytes()).unwrap();
    for sent in [post(COMPACT), get("/participants?page=2")] {
        assert_eq!(explain(&secret(), &sent, sign(&undecoded, &sent).as_bytes()), Some(SecretNotDecoded));
    }
}

#[test]
fn a_digest_in_hexadecimal_is_told() {
    let digest = STANDARD.decode(sign(&secret(), &post(COMPACT))).unwrap();
    let lower = hex(&digest);
    let upper = lower.to_uppercase();
    for presented in [&lower, &upper, &STANDARD.encode(&lower), &STANDARD.encode(&upper)] {
        assert_eq!(explain(&secret(), &post(COMPACT), presented.as_bytes()), Some(HexDigest), "{presented}");
    }
    let other = lower.replacen(|_: char| true, if lower.starts_with('0') { "1" } else { "0" }, 1);
    assert_eq!(explain(&secret(), &post(COMPACT), other.as_bytes()), None);
    assert_eq!(explain(&secret(), &post(COMPACT), STANDARD.encode(&other).as_bytes()), None);
    assert_eq!(explain(&secret(), &post(COMPACT), "g".repeat(64).as_bytes()), None);
}

#[test]
fn a_body_signed_with_other_white_space_is_told_in_both_directions() {
    assert_eq!(hint(&post(COMPACT), &post(SPACED)), Some(BodyWithSpaces));
    assert_eq!(hint(&post(SPACED), &post(COMPACT)), Some(BodyWithSpaces));
    let pretty = "{\n  \"last_name\": \"Mehta\",\n  \"zip\": \"1\"\n}";
    assert_eq!(hint(&post(pretty), &post(r#"{"last_name":"Mehta","zip":"1"}"#)), Some(BodyWithSpaces));
    assert_eq!(hint(&post(pretty), &post(r#"{"last_name": "Mehta", "zip": "1"}"#)), Some(BodyWithSpaces));
}

#[test]
fn a_body_signed_with_other_white_space_is_told_where_one_side_escapes_what_is_not_ascii() {
    let compact = r#"{"last_name":"Müller 🙂","zip":"1"}"#;
    let compact_ascii = r#"{"last_name":"M\u00fcller \ud83d\ude42","zip":"1"}"#;
    let spaced = r#"{"last_name": "Müller 🙂", "zip": "1"}"#;
    let spaced_ascii = r#"{"last_name": "M\u00fcller \ud83d\ude42", "zip": "1"}"#;
    let texts = [compact, compact_ascii, spaced, spaced_ascii];
    for sent in texts {
        for signed in texts.iter().filter(|signed| **signed != sent) {
            assert_eq!(hint(&post(sent), &post(signed)), Some(BodyWithSpaces), "{sent} {signed}");
        }
    }
}

#[test]
fn a_body_signed_with_sorted_keys_is_told() {
    for sent in [COMPACT, SPACED] {
        for signed in [SORTED, SORTED_SPACED] {
            assert_eq!(hint(&post(sent), &post(signed)), Some(BodySortedKeys), "{sent} {signed}");
        }
    }
    let ascii = r#"{"a": "\u0906", "b": 1}"#;
    assert_eq!(hint(&post(r#"{"b":1,"a":"आ"}"#), &post(ascii)), Some(BodySortedKeys));
}

#[test]
fn a_missing_query_is_told() {
    let sent = get("/participants?page=2&status=approved");
    assert_eq!(hint(&sent, &get("/participants")), Some(QueryMissing));
    assert_eq!(hint(&get("/a?b?c"), &get("/a")), Some(QueryMissing));
}

#[test]
fn an_added_query_is_told() {
    assert_eq!(hint(&get("/participants"), &get("/participants?")), Some(QueryAdded));
    assert_eq!(
        hint(&post(COMPACT), &SignedParts { target: "/participants/customers/new?", ..post(COMPACT) }),
        Some(QueryAdded)
    );
    assert_eq!(hint(&get("/participants?page=2"), &get("/participants?page=2?page=2")), Some(QueryAdded));
    assert_eq!(hint(&get("/participants?page=2"), &get("/participants?page=2?")), Some(QueryAdded));
}

#[test]
fn milliseconds_of_a_clock_are_told_whether_the_header_cut_or_rounded_them() {
    let sent = post(COMPACT);
    let told = |millis: &str| {
        let signature = sign(&secret(), &SignedParts { timestamp: millis, ..sent });
        explain_milliseconds(&secret(), &sent, signature.as_bytes())
    };
    let second = sent.timestamp;
    let before = (second.parse::<u64>().unwrap() - 1).to_string();
    for millis in [format!("{second}001"), format!("{second}999"), format!("{before}500")] {
        assert_eq!(told(&millis), Some(Milliseconds), "{millis}");
    }
    for millis in [format!("{before}499"), second.to_owned(), format!("{second}0000")] {
        assert_eq!(told(&millis), None, "{millis}");
    }
}

#[test]
fn a_timestamp_signed_in_milliseconds_is_told() {
    let signed = SignedParts { timestamp: "1700000000000", ..post(COMPACT) };
    assert_eq!(hint(&post(COMPACT), &signed), Some(Milliseconds));
}

#[test]
fn a_method_not_in_upper_case_is_told() {
    for method in ["post", "Post"] {
        assert_eq!(hint(&post(COMPACT), &SignedParts { method, ..post(COMPACT) }), Some(MethodCase));
    }
    for method in ["get", "Get"] {
        assert_eq!(hint(&get("/time"), &SignedParts { method, ..get("/time") }), Some(MethodCase));
    }
}

#[test]
fn braces_signed_although_a_body_was_sent_are_told() {
    assert_eq!(hint(&post(COMPACT), &post("{}")), Some(BracesSignedWithBody));
    assert_eq!(hint(&post(COMPACT), &post(&format!("{COMPACT}{{}}"))), Some(BracesSignedWithBody));
    assert_eq!(hint(&post(COMPACT), &post(&format!("{{}}{COMPACT}"))), Some(BracesSignedWithBody));
    assert_eq!(hint(&post("not JSON"), &post("{}")), Some(BracesSignedWithBody));
}

#[test]
fn nothing_signed_without_a_body_is_told() {
    assert_eq!(
        hint_for_text(&get("/participants"), "1700000000GET/participants"),
        Some(NothingSignedWithoutBody)
    );
    // With a body it is another mistake, which has no code.
    assert_eq!(hint_for_text(&post(COMPACT), "1700000000POST/participants/customers/new"), None);
}

#[test]
fn a_v3_prefix_is_told() {
    let signed = SignedParts { target: "/v3/participants/customers/new", ..post(COMPACT) };
    assert_eq!(hint(&post(COMPACT), &signed), Some(V3Prefix));
}

#[test]
fn a_line_end_signed_or_sent_but_not_both_is_told() {
    for line_end in ["\n", "\r\n"] {
        let with = format!("{COMPACT}{line_end}");
        assert_eq!(hint(&post(COMPACT), &post(&with)), Some(TrailingNewline));
        assert_eq!(hint(&post(&with), &post(COMPACT)), Some(TrailingNewline));
    }
    assert_eq!(hint(&post("not JSON"), &post("not JSON\n")), Some(TrailingNewline));
    assert_eq!(hint_for_text(&get("/time"), "1700000000GET/time{}\n"), Some(TrailingNewline));
}

#[test]
fn where_two_mistakes_give_one_signature_the_more_precise_is_told_every_time() {
    // Without its line end the body is also the compact one, and with sorted keys the same again.
    let sent = "{\"a\":1,\"b\":2}\n";
    // The keys are in order already, so sorting them changed nothing.
    let spaced = r#"{"a": 1, "b": 2}"#;
    // "{ }" without its space is "{}".
    for _ in 0..10 {
        assert_eq!(hint(&post(sent), &post(r#"{"a":1,"b":2}"#)), Some(TrailingNewline));
        assert_eq!(hint(&post(r#"{"a":1,"b":2}"#), &post(spaced)), Some(BodyWithSpaces));
        assert_eq!(hint(&post("{ }"), &post("{}")), Some(BracesSignedWithBody));
    }
}

#[test]
fn two_mistakes_at_once_are_not_explained() {
    let signed = SignedParts { timestamp: "1700000000000", method: "post", ..post(COMPACT) };
    assert_eq!(hint(&post(COMPACT), &signed), None);
    let undecoded = RequestSecret::from_bytes(SECRET.as_bytes()).unwrap();
    assert_eq!(explain(&secret(), &post(COMPACT), sign(&undecoded, &post(SPACED)).as_bytes()), None);
}

#[test]
fn the_right_signature_has_no_hint() {
    for sent in [
        post(COMPACT),
        post(""),
        post("{}"),
        get("/participants?a=b"),
        SignedParts { method: "GET", ..post(COMPACT) },
    ] {
        assert_eq!(hint(&sent, &sent), None);
    }
    let get_with_body = SignedParts { method: "GET", ..post(COMPACT) };
    assert_eq!(hint(&get_with_body, &SignedParts { body: b"", ..get_with_body }), None);
}

#[test]
fn a_signature_under_another_secret_has_no_hint() {
    let other = RequestSecret::from_bytes(&[7; 32]).unwrap();
    for sent in [post(COMPACT), post(SPACED), get("/participants?page=2")] {
        assert_eq!(explain(&secret(), &sent, sign(&other, &sent).as_bytes()), None);
    }
}

#[test]
fn hints_are_sought_up_to_the_limit_only() {
    let body = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    let milliseconds =
        |body: &str| hint(&post(body), &SignedParts { timestamp: "1700000000000", ..post(body) });
    assert_eq!(milliseconds(&body(EXPLAINED_BODY_BYTES_MAX)), Some(Milliseconds));
    assert_eq!(milliseconds(&body(EXPLAINED_BODY_BYTES_MAX + 1)), None);
}

#[test]
fn a_body_that_is_not_strict_json_still_gets_the_other_hints() {
    for body in ["{\"a\":1,\"a\":2}", "[1]", "{", "\u{feff}{}"] {
        assert_eq!(
            hint(&post(body), &SignedParts { method: "post", ..post(body) }),
            Some(MethodCase),
            "{body}"
        );
    }
    let sent = SignedParts { body: b"\xff\xfe", ..post("") };
    assert_eq!(hint(&sent, &SignedParts { method: "post", ..sent }), Some(MethodCase));
}

proptest! {
    #[test]
    fn nothing_sent_as_a_signature_panics_and_what_is_random_has_no_hint(
        presented in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..120),
            any::<[u8; 32]>().prop_map(|digest| STANDARD.encode(digest).into_bytes()),
            "[0-9a-fA-F]{64}".prop_map(String::into_bytes),
        ],
        target in "/[a-z?&=]{0,12}",
        body in prop_oneof![Just(COMPACT.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..60)],
    ) {
        for method in ["GET", "POST", ""] {
            let sent = SignedParts { timestamp: "1700000000", method, target: &target, body: &body };
            prop_assert_eq!(explain(&secret(), &sent, &presented), None);
        }
    }
}
