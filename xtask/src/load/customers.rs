//! Made-up customers that satisfy every field rule, none like another.
//!
//! The program that fills databases (`xtask/examples/engine/fill.rs`) reads this file too, so that what it stored can be
//! asked for again. Invariant: two customers of one run differ in e-mail and in payload; the same run and number give the
//! same customer.

/// The run of the customers that databases are filled with; every other run is below 2^32.
const FILLED: u64 = 1 << 32;

/// What a made-up customer is told apart by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Customer {
    /// Separates runs that share a database.
    pub(crate) run: u64,
    /// Whose e-mail it is.
    pub(crate) person: u64,
    /// Which of the payloads that share that e-mail.
    pub(crate) variant: u64,
}

impl Customer {
    /// One of those that databases are filled with.
    pub(crate) fn filled(person: u64) -> Self {
        Self { run: FILLED, person, variant: 0 }
    }

    /// The body under which it was stored.
    pub(crate) fn first_body(&self) -> String {
        self.body(Some(&uuid(self.run, self.person)))
    }

    /// The body to submit, about 430 bytes like the documented sample; without `request_id` where none is given.
    pub(crate) fn body(&self, request_id: Option<&str>) -> String {
        let Self { run, person, variant } = self;
        let request_id = request_id.map(|id| format!(r#""request_id":"{id}","#)).unwrap_or_default();
        let ssn_area = 100 + person % 500;
        let ssn_rest = person % 1_000_000;
        format!(
            concat!(
                r#"{{{request_id}"first_name":"John","last_name":"Smith","#,
                r#""email":"load.{run:x}.{person}@mail.example.com","address_one":"{number} Main St.","#,
                r#""address_two":"Suite 1000","city":"Chicago","state":"IL","zip":"12345","#,
                r#""country":"United States","date_of_birth":"1985-09-02","id_number_type":"ssn","#,
                r#""id_number":"{ssn_area:03}{ssn_rest:06}","signed_timestamp":1603378501286,"#,
                r#""prefunded":false,"metadata":{{}}}}"#
            ),
            request_id = request_id,
            run = run,
            person = person,
            number = variant + 1,
            ssn_area = ssn_area,
            ssn_rest = ssn_rest,
        )
    }
}

/// A version 4 UUID (RFC 9562) made of the given bits.
pub(crate) fn uuid(high: u64, low: u64) -> String {
    let first = high >> 32;
    let second = (high >> 16) & 0xFFFF;
    let third = high & 0x0FFF;
    let fourth = 0x8000 | ((low >> 48) & 0x3FFF);
    let last = low & 0xFFFF_FFFF_FFFF;
    format!("{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{last:012x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_of_the_size_of_the_documented_sample() {
        let customer = Customer { run: 0xABCD_EF01, person: 123_456, variant: 0 };
        let body = customer.body(Some(&uuid(u64::MAX, 0)));
        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(parsed["email"], "load.abcdef01.123456@mail.example.com");
        assert_eq!(parsed["id_number"].as_str().unwrap().len(), 9);
        assert_eq!(parsed["request_id"], "ffffffff-ffff-4fff-8000-000000000000");
        assert!((400..480).contains(&body.len()), "{}", body.len());
    }

    #[test]
    fn persons_differ_in_email_and_variants_only_in_payload() {
        let body = |person, variant| -> serde_json::Value {
            serde_json::from_str(&Customer { run: 1, person, variant }.body(None)).unwrap()
        };
        assert_ne!(body(1, 0)["email"], body(2, 0)["email"]);
        assert_eq!(body(1, 0)["email"], body(1, 1)["email"]);
        assert_ne!(body(1, 0), body(1, 1));
        assert!(body(1, 0).get("request_id").is_none());
    }
}
