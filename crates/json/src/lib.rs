//! Strict JSON: one pass from bytes to a tree that keeps numbers as written, and back to bytes.
//!
//! Knows nothing of customers or HTTP. Invariant: what `parse_object` accepts is one RFC 8259 object in UTF-8
//! without a byte-order mark, duplicate keys at any depth, lone surrogates, trailing bytes or nesting over the limit.

use std::borrow::Cow;

/// A JSON value that borrows from the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object<'a> {
    members: Vec<Member<'a>>,
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name, decoded.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Value<'a>,
    /// The value's text as received, without the white space around it.
    pub raw: &'a str,
}

impl<'a> Object<'a> {
    /// The members in the order sent.
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name)
    }
}
