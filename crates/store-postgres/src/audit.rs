//! Audit events and the version of platforms and keys.
//!
//! Invariant: both are written in the transaction of the change they tell of. The events' counter is a row, so whoever
//! writes an event waits for the one before: events are numbered in the order of their commits.

use registrar_domain::rules::audit::AuditEvent;

use crate::failure::Trouble;
use crate::session::Session;

/// Where an operator's acts come from.
const ORIGIN: &str = "command-line";

const INSERT: &str = "WITH counter AS (UPDATE settings SET value = value + 1 WHERE name = 'next_audit_event' \
    RETURNING value) \
    INSERT INTO audit_events (number, what, operator, at, origin, trace_id, platform, subject, detail) \
    SELECT value - 1, $1, $2, $3, $4, $5, $6, $7, $8 FROM counter";

/// Writes an event.
pub(crate) async fn write_audit_event(session: &Session, event: &AuditEvent) -> Result<(), Trouble> {
    let trace_id: &[u8] = event.trace_id.0.as_bytes();
    let platform = i64::from(event.platform.0);
    session
        .query(
            INSERT,
            &[
                &event.what,
                &event.operator,
                &event.at.0,
                &ORIGIN,
                &trace_id,
                &platform,
                &event.subject,
                &event.detail,
            ],
        )
        .await?;
    Ok(())
}

/// Makes changes to platforms and keys wait for each other: the first statement of each.
pub(crate) async fn begin_access_change(session: &Session) -> Result<(), Trouble> {
    session.query("SELECT value FROM settings WHERE name = 'access_version' FOR UPDATE", &[]).await?;
    Ok(())
}

/// What every change to a platform or key does besides: it is audited, and servers learn that there is something new.
pub(crate) async fn note_access_change(session: &Session, event: &AuditEvent) -> Result<(), Trouble> {
    write_audit_event(session, event).await?;
    session.query("UPDATE settings SET value = value + 1 WHERE name = 'access_version'", &[]).await?;
    Ok(())
}
