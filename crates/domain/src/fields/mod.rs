//! The fields of `create_customer` (`POST /participants/customers/new`): one type each, whose `parse` is the only way to
//! make one.
//!
//! Knows one value at a time and what contract 3.3 says of it; which fields belong together is known by `customer`.
//! Invariant: a value of a field type keeps every rule of its field, and no refusal contains any of what was submitted.

mod address_line;
mod country;
mod date_of_birth;
mod email;
mod free_text;
mod id_forms;
mod id_number;
mod id_number_type;
mod metadata;
mod person_name;
mod po_box;
mod prefunded;
mod request_id;
mod risk_rating;
mod signed_timestamp;
mod spec;
mod state;
mod submitted;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod unknown;
mod zip;

pub use address_line::AddressLine;
pub use country::Country;
pub use date_of_birth::DateOfBirth;
pub use email::Email;
pub use free_text::{City, IdIssuingAuthority, NonUsOtherType};
pub use id_number::IdNumber;
pub use id_number_type::IdNumberType;
pub use metadata::Metadata;
pub use person_name::PersonName;
pub use prefunded::Prefunded;
pub use request_id::RequestId;
pub use risk_rating::RiskRating;
pub use signed_timestamp::SignedTimestamp;
pub use spec::{Field, FieldSpec, JsonType, Presence, Stricter, Values};
pub use state::State;
pub use submitted::Submitted;
pub use table::{BODY_STRICTER, FIELDS};
pub use text::Length;
pub(crate) use text::is_blank;
pub(crate) use unknown::unknown_fields;
pub use zip::Zip;
