//! The engine's tests; the conformance suite and the comparison with the model come from `registrar_domain::testing`.

mod another_database;
mod beside;
mod conflicts;
mod copying;
mod encryption;
mod engine;
mod expand;
mod faults;
mod inserting;
mod proxy;
mod rights;
mod servers;
mod wire;
mod wire_desk;
