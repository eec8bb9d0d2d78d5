//! The embedded engine: one writer thread with group commit, one that copies the log, a small read pool, migrations, locks.
//!
//! Knows sealed bytes and blind indexes only; every decision is `registrar_domain::rules`. Invariant: an answer is given
//! after its commit is durable (WAL, `synchronous=FULL`), and after a failed sync the engine answers nothing more.

mod api_keys;
mod attachment;
mod audit;
mod connection;
mod copy_source;
mod customers;
mod failure;
mod files;
mod fingerprints;
mod inspect;
mod installation;
pub mod limits;
mod migrations;
mod number_mark;
mod numbers;
mod open_error;
mod options;
mod platforms;
mod readers;
mod relocation;
mod statistics;
mod store;
mod writer;

#[cfg(test)]
mod tests;

pub use copy_source::CopySource;
pub use inspect::{Inspection, inspect};
pub use open_error::OpenError;
pub use options::{OnFatal, Options, Role};
pub use relocation::Relocation;
pub use statistics::Statistics;
pub use store::SqliteStore;
