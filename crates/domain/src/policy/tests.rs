use proptest::prelude::*;

use super::*;

fn set(key: &str, value: &str) -> Result<Policy, PolicyError> {
    let mut policy = Policy::default();
    policy.set(key, value, ReferenceLists::builtin()).map(|()| policy)
}

#[test]
fn the_table_names_every_policy_with_its_default() {
    let defaults: Vec<_> = POLICIES.iter().map(|spec| (spec.key, spec.default.to_owned())).collect();
    assert_eq!(Policy::default().entries(), defaults);
}

#[test]
fn every_policy_can_be_set_with_or_without_its_prefix() {
    let ignore = Policy { unknown_fields: UnknownFields::Ignore, ..Policy::default() };
    assert_eq!(set("unknown_fields", "ignore"), Ok(ignore.clone()));
    assert_eq!(set("policy.unknown_fields", "ignore"), Ok(ignore));
    assert_eq!(set("minimum_age", "21").map(|policy| policy.minimum_age), Ok(21));
    assert_eq!(set("strict_id_numbers", "true").map(|policy| policy.strict_id_numbers), Ok(true));
    assert_eq!(set("risk_rating", "required").map(|policy| policy.risk_rating_required), Ok(true));
    let timestamp = set("signed_timestamp", "optional").map(|policy| policy.signed_timestamp_required);
    assert_eq!(timestamp, Ok(false));
    assert_eq!(set("aadhaar", "seal").map(|policy| policy.aadhaar), Ok(AadhaarPolicy::Seal));
    let countries = set("countries", "us, India,USA").map(|policy| policy.countries);
    assert_eq!(countries, Ok(Some(vec!["IN".to_owned(), "US".to_owned()])));
    let states = set("states", "in-or,US-IL").map(|policy| policy.states);
    assert_eq!(states, Ok(Some(vec!["IN-OD".to_owned(), "US-IL".to_owned()])));
    let id_types = set("id_types", "Passport,pan card").map(|policy| policy.id_types);
    assert_eq!(id_types, Ok(Some(vec!["pan".to_owned(), "passport".to_owned()])));
    assert_eq!(set("countries", "all").map(|policy| policy.countries), Ok(None));
}

#[test]
fn a_wrong_value_is_refused_with_what_is_accepted() {
    for (key, value) in [
        ("unknown_fields", "drop"),
        ("minimum_age", "121"),
        ("minimum_age", "-1"),
        ("minimum_age", "+18"),
        ("minimum_age", ""),
        ("strict_id_numbers", "yes"),
        ("risk_rating", "true"),
        ("signed_timestamp", "false"),
        ("aadhaar", "hash"),
        ("countries", ""),
        ("countries", "IN,,US"),
    ] {
        let accepted = POLICIES.iter().find(|spec| spec.key == key).unwrap().accepted;
        let error = set(key, value).expect_err(value);
        assert_eq!(error.to_string(), format!("policy {key} must be {accepted}"));
    }
}

#[test]
fn an_entry_that_is_not_on_a_list_or_not_supported_is_refused_by_its_position() {
    for (key, value) in [
        ("countries", "IN,Atlantis"),
        ("countries", "IN,CU"),
        ("states", "IN-MH,IN-XX"),
        ("id_types", "pan,x"),
    ] {
        assert!(matches!(set(key, value), Err(PolicyError::Entry { position: 2, .. })), "{value}");
    }
}

#[test]
fn a_slip_in_a_key_gets_the_nearest_one() {
    let nearest = |key| match set(key, "true") {
        Err(PolicyError::UnknownKey { nearest }) => nearest,
        other => panic!("{other:?}"),
    };
    assert_eq!(nearest("strict_id_number"), Some("strict_id_numbers"));
    assert_eq!(nearest("policy.Minimum-Age"), Some("minimum_age"));
    assert_eq!(nearest("colour"), None);
    let message = set("minimun_age", "18").expect_err("a slip").to_string();
    assert!(
        message.starts_with("there is no such policy (did you mean minimum_age?); the policies are unknown")
    );
}

#[test]
fn a_failed_set_changes_nothing() {
    let mut policy = Policy::default();
    assert!(policy.set("countries", "IN,nowhere", ReferenceLists::builtin()).is_err());
    assert_eq!(policy, Policy::default());
}

#[test]
fn the_stored_form_is_stable() {
    assert_eq!(
        Policy::default().to_text(),
        "unknown_fields=reject\nminimum_age=18\nstrict_id_numbers=false\nrisk_rating=optional\n\
         signed_timestamp=required\naadhaar=mask\ncountries=all\nstates=all\nid_types=all\n"
    );
    assert_eq!(Policy::from_text(""), Ok(Policy::default()));
    assert_eq!(Policy::from_text("minimum_age=18\nnonsense"), Err(PolicyError::Stored { line: 2 }));
}

fn policies() -> impl Strategy<Value = Policy> {
    let list = |entries: &'static [&'static str]| {
        proptest::option::of(proptest::sample::subsequence(entries, 1..=entries.len()))
            .prop_map(|list| list.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>()))
    };
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let aadhaar =
        prop_oneof![Just(AadhaarPolicy::Mask), Just(AadhaarPolicy::Seal), Just(AadhaarPolicy::Refuse)];
    let lists = (list(&["IN", "US"]), list(&["IN-MH", "IN-OD", "US-IL"]), list(&["pan", "passport"]));
    (flags, 0..=120u8, aadhaar, lists).prop_map(|(flags, minimum_age, aadhaar, lists)| Policy {
        unknown_fields: if flags.0 { UnknownFields::Reject } else { UnknownFields::Ignore },
        minimum_age,
        strict_id_numbers: flags.1,
        risk_rating_required: flags.2,
        signed_timestamp_required: flags.3,
        aadhaar,
        countries: lists.0,
        states: lists.1,
        id_types: lists.2,
    })
}

proptest! {
    #[test]
    fn what_is_stored_and_what_is_printed_read_back_the_same(policy in policies()) {
        prop_assert_eq!(Policy::from_text(&policy.to_text()), Ok(policy.clone()));
        let mut again = Policy::default();
        for (key, value) in policy.entries() {
            prop_assert_eq!(again.set(key, &value, ReferenceLists::builtin()), Ok(()));
        }
        prop_assert_eq!(again, policy);
    }
}
