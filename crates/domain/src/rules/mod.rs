//! The pure decisions: an engine learns the facts inside its transaction, asks here, and applies the answer.
//!
//! Knows no engine, no clock and no randomness. Invariant: equal facts and commands give equal decisions.

pub mod audit;
pub mod authenticate;
pub mod create_api_key;
pub mod create_customer;
