//! `date_of_birth`: a real date from 1900 on, old enough by the platform's policy on today's UTC date.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use registrar_json::Value;

use super::text::{check_no_control, string};
use crate::clock::UnixMillis;
use crate::pii::Pii;
use crate::violation::{Refusal, Rule};

const YEAR_MIN: i16 = 1900;

/// A date of birth, as sent: `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateOfBirth(Pii<String>);

impl DateOfBirth {
    /// Parses a date of birth (contract 3.3); `minimum_age` in years.
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>, now: UnixMillis, minimum_age: u8) -> Result<Self, Refusal> {
        let text = string(value)?;
        check_no_control(text)?;
        let born = date(text)
            .ok_or_else(|| Refusal::new(Rule::Format, "must be a real date in the form YYYY-MM-DD"))?;
        if born.year() < YEAR_MIN {
            return Err(Refusal::new(Rule::Range, "must be 1900-01-01 or later"));
        }
        let today = today(now);
        if born > today {
            return Err(Refusal::new(Rule::Range, "must not be in the future"));
        }
        if !is_of_age(born, today, minimum_age) {
            let message = format!("must be at least {minimum_age} years ago");
            return Err(Refusal::new(Rule::Range, message));
        }
        Ok(Self(Pii::new(text.to_owned())))
    }

    /// The date as sent.
    pub fn as_str(&self) -> &str {
        self.0.reveal()
    }
}

fn date(text: &str) -> Option<Date> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i16, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
        })
    };
    let month = i8::try_from(number(&[m1, m2])?).ok()?;
    let day = i8::try_from(number(&[d1, d2])?).ok()?;
    Date::new(number(&[y1, y2, y3, y4])?, month, day).ok()
}

fn today(now: UnixMillis) -> Date {
    // A clock outside the calendar's range fails closed: nobody was of age in 1970.
    let now = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::UTC.to_datetime(now).date()
}

/// In a year without 29 February, who was born on it is a year older on 1 March: the order of month and day says just that.
fn is_of_age(born: Date, today: Date, minimum_age: u8) -> bool {
    let birthday = (born.year() + i16::from(minimum_age), born.month(), born.day());
    birthday <= (today.year(), today.month(), today.day())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use proptest::prelude::*;

    use super::*;
    use crate::fields::testing::{rule_of, text};

    fn midnight(date: &str) -> UnixMillis {
        let date: Date = date.parse().unwrap();
        UnixMillis(Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap().as_millisecond())
    }

    fn parse_on(day: &str, born: &str, minimum_age: u8) -> Result<DateOfBirth, Refusal> {
        DateOfBirth::parse(&text(born), midnight(day), minimum_age)
    }

    #[test]
    fn only_a_real_date_in_the_documented_form_is_accepted() {
        for born in [
            "",
            " ",
            "1989",
            "1989-13-01",
            "1989-00-10",
            "1989-02-29",
            "1990-04-31",
            "1989-10-1",
            "89-10-13",
            "13-10-1989",
            "1989/10/13",
            "19891013",
            "1989-10-13T00:00:00Z",
            " 1989-10-13",
            "1989-10-13 ",
            "+989-10-13",
            "１９８９-10-13",
            "-989-10-13",
        ] {
            assert_eq!(rule_of(parse_on("2026-01-01", born, 18)), Some(Rule::Format), "{born}");
        }
        assert_eq!(rule_of(parse_on("2026-01-01", "1989-10-13\n", 18)), Some(Rule::Characters));
        assert_eq!(parse_on("2026-01-01", "1988-02-29", 18).unwrap().as_str(), "1988-02-29");
    }

    #[test]
    fn dates_before_1900_and_after_today_are_out_of_range() {
        assert!(parse_on("2026-01-01", "1900-01-01", 18).is_ok());
        assert_eq!(rule_of(parse_on("2026-01-01", "1899-12-31", 18)), Some(Rule::Range));
        assert_eq!(rule_of(parse_on("2026-01-01", "0000-01-01", 18)), Some(Rule::Range));
        assert_eq!(rule_of(parse_on("2026-01-01", "2026-01-02", 0)), Some(Rule::Range));
        assert!(parse_on("2026-01-01", "2026-01-01", 0).is_ok());
        assert_eq!(rule_of(parse_on("2026-01-01", "9999-12-31", 120)), Some(Rule::Range));
    }

    #[test]
    fn a_customer_is_of_age_from_the_birthday_on_by_utc() {
        assert!(parse_on("2026-05-07", "2008-05-07", 18).is_ok());
        let refusal = parse_on("2026-05-06", "2008-05-07", 18).unwrap_err();
        assert_eq!((refusal.rule, &*refusal.message), (Rule::Range, "must be at least 18 years ago"));
        let last_millisecond = UnixMillis(midnight("2026-05-07").0 - 1);
        assert!(DateOfBirth::parse(&text("2008-05-07"), last_millisecond, 18).is_err());
    }

    #[test]
    fn who_was_born_on_29_february_is_a_year_older_on_1_march() {
        assert_eq!(rule_of(parse_on("2026-02-28", "2008-02-29", 18)), Some(Rule::Range));
        assert!(parse_on("2026-03-01", "2008-02-29", 18).is_ok());
        assert!(parse_on("2028-02-29", "2008-02-29", 20).is_ok());
        assert_eq!(rule_of(parse_on("2028-02-28", "2008-02-29", 20)), Some(Rule::Range));
    }

    #[test]
    fn a_clock_out_of_every_calendar_accepts_nobody() {
        for now in [i64::MIN, i64::MAX] {
            assert!(DateOfBirth::parse(&text("1989-10-13"), UnixMillis(now), 18).is_err());
        }
    }

    proptest! {
        #[test]
        fn whoever_is_old_enough_is_accepted_as_sent(days in 0..45_000i32, age in 0..=120u8) {
            let born = Date::new(1900, 1, 1).unwrap().checked_add(days.days()).unwrap();
            let today = Date::new(2026, 7, 1).unwrap();
            // Counting by calendar: jiff clamps 29 February to the 28th, which is off the leap day only.
            prop_assume!((born.month(), born.day()) != (2, 29));
            let is_of_age = born.checked_add(i32::from(age).years()).unwrap() <= today;
            let parsed = parse_on("2026-07-01", &born.to_string(), age);
            prop_assert_eq!(parsed.is_ok(), is_of_age);
            if let Ok(parsed) = parsed {
                prop_assert_eq!(parsed.as_str(), born.to_string());
            }
        }

        #[test]
        fn any_text_is_answered(born in "\\PC{0,12}|[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            if let Ok(parsed) = parse_on("2026-07-01", &born, 0) {
                prop_assert!(parsed.as_str().parse::<Date>().is_ok());
            }
        }
    }
}
