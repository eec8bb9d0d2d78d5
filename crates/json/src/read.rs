//! The reader: one strict pass over the raw bytes.
//!
//! Knows the grammar and the limits, not what any member means. Invariant: the first fault in the order of the text is
//! the one reported, and the time is linear in the length of the text whatever it contains.

mod string;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::syntax_error::{SyntaxError, SyntaxErrorKind};
use crate::value::{Member, Object, Value};

/// The deepest nesting any caller can allow: the reader, the writer and drop recurse once a level, and this many levels fit
/// into the smallest thread stack in use many times over.
pub const DEPTH_CEILING: usize = 128;

/// Up to this many members a name is looked for among the members themselves; the documented bodies have fewer, and
/// above it a set keeps the time linear.
const SCANNED_MEMBERS_MAX: usize = 32;

/// Room for the members of the documented bodies, so that the outermost object is not moved while it grows.
const EXPECTED_MEMBERS: usize = 20;

/// Reads one JSON object; the outermost object is depth 1 of `depth_max` (at most [`DEPTH_CEILING`]).
///
/// # Errors
/// The first fault in the text, by RFC 8259 and contract 3.2.
pub fn parse_object(bytes: &[u8], depth_max: usize) -> Result<Object<'_>, SyntaxError> {
    read(bytes, depth_max, |reader| {
        if reader.peek() != Some(b'{') {
            return Err(reader.fault(SyntaxErrorKind::NotAnObject));
        }
        reader.object(EXPECTED_MEMBERS)
    })
}

/// Reads one JSON value of any type, as strictly as [`parse_object`]; the outermost object or array is depth 1.
///
/// # Errors
/// The first fault in the text, by RFC 8259 and contract 3.2.
pub fn parse_value(bytes: &[u8], depth_max: usize) -> Result<Value<'_>, SyntaxError> {
    read(bytes, depth_max, Reader::value)
}

fn read<'a, T>(
    bytes: &'a [u8],
    depth_max: usize,
    outermost: impl FnOnce(&mut Reader<'a>) -> Result<T, Fault>,
) -> Result<T, SyntaxError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
        SyntaxError::at(SyntaxErrorKind::NotUtf8, error.valid_up_to(), valid.unwrap_or_default())
    })?;
    let mut reader = Reader { text, bytes, at: 0, depth_left: depth_max.min(DEPTH_CEILING) };
    reader
        .document(outermost)
        .map_err(|fault| SyntaxError::at(fault.kind, fault.at, text.get(..fault.at).unwrap_or(text)))
}

/// A fault without line and column, which only the one that is reported needs.
struct Fault {
    kind: SyntaxErrorKind,
    at: usize,
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth_left: usize,
}

