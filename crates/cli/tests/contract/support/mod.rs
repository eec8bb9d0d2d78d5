//! What the tests of the built binary share: a server of their own, requests byte by byte, signatures, bodies, answers.
//!
//! Knows the command line and the wire, nothing of the program's insides; the signature alone is made by the library
//! that the published vectors verify. Invariant: every answer that is read through here has the form of contract 2.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod clock;
pub(crate) mod connection;
pub(crate) mod registrar;
pub(crate) mod request;
pub(crate) mod signer;
