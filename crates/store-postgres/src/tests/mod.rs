//! The engine's tests; the conformance suite and the comparison with the model come from `registrar_domain::testing`.

mod beside;
mod conflicts;
mod encryption;
mod engine;
mod expand;
mod faults;
mod rights;
mod servers;
