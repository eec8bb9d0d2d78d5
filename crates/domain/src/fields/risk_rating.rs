//! `risk_rating`: low, medium or high in any case; echoed in lower case.

use registrar_json::Value;

use super::text::{check_no_control, string};
use crate::violation::{Refusal, Rule};

/// The platform's rating of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskRating {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
}

impl RiskRating {
    /// Every rating.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Parses a rating (contract 3.3).
    ///
    /// # Errors
    /// The first rule the value breaks.
    pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
        let text = string(value)?;
        check_no_control(text)?;
        Self::ALL
            .into_iter()
            .find(|rating| rating.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| Refusal::new(Rule::OneOf, "must be one of low, medium, high"))
    }

    /// The rating in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::{rule_of, text};

    #[test]
    fn every_rating_is_accepted_in_any_case() {
        for rating in RiskRating::ALL {
            let capital = rating.as_str()[..1].to_uppercase() + &rating.as_str()[1..];
            for form in [rating.as_str(), &rating.as_str().to_uppercase(), &capital] {
                assert_eq!(RiskRating::parse(&text(form)), Ok(rating));
            }
        }
    }

    #[test]
    fn nothing_else_is_a_rating() {
        for form in ["", "none", " low", "low ", "lo\u{445}", "HÎGH"] {
            assert_eq!(rule_of(RiskRating::parse(&text(form))), Some(Rule::OneOf), "{form}");
        }
        assert_eq!(rule_of(RiskRating::parse(&text("low\0"))), Some(Rule::Characters));
        assert_eq!(rule_of(RiskRating::parse(&Value::Number("1"))), Some(Rule::Type));
    }
}
