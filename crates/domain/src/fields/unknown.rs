//! Members that the operation does not have: how they are named without harm, and which field was probably meant.

use super::spec::Field;
use super::table::FIELDS;
use crate::reference::nearest::nearest;
use crate::violation::{Refusal, Rule, Violation};

/// A body of 64 KiB has room for ten thousand members; the answer names this many and counts the rest.
const NAMED_MAX: usize = 64;
/// A longer name is not shown (contract 2.3).
const SHOWN_CHARACTERS_MAX: usize = 64;

/// Names that other APIs give to our fields, without underscores.
const OTHER_NAMES: &[(&str, Field)] = &[
    ("requestuuid", Field::RequestId),
    ("idempotencykey", Field::RequestId),
    ("givenname", Field::FirstName),
    ("forename", Field::FirstName),
    ("surname", Field::LastName),
    ("familyname", Field::LastName),
    ("emailaddress", Field::Email),
    ("mail", Field::Email),
    ("address", Field::AddressOne),
    ("address1", Field::AddressOne),
    ("addressline1", Field::AddressOne),
    ("addresslineone", Field::AddressOne),
    ("street", Field::AddressOne),
    ("streetaddress", Field::AddressOne),
    ("address2", Field::AddressTwo),
    ("addressline2", Field::AddressTwo),
    ("addresslinetwo", Field::AddressTwo),
    ("town", Field::City),
    ("region", Field::State),
    ("province", Field::State),
    ("statecode", Field::State),
    ("zipcode", Field::Zip),
    ("postcode", Field::Zip),
    ("postalcode", Field::Zip),
    ("pincode", Field::Zip),
    ("pin", Field::Zip),
    ("countrycode", Field::Country),
    ("dob", Field::DateOfBirth),
    ("birthdate", Field::DateOfBirth),
    ("birthday", Field::DateOfBirth),
    ("idtype", Field::IdNumberType),
    ("documenttype", Field::IdNumberType),
    ("idno", Field::IdNumber),
    ("documentnumber", Field::IdNumber),
    ("ssn", Field::IdNumber),
    ("idothertype", Field::NonUsOtherType),
    ("issuingauthority", Field::IdIssuingAuthority),
    ("risk", Field::RiskRating),
    ("riskscore", Field::RiskRating),
    ("timestamp", Field::SignedTimestamp),
    ("signedat", Field::SignedTimestamp),
    ("prefund", Field::Prefunded),
    ("meta", Field::Metadata),
];

/// The violations of members that are no fields, in the order sent (contract 3.3).
pub(crate) fn unknown_fields(names: &[&str]) -> Vec<Violation> {
    let mut violations: Vec<_> = names.iter().take(NAMED_MAX).map(|name| violation(name)).collect();
    let more = names.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        let message = format!("stands for {more} further fields that this operation does not have");
        violations.push(Violation::new("?", Refusal::new(Rule::UnknownField, message)));
    }
    violations
}

fn violation(name: &str) -> Violation {
    let message = "is not a field of this operation";
    let message =
        meant(name).map_or(message.to_owned(), |field| format!("{message}; did you mean {}?", field.name()));
    let shown = if is_shown(name) { name } else { "?" };
    Violation::new(shown, Refusal::new(Rule::UnknownField, message))
}

fn is_shown(name: &str) -> bool {
    (1..=SHOWN_CHARACTERS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The field that was probably meant: the same letters in another case, another API's name, or a slip.
fn meant(name: &str) -> Option<Field> {
    if name.len() > SHOWN_CHARACTERS_MAX {
        return None;
    }
    let letters: String = name
        .chars()
        .filter(|character| !matches!(character, '_' | '-' | ' ' | '.'))
        .map(|character| character.to_ascii_lowercase())
        .collect();
    let is_same = |known: &str| known.bytes().filter(|byte| *byte != b'_').eq(letters.bytes());
    let same = FIELDS.iter().find(|spec| is_same(spec.name)).map(|spec| spec.field);
    same.or_else(|| OTHER_NAMES.iter().find(|(other, _)| *other == letters).map(|(_, field)| *field))
        .or_else(|| nearest(&name.to_ascii_lowercase(), FIELDS.iter().map(|spec| (spec.name, spec.field))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str) -> Violation {
        let mut violations = unknown_fields(&[name]);
        assert_eq!(violations.len(), 1);
        violations.remove(0)
    }

    #[test]
    fn a_field_that_was_probably_meant_is_named() {
        for (name, meant) in [
            ("firstName", "first_name"),
            ("FIRST_NAME", "first_name"),
            ("frist_name", "first_name"),
            ("first-name", "first_name"),
            ("dob", "date_of_birth"),
            ("dateOfBirth", "date_of_birth"),
            ("postal_code", "zip"),
            ("zipCode", "zip"),
            ("addressLine1", "address_one"),
            ("adress_one", "address_one"),
            ("e-mail", "email"),
            ("phone_risk_rating", ""),
            ("phone", ""),
            ("x", ""),
            ("addres_thre", ""),
        ] {
            let message = one(name).message;
            if meant.is_empty() {
                assert_eq!(message, "is not a field of this operation", "{name}");
            } else {
                assert_eq!(message, format!("is not a field of this operation; did you mean {meant}?"));
            }
        }
    }

    #[test]
    fn a_name_is_shown_only_if_it_cannot_hold_much() {
        let longest = "a".repeat(64);
        for name in ["a", "A_1", "0", &longest] {
            assert_eq!(one(name).field, name);
        }
        for name in ["", " ", "a b", "a-b", "a.b", "é", "a\n", "<script>", "a@b.c", &"a".repeat(65)] {
            let violation = one(name);
            assert_eq!(violation.field, "?", "{name}");
            assert!(name.is_empty() || name == " " || !violation.message.contains(name), "{name}");
        }
    }

    #[test]
    fn more_than_sixty_four_are_counted() {
        let names = vec!["a"; 70];
        let violations = unknown_fields(&names);
        assert_eq!(violations.len(), 65);
        assert_eq!(violations[64].field, "?");
        assert!(violations[64].message.contains("6 further fields"));
    }
}
