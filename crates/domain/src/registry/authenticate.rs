//! Authenticating a signed request, such as `create_customer`: gather every fact with the same work whatever is wrong,
//! then decide.

use std::sync::Arc;
use std::sync::Mutex;

use registrar_crypto::hints::{SignatureHint, explain, explain_milliseconds};
use registrar_crypto::index::{constant_time_eq, passphrase_digest};
use registrar_crypto::signature::{RequestSecret, SignedParts, verify};

use super::Registry;
use crate::access::{KeyAccess, PlatformAccess};
use crate::clock::UnixMillis;
use crate::platform::Permission;
use crate::rules::authenticate::{
    AuthFacts, AuthRejection, ExplainedRejection, TimestampRejection, check_timestamp, decide_authentication,
};

/// How requests are authenticated.
#[derive(Debug, Clone, Copy)]
pub struct AuthSettings {
    /// `auth.clock_skew`, in seconds, either side.
    pub clock_skew_seconds: u32,
    /// `auth.hint_budget`: mismatch hints a second for platforms that are no sandboxes.
    pub hints_per_second: u32,
}

/// The four headers and what was signed, as received.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// `X-NDAX-API-KEY`
    pub api_key: &'a str,
    /// `X-NDAX-SIGNED`
    pub signature: &'a str,
    /// `X-NDAX-PASSPHRASE`
    pub passphrase: &'a str,
    /// Timestamp, method, target and body.
    pub parts: SignedParts<'a>,
}

/// An authenticated caller.
pub struct Caller {
    access: Arc<KeyAccess>,
    at: UnixMillis,
}

impl Caller {
    /// The platform that calls.
    pub fn platform(&self) -> &PlatformAccess {
        &self.access.platform
    }

    /// When the request was authenticated, by which it is judged as a whole.
    pub(super) const fn at(&self) -> UnixMillis {
        self.at
    }

    /// The key that signed.
    pub fn key(&self) -> crate::ids::KeyNumber {
        self.access.key.number
    }
}

impl Registry {
    /// Checks the timestamp header alone, before anything is looked up (contract 1.8).
    pub fn check_timestamp(&self, text: &str) -> Result<(), TimestampRejection> {
        check_timestamp(text, self.clock.now().seconds(), self.auth.clock_skew_seconds)
    }

    /// Authenticates a request for an operation that needs `permission`.
    pub fn authenticate(
        &self,
        presented: &Presented<'_>,
        permission: Permission,
    ) -> Result<Caller, ExplainedRejection> {
        let now = self.clock.now();
        let access = self.access.load();
        let known = access.key(presented.api_key);
        let secret = known.map_or(&self.decoy, |key| &key.secret);
        let stored_digest = known.map_or([0; 32], |key| key.key.passphrase_digest);
        let signature_valid = verify(secret, &presented.parts, presented.signature.as_bytes());
        let digest = passphrase_digest(&self.keys.passphrase, presented.passphrase.as_bytes());
        let passphrase_valid = constant_time_eq(&digest, &stored_digest);
        let sandbox = known.map_or(access.only_sandboxes(), |key| key.platform.platform.sandbox);
        let facts = AuthFacts {
            key_known: known.is_some(),
            sandbox,
            signature_valid,
            passphrase_valid,
            expired: known.is_some_and(|key| key.key.expires_at.is_some_and(|at| at <= now)),
            revoked: known.is_some_and(|key| key.key.revoked_at.is_some()),
            permitted: known.is_some_and(|key| key.key.permissions.contains(&permission)),
            suspended: known.is_some_and(|key| key.platform.platform.suspended),
            enabled: known.is_some_and(|key| match permission {
                Permission::CustomersWrite | Permission::CustomersRead => {
                    key.platform.platform.customers_enabled
                }
            }),
        };
        match (decide_authentication(facts), known) {
            (Ok(()), Some(key)) => {
                key.note_use(now);
                Ok(Caller { access: Arc::clone(key), at: now })
            }
            (Ok(()), None) => Err(ExplainedRejection { rejection: AuthRejection::UnknownApiKey, hint: None }),
            (Err(rejection), _) => {
                let hint = (!signature_valid && rejection == AuthRejection::InvalidSignature)
                    .then(|| self.find_hint(secret, presented, sandbox, now))
                    .flatten();
                Err(ExplainedRejection { rejection, hint })
            }
        }
    }

    fn find_hint(
        &self,
        secret: &RequestSecret,
        presented: &Presented<'_>,
        sandbox: bool,
        now: UnixMillis,
    ) -> Option<SignatureHint> {
        if !sandbox && !self.hint_budget.spend(now) {
            return None;
        }
        let signature = presented.signature.as_bytes();
        // The long search has a budget everywhere: what it costs must not be had for a request without a secret.
        explain(secret, &presented.parts, signature).or_else(|| {
            self.search_budget
                .spend(now)
                .then(|| explain_milliseconds(secret, &presented.parts, signature))
                .flatten()
        })
    }
}

/// A bucket that holds at most a second's worth of hints: looking for one costs a dozen signatures.
pub struct HintBudget {
    per_second: u32,
    state: Mutex<(f64, UnixMillis)>,
}

impl HintBudget {
    /// A full bucket.
    pub fn new(per_second: u32, now: UnixMillis) -> Self {
        Self { per_second, state: Mutex::new((f64::from(per_second), now)) }
    }

    /// Takes one hint, if there is one left.
    pub fn spend(&self, now: UnixMillis) -> bool {
        let Ok(mut state) = self.state.lock() else { return false };
        let (left, at) = *state;
        let elapsed_millis = u32::try_from((now.0 - at.0).clamp(0, 1000)).unwrap_or(0);
        let capacity = f64::from(self.per_second);
        let filled = (left + capacity * f64::from(elapsed_millis) / 1000.0).min(capacity);
        let granted = filled >= 1.0;
        *state = (if granted { filled - 1.0 } else { filled }, now);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_budget_holds_one_second_s_worth_and_refills() {
        let budget = HintBudget::new(3, UnixMillis(0));
        let taken = (0..10).filter(|_| budget.spend(UnixMillis(0))).count();
        assert_eq!(taken, 3);
        assert!(!budget.spend(UnixMillis(100)));
        assert!(budget.spend(UnixMillis(400)));
        let taken = (0..10).filter(|_| budget.spend(UnixMillis(60_000))).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn a_budget_of_zero_grants_nothing_and_a_clock_that_goes_back_harms_nothing() {
        assert!(!HintBudget::new(0, UnixMillis(0)).spend(UnixMillis(10_000)));
        let budget = HintBudget::new(1, UnixMillis(10_000));
        assert!(budget.spend(UnixMillis(0)));
        assert!(!budget.spend(UnixMillis(0)));
        assert!(budget.spend(UnixMillis(1_000)));
    }
}
