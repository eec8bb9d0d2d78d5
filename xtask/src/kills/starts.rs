//! How long starts took after kills.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// From the start of the process until it accepts requests.
#[derive(Default)]
pub(crate) struct Starts(Vec<Duration>);

impl Starts {
    /// Takes note of one.
    pub(crate) fn enter(&mut self, took: Duration) {
        self.0.push(took);
    }
}

impl Display for Starts {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let (Some(least), Some(median), Some(most)) =
            (sorted.first(), sorted.get(sorted.len() / 2), sorted.last())
        else {
            return formatter.write_str("none");
        };
        let [least, median, most] = [least, median, most].map(Duration::as_secs_f64);
        write!(formatter, "{}: least {least:.3} s, median {median:.3} s, most {most:.3} s", sorted.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_median_and_most_are_told_in_whatever_order_they_came() {
        let mut starts = Starts::default();
        assert_eq!(starts.to_string(), "none");
        for milliseconds in [300, 100, 1_200] {
            starts.enter(Duration::from_millis(milliseconds));
        }
        assert_eq!(starts.to_string(), "3: least 0.100 s, median 0.300 s, most 1.200 s");
    }
}
