//! Whether an address line names a PO box, in the spellings people use (contract 3.3, `address_one`).
//!
//! Works on whole words, never on parts of them: "Potomac" and "Boxwood" are streets. Invariant: a short form such as
//! "POB" or "Post Box" counts only with its number, because post boxes are also landmarks.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Whether the line names a PO box or a postal bag.
pub(super) fn is_po_box(line: &str) -> bool {
    if !line.is_ascii() {
        // For matching only: full-width letters, № and accents as plain letters.
        let plain: String = line.nfkd().filter(|character| !is_combining_mark(*character)).collect();
        return names_box(&words(&plain));
    }
    // Every spelling has a P or a B: most lines end here.
    line.bytes().any(|byte| matches!(byte, b'p' | b'P' | b'b' | b'B')) && names_box(&words(line))
}

/// A run of letters or of digits, and what stood between it and the one before.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    is_number: bool,
    gap: Gap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Nothing: letters met digits.
    None,
    /// Blanks alone.
    Blank,
    /// A full stop, with or without blanks.
    Dot,
    /// A comma, semicolon or bracket: another part of the address begins.
    Break,
    /// Any other sign: hyphen, number sign, colon.
    Sign,
}

impl Gap {
    fn with(self, character: char) -> Self {
        match (self, character) {
            (Self::Break, _) | (_, ',' | ';' | '(' | ')' | '|') => Self::Break,
            (Self::Sign, _) => Self::Sign,
            (_, '.') => Self::Dot,
            (Self::None, blank) if blank.is_whitespace() => Self::Blank,
            (gap, blank) if blank.is_whitespace() => gap,
            _ => Self::Sign,
        }
    }
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::with_capacity(16);
    let mut gap = Gap::None;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if !first.is_alphanumeric() {
            gap = gap.with(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let is_number = first.is_numeric();
        let is_same = |character: char| character.is_alphanumeric() && character.is_numeric() == is_number;
        let end = rest.find(|character| !is_same(character)).unwrap_or(rest.len());
        let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        words.push(Word { text, is_number, gap });
        (gap, rest) = (Gap::None, after);
    }
    words
}

const BOX: &str = "box|boxes|bx";

/// Spellings that mean a PO box whether or not a number follows. Each word may have alternatives.
const WITHOUT_NUMBER: &[&[&str]] = &[
    &["p", "o|0", BOX],
    &["po", BOX],
    &["pobox"],
    &["p", "obox"],
    &["post", "office|ofc|off|offc", BOX],
    &["postoffice", BOX],
    &["gpo|cpo", BOX],
];

/// Spellings that mean one only with a number.
const WITH_NUMBER: &[&[&str]] = &[
    &["pob"],
    &["p", "o", "b"],
    &["po", "b"],
    &["p", "ob"],
    &["post|postal", BOX],
    &["postbox"],
    &["post|postal|private|locked|mail", "bag"],
    &["postbag"],
    &["private|locked", "mail", "bag"],
    &["p", "o", "drawer"],
    &["po", "drawer"],
    // Other languages, where the words mean nothing else.
    &["postfach|postbus|postboks"],
    &["boite|caixa|casella|casilla|apartado", "postal|postale"],
    &["apartado|casilla", "de", "correos|correo"],
];

/// Words that make a place of the "box" before them: "near Post Office Box Hill".
const PLACES_AFTER_BOX: &str = "hill|elder|canyon|creek|springs|butte|tree|lane|ln|road|rd|street|st";

/// Words between the name and its number: "Post Box No. 5".
const NUMBER_SIGNS: &str = "no|nos|number|num|nr|n";

fn names_box(words: &[Word<'_>]) -> bool {
    is_all_box_and_number(words)
        || is_all_pb_and_number(words)
        || (0..words.len()).any(|from| words.get(from..).is_some_and(starts_box))
}

fn starts_box(words: &[Word<'_>]) -> bool {
    let is_long = WITHOUT_NUMBER.iter().any(|spelling| {
        let is_place = |rest: &[Word<'_>]| rest.first().is_some_and(|next| is_one_of(next, PLACES_AFTER_BOX));
        // "P.O., Box 12" is one in spite of its comma, "Post Office, Box Hill" is not.
        after(words, spelling).is_some_and(|rest| !is_place(rest))
            || after_in_any_part(words, spelling).and_then(number).is_some()
    });
    is_long
        || WITH_NUMBER.iter().filter_map(|spelling| after(words, spelling)).any(|rest| number(rest).is_some())
        || starts_pb(words)
}

/// "P.B. 5" and "PB No. 5"; but "PB 5" alone may be a flat, and "P.B. Road" is a highway.
fn starts_pb(words: &[Word<'_>]) -> bool {
    if let Some(rest) = after(words, &["p", "b"]) {
        let is_dotted = words.get(1).is_some_and(|b| b.gap == Gap::Dot);
        return if is_dotted { number(rest).is_some() } else { signed_number(rest).is_some() };
    }
    after(words, &["pb"]).is_some_and(|rest| signed_number(rest).is_some())
}

/// A line that says "Box 12" and nothing else: the other half of a PO box that was split over two lines.
fn is_all_box_and_number(words: &[Word<'_>]) -> bool {
    after(words, &[BOX]).and_then(number).is_some_and(<[_]>::is_empty)
}

/// A line that begins "PB 1234," as in the Gulf; six digits are an Indian PIN after the state's code for Punjab.
fn is_all_pb_and_number(words: &[Word<'_>]) -> bool {
    match after(words, &["pb"]) {
        Some([number, rest @ ..]) => {
            number.is_number
                && number.gap == Gap::Blank
                && number.text.len() != 6
                && rest.first().is_none_or(|next| next.gap == Gap::Break)
        }
        _ => false,
    }
}

/// What follows the spelling, if the words begin with it in one part of the address.
fn after<'w, 't>(words: &'w [Word<'t>], spelling: &[&str]) -> Option<&'w [Word<'t>]> {
    let is_together = words.iter().take(spelling.len()).skip(1).all(|word| word.gap != Gap::Break);
    after_in_any_part(words, spelling).filter(|_| is_together)
}

/// Like `after`, but commas between the words do not matter.
fn after_in_any_part<'w, 't>(words: &'w [Word<'t>], spelling: &[&str]) -> Option<&'w [Word<'t>]> {
    let (start, rest) = words.split_at_checked(spelling.len())?;
    start.iter().zip(spelling).all(|(word, accepted)| is_one_of(word, accepted)).then_some(rest)
}

fn is_one_of(word: &Word<'_>, accepted: &str) -> bool {
    accepted.split('|').any(|one| one.eq_ignore_ascii_case(word.text))
}

/// What follows a number, with or without a sign before it and a letter in it: "5", "No. 5", "#5", "X12".
fn number<'w, 't>(words: &'w [Word<'t>]) -> Option<&'w [Word<'t>]> {
    signed_number(words).or_else(|| bare_number(words))
}

fn signed_number<'w, 't>(words: &'w [Word<'t>]) -> Option<&'w [Word<'t>]> {
    match words {
        [sign, rest @ ..] if sign.gap != Gap::Break && is_one_of(sign, NUMBER_SIGNS) => bare_number(rest),
        _ => None,
    }
}

