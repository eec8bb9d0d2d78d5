//! Names and codes to positions in a list: built once, looked up by every request.
//!
//! Invariant: a name stands for one entry; a second meaning is refused when the list is read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::nearest::nearest;

/// A name that is longer is a sign of a broken file, and no field takes more (contract 3.3).
const NAME_CHARACTERS_MAX: usize = 100;

/// The names of one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// As folded and, for the path without an allocation, as written.
    positions: HashMap<Box<str>, usize>,
    folded: Vec<(Box<str>, usize)>,
}

impl Names {
    /// Lets a name stand for an entry.
    ///
    /// # Errors
    /// What is wrong with the name: it is empty, too long, or stands for another entry already.
    pub(super) fn insert(
        &mut self,
        name: &str,
        position: usize,
        fold: fn(&str) -> String,
    ) -> Result<(), String> {
        let folded = fold(name);
        if folded.is_empty() {
            return Err("a name is empty".to_owned());
        }
        if name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(format!("a name is longer than {NAME_CHARACTERS_MAX} characters"));
        }
        match self.positions.entry(folded.into_boxed_str()) {
            Entry::Occupied(known) if *known.get() != position => {
                return Err(format!("\"{name}\" stands for another entry already"));
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                self.folded.push((place.key().clone(), position));
                place.insert(position);
            }
        }
        // The folded form is taken by this entry, so the written form, which folds to it, cannot be another's.
        self.positions.insert(name.into(), position);
        Ok(())
    }

    /// The entry that a name stands for.
    pub(super) fn find(&self, name: &str, fold: fn(&str) -> String) -> Option<usize> {
        self.positions.get(name).or_else(|| self.positions.get(fold(name).as_str())).copied()
    }

    /// The entry whose name is nearest, where it looks like a slip.
    pub(super) fn nearest(&self, name: &str, fold: fn(&str) -> String) -> Option<usize> {
        nearest(&fold(name), self.folded.iter().map(|(known, position)| (&**known, *position)))
    }
}
