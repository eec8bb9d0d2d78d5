//! One file or folder a command. A command reads its input, calls a use case, and prints; it decides nothing.

pub(crate) mod copy;
pub(crate) mod customer;
pub(crate) mod database_arguments;
pub(crate) mod dev;
pub(crate) mod doctor;
mod instant;
pub(crate) mod key;
pub(crate) mod lists;
pub(crate) mod master_key;
pub(crate) mod migrate;
pub(crate) mod platform;
pub(crate) mod reference;
pub(crate) mod serve;
mod shell;
pub(crate) mod sign;
mod table;
