//! The credentials form: what a platform needs to call the API.
//!
//! Does not know where it is kept. Invariant: `Debug` never shows the secret or the passphrase.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What `registrar key create --json` prints and `credentials.json` holds (contract 5).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Where the API is, without a slash at the end.
    pub base_url: String,
    /// The platform that the key belongs to.
    pub platform_code: String,
    /// The public identifier of the key.
    pub api_key: String,
    /// The request secret, base64.
    pub secret: String,
    /// The passphrase.
    pub passphrase: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("base_url", &self.base_url)
            .field("platform_code", &self.platform_code)
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = r#"{"base_url":"http://127.0.0.1:8080","platform_code":"ABC123","api_key":"key","secret":"c2VjcmV0","passphrase":"words"}"#;

    #[test]
    fn the_form_is_read_and_written_in_its_order() {
        let credentials: Credentials = serde_json::from_str(FORM).unwrap();
        assert_eq!(serde_json::to_string(&credentials).unwrap(), FORM);
    }

    #[test]
    fn debug_output_shows_neither_secret_nor_passphrase() {
        let credentials: Credentials = serde_json::from_str(FORM).unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("ABC123"));
        assert!(!shown.contains("c2VjcmV0") && !shown.contains("words"));
    }
}
