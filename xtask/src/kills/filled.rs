//! Customers that the database holds before the first kill: stored, and found unchanged in the end.
//!
//! Invariant: every one of them is accounted for by its row, column for column; `Load` asks for some of them again.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::Outcome;
use crate::kills::rows::Rows;
use crate::load::Findings;
use crate::process::{example, output};

/// They and what the database held of them then.
pub(crate) struct Filled {
    before: Rows,
}

impl Filled {
    /// Stores so many through the engine, in the data folder of a server that has ended.
    pub(crate) fn store(data: &Path, customers: u64) -> Outcome<Self> {
        if customers == 0 {
            return Ok(Self { before: Rows::read(data, -1)? });
        }
        let engine = example("engine")?;
        println!("kills: storing {customers} customers");
        let begun = Instant::now();
        output(Command::new(engine).arg("fill").arg(data).arg(customers.to_string()))?;
        println!("kills: stored in {:.0} s", begun.elapsed().as_secs_f64());
        let before = Rows::read(data, i64::MAX)?;
        if before.old != customers {
            return Err(format!("{} customers are stored instead of {customers}", before.old).into());
        }
        Ok(Self { before })
    }

    /// How many.
    pub(crate) fn count(&self) -> u64 {
        self.before.old
    }

    /// What the database holds now, its old customers being these.
    pub(crate) fn read_again(&self, data: &Path) -> Outcome<Rows> {
        Rows::read(data, self.before.last)
    }

    /// Compares what is there in the end with what was there before the first kill.
    pub(crate) fn compare(&self, after: &Rows, findings: &mut Findings) {
        findings.lost += self.before.old.saturating_sub(after.old);
        findings.doubled += after.old.saturating_sub(self.before.old);
        findings.differing += u64::from(after.old_digest != self.before.old_digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(old: u64, old_digest: &str, new: u64) -> Rows {
        Rows { old, old_digest: old_digest.to_owned(), new, last: 9 }
    }

    fn found(after: &Rows) -> (u64, u64, u64) {
        let (filled, mut findings) = (Filled { before: rows(9, "same", 0) }, Findings::default());
        filled.compare(after, &mut findings);
        (findings.lost, findings.doubled, findings.differing)
    }

    #[test]
    fn old_rows_that_are_gone_more_or_changed_are_found_and_new_ones_are_none_of_them() {
        assert_eq!(found(&rows(9, "same", 77)), (0, 0, 0));
        assert_eq!(found(&rows(7, "other", 0)), (2, 0, 1));
        assert_eq!(found(&rows(10, "other", 0)), (0, 1, 1));
        assert_eq!(found(&rows(9, "other", 0)), (0, 0, 1));
    }
}
