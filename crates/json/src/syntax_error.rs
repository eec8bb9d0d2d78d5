//! What is wrong with a text that is not strict JSON, where, and what to do about it.
//!
//! Invariant: an error holds a kind and positions, never a character of the text.

use std::fmt;

/// Why a text was refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where, in bytes from the start, 0 the first.
    pub offset: usize,
    /// Where, in lines that end with a line feed, 1 the first.
    pub line: usize,
    /// Where in the line, in Unicode characters, 1 the first.
    pub column: usize,
}

/// What is wrong with a text; the grammar is RFC 8259, the stricter rules are those of contract 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// Nothing but white space.
    Empty,
    /// The outermost value is not an object.
    NotAnObject,
    /// A byte that is not part of UTF-8 text.
    NotUtf8,
    /// The text starts with U+FEFF.
    ByteOrderMark,
    /// The text ends inside a value.
    UnexpectedEnd,
    /// Something follows the outermost value.
    TrailingBytes,
    /// No value where one is needed.
    ExpectedValue,
    /// No member name where one is needed.
    ExpectedName,
    /// No colon after a member name.
    ExpectedColon,
    /// Neither a comma nor the closing bracket after an item or member.
    ExpectedCommaOrEnd,
    /// A comma before a closing bracket.
    TrailingComma,
    /// A member name that the same object has already.
    DuplicateName,
    /// Objects and arrays nested deeper than the caller allows.
    TooDeep,
    /// A number that is not written as JSON writes numbers.
    InvalidNumber,
    /// A number with a needless zero in front.
    LeadingZero,
    /// An unescaped character below U+0020 in a string.
    ControlCharacter,
    /// A backslash that does not start one of JSON's escapes.
    InvalidEscape,
    /// Half of a surrogate pair in a `\u` escape.
    LoneSurrogate,
}

impl SyntaxErrorKind {
    /// Every kind, for pages and tests that go through all of them.
    pub const ALL: &'static [Self] = &[
        Self::Empty,
        Self::NotAnObject,
        Self::NotUtf8,
        Self::ByteOrderMark,
        Self::UnexpectedEnd,
        Self::TrailingBytes,
        Self::ExpectedValue,
        Self::ExpectedName,
        Self::ExpectedColon,
        Self::ExpectedCommaOrEnd,
        Self::TrailingComma,
        Self::DuplicateName,
        Self::TooDeep,
        Self::InvalidNumber,
        Self::LeadingZero,
        Self::ControlCharacter,
        Self::InvalidEscape,
        Self::LoneSurrogate,
    ];

    /// A sentence that says what is wrong and what to do; it never contains any of the text.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "The body is empty; send one JSON object.",
            Self::NotAnObject => "The outermost JSON value is not an object; send one object in braces.",
            Self::NotUtf8 => "A byte here is not UTF-8; encode the text as UTF-8.",
            Self::ByteOrderMark => "The text starts with a byte-order mark; send UTF-8 without one.",
            Self::UnexpectedEnd => {
                "The text ends before a string, array or object is closed; send the whole JSON text and its full length."
            }
            Self::TrailingBytes => {
                "Something follows the end of the JSON value; send one value and nothing after it."
            }
            Self::ExpectedValue => {
                "A value is missing here; write an object, an array, a string in double quotes, a number, true, false or null."
            }
            Self::ExpectedName => {
                "A member name is missing here; write each name as a string in double quotes."
            }
            Self::ExpectedColon => {
                "A colon is missing here; write one between a member's name and its value."
            }
            Self::ExpectedCommaOrEnd => {
                "A comma or the closing bracket is missing here; separate members and items by commas."
            }
            Self::TrailingComma => "A comma stands before a closing bracket; remove the comma.",
            Self::DuplicateName => {
                "An object has two members of the name that starts here; send each name once."
            }
            Self::TooDeep => "Objects and arrays are nested too deeply here; send fewer levels.",
            Self::InvalidNumber => {
                "A number here is not written as in JSON; write digits, then at most one fraction and one exponent, each with digits."
            }
            Self::LeadingZero => {
                "A number here starts with a needless zero; remove it, or send the digits as a string in double quotes."
            }
            Self::ControlCharacter => {
                "A string contains an unescaped control character here; remove it or write it as an escape such as \\n or \\u0000."
            }
            Self::InvalidEscape => {
                "A backslash here starts no JSON escape; write one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hexadecimal digits."
            }
            Self::LoneSurrogate => {
                "A \\u escape here is half of a surrogate pair; write both halves one after the other, or the character itself."
            }
        }
    }
}

impl SyntaxError {
    /// Finds line and column; `before` is the valid text in front of `offset`.
    pub(crate) fn at(kind: SyntaxErrorKind, offset: usize, before: &str) -> Self {
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let in_line = before.rsplit('\n').next().unwrap_or_default();
        Self { kind, offset, line, column: in_line.chars().count() + 1 }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind.sentence())
    }
}

impl std::error::Error for SyntaxError {}