fn bare_number<'w, 't>(words: &'w [Word<'t>]) -> Option<&'w [Word<'t>]> {
    let (number, rest) = match words {
        [letter, number, rest @ ..] if letter.text.len() == 1 && number.is_number && !letter.is_number => {
            if letter.gap == Gap::Break {
                return None;
            }
            (number, rest)
        }
        [number, rest @ ..] => (number, rest),
        [] => return None,
    };
    let is_ordinal = rest.first().is_some_and(|next| next.gap == Gap::None && is_one_of(next, "st|nd|rd|th"));
    (number.is_number && number.gap != Gap::Break && !is_ordinal).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_po_box;

    const BOXES: &[&str] = &[
        "P.O. Box 12",
        "PO BOX",
        "PO Box 12",
        "po box",
        "P.O.Box 12",
        "P.O.BOX12",
        "P. O. Box 12",
        "P.O. Box No. 12",
        "P.O. Box #12",
        "P.O. Box: 12",
        "P O Box",
        "P O Box 99",
        "P-O-Box 5",
        "P/O Box 5",
        "P0 Box 5",
        "P.OBox 5",
        "P.O., Box 12",
        "Post Office, Box 12",
        "Mail Bag 7",
        "PO Bx 5",
        "pobox 7",
        "POBOX7",
        "Pobox",
        "POB 7",
        "POB7",
        "P.O.B. 7",
        "P.O.B. No. 7",
        "PO B 7",
        "Post Office Box",
        "Post Office Box 12",
        "post-office box 12",
        "Postoffice Box 12",
        "Post Box No. 5",
        "Post Box 5",
        "POST BOX NO 5",
        "Post Box No.5",
        "Post Box Number 5",
        "Post Box #5",
        "Post Box № 5",
        "Postbox 5",
        "Postal Box 5",
        "P.B. No. 5",
        "P.B. 5",
        "P.B.No.5",
        "P B No 5",
        "PB No. 5",
        "PB 1234, Dubai",
        "PB 1234",
        "GPO Box 5",
        "G.P.O. Box 5",
        "GPO Box No 5",
        "Post Bag 5",
        "Post Bag No. 5",
        "Postbag 5",
        "Private Bag X12",
        "Private Mail Bag 7",
        "Locked Bag 7",
        "PO Drawer 7",
        "Box 12",
        "Box No. 12",
        "Ｐ．Ｏ． Ｂｏｘ １２",
        "ＰＯＢＯＸ",
        "P․O․ Box 12",
        "P·O· Box 12",
        "PO Box ५",
        "c/o Mr Smith, P.O. Box 12, Springfield",
        "12 Main Street P.O. Box 12",
        "Suite 5 (PO Box 7)",
        "Postfach 12 34",
        "Boîte postale 12",
        "Caixa Postal 12",
        "Apartado de Correos 12",
    ];

    const STREETS: &[&str] = &[
        "",
        "Near CST",
        "1 Main St.",
        "Boxwood Rd",
        "12 Boxwood Rd",
        "12 Potomac Ave",
        "Box Hill",
        "12 Box Hill Road",
        "Box Hill 12",
        "Post Office Lane",
        "12 Post Office Lane",
        "Old Post Office Road 5",
        "Near Post Office, Fort",
        "Post Office, Box Hill",
        "Near Post Office Box Hill",
        "Near Post Box, MG Road",
        "Opposite Post Box",
        "Near Post Box, 12 MG Road",
        "Post Box 2nd Cross Road",
        "Postal Colony, Chembur",
        "P.O. Kharghar",
        "PO Andheri 400053",
        "Via Po 12",
        "Corso Po 5",
        "P.B. Road 12",
        "P B Road, Hubli",
        "Plot PB-5, Sector 9",
        "Flat PB5",
        "Flat PB 5",
        "Mohali PB 160055",
        "PB 160055",
        "POB Layout",
        "Expo Box Office",
        "Depo Box Lane",
        "Boxer Street 5",
        "Ballot Box Lane 5",
        "Flat 7, Pobedy Street 12",
        "Bag Street 5",
        "5 Postwood Avenue",
        "Post House 5",
        "Podbox 7",
        "Unit 2050 Box 4190",
        "HC 68 Box 23",
        "Boîte 4, Rue de la Poste",
        "Apartado Alto 12",
        "Poboxwood 7",
        "Probox 7",
    ];

    #[test]
    fn every_usual_spelling_of_a_po_box_is_found() {
        for line in BOXES {
            assert!(is_po_box(line), "{line}");
            assert!(is_po_box(&line.to_uppercase()), "{line}");
            assert!(is_po_box(&line.to_lowercase()), "{line}");
        }
    }

    #[test]
    fn streets_that_look_like_po_boxes_are_not() {
        for line in STREETS {
            assert!(!is_po_box(line), "{line}");
            assert!(!is_po_box(&line.to_uppercase()), "{line}");
            assert!(!is_po_box(&line.to_lowercase()), "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_po_box_is_found_between_other_parts_of_an_address(
            before in "[0-9]{1,3} [A-Z][a-z]{3,8} (Road|Street)",
            after in "[A-Z][a-z]{3,8}",
            number in 1..99_999u32,
        ) {
            let line = format!("{before}, P.O. Box {number}, {after}");
            prop_assert!(is_po_box(&line));
        }

        #[test]
        fn full_width_forms_are_found(box_of in proptest::sample::select(vec!["PO Box 12", "POB 7", "Post Box No. 5"])) {
            let wide: String = box_of.chars().map(|character| match character {
                ' ' => '\u{3000}',
                other => char::from_u32(u32::from(other) + 0xfee0).unwrap(),
            }).collect();
            prop_assert!(is_po_box(&wide));
        }

        #[test]
        fn any_line_is_answered(line in "\\PC{0,200}") {
            let _ = is_po_box(&line);
        }
    }
}
