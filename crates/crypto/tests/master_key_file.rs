//! The master key file: what is read, and that no error shows what is in it.

use proptest::prelude::*;
use registrar_crypto::keyring::{MasterKey, MasterKeyError, MasterKeys};

const KEY_1: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const KEY_2: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

fn refusal(text: &str) -> String {
    MasterKeys::parse(text).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_generated_file_is_read_and_says_how_to_keep_it() {
    let text = MasterKeys::generate([7; 32]);
    assert!(text.contains("# Keep it apart from the database"));
    assert!(text.contains("loses everything"));
    assert!(text.ends_with('\n'));
    let keys = MasterKeys::parse(&text).unwrap();
    assert_eq!(keys.current().version(), 1);
    let wrapped = keys.current().wrap_key("test", b"", [0; 12], &[5; 32]).unwrap();
    assert_eq!(*keys.get(1).unwrap().unwrap_key("test", b"", &wrapped).unwrap(), [5; 32]);
}

#[test]
fn the_highest_version_is_current_wherever_it_stands() {
    for text in [
        format!("registrar-master-key 1 {KEY_1}\nregistrar-master-key 10 {KEY_2}\n"),
        format!("# old\n\n  registrar-master-key\t10  {KEY_2}  \r\n#new\r\nregistrar-master-key 1 {KEY_1}"),
    ] {
        let keys = MasterKeys::parse(&text).unwrap();
        assert_eq!(keys.current().version(), 10);
        assert_eq!(keys.get(10).map(MasterKey::version), Some(10));
        assert_eq!(keys.get(1).map(MasterKey::version), Some(1));
        assert!(keys.get(2).is_none() && keys.get(0).is_none());
    }
}

#[test]
fn each_version_keeps_its_own_key() {
    let one = MasterKeys::parse(&format!("registrar-master-key 1 {KEY_1}")).unwrap();
    let wrapped = one.current().wrap_key("test", b"", [0; 12], &[5; 32]).unwrap();
    let both = MasterKeys::parse(&format!("registrar-master-key 2 {KEY_2}\nregistrar-master-key 1 {KEY_1}"))
        .unwrap();
    assert_eq!(*both.get(1).unwrap().unwrap_key("test", b"", &wrapped).unwrap(), [5; 32]);
    assert!(both.current().unwrap_key("test", b"", &wrapped).is_err());
}

#[test]
fn a_line_that_is_no_key_line_is_named() {
    for line in [
        KEY_1.to_owned(),
        format!("master-key 1 {KEY_1}"),
        "registrar-master-key".to_owned(),
        "registrar-master-key 1".to_owned(),
        format!("registrar-master-key 1 {KEY_1} # the first"),
        format!("\u{feff}registrar-master-key 1 {KEY_1}"),
    ] {
        let refusal = refusal(&format!("# comment\n\n{line}\n"));
        assert!(refusal.starts_with("line 3 of the master key file: expected a comment"), "{refusal}");
    }
}

#[test]
fn a_version_that_is_no_positive_number_or_comes_twice_is_named() {
    for version in ["0", "-1", "+1", "01", "1.0", "4294967296", "one", "１"] {
        let refusal = refusal(&format!("registrar-master-key {version} {KEY_1}"));
        assert!(refusal.starts_with("line 1 of the master key file: expected a version from 1"), "{refusal}");
    }
    let twice = format!(
        "registrar-master-key 1 {KEY_1}\nregistrar-master-key 2 {KEY_1}\nregistrar-master-key 1 {KEY_2}"
    );
    assert_eq!(refusal(&twice), "line 3 of the master key file: expected a version that no line before has");
    assert!(MasterKeys::parse(&format!("registrar-master-key 4294967295 {KEY_1}")).is_ok());
}

#[test]
fn a_key_that_is_not_32_bytes_in_base64_is_named() {
    for key in
        ["AAAA", &KEY_1[..43], "not-base64-at-all!", &format!("{}{KEY_1}", "AAAA"), &KEY_1.replace('8', "*")]
    {
        let refusal = refusal(&format!("registrar-master-key 1 {key}"));
        assert!(refusal.starts_with("line 1 of the master key file: expected 32 bytes"), "{refusal}");
    }
}

#[test]
fn a_file_without_a_key_is_refused_as_a_whole() {
    for text in ["", "\n\n", "# only a comment\n"] {
        assert_eq!(MasterKeys::parse(text).unwrap_err().line, None);
        assert!(refusal(text).contains("holds no key"));
    }
}

proptest! {
    #[test]
    fn no_error_shows_what_the_file_contains(start in "[a-z -]{0,24}", middle in "[0-9 ]{0,3}", end in "[A-Za-z0-9+/=]{0,46}") {
        let text = format!("{start}{middle}CANARY{end}\n");
        let shown = |error: MasterKeyError| format!("{error} {error:?}");
        if let Some(shown) = MasterKeys::parse(&text).err().map(shown) {
            prop_assert!(!shown.contains("CANARY"));
        }
    }

    #[test]
    fn every_generated_file_is_read(random: [u8; 32]) {
        prop_assert!(MasterKeys::parse(&MasterKeys::generate(random)).is_ok());
    }

    #[test]
    fn no_text_panics(text in "(registrar-master-key|[0-9 #=A\n\r\t]|\\PC){0,20}") {
        let _ = MasterKeys::parse(&text);
    }
}
