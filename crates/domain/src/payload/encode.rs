//! JSON values as bytes to be digested.
//!
//! Knows the tree, not which members count. Invariant: two values have the same bytes only if they are the same but for the
//! order of an object's members and for members that are `null`; no value's bytes begin with another's.

use registrar_json::{Member, Value};

/// How lengths and counts are written.
#[derive(Clone, Copy)]
pub(super) enum Lengths {
    /// Eight bytes, the lowest first: version 1.
    Eight,
    /// Seven bits a byte, the lowest first, the last byte below 128: version 2.
    Short,
}

impl Lengths {
    /// Every encoding begins with a tag and says its own length, so that no two values share one.
    pub(super) fn value(self, value: &Value<'_>, out: &mut Vec<u8>) {
        match value {
            Value::Null => out.push(b'n'),
            Value::Bool(true) => out.push(b't'),
            Value::Bool(false) => out.push(b'f'),
            Value::Number(text) => self.text(b'#', text, out),
            Value::String(text) => self.text(b'"', text, out),
            Value::Array(items) => {
                self.count(b'[', items.len(), out);
                for item in items {
                    self.value(item, out);
                }
            }
            Value::Object(object) => {
                let mut counted: Vec<_> = object.members().iter().filter(|member| is_given(member)).collect();
                counted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
                self.count(b'{', counted.len(), out);
                for member in counted {
                    self.text(b'k', &member.name, out);
                    self.value(&member.value, out);
                }
            }
        }
    }

    /// The value of `signed_timestamp`: a string of digits is written like the number.
    pub(super) fn timestamp(self, value: &Value<'_>, out: &mut Vec<u8>) {
        match value {
            Value::String(text) if is_digits(text) => self.text(b'#', text, out),
            value => self.value(value, out),
        }
    }

    pub(super) fn text(self, tag: u8, text: &str, out: &mut Vec<u8>) {
        self.count(tag, text.len(), out);
        out.extend_from_slice(text.as_bytes());
    }

    fn count(self, tag: u8, count: usize, out: &mut Vec<u8>) {
        out.push(tag);
        match self {
            Self::Eight => out.extend_from_slice(&(count as u64).to_le_bytes()),
            Self::Short => {
                let mut left = count;
                while left >= 0x80 {
                    out.push(left.to_le_bytes()[0] | 0x80);
                    left >>= 7;
                }
                out.push(left.to_le_bytes()[0]);
            }
        }
    }
}

/// Members that are `null` do not count.
pub(super) fn is_given(member: &Member<'_>) -> bool {
    !matches!(member.value, Value::Null)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
