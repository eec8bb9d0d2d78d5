//! What the last batches met, by which all writers begin the next one.
//!
//! Knows counts, not creates. Invariant: a wrong guess costs work and changes no answer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::insert::Form;
use crate::limits::CAREFUL_BATCHES;

/// How a batch is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether the creates are looked up by their `request_id` before they are stored.
    pub(crate) looks_first: bool,
    /// Where a row in the way is looked for as they are stored.
    pub(crate) form: Form,
}

/// What was met.
#[derive(Debug, Default)]
pub(crate) struct Experience {
    expects_rows: AtomicBool,
    careful_batches: AtomicU32,
}

impl Experience {
    /// The manner of the next batch: where most creates are repetitions, as after an outage, to look them up first is a
    /// statement less.
    pub(crate) fn manner(&self) -> Manner {
        let order = Ordering::Relaxed;
        let is_careful = self.careful_batches.try_update(order, order, |left| left.checked_sub(1)).is_ok();
        Manner {
            looks_first: self.expects_rows.load(order),
            form: if is_careful { Form::Careful } else { Form::Quick },
        }
    }

    /// Notes how many creates of a batch met a row; before any is answered, so that a caller's next one finds it noted.
    pub(crate) fn note_met(&self, met: usize, of: usize) {
        self.expects_rows.store(met * 2 > of, Ordering::Relaxed);
    }

    /// Notes that a row under another index than the e-mail's failed a quick statement.
    pub(crate) fn note_failed(&self) {
        self.careful_batches.store(CAREFUL_BATCHES, Ordering::Relaxed);
    }
}
