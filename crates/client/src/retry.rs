//! When and after how long the same bytes are sent again (contract 2.7).

use std::time::Duration;

/// Attempts in all; with the waits below a call that gets no answer ends within about two seconds of waiting.
pub(crate) const ATTEMPTS_MAX: u32 = 4;

/// The first wait; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(200);

/// A server that asks for a longer pause than this is not waited for: the caller decides.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);

/// Time, waiting and randomness, handed in so that tests need neither clock nor patience.
pub trait Surroundings {
    /// Whole seconds since the Unix epoch.
    fn unix_seconds(&self) -> i64;

    /// A random duration from zero to `most`: clients that failed together must not come back together.
    fn jitter(&self, most: Duration) -> Duration;

    /// Waits.
    fn pause(&self, duration: Duration);
}

/// Statuses after which repeating the same request is right (contract 2.7).
pub(crate) const fn is_worth_repeating(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

/// How long to wait before the attempt after number `attempt`; `None` if there is to be none.
pub(crate) fn wait_after(
    attempt: u32,
    retry_after: Option<Duration>,
    surroundings: &dyn Surroundings,
) -> Option<Duration> {
    if attempt >= ATTEMPTS_MAX || retry_after.is_some_and(|asked| asked > RETRY_AFTER_MAX) {
        return None;
    }
    let doubled = WAIT_FIRST.saturating_mul(1 << attempt.saturating_sub(1));
    let least = retry_after.unwrap_or(doubled / 2);
    Some(least + surroundings.jitter(doubled / 2))
}

/// The seconds of a `Retry-After` header; a date is not understood and counts as none.
pub(crate) fn parse_retry_after(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS_MAX, Surroundings, parse_retry_after, wait_after};
    use std::time::Duration;

    struct MostJitter;
    impl Surroundings for MostJitter {
        fn unix_seconds(&self) -> i64 {
            0
        }
        fn jitter(&self, most: Duration) -> Duration {
            most
        }
        fn pause(&self, _: Duration) {}
    }

    #[test]
    fn waits_double_and_end() {
        let waits: Vec<_> =
            (1..=ATTEMPTS_MAX).map(|attempt| wait_after(attempt, None, &MostJitter)).collect();
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(waits, [millis(200), millis(400), millis(800), None]);
    }

    #[test]
    fn retry_after_is_the_least_wait() {
        let asked = parse_retry_after("3");
        assert_eq!(wait_after(1, asked, &MostJitter), Some(Duration::from_millis(3100)));
    }

    #[test]
    fn a_server_that_asks_for_a_long_pause_is_not_waited_for() {
        assert_eq!(wait_after(1, parse_retry_after("11"), &MostJitter), None);
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    }
}
