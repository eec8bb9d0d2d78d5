//! Everything that a create costs between the HTTP library and the store, on one thread and always the same.
//!
//! `cargo xtask instructions` counts what `submit` and all below it executes. Invariant: the same requests, time and
//! randomness at every run.

use registrar_domain::testing::block_on;

use crate::Outcome;
use crate::scene::{Scene, SignedCreate};

/// Submits so many creates to a store that keeps nothing.
pub(crate) fn run(requests: u64) -> Outcome<()> {
    let (scene, _) = Scene::repeatable()?;
    let creates: Vec<SignedCreate> =
        (0..requests).map(|person| scene.sign(person)).collect::<Outcome<_>>()?;
    submit_all(&scene, &creates)
}

/// What is counted; kept as a function of its own, so that callgrind can tell it from the preparation.
#[inline(never)]
fn submit_all(scene: &Scene, creates: &[SignedCreate]) -> Outcome<()> {
    creates.iter().try_for_each(|create| block_on(scene.submit(create)))
}
