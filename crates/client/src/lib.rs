//! The signed client: signs exactly the bytes it sends, sends them, repeats what is safe to repeat, reads typed answers.
//!
//! Knows no files and no command line; time, waiting and randomness come in through `Surroundings`.
//! Invariant: every attempt of one call carries the same body, and no error or `Debug` output shows any of it.

mod base_url;
mod client;
mod error;
mod retry;
mod signing;
mod trust;

pub use client::{Answer, Client, ClientOptions};
pub use error::ClientError;
pub use retry::Surroundings;
pub use signing::{SignedHeaders, Signer, check_target, check_timestamp};
