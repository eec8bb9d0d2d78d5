//! Every error code, its status, its title, and what the page `/errors/<code>` says about it.
//!
//! Does not know when a code is answered. Invariant: a code never changes its meaning or its status (contract 2.5).

use std::fmt;

/// Declares the codes once: variant, code, status, title, cause and cure.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $title:literal, $cause:literal, $cure:literal;)+) => {
        /// The stable name of an error (contract 1.8, 2.5, 3.4), declared in the order in which errors win (contract 2.6).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order in which errors win.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, sent as `code`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The address of the page that explains the code, sent as `type`.
            pub const fn type_uri(self) -> &'static str {
                match self { $(Self::$variant => concat!("/errors/", $code),)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// A short stable summary, sent as `title`.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// Why the code is answered: a paragraph for the error's page.
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$variant => $cause,)+ }
            }

            /// What to do about it: a paragraph for the error's page.
            pub const fn cure(self) -> &'static str {
                match self { $(Self::$variant => $cure,)+ }
            }
        }
    };
}

error_codes! {
    /// A limit of requests was reached.
    RateLimited = "rate_limited", 429, "Too Many Requests",
        "More requests came from your address than this installation accepts in a short time.",
        "Wait for the number of seconds in the `Retry-After` header and repeat the same request. Spread requests evenly instead of sending them in bursts.";
    /// There is nothing at this path.
    NotFound = "not_found", 404, "Not Found",
        "Nothing is served at this path, or the resource does not exist on your platform. A resource of another platform is answered in the same way.",
        "Compare the path with the API reference, letter by letter: it is case-sensitive, has no slash at the end and no version before it.";
    /// The path is there, but not for this method.
    MethodNotAllowed = "method_not_allowed", 405, "Method Not Allowed",
        "The path exists, but not for this HTTP method.",
        "Use one of the methods in the `Allow` header of the answer.";
    /// The body is larger than 64 KiB.
    BodyTooLarge = "body_too_large", 413, "Body Too Large",
        "The request's body is larger than 64 KiB (65,536 bytes).",
        "Send less. The metadata of a customer, the only large member, may have at most 16 KiB.";
    /// The headers are too many or too large.
    HeadersTooLarge = "headers_too_large", 431, "Headers Too Large",
        "The request has too many headers, or they are too large together.",
        "Send only the headers that the API reference names, and those your HTTP library needs. A proxy between you and the server may be adding some.";
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout", 408, "Request Timeout",
        "The request did not arrive completely within the time the server waits for it. Nothing was done.",
        "Repeat the same request. If it happens again, look for a slow network or for a `Content-Length` that is larger than the body.";
    /// A signing header is missing.
    MissingHeader = "missing_header", 401, "Missing Header",
        "A request is authenticated by four headers, and at least one of them is missing: `X-NDAX-API-KEY`, `X-NDAX-SIGNED`, `X-NDAX-TIMESTAMP`, `X-NDAX-PASSPHRASE`.",
        "Send all four headers, each exactly once. The detail of the error names the missing one. Some proxies remove headers they do not know; check what arrives.";
    /// A signing header came more than once.
    DuplicateHeader = "duplicate_header", 401, "Duplicate Header",
        "One of the four headers that authenticate a request was sent more than once.",
        "Send each header exactly once. Look for an HTTP client that adds default headers to those you set.";
    /// A signing header is empty, not ASCII, or of the other family.
    MalformedHeader = "malformed_header", 401, "Malformed Header",
        "One of the four headers that authenticate a request is empty or contains characters that are not visible ASCII, or headers beginning with `X-NDAX-` and with `X-SCX-` were mixed in one request.",
        "Send the four headers of one family, each with the value you were given or computed, without blanks or line ends around it.";
    /// The timestamp is not whole Unix seconds.
    TimestampMalformed = "timestamp_malformed", 401, "Malformed Timestamp",
        "The timestamp header is not 1 to 11 digits. A value of 13 digits is milliseconds where seconds are expected; a decimal point or a sign is not accepted either.",
        "Send the Unix time in whole seconds, for example `Math.floor(Date.now() / 1000)` in JavaScript, and sign the same digits.";
    /// The timestamp is too old or too far ahead.
    TimestampOutsideWindow = "timestamp_outside_window", 401, "Timestamp Outside Window",
        "The timestamp differs from the server's clock by more than is accepted, 60 seconds unless configured otherwise. The error carries the server's time and the difference.",
        "Set your clock (NTP), or read the server's time from `GET /time` and correct by the difference. Make a new timestamp and signature for every attempt, also for a retry.";
    /// No such API key. Only sandbox platforms tell this apart.
    UnknownApiKey = "unknown_api_key", 401, "Unknown API Key",
        "No API key with this identifier exists in this installation. Only a sandbox says so; elsewhere the answer is invalid_signature.",
        "Compare the value of `X-NDAX-API-KEY` with your credentials, and the address you call with the installation that made them.";
    /// The signature does not fit, or (outside sandboxes) the key is unknown or the passphrase wrong.
    InvalidSignature = "invalid_signature", 401, "Invalid Client Signature",
        "The signature is not that of this request under this key's secret. Outside a sandbox an unknown API key and a wrong passphrase get the same answer, so that nobody can find out which keys exist.",
        "Compare the member `signed` with what you signed: timestamp, method and target as the server received them, and the length and SHA-256 of the body. The signature is the base64 of HMAC-SHA256 over timestamp, method, target and body without separators, under the base64-decoded secret; an empty body is signed as `{}`. Where a common mistake explains your signature, `hint` names it and hint_detail says what to change. The command `registrar sign` shows offline what to sign.";
    /// The passphrase does not fit the key. Only sandbox platforms tell this apart.
    InvalidPassphrase = "invalid_passphrase", 401, "Invalid Passphrase",
        "The signature is right, but the passphrase is not that of this API key. Only a sandbox says so; elsewhere the answer is invalid_signature.",
        "Send the passphrase that was shown when the key was made, character by character. It cannot be shown again: if it is lost, make a new key and revoke this one.";
    /// The API key has expired.
    ApiKeyExpired = "api_key_expired", 401, "API Key Expired",
        "The API key was made with an expiry, and that time has passed.",
        "Ask the operator for a new key, and switch before the old one expires next time.";
    /// The API key was revoked.
    ApiKeyRevoked = "api_key_revoked", 401, "API Key Revoked",
        "The API key was revoked and will not work again.",
        "Use the key that replaced it, or ask the operator for a new one.";
    /// The caller's address is not on the key's list.
    AddressNotAllowed = "address_not_allowed", 403, "Address Not Allowed",
        "The API key may be used only from certain networks, and the request came from elsewhere.",
        "Send the request from an address that the key allows, or ask the operator to add yours.";
    /// The key lacks the permission.
    PermissionMissing = "permission_missing", 403, "Permission Missing",
        "The API key does not have the permission that this operation needs.",
        "Use a key with that permission, or ask the operator for one. Submitting customers needs `customers:write`.";
    /// The platform is suspended.
    PlatformSuspended = "platform_suspended", 403, "Platform Suspended",
        "The operator has suspended your platform. Nothing is accepted until it is resumed.",
        "Contact the operator.";
    /// The platform may not use this endpoint.
    EndpointNotEnabled = "endpoint_not_enabled", 403, "Endpoint Not Enabled",
        "This endpoint is available only to platforms it was enabled for, and it is not enabled for yours.",
        "Contact the operator to have it enabled.";
    /// The target has a query that the operation does not know.
    UnknownQuery = "unknown_query", 400, "Unknown Query",
        "The request's target has a query parameter that this operation does not have.",
        "Leave the query out. Everything this operation needs is in the path, the headers and the body.";
    /// The body is not identity-coded JSON in UTF-8.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported Media Type",
        "The body is declared as something other than JSON in UTF-8, or as compressed.",
        "Send `Content-Type: application/json`, without a charset or with utf-8, and no `Content-Encoding`.";
    /// The body is not one well-formed JSON object.
    MalformedJson = "malformed_json", 400, "Malformed JSON",
        "The body is not exactly one JSON object in UTF-8. Among the causes are a syntax error, a byte-order mark, the same key twice at any depth, bytes after the object, half of a surrogate pair, and nesting deeper than 32.",
        "Serialise the body with a JSON library instead of by hand, as UTF-8 without a byte-order mark. The detail says where reading stopped.";
    /// A field breaks a rule.
    InvalidRequest = "invalid_request", 400, "Invalid Request",
        "The body is a JSON object, but at least one field is missing or not acceptable. All fields were checked: `violations` names each one, the rule it breaks and what would be accepted. Nothing was stored.",
        "Correct the named fields and send the request again; the same request_id may be used. The command `registrar customer check` gives the same answer offline.";
    /// The customer's data was erased.
    ParticipantErased = "participant_erased", 410, "Participant Erased",
        "This request created a customer whose data has been erased since. It is not created again.",
        "Do not repeat the request. To submit this person anew, use a new request_id.";
    /// The request_id was used for another payload.
    RequestIdReused = "request_id_reused", 400, "Request ID Reused",
        "Your platform has stored a customer under this request_id, and the payload was different. The member `differs` names the fields that differ.",
        "If you meant to repeat the first request, send its payload unchanged. If this is another customer, make a new request_id: one per customer, kept for every retry of that customer.";
    /// The payload was submitted under another request_id.
    PayloadAlreadySubmitted = "payload_already_submitted", 400, "Payload Already Submitted",
        "Your platform has stored a customer with exactly this payload, under another request_id or under none.",
        "Usually there is nothing to do: the customer exists, and participant_code identifies it. To make retries safe, send the same request_id on every attempt.";
    /// The e-mail address belongs to another customer.
    ParticipantAlreadyExists = "participant_already_exists", 400, "Participant Already Exists",
        "Your platform has a customer with this email, and its payload was different. An email is unique per platform.",
        "If it is the same person, use the customer that participant_code identifies. If it is another person, submit that person's own email.";
    /// The server has a defect.
    InternalError = "internal_error", 500, "Internal Error",
        "Something went wrong in the server that is not the request's fault.",
        "Repeat the request with the same request_id and payload: that never creates a second customer. If it happens again, give the operator the trace_id.";
    /// The queue is full.
    Overloaded = "overloaded", 503, "Overloaded",
        "The server has more work waiting than it takes on. The request was not executed.",
        "Wait for the number of seconds in the `Retry-After` header and repeat the same request with a new timestamp and signature.";
    /// The database cannot work now.
    Unavailable = "unavailable", 503, "Unavailable",
        "The server cannot reach or write its database now, or is shutting down. The request was not executed.",
        "Wait for the number of seconds in the `Retry-After` header and repeat the same request with a new timestamp and signature.";
    /// It is not known whether the customer was stored.
    OutcomeUnknown = "outcome_unknown", 503, "Outcome Unknown",
        "The request was being stored when the server lost certainty about the outcome. The customer exists once or not at all.",
        "Repeat the same request_id and payload, with a new timestamp and signature: the answer settles it, and no second customer is created.";
}

