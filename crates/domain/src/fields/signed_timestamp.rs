//! `signed_timestamp`: when the services agreement was accepted, in Unix milliseconds; echoed as a number.

use registrar_json::Value;

use super::text::check_no_control;
use crate::clock::UnixMillis;
use crate::violation::{Refusal, Rule};

/// 2020-01-01T00:00:00Z.
const EARLIEST: i64 = 1_577_836_800_000;
/// Clocks differ; a moment further ahead than five minutes is a mistake.
const AHEAD_MILLIS_MAX: i64 = 5 * 60 * 1000;
/// What ten digits are: seconds, for a date between 2001 and 2286.
const SECONDS: std::ops::RangeInclusive<i64> = 1_000_000_000..=9_999_999_999;

/// A moment in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedTimestamp(i64);

impl SignedTimestamp {
    /// Parses a moment, from a JSON integer or a string of digits (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>, now: UnixMillis) -> Result<Self, Refusal> {
        let millis = match value {
            Value::Number(written) => integer(written).ok_or_else(|| {
                Refusal::new(Rule::Type, "must be an integer, or a string of digits: Unix milliseconds")
            })?,
            Value::String(text) => {
                check_no_control(text)?;
                let digits = Some(&**text).filter(|text| is_digits(text));
                digits
                    .and_then(integer)
                    .ok_or_else(|| Refusal::new(Rule::Format, "must be digits alone: Unix milliseconds"))?
            }
            _ => {
                let message = "must be an integer, or a string of digits: Unix milliseconds";
                return Err(Refusal::new(Rule::Type, message));
            }
        };
        if SECONDS.contains(&millis) {
            let message = "must be in milliseconds: seconds were sent where milliseconds are expected";
            return Err(Refusal::new(Rule::Range, message));
        }
        if millis < EARLIEST {
            return Err(Refusal::new(Rule::Range, "must not be before 2020-01-01, in Unix milliseconds"));
        }
        if millis > now.0.saturating_add(AHEAD_MILLIS_MAX) {
            let message = "must not be more than 5 minutes ahead of the server's time, in Unix milliseconds";
            return Err(Refusal::new(Rule::Range, message));
        }
        Ok(Self(millis))
    }

    /// Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

/// An integer as JSON writes it; one that is out of every range saturates, so that the range is what is said of it.
fn integer(written: &str) -> Option<i64> {
    let (is_negative, digits) = written.strip_prefix('-').map_or((false, written), |digits| (true, digits));
    if !is_digits(digits) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX);
    Some(if is_negative { -magnitude } else { magnitude })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{NOW, rule_of, text};

    fn number(written: &str) -> Result<SignedTimestamp, Refusal> {
        SignedTimestamp::parse(&Value::Number(written), NOW)
    }

    fn digits(written: &str) -> Result<SignedTimestamp, Refusal> {
        SignedTimestamp::parse(&text(written), NOW)
    }

    #[test]
    fn the_samples_of_the_api_page_are_the_same_moment() {
        assert_eq!(number("1603378501286"), digits("1603378501286"));
        assert_eq!(number("1603378501286").unwrap().millis(), 1_603_378_501_286);
    }

    #[test]
    fn the_first_moment_is_the_start_of_2020() {
        assert!(number("1577836800000").is_ok());
        assert_eq!(rule_of(number("1577836799999")), Some(Rule::Range));
        for early in ["0", "-1", "-0", "1", "999999999", "-1603378501286"] {
            assert_eq!(rule_of(number(early)), Some(Rule::Range), "{early}");
        }
    }

    #[test]
    fn the_last_moment_is_five_minutes_ahead() {
        assert!(number(&(NOW.0 + 300_000).to_string()).is_ok());
        assert_eq!(rule_of(number(&(NOW.0 + 300_001).to_string())), Some(Rule::Range));
        for late in ["1603378501286000", "99999999999999999999999", "9223372036854775808"] {
            assert_eq!(rule_of(number(late)), Some(Rule::Range), "{late}");
            assert_eq!(rule_of(digits(late)), Some(Rule::Range), "{late}");
        }
    }

    #[test]
    fn ten_digits_are_said_to_be_seconds() {
        for seconds in ["1603378501", "1000000000", "9999999999"] {
            for refusal in [number(seconds).unwrap_err(), digits(seconds).unwrap_err()] {
                assert_eq!(refusal.rule, Rule::Range);
                assert!(refusal.message.contains("seconds were sent where milliseconds are expected"));
            }
        }
    }

    #[test]
    fn fractions_and_exponents_are_no_integers_and_signs_and_blanks_no_digits() {
        for written in ["1603378501286.0", "1.603378501286e12", "16e11"] {
            assert_eq!(rule_of(number(written)), Some(Rule::Type), "{written}");
        }
        for written in [
            "-1603378501286",
            "+1603378501286",
            " 1603378501286",
            "1603378501286 ",
            "1_603",
            "１６",
            "0x1",
            "",
        ] {
            assert_eq!(rule_of(digits(written)), Some(Rule::Format), "{written}");
        }
        assert_eq!(rule_of(digits("1603378501286\n")), Some(Rule::Characters));
        assert_eq!(rule_of(SignedTimestamp::parse(&Value::Bool(true), NOW)), Some(Rule::Type));
    }

    proptest! {
        #[test]
        fn every_moment_in_range_reads_back_as_itself(millis in EARLIEST..=NOW.0 + AHEAD_MILLIS_MAX) {
            let written = millis.to_string();
            prop_assert_eq!(number(&written).map(SignedTimestamp::millis), Ok(millis));
            prop_assert_eq!(digits(&written).map(SignedTimestamp::millis), Ok(millis));
        }
    }
}
