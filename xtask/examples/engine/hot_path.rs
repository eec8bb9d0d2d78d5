//! Everything that a create costs between the HTTP library and the store, on one thread and always the same.
//!
//! `cargo xtask instructions` counts what `submit` and all below it executes. Invariant: the same requests, time and
//! randomness at every run.

use registrar_domain::testing::block_on;

use crate::Outcome;
use crate::scene::{Scene, SignedCreate};

/// Submits so many creates to a store that keeps nothing; forged ones are refused.
pub(crate) fn run(kind: &str, requests: u64) -> Outcome<()> {
    let (scene, _) = Scene::repeatable()?;
    let mut creates: Vec<SignedCreate> =
        (0..requests).map(|person| scene.sign(person)).collect::<Outcome<_>>()?;
    if kind == "refused" {
        creates.iter_mut().for_each(SignedCreate::forge);
    }
    let accepted = submit_all(&scene, &creates);
    let expected = if kind == "refused" { 0 } else { creates.len() };
    if accepted == expected { Ok(()) } else { Err(format!("{accepted} were accepted").into()) }
}

/// What is counted, by its name; how many were accepted.
#[inline(never)]
fn submit_all(scene: &Scene, creates: &[SignedCreate]) -> usize {
    creates.iter().filter(|create| block_on(scene.submit(create)).is_ok()).count()
}
