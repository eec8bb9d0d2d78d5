//! A keyed permutation of the numbers below 2^30, for codes that count up without showing it (contract 3.7).
//!
//! Knows numbers, not the letters a code is written in. Invariant: it is a bijection, so different numbers have different
//! codes and no index of codes is needed; without the key the codes look random.

use std::fmt;

use aes::Aes256;
use aes::cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit,
};
use zeroize::Zeroizing;

use crate::index::{IndexKey, Use};

/// How many numbers there are: six characters of an alphabet of 32.
pub const NUMBERS: u32 = 1 << 30;

/// A Feistel network is a bijection whatever its round function. Four rounds make a permutation that looks random to who
/// sees few values (Luby and Rackoff); here an attacker may come to see most of a small domain, where the known attacks
/// need more values than there are only from about six rounds on. Ten is what NIST SP 800-38G asks of its FF1 for such domains.
const ROUNDS: u8 = 10;

/// The permutation of one installation, for one purpose.
pub struct Permutation<const HALF_BITS: u32 = 15> {
    cipher: Aes256,
}

impl Permutation {
    /// The permutation of all numbers below [`NUMBERS`] that this key chooses.
    pub fn new(key: &IndexKey) -> Self {
        Self::keyed(key)
    }
}

impl<const HALF_BITS: u32> Permutation<HALF_BITS> {
    const HALF_MASK: u32 = (1 << HALF_BITS) - 1;

    fn keyed(key: &IndexKey) -> Self {
        let derived = Zeroizing::new(key.hash(Use::Permutation, &[]));
        Self { cipher: Aes256::new((&*derived).into()) }
    }

    /// Where a number goes; none if it is outside the domain.
    pub fn forward(&self, number: u32) -> Option<u32> {
        let (left, right) = self.network(Self::halves(number)?, 0..ROUNDS);
        Some(left << HALF_BITS | right)
    }

    /// Where a number came from; none if it is outside the domain.
    pub fn inverse(&self, number: u32) -> Option<u32> {
        let (left, right) = Self::halves(number)?;
        let (right, left) = self.network((right, left), (0..ROUNDS).rev());
        Some(left << HALF_BITS | right)
    }

    fn network(&self, mut halves: (u32, u32), rounds: impl Iterator<Item = u8>) -> (u32, u32) {
        let network = Network { rounds, halves: &mut halves, mask: Self::HALF_MASK };
        self.cipher.encrypt_with_backend(network);
        halves
    }

    fn halves(number: u32) -> Option<(u32, u32)> {
        let inside = number >> HALF_BITS <= Self::HALF_MASK;
        inside.then_some((number >> HALF_BITS, number & Self::HALF_MASK))
    }
}

/// All rounds as one use of the cipher: each use prepares the round keys for many blocks, which costs more than a block does.
struct Network<'h, R> {
    rounds: R,
    halves: &'h mut (u32, u32),
    mask: u32,
}

impl<R> BlockSizeUser for Network<'_, R> {
    type BlockSize = <Aes256 as BlockSizeUser>::BlockSize;
}

impl<R: Iterator<Item = u8>> BlockCipherEncClosure for Network<'_, R> {
    /// Each round is a function of its own that only the key's owner can compute: some bits of one AES block, which takes a
    /// tenth of the time of a keyed hash.
    fn call<B: BlockCipherEncBackend<BlockSize = Self::BlockSize>>(self, backend: &B) {
        for round in self.rounds {
            let (left, right) = *self.halves;
            let mut block = Block::<Aes256>::default();
            let input = [round].into_iter().chain(right.to_be_bytes());
            block.iter_mut().zip(input).for_each(|(to, from)| *to = from);
            backend.encrypt_block((&mut block).into());
            let [low, high, ..] = block.0;
            *self.halves = (right, left ^ (u32::from(u16::from_le_bytes([low, high])) & self.mask));
        }
    }
}

impl<const HALF_BITS: u32> fmt::Debug for Permutation<HALF_BITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permutation(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn narrow<const HALF_BITS: u32>(key: u8) -> Permutation<HALF_BITS> {
        Permutation::keyed(&IndexKey::from_bytes([key; 32]))
    }

    #[test]
    fn every_number_of_a_small_domain_is_reached_exactly_once() {
        for key in 0..4 {
            let permutation = narrow::<7>(key);
            let images: HashSet<_> =
                (0..1 << 14).map(|number| permutation.forward(number).unwrap()).collect();
            assert_eq!(images.len(), 1 << 14);
            assert!(images.iter().all(|&image| image < 1 << 14));
            assert!(
                (0..1 << 14)
                    .all(|number| permutation.inverse(permutation.forward(number).unwrap()) == Some(number))
            );
            assert_eq!(permutation.forward(1 << 14), None);
            assert_eq!(permutation.inverse(1 << 14), None);
        }
    }

    #[test]
    fn two_keys_agree_no_more_often_than_by_chance() {
        let (one, other) = (narrow::<7>(1), narrow::<7>(2));
        let agreeing = (0..1 << 14).filter(|&number| one.forward(number) == other.forward(number)).count();
        assert!(agreeing < 12, "{agreeing}");
    }
}
