//! What operators do: platforms, their policies, and their API keys.
//!
//! Secrets and passphrases are made here and returned once; what is stored of them is wrapped or digested.

use std::sync::Arc;

use registrar_crypto::index::passphrase_digest;
use registrar_crypto::signature::RequestSecret;
use zeroize::Zeroizing;

use super::Registry;
use crate::access::{KeyAccess, PlatformAccess, SECRET_PURPOSE};
use crate::clock::UnixMillis;
use crate::entropy::{Entropy, random_bytes};
use crate::ids::PlatformNumber;
use crate::keys::wrap;
use crate::platform::Permission;
use crate::rules::create_api_key::LIVE_KEYS_MAX;
use crate::store::{
    CreateApiKeyOutcome, NewApiKey, NewPlatform, OperatorAct, PlatformChange, RevokeApiKeyOutcome,
    StoreFailure,
};

/// Characters in a platform's name or a key's label.
const NAME_LENGTH_MAX: usize = 100;

/// What a new platform starts with.
#[derive(Debug, Clone, Default)]
pub struct PlatformSettings {
    /// Its name.
    pub name: String,
    /// Whether it is a sandbox.
    pub sandbox: bool,
    /// Whether customers are enabled.
    pub customers_enabled: bool,
}

/// What a new key is made for.
#[derive(Debug, Clone, Default)]
pub struct KeyTerms {
    /// Its label.
    pub label: String,
    /// Its permissions; empty means the default, `customers:write`.
    pub permissions: Vec<Permission>,
    /// From when on it is refused.
    pub expires_at: Option<UnixMillis>,
}

/// A new key's credentials: shown once, never stored as they are.
pub struct ApiKeyCredentials {
    /// The platform's code.
    pub platform_code: String,
    /// The public identifier.
    pub api_key: String,
    /// The request secret, base64.
    pub secret: Zeroizing<String>,
    /// The passphrase.
    pub passphrase: Zeroizing<String>,
}

