//! The official forms of identity numbers. Pure predicates over text; which of them applies is decided by `id_number`.

/// Nine digits, or three, two and four with hyphens; no area 000 or 666, not one digit nine times (contract 3.3).
pub(super) fn is_ssn(text: &str) -> bool {
    let is_shaped = has_form(text, "000000000") || has_form(text, "000-00-0000");
    let mut digits = text.bytes().filter(|byte| *byte != b'-');
    let first = digits.next();
    let is_repeated = digits.all(|digit| Some(digit) == first);
    is_shaped && !text.starts_with("000") && !text.starts_with("666") && !is_repeated
}

/// Twelve digits, also in groups of four, the first from 2 on, the last a Verhoeff check digit (UIDAI).
pub(super) fn is_aadhaar(text: &str) -> bool {
    let Some(digits) = aadhaar_digits(text) else { return false };
    !matches!(digits.first(), Some(0 | 1)) && has_verhoeff_digit(&digits)
}

fn aadhaar_digits(text: &str) -> Option<[u8; 12]> {
    let mut digits = [0; 12];
    let mut places = digits.iter_mut();
    let separator = text.as_bytes().get(4).copied().filter(|byte| matches!(byte, b' ' | b'-'));
    for (index, byte) in text.bytes().enumerate() {
        match (separator, index) {
            (Some(separator), 4 | 9) if byte == separator => {}
            _ if byte.is_ascii_digit() => *places.next()? = byte - b'0',
            _ => return None,
        }
    }
    places.next().is_none().then_some(digits)
}

/// Verhoeff's check digit: products in the dihedral group D5 over digits permuted by their place, from the right.
fn has_verhoeff_digit(digits: &[u8]) -> bool {
    let mut permuted_by: [u8; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let mut product = 0;
    for digit in digits.iter().rev() {
        product = dihedral(product, apply(&permuted_by, *digit));
        permuted_by = permuted_by.map(|digit| apply(&PERMUTATION, digit));
    }
    product == 0
}

/// The permutation of the second place from the right; that of each further place is its next power.
const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

fn apply(permutation: &[u8; 10], digit: u8) -> u8 {
    permutation.get(usize::from(digit)).copied().unwrap_or_default()
}

/// The product in D5: 0 to 4 are rotations, 5 to 9 reflections.
const fn dihedral(one: u8, other: u8) -> u8 {
    match (one < 5, other < 5) {
        (true, true) => (one + other) % 5,
        (true, false) => 5 + (one + (other - 5)) % 5,
        (false, true) => 5 + (one - 5 + 5 - other) % 5,
        (false, false) => (one + 5 - other) % 5,
    }
}

/// Five letters, four digits, a letter; the fourth letter is a kind of holder (Indian income tax department).
pub(super) fn is_pan(text: &str) -> bool {
    has_form(text, "AAAAA0000A")
        && text.as_bytes().get(3).is_some_and(|holder| b"ABCFGHJLPT".contains(&holder.to_ascii_uppercase()))
}

/// A letter and seven digits.
pub(super) fn is_indian_passport(text: &str) -> bool {
    has_form(text, "A0000000")
}

/// The number of an Indian elector's photo identity card: three letters and seven digits.
pub(super) fn is_voter_id(text: &str) -> bool {
    has_form(text, "AAA0000000")
}

/// Whether each `A` of the form is a letter of either case, each `0` a digit, and anything else itself.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, kind)| match kind {
            b'A' => byte.is_ascii_alphabetic(),
            b'0' => byte.is_ascii_digit(),
            sign => byte == sign,
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_social_security_number_has_nine_digits_and_an_area_that_exists() {
        for number in ["123456789", "123-45-6789", "900-70-0001", "001-01-0001", "665000001"] {
            assert!(is_ssn(number), "{number}");
        }
        for number in [
            "",
            "12345678",
            "1234567890",
            "000-12-3456",
            "000123456",
            "666-12-3456",
            "666123456",
            "111111111",
            "999-99-9999",
            "12-345-6789",
            "123-456789",
            "12345-6789",
            "123 45 6789",
            "123-45-678a",
            "１２３４５６７８９",
        ] {
            assert!(!is_ssn(number), "{number}");
        }
    }

    #[test]
    fn verhoeffs_own_examples_hold() {
        // 236 has the check digit 3; 12345 has 1.
        assert!(has_verhoeff_digit(&[2, 3, 6, 3]));
        assert!(has_verhoeff_digit(&[1, 2, 3, 4, 5, 1]));
        assert!(!has_verhoeff_digit(&[2, 3, 6, 4]));
    }

    #[test]
    fn an_aadhaar_number_has_twelve_digits_and_its_check_digit() {
        for number in ["234123412346", "2341 2341 2346", "2341-2341-2346", "999941057058"] {
            assert!(is_aadhaar(number), "{number}");
        }
        for number in [
            "",
            "234123412345",
            "23412341234",
            "2341234123466",
            "2341 2341-2346",
            "23412341 2346",
            "034123412346",
            "2341 2341 2346 ",
            "23a123412346",
        ] {
            assert!(!is_aadhaar(number), "{number}");
        }
    }

    #[test]
    fn pan_passport_and_voter_id_have_their_letters_and_digits_in_place() {
        for number in ["ABCPE1234F", "abcpe1234f", "AAACT0000A"] {
            assert!(is_pan(number), "{number}");
        }
        for number in ["ABCXE1234F", "ABCPE123F", "ABCPE12345", "1BCPE1234F", "ABCPE1234FF", ""] {
            assert!(!is_pan(number), "{number}");
        }
        assert!(is_indian_passport("M1234567") && is_indian_passport("z7654321"));
        for number in ["123456789", "MM123456", "M123456", ""] {
            assert!(!is_indian_passport(number), "{number}");
        }
        assert!(is_voter_id("ABC1234567"));
        for number in ["AB12345678", "ABC123456", "MH/01/001/123456", ""] {
            assert!(!is_voter_id(number), "{number}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(start in proptest::collection::vec(0..10u8, 11)) {
            let fitting = (0..10u8)
                .filter(|check| has_verhoeff_digit(&[start.as_slice(), &[*check]].concat()))
                .count();
            prop_assert_eq!(fitting, 1);
        }

        #[test]
        fn one_wrong_digit_or_two_swapped_neighbours_never_fit(
            start in proptest::collection::vec(0..10u8, 11), at in 0..11usize, by in 1..10u8
        ) {
            let check = (0..10u8).find(|check| has_verhoeff_digit(&[start.as_slice(), &[*check]].concat())).unwrap();
            let number = [start.as_slice(), &[check]].concat();
            let mut wrong = number.clone();
            wrong[at] = (wrong[at] + by) % 10;
            prop_assert!(!has_verhoeff_digit(&wrong));
            let mut swapped = number.clone();
            swapped.swap(at, at + 1);
            prop_assert!(swapped == number || !has_verhoeff_digit(&swapped));
        }
    }
}
