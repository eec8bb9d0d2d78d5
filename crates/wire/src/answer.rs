//! The bodies of successes as a typed client reads them.
//!
//! The server writes a customer's answer byte by byte from its own types; this is the same shape for reading.
//! Invariant: `Debug` of a customer shows its two codes and nothing personal.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Every success but `/time` is wrapped in `message` (contract 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// The answer itself.
    pub message: T,
}

/// The answer of `GET /time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeAnswer {
    /// The server's clock in whole Unix seconds.
    pub epoch: i64,
}

/// A customer as it is answered: the keys of the documented sample, in its order (contract 3.1).
#[derive(Clone, Serialize, Deserialize)]
pub struct CustomerAnswer {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address, as submitted.
    pub email: String,
    /// First line of the address.
    pub address_one: String,
    /// Second line of the address.
    pub address_two: Option<String>,
    /// The country's English name.
    pub country: String,
    /// The state: its current code where the country has a list.
    pub state: Option<String>,
    /// City.
    pub city: String,
    /// Postal code.
    pub zip: Option<String>,
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// Type of the identity document, as submitted.
    pub id_number_type: String,
    /// Number of the identity document; an Aadhaar number may be masked (contract 4.5).
    pub id_number: String,
    /// Describes the document when its type is `non_us_other`.
    pub non_us_other_type: Option<String>,
    /// Who issued the document.
    pub id_issuing_authority: Option<String>,
    /// When the agreement was accepted, in Unix milliseconds.
    pub signed_timestamp: Option<i64>,
    /// `low`, `medium` or `high`.
    pub risk_rating: Option<String>,
    /// The metadata as submitted, numbers as written; `{}` where none was.
    pub metadata: Box<RawValue>,
    /// The platform that the customer belongs to.
    pub platform_code: String,
    /// The customer's identifier from now on.
    pub participant_code: String,
}

impl CustomerAnswer {
    /// The keys of the answer in their order (contract 3.1).
    pub const KEYS: [&'static str; 19] = [
        "first_name",
        "last_name",
        "email",
        "address_one",
        "address_two",
        "country",
        "state",
        "city",
        "zip",
        "date_of_birth",
        "id_number_type",
        "id_number",
        "non_us_other_type",
        "id_issuing_authority",
        "signed_timestamp",
        "risk_rating",
        "metadata",
        "platform_code",
        "participant_code",
    ];
}

impl fmt::Debug for CustomerAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerAnswer")
            .field("platform_code", &self.platform_code)
            .field("participant_code", &self.participant_code)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"{"message":{"first_name":"John","last_name":"Smith","email":"email-example@mail.com","address_one":"1 Main St.","address_two":"Suite 1000","country":"United States","state":"IL","city":"Chicago","zip":"12345","date_of_birth":"1985-09-02","id_number_type":"ssn","id_number":"123456789","non_us_other_type":null,"id_issuing_authority":null,"signed_timestamp":1603378501286,"risk_rating":null,"metadata":{"n":1.50e+2},"platform_code":"ABC123","participant_code":"XYZ456"}}"#;

    #[test]
    fn the_documented_answer_is_read_and_written_byte_for_byte() {
        let answer: Envelope<CustomerAnswer> = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(serde_json::to_string(&answer).unwrap(), SAMPLE);
    }

    #[test]
    fn the_keys_are_those_of_the_documented_answer_in_its_order() {
        let mut rest = SAMPLE;
        for key in CustomerAnswer::KEYS {
            let (_, after) = rest.split_once(&format!("\"{key}\":")).unwrap();
            rest = after;
        }
        assert_eq!(CustomerAnswer::KEYS.len() + 2, SAMPLE.matches("\":").count());
    }

    #[test]
    fn debug_output_of_a_customer_shows_its_codes_alone() {
        let answer: Envelope<CustomerAnswer> = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(
            format!("{answer:?}"),
            r#"Envelope { message: CustomerAnswer { platform_code: "ABC123", participant_code: "XYZ456", .. } }"#
        );
    }
}
