//! The four headers of a signed request, for the client and for `registrar sign` alike.

use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use registrar_wire::{Credentials, SigningHeaders};

use crate::error::ClientError;

/// Signs requests with the credentials of one API key.
pub struct Signer {
    api_key: String,
    passphrase: String,
    secret: RequestSecret,
}

/// The four headers of a signed request.
pub struct SignedHeaders {
    api_key: String,
    passphrase: String,
    timestamp: String,
    signature: String,
}

impl SignedHeaders {
    /// Name and value of each header, in the order of contract 1.1.
    pub fn pairs(&self) -> [(&'static str, &str); 4] {
        let names = SigningHeaders::NDAX;
        [
            (names.api_key, &self.api_key),
            (names.signed, &self.signature),
            (names.timestamp, &self.timestamp),
            (names.passphrase, &self.passphrase),
        ]
    }

    /// The signature alone.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

impl Signer {
    /// Takes the credentials' key, secret and passphrase.
    ///
    /// # Errors
    /// If the secret is not base64, or a credential cannot be sent in a header.
    pub fn new(credentials: &Credentials) -> Result<Self, ClientError> {
        check_header("api_key", &credentials.api_key)?;
        check_header("passphrase", &credentials.passphrase)?;
        let secret = RequestSecret::from_base64(&credentials.secret).map_err(|_| ClientError::Secret)?;
        Ok(Self { api_key: credentials.api_key.clone(), passphrase: credentials.passphrase.clone(), secret })
    }

    /// Signs a request; target and body must be sent exactly as they are given here.
    pub fn sign(&self, parts: &SignedParts<'_>) -> SignedHeaders {
        SignedHeaders {
            api_key: self.api_key.clone(),
            passphrase: self.passphrase.clone(),
            timestamp: parts.timestamp.to_owned(),
            signature: sign(&self.secret, parts),
        }
    }
}

/// Checks that a text can be sent as a request target as it is; the error says what to write instead.
pub fn check_target(target: &str) -> Result<(), &'static str> {
    if target.starts_with("http://") || target.starts_with("https://") {
        return Err("give the path and query alone, such as /participants/customers/new");
    }
    if !target.starts_with('/') {
        return Err("start it with a slash, such as /participants/customers/new");
    }
    if target.contains('#') {
        return Err("leave out the fragment: it is never sent");
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("percent-encode spaces and characters that are not ASCII, as they will be sent");
    }
    Ok(())
}

/// Checks that a text is a timestamp that the server reads (contract 1.5); the error says what to write instead.
pub fn check_timestamp(timestamp: &str) -> Result<(), &'static str> {
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("give whole Unix seconds in digits");
    }
    match timestamp.len() {
        1..=11 => Ok(()),
        13 => Err("these are milliseconds; give seconds"),
        _ => Err("give whole Unix seconds, at most 11 digits"),
    }
}

fn check_header(name: &'static str, value: &str) -> Result<(), ClientError> {
    let sendable = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
    if sendable { Ok(()) } else { Err(ClientError::Header(name)) }
}
