//! A change of some policies, which leaves the others as they are.
//!
//! Two operators may change one platform at once: a change therefore names only what it sets, and an engine applies it to
//! the policy that it reads in the same transaction.

use super::{Policy, PolicyError, spec};
use crate::reference::ReferenceLists;

/// Policies to set, each with its value in the stored form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyChange(Vec<(&'static str, String)>);

impl PolicyChange {
    /// Adds the policy `key`, with or without the prefix `policy.`; of two values for one policy the later counts.
    ///
    /// # Errors
    /// There is no such policy, or the value is not one it accepts.
    pub fn set(&mut self, key: &str, value: &str, lists: &ReferenceLists) -> Result<(), PolicyError> {
        let key = spec(key)?.key;
        let mut policy = Policy::default();
        policy.set(key, value, lists)?;
        self.0.retain(|(set, _)| *set != key);
        self.0.extend(policy.entries().into_iter().filter(|(set, _)| *set == key));
        Ok(())
    }

    /// Whether it sets nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it sets.
    pub fn entries(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// The policy after the change.
    ///
    /// # Errors
    /// None for a change made by `set`.
    pub fn apply_to(&self, policy: &Policy) -> Result<Policy, PolicyError> {
        let mut changed = policy.clone();
        for (key, value) in &self.0 {
            changed.set_as_stored(key, value)?;
        }
        Ok(changed)
    }
}

/// A change that sets every policy.
impl From<&Policy> for PolicyChange {
    fn from(policy: &Policy) -> Self {
        Self(policy.entries())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_sets_what_it_names_and_nothing_else() {
        let lists = ReferenceLists::builtin();
        let mut change = PolicyChange::default();
        assert!(change.is_empty());
        change.set("minimum_age", "30", lists).unwrap();
        change.set("policy.countries", "united states,IN", lists).unwrap();
        change.set("policy.minimum_age", "21", lists).unwrap();
        let before = Policy { strict_id_numbers: true, minimum_age: 40, ..Policy::default() };
        let countries = Some(vec!["IN".to_owned(), "US".to_owned()]);
        let after = Policy { minimum_age: 21, countries, ..before.clone() };
        assert_eq!(change.apply_to(&before), Ok(after));
        assert!(change.set("minimum_age", "x", lists).is_err());
        assert!(change.set("minimum_ages", "21", lists).is_err());
    }

    #[test]
    fn a_change_made_from_a_policy_sets_all_of_it() {
        let policy = Policy { minimum_age: 21, ..Policy::default() };
        let before = Policy { strict_id_numbers: true, ..Policy::default() };
        assert_eq!(PolicyChange::from(&policy).apply_to(&before), Ok(policy));
    }
}