/// Why an operator's command was refused.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// There is no platform with this code.
    #[error("no platform has this code; `registrar platform list` shows them all")]
    NoSuchPlatform,
    /// There is no key with this name on the platform.
    #[error("this platform has no such API key; `registrar key list` shows them all")]
    NoSuchKey,
    /// The platform has as many live keys as it may have.
    #[error("the platform has {LIVE_KEYS_MAX} live API keys, which is the limit; revoke one first")]
    TooManyLiveKeys,
    /// The key would be refused from its first use on.
    #[error(
        "the key's expiry has passed already; name a later moment, or leave it out for a key without one"
    )]
    ExpiryInThePast,
    /// A name or label is not acceptable.
    #[error("{0} must have 1 to {NAME_LENGTH_MAX} characters and no control characters")]
    BadName(&'static str),
    /// The store could not do it.
    #[error(transparent)]
    Failure(#[from] StoreFailure),
}

impl Registry {
    /// Creates a platform and returns its code.
    pub async fn create_platform(
        &self,
        settings: PlatformSettings,
        act: OperatorAct,
    ) -> Result<String, OperateError> {
        check_name(&settings.name, "the platform's name")?;
        let new = NewPlatform {
            name: settings.name,
            sandbox: settings.sandbox,
            customers_enabled: settings.customers_enabled,
        };
        let number = self.store.create_platform(new, act).await?;
        self.take_over_own_act().await;
        self.codes
            .platform_code(number)
            .ok_or_else(|| StoreFailure::Internal("a platform's number has no code".to_owned()).into())
    }

    /// Every platform.
    pub fn platforms(&self) -> Vec<Arc<PlatformAccess>> {
        self.access.load().platforms()
    }

    /// The platform with this code.
    pub fn platform(&self, code: &str) -> Result<Arc<PlatformAccess>, OperateError> {
        let number = self.codes.platform_number(code).ok_or(OperateError::NoSuchPlatform)?;
        self.access.load().platform(number).map(Arc::clone).ok_or(OperateError::NoSuchPlatform)
    }

    /// Changes a platform.
    pub async fn change_platform(
        &self,
        code: &str,
        change: PlatformChange,
        act: OperatorAct,
    ) -> Result<(), OperateError> {
        if let Some(name) = &change.name {
            check_name(name, "the platform's name")?;
        }
        let number = self.platform(code)?.platform.number;
        if !self.store.change_platform(number, change, act).await? {
            return Err(OperateError::NoSuchPlatform);
        }
        self.take_over_own_act().await;
        Ok(())
    }

    /// Makes an API key and returns its credentials, for the only time.
    pub async fn create_api_key(
        &self,
        platform_code: &str,
        terms: KeyTerms,
        act: OperatorAct,
    ) -> Result<ApiKeyCredentials, OperateError> {
        if !terms.label.is_empty() {
            check_name(&terms.label, "the key's label")?;
        }
        if terms.expires_at.is_some_and(|at| at <= act.at) {
            return Err(OperateError::ExpiryInThePast);
        }
        let platform = self.platform(platform_code)?;
        let api_key = random_text(self.entropy.as_ref(), 24);
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(random_bytes(self.entropy.as_ref()));
        // 26 characters of 32 letters are 130 random bits: contract 1.6 asks for 128.
        let passphrase = Zeroizing::new(random_text(self.entropy.as_ref(), 26));
        let permissions =
            if terms.permissions.is_empty() { vec![Permission::CustomersWrite] } else { terms.permissions };
        let new = NewApiKey {
            platform: platform.platform.number,
            wrapped_secret: wrap(
                &secret,
                SECRET_PURPOSE,
                api_key.as_bytes(),
                &self.master,
                self.entropy.as_ref(),
            )?,
            passphrase_digest: passphrase_digest(&self.keys.passphrase, passphrase.as_bytes()),
            label: terms.label,
            permissions,
            expires_at: terms.expires_at,
            api_key: api_key.clone(),
        };
        match self.store.create_api_key(new, act).await? {
            CreateApiKeyOutcome::Created(_) => {}
            CreateApiKeyOutcome::NoSuchPlatform => return Err(OperateError::NoSuchPlatform),
            CreateApiKeyOutcome::TooManyLiveKeys => return Err(OperateError::TooManyLiveKeys),
        }
        self.take_over_own_act().await;
        Ok(ApiKeyCredentials {
            platform_code: platform.code.clone(),
            secret: RequestSecret::from_bytes(secret.as_slice())
                .map_err(|_| StoreFailure::Internal("a new secret is empty".to_owned()))?
                .to_base64(),
            api_key,
            passphrase,
        })
    }

    /// The act is done, and must not be told as failed because it could not be read back: its caller would do it again, and
    /// a key's credentials would be lost. The next `refresh_access` reads it.
    async fn take_over_own_act(&self) {
        let _ = self.reload_access().await;
    }

    /// The keys of one platform.
    pub fn api_keys(&self, platform: PlatformNumber) -> Vec<Arc<KeyAccess>> {
        self.access.load().keys_of(platform)
    }

    /// Revokes an API key; true if it was live until now.
    pub async fn revoke_api_key(
        &self,
        platform_code: &str,
        api_key: &str,
        act: OperatorAct,
    ) -> Result<bool, OperateError> {
        let number = self.platform(platform_code)?.platform.number;
        let outcome = self.store.revoke_api_key(number, api_key.to_owned(), act).await?;
        let revoked = match outcome {
            RevokeApiKeyOutcome::Revoked => true,
            RevokeApiKeyOutcome::AlreadyRevoked => false,
            RevokeApiKeyOutcome::NoSuchKey => return Err(OperateError::NoSuchKey),
        };
        self.take_over_own_act().await;
        Ok(revoked)
    }
}

fn check_name(name: &str, what: &'static str) -> Result<(), OperateError> {
    let length = name.chars().count();
    let acceptable = (1..=NAME_LENGTH_MAX).contains(&length)
        && !name.chars().any(char::is_control)
        && !name.trim().is_empty();
    if acceptable { Ok(()) } else { Err(OperateError::BadName(what)) }
}

/// Random text of letters and digits that are hard to confuse, five bits a character.
fn random_text(entropy: &dyn Entropy, length: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = Zeroizing::new(vec![0; length]);
    entropy.fill(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte & 31)))
        .map(|byte| char::from(*byte))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_to_a_hundred_printable_characters() {
        for name in ["", " ", "a\nb", "a\u{0}", &"x".repeat(101)] {
            assert!(check_name(name, "it").is_err());
        }
        for name in ["a", "Börse & Söhne", &"é".repeat(100)] {
            assert!(check_name(name, "it").is_ok());
        }
    }
}
