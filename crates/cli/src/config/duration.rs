//! Durations as people write them: a whole number and a unit, such as `500ms`, `10s`, `2m` or `1h`.

use std::time::Duration;

/// The units, the largest first so that formatting finds the shortest form.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The duration that `text` names; `None` unless it is digits followed by `ms`, `s`, `m` or `h`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*millis).map(Duration::from_millis)
}

/// The shortest exact form, which `parse_duration` reads back (to the millisecond).
pub(crate) fn format_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (unit, size) = UNITS
        .into_iter()
        .find(|(_, size)| millis >= *size && millis.is_multiple_of(*size))
        .unwrap_or(("ms", 1));
    format!("{}{unit}", millis / size)
}

#[cfg(test)]
mod tests {
    use super::{format_duration, parse_duration};
    use std::time::Duration;

    #[test]
    fn every_unit_is_read() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("10s"), Some(Duration::from_secs(10)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_mins(2)));
        assert_eq!(parse_duration("1h"), Some(Duration::from_hours(1)));
    }

    #[test]
    fn a_number_without_a_unit_or_with_another_is_not_a_duration() {
        for text in ["", "10", "s", "10 s", "10sec", "-1s", "1.5s", "10S", "99999999999999999999s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_formatted_reads_back() {
        for (millis, text) in [(0, "0ms"), (1, "1ms"), (1500, "1500ms"), (60_000, "1m"), (90_000, "90s")] {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)));
        }
    }
}
