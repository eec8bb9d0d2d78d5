//! `email`: an ASCII dot-string, an at sign and a domain that IDNA accepts (RFC 5321, UTS #46).
//!
//! Folding is a security decision: A to Z alone in the local part, the domain through IDNA. Invariant: two addresses with
//! the same normalised form are one mailbox, and the form as sent is kept for the echo.

use std::borrow::Cow;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46, verify_dns_length};
use registrar_json::Value;

use super::text::{check_no_surrounding_blanks, check_printable, nfc, string};
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

/// RFC 5321 section 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;
/// RFC 5321 section 4.5.3.1.3, without the angle brackets of a path.
pub(super) const BYTES_MAX: usize = 254;

/// Invisible, but letters of some domains need them: IDNA says where (RFC 5892 appendix A).
const JOINERS: &[char] = &['\u{200c}', '\u{200d}'];

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    sent: Pii<String>,
    normalised: Pii<String>,
}

impl Email {
    /// Parses an address (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
        let sent = string(value)?;
        // No A-label has fewer characters than the label it stands for, so this is too long in every form.
        if sent.len() > BYTES_MAX && nfc(sent).chars().count() > BYTES_MAX {
            return Err(too_long());
        }
        let parts = sent.rsplit_once('@');
        if parts.is_some_and(|(local, _)| local.len() > LOCAL_BYTES_MAX) {
            return Err(Refusal::new(
                Rule::Length,
                format!("must have at most {LOCAL_BYTES_MAX} bytes before the @"),
            ));
        }
        check_printable(sent, JOINERS)?;
        check_no_surrounding_blanks(sent)?;
        let (local, domain) = parts.ok_or_else(malformed)?;
        if !is_dot_string(local) {
            return Err(Refusal::new(
                Rule::Format,
                "must have letters, digits, single dots or !#$%&'*+-/=?^_`{|}~ in ASCII before the @, without quotes",
            ));
        }
        let domain = ascii_domain(domain).ok_or_else(malformed)?;
        if local.len() + 1 + domain.len() > BYTES_MAX {
            return Err(too_long());
        }
        if !is_host_name(&domain) {
            return Err(malformed());
        }
        let mut normalised = String::with_capacity(local.len() + 1 + domain.len());
        normalised.push_str(local);
        normalised.make_ascii_lowercase();
        normalised.push('@');
        normalised.push_str(&domain);
        Ok(Self { sent: Pii::new(sent.to_owned()), normalised: Pii::new(normalised) })
    }

    /// The address as sent.
    pub fn as_str(&self) -> &str {
        self.sent.reveal()
    }

    /// What makes the address unique on a platform: local part with A to Z folded, domain as lower-case A-labels.
    pub fn normalised(&self) -> &str {
        self.normalised.reveal()
    }
}

fn too_long() -> Refusal {
    let message = format!("must be at most {BYTES_MAX} bytes long, with the domain in its ASCII form");
    Refusal::new(Rule::Length, message)
}

fn malformed() -> Refusal {
    Refusal::new(Rule::Format, "must be an address such as name@example.com, without a name around it")
}

/// RFC 5321 section 4.1.2: atoms separated by single dots.
fn is_dot_string(local: &str) -> bool {
    let is_atom_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
}

fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    // Hyphens in third and fourth place are allowed: such domains exist. Lengths are checked afterwards, as `length` first.
    Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Ignore)
        .ok()
}

