//! The answer to a create, written by hand: its keys, their order and its bytes are promised (contract 3.1).

use registrar_json::write_string;

use super::Customer;
use crate::fields::{AddressLine, IdIssuingAuthority, NonUsOtherType, RiskRating, State, Zip};

/// A key of the answer with what stands around it; keys are plain ASCII, so they need no escape.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

impl Customer {
    /// The keys of an answer's `message`, in order.
    pub const ANSWER_KEYS: [&'static str; 19] = [
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

    /// The body of the answer 200: compact JSON, what was not given as `null`.
    pub fn write_answer(&self, platform_code: &str, participant_code: &str) -> String {
        // The longest of the documented samples has 520 bytes.
        let mut message = Message { out: String::with_capacity(640 + self.metadata().as_json().len()) };
        self.write_person_and_residence(&mut message);
        self.write_document(&mut message);
        let millis = self.signed_timestamp().map(|moment| moment.millis().to_string());
        message.json(key!("signed_timestamp"), millis.as_deref().unwrap_or("null"));
        message.optional(key!("risk_rating"), self.risk_rating().map(RiskRating::as_str));
        message.json(key!("metadata"), self.metadata().as_json());
        message.text(key!("platform_code"), platform_code);
        message.text(key!("participant_code"), participant_code);
        message.out.push_str("}}");
        message.out
    }

    fn write_person_and_residence(&self, message: &mut Message) {
        message.text(r#"{"message":{"first_name":"#, self.first_name().as_str());
        message.text(key!("last_name"), self.last_name().as_str());
        message.text(key!("email"), self.email().as_str());
        message.text(key!("address_one"), self.address_one().as_str());
        message.optional(key!("address_two"), self.address_two().map(AddressLine::as_str));
        message.text(key!("country"), self.country().name());
        message.optional(key!("state"), self.state().map(State::as_str));
        message.text(key!("city"), self.city().as_str());
        message.optional(key!("zip"), self.zip().map(Zip::as_str));
        message.text(key!("date_of_birth"), self.date_of_birth().as_str());
    }

    fn write_document(&self, message: &mut Message) {
        message.text(key!("id_number_type"), self.id_number_type().as_str());
        message.text(key!("id_number"), self.id_number().as_str());
        message.optional(key!("non_us_other_type"), self.non_us_other_type().map(NonUsOtherType::as_str));
        message.optional(
            key!("id_issuing_authority"),
            self.id_issuing_authority().map(IdIssuingAuthority::as_str),
        );
    }
}

struct Message {
    out: String,
}

impl Message {
    fn text(&mut self, key: &str, text: &str) {
        self.out.push_str(key);
        write_string(text, &mut self.out);
    }

    fn optional(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.json(key, "null"),
        }
    }

    fn json(&mut self, key: &str, json: &str) {
        self.out.push_str(key);
        self.out.push_str(json);
    }
}
