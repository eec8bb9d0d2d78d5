//! What tests of every crate share: a model of the store port, fixtures, the conformance suite and the comparison of an
//! engine with the model.
//!
//! Nothing here is part of the program. Invariant: everything is repeatable; time and randomness are parameters.

#[doc(hidden)]
pub mod conformance;
mod faulty_store;
mod fixtures;
mod model_store;
pub(crate) mod office;
pub mod sequences;
pub mod through_faults;

pub use faulty_store::{Fault, FaultyStore};
pub use fixtures::{
    CustomerFixture, Scene, SeededEntropy, TestClock, block_on, new_api_key, new_platform, operator_act,
    scene, stored,
};
pub use model_store::{Contents, ModelStore};
