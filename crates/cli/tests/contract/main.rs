//! The contract at the built binary: each row of its tables and each numbered clause of its sections 1 to 3 has a test
//! here, whose name says what holds; the comment above it names the clause.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails its test")]

mod aadhaar;
mod accepted;
mod authentication;
mod codes;
mod credentials;
mod envelope;
mod fields;
mod headers;
mod hints;
mod idempotency;
mod limits;
mod malformed_json;
mod order;
mod policies;
mod replays;
mod shapes;
mod support;
mod violations;
