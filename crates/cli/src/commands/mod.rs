//! One file a command. A command reads its input, calls a use case, and prints; it decides nothing.

pub(crate) mod customer;
pub(crate) mod master_key;
pub(crate) mod reference;
pub(crate) mod serve;
mod shell;
pub(crate) mod sign;
