//! What can go wrong with a call. No error contains anything of the request or of the credentials.

use registrar_wire::Problem;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The base URL cannot be used.
    #[error(
        "the base URL must be https://HOST or http://HOST, with :PORT where it is another, without a path"
    )]
    BaseUrl,
    /// The base URL is https, and this machine trusts nobody.
    #[error(
        "this machine has no root certificates to verify the server by; install the package ca-certificates"
    )]
    NoRoots,
    /// The server is not, or not surely, the one that the base URL names.
    #[error(
        "the server's certificate was refused: {0}; check the base URL; for an authority of your own name its certificate \
         in SSL_CERT_FILE"
    )]
    NotTrusted(String),
    /// The secret is not base64.
    #[error("the secret of the credentials is not base64")]
    Secret,
    /// A credential cannot be sent as a header.
    #[error("the {0} of the credentials is empty or has characters that a header cannot carry")]
    Header(&'static str),
    /// The server answered with a problem.
    #[error("{}: {}", .problem.code, .problem.detail)]
    Refused {
        /// The problem as the server sent it.
        problem: Box<Problem>,
        /// The bytes of its body.
        body: Vec<u8>,
        /// How often the request was sent.
        attempts: u32,
    },
    /// There was no answer.
    #[error("no answer from the server: {what}")]
    Unreachable {
        /// What went wrong with the connection.
        what: String,
        /// How often the request was sent.
        attempts: u32,
    },
    /// The answer is not one of this API.
    #[error("the answer (status {status}) is not one of this API: {what}")]
    NotUnderstood {
        /// The status of the answer.
        status: u16,
        /// What was expected.
        what: &'static str,
    },
}
