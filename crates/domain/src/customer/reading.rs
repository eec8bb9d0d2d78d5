//! Reading a body field by field: presence, and the list of what is wrong.
//!
//! Knows the rules on absence (contract 3.2), no other. Invariant: a field is refused at most once.

use registrar_json::{Member, Value};

use crate::fields::{Field, RequestId, Submitted, is_blank, unknown_fields};
use crate::policy::UnknownFields;
use crate::violation::{Refusal, Rule, Violation};

/// A body being read, and what was found wrong so far.
pub(super) struct Reading<'s, 'b, 'j> {
    submitted: &'s Submitted<'b, 'j>,
    violations: Vec<(Field, Violation)>,
}

impl<'s, 'b, 'j> Reading<'s, 'b, 'j> {
    pub(super) const fn of(submitted: &'s Submitted<'b, 'j>) -> Self {
        Self { submitted, violations: Vec::new() }
    }

    fn given(&self, field: Field) -> Option<&'b Member<'j>> {
        self.submitted.given(field)
    }

    /// Like `given`, but a blank string is nothing either: for fields that need not always be there (contract 3.2).
    fn given_unless_blank(&self, field: Field) -> Option<&'b Member<'j>> {
        self.given(field).filter(|member| !matches!(&member.value, Value::String(text) if is_blank(text)))
    }

    fn refuse(&mut self, field: Field, refusal: Refusal) {
        self.violations.push((field, Violation::new(field.name(), refusal)));
    }

    fn keep<T>(&mut self, field: Field, parsed: Result<T, Refusal>) -> Option<T> {
        parsed.map_err(|refusal| self.refuse(field, refusal)).ok()
    }

    /// Optional, but an empty string is refused. It is the request's and no part of the customer: `request_id_of` has it.
    pub(super) fn check_request_id(&mut self) {
        if let Some(Err(refusal)) = self.given(Field::RequestId).map(|member| RequestId::parse(&member.value))
        {
            self.refuse(Field::RequestId, refusal);
        }
    }

    pub(super) fn required<T>(
        &mut self,
        field: Field,
        parse: impl FnOnce(&Value<'_>) -> Result<T, Refusal>,
    ) -> Option<T> {
        let parsed = match self.given(field) {
            Some(member) => parse(&member.value),
            None => Err(Refusal::new(Rule::Required, "is required")),
        };
        self.keep(field, parsed)
    }

    pub(super) fn optional<T>(
        &mut self,
        field: Field,
        parse: impl FnOnce(&Value<'_>) -> Result<T, Refusal>,
    ) -> Option<T> {
        self.optional_member(field, |member| parse(&member.value))
    }

    pub(super) fn optional_member<T>(
        &mut self,
        field: Field,
        parse: impl FnOnce(&Member<'_>) -> Result<T, Refusal>,
    ) -> Option<T> {
        let member = self.given_unless_blank(field)?;
        self.keep(field, parse(member))
    }

    /// Optional, unless `required` says with which words it is missed.
    pub(super) fn given_if<T>(
        &mut self,
        field: Field,
        required: Option<&'static str>,
        parse: impl FnOnce(&Value<'_>) -> Result<T, Refusal>,
    ) -> Option<T> {
        if let (None, Some(message)) = (self.given_unless_blank(field), required) {
            self.refuse(field, Refusal::new(Rule::Required, message));
            return None;
        }
        self.optional(field, parse)
    }

    pub(super) fn finish(mut self, policy: UnknownFields) -> Vec<Violation> {
        self.violations.sort_by_key(|(field, _)| *field);
        let mut violations: Vec<_> = self.violations.into_iter().map(|(_, violation)| violation).collect();
        if policy == UnknownFields::Reject {
            let names: Vec<_> = self.submitted.others().iter().map(|member| member.name.as_ref()).collect();
            violations.extend(unknown_fields(&names));
        }
        violations
    }
}
