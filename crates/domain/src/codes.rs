//! Platform and participant codes: six characters that say nothing, from one keyed permutation (contract 3.7).
//!
//! A code is the permutation of a row's number, so it needs no index, is unique across both kinds because the numbers
//! are, and cannot be predicted without the installation's key. Invariant: number and code determine each other.

use registrar_crypto::index::IndexKey;
use registrar_crypto::permutation::Permutation;

use crate::ids::{CustomerNumber, PlatformNumber};

const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Characters in a code.
pub const CODE_LENGTH: usize = 6;

/// The numbers below this one belong to platforms: a million platforms, the rest of 2^30 for their customers.
pub const PLATFORM_NUMBERS: u32 = 1 << 20;

/// How many customers an installation can hold.
pub const CUSTOMER_NUMBERS: u32 = (1 << 30) - PLATFORM_NUMBERS;

/// What a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeOwner {
    /// A platform.
    Platform(PlatformNumber),
    /// A customer.
    Customer(CustomerNumber),
}

/// Makes codes from numbers and finds numbers from codes.
pub struct Codes {
    permutation: Permutation,
}

impl Codes {
    /// The codes of the installation with this code key.
    pub fn new(code_key: &IndexKey) -> Self {
        Self { permutation: Permutation::new(code_key) }
    }

    /// The `platform_code`; `None` past the last number a code exists for.
    pub fn platform_code(&self, number: PlatformNumber) -> Option<String> {
        (number.0 < PLATFORM_NUMBERS).then(|| self.spell(number.0)).flatten()
    }

    /// The `participant_code`; `None` past the last number a code exists for.
    pub fn participant_code(&self, number: CustomerNumber) -> Option<String> {
        (number.0 < CUSTOMER_NUMBERS).then(|| self.spell(number.0 + PLATFORM_NUMBERS)).flatten()
    }

    /// What this code stands for, if it is six characters of the alphabet (any case); the row may still not exist.
    pub fn owner(&self, code: &str) -> Option<CodeOwner> {
        if code.len() != CODE_LENGTH {
            return None;
        }
        let mut permuted = 0_u32;
        for byte in code.bytes() {
            let digit = ALPHABET.iter().position(|letter| *letter == byte.to_ascii_uppercase())?;
            permuted = (permuted << 5) | u32::try_from(digit).ok()?;
        }
        let number = self.permutation.inverse(permuted)?;
        Some(match number.checked_sub(PLATFORM_NUMBERS) {
            None => CodeOwner::Platform(PlatformNumber(number)),
            Some(customer) => CodeOwner::Customer(CustomerNumber(customer)),
        })
    }

    /// The number of the platform with this code.
    pub fn platform_number(&self, code: &str) -> Option<PlatformNumber> {
        match self.owner(code)? {
            CodeOwner::Platform(number) => Some(number),
            CodeOwner::Customer(_) => None,
        }
    }

    /// The number of the customer with this code.
    pub fn customer_number(&self, code: &str) -> Option<CustomerNumber> {
        match self.owner(code)? {
            CodeOwner::Customer(number) => Some(number),
            CodeOwner::Platform(_) => None,
        }
    }

    fn spell(&self, number: u32) -> Option<String> {
        let permuted = self.permutation.forward(number)?;
        let mut code = String::with_capacity(CODE_LENGTH);
        for place in (0..CODE_LENGTH).rev() {
            code.push(char::from(*ALPHABET.get(((permuted >> (5 * place)) & 31) as usize)?));
        }
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_both_kinds_never_meet() {
        let codes = Codes::new(&IndexKey::from_bytes([7; 32]));
        let mut seen = std::collections::HashSet::new();
        for number in 0..5_000 {
            assert!(seen.insert(codes.platform_code(PlatformNumber(number)).unwrap()));
            assert!(seen.insert(codes.participant_code(CustomerNumber(number)).unwrap()));
        }
    }

    #[test]
    fn another_installation_gives_another_code() {
        let number = CustomerNumber(1);
        let code = |key| Codes::new(&IndexKey::from_bytes(key)).participant_code(number);
        assert_ne!(code([1; 32]), code([2; 32]));
    }

    #[test]
    fn text_that_is_no_code_has_no_owner() {
        let codes = Codes::new(&IndexKey::from_bytes([7; 32]));
        for text in ["", "ABCDE", "ABCDEFG", "ABCDE0", "ABCDE1", "ABCDEI", "ABCDEO", "ABCD\u{e9}"] {
            assert_eq!(codes.owner(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_past_the_space_have_no_code() {
        let codes = Codes::new(&IndexKey::from_bytes([7; 32]));
        assert_eq!(codes.platform_code(PlatformNumber(PLATFORM_NUMBERS)), None);
        assert_eq!(codes.participant_code(CustomerNumber(CUSTOMER_NUMBERS)), None);
        assert!(codes.participant_code(CustomerNumber(CUSTOMER_NUMBERS - 1)).is_some());
    }

    proptest! {
        #[test]
        fn a_code_leads_back_to_its_number(number in 0..CUSTOMER_NUMBERS, key: [u8; 32]) {
            let codes = Codes::new(&IndexKey::from_bytes(key));
            let code = codes.participant_code(CustomerNumber(number)).unwrap();
            prop_assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)));
            prop_assert_eq!(codes.owner(&code), Some(CodeOwner::Customer(CustomerNumber(number))));
            prop_assert_eq!(codes.owner(&code.to_lowercase()), Some(CodeOwner::Customer(CustomerNumber(number))));
        }
    }
}
