//! How far a copy is: a bar on a terminal, lines for a log, or nothing. On standard error, and without colours.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output;

/// How often a line is written.
const LINES_EVERY: Duration = Duration::from_secs(5);

const BAR: &str = "{msg:28} {wide_bar} {human_pos}/{human_len} {rate} {eta}";

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    /// A bar on a terminal, nothing elsewhere
    Bar,
    /// A line when a table begins and ends, and every five seconds
    Lines,
}

/// The progress of one command; clones show the same.
#[derive(Clone)]
pub(super) struct Progress {
    shown: Shown,
    bar: ProgressBar,
    lines: Arc<Mutex<Lines>>,
}

struct Lines {
    what: String,
    total: u64,
    done: u64,
    told_at: Instant,
}

fn write_rate(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    // A bar that cannot be written is no failure of the copy.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

impl Progress {
    /// Nothing has begun.
    pub(super) fn new(shown: Shown) -> Self {
        let lines = Lines { what: String::new(), total: 0, done: 0, told_at: Instant::now() };
        // The bar itself stays hidden where standard error is no terminal.
        let drawn = match shown {
            Shown::Bar => ProgressDrawTarget::stderr(),
            Shown::Lines => ProgressDrawTarget::hidden(),
        };
        Self { shown, bar: ProgressBar::with_draw_target(None, drawn), lines: Arc::new(Mutex::new(lines)) }
    }

    /// Begins, or begins again, with so many of so many rows done.
    pub(super) fn start(&self, what: &str, total: u64, done: u64) {
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            self.bar.set_style(style.with_key("rate", write_rate));
        }
        self.bar.reset();
        self.bar.set_message(what.to_owned());
        self.bar.set_length(total);
        self.bar.set_position(done);
        // The time and speed that are shown count from here.
        self.bar.reset_eta();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        *lines = Lines { what: what.to_owned(), total, done, told_at: Instant::now() };
        self.line(&lines);
    }

    /// So many rows more.
    pub(super) fn advance(&self, rows: u64) {
        self.bar.inc(rows);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.done += rows;
        if lines.told_at.elapsed() >= LINES_EVERY {
            lines.told_at = Instant::now();
            self.line(&lines);
        }
    }

    /// The rows of this table are done.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.total > 0 {
            lines.done = lines.total;
            self.line(&lines);
        }
    }

    /// Something that whoever watches should know; also where no progress is shown.
    pub(super) fn tell(&self, line: &str) {
        self.bar.suspend(|| output::tell(line));
    }

    fn line(&self, lines: &Lines) {
        if self.shown == Shown::Lines {
            output::tell(&format!("{}: {} of {} rows", lines.what, lines.done, lines.total));
        }
    }
}