impl<'a> Reader<'a> {
    fn document<T>(&mut self, outermost: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.text.starts_with('\u{feff}') {
            return Err(self.fault(SyntaxErrorKind::ByteOrderMark));
        }
        self.skip_blanks();
        if self.peek().is_none() {
            return Err(self.fault(SyntaxErrorKind::Empty));
        }
        let value = outermost(self)?;
        self.skip_blanks();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.fault(SyntaxErrorKind::TrailingBytes)),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            Some(b'{') => Ok(Value::Object(self.object(0)?)),
            Some(b'[') => Ok(Value::Array(self.array()?)),
            Some(b't') => self.literal(b"true", Value::Bool(true)),
            Some(b'f') => self.literal(b"false", Value::Bool(false)),
            Some(b'n') => self.literal(b"null", Value::Null),
            Some(_) => Err(self.fault(SyntaxErrorKind::ExpectedValue)),
            None => Err(self.fault(SyntaxErrorKind::UnexpectedEnd)),
        }
    }

    fn object(&mut self, expected_members: usize) -> Result<Object<'a>, Fault> {
        self.descend()?;
        if self.peek() == Some(b'}') {
            self.ascend();
            return Ok(Object::default());
        }
        let mut members = Vec::with_capacity(expected_members);
        let mut names = Names::default();
        loop {
            let name_at = self.at;
            let name = self.name()?;
            if names.has_already(&name, &members) {
                return Err(Fault { kind: SyntaxErrorKind::DuplicateName, at: name_at });
            }
            self.colon()?;
            let value_at = self.at;
            let value = self.value()?;
            members.push(Member { name, value, raw: self.slice(value_at, self.at)? });
            if self.closes(b'}')? {
                self.ascend();
                return Ok(Object::new(members));
            }
        }
    }

    fn array(&mut self) -> Result<Vec<Value<'a>>, Fault> {
        self.descend()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.ascend();
            return Ok(items);
        }
        loop {
            items.push(self.value()?);
            if self.closes(b']')? {
                self.ascend();
                return Ok(items);
            }
        }
    }

    /// Steps over an opening bracket and the white space after it.
    fn descend(&mut self) -> Result<(), Fault> {
        self.depth_left =
            self.depth_left.checked_sub(1).ok_or_else(|| self.fault(SyntaxErrorKind::TooDeep))?;
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    /// Steps over a closing bracket.
    fn ascend(&mut self) {
        self.depth_left += 1;
        self.at += 1;
    }

    /// Whether the closing bracket comes next; else steps over the comma to the next item or member.
    fn closes(&mut self, bracket: u8) -> Result<bool, Fault> {
        self.skip_blanks();
        match self.peek() {
            Some(byte) if byte == bracket => Ok(true),
            Some(b',') => {
                let comma_at = self.at;
                self.at += 1;
                self.skip_blanks();
                if matches!(self.peek(), Some(b'}' | b']')) {
                    return Err(Fault { kind: SyntaxErrorKind::TrailingComma, at: comma_at });
                }
                Ok(false)
            }
            Some(_) => Err(self.fault(SyntaxErrorKind::ExpectedCommaOrEnd)),
            None => Err(self.fault(SyntaxErrorKind::UnexpectedEnd)),
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(_) => Err(self.fault(SyntaxErrorKind::ExpectedName)),
            None => Err(self.fault(SyntaxErrorKind::UnexpectedEnd)),
        }
    }

    fn colon(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                self.skip_blanks();
                Ok(())
            }
            Some(_) => Err(self.fault(SyntaxErrorKind::ExpectedColon)),
            None => Err(self.fault(SyntaxErrorKind::UnexpectedEnd)),
        }
    }

    fn literal(&mut self, word: &[u8], value: Value<'a>) -> Result<Value<'a>, Fault> {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end) != Some(word) {
            return Err(self.fault(SyntaxErrorKind::ExpectedValue));
        }
        self.at = end;
        Ok(value)
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.skip(b'-');
        if self.skip(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(Fault { kind: SyntaxErrorKind::LeadingZero, at: start });
            }
        } else {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            if !self.skip(b'+') {
                self.skip(b'-');
            }
            self.digits()?;
        }
        self.slice(start, self.at)
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.fault(SyntaxErrorKind::InvalidNumber)) } else { Ok(()) }
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Every caller's ends are next to ASCII bytes, so the fault is never met.
    fn slice(&self, start: usize, end: usize) -> Result<&'a str, Fault> {
        self.text.get(start..end).ok_or(Fault { kind: SyntaxErrorKind::NotUtf8, at: start })
    }

    const fn fault(&self, kind: SyntaxErrorKind) -> Fault {
        Fault { kind, at: self.at }
    }
}

/// The names of one object so far. The set's hash is keyed at random, so that no body can be made to collide.
#[derive(Default)]
struct Names<'a> {
    /// A bit for each kind of name, by length and ends: most names are of a kind that was not there before.
    kinds: u64,
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    #[expect(clippy::ptr_arg, reason = "a borrowed name is kept without copying it")]
    fn has_already(&mut self, name: &Cow<'a, str>, members: &[Member<'a>]) -> bool {
        if self.many.is_none() && members.len() < SCANNED_MEMBERS_MAX {
            let kind = kind_of(name);
            let is_new_kind = self.kinds & kind == 0;
            self.kinds |= kind;
            return !is_new_kind && members.iter().any(|member| member.name == *name);
        }
        let many =
            self.many.get_or_insert_with(|| members.iter().map(|member| member.name.clone()).collect());
        !many.insert(name.clone())
    }
}

/// One of 64 bits.
fn kind_of(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let ends = bytes.first().copied().unwrap_or(0) ^ bytes.last().copied().unwrap_or(0).rotate_left(2);
    1 << ((usize::from(ends) ^ bytes.len()) % 64)
}
