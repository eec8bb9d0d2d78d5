//! Randomness from a thread's own generator: ChaCha12, seeded and reseeded from the system (13 ns where a call takes 500).

use rand::Rng as _;
use registrar_domain::entropy::Entropy;

/// Each thread's generator.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ThreadEntropy;

impl Entropy for ThreadEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadEntropy;
    use registrar_domain::entropy::random_bytes;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<32>(&ThreadEntropy), random_bytes::<32>(&ThreadEntropy));
    }
}
