//! The engine's tests; the conformance suite and the comparison with the model come from `registrar_domain::testing`.

mod copying;
mod engine;
mod faults;
mod fingerprints;
mod group_commit;
mod log;
mod opening;
mod operator;
