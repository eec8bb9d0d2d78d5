//! The one name that a slip of the pen was meant to be, or none.
//!
//! Invariant: a suggestion differs from what was given in few characters for its length and is the only nearest one,
//! because whole-name similarity misleads ("Slovekia" is as near to Slovakia as to Slovenia).

/// Longer input is never a slip of a name; the bound keeps a refusal cheap.
const GIVEN_CHARACTERS_MAX: usize = 64;
/// Shorter names are codes: everything is near to them.
const NAME_CHARACTERS_MIN: usize = 4;

/// How many edits are still a slip.
const fn edits_max(characters: usize) -> usize {
    match characters {
        0..=3 => 0,
        4..=6 => 1,
        7..=10 => 2,
        _ => 3,
    }
}

/// What the nearest name stands for, if one thing alone is near enough.
pub(crate) fn nearest<'n, T: Copy + PartialEq>(
    given: &str,
    names: impl Iterator<Item = (&'n str, T)>,
) -> Option<T> {
    let characters = given.chars().count();
    if characters > GIVEN_CHARACTERS_MAX {
        return None;
    }
    let mut best: Option<(usize, T)> = None;
    let mut is_unique = true;
    for (name, meant) in names.filter(|(name, _)| name.len() >= NAME_CHARACTERS_MIN) {
        let limit = best.map_or(edits_max(characters), |(edits, _)| edits);
        if name.chars().count().abs_diff(characters) > limit {
            continue;
        }
        let edits = strsim::osa_distance(given, name);
        match best {
            _ if edits > limit => {}
            Some((fewest, known)) if edits == fewest => is_unique &= known == meant,
            _ => {
                best = Some((edits, meant));
                is_unique = true;
            }
        }
    }
    best.filter(|_| is_unique).map(|(_, meant)| meant)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    fn of(given: &str) -> Option<&'static str> {
        let names = ["slovakia", "slovenia", "india", "niger", "nigeria", "maharashtra", "in"];
        nearest(given, names.into_iter().map(|name| (name, name)))
    }

    #[test]
    fn one_wrong_left_out_or_swapped_letter_is_a_slip() {
        assert_eq!(of("indai"), Some("india"));
        assert_eq!(of("maharastra"), Some("maharashtra"));
        assert_eq!(of("slovakai"), Some("slovakia"));
    }

    #[test]
    fn two_names_equally_near_are_no_suggestion() {
        assert_eq!(of("slovekia"), None);
    }

    #[test]
    fn short_and_far_names_are_no_suggestion() {
        for given in ["", "in", "xx", "ind", "atlantis", "maharaja"] {
            assert_eq!(of(given), None);
        }
    }

    #[test]
    fn endless_input_is_not_compared() {
        assert_eq!(of(&"india".repeat(1000)), None);
    }
}
