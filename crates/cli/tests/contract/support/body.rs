//! Bodies of submissions: members in the order written, each value as the JSON text that is sent.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// The body of the API page's sample request, as it is printed there.
pub(crate) const DOCUMENTED_SAMPLE: &str = r#"{
  "request_id": "7fbab305-2679-4279-808b-9b7a63a55c85",
  "first_name": "John",
  "last_name": "Smith",
  "email": "email-example@mail.com",
  "address_one": "1 Main St.",
  "address_two": "Suite 1000",
  "city": "Chicago",
  "state": "IL",
  "zip": "12345",
  "country": "United States",
  "date_of_birth": "1985-09-02",
  "id_number_type": "ssn",
  "id_number": "123456789",
  "signed_timestamp": 1603378501286,
  "prefunded": false,
  "metadata": {}
}"#;

/// What `JSON.stringify` makes of the body in the API page's Node example.
pub(crate) const DOCUMENTED_NODE_BODY: &str = concat!(
    r#"{"request_id":"7fbab305-2679-4279-808b-9b7a63a55c85","first_name":"Gaurav","last_name":"Mehta","#,
    r#""address_one":"Near CST","address_two":"Fort","country":"India","signed_timestamp":"1603378501286","#,
    r#""email":"gewgawrav@gmail.com","metadata":{},"state":"MH","city":"MUMBAI","date_of_birth":"1989-10-13","#,
    r#""id_number_type":"Passport","id_number":"123456789","zip":"12345","prefunded":false}"#
);

/// A body that is being put together.
#[derive(Clone)]
pub(crate) struct Body(Vec<(String, String)>);

impl Body {
    /// A valid customer in the United States, without a `request_id`.
    pub(crate) fn of(name: &str) -> Self {
        Self(Vec::new())
            .set("first_name", "John")
            .set("last_name", "Smith")
            .set("email", format!("{name}@example.com"))
            .set("address_one", "1 Main St.")
            .set("city", "Chicago")
            .set("state", "IL")
            .set("zip", "12345")
            .set("country", "United States")
            .set("date_of_birth", "1985-09-02")
            .set("id_number_type", "ssn")
            .set("id_number", "123456789")
            .set("signed_timestamp", 1_603_378_501_286_i64)
    }

    /// A valid customer in India, without a `request_id`.
    pub(crate) fn in_india(name: &str) -> Self {
        Self::of(name)
            .set("country", "India")
            .set("state", "MH")
            .set("city", "Mumbai")
            .set("zip", "400001")
            .set("id_number_type", "passport")
            .set("id_number", "A1234567")
    }

    /// A valid customer in a country that has neither a list of states nor rules for postal codes of its own.
    pub(crate) fn in_france(name: &str) -> Self {
        Self::of(name)
            .set("country", "France")
            .set("state", "Bretagne")
            .set("city", "Rennes")
            .set("zip", "35000")
            .set("id_number_type", "non_us_passport")
            .set("id_number", "12AB34567")
    }

    /// A member with this value; where there is one already, its value is replaced.
    pub(crate) fn set(self, name: &str, value: impl Into<Value>) -> Self {
        let value: Value = value.into();
        self.raw(name, &value.to_string())
    }

    /// A member with this JSON text as its value.
    pub(crate) fn raw(mut self, name: &str, text: &str) -> Self {
        match self.0.iter_mut().find(|(there, _)| there == name) {
            Some((_, value)) => text.clone_into(value),
            None => self.0.push((name.to_owned(), text.to_owned())),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(there, _)| there != name);
        self
    }

    /// The same `request_id` for the same number.
    pub(crate) fn request_id(self, number: u32) -> Self {
        self.set("request_id", request_id(number))
    }

    /// The same members the other way round.
    pub(crate) fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }

    /// Compact, as `JSON.stringify` writes.
    pub(crate) fn text(&self) -> String {
        self.joined(":", ",")
    }

    /// With a blank after each colon and comma, as other serialisers write.
    pub(crate) fn spaced(&self) -> String {
        self.joined(": ", ", ")
    }

    /// Compact, with the members in the order of their names.
    pub(crate) fn sorted(&self) -> String {
        let mut sorted = self.clone();
        sorted.0.sort();
        sorted.text()
    }

    fn joined(&self, colon: &str, comma: &str) -> String {
        let members: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{}{colon}{value}", Value::from(&**name))).collect();
        format!("{{{}}}", members.join(comma))
    }
}

/// A name that no other customer of this process has.
pub(crate) fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("fresh{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A UUID with letters in it.
pub(crate) fn request_id(number: u32) -> String {
    format!("7fbab305-2679-4279-808b-0000{number:08x}")
}
