//! The engine on PostgreSQL: creates in batches on a few connections, everything else a transaction each, migrations.
//!
//! Knows sealed bytes and blind indexes only; every decision is `registrar_domain::rules`. Holds no state that another
//! server would miss: any number of them may work on one database. Invariant: an answer is given after its commit is
//! durable, and about a row that was found only after a commit behind it is.

mod address;
mod api_keys;
mod audit;
mod copy;
mod customers;
mod decode;
mod desk;
mod encryption;
mod engine;
mod experience;
mod failure;
mod identity;
mod insert;
mod inspect;
mod installation;
pub mod limits;
mod migrate_command;
mod migrations;
mod numbers;
mod open_error;
mod options;
mod platforms;
mod privileges;
mod queue;
mod rights;
mod scope;
mod session;
mod statistics;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod writer;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use copy::{CopyTarget, TargetError, TargetState, Withdrawal};
pub use encryption::Protection;
pub use inspect::{Inspection, inspect, migrate, migrate_for};
pub use open_error::OpenError;
pub use options::Role;
pub use rights::RoleRights;
pub use statistics::Statistics;
pub use store::PostgresStore;
