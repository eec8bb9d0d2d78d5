//! What the writer did, for metrics and tests: counters without locks.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the batch sizes that are counted apart.
const BATCH_SIZE_BOUNDS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// What a store did since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Transactions committed.
    pub commits: u64,
    /// Commands in these transactions.
    pub commands: u64,
    /// Of the commits, how many held at most so many commands and more than the bound before: `(bound, commits)`.
    pub batch_sizes: [(u64, u64); 10],
    /// Commands that wait for the writer now.
    pub queue_depth: u64,
    /// Checkpoints of the log.
    pub checkpoints: u64,
    /// Pages in the log after the last commit.
    pub log_pages: u64,
}

/// The counters behind `Statistics`.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    commands: AtomicU64,
    batch_sizes: [AtomicU64; 10],
    pub(crate) queue_depth: AtomicU64,
    checkpoints: AtomicU64,
    log_pages: AtomicU64,
}

impl Counters {
    /// Counts a commit of this many commands.
    pub(crate) fn count_commit(&self, commands: usize) {
        let commands = u64::try_from(commands).unwrap_or(u64::MAX);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commands.fetch_add(commands, Ordering::Relaxed);
        let bounds = BATCH_SIZE_BOUNDS.iter().zip(&self.batch_sizes);
        if let Some((_, counter)) = bounds.into_iter().find(|(bound, _)| commands <= **bound) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a checkpoint.
    pub(crate) fn count_checkpoint(&self) {
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes the pages in the log.
    pub(crate) fn note_log_pages(&self, pages: u64) {
        self.log_pages.store(pages, Ordering::Relaxed);
    }

    /// The pages in the log that were noted last.
    pub(crate) fn log_pages(&self) -> u64 {
        self.log_pages.load(Ordering::Relaxed)
    }

    /// The counters now; each is exact, together they may be of slightly different moments.
    pub(crate) fn statistics(&self) -> Statistics {
        let mut batch_sizes = [(0, 0); 10];
        for ((size, bound), counter) in batch_sizes.iter_mut().zip(BATCH_SIZE_BOUNDS).zip(&self.batch_sizes) {
            *size = (bound, counter.load(Ordering::Relaxed));
        }
        Statistics {
            commits: self.commits.load(Ordering::Relaxed),
            commands: self.commands.load(Ordering::Relaxed),
            batch_sizes,
            queue_depth: self.queue_depth.load(Ordering::Relaxed),
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
            log_pages: self.log_pages(),
        }
    }
}
