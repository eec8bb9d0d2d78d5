//! What Registrar knows and decides: field types, pure rules, use cases, and the port every engine implements.
//!
//! Knows no HTTP, no SQL and no runtime. Time and randomness come in through `Clock` and `Entropy`.

pub mod access;
pub mod clock;
pub mod codes;
pub mod customer;
pub mod entropy;
pub mod fields;
pub mod ids;
pub mod keys;
mod payload;
pub mod pii;
pub mod platform;
pub mod policy;
mod record;
pub mod reference;
pub mod registry;
pub mod rules;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod transfer;
pub mod violation;
