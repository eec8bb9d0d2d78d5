//! An API key in use: signs requests as an integrator's program does, and as one does that has a mistake in it.

use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use registrar_wire::Credentials;

use super::clock::now_seconds;
use super::request::Request;

/// The header prefix that the documentation uses.
pub(crate) const NDAX: &str = "X-NDAX-";
/// The prefix of the sister API.
pub(crate) const SCX: &str = "X-SCX-";
/// The four headers after their prefix, in the order of contract 1.1.
pub(crate) const NAMES: [&str; 4] = ["API-KEY", "SIGNED", "TIMESTAMP", "PASSPHRASE"];

/// The credentials of one key.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) platform_code: String,
    pub(crate) api_key: String,
    pub(crate) secret: String,
    pub(crate) passphrase: String,
}

impl From<Credentials> for Signer {
    fn from(credentials: Credentials) -> Self {
        let Credentials { platform_code, api_key, secret, passphrase, .. } = credentials;
        Self { platform_code, api_key, secret, passphrase }
    }
}

impl Signer {
    /// The request with the four headers, signed now.
    pub(crate) fn signed(&self, request: Request) -> Request {
        self.signed_at(request, &now_seconds().to_string())
    }

    /// The request with the four headers and this timestamp.
    pub(crate) fn signed_at(&self, request: Request, timestamp: &str) -> Request {
        let signature = self.signature(timestamp, &request);
        self.presenting(request, timestamp, &signature)
    }

    /// The right signature of a request.
    pub(crate) fn signature(&self, timestamp: &str, request: &Request) -> String {
        let parts =
            SignedParts { timestamp, method: &request.method, target: &request.target, body: &request.body };
        sign(&self.key(), &parts)
    }

    /// The signature over exactly this text: what a program computes that puts the text together in its own way.
    pub(crate) fn signature_over(&self, text: &[u8]) -> String {
        over(&self.key(), text)
    }

    /// The signature of a program that forgets to decode the secret.
    pub(crate) fn signature_without_decoding(&self, text: &[u8]) -> String {
        over(&RequestSecret::from_bytes(self.secret.as_bytes()).unwrap(), text)
    }

    /// The request with the four headers as they are given here.
    pub(crate) fn presenting(&self, request: Request, timestamp: &str, signature: &str) -> Request {
        let values = [&*self.api_key, signature, timestamp, &*self.passphrase];
        NAMES.iter().zip(values).fold(request, |request, (name, value)| {
            let name = format!("{NDAX}{name}");
            request.with(&name, value)
        })
    }

    /// Another key's passphrase, or a made-up one.
    pub(crate) fn with_passphrase(&self, passphrase: &str) -> Self {
        Self { passphrase: passphrase.to_owned(), ..self.clone() }
    }

    /// Another public identifier.
    pub(crate) fn with_api_key(&self, api_key: &str) -> Self {
        Self { api_key: api_key.to_owned(), ..self.clone() }
    }

    /// Another secret of the right form.
    pub(crate) fn with_wrong_secret(&self) -> Self {
        Self { secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(), ..self.clone() }
    }

    fn key(&self) -> RequestSecret {
        RequestSecret::from_base64(&self.secret).unwrap()
    }
}

/// The library signs four parts without separators, so any cut of the text gives the same signature; an empty last part
/// would stand for `{}`.
fn over(secret: &RequestSecret, text: &[u8]) -> String {
    let (target, body) = text.split_at(1);
    let target = std::str::from_utf8(target).unwrap();
    sign(secret, &SignedParts { timestamp: "", method: "", target, body })
}
