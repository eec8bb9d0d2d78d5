//! The API as it is served, over real sockets: its connections, and what a client is told when the store fails.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its support code too")]

mod connections;
mod support;
mod unknown_outcome;
