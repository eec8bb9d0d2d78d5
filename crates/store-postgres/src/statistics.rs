//! What the engine did, for metrics and tests: counters without locks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a store did since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Statements that stored customers, each a commit.
    pub commits: u64,
    /// Creates in these statements, those that met a row included. Repetitions that are looked up first are in none.
    pub commands: u64,
    /// Creates that wait for a writer now.
    pub queue_depth: u64,
    /// Connections that were lost and made again.
    pub reconnections: u64,
    /// How often a connection came to a server whose commits wait for no replica, after one whose commits did: from then on
    /// a failover loses what was accepted.
    pub replicas_lost: u64,
    /// Creates whose outcome was lost with a connection and found out afterwards.
    pub outcomes_found: u64,
}

/// The counters behind `Statistics`.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    commands: AtomicU64,
    reconnections: AtomicU64,
    outcomes_found: AtomicU64,
    replicas_lost: AtomicU64,
    waits_for_replica: AtomicBool,
}

impl Counters {
    /// Counts a statement of this many creates.
    pub(crate) fn count_commit(&self, commands: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commands.fetch_add(u64::try_from(commands).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Counts a connection that was made again.
    pub(crate) fn count_reconnection(&self) {
        self.reconnections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts if commits wait for a replica no longer.
    pub(crate) fn note_replicas(&self, waits: bool) {
        if self.waits_for_replica.swap(waits, Ordering::Relaxed) && !waits {
            self.replicas_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an outcome that was found out.
    pub(crate) fn count_outcome_found(&self) {
        self.outcomes_found.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters now; each is exact, together they may be of slightly different moments.
    pub(crate) fn statistics(&self, queue_depth: usize) -> Statistics {
        Statistics {
            commits: self.commits.load(Ordering::Relaxed),
            commands: self.commands.load(Ordering::Relaxed),
            queue_depth: u64::try_from(queue_depth).unwrap_or(u64::MAX),
            reconnections: self.reconnections.load(Ordering::Relaxed),
            replicas_lost: self.replicas_lost.load(Ordering::Relaxed),
            outcomes_found: self.outcomes_found.load(Ordering::Relaxed),
        }
    }
}
