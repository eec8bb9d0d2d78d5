//! States of the countries that have a list (ISO 3166-2): current codes, names and superseded codes.

use std::collections::HashMap;

use super::fold::fold;
use super::names::Names;
use super::table::{ListError, entries, is_letters, rows};
use super::{Countries, ListKind, builtin_text};

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    code: Box<str>,
    name: Box<str>,
}

impl State {
    /// The current code without its country, such as `MH`; this is what is echoed.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The English name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The states of one country.
#[derive(Debug, Clone, Default)]
pub struct StatesOfCountry {
    all: Vec<State>,
    names: Names,
}

impl StatesOfCountry {
    /// Every state, in the list's order.
    pub fn all(&self) -> &[State] {
        &self.all
    }

    /// The state of that code or name, with or without the country's code before a code (`MH`, `IN-MH`).
    pub fn find(&self, text: &str) -> Option<&State> {
        self.names.find(text, fold).and_then(|position| self.all.get(position))
    }

    /// The state whose name was probably meant.
    pub(crate) fn nearest(&self, text: &str) -> Option<&State> {
        self.names.nearest(text, fold).and_then(|position| self.all.get(position))
    }

    fn insert(&mut self, country: &str, [code, name, aliases]: [&str; 3]) -> Result<(), String> {
        if self.all.iter().any(|known| *known.code == *code) {
            return Err("this code is on the list already".to_owned());
        }
        let position = self.all.len();
        for key in [code, name].into_iter().chain(entries(aliases)) {
            self.names.insert(key, position, fold)?;
            if is_code(key) {
                self.names.insert(&format!("{country}-{key}"), position, fold)?;
            }
        }
        self.all.push(State { code: code.into(), name: name.into() });
        Ok(())
    }
}

/// The states of every country that has a list.
#[derive(Debug, Clone, Default)]
pub struct States {
    by_country: HashMap<Box<str>, StatesOfCountry>,
}

impl States {
    /// Reads a list; every country it names must be one of `countries`.
    pub(super) fn parse(text: &str, countries: &Countries) -> Result<Self, ListError> {
        let mut list = Self::default();
        for row in rows(ListKind::States, text, ["country", "code", "name", "aliases"])? {
            let [country, code, name, aliases] = row.cells;
            if !is_letters(country, 2) || countries.find(country).is_none() {
                return Err(row.error("country must be the alpha-2 code of a country on the countries list"));
            }
            if !is_code(code) {
                return Err(row.error("code must be one to three letters A to Z or digits"));
            }
            list.by_country
                .entry(country.into())
                .or_default()
                .insert(country, [code, name, aliases])
                .map_err(|problem| row.error(problem))?;
        }
        Ok(list)
    }

    /// The built-in list. An operator's shorter list of countries leaves the others' states unused.
    pub(super) fn builtin() -> Result<Self, ListError> {
        Self::parse(builtin_text(ListKind::States), &Countries::builtin()?)
    }

    /// The states of a country; none if the country has no list.
    pub fn of(&self, alpha2: &str) -> Option<&StatesOfCountry> {
        self.by_country.get(alpha2)
    }

    /// The alpha-2 codes of the countries that have a list, sorted.
    pub fn countries(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.by_country.keys().map(|code| &**code).collect();
        codes.sort_unstable();
        codes
    }
}

/// ISO 3166-2: the part after the country is one to three letters or digits.
fn is_code(text: &str) -> bool {
    (1..=3).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
