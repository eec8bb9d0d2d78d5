//! A customer's fields, one by one.

use super::Customer;
use crate::fields::{
    AddressLine, City, Country, DateOfBirth, Email, IdIssuingAuthority, IdNumber, IdNumberType, Metadata,
    NonUsOtherType, PersonName, Prefunded, RiskRating, SignedTimestamp, State, Zip,
};

impl Customer {
    /// `first_name`
    pub fn first_name(&self) -> &PersonName {
        &self.person.first_name
    }

    /// `last_name`
    pub fn last_name(&self) -> &PersonName {
        &self.person.last_name
    }

    /// `email`
    pub fn email(&self) -> &Email {
        &self.person.email
    }

    /// `date_of_birth`
    pub fn date_of_birth(&self) -> &DateOfBirth {
        &self.person.date_of_birth
    }

    /// `address_one`
    pub fn address_one(&self) -> &AddressLine {
        &self.residence.address_one
    }

    /// `address_two`
    pub fn address_two(&self) -> Option<&AddressLine> {
        self.residence.address_two.as_ref()
    }

    /// `city`
    pub fn city(&self) -> &City {
        &self.residence.city
    }

    /// `state`
    pub fn state(&self) -> Option<&State> {
        self.residence.state.as_ref()
    }

    /// `zip`
    pub fn zip(&self) -> Option<&Zip> {
        self.residence.zip.as_ref()
    }

    /// `country`
    pub fn country(&self) -> &Country {
        &self.residence.country
    }

    /// `id_number_type`
    pub fn id_number_type(&self) -> &IdNumberType {
        &self.document.id_number_type
    }

    /// `id_number`
    pub fn id_number(&self) -> &IdNumber {
        &self.document.id_number
    }

    /// `non_us_other_type`
    pub fn non_us_other_type(&self) -> Option<&NonUsOtherType> {
        self.document.non_us_other_type.as_ref()
    }

    /// `id_issuing_authority`
    pub fn id_issuing_authority(&self) -> Option<&IdIssuingAuthority> {
        self.document.id_issuing_authority.as_ref()
    }

    /// `risk_rating`
    pub fn risk_rating(&self) -> Option<RiskRating> {
        self.risk_rating
    }

    /// `signed_timestamp`
    pub fn signed_timestamp(&self) -> Option<SignedTimestamp> {
        self.signed_timestamp
    }

    /// `prefunded`
    pub fn prefunded(&self) -> Prefunded {
        self.prefunded
    }

    /// `metadata`
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}
