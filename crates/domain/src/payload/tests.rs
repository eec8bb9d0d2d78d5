use std::collections::HashSet;

use registrar_json::parse_object;

use super::*;

const VERSIONS: [u8; 2] = [1, 2];

impl PayloadKeys {
    /// Keys that differ with `key`.
    pub(crate) fn for_tests(key: u8) -> Self {
        Self {
            whole: IndexKey::from_bytes([key; 32]),
            members: ShortDigestKey::from_key(&IndexKey::from_bytes([key + 1; 32])),
        }
    }
}

fn with_payload<T>(text: &str, key: u8, look: impl FnOnce(&Payload<'_>) -> T) -> T {
    let body = parse_object(text.as_bytes(), 32).unwrap();
    look(&Payload::of(&Submitted::of(&body), &PayloadKeys::for_tests(key)))
}

fn digest(text: &str, version: u8) -> [u8; 16] {
    with_payload(text, 3, |payload| payload.digest_under(version).unwrap().bytes)
}

fn members(text: &str, version: u8) -> MemberDigests {
    with_payload(text, 3, |payload| payload.members_under(version).unwrap())
}

#[test]
fn what_does_not_count_in_a_payload() {
    let same = [
        r#"{"a":"x","m":{"p":1,"q":[1,{"r":2,"s":3}]},"city":"y","signed_timestamp":1603378501286}"#,
        r#"{"m":{"q":[1,{"s":3,"r":2}],"p":1},"signed_timestamp":1603378501286,"city":"y","a":"x"}"#,
        r#" { "a" : "\u0078", "m":{"p":1,"q":[1,{"r":2,"s":3}]}, "city":"\u0079", "signed_timestamp":"1603378501286" } "#,
        r#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","a":"x","m":{"p":1,"q":[1,{"r":2,"s":3}]},"city":"y","signed_timestamp":1603378501286}"#,
        r#"{"b":null,"zip":null,"a":"x","m":{"p":1,"z":null,"q":[1,{"r":2,"s":3}]},"city":"y","signed_timestamp":1603378501286}"#,
    ];
    for version in VERSIONS {
        for text in same {
            assert_eq!(digest(text, version), digest(same[0], version), "{version}: {text}");
            assert_eq!(members(text, version), members(same[0], version), "{version}: {text}");
        }
    }
}

#[test]
fn what_counts_in_a_payload() {
    let values = [
        r#""x""#,
        r#""X""#,
        r#""x ""#,
        r#""1""#,
        "1",
        "1.0",
        "1e0",
        "true",
        r#""true""#,
        "false",
        "[]",
        "{}",
        "[null]",
        "[1,2]",
        "[2,1]",
        "[[1],2]",
        "[1,[2]]",
        r#""""#,
        r#"{"b":"c"}"#,
        r#"{"bc":""}"#,
        r#"{"b":{"c":1}}"#,
        r#"{"b":{},"c":1}"#,
        r#""01603378501286""#,
    ];
    let long = ["x".repeat(127), "x".repeat(128), "x".repeat(129), "x".repeat(128 * 128)];
    let mut all: Vec<_> = ["a", "b", "city", "zip", "metadata", "signed_timestamp"]
        .iter()
        .flat_map(|name| {
            let long = long.iter().map(|text| format!(r#""{text}""#));
            values
                .iter()
                .map(ToString::to_string)
                .chain(long)
                .map(move |value| format!(r#"{{"{name}":{value}}}"#))
        })
        .collect();
    all.extend(
        [
            "{}",
            r#"{"a":1,"b":1}"#,
            r#"{"a":1,"city":1}"#,
            r#"{"city":1,"zip":1}"#,
            r#"{"city":1,"zip":2}"#,
            r#"{"city":2,"zip":1}"#,
            r#"{"signed_timestamp":"1603378501286"}"#,
            r#"{"other_timestamp":"1603378501286"}"#,
            r#"{"other_timestamp":1603378501286}"#,
        ]
        .map(str::to_owned),
    );
    // A timestamp is the same as digits and as a number.
    all.retain(|text| text != r#"{"signed_timestamp":"1"}"#);
    let distinct: HashSet<_> =
        VERSIONS.iter().flat_map(|version| all.iter().map(|text| digest(text, *version))).collect();
    assert_eq!(distinct.len(), VERSIONS.len() * all.len());
}

#[test]
fn a_timestamp_of_digits_is_the_number() {
    for version in VERSIONS {
        assert_eq!(
            digest(r#"{"signed_timestamp":"1"}"#, version),
            digest(r#"{"signed_timestamp":1}"#, version)
        );
    }
}

#[test]
fn member_digests_tell_which_fields_differ() {
    let first = r#"{"first_name":"A","zip":"12345","metadata":{"a":1},"shoe":1,"hat":2}"#;
    let second = r#"{"first_name":"A","city":"12345","metadata":{"a":2},"hat":2,"shoe":1}"#;
    for version in VERSIONS {
        let (first, second) = (members(first, version), members(second, version));
        let differing: Vec<_> = first.differing_fields(&second).collect();
        assert_eq!(differing, [Field::City, Field::Zip, Field::Metadata]);
        assert!(!first.others_differ(&second));
        assert!(first.others_differ(&members(r#"{"shoe":1,"hat":3}"#, version)));
        assert!(first.others_differ(&members(r#"{"shoe":1}"#, version)));
    }
}

#[test]
fn another_platform_s_keys_give_other_digests() {
    let both = |key| {
        let keys = PayloadKeys::derive(&IndexKey::from_bytes([9; 32]), PlatformNumber(key));
        let body = parse_object(br#"{"city":"x"}"#, 32).unwrap();
        let payload = Payload::of(&Submitted::of(&body), &keys).digested;
        (payload.whole, payload.members)
    };
    let (one, other) = (both(1), both(2));
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn a_version_that_is_not_known_has_no_digest() {
    for version in [0, 3, 255] {
        with_payload("{}", 3, |payload| {
            assert_eq!(payload.digest_under(version), None);
            assert_eq!(payload.members_under(version), None);
        });
    }
}

/// A version stays readable while a row bears it: this value may never change.
#[test]
fn version_one_is_pinned() {
    insta::assert_debug_snapshot!(digest(r#"{"a":"x","m":{"p":1}}"#, 1));
}

/// As above: what builds wrote that knew no other version.
#[test]
fn member_digests_of_version_one_are_pinned() {
    let text = r#"{"a":"x","m":{"p":[1,true,false,null]},"city":"x","signed_timestamp":"1603378501286","metadata":{"b":1,"a":null}}"#;
    let whole = [82, 199, 13, 22, 85, 165, 50, 108, 13, 255, 128, 160, 230, 26, 32, 50];
    assert_eq!(digest(text, 1), whole);
    let (a, m) = (u32::from_le_bytes([232, 209, 245, 81]), u32::from_le_bytes([253, 238, 38, 62]));
    let mut expected = MemberDigests::default();
    expected.add(None, a.wrapping_add(m).to_le_bytes());
    for (field, digest) in [
        (Field::City, [119, 5, 132, 251]),
        (Field::SignedTimestamp, [214, 227, 7, 175]),
        (Field::Metadata, [185, 89, 89, 52]),
    ] {
        expected.add(FIELDS.iter().position(|other| *other == field), digest);
    }
    assert_eq!(members(text, 1), expected);
}

/// As above, and every field with it.
#[test]
fn version_two_is_pinned() {
    let fields = FIELDS.map(|field| format!(r#""{}":"{}""#, field.name(), field.name().len()));
    let text = format!(r#"{{"a":"x","m":{{"p":[1,true,false,null]}},{}}}"#, fields.join(","));
    insta::assert_snapshot!(format!("{:x?}\n{:x?}", digest(&text, 2), members(&text, 2).0));
}
