//! The one table of fields, in the order of contract 3.3: it orders violations and is what the schema, the published rules
//! and the page "Stricter than the API page" are made from.

use super::spec::{Field, FieldSpec, JsonType, Presence, Stricter, Values};
use super::text::Length;
use super::{address_line, country, free_text, id_number, person_name, state};

/// What a field is unless its line says otherwise.
const fn text_field(field: Field, name: &'static str, presence: Presence) -> FieldSpec {
    FieldSpec {
        field,
        name,
        types: &[JsonType::String],
        presence,
        length: None,
        pattern: None,
        format: None,
        values: None,
        is_echoed: true,
        rule: "",
        example: "",
        stricter: &[],
    }
}

const NAME_RULE: &str = "1 to 100 characters with at least one letter of any script; surrounding blanks are removed; control, \
                         text direction and line separator characters are refused.";

const NAME_STRICTER: &[Stricter] = &[Stricter::always(
    "A name has at most 100 characters, at least one letter, and no control, text direction or line separator character.",
)];

const TEXT_STRICTER: &[Stricter] = &[Stricter::always(
    "The text has at most 100 characters and no control, text direction or line separator character.",
)];

/// Every field, in the order of contract 3.3.
pub static FIELDS: [FieldSpec; Field::COUNT] = [
    FieldSpec {
        pattern: Some("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"),
        format: Some("uuid"),
        is_echoed: false,
        rule: "A UUID with hyphens, in any case; without it a repeated request is refused instead of answered again.",
        example: "\"7fbab305-2679-4279-808b-9b7a63a55c85\"",
        stricter: &[Stricter::always(
            "Only the hyphenated form of a UUID is taken, and an empty string is refused.",
        )],
        ..text_field(Field::RequestId, "request_id", Presence::Optional)
    },
    FieldSpec {
        length: Some(person_name::LENGTH),
        rule: NAME_RULE,
        example: "\"John\"",
        stricter: NAME_STRICTER,
        ..text_field(Field::FirstName, "first_name", Presence::Required)
    },
    FieldSpec {
        length: Some(person_name::LENGTH),
        rule: NAME_RULE,
        example: "\"Smith\"",
        stricter: NAME_STRICTER,
        ..text_field(Field::LastName, "last_name", Presence::Required)
    },
    FieldSpec {
        length: Some(Length::new(1, super::email::BYTES_MAX)),
        format: Some("idn-email"),
        rule: "An address with a local part of ASCII letters, digits, single dots and !#$%&'*+-/=?^_`{|}~, at most 64 bytes, \
               and a domain with a dot that IDNA accepts; at most 254 bytes; unique on the platform without regard to case.",
        example: "\"email-example@mail.com\"",
        stricter: &[Stricter::always(
            "Quoted local parts, address literals, display names, a trailing dot and characters outside ASCII before the @ \
             are refused; at most 64 bytes before the @ and 254 in all.",
        )],
        ..text_field(Field::Email, "email", Presence::Required)
    },
    FieldSpec {
        length: Some(address_line::LENGTH),
        rule: "1 to 200 characters; a street address, not a PO box or postal bag.",
        example: "\"1 Main St.\"",
        stricter: &[Stricter::always(
            "The line has at most 200 characters and no control, text direction or line separator character.",
        )],
        ..text_field(Field::AddressOne, "address_one", Presence::Required)
    },
    FieldSpec {
        length: Some(address_line::LENGTH),
        rule: "At most 200 characters; not a PO box or postal bag either.",
        example: "\"Suite 1000\"",
        stricter: &[Stricter::always(
            "PO boxes are refused here too; the line has at most 200 characters and no control, text direction or line \
             separator character.",
        )],
        ..text_field(Field::AddressTwo, "address_two", Presence::Optional)
    },
    FieldSpec {
        length: Some(free_text::LENGTH),
        rule: "1 to 100 characters.",
        example: "\"Chicago\"",
        stricter: TEXT_STRICTER,
        ..text_field(Field::City, "city", Presence::Required)
    },
    FieldSpec {
        length: Some(state::LENGTH),
        values: Some(Values::States),
        rule: "Where the country has a list (India, United States), an ISO 3166-2 code or English name on it, echoed as the \
               current code; otherwise free text of at most 100 characters.",
        example: "\"IL\"",
        stricter: &[
            Stricter::always("A state of the United States must be on the list too, if it is given."),
            Stricter::always("In other countries the text has at most 100 characters."),
        ],
        ..text_field(Field::State, "state", Presence::RequiredWhen("country is India"))
    },
    FieldSpec {
        pattern: Some("^[0-9A-Za-z -]{3,10}$"),
        rule: "Five digits, or five, a hyphen and four; India also takes its six-digit PIN; countries other than India and the \
               United States also 3 to 10 letters, digits, spaces and hyphens.",
        example: "\"12345\"",
        stricter: &[Stricter::always(
            "Outside the United States a postal code is checked where it is given: a PIN in India, elsewhere 3 to 10 letters, \
             digits, spaces and hyphens.",
        )],
        ..text_field(Field::Zip, "zip", Presence::RequiredWhen("country is United States"))
    },
    FieldSpec {
        length: Some(country::LENGTH),
        values: Some(Values::Countries),
        rule: "The English name, ISO 3166-1 short name, a common other name, or the alpha-2 or alpha-3 code of a supported \
               country, in any case; echoed by its English name.",
        example: "\"United States\"",
        stricter: &[Stricter::always(
            "Only countries that the installation supports are taken: its list is the operator's, and a platform's policy can \
             narrow it.",
        )],
        ..text_field(Field::Country, "country", Presence::Required)
    },
    FieldSpec {
        pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        format: Some("date"),
        rule: "A real date, YYYY-MM-DD, 1900-01-01 or later, at least as many years ago as the platform's minimum age (18) by \
               UTC; born on 29 February counts from 1 March.",
        example: "\"1985-09-02\"",
        stricter: &[
            Stricter::always("The date is 1900-01-01 or later and not in the future."),
            Stricter::unless(
                "minimum_age",
                "The customer is at least 18 years old on the day of the request, by UTC.",
            ),
        ],
        ..text_field(Field::DateOfBirth, "date_of_birth", Presence::Required)
    },
    FieldSpec {
        values: Some(Values::IdTypes),
        rule: "A supported ID type in any case, spaces and hyphens counting as underscores; echoed as sent.",
        example: "\"ssn\"",
        stricter: &[],
        ..text_field(Field::IdNumberType, "id_number_type", Presence::Required)
    },
    FieldSpec {
        length: Some(id_number::LENGTH),
        rule: "1 to 64 printable characters without surrounding blanks. For ssn nine digits, also as 3-2-4 with hyphens, not \
               beginning with 000 or 666, not one digit nine times. Of an Aadhaar number only the last four digits are kept and \
               echoed, unless the platform's policy says otherwise.",
        example: "\"123456789\"",
        stricter: &[
            Stricter::always("The number has at most 64 printable characters and no surrounding blanks."),
            Stricter::always(
                "A social security number has nine digits, does not begin with 000 or 666 and is not one digit nine times.",
            ),
            Stricter::unless(
                "strict_id_numbers",
                "Where the policy strict_id_numbers is true, Aadhaar, PAN, Indian passport and voter id numbers have their \
                 official form; it is false by default.",
            ),
            Stricter::unless(
                "aadhaar",
                "An Aadhaar number is echoed as XXXXXXXX and its last four digits; the policy seal echoes it whole.",
            ),
        ],
        ..text_field(Field::IdNumber, "id_number", Presence::Required)
    },
    FieldSpec {
        length: Some(free_text::LENGTH),
        rule: "1 to 100 characters that say what the document is; not allowed with any other ID type.",
        example: "\"Seafarer's book\"",
        stricter: &[
            Stricter::always("The field is refused unless id_number_type is non_us_other."),
            Stricter::always(
                "The text has at most 100 characters and no control, text direction or line separator character.",
            ),
        ],
        ..text_field(
            Field::NonUsOtherType,
            "non_us_other_type",
            Presence::RequiredWhen("id_number_type is non_us_other"),
        )
    },
    FieldSpec {
        length: Some(free_text::LENGTH),
        rule: "At most 100 characters.",
        example: "\"Passport Office Mumbai\"",
        stricter: TEXT_STRICTER,
        ..text_field(Field::IdIssuingAuthority, "id_issuing_authority", Presence::Optional)
    },
    FieldSpec {
        values: Some(Values::RiskRatings),
        rule: "low, medium or high in any case; echoed in lower case.",
        example: "\"low\"",
        stricter: &[Stricter::always("Only low, medium and high are taken.")],
        ..text_field(
            Field::RiskRating,
            "risk_rating",
            Presence::ByPolicy { key: "risk_rating", required_by_default: false },
        )
    },
    FieldSpec {
        types: &[JsonType::Integer, JsonType::String],
        pattern: Some("^[0-9]+$"),
        rule: "Unix milliseconds as an integer or a string of digits, not before 2020-01-01, not more than five minutes ahead; \
               echoed as a number.",
        example: "1603378501286",
        stricter: &[
            Stricter::unless("signed_timestamp", "The field must be given."),
            Stricter::always(
                "The moment is not before 2020-01-01 and not more than five minutes ahead of the server's time.",
            ),
        ],
        ..text_field(
            Field::SignedTimestamp,
            "signed_timestamp",
            Presence::ByPolicy { key: "signed_timestamp", required_by_default: true },
        )
    },
    FieldSpec {
        types: &[JsonType::Boolean],
        is_echoed: false,
        rule: "true or false; false if it is not given.",
        example: "false",
        stricter: &[Stricter::always(
            "Only the JSON values true and false are taken, not strings or numbers.",
        )],
        ..text_field(Field::Prefunded, "prefunded", Presence::Optional)
    },
    FieldSpec {
        types: &[JsonType::Object],
        rule: "A JSON object of at most 16 KiB as sent; echoed with its order and numbers as written and without white space.",
        example: "{}",
        stricter: &[Stricter::always(
            "The object has at most 16 KiB as sent, and no control, text direction or line separator character in its names and \
             strings.",
        )],
        ..text_field(Field::Metadata, "metadata", Presence::Optional)
    },
];

