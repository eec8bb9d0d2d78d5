//! The writers: from a tree back to text, compact as `JSON.stringify` or as other common serialisers write it.
//!
//! Knows how text looks, not what it means. Invariant: what was read strictly and written in any style reads back as the
//! same value, numbers as written; only `sorted_keys` changes the order of members.

use crate::value::{Member, Object, Value};

/// How text looks; the default is the compact style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// A space after each comma and colon, as Python's `json.dumps` writes by default.
    pub spaced: bool,
    /// Members by name at every depth, names compared by code points.
    pub sorted_keys: bool,
    /// Everything but printable ASCII as `\u` escapes, as Python's `ensure_ascii` does.
    pub ascii: bool,
}

impl Value<'_> {
    /// Appends the value without white space, with members and numbers as written and no needless escape.
    pub fn write_compact(&self, out: &mut String) {
        self.write_styled(Style::default(), out);
    }

    /// Appends the value in a style.
    pub fn write_styled(&self, style: Style, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::String(text) => style.string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    style.separator(position, out);
                    item.write_styled(style, out);
                }
                out.push(']');
            }
            Self::Object(object) => object.write_styled(style, out),
        }
    }
}

impl Object<'_> {
    /// Appends the object without white space, with members and numbers as written and no needless escape.
    pub fn write_compact(&self, out: &mut String) {
        self.write_styled(Style::default(), out);
    }

    /// Appends the object in a style.
    pub fn write_styled(&self, style: Style, out: &mut String) {
        out.push('{');
        if style.sorted_keys {
            let mut members: Vec<_> = self.members().iter().collect();
            // UTF-8 keeps the order of code points, so comparing bytes is enough.
            members.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            style.members(members.into_iter(), out);
        } else {
            style.members(self.members().iter(), out);
        }
        out.push('}');
    }
}

impl Style {
    fn members<'a: 'b, 'b>(self, members: impl Iterator<Item = &'b Member<'a>>, out: &mut String) {
        for (position, member) in members.enumerate() {
            self.separator(position, out);
            self.string(&member.name, out);
            out.push_str(if self.spaced { ": " } else { ":" });
            member.value.write_styled(self, out);
        }
    }

    fn separator(self, position: usize, out: &mut String) {
        if position > 0 {
            out.push_str(if self.spaced { ", " } else { "," });
        }
    }

    fn string(self, text: &str, out: &mut String) {
        if self.ascii { write_ascii_string(text, out) } else { write_string(text, out) }
    }
}

/// Appends a JSON string with the escapes of `JSON.stringify`: the quote, the backslash and what is below U+0020.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    // Nearly no text needs an escape; a look that never ends early takes many bytes at once.
    if text.bytes().fold(false, |found, byte| found | is_escaped(byte)) {
        write_escaped(text, out);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

fn write_escaped(text: &str, out: &mut String) {
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| is_escaped(*byte)) {
        // Never none: what is escaped is ASCII, so both ends are between characters.
        out.push_str(text.get(plain_from..at).unwrap_or_default());
        write_escape(byte, out);
        plain_from = at + 1;
    }
    out.push_str(text.get(plain_from..).unwrap_or_default());
}

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_ascii_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' | '\0'..='\u{1f}' => write_escape(character as u8, out),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write_code_unit(*unit, out);
                }
            }
        }
    }
    out.push('"');
}

fn write_escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ => write_code_unit(u16::from(byte), out),
    }
}

fn write_code_unit(unit: u16, out: &mut String) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.extend(char::from_digit(u32::from(unit >> shift & 0xf), 16));
    }
}
