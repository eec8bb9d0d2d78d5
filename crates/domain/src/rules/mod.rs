//! The pure decisions: facts in, a decision out, no clock, no store, no randomness.

pub mod authenticate;
