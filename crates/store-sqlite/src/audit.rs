//! Audit events and the version of platforms and keys.
//!
//! Invariant: both are written in the transaction of the change they tell of.

use registrar_domain::rules::audit::AuditEvent;
use rusqlite::{Connection, params};

/// Where an operator's acts come from.
const ORIGIN: &str = "command-line";

/// Writes an event.
pub(crate) fn write_audit_event(connection: &Connection, event: &AuditEvent) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO audit_events (what, operator, at, origin, trace_id, platform, subject, detail) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        event.what,
        event.operator,
        event.at.0,
        ORIGIN,
        event.trace_id.0.as_bytes(),
        event.platform.0,
        event.subject,
        event.detail,
    ])?;
    Ok(())
}

/// What every change to a platform or key does besides: it is audited, and servers learn that there is something new.
pub(crate) fn note_access_change(connection: &Connection, event: &AuditEvent) -> rusqlite::Result<()> {
    write_audit_event(connection, event)?;
    let mut grow =
        connection.prepare_cached("UPDATE settings SET value = value + 1 WHERE name = 'access_version'")?;
    grow.execute([])?;
    Ok(())
}
