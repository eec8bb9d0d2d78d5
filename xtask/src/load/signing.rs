//! Signed HTTP requests as bytes (contract 1.2).
//!
//! Invariant: the bytes signed are the bytes sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::Outcome;
use crate::machine::unix_seconds;
use crate::server::Credentials;

/// The target of the operation under load.
pub(crate) const TARGET: &str = "/participants/customers/new";

/// Signs for one API key.
#[derive(Clone)]
pub(crate) struct Signer {
    keyed: Hmac<Sha256>,
    api_key: String,
    passphrase: String,
}

impl Signer {
    /// Fails where the secret is not base64.
    pub(crate) fn new(credentials: &Credentials) -> Outcome<Self> {
        let secret = STANDARD.decode(&credentials.secret).map_err(|_| "the secret is not base64")?;
        let keyed = Hmac::new_from_slice(&secret).map_err(|_| "the secret has no usable length")?;
        Ok(Self { keyed, api_key: credentials.api_key.clone(), passphrase: credentials.passphrase.clone() })
    }

    fn signature(&self, timestamp: u64, body: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        mac.update(timestamp.to_string().as_bytes());
        mac.update(b"POST");
        mac.update(TARGET.as_bytes());
        mac.update(body);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// Appends the whole request, signed for this moment, to `request`.
    pub(crate) fn write_request(&self, body: &[u8], request: &mut Vec<u8>) {
        let timestamp = unix_seconds();
        self.write_signed(timestamp, &self.signature(timestamp, body), body, request);
    }

    /// Appends a request whose signature has the form of one and is of nothing that is sent.
    pub(crate) fn write_forged_request(&self, body: &[u8], request: &mut Vec<u8>) {
        self.write_signed(unix_seconds(), &self.signature(0, b"another body"), body, request);
    }

    /// Appends a request for a page that needs no signature.
    pub(crate) fn write_get(path: &str, request: &mut Vec<u8>) {
        request.extend_from_slice(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes());
    }

    fn write_signed(&self, timestamp: u64, signature: &str, body: &[u8], request: &mut Vec<u8>) {
        let head = format!(
            "POST {TARGET} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             X-NDAX-API-KEY: {}\r\nX-NDAX-SIGNED: {}\r\nX-NDAX-TIMESTAMP: {timestamp}\r\n\
             X-NDAX-PASSPHRASE: {}\r\n\r\n",
            body.len(),
            self.api_key,
            signature,
            self.passphrase,
        );
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_of_the_sample_request_is_reproduced() {
        let signer = Signer::new(&Credentials {
            platform_code: "ABC123".into(),
            api_key: "key".into(),
            secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into(),
            passphrase: "passphrase".into(),
        })
        .unwrap();
        let body = br#"{"email":"a@example.in","first_name":"Asha"}"#;
        assert_eq!(signer.signature(1_700_000_000, body), "ruZae58Z9Xe6uYZoNir1E2HlBt6AN08mnrEJe+HZWmI=");
    }
}
