//! What Registrar knows and decides: field types, pure rules, use cases, and the port every engine implements.
//!
//! Knows no HTTP, no SQL and no runtime. Time and randomness come in through `Clock` and `Entropy`.

pub mod clock;
pub mod customer;
pub mod entropy;
pub mod fields;
pub mod ids;
pub mod pii;
pub mod platform;
pub mod policy;
pub mod reference;
pub mod store;
pub mod violation;
