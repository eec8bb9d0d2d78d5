//! The members of a body by the field they are for, sorted once for everything that is done with a create.
//!
//! Knows the names of fields, not their rules. Invariant: every member of the body has one place here.

use registrar_json::{Member, Object, Value};

use super::spec::Field;

/// A body's members by field.
pub struct Submitted<'b, 'j> {
    fields: [Option<&'b Member<'j>>; Field::COUNT],
    others: Vec<&'b Member<'j>>,
}

impl<'b, 'j> Submitted<'b, 'j> {
    /// Sorts the members of a body.
    pub fn of(body: &'b Object<'j>) -> Self {
        let mut submitted = Self { fields: [None; Field::COUNT], others: Vec::new() };
        for member in body.members() {
            match Field::find(&member.name) {
                Some(field) => submitted.fields[field.index()] = Some(member),
                None => submitted.others.push(member),
            }
        }
        submitted
    }

    /// What was given for a field; `null` is nothing (contract 3.2).
    pub(crate) fn given(&self, field: Field) -> Option<&'b Member<'j>> {
        self.fields[field.index()].filter(|member| !matches!(member.value, Value::Null))
    }

    /// The members that are no fields, in the order sent, `null` or not.
    pub(crate) fn others(&self) -> &[&'b Member<'j>] {
        &self.others
    }
}
