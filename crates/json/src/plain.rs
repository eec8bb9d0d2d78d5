//! Where a string first has a byte that does not stand for itself, for the reader and the writer.
//!
//! Eight bytes at a time: most strings of a body have none, and every byte of them is looked at twice.

const EVERY_BYTE: u64 = 0x0101_0101_0101_0101;
const HIGHEST_BITS: u64 = 0x80 * EVERY_BYTE;

/// How many bytes there are before the first quote, backslash or byte below U+0020.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (position, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return position * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let in_rest = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    words.len() * 8 + in_rest.unwrap_or(rest.len())
}

/// The highest bit of each special byte. A borrow may mark bytes behind the first special one too, never one before it.
const fn special_bytes(word: u64) -> u64 {
    let quotes = word ^ (b'"' as u64 * EVERY_BYTE);
    let backslashes = word ^ (b'\\' as u64 * EVERY_BYTE);
    (below(word, 0x20) | below(quotes, 1) | below(backslashes, 1)) & HIGHEST_BITS
}

/// The highest bit of each byte below a limit of at most 128, among other bits.
const fn below(word: u64, limit: u64) -> u64 {
    word.wrapping_sub(limit * EVERY_BYTE) & !word
}

#[cfg(test)]
mod tests {
    use super::plain_length;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    for around in [b'a', 0x20, 0x7f, 0x80, 0xff] {
                        let mut bytes = vec![around; length];
                        bytes[at] = byte;
                        let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                        assert_eq!(
                            plain_length(&bytes),
                            if is_special { at } else { length },
                            "{byte} at {at}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn of_two_special_bytes_the_first_counts() {
        for (first, second) in
            [(b'"', 0), (0, b'"'), (b'\\', b'"'), (0x1f, 0x1f), (b'"', b'#'), (b'\\', b']')]
        {
            for at in 0..15 {
                let mut bytes = [b' '; 16];
                (bytes[at], bytes[at + 1]) = (first, second);
                assert_eq!(plain_length(&bytes), at);
            }
        }
    }
}
