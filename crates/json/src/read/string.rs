//! Strings: borrowed where they have no escape, decoded where they have one.
//!
//! Invariant: what is returned is the characters meant, each one a Unicode scalar value.

use std::borrow::Cow;

use super::{Fault, Reader};
use crate::plain::plain_length;
use crate::syntax_error::SyntaxErrorKind;

impl<'a> Reader<'a> {
    /// Reads a string; the opening quote is next.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.at + 1;
        self.at = self.plain_end(start);
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(Cow::Borrowed(self.slice(start, self.at - 1)?))
            }
            Some(b'\\') => self.escaped_string(start),
            Some(_) => Err(self.fault(SyntaxErrorKind::ControlCharacter)),
            None => Err(self.fault(SyntaxErrorKind::UnexpectedEnd)),
        }
    }

    /// Where the run of bytes that stand for themselves ends.
    fn plain_end(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        start + plain_length(rest)
    }

    /// Reads on at the first backslash of a string whose characters begin at `start`.
    fn escaped_string(&mut self, start: usize) -> Result<Cow<'a, str>, Fault> {
        let mut text = self.slice(start, self.at)?.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(self.fault(SyntaxErrorKind::ControlCharacter)),
                None => return Err(self.fault(SyntaxErrorKind::UnexpectedEnd)),
            }
            let run = self.at;
            self.at = self.plain_end(run);
            text.push_str(self.slice(run, self.at)?);
        }
    }

    /// Reads one escape, or the two of a surrogate pair; the backslash is next.
    fn escape(&mut self) -> Result<char, Fault> {
        let backslash = self.at;
        let character = match self.bytes.get(backslash + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(backslash),
            Some(_) => return Err(self.fault(SyntaxErrorKind::InvalidEscape)),
            None => return Err(Fault { kind: SyntaxErrorKind::UnexpectedEnd, at: self.bytes.len() }),
        };
        self.at = backslash + 2;
        Ok(character)
    }

    fn unicode_escape(&mut self, backslash: usize) -> Result<char, Fault> {
        let lone = Fault { kind: SyntaxErrorKind::LoneSurrogate, at: backslash };
        let first = self.code_unit(backslash)?;
        self.at = backslash + 6;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if first >= 0xdc00 || self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return Err(lone);
        }
        let second = self.code_unit(self.at)?;
        if !(0xdc00..=0xdfff).contains(&second) {
            return Err(lone);
        }
        self.at += 6;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(lone)
    }

    /// The four hexadecimal digits of the `\u` escape at `backslash`.
    fn code_unit(&self, backslash: usize) -> Result<u32, Fault> {
        (backslash + 2..backslash + 6).try_fold(0, |unit, at| match self.bytes.get(at) {
            Some(&byte) => match char::from(byte).to_digit(16) {
                Some(digit) => Ok(unit * 16 + digit),
                None => Err(Fault { kind: SyntaxErrorKind::InvalidEscape, at: backslash }),
            },
            None => Err(Fault { kind: SyntaxErrorKind::UnexpectedEnd, at }),
        })
    }
}
