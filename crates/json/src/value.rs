//! The tree: values that borrow from the text they were read from, numbers as written, members in the order sent.
//!
//! Invariant: an object never holds a name twice, and `Debug` shows the structure alone, because the text is a
//! customer's personal data.

use std::borrow::Cow;
use std::fmt;

/// A JSON value that borrows from the text it was read from.
#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exactly as written.
    Number(&'a str),
    /// A string, decoded.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object: members in the order sent, no name twice.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Object<'a> {
    members: Vec<Member<'a>>,
}

/// One member of an object.
#[derive(Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name, decoded.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
    /// The value's text as received, without the white space around it.
    pub raw: &'a str,
}

impl<'a> Object<'a> {
    /// Only the reader builds objects: it has checked that no name is there twice.
    pub(crate) const fn new(members: Vec<Member<'a>>) -> Self {
        Self { members }
    }

    /// The members in the order sent.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The members in the order sent, to keep.
    pub fn into_members(self) -> Vec<Member<'a>> {
        self.members
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Number(_) => f.write_str("Number"),
            Self::String(_) => f.write_str("String"),
            Self::Array(items) => write!(f, "Array({} items)", items.len()),
            Self::Object(object) => object.fmt(f),
        }
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} members)", self.members.len())
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({:?})", self.value)
    }
}