/// The rules on the body as a whole that the API page does not state.
pub const BODY_STRICTER: &[Stricter] = &[
    Stricter::unless("unknown_fields", "A field that the operation does not have is refused."),
    Stricter::always("The body is one JSON object in UTF-8 of at most 64 KiB, without a byte-order mark."),
    Stricter::always(
        "A name may be there only once in an object, at any depth; values nest at most 32 deep.",
    ),
    Stricter::always("A control character, U+0000 included, is refused in every field."),
];

#[cfg(test)]
mod tests {
    use registrar_json::parse_value;

    use super::*;
    use crate::policy::POLICIES;

    #[test]
    fn every_field_stands_at_its_place_and_is_found_by_its_name() {
        for (index, spec) in FIELDS.iter().enumerate() {
            assert_eq!(spec.field.index(), index);
            assert_eq!(Field::find(spec.name), Some(spec.field));
            assert_eq!(spec.field.name(), spec.name);
        }
        assert_eq!(Field::find("First_Name"), None);
    }

    #[test]
    fn the_order_is_that_of_the_contract() {
        let names: Vec<_> = FIELDS.iter().map(|spec| spec.name).collect();
        assert_eq!(
            names.join(" "),
            "request_id first_name last_name email address_one address_two city state zip country date_of_birth \
             id_number_type id_number non_us_other_type id_issuing_authority risk_rating signed_timestamp prefunded metadata"
        );
    }

    #[test]
    fn every_line_is_filled_in() {
        for spec in &FIELDS {
            assert!(spec.rule.ends_with('.') && !spec.types.is_empty(), "{}", spec.name);
            assert!(parse_value(spec.example.as_bytes(), 32).is_ok(), "{}", spec.name);
            assert!(spec.stricter.iter().all(|rule| rule.what.ends_with('.')), "{}", spec.name);
        }
    }

    #[test]
    fn every_policy_that_the_table_names_exists() {
        let keys: Vec<_> = POLICIES.iter().map(|policy| policy.key).collect();
        for spec in &FIELDS {
            if let Presence::ByPolicy { key, .. } = spec.presence {
                assert!(keys.contains(&key), "{key}");
            }
        }
        let rules = FIELDS.iter().flat_map(|spec| spec.stricter).chain(BODY_STRICTER);
        assert!(rules.filter_map(|rule| rule.relaxed_by).all(|key| keys.contains(&key)));
    }
}
