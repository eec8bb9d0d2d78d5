//! The engine's tests; the conformance suite and the comparison with the model come from `registrar_domain::testing`.

mod engine;
mod faults;
mod proxy;
mod servers;
mod wire;
mod wire_desk;
