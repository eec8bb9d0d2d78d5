//! `prefunded`: a JSON boolean.

use registrar_json::Value;

use crate::violation::{Refusal, Rule};

/// Whether the customer is credit-checked through an omnibus account; absent means false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefunded(bool);

impl Prefunded {
    /// Parses the field (contract 3.3).
    ///
    /// # Errors
    /// `type` for anything but `true` and `false`.
    pub fn parse(value: &Value<'_>) -> Result<Self, Refusal> {
        match value {
            Value::Bool(is_prefunded) => Ok(Self(*is_prefunded)),
            _ => Err(Refusal::new(Rule::Type, "must be true or false, without quotes")),
        }
    }

    /// The value.
    pub const fn get(self) -> bool {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::testing::{rule_of, text};

    #[test]
    fn only_a_json_boolean_is_accepted() {
        assert_eq!(Prefunded::parse(&Value::Bool(true)), Ok(Prefunded(true)));
        assert_eq!(Prefunded::parse(&Value::Bool(false)), Ok(Prefunded::default()));
        for value in [text("true"), text("false"), Value::Number("1"), Value::Array(vec![])] {
            assert_eq!(rule_of(Prefunded::parse(&value)), Some(Rule::Type));
        }
    }
}
