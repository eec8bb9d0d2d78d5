//! When the log is copied, and by whom: in pieces beside the writer, the last bit by the writer between two commits, so that
//! the next commit starts the log over.
//!
//! Knows counts of pages only. Invariant: past `limits::LOG_PAGES_MAX`, and a piece at most, the writer copies everything itself.

use crate::limits::{CHECKPOINT_PAGES, LAST_PAGES_MAX, LOG_PAGES, LOG_PAGES_MAX};

/// What to do about the log after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Go,
    /// Have a piece copied beside the writer.
    Copy,
    /// Copy the last bit, so that the log starts over.
    Finish,
    /// Wait for the piece under way, then copy everything: the log has become too long.
    FinishAlone,
}

/// What is known of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pages: u64,
    copied: u64,
    /// Pages at the last attempt of either kind: the next one comes when there is something new to gain by it.
    tried_at: u64,
}

impl Log {
    /// So many pages were copied when the last piece ended.
    pub(super) fn note_copied(&mut self, pages: u64) {
        self.copied = pages;
    }

    /// The log has so many pages after a commit.
    pub(super) fn grown(&mut self, pages: u64, is_copying: bool) -> Step {
        if pages < self.pages {
            // It started over.
            *self = Self::default();
        }
        self.pages = pages;
        let since_tried = pages.saturating_sub(self.tried_at);
        let left = pages.saturating_sub(self.copied);
        let step = if pages >= LOG_PAGES_MAX && since_tried >= CHECKPOINT_PAGES {
            Step::FinishAlone
        } else if is_copying {
            Step::Go
        } else if pages >= LOG_PAGES && left <= LAST_PAGES_MAX && self.copied > 0 {
            Step::Finish
        } else if since_tried >= CHECKPOINT_PAGES {
            Step::Copy
        } else {
            Step::Go
        };
        match step {
            Step::Go => {}
            Step::Copy => self.tried_at = pages,
            Step::Finish | Step::FinishAlone => {
                self.tried_at = pages;
                // Whether it worked shows when the log starts over; until then it is not tried again at each commit.
                self.copied = 0;
            }
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::{Log, Step};
    use crate::limits::{CHECKPOINT_PAGES, LAST_PAGES_MAX, LOG_PAGES, LOG_PAGES_MAX};

    /// A log that grows by `commit` pages at a time; each piece ends `lag` commits after it began. What is done at which length.
    fn run(until: u64, commit: u64, lag: u64, copies: bool) -> Vec<(u64, Step)> {
        let (mut log, mut done, mut ends_at) = (Log::default(), Vec::new(), None);
        for pages in (1..).map(|n| n * commit).take_while(|pages| *pages <= until) {
            if let Some((at, copied)) = ends_at
                && pages >= at
            {
                log.note_copied(if copies { copied } else { 1 });
                ends_at = None;
            }
            let step = log.grown(pages, ends_at.is_some());
            match step {
                Step::Go => continue,
                Step::Copy => ends_at = Some((pages + lag * commit, pages)),
                Step::Finish | Step::FinishAlone => ends_at = None,
            }
            done.push((pages, step));
        }
        done
    }

    #[test]
    fn pieces_are_copied_beside_the_writer_and_the_last_bit_by_it() {
        let done = run(LOG_PAGES + CHECKPOINT_PAGES, 4, 10, true);
        let (last, pieces) = done.split_last().unwrap();
        let expected: Vec<_> =
            (1..=LOG_PAGES / CHECKPOINT_PAGES).map(|n| (n * CHECKPOINT_PAGES, Step::Copy)).collect();
        assert_eq!(pieces, expected);
        assert_eq!(*last, (LOG_PAGES + 40, Step::Finish));
    }

    #[test]
    fn a_piece_that_took_long_is_followed_by_another_before_the_last_bit() {
        let lag = LAST_PAGES_MAX / 4 + 1;
        let done = run(LOG_PAGES + CHECKPOINT_PAGES, 4, lag, true);
        assert_eq!(done.last(), Some(&(LOG_PAGES + CHECKPOINT_PAGES, Step::Copy)));
    }

    #[test]
    fn a_log_that_started_over_is_counted_anew() {
        let mut log = Log::default();
        assert_eq!(log.grown(CHECKPOINT_PAGES, false), Step::Copy);
        log.note_copied(CHECKPOINT_PAGES);
        assert_eq!(log.grown(4, false), Step::Go);
        assert_eq!(log.grown(CHECKPOINT_PAGES - 1, false), Step::Go);
        assert_eq!(log.grown(CHECKPOINT_PAGES, false), Step::Copy);
    }

    #[test]
    fn a_reader_that_stays_makes_an_attempt_follow_each_piece_of_growth_and_no_more() {
        let until = 4 * LOG_PAGES_MAX;
        let done = run(until, 4, 10, false);
        assert!(done.len() as u64 <= until / CHECKPOINT_PAGES, "{}", done.len());
        assert!(done.iter().all(|(pages, step)| (*step == Step::FinishAlone) == (*pages >= LOG_PAGES_MAX)));
    }

    #[test]
    fn a_log_that_has_become_too_long_is_copied_by_the_writer_whatever_goes_on_beside_it() {
        let mut log = Log::default();
        assert_eq!(log.grown(CHECKPOINT_PAGES, false), Step::Copy);
        assert_eq!(log.grown(LOG_PAGES_MAX - 1, true), Step::Go);
        assert_eq!(log.grown(LOG_PAGES_MAX, true), Step::FinishAlone);
        assert_eq!(log.grown(LOG_PAGES_MAX + 1, false), Step::Go);
        assert_eq!(log.grown(LOG_PAGES_MAX + CHECKPOINT_PAGES, false), Step::FinishAlone);
    }
}
