//! Ratios of two sides with their spread, held against what they must and should reach.

use serde_json::{Value, json};

use crate::bench::measured::{Figure, median};
use crate::bench::report::rounded;
use crate::bench::side::Side;

/// What a ratio must not lose (the floor) and should reach (the goal).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// More is better.
    AtLeast {
        /// What must not be lost, where something was reached before.
        floor: Option<f64>,
        /// What to reach.
        goal: f64,
    },
    /// Less is better.
    AtMost {
        /// What must not be exceeded, where something was reached before.
        floor: Option<f64>,
        /// What to reach.
        goal: f64,
    },
}

/// More is better.
pub(crate) const fn at_least(floor: f64, goal: f64) -> Goal {
    Goal::AtLeast { floor: Some(floor), goal }
}

/// Less is better.
pub(crate) const fn at_most(floor: Option<f64>, goal: f64) -> Goal {
    Goal::AtMost { floor, goal }
}

/// One ratio.
pub(crate) struct Ratio {
    what: String,
    value: f64,
    lowest: f64,
    highest: f64,
    goal: Option<Goal>,
}

impl Ratio {
    /// The medians' ratio; its spread is that of the ratios within each round.
    pub(crate) fn between(what: &str, over: &Side<'_>, under: &Side<'_>, figure: Figure) -> Self {
        let each = over.rounds.iter().zip(&under.rounds).map(|(over, under)| figure(over) / figure(under));
        Self::of(what, over.median(figure) / under.median(figure), each)
    }

    /// The median of the ratios within each round: for many short rounds on a machine whose speed changes between them.
    pub(crate) fn paired(what: &str, over: &Side<'_>, under: &Side<'_>, figure: Figure) -> Self {
        let each = over.rounds.iter().zip(&under.rounds).map(|(over, under)| figure(over) / figure(under));
        Self::of(what, median(each.clone()), each)
    }

    /// A ratio taken otherwise: its value, and what each round gave.
    pub(crate) fn of(what: &str, value: f64, each: impl Iterator<Item = f64> + Clone) -> Self {
        let lowest = each.clone().fold(f64::INFINITY, f64::min);
        let highest = each.fold(f64::NEG_INFINITY, f64::max);
        Self { what: what.to_owned(), value, lowest, highest, goal: None }
    }

    /// One side's own ratio of two figures.
    pub(crate) fn within(what: &str, side: &Side<'_>, over: Figure, under: Figure) -> Self {
        let each = side.rounds.iter().map(|round| over(round) / under(round));
        Self::of(what, median(each.clone()), each)
    }

    /// Says what it is held against.
    #[must_use]
    pub(crate) fn held_against(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    fn verdict(&self) -> &'static str {
        let (meets_goal, floor_holds) = match self.goal {
            None => return "",
            Some(Goal::AtLeast { floor, goal }) => {
                (self.value >= goal, floor.is_some_and(|floor| self.value >= floor))
            }
            Some(Goal::AtMost { floor, goal }) => {
                (self.value <= goal, floor.is_some_and(|floor| self.value <= floor))
            }
        };
        match (meets_goal, floor_holds) {
            (true, _) => "goal met",
            (false, true) => "floor held",
            (false, false) => "MISSED",
        }
    }

    /// A line for readers.
    pub(crate) fn line(&self) -> String {
        let Self { what, value, lowest, highest, .. } = self;
        let told = match self.goal {
            None => String::new(),
            Some(Goal::AtLeast { floor, goal }) => format!("{}goal ≥ {goal}: ", floor_text("≥", floor)),
            Some(Goal::AtMost { floor, goal }) => format!("{}goal ≤ {goal}: ", floor_text("≤", floor)),
        };
        format!("{what}: {value:.2} ({lowest:.2} to {highest:.2})  {told}{}", self.verdict())
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let (floor, goal) = match self.goal {
            None => (None, None),
            Some(Goal::AtLeast { floor, goal } | Goal::AtMost { floor, goal }) => (floor, Some(goal)),
        };
        json!({
            "what": self.what, "value": rounded(self.value), "lowest": rounded(self.lowest),
            "highest": rounded(self.highest), "floor": floor, "goal": goal, "verdict": self.verdict(),
        })
    }
}

fn floor_text(sign: &str, floor: Option<f64>) -> String {
    floor.map(|floor| format!("floor {sign} {floor}, ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::Measured;

    fn side(rates: &[u32]) -> Side<'static> {
        let mut side = Side::new("one", |_| Err("no turn".into()));
        side.rounds = rates.iter().map(|rate| Measured::rate_alone(*rate as usize, 1.0)).collect();
        side
    }

    #[test]
    fn a_ratio_compares_medians_and_tells_the_spread_within_rounds() {
        let ratio =
            Ratio::between("a ÷ b", &side(&[400, 500, 900]), &side(&[1000, 1000, 1000]), |one| one.rate);
        assert_eq!(ratio.json()["value"], 0.5);
        assert_eq!(ratio.json()["lowest"], 0.4);
        assert_eq!(ratio.json()["highest"], 0.9);
    }

    #[test]
    fn a_paired_ratio_is_the_median_of_the_rounds_own() {
        let ratio = Ratio::paired("", &side(&[100, 300, 100]), &side(&[100, 100, 200]), |one| one.rate);
        assert_eq!(ratio.json()["value"], 1.0);
        assert_eq!(ratio.json()["lowest"], 0.5);
        assert_eq!(ratio.json()["highest"], 3.0);
    }

    #[test]
    fn the_verdict_tells_goal_floor_and_neither() {
        let verdict =
            |goal| Ratio::between("", &side(&[2]), &side(&[1]), |one| one.rate).held_against(goal).verdict();
        assert_eq!(verdict(at_least(1.0, 2.0)), "goal met");
        assert_eq!(verdict(at_least(1.5, 2.5)), "floor held");
        assert_eq!(verdict(at_least(3.0, 4.0)), "MISSED");
        assert_eq!(verdict(at_most(Some(3.0), 2.0)), "goal met");
        assert_eq!(verdict(at_most(Some(3.0), 1.0)), "floor held");
        assert_eq!(verdict(at_most(None, 1.0)), "MISSED");
    }

    #[test]
    fn a_figure_that_is_missing_meets_nothing() {
        let none = Ratio::within("", &side(&[2]), |one| one.p99_us, |one| one.p50_us);
        assert_eq!(none.held_against(at_most(None, 10.0)).verdict(), "MISSED");
    }
}
