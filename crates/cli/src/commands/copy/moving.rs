//! The work of a copy: load every table, read everything back and compare, then hand over.
//!
//! Invariant: the source is closed before the target is opened to servers, so at no moment can both be served; whatever
//! happens in between, the same work done again ends in the same state.

use std::collections::BTreeMap;

use registrar_domain::clock::Clock as _;
use registrar_domain::transfer::{Row, Table, first_difference, number_of};
use registrar_store_sqlite::CopySource;

use super::progress::Progress;
use super::stream::stream;
use super::target::{Interrupted, Target};
use crate::failure::Failure;
use crate::system::clock::SystemClock;

/// What became of a table's rows in this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Rows {
    /// Stored now; what an interrupted run had stored is not stored again.
    pub(super) copied: u64,
    /// Read back and found the same.
    pub(super) verified: u64,
}

/// Both sides of a copy that they agree on.
pub(super) struct Moving {
    pub(super) source: CopySource,
    pub(super) target: Target,
    pub(super) progress: Progress,
    pub(super) batch: usize,
}

impl Moving {
    /// Copies, verifies, and hands over.
    pub(super) fn complete(mut self, copy_id: i64) -> Result<BTreeMap<&'static str, Rows>, Failure> {
        self.source.hold()?;
        let mut rows: BTreeMap<&'static str, Rows> = BTreeMap::new();
        for table in Table::ALL {
            rows.entry(table.name()).or_default().copied = self.load(table)?;
        }
        for table in Table::ALL {
            rows.entry(table.name()).or_default().verified = self.verify(table)?;
        }
        let counters = self.source.counters()?;
        self.source.mark_moved(copy_id, SystemClock.now())?;
        self.target.persist(|target| target.finish(copy_id, &counters))?;
        Ok(rows)
    }

    fn load(&mut self, table: Table) -> Result<u64, Failure> {
        let Self { source, target, progress, batch } = self;
        let total = source.count(table, None)?;
        let mut stored = 0;
        target.persist_with(|target| {
            let after = if table.only_grows() { target.connection().last(table)? } else { None };
            let before = match after {
                Some(last) => source.count(table, Some(last)).map_err(Failure::from)?,
                None => 0,
            };
            progress.start(&format!("copying {}", table.name()), total, before);
            stream(source, table, after, *batch, |rows| {
                target.connection().store(table, rows)?;
                target.succeeded();
                stored += count(rows);
                progress.advance(count(rows));
                Ok(())
            })
        })?;
        progress.finish();
        Ok(stored)
    }

    /// Compares every row; what a lost connection interrupts goes on behind the last batch that was found the same.
    fn verify(&mut self, table: Table) -> Result<u64, Failure> {
        let Self { source, target, progress, batch } = self;
        progress.start(&format!("verifying {}", table.name()), source.count(table, None)?, 0);
        let (mut same, mut after) = (0, None);
        target.persist_with(|target| {
            let mut names: Vec<Row> = Vec::new();
            stream(source, table, after, *batch, |ours| {
                let until = ours.last().and_then(number_of);
                if until.is_none() {
                    // Keys that are names come whole, and so are compared below, where what is too much is looked for.
                    names = ours.to_vec();
                    return Ok(());
                }
                let theirs = target.connection().rows(table, after, until, ours.len() + 1)?;
                check(table, ours, &theirs)?;
                target.succeeded();
                after = until;
                same += count(ours);
                progress.advance(count(ours));
                Ok(())
            })?;
            let rest = target.connection().rows(table, after, None, names.len() + 1)?;
            check(table, &names, &rest)?;
            same += count(&names);
            Ok(())
        })?;
        progress.finish();
        Ok(same)
    }
}

fn check(table: Table, ours: &[Row], theirs: &[Row]) -> Result<(), Interrupted> {
    match first_difference(table, ours, theirs) {
        None => Ok(()),
        Some(difference) => Err(Failure::untrusted(
            format!("the target does not hold what the source holds: {difference}"),
            "find out what else writes to the target, then copy into a new, empty database; the source is as it was",
        )
        .into()),
    }
}

fn count(rows: &[Row]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
