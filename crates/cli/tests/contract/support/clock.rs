//! The present time, and waiting for what the contract promises within a second.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Servers obey an operator's command within this time (contract 5).
const OBEYED_WITHIN: Duration = Duration::from_secs(1);

/// Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "requests carry the present time")]
pub(crate) fn now_millis() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Unix seconds.
pub(crate) fn now_seconds() -> i64 {
    now_millis() / 1000
}

/// Asks until the answer is the awaited one; a second after the call the last answer is returned, whatever it is.
pub(crate) fn within_a_second<T>(mut ask: impl FnMut() -> T, is_awaited: impl Fn(&T) -> bool) -> T {
    let started = Instant::now();
    loop {
        let asked = started.elapsed();
        let answer = ask();
        if is_awaited(&answer) || asked > OBEYED_WITHIN {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
