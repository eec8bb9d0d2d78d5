//! The only place where outcomes become HTTP: a refusal has a code, and its code has the status. The last stop of a
//! `create_customer` that is refused.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use registrar_crypto::signature::SignedParts;
use registrar_domain::ids::TraceId;
use registrar_domain::registry::Caller;
use registrar_domain::store::StoreFailure;
use registrar_domain::violation::Violation;
use registrar_json::SyntaxError;
use registrar_wire::{ErrorCode, FieldViolation, Hint, MEDIA_TYPE_PROBLEM, SIGNING_SCHEME};

use crate::limits::RETRY_AFTER_SECONDS;
use crate::problem_text::{ProblemText, beginning};

/// Header lines of nearly every answer, so that the map is made in its final size.
const HEADERS_EXPECTED: usize = 8;

/// What an operation answers, with what the metrics and the log say of it; it lacks what every answer has.
pub(crate) struct Answer {
    /// The answer.
    pub(crate) response: Response<Full<Bytes>>,
    /// Its code, if it is a refusal.
    pub(crate) refused: Option<ErrorCode>,
    /// What failed; for the log, never for the caller.
    pub(crate) failure: Option<String>,
    /// Who called, once that is known.
    pub(crate) caller: Option<Caller>,
}

impl Answer {
    /// A success.
    pub(crate) fn ok(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(Full::new(body.into()));
        *response.headers_mut() = HeaderMap::with_capacity(HEADERS_EXPECTED);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { response, refused: None, failure: None, caller: None }
    }
}

/// A request that is not served, before it has its trace id.
pub(crate) struct Refusal {
    code: ErrorCode,
    text: ProblemText,
    failure: Option<String>,
    close: bool,
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with one sentence that says what is wrong and what to do.
    pub(crate) fn new(code: ErrorCode, detail: impl AsRef<str>) -> Self {
        Self::of(code, ProblemText::new(code, detail.as_ref()))
    }

    fn of(code: ErrorCode, text: ProblemText) -> Self {
        Self { code, text, failure: None, close: false, allow: None }
    }

    /// `invalid_request` with everything that is wrong.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        let violations = violations.into_iter().map(field_violation).collect();
        Self::of(ErrorCode::InvalidRequest, ProblemText::invalid_request(violations))
    }

    /// `invalid_signature` with what was taken as signed and, where it is known, the mistake. Its sentence also ends the
    /// detail, because many clients log nothing but `errors`.
    pub(crate) fn invalid_signature(parts: &SignedParts<'_>, hint: Option<Hint>) -> Self {
        let code = ErrorCode::InvalidSignature;
        let mut refusal = match hint {
            None => Self::of(code, ProblemText::ready_made(&INVALID_SIGNATURE_BEGINNING)),
            Some(hint) => Self::new(code, format!("{INVALID_SIGNATURE} {}", hint.sentence())),
        };
        refusal.text.add_signed(parts);
        if let Some(hint) = hint {
            refusal.text.add_hint(hint);
        }
        refusal
    }

    /// What a failure of the store is answered with; its text is for the log, never for the caller.
    pub(crate) fn of_failure(failure: &StoreFailure) -> Self {
        let (code, detail) = match failure {
            StoreFailure::Busy => (
                ErrorCode::Overloaded,
                "Too many requests are waiting; nothing was stored. Repeat the same request.",
            ),
            StoreFailure::Unavailable(_) => (
                ErrorCode::Unavailable,
                "The database cannot work now; nothing was stored. Repeat the same request.",
            ),
            StoreFailure::OutcomeUnknown(_) => (
                ErrorCode::OutcomeUnknown,
                "Whether the customer was stored is not known. Repeat the same request: the answer settles it.",
            ),
            StoreFailure::Internal(_) => (ErrorCode::InternalError, INTERNAL_ERROR),
        };
        Self { failure: Some(failure.to_string()), ..Self::new(code, detail) }
    }

    /// With more members of the problem.
    pub(crate) fn with(mut self, add: impl FnOnce(&mut ProblemText)) -> Self {
        add(&mut self.text);
        self
    }

    /// The connection is closed after the answer.
    pub(crate) const fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// With the methods that the path has.
    pub(crate) const fn allowing(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    /// The answer.
    pub(crate) fn answer(self, trace_id: TraceId) -> Answer {
        let code = self.code;
        let mut answer = Answer::ok(MEDIA_TYPE_PROBLEM, self.body(trace_id));
        *answer.response.status_mut() =
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = answer.response.headers_mut();
        match code.status() {
            401 => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(SIGNING_SCHEME));
            }
            429 | 503 => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
            }
            _ => {}
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(methods) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        Answer { refused: Some(code), failure: self.failure, ..answer }
    }

    /// The answer as the bytes of a whole response that closes the connection, for where no HTTP library is at work yet.
    pub(crate) fn raw_answer(self, trace_id: TraceId) -> Vec<u8> {
        let status = self.code.status();
        let reason =
            StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
        let body = self.body(trace_id);
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: {MEDIA_TYPE_PROBLEM}\r\nretry-after: {RETRY_AFTER_SECONDS}\r\n\
             cache-control: no-store\r\nx-content-type-options: nosniff\r\nx-trace-id: {trace_id}\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head, body].concat().into_bytes()
    }

    fn body(&self, trace_id: TraceId) -> String {
        self.text.with_trace_id(trace_id.0.as_hyphenated().encode_lower(&mut [0; 36]))
    }
}

/// The detail of `internal_error`.
pub(crate) const INTERNAL_ERROR: &str =
    "The server failed. Repeating the same request is safe; tell the operator the trace_id if it persists.";

/// The detail of `invalid_signature`, one text whatever the cause (contract 1.8); a hint's sentence may follow it.
pub(crate) const INVALID_SIGNATURE: &str = "Invalid Client Signature. The signature is the base64 of HMAC-SHA256 over \
    timestamp, method, target and body with nothing between them, under the base64-decoded secret; on a platform in \
    production an unknown API key or a wrong passphrase is answered in the same way. Compare `signed`, which is what the \
    server received, with what you signed, then the API key and the passphrase with your credentials; `registrar sign` \
    shows offline what to sign.";

static INVALID_SIGNATURE_BEGINNING: LazyLock<String> = LazyLock::new(|| {
    beginning(ErrorCode::InvalidSignature, INVALID_SIGNATURE, std::iter::once(INVALID_SIGNATURE))
});

/// The detail of `body_too_large`.
pub const BODY_TOO_LARGE: &str = "The body is larger than 64 KiB (65536 bytes).";

/// The detail of `malformed_json`: what is wrong, what to do, and where.
pub fn malformed_json_detail(error: &SyntaxError) -> String {
    format!(
        "{} At line {}, column {} (byte {}) of the body.",
        error.kind.sentence(),
        error.line,
        error.column,
        error.offset
    )
}

/// A violation as it travels.
pub fn field_violation(violation: Violation) -> FieldViolation {
    FieldViolation {
        field: format!("/{}", violation.field),
        rule: violation.rule.code().into(),
        message: violation.message.into(),
    }
}
