//! Strict JSON: one pass from bytes to a tree that keeps numbers as written, and back to bytes.
//!
//! The body of `create_customer` is read here, but this crate knows nothing of customers or HTTP. Invariant: what
//! `parse_object` accepts is one RFC 8259 object in UTF-8 without a byte-order mark, duplicate keys at any depth, lone
//! surrogates, trailing bytes or nesting over the limit.

mod plain;
mod read;
mod syntax_error;
mod value;
mod write;

pub use read::{DEPTH_CEILING, parse_object, parse_value};
pub use syntax_error::{SyntaxError, SyntaxErrorKind};
pub use value::{Member, Object, Value};
pub use write::{Style, write_string};
