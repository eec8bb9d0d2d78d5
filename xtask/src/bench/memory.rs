//! `cargo xtask bench memory`: what the server holds in memory after many creates.

use std::time::Duration;

use crate::Outcome;
use crate::bench::MemoryArguments;
use crate::bench::round::{Prepared, round};
use crate::load::{Connections, Signer};
use crate::machine::{fresh_seed, memory_bytes};
use crate::server::{Credentials, Launch, registrar, scratch};

/// Requests signed at once: few enough that their timestamps are fresh when they are sent.
const PORTION: usize = 20_000;

/// Longer than a portion can take.
const PORTION_WITHIN: Duration = Duration::from_mins(1);

/// Creates the customers and prints the server's memory before and after.
pub(crate) fn memory(arguments: &MemoryArguments) -> Outcome<()> {
    let folder = scratch("bench-memory")?;
    let launch = Launch::new(&registrar(arguments.binary.as_deref(), true, &folder)?, &folder);
    let server = launch.start()?;
    let signer = Signer::new(&Credentials::of(&launch.data)?)?;
    let resident = || memory_bytes(server.pid(), "VmRSS");
    let at_start = resident()?;
    let mut connections = Connections::open(server.address, arguments.connections)?;
    let run = fresh_seed() & 0xFFFF_FFFF;
    let mut created = 0;
    while created < arguments.customers {
        let count = PORTION.min(arguments.customers - created);
        let prepared = Prepared::new(&signer, run, created as u64, count);
        created += round(&mut connections, server.pid(), prepared, PORTION_WITHIN)?.answers;
    }
    let (after, peak) = (resident()?, memory_bytes(server.pid(), "VmHWM")?);
    let connections = arguments.connections;
    println!("memory after {created} creates at {connections} connections (resident, bytes and MiB):");
    for (name, bytes) in [("at start", at_start), ("after", after), ("peak", peak)] {
        println!("  {name:<9} {bytes:>12}  {:>6}.{} MiB", bytes >> 20, ((bytes % (1 << 20)) * 10) >> 20);
    }
    Ok(())
}
