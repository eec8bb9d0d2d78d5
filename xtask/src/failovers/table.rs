//! The figures of a run, for each kind of fault.

use std::time::Duration;

use crate::failovers::fault::Fault;
use crate::failovers::watch::Outage;

/// One fault of a run.
pub(crate) struct Event {
    /// What was done.
    pub(crate) fault: Fault,
    /// Whether another node led afterwards.
    pub(crate) moved: bool,
    /// What clients saw of it.
    pub(crate) outage: Outage,
}

/// Prints a line for each kind that happened and one for all.
pub(crate) fn print(events: &[Event]) {
    println!(
        "\n{:<20} {:>5} {:>6}  {:^20}  {:^20} {:>8} {:>9}",
        "", "", "new", "no writes, seconds", "the slowest server", "unknown", "by more"
    );
    println!(
        "{:<20} {:>5} {:>6}  {:>6} {:>6} {:>6}  {:>6} {:>6} {:>6} {:>8} {:>9}",
        "fault", "count", "leader", "min", "median", "max", "min", "median", "max", "outcomes", "than one"
    );
    for fault in Fault::ALL {
        let of_kind: Vec<_> = events.iter().filter(|event| event.fault == fault).collect();
        if !of_kind.is_empty() {
            print_line(fault.name(), &of_kind);
        }
    }
    print_line("all", &events.iter().collect::<Vec<_>>());
}

fn print_line(name: &str, events: &[&Event]) {
    let moved = events.iter().filter(|event| event.moved).count();
    let any = spread(events.iter().map(|event| event.outage.any));
    let each = spread(events.iter().map(|event| event.outage.each));
    let unknown: usize = events.iter().map(|event| event.outage.unknown).sum();
    let stubborn: usize = events.iter().map(|event| event.outage.stubborn).sum();
    println!("{name:<20} {:>5} {moved:>6}  {any}  {each} {unknown:>8} {stubborn:>9}", events.len());
}

/// Least, median and most, in seconds.
fn spread(values: impl Iterator<Item = Duration>) -> String {
    let mut seconds: Vec<f64> = values.map(|value| value.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    let at = |place: usize| seconds.get(place).copied().unwrap_or_default();
    format!("{:>6.1} {:>6.1} {:>6.1}", at(0), at(seconds.len() / 2), at(seconds.len().saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_least_median_and_most() {
        let seconds = [3, 1, 20].map(Duration::from_secs);
        assert_eq!(spread(seconds.into_iter()), "   1.0    3.0   20.0");
    }
}
