//! Every bound of the HTTP surface in one place, each with its reason.

use std::time::Duration;

/// Depth of nesting in a body, the outer object included (contract 3.2).
pub const NESTING_DEPTH_MAX: usize = 32;

/// Bytes of a refused body that are read and dropped, so that a sender who only reads afterwards still gets the 413.
pub(crate) const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// Memory for the bodies that arrive in pieces, of all connections together: before a body is whole nobody knows who sends
/// it, and each of ten thousand connections could hold one back. It is taken as the bytes come. Bodies that arrive in one piece
/// need none of it.
pub(crate) const BODIES_IN_PIECES_KIB_MAX: usize = 64 * 1024;

/// Bytes of the target and of all header names and values together: the four signing headers need under one kibibyte.
pub(crate) const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Number of header lines; more get the HTTP library's bare 431.
pub(crate) const HEADER_LINES_MAX: usize = 64;

/// The connection's read buffer: room for the largest head and no more, since every connection may fill one.
pub(crate) const READ_BUFFER_BYTES_MAX: usize = 32 * 1024;

/// Characters of an `X-Request-Id` that is echoed (contract 2.4).
pub(crate) const CLIENT_REQUEST_ID_LENGTH_MAX: usize = 64;

/// Seconds after which a refused write may be tried again: a full queue empties in milliseconds.
pub(crate) const RETRY_AFTER_SECONDS: &str = "1";

/// Who watches `/readyz` asks again within this time: three times the longest interval that is common (Kubernetes, 10 s).
pub(crate) const PROBE_INTERVAL_MAX: Duration = Duration::from_secs(30);

/// How long a readiness probe may take before it counts as failed.
pub(crate) const READINESS_TIMEOUT: Duration = Duration::from_secs(2);

/// How often changed platforms and keys are looked for: contract 5 allows a second.
pub(crate) const ACCESS_REFRESH_INTERVAL: Duration = Duration::from_millis(100);

/// How long refused requests without a line of their own are counted before the counts are logged.
pub(crate) const REFUSALS_COUNTED_FOR: Duration = Duration::from_secs(1);

/// How often the last use of keys is stored.
pub(crate) const KEY_USE_INTERVAL: Duration = Duration::from_secs(30);

/// The bounds an operator may set; the table of settings has their defaults.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// `http.max_connections`: further ones get a 503 and are closed.
    pub max_connections: usize,
    /// `http.first_byte_timeout`: from the accept to the first byte.
    pub first_byte_timeout: Duration,
    /// `http.header_timeout`: from a request's first byte to the end of its head.
    pub header_timeout: Duration,
    /// `http.body_timeout`: from the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// `http.idle_timeout`: between two requests on a connection.
    pub idle_timeout: Duration,
    /// `http.write_timeout`: without any progress in sending an answer.
    pub write_timeout: Duration,
    /// `http.drain_delay`: how long the listener stays open for who still has to notice that `/readyz` says 503.
    pub drain_delay: Duration,
    /// `http.drain_timeout`: for requests under way when the server is told to end.
    pub drain_timeout: Duration,
}
