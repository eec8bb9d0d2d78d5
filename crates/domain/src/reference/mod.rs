//! The reference lists: countries, states and kinds of identity documents, as data that an operator can replace.
//!
//! Knows how names match, not who may use them: a platform's policy narrows later. Invariant: built-in and operator's
//! files go through the same parser, and every name stands for one entry.

mod countries;
mod fold;
mod id_types;
mod names;
pub(crate) mod nearest;
mod states;
mod table;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use countries::{Countries, Country};
pub use id_types::{IdKind, IdType, IdTypes};
pub use states::{State, States, StatesOfCountry};
pub use table::ListError;

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Countries.
    Countries,
    /// States.
    States,
    /// Kinds of identity documents.
    IdTypes,
}

impl ListKind {
    /// Every list.
    pub const ALL: [Self; 3] = [Self::Countries, Self::States, Self::IdTypes];

    /// The list's name, as in the name of its file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Countries => "countries",
            Self::States => "states",
            Self::IdTypes => "id_types",
        }
    }
}

impl std::fmt::Display for ListKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// The built-in file of a list: what an operator starts from to make their own.
pub const fn builtin_text(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Countries => include_str!("../../data/countries.tsv"),
        ListKind::States => include_str!("../../data/states.tsv"),
        ListKind::IdTypes => include_str!("../../data/id_types.tsv"),
    }
}

/// All three lists, ready for look-ups.
#[derive(Debug, Clone, Default)]
pub struct ReferenceLists {
    /// Countries.
    pub countries: Countries,
    /// States, by country.
    pub states: States,
    /// Kinds of identity documents.
    pub id_types: IdTypes,
}

impl ReferenceLists {
    /// The built-in lists, parsed once.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<ReferenceLists> = LazyLock::new(|| {
            // A test proves that the built-in files parse; empty lists would refuse every customer.
            ReferenceLists::parse(None, None, None).unwrap_or_default()
        });
        &BUILTIN
    }

    /// Reads the lists from the texts of an operator's files; none means the built-in one.
    ///
    /// # Errors
    /// The first line that is wrong, with its list and number.
    pub fn parse(
        countries: Option<&str>,
        states: Option<&str>,
        id_types: Option<&str>,
    ) -> Result<Self, ListError> {
        let countries = countries.map_or_else(Countries::builtin, Countries::parse)?;
        let states = states.map_or_else(States::builtin, |text| States::parse(text, &countries))?;
        let id_types = id_types.map_or_else(IdTypes::builtin, IdTypes::parse)?;
        Ok(Self { countries, states, id_types })
    }
}
