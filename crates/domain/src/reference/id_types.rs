//! Kinds of identity documents, and which of them have rules of their own (contract 3.3, `id_number_type`).

use super::names::Names;
use super::table::{ListError, entries, rows};
use super::{ListKind, builtin_text};

/// The kinds of document that the program itself has rules for; a list ties them to names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// `ssn`: United States social security number.
    Ssn,
    /// `aadhaar`: Indian identity number, masked unless policy says otherwise.
    Aadhaar,
    /// `pan`: Indian tax number.
    Pan,
    /// `passport` and `non_us_passport`.
    Passport,
    /// `voter_id`: Indian voter's card.
    VoterId,
    /// `non_us_other`: needs `non_us_other_type`.
    NonUsOther,
    /// Any other.
    Plain,
}

impl IdKind {
    fn of(name: &str) -> Self {
        match name {
            "ssn" => Self::Ssn,
            "aadhaar" => Self::Aadhaar,
            "pan" => Self::Pan,
            "passport" | "non_us_passport" => Self::Passport,
            "voter_id" => Self::VoterId,
            "non_us_other" => Self::NonUsOther,
            _ => Self::Plain,
        }
    }
}

/// A kind of identity document on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdType {
    name: Box<str>,
    kind: IdKind,
}

impl IdType {
    /// The canonical name, such as `us_passport`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which rules apply to its numbers.
    pub fn kind(&self) -> IdKind {
        self.kind
    }
}

/// The list of kinds of identity documents.
#[derive(Debug, Clone, Default)]
pub struct IdTypes {
    all: Vec<IdType>,
    names: Names,
}

impl IdTypes {
    pub(super) fn parse(text: &str) -> Result<Self, ListError> {
        let mut list = Self::default();
        for row in rows(ListKind::IdTypes, text, ["name", "aliases"])? {
            let [name, aliases] = row.cells;
            for key in std::iter::once(name).chain(entries(aliases)) {
                let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
                if key.is_empty() || key.len() > 64 || !key.bytes().all(is_name) {
                    return Err(row.error("a name must be 1 to 64 of a to z, 0 to 9 and _"));
                }
            }
            if list.all.iter().any(|known| *known.name == *name) {
                return Err(row.error("this name is on the list already"));
            }
            for key in std::iter::once(name).chain(entries(aliases)) {
                list.names.insert(key, list.all.len(), underscored).map_err(|problem| row.error(problem))?;
            }
            list.all.push(IdType { name: name.into(), kind: IdKind::of(name) });
        }
        Ok(list)
    }

    pub(super) fn builtin() -> Result<Self, ListError> {
        Self::parse(builtin_text(ListKind::IdTypes))
    }

    /// Every type, in the list's order.
    pub fn all(&self) -> &[IdType] {
        &self.all
    }

    /// The type of that name, without regard to case, spaces and hyphens counting as underscores.
    pub fn find(&self, text: &str) -> Option<&IdType> {
        self.names.find(text, underscored).and_then(|position| self.all.get(position))
    }

    /// The type whose name was probably meant.
    pub(crate) fn nearest(&self, text: &str) -> Option<&IdType> {
        self.names.nearest(text, underscored).and_then(|position| self.all.get(position))
    }
}

/// ASCII only: a Kelvin sign is not a K here.
fn underscored(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            ' ' | '-' => '_',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}
