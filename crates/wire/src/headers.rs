//! Header names and media types, spelled once.
//!
//! Names are in lower case, as HTTP libraries store them; the documented spelling of a signing header is its upper case.

/// The four headers of a signed request (contract 1.1). A request uses one family, never a mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningHeaders {
    /// The public identifier of the API key.
    pub api_key: &'static str,
    /// The signature, base64.
    pub signed: &'static str,
    /// Whole Unix seconds.
    pub timestamp: &'static str,
    /// The passphrase.
    pub passphrase: &'static str,
}

impl SigningHeaders {
    /// The documented family.
    pub const NDAX: Self = Self {
        api_key: "x-ndax-api-key",
        signed: "x-ndax-signed",
        timestamp: "x-ndax-timestamp",
        passphrase: "x-ndax-passphrase",
    };

    /// The alias family, that of the sister API.
    pub const SCX: Self = Self {
        api_key: "x-scx-api-key",
        signed: "x-scx-signed",
        timestamp: "x-scx-timestamp",
        passphrase: "x-scx-passphrase",
    };

    /// Both families, the documented one first.
    pub const FAMILIES: [Self; 2] = [Self::NDAX, Self::SCX];

    /// The four names in the order of contract 1.1.
    pub const fn names(&self) -> [&'static str; 4] {
        [self.api_key, self.signed, self.timestamp, self.passphrase]
    }
}

/// The scheme that a 401 names in `WWW-Authenticate` (contract 1.11).
pub const SIGNING_SCHEME: &str = "NDAX-HMAC-SHA256";

/// The header that carries [`SIGNING_SCHEME`].
pub const AUTHENTICATE: &str = "www-authenticate";

/// The caller's own id of a request, echoed where it is well formed (contract 2.4).
pub const REQUEST_ID: &str = "x-request-id";

/// The id that Registrar gives every request, on every answer (contract 2.4).
pub const TRACE_ID: &str = "x-trace-id";

/// `true` on an answer that repeats an earlier one (contract 3.4).
pub const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";

/// The media type of a success.
pub const MEDIA_TYPE_JSON: &str = "application/json";

/// The media type of every error (RFC 9457).
pub const MEDIA_TYPE_PROBLEM: &str = "application/problem+json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_case_of_a_signing_header_is_the_documented_spelling() {
        let documented = SigningHeaders::NDAX.names().map(str::to_ascii_uppercase);
        assert_eq!(documented, ["X-NDAX-API-KEY", "X-NDAX-SIGNED", "X-NDAX-TIMESTAMP", "X-NDAX-PASSPHRASE"]);
    }

    #[test]
    fn the_alias_family_differs_in_its_prefix_alone() {
        let aliases = SigningHeaders::NDAX.names().map(|name| name.replace("x-ndax-", "x-scx-"));
        assert_eq!(SigningHeaders::SCX.names().map(String::from), aliases);
    }
}
