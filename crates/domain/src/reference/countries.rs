//! Countries: their codes, names, and whether customers may live there (contract 3.3, `country`).

use super::fold::fold;
use super::names::Names;
use super::table::{ListError, entries, is_letters, rows};
use super::{ListKind, builtin_text};

/// A country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    alpha2: Box<str>,
    alpha3: Box<str>,
    name: Box<str>,
    is_supported: bool,
}

impl Country {
    /// The ISO 3166-1 alpha-2 code.
    pub fn alpha2(&self) -> &str {
        &self.alpha2
    }

    /// The ISO 3166-1 alpha-3 code.
    pub fn alpha3(&self) -> &str {
        &self.alpha3
    }

    /// The English name that is echoed (Unicode CLDR).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the installation supports it; a platform's policy may narrow further.
    pub fn is_supported(&self) -> bool {
        self.is_supported
    }
}

/// The list of countries.
#[derive(Debug, Clone, Default)]
pub struct Countries {
    all: Vec<Country>,
    names: Names,
}

impl Countries {
    pub(super) fn parse(text: &str) -> Result<Self, ListError> {
        let columns = ["alpha2", "alpha3", "name", "iso_name", "alternates", "supported"];
        let mut list = Self::default();
        for row in rows(ListKind::Countries, text, columns)? {
            let [alpha2, alpha3, name, iso_name, alternates, supported] = row.cells;
            if !is_letters(alpha2, 2) {
                return Err(row.error("alpha2 must be two letters A to Z"));
            }
            if !is_letters(alpha3, 3) {
                return Err(row.error("alpha3 must be three letters A to Z"));
            }
            let is_supported = match supported {
                "yes" => true,
                "no" => false,
                _ => return Err(row.error("supported must be yes or no")),
            };
            if list.all.iter().any(|known| *known.alpha2 == *alpha2 || *known.alpha3 == *alpha3) {
                return Err(row.error("this code is on the list already"));
            }
            let iso_name = Some(iso_name).filter(|name| !name.is_empty());
            for key in [alpha2, alpha3, name].into_iter().chain(iso_name).chain(entries(alternates)) {
                list.names.insert(key, list.all.len(), fold).map_err(|problem| row.error(problem))?;
            }
            list.all.push(Country {
                alpha2: alpha2.into(),
                alpha3: alpha3.into(),
                name: name.into(),
                is_supported,
            });
        }
        Ok(list)
    }

    pub(super) fn builtin() -> Result<Self, ListError> {
        Self::parse(builtin_text(ListKind::Countries))
    }

    /// Every country of the list, supported or not, in the list's order.
    pub fn all(&self) -> &[Country] {
        &self.all
    }

    /// The country of that code or name, however people write it.
    pub fn find(&self, text: &str) -> Option<&Country> {
        self.names.find(text, fold).and_then(|position| self.all.get(position))
    }

    /// The country whose name was probably meant.
    pub(crate) fn nearest(&self, text: &str) -> Option<&Country> {
        self.names.nearest(text, fold).and_then(|position| self.all.get(position))
    }
}
