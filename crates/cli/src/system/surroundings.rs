//! Time, waiting and randomness for the client.

use std::time::Duration;

use rand::RngExt as _;
use registrar_client::Surroundings;
use registrar_domain::clock::Clock as _;

use super::clock::SystemClock;

/// The client's surroundings on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemSurroundings;

impl Surroundings for SystemSurroundings {
    fn unix_seconds(&self) -> i64 {
        SystemClock.now().seconds()
    }

    fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(rand::rng().random())
    }

    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
