//! The numbers of customers that are not created yet.
//!
//! Counts up from behind every number that may have been handed out, and keeps a durable mark ahead of itself. A number
//! whose create stored nothing comes back and is handed out again, so that no flood of replays uses the numbers up.
//! Invariants: no number is out twice at one time; the mark on the disk is past every number handed out.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use registrar_domain::codes::CUSTOMER_NUMBERS;
use registrar_domain::ids::CustomerNumber;
use registrar_domain::store::StoreFailure;

use crate::limits::{NUMBERS_MARKED_AHEAD, NUMBERS_SKIPPED_AFTER_A_COPY, RETURNED_NUMBERS_MAX};
use crate::number_mark::{MarkFound, NumberMark};

/// The counter of one server, and what came back.
#[derive(Debug)]
pub(crate) struct Numbers {
    mark: NumberMark,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: u32,
    /// What the mark says: from here on a number is handed out only after the mark has moved.
    marked: u32,
    returned: Vec<CustomerNumber>,
}

/// Where counting begins, and whether that is after a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) next: u32,
    /// The database or its mark was put back from a copy, or moved.
    pub(crate) after_copy: bool,
}

/// Where to begin, by what the database and the mark know.
///
/// A mark that is missing or a copy says that customers may have been accepted which neither knows: their codes are
/// skipped, as far as `NUMBERS_SKIPPED_AFTER_A_COPY` reaches.
pub(crate) fn beginning(next_stored: u32, mark: MarkFound) -> Beginning {
    let (marked, after_copy) = match mark {
        MarkFound::Genuine(next) => (next, false),
        MarkFound::Missing => (0, next_stored > 0),
        MarkFound::Copied(next) => (next, true),
    };
    let known = next_stored.max(marked);
    let next = if after_copy { known.saturating_add(NUMBERS_SKIPPED_AFTER_A_COPY) } else { known };
    Beginning { next: next.min(CUSTOMER_NUMBERS), after_copy }
}

impl Numbers {
    /// Where the counter of the database at `path`, whose rows end before `next_stored`, begins.
    pub(crate) fn look(path: &Path, next_stored: u32) -> io::Result<Beginning> {
        Ok(beginning(next_stored, NumberMark::beside(path).read()?))
    }

    /// Opens the counter. From here on the mark is taken for the last server's own, so whatever else a copy asks for must
    /// have been done before.
    pub(crate) fn open(path: &Path, beginning: Beginning) -> io::Result<Self> {
        let mark = NumberMark::beside(path);
        mark.write(beginning.next)?;
        let state = State { next: beginning.next, marked: beginning.next, returned: Vec::new() };
        Ok(Self { mark, state: Mutex::new(state) })
    }

    /// A number that nobody else has.
    pub(crate) fn reserve(&self) -> Result<CustomerNumber, StoreFailure> {
        let mut state =
            self.state.lock().map_err(|_| StoreFailure::Internal("the counter is broken".to_owned()))?;
        if let Some(number) = state.returned.pop() {
            return Ok(number);
        }
        if state.next >= CUSTOMER_NUMBERS {
            return Err(StoreFailure::Unavailable(format!(
                "all {CUSTOMER_NUMBERS} participant codes were handed out; begin another installation"
            )));
        }
        if state.next >= state.marked {
            let marked = state.next.saturating_add(NUMBERS_MARKED_AHEAD).min(CUSTOMER_NUMBERS);
            self.mark.write(marked).map_err(|error| {
                StoreFailure::Unavailable(format!("the mark beside the database cannot be written: {error}"))
            })?;
            state.marked = marked;
        }
        let number = state.next;
        state.next += 1;
        Ok(CustomerNumber(number))
    }

    /// Takes back a number under which nothing was stored; what nobody remembers is skipped.
    pub(crate) fn give_back(&self, number: CustomerNumber) {
        if let Ok(mut state) = self.state.lock()
            && state.returned.len() < RETURNED_NUMBERS_MAX
        {
            state.returned.push(number);
        }
    }
}

impl Drop for Numbers {
    /// Moves the mark back to what was really handed out, so that an orderly stop skips nothing.
    fn drop(&mut self) {
        if let Ok(state) = self.state.get_mut()
            && state.next < state.marked
        {
            // A mark that stays too high only skips numbers.
            let _ = self.mark.write(state.next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &tempfile::TempDir, next_stored: u32) -> (Numbers, Beginning) {
        let path = folder.path().join("r.db");
        let beginning = Numbers::look(&path, next_stored).unwrap();
        (Numbers::open(&path, beginning).unwrap(), beginning)
    }

    fn marked(folder: &tempfile::TempDir) -> MarkFound {
        NumberMark::beside(&folder.path().join("r.db")).read().unwrap()
    }

    #[test]
    fn a_number_given_back_is_handed_out_before_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (numbers, _) = open(&folder, 0);
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(0)));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(1)));
        numbers.give_back(CustomerNumber(0));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(0)));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(2)));
    }

    #[test]
    fn the_mark_is_ahead_of_every_number_and_exact_after_an_orderly_stop() {
        let folder = tempfile::tempdir().unwrap();
        let (numbers, _) = open(&folder, 0);
        for expected in 0..=NUMBERS_MARKED_AHEAD {
            assert_eq!(numbers.reserve(), Ok(CustomerNumber(expected)));
        }
        assert_eq!(marked(&folder), MarkFound::Genuine(2 * NUMBERS_MARKED_AHEAD));
        drop(numbers);
        assert_eq!(marked(&folder), MarkFound::Genuine(NUMBERS_MARKED_AHEAD + 1));
        let (_, beginning) = open(&folder, 5);
        assert_eq!(beginning, Beginning { next: NUMBERS_MARKED_AHEAD + 1, after_copy: false });
    }

    #[test]
    fn where_counting_begins() {
        const JUMP: u32 = NUMBERS_SKIPPED_AFTER_A_COPY;
        for (next_stored, mark, next, after_copy) in [
            (0, MarkFound::Missing, 0, false),
            (5, MarkFound::Missing, 5 + JUMP, true),
            (5, MarkFound::Genuine(3), 5, false),
            (5, MarkFound::Genuine(9), 9, false),
            (5, MarkFound::Copied(3), 5 + JUMP, true),
            (5, MarkFound::Copied(9), 9 + JUMP, true),
            (CUSTOMER_NUMBERS - 1, MarkFound::Missing, CUSTOMER_NUMBERS, true),
        ] {
            assert_eq!(
                beginning(next_stored, mark),
                Beginning { next, after_copy },
                "{next_stored} {mark:?}"
            );
        }
    }

    #[test]
    fn the_last_number_is_handed_out_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(&folder, 0));
        let (numbers, _) = open(&folder, CUSTOMER_NUMBERS - 1);
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(CUSTOMER_NUMBERS - 1)));
        for _ in 0..2 {
            assert!(numbers.reserve().unwrap_err().to_string().contains("participant codes"));
        }
        numbers.give_back(CustomerNumber(3));
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(3)));
    }

    #[test]
    fn no_number_is_handed_out_while_the_mark_cannot_move() {
        let folder = tempfile::tempdir().unwrap();
        let (numbers, _) = open(&folder, 0);
        // A folder in the place of the new file: the mark cannot be written, whoever runs this test.
        std::fs::create_dir_all(folder.path().join("r.db-numbers.new/x")).unwrap();
        assert!(matches!(numbers.reserve(), Err(StoreFailure::Unavailable(_))));
        std::fs::remove_dir_all(folder.path().join("r.db-numbers.new")).unwrap();
        assert_eq!(numbers.reserve(), Ok(CustomerNumber(0)));
    }
}
