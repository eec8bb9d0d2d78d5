//! Request signatures and their hints, sealing, blind indexes, master keys.
//!
//! Knows no HTTP, no database, no clock and no source of randomness: random bytes are parameters. Invariant: no output,
//! error or `Debug` shows a key, a secret, a passphrase, a right signature or a plaintext, and what is secret is compared in
//! constant time and wiped when dropped.

mod aead;
pub mod hints;
pub mod index;
pub mod keyring;
pub mod permutation;
pub mod seal;
pub mod signature;

pub use aead::{NONCE_BYTES, OpenError, SealError};
pub use zeroize::{Zeroize, Zeroizing};
