//! What one round of one side measured.

use std::time::Duration;

/// The figures of a round; one that a side cannot know is not a number (NaN) and reported as missing.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Answers, all of them as expected.
    pub(crate) answers: usize,
    /// Answers per second.
    pub(crate) rate: f64,
    /// Half of the answers came within this many microseconds.
    pub(crate) p50_us: f64,
    /// 90 of 100.
    pub(crate) p90_us: f64,
    /// 99 of 100.
    pub(crate) p99_us: f64,
    /// 999 of 1,000.
    pub(crate) p999_us: f64,
    /// CPU time of the server for each answer, in microseconds; a database server beside it counts.
    pub(crate) server_cpu_us: f64,
    /// How many cores the server used.
    pub(crate) server_cores: f64,
    /// How many cores the load generator used; near 1 it would be the limit.
    pub(crate) load_cores: f64,
    /// Bytes of the last answer's body.
    pub(crate) answer_bytes: usize,
}

/// One figure of a round.
pub(crate) type Figure = fn(&Measured) -> f64;

/// The figures that are reported, by name.
pub(crate) const FIGURES: [(&str, Figure); 8] = [
    ("per_second", |one| one.rate),
    ("p50_us", |one| one.p50_us),
    ("p90_us", |one| one.p90_us),
    ("p99_us", |one| one.p99_us),
    ("p999_us", |one| one.p999_us),
    ("server_cpu_us", |one| one.server_cpu_us),
    ("server_cores", |one| one.server_cores),
    ("load_cores", |one| one.load_cores),
];

/// What was seen of a round from outside the answers.
pub(crate) struct Spent {
    /// How long the round took.
    pub(crate) elapsed: Duration,
    /// The server's CPU time.
    pub(crate) server: Duration,
    /// The load generator's.
    pub(crate) load: Duration,
}

impl Measured {
    /// A side that tells its rate alone.
    pub(crate) fn rate_alone(answers: usize, seconds: f64) -> Self {
        Self {
            answers,
            rate: count(answers) / seconds,
            p50_us: f64::NAN,
            p90_us: f64::NAN,
            p99_us: f64::NAN,
            p999_us: f64::NAN,
            server_cpu_us: f64::NAN,
            server_cores: f64::NAN,
            load_cores: f64::NAN,
            answer_bytes: 0,
        }
    }

    /// A side under load from here.
    pub(crate) fn of(mut latencies: Vec<Duration>, spent: &Spent, answer_bytes: usize) -> Self {
        latencies.sort_unstable();
        let seconds = spent.elapsed.as_secs_f64();
        Self {
            p50_us: quantile(&latencies, 500),
            p90_us: quantile(&latencies, 900),
            p99_us: quantile(&latencies, 990),
            p999_us: quantile(&latencies, 999),
            server_cpu_us: spent.server.as_secs_f64() * 1e6 / count(latencies.len().max(1)),
            server_cores: spent.server.as_secs_f64() / seconds,
            load_cores: spent.load.as_secs_f64() / seconds,
            answer_bytes,
            ..Self::rate_alone(latencies.len(), seconds)
        }
    }
}

/// A count as a factor.
pub(crate) fn count(answers: usize) -> f64 {
    f64::from(u32::try_from(answers).unwrap_or(u32::MAX))
}

/// The latency in microseconds within which so many of a thousand answers came, by nearest rank.
fn quantile(sorted: &[Duration], of_thousand: usize) -> f64 {
    let rank = (sorted.len() * of_thousand).div_ceil(1000).saturating_sub(1);
    sorted.get(rank).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
}

/// The middle value, or the mean of the two middle ones; not a number of nothing.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_taken_by_nearest_rank() {
        let sorted: Vec<Duration> = (1..=2000).map(Duration::from_micros).collect();
        assert!((quantile(&sorted, 500) - 1000.0).abs() < 0.01);
        assert!((quantile(&sorted, 990) - 1980.0).abs() < 0.01);
        assert!((quantile(&sorted, 999) - 1998.0).abs() < 0.01);
        assert!((quantile(&[], 990)).abs() < 0.01);
    }

    #[test]
    fn the_median_is_the_middle_value_whatever_the_order() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn cpu_time_is_shared_among_the_answers_and_over_the_time() {
        let spent = Spent {
            elapsed: Duration::from_secs(2),
            server: Duration::from_secs(1),
            load: Duration::from_millis(500),
        };
        let measured = Measured::of(vec![Duration::from_micros(80); 100_000], &spent, 9);
        assert!((measured.rate - 50_000.0).abs() < 0.01);
        assert!((measured.server_cpu_us - 10.0).abs() < 0.01);
        assert!((measured.server_cores - 0.5).abs() < 0.01);
        assert!((measured.load_cores - 0.25).abs() < 0.01);
    }
}
