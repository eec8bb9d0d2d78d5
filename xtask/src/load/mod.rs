//! The load that `kills`, `failovers` and `bench` put on servers: customers, signed requests, the connections that carry
//! them, and the ledger of what was promised.
//!
//! Signs by itself and knows nothing of the server's crates, so that a mistake in them is not repeated here.
//! Invariant: one request in flight per connection; each request ends in exactly one call of `Traffic`.

mod connections;
mod customers;
mod dice;
mod ledger;
mod mixture;
mod signing;
mod single;

pub(crate) use connections::{Connections, Reply, Traffic, parse_reply};
pub(crate) use customers::{Customer, uuid};
pub(crate) use dice::Dice;
pub(crate) use ledger::{Findings, Ledger, Standing};
pub(crate) use mixture::add_person;
pub(crate) use signing::Signer;
pub(crate) use single::{get, submit};
