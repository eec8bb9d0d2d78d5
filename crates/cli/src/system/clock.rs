//! The system's wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use registrar_domain::clock::{Clock, UnixMillis};

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one implementation of the clock")]
    fn now(&self) -> UnixMillis {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since_epoch.map_or_else(|before| -millis(before.duration()), millis);
        UnixMillis(millis)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::SystemClock;
    use registrar_domain::clock::Clock;

    #[test]
    fn the_clock_is_in_milliseconds() {
        let year_2020 = 1_577_836_800_000;
        let year_2200 = 7_258_118_400_000;
        assert!((year_2020..year_2200).contains(&SystemClock.now().0));
    }
}
