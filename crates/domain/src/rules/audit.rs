//! What the audit event of each operator's act says (contract 4.4). The event of a create is the customer's row itself.
//!
//! Knows nothing of how events are stored. Invariant: an event holds names, numbers and settings, nothing of a customer
//! but the number, no secret and no digest.

use crate::clock::UnixMillis;
use crate::ids::{PlatformNumber, TraceId};
use crate::store::{CustomerEvent, NewApiKey, NewPlatform, OperatorAct, PlatformChange};

/// One audit event, as every engine stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// What was done, such as `platform.changed`.
    pub what: String,
    /// The operator who did it.
    pub operator: String,
    /// When.
    pub at: UnixMillis,
    /// Under which trace id.
    pub trace_id: TraceId,
    /// The platform it was done to.
    pub platform: PlatformNumber,
    /// The key's public identifier or the customer's number; empty for the platform itself.
    pub subject: String,
    /// The settings made, one `name=value` a line, or the operator's reason.
    pub detail: String,
}

impl AuditEvent {
    /// A platform was created.
    pub fn platform_created(platform: PlatformNumber, new: &NewPlatform, act: &OperatorAct) -> Self {
        let detail = settings([
            ("name", Some(new.name.clone())),
            ("sandbox", Some(new.sandbox.to_string())),
            ("customers_enabled", Some(new.customers_enabled.to_string())),
        ]);
        Self::new("platform.created", platform, String::new(), detail, act)
    }

    /// A platform was changed.
    pub fn platform_changed(platform: PlatformNumber, change: &PlatformChange, act: &OperatorAct) -> Self {
        let PlatformChange { name, sandbox, suspended, customers_enabled, policy } = change;
        let mut detail = settings([
            ("name", name.clone()),
            ("sandbox", sandbox.map(|value| value.to_string())),
            ("suspended", suspended.map(|value| value.to_string())),
            ("customers_enabled", customers_enabled.map(|value| value.to_string())),
        ]);
        for (key, value) in policy.entries() {
            let line_end = if detail.is_empty() { "" } else { "\n" };
            detail = format!("{detail}{line_end}policy.{key}={value}");
        }
        Self::new("platform.changed", platform, String::new(), detail, act)
    }

    /// An API key was made.
    pub fn api_key_created(new: &NewApiKey, act: &OperatorAct) -> Self {
        let permissions: Vec<_> = new.permissions.iter().map(|permission| permission.code()).collect();
        let detail = settings([
            ("label", Some(new.label.clone())),
            ("permissions", Some(permissions.join(","))),
            ("expires_at", new.expires_at.map(|at| at.0.to_string())),
        ]);
        Self::new("api_key.created", new.platform, new.api_key.clone(), detail, act)
    }

    /// An API key was revoked.
    pub fn api_key_revoked(platform: PlatformNumber, api_key: &str, act: &OperatorAct) -> Self {
        Self::new("api_key.revoked", platform, api_key.to_owned(), String::new(), act)
    }

    /// A stored customer was looked at.
    pub fn customer_seen(event: &CustomerEvent) -> Self {
        let subject = event.customer.0.to_string();
        Self::new(event.what, event.platform, subject, event.reason.clone(), &event.act)
    }

    fn new(what: &str, platform: PlatformNumber, subject: String, detail: String, act: &OperatorAct) -> Self {
        Self {
            what: what.to_owned(),
            operator: act.operator.clone(),
            at: act.at,
            trace_id: act.trace_id,
            platform,
            subject,
            detail,
        }
    }
}

/// One `name=value` a line for every setting that was made.
fn settings<const N: usize>(made: [(&str, Option<String>); N]) -> String {
    let lines: Vec<_> =
        made.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}"))).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::AuditEvent;
    use crate::ids::PlatformNumber;
    use crate::reference::ReferenceLists;
    use crate::store::PlatformChange;
    use crate::testing::operator_act;

    #[test]
    fn a_change_names_the_settings_that_were_made_and_no_others() {
        let change =
            PlatformChange { sandbox: Some(false), suspended: Some(true), ..PlatformChange::default() };
        let event = AuditEvent::platform_changed(PlatformNumber(3), &change, &operator_act(5));
        assert_eq!(event.detail, "sandbox=false\nsuspended=true");
        assert_eq!((event.platform, event.at.0), (PlatformNumber(3), 5));
    }

    #[test]
    fn a_change_of_policy_names_what_it_sets() {
        let mut change = PlatformChange::default();
        change.policy.set("minimum_age", "21", ReferenceLists::builtin()).unwrap();
        let detail = AuditEvent::platform_changed(PlatformNumber(3), &change, &operator_act(5)).detail;
        assert_eq!(detail, "policy.minimum_age=21");
    }
}
