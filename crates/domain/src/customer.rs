//! A customer as a platform submits one: from the body to a proof that every rule of contract 3.3 holds, and to the
//! answer.
//!
//! The body of `create_customer` ends here as a type. Knows which fields belong together; what each of them accepts is
//! known by `fields`. Invariant: a `Customer` exists only if the whole body was accepted; otherwise there is one violation
//! for each wrong field, in the order of the table.

mod accessors;
mod answer;
mod reading;
#[cfg(test)]
mod tests;

use self::reading::Reading;
use crate::clock::UnixMillis;
use crate::fields::{
    AddressLine, City, Country, DateOfBirth, Email, Field, IdIssuingAuthority, IdNumber, IdNumberType,
    Metadata, NonUsOtherType, PersonName, Prefunded, RequestId, RiskRating, SignedTimestamp, State,
    Submitted, Zip,
};
use crate::policy::Policy;
use crate::reference::{IdKind, ReferenceLists};
use crate::violation::{Refusal, Rule, Violation};

/// What a body is judged by besides the contract.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The platform's policies.
    pub policy: &'a Policy,
    /// The installation's lists.
    pub lists: &'a ReferenceLists,
    /// The present moment.
    pub now: UnixMillis,
}

/// A customer that keeps every rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    person: Person,
    residence: Residence,
    document: Document,
    risk_rating: Option<RiskRating>,
    signed_timestamp: Option<SignedTimestamp>,
    prefunded: Prefunded,
    metadata: Metadata,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    first_name: PersonName,
    last_name: PersonName,
    email: Email,
    date_of_birth: DateOfBirth,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Residence {
    address_one: AddressLine,
    address_two: Option<AddressLine>,
    city: City,
    state: Option<State>,
    zip: Option<Zip>,
    country: Country,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Document {
    id_number_type: IdNumberType,
    id_number: IdNumber,
    non_us_other_type: Option<NonUsOtherType>,
    id_issuing_authority: Option<IdIssuingAuthority>,
}

/// Parses a body. Every field is checked, whatever is wrong with the others.
///
/// # Errors
/// One violation for each wrong field, in the order of contract 3.3, unknown fields last in the order sent.
pub fn parse_customer(body: &Submitted<'_, '_>, terms: &Terms<'_>) -> Result<Customer, Vec<Violation>> {
    let mut reading = Reading::of(body);
    reading.check_request_id();
    // Not in the table's order where one field's rule needs another field: `finish` brings violations into it.
    let country = reading.required(Field::Country, |value| Country::parse(value, terms));
    let id_number_type = reading.required(Field::IdNumberType, |value| IdNumberType::parse(value, terms));
    let person = person(&mut reading, terms);
    let document = document(&mut reading, id_number_type, country.as_ref(), terms.policy);
    let residence = residence(&mut reading, country, terms);
    let risk_rating = reading.given_if(
        Field::RiskRating,
        terms.policy.risk_rating_required.then_some("is required by the platform's policy"),
        RiskRating::parse,
    );
    let signed_timestamp = reading.given_if(
        Field::SignedTimestamp,
        terms.policy.signed_timestamp_required.then_some("is required"),
        |value| SignedTimestamp::parse(value, terms.now),
    );
    let prefunded = reading.optional(Field::Prefunded, Prefunded::parse).unwrap_or_default();
    let metadata = reading.optional_member(Field::Metadata, Metadata::parse).unwrap_or_else(Metadata::none);
    let violations = reading.finish(terms.policy.unknown_fields);
    match (person, residence, document) {
        (Some(person), Some(residence), Some(document)) if violations.is_empty() => {
            Ok(Customer { person, residence, document, risk_rating, signed_timestamp, prefunded, metadata })
        }
        _ => Err(violations),
    }
}

/// The request_id of a body that may be wrong in every other way (contract 3.5); none if it is absent or refused itself.
pub fn request_id_of(body: &Submitted<'_, '_>) -> Option<RequestId> {
    body.given(Field::RequestId).and_then(|member| RequestId::parse(&member.value).ok())
}

fn person(reading: &mut Reading<'_, '_, '_>, terms: &Terms<'_>) -> Option<Person> {
    let first_name = reading.required(Field::FirstName, PersonName::parse);
    let last_name = reading.required(Field::LastName, PersonName::parse);
    let email = reading.required(Field::Email, Email::parse);
    let date_of_birth = reading
        .required(Field::DateOfBirth, |value| DateOfBirth::parse(value, terms.now, terms.policy.minimum_age));
    Some(Person {
        first_name: first_name?,
        last_name: last_name?,
        email: email?,
        date_of_birth: date_of_birth?,
    })
}

fn residence(
    reading: &mut Reading<'_, '_, '_>,
    country: Option<Country>,
    terms: &Terms<'_>,
) -> Option<Residence> {
    let address_one = reading.required(Field::AddressOne, AddressLine::parse);
    let address_two = reading.optional(Field::AddressTwo, AddressLine::parse);
    let city = reading.required(Field::City, City::parse);
    let is_in = |is_there: fn(&Country) -> bool| country.as_ref().is_some_and(is_there);
    let state = reading.given_if(
        Field::State,
        is_in(Country::is_india).then_some("is required when country is India"),
        |value| State::parse(value, country.as_ref(), terms),
    );
    let zip = reading.given_if(
        Field::Zip,
        is_in(Country::is_united_states).then_some("is required when country is United States"),
        |value| Zip::parse(value, country.as_ref()),
    );
    Some(Residence { address_one: address_one?, address_two, city: city?, state, zip, country: country? })
}

fn document(
    reading: &mut Reading<'_, '_, '_>,
    id_number_type: Option<IdNumberType>,
    country: Option<&Country>,
    policy: &Policy,
) -> Option<Document> {
    let kind = id_number_type.as_ref().map(IdNumberType::kind);
    let id_number = reading.required(Field::IdNumber, |value| IdNumber::parse(value, kind, country, policy));
    let is_other = kind.map(|kind| kind == IdKind::NonUsOther);
    let non_us_other_type = reading.given_if(
        Field::NonUsOtherType,
        (is_other == Some(true)).then_some("is required when id_number_type is non_us_other"),
        |value| {
            let described = NonUsOtherType::parse(value)?;
            if is_other == Some(false) {
                let message = "must not be given unless id_number_type is non_us_other";
                return Err(Refusal::new(Rule::NotAllowed, message));
            }
            Ok(described)
        },
    );
    let id_issuing_authority = reading.optional(Field::IdIssuingAuthority, IdIssuingAuthority::parse);
    Some(Document {
        id_number_type: id_number_type?,
        id_number: id_number?,
        non_us_other_type,
        id_issuing_authority,
    })
}
