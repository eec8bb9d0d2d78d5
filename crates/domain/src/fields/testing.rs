//! What the tests of several fields share.

use registrar_json::Value;

use crate::clock::UnixMillis;
use crate::customer::Terms;
use crate::policy::Policy;
use crate::reference::ReferenceLists;
use crate::violation::{Refusal, Rule};

/// 2026-07-01T12:00:00Z.
pub(crate) const NOW: UnixMillis = UnixMillis(1_782_907_200_000);

pub(crate) fn text(text: &str) -> Value<'static> {
    Value::String(text.to_owned().into())
}

pub(crate) fn rule_of<T>(result: Result<T, Refusal>) -> Option<Rule> {
    result.err().map(|refusal| refusal.rule)
}

pub(crate) fn terms_with(policy: &Policy) -> Terms<'_> {
    Terms { policy, lists: ReferenceLists::builtin(), now: NOW }
}

#[test]
fn the_moment_of_the_tests_is_what_it_says() {
    assert_eq!(jiff::Timestamp::from_millisecond(NOW.0).unwrap().to_string(), "2026-07-01T12:00:00Z");
}
