//! What travels: error codes, problems, operations, answers, header names.
//!
//! Pure data for the server, the client and the documentation alike. Knows no HTTP library, no rules and no store.
//! Invariant: a code, a header or an operation has one spelling, and it is here.

mod answer;
mod credentials;
mod error_code;
mod headers;
mod hint;
mod operation;
mod problem;

pub use answer::{CustomerAnswer, Envelope, TimeAnswer};
pub use credentials::Credentials;
pub use error_code::ErrorCode;
pub use headers::{
    AUTHENTICATE, IDEMPOTENT_REPLAYED, MEDIA_TYPE_JSON, MEDIA_TYPE_PROBLEM, REQUEST_ID, SIGNING_SCHEME,
    SigningHeaders, TRACE_ID,
};
pub use hint::Hint;
pub use operation::{
    Access, CREATE_CUSTOMER, GET_DOCS, GET_DOCS_PAGE, GET_ERROR_PAGE, GET_HEALTH, GET_METRICS, GET_OPENAPI,
    GET_READINESS, GET_ROOT, GET_TIME, Listener, OPERATIONS, Operation,
};
pub use problem::{FieldViolation, Problem, Signed};

/// The largest request body that is accepted, in bytes (contract 2.5).
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// What is signed in place of a body that is empty (contract 1.2).
pub const EMPTY_BODY: &[u8] = b"{}";
