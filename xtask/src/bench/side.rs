//! Named sides that take turns in one run: what a benchmark compares.
//!
//! Knows nothing of what a side is. Invariant: in a round every side has its turn once, in the same order, so that a drift
//! of the machine meets all of them.

use std::time::Duration;

use crate::Outcome;
use crate::bench::Plan;
use crate::bench::measured::{Figure, Measured, median};

/// One turn of a side, about as long as it is told.
type Turn<'a> = Box<dyn FnMut(Duration) -> Outcome<Measured> + 'a>;

/// One side.
pub(crate) struct Side<'a> {
    /// What it is called in the report.
    pub(crate) name: String,
    /// What its turns gave.
    pub(crate) rounds: Vec<Measured>,
    turn: Turn<'a>,
}

impl<'a> Side<'a> {
    /// A side that has not had a turn.
    pub(crate) fn new(name: &str, turn: impl FnMut(Duration) -> Outcome<Measured> + 'a) -> Self {
        Self { name: name.to_owned(), rounds: Vec::new(), turn: Box::new(turn) }
    }

    /// What its rounds gave, without what its turns hold.
    pub(crate) fn ended(self) -> Side<'static> {
        let gone = |_| Err("this side has ended".into());
        Side { name: self.name, rounds: self.rounds, turn: Box::new(gone) }
    }

    /// The median of a figure over its rounds.
    pub(crate) fn median(&self, figure: Figure) -> f64 {
        median(self.rounds.iter().map(figure))
    }
}

/// Gives all sides their turns; `at` says on which conditions, for the progress and for errors.
pub(crate) fn alternate(sides: &mut [Side<'_>], plan: &Plan, at: &str) -> Outcome<()> {
    for number in 1..=plan.rounds {
        for side in &mut *sides {
            let measured = (side.turn)(Duration::from_secs(plan.seconds))
                .map_err(|why| format!("{}, {at}, round {number}: {why}", side.name))?;
            side.rounds.push(measured);
        }
        println!("bench: {at}, round {number} of {} done", plan.rounds);
    }
    Ok(())
}

/// The side of that name.
pub(crate) fn side<'s, 'a>(sides: &'s [Side<'a>], name: &str) -> Option<&'s Side<'a>> {
    sides.iter().find(|side| side.name == name)
}
