//! Who may call, `create_customer` for one: the order in which failures of authentication count (contract 1.5, 1.8).
//!
//! Pure: the facts are gathered before, all of them, so that no answer takes another time because an earlier fact failed.

use registrar_crypto::hints::SignatureHint;

/// Digits a timestamp in whole seconds may have.
const TIMESTAMP_DIGITS_MAX: usize = 11;
/// Digits of the present in milliseconds.
const MILLISECONDS_DIGITS: usize = 13;

/// What is wrong with the timestamp header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampRejection {
    /// Not 1 to 11 ASCII digits.
    Malformed,
    /// Thirteen digits: milliseconds, where seconds are expected.
    Milliseconds,
    /// Too far from the server's time; the difference is the sender's time minus ours, in seconds.
    OutsideWindow {
        /// The sender's time minus ours, in seconds.
        difference_seconds: i64,
    },
}

/// Checks a timestamp header against the server's time; `skew_seconds_max` counts either side.
pub fn check_timestamp(
    text: &str,
    now_seconds: i64,
    skew_seconds_max: u32,
) -> Result<(), TimestampRejection> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && text.len() == MILLISECONDS_DIGITS {
        return Err(TimestampRejection::Milliseconds);
    }
    if !all_digits || text.is_empty() || text.len() > TIMESTAMP_DIGITS_MAX {
        return Err(TimestampRejection::Malformed);
    }
    let seconds: i64 = text.parse().map_err(|_| TimestampRejection::Malformed)?;
    let difference_seconds = seconds - now_seconds;
    if difference_seconds.unsigned_abs() > u64::from(skew_seconds_max) {
        return Err(TimestampRejection::OutsideWindow { difference_seconds });
    }
    Ok(())
}

/// Why a caller is refused, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthRejection {
    /// No such key. Only told in an installation of sandboxes.
    UnknownApiKey,
    /// The signature is not the right one; a common mistake may explain it.
    InvalidSignature,
    /// The passphrase is not the key's. Only told to sandbox platforms.
    InvalidPassphrase,
    /// The key has expired.
    ApiKeyExpired,
    /// The key was revoked.
    ApiKeyRevoked,
    /// The key lacks the operation's permission.
    PermissionMissing,
    /// The platform is suspended.
    PlatformSuspended,
    /// The operation is not enabled for the platform.
    EndpointNotEnabled,
}

/// What was found out about a caller.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact of the decision table")]
pub struct AuthFacts {
    /// The API key exists.
    pub key_known: bool,
    /// What failed may be told apart: the platform is a sandbox or, for an unknown key, all platforms are.
    pub sandbox: bool,
    /// The signature is right.
    pub signature_valid: bool,
    /// The passphrase is right.
    pub passphrase_valid: bool,
    /// The key's expiry has come.
    pub expired: bool,
    /// The key was revoked.
    pub revoked: bool,
    /// The key has the operation's permission.
    pub permitted: bool,
    /// The platform is suspended.
    pub suspended: bool,
    /// The operation is enabled for the platform.
    pub enabled: bool,
}

/// Decides whether a caller may go on.
pub fn decide_authentication(facts: AuthFacts) -> Result<(), AuthRejection> {
    use AuthRejection as No;
    // Outside a sandbox the three credentials fail alike: which one was wrong is an attacker's question.
    let told = |rejection| if facts.sandbox { rejection } else { No::InvalidSignature };
    if !facts.key_known {
        return Err(told(No::UnknownApiKey));
    }
    let order = [
        (!facts.signature_valid, No::InvalidSignature),
        (!facts.passphrase_valid, told(No::InvalidPassphrase)),
        (facts.expired, No::ApiKeyExpired),
        (facts.revoked, No::ApiKeyRevoked),
        (!facts.permitted, No::PermissionMissing),
        (facts.suspended, No::PlatformSuspended),
        (!facts.enabled, No::EndpointNotEnabled),
    ];
    order.into_iter().find(|(failed, _)| *failed).map_or(Ok(()), |(_, rejection)| Err(rejection))
}

/// A rejection with the hint that goes with a wrong signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainedRejection {
    /// Why.
    pub rejection: AuthRejection,
    /// The common mistake that explains the signature sent.
    pub hint: Option<SignatureHint>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: AuthFacts = AuthFacts {
        key_known: true,
        sandbox: true,
        signature_valid: true,
        passphrase_valid: true,
        expired: false,
        revoked: false,
        permitted: true,
        suspended: false,
        enabled: true,
    };

    #[test]
    fn each_failure_counts_before_all_that_follow_it() {
        type Spoil = fn(&mut AuthFacts);
        let spoilers: [(Spoil, AuthRejection); 8] = [
            (|facts| facts.key_known = false, AuthRejection::UnknownApiKey),
            (|facts| facts.signature_valid = false, AuthRejection::InvalidSignature),
            (|facts| facts.passphrase_valid = false, AuthRejection::InvalidPassphrase),
            (|facts| facts.expired = true, AuthRejection::ApiKeyExpired),
            (|facts| facts.revoked = true, AuthRejection::ApiKeyRevoked),
            (|facts| facts.permitted = false, AuthRejection::PermissionMissing),
            (|facts| facts.suspended = true, AuthRejection::PlatformSuspended),
            (|facts| facts.enabled = false, AuthRejection::EndpointNotEnabled),
        ];
        let mut facts = GOOD;
        assert_eq!(decide_authentication(facts), Ok(()));
        for (spoil, rejection) in spoilers.iter().rev() {
            spoil(&mut facts);
            assert_eq!(decide_authentication(facts), Err(*rejection));
        }
    }

    #[test]
    fn in_production_key_signature_and_passphrase_fail_alike() {
        let production = AuthFacts { sandbox: false, ..GOOD };
        for facts in [
            AuthFacts { key_known: false, ..production },
            AuthFacts { signature_valid: false, ..production },
            AuthFacts { passphrase_valid: false, ..production },
        ] {
            assert_eq!(decide_authentication(facts), Err(AuthRejection::InvalidSignature));
        }
    }

    #[test]
    fn a_timestamp_is_one_to_eleven_digits() {
        for text in ["", " ", "+1", "-1", "1.0", "1e3", "123456789012", "17000000000000", "x", "１"] {
            assert_eq!(check_timestamp(text, 0, 60), Err(TimestampRejection::Malformed), "{text}");
        }
    }

    #[test]
    fn thirteen_digits_are_milliseconds() {
        assert_eq!(
            check_timestamp("1700000000000", 1_700_000_000, 60),
            Err(TimestampRejection::Milliseconds)
        );
    }

    #[test]
    fn the_window_includes_both_its_edges() {
        let now = 1_700_000_000;
        for (text, expected) in [
            ("1700000000", Ok(())),
            ("1700000060", Ok(())),
            ("1699999940", Ok(())),
            ("1700000061", Err(TimestampRejection::OutsideWindow { difference_seconds: 61 })),
            ("1699999939", Err(TimestampRejection::OutsideWindow { difference_seconds: -61 })),
            ("0", Err(TimestampRejection::OutsideWindow { difference_seconds: -now })),
        ] {
            assert_eq!(check_timestamp(text, now, 60), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,20}", now: i32) {
            let _ = check_timestamp(&text, i64::from(now), 60);
        }
    }
}
