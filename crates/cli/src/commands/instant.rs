//! Moments as people write and read them: RFC 3339 in UTC, or a date for its first instant.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use registrar_domain::clock::UnixMillis;

/// The moment in RFC 3339, to the second.
pub(crate) fn format_instant(at: UnixMillis) -> String {
    jiff::Timestamp::from_second(at.seconds()).map(|at| at.to_string()).unwrap_or_default()
}

/// Reads `2027-01-31T12:00:00Z` or `2027-01-31`, which means the date's first instant in UTC.
pub(crate) fn parse_instant(text: &str) -> Option<UnixMillis> {
    let timestamp = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()
    })?;
    Some(UnixMillis(timestamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::{format_instant, parse_instant};
    use registrar_domain::clock::UnixMillis;

    #[test]
    fn a_date_means_its_first_instant_in_utc() {
        let at = parse_instant("2027-01-31").unwrap();
        assert_eq!(format_instant(at), "2027-01-31T00:00:00Z");
        assert_eq!(parse_instant("2027-01-31T02:00:00+02:00"), Some(at));
        assert_eq!(parse_instant("tomorrow"), None);
        assert_eq!(format_instant(UnixMillis(1_700_000_000_999)), "2023-11-14T22:13:20Z");
    }
}