/// A name with a dot and no empty or overlong label, whose last label is not a number: that would be an IPv4 address.
fn is_host_name(domain: &str) -> bool {
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    domain.rsplit_once('.').is_some_and(|(_, last)| !is_number(last)) && verify_dns_length(domain, false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, text};

    fn parse(email: &str) -> Result<Email, Refusal> {
        Email::parse(&text(email))
    }

    fn normalised(email: &str) -> String {
        parse(email).unwrap().normalised().to_owned()
    }

    #[test]
    fn addresses_are_echoed_as_sent_and_compared_folded() {
        for (email, folded) in [
            ("gewgawrav@gmail.com", "gewgawrav@gmail.com"),
            ("Email-Example@MAIL.com", "email-example@mail.com"),
            ("o'neill+tag@example.co.uk", "o'neill+tag@example.co.uk"),
            ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
            ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
            ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
            ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
            ("a@ab--cd.example", "a@ab--cd.example"),
            ("a@نامه\u{200c}ای.example", "a@xn--mgba3gch31f060k.example"),
            ("a@123.com", "a@123.com"),
        ] {
            assert_eq!(parse(email).unwrap().as_str(), email);
            assert_eq!(normalised(email), folded);
        }
    }

    #[test]
    fn look_alike_letters_fold_only_where_idna_folds_them() {
        // The local part is ASCII: neither a dotless i nor a Kelvin sign nor a full-width letter gets in.
        for email in
            ["m\u{131}ke@example.com", "mi\u{212a}e@example.com", "ｍike@example.com", "a\u{ff20}example.com"]
        {
            assert_eq!(rule_of(parse(email)), Some(Rule::Format), "{email}");
        }
        // In a domain a dotless i is a letter of its own, a Kelvin sign and full-width letters are not.
        assert_ne!(normalised("a@m\u{131}ke.com"), normalised("a@mike.com"));
        assert_eq!(normalised("a@\u{212a}elvin.com"), "a@kelvin.com");
        assert_eq!(normalised("a@ｍｉｋｅ．com"), "a@mike.com");
        assert_eq!(normalised("a@mike\u{3002}com"), "a@mike.com");
        // A domain with a Cyrillic letter is another domain.
        assert_ne!(normalised("a@\u{430}pple.com"), normalised("a@apple.com"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for email in [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a@example",
            "a@@example.com",
            "a@b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "\"a b\"@example.com",
            "John <a@example.com>",
            "a@example.com.",
            "a@example.com\u{3002}",
            "a@.example.com",
            "a@example..com",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@-example.com",
            "a@example-.com",
            "a@exa_mple.com",
            "a@exa mple.com",
            "a@xn--zzzzzzzzzzz.com",
            "a@\u{301}a.com",
            "a@exam\u{200d}ple.com",
            " a@example.com",
            "a@example.com ",
            "a b@example.com",
            "a@example.com,b@example.com",
        ] {
            assert_eq!(rule_of(parse(email)), Some(Rule::Format), "{email}");
        }
    }

    #[test]
    fn invisible_characters_are_refused() {
        for email in [
            "a\0@example.com",
            "a@example.com\n",
            "a@exam\u{ad}ple.com",
            "a@exam\u{200b}ple.com",
            "\u{202e}a@b.c",
        ] {
            assert_eq!(rule_of(parse(email)), Some(Rule::Characters), "{email:?}");
        }
    }

    #[test]
    fn lengths_count_bytes_with_a_labels_at_both_edges() {
        let local = "l".repeat(64);
        assert!(parse(&format!("{local}@example.com")).is_ok());
        assert_eq!(rule_of(parse(&format!("{local}l@example.com"))), Some(Rule::Length));
        // 64 + 1 + 189 = 254
        let label = "d".repeat(63);
        let domain = format!("{label}.{label}.{}", "d".repeat(61));
        assert!(parse(&format!("{local}@{domain}")).is_ok());
        assert_eq!(rule_of(parse(&format!("{local}@{domain}d"))), Some(Rule::Length));
        assert_eq!(rule_of(parse(&format!("a@{label}d.com"))), Some(Rule::Format));
        // 27 characters a label, more than 50 bytes each as A-labels.
        let wide = "例えテスト漢字仮名交文章日本語辞書検索情報技術電子".to_owned();
        assert_eq!(rule_of(parse(&format!("a@{wide}.{wide}.{wide}.{wide}.{wide}.com"))), Some(Rule::Length));
        assert_eq!(rule_of(parse(&"a".repeat(100_000))), Some(Rule::Length));
    }

    #[test]
    fn only_a_string_is_an_address() {
        assert_eq!(rule_of(Email::parse(&Value::Bool(true))), Some(Rule::Type));
    }

    proptest! {
        #[test]
        fn every_plain_address_is_accepted_and_folding_is_stable(
            email in "[a-zA-Z0-9_+-]{1,20}(\\.[a-zA-Z0-9]{1,20}){0,2}@[a-zA-Z0-9]{1,20}(\\.[a-zA-Z]{2,10}){1,3}"
        ) {
            let parsed = parse(&email).unwrap();
            prop_assert_eq!(parsed.as_str(), &email);
            let again = parse(parsed.normalised()).unwrap();
            prop_assert_eq!(again.normalised(), parsed.normalised());
            prop_assert_eq!(parsed.normalised(), email.to_ascii_lowercase());
        }

        #[test]
        fn whatever_is_accepted_has_an_ascii_form_that_is_accepted_as_itself(email in "[a-c]{1,3}@\\PC{1,12}\\.\\PC{1,5}") {
            if let Ok(parsed) = parse(&email) {
                prop_assert!(parsed.normalised().is_ascii() && parsed.normalised().len() <= BYTES_MAX);
                let again = parse(parsed.normalised()).unwrap();
                prop_assert_eq!(again.normalised(), parsed.normalised());
            }
        }
    }
}
