//! What all text fields share: the JSON type, blanks, NFC, lengths in characters, and the characters that no field takes.
//!
//! Knows no field. Invariant: nothing here allocates for ASCII text, and no message contains any of the text.

use std::borrow::Cow;

use registrar_json::Value;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::violation::{Refusal, Rule};

/// How many characters (Unicode scalar values after NFC) a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// The fewest.
    pub min: usize,
    /// The most.
    pub max: usize,
}

impl Length {
    /// From `min` to `max` characters.
    pub const fn new(min: usize, max: usize) -> Self {
        Self { min, max }
    }

    /// Refuses text that is shorter or longer.
    pub(super) fn check(self, text: &str) -> Result<(), Refusal> {
        let Self { min, max } = self;
        // A character is at most four bytes, and at least one.
        if text.len() >= min * 4 && text.len() <= max {
            return Ok(());
        }
        if (min..=max).contains(&text.chars().count()) {
            return Ok(());
        }
        let accepted = if min == 0 { format!("at most {max}") } else { format!("{min} to {max}") };
        Err(Refusal::new(Rule::Length, format!("must be {accepted} characters long")))
    }
}

/// The text of a JSON string.
pub(super) fn string<'v>(value: &'v Value<'_>) -> Result<&'v str, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Refusal::new(Rule::Type, "must be a string")),
    }
}

/// Whether text is empty or all Unicode White_Space.
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim_start().is_empty()
}

/// The text in NFC.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The text without surrounding White_Space, in NFC (contract 3.1).
pub(super) fn tidy(text: &str) -> Cow<'_, str> {
    nfc(text.trim())
}

/// Refuses surrounding blanks in a field that is never trimmed (contract 3.1).
pub(super) fn check_no_surrounding_blanks(text: &str) -> Result<(), Refusal> {
    if text.trim().len() == text.len() {
        return Ok(());
    }
    Err(Refusal::new(Rule::Format, "must not begin or end with a blank"))
}

/// Refuses what the names' rule refuses: control characters, bidi controls, line and paragraph separators.
pub(super) fn check_characters(text: &str) -> Result<(), Refusal> {
    if !contains(text, |character| character.is_control() || is_bidi_control_or_separator(character)) {
        return Ok(());
    }
    let message = "must not contain control, text direction or line separator characters";
    Err(Refusal::new(Rule::Characters, message))
}

/// Refuses control characters alone: for fields whose format allows so little that the rest is said by it.
pub(super) fn check_no_control(text: &str) -> Result<(), Refusal> {
    if !contains(text, char::is_control) {
        return Ok(());
    }
    Err(Refusal::new(Rule::Characters, "must not contain control characters"))
}

/// Refuses what cannot be seen on paper: all of `check_characters`, other invisible characters but those exempt, and blanks
/// but the space.
pub(super) fn check_printable(text: &str, exempt: &[char]) -> Result<(), Refusal> {
    let is_refused = |character: char| {
        character.is_control()
            || is_bidi_control_or_separator(character)
            || (is_ignorable(character) && !exempt.contains(&character))
            || (character.is_whitespace() && character != ' ')
    };
    if !contains(text, is_refused) {
        return Ok(());
    }
    Err(Refusal::new(Rule::Characters, "must contain printable characters only"))
}

fn contains(text: &str, is_refused: impl Fn(char) -> bool) -> bool {
    if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.chars().any(is_refused)
    }
}

fn is_bidi_control_or_separator(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Unicode's Default_Ignorable_Code_Point: no glyph, so two values that differ look the same.
fn is_ignorable(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_scalar_values_at_both_edges() {
        let length = Length::new(1, 3);
        for text in ["a", "abc", "é", "ééé", "𝒜𝒜𝒜"] {
            assert_eq!(length.check(text), Ok(()), "{text}");
        }
        for text in ["", "abcd", "éééé"] {
            assert_eq!(length.check(text).map_err(|refusal| refusal.rule), Err(Rule::Length), "{text}");
        }
    }

    #[test]
    fn tidy_trims_every_white_space_and_composes() {
        assert_eq!(tidy("\u{2003}\t Ame\u{301}lie\u{a0}\u{3000}"), "Amélie");
        assert!(matches!(tidy(" plain "), Cow::Borrowed("plain")));
    }

    #[test]
    fn every_listed_character_is_refused_and_joiners_are_not() {
        let listed = ['\0', '\u{7f}', '\u{85}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'];
        let ranges = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain('\u{1}'..='\u{1f}');
        for character in listed.into_iter().chain(ranges) {
            let text = format!("a{character}é");
            assert_eq!(check_characters(&text).map_err(|refusal| refusal.rule), Err(Rule::Characters));
            assert!(check_printable(&text, &[]).is_err());
        }
        for character in ['\u{200c}', '\u{200d}'] {
            assert_eq!(check_characters(&format!("a{character}b")), Ok(()));
            assert!(check_printable(&format!("a{character}b"), &[]).is_err());
            assert_eq!(check_printable(&format!("a{character}b"), &[character]), Ok(()));
        }
    }
}