impl ErrorCode {
    /// What a code that this version never answers is kept for; `None` for every code that it answers.
    pub const fn reserved_for(self) -> Option<&'static str> {
        match self {
            Self::RateLimited => Some("a limit on how many requests come from one address"),
            Self::AddressNotAllowed => Some("API keys that may be used only from certain networks"),
            Self::ParticipantErased => Some("customers whose data was erased"),
            _ => None,
        }
    }

    /// The code of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.code() == text)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_of_the_contract_has_its_status() {
        let table: Vec<_> = ErrorCode::ALL.iter().map(|code| format!("{} {code}", code.status())).collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn every_code_is_found_by_its_own_name_and_no_two_share_one() {
        let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.code()), Some(*code));
            assert_eq!(code.type_uri().strip_prefix("/errors/"), Some(code.code()));
        }
        assert_eq!(ErrorCode::parse("invalid"), None);
    }

    #[test]
    fn titles_causes_and_cures_differ_from_code_to_code() {
        let count = ErrorCode::ALL.len();
        let distinct = |text: fn(ErrorCode) -> &'static str| {
            ErrorCode::ALL.iter().map(|code| text(*code)).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(distinct(ErrorCode::title), count);
        assert_eq!(distinct(ErrorCode::cause), count);
        // Two ways of being unable to work have one cure: wait and repeat.
        assert_eq!(distinct(ErrorCode::cure), count - 1);
    }

    #[test]
    fn the_title_of_a_wrong_signature_is_the_one_clients_know() {
        assert_eq!(ErrorCode::InvalidSignature.title(), "Invalid Client Signature");
    }
}
