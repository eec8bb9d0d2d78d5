//! The marks of a copy: rows of `settings` that say whether the database is half a copy or a finished one.
//!
//! Invariant: while the mark of an unfinished copy is there the counter of customer numbers is at its end, so that a server
//! that looked just before the mark came cannot take a number either: both wait for the counter's row.

use std::collections::BTreeMap;

use registrar_domain::codes::CUSTOMER_NUMBERS;
use tokio::time::{Instant, sleep};

use super::{TargetState, Withdrawal};
use crate::decode::first;
use crate::failure::Trouble;
use crate::limits::{LINGER, RECONNECT_PAUSE};
use crate::open_error::OpenError;
use crate::session::Session;

pub(crate) const UNFINISHED: &str = "copy_unfinished";
const FINISHED: &str = "copy_finished";
/// Beside the mark of an unfinished copy: it was finished once, and its source took the installation back.
const UNDONE: &str = "copy_undone";
const NUMBERS: &str = "next_customer_number";

const IS_UNDONE: &str = "SELECT EXISTS (SELECT 1 FROM settings WHERE name = 'copy_undone')";

const MARKS: &str = "SELECT name, value FROM settings WHERE name IN ('copy_unfinished', 'copy_finished')";

/// A server that started has taken numbers and stored keys; an operator has changed the access version.
const IS_EMPTY: &str = "SELECT NOT (EXISTS (SELECT 1 FROM platforms) OR EXISTS (SELECT 1 FROM api_keys) \
    OR EXISTS (SELECT 1 FROM installation_keys) OR EXISTS (SELECT 1 FROM customers) \
    OR EXISTS (SELECT 1 FROM audit_events) OR EXISTS (SELECT 1 FROM settings \
    WHERE name IN ('next_customer_number', 'access_version', 'platforms_after') AND value <> 0))";

/// In one order, and the same rows that servers and operators lock.
const LOCK: &str = "SELECT name FROM settings WHERE name IN ('access_version', 'next_customer_number') \
    ORDER BY name FOR UPDATE";

/// Every connection reads this table before it is used for anything (`crate::identity`): those that read it before are
/// counted, the others wait and then see the mark.
const HOLD_BACK: &str = "LOCK TABLE installation_keys IN ACCESS EXCLUSIVE MODE";

const SET: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value";

const UNSET: &str = "DELETE FROM settings WHERE name = $1";

/// What happened since the copy: customers, events, or changes to platforms and keys.
const HAPPENED: &str = "SELECT EXISTS (SELECT 1 FROM customers WHERE number >= $1) \
    OR EXISTS (SELECT 1 FROM audit_events WHERE number >= $2) \
    OR EXISTS (SELECT 1 FROM settings WHERE name = 'access_version' AND value <> $3)";

/// Whose they are is not shown to every role, so all count.
const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND usename IS NOT NULL";

/// Only the owner sees every row whatever policies there are, and may set every counter.
const OWNS_TABLES: &str = "SELECT coalesce(bool_and(pg_has_role(relowner, 'USAGE')), false) FROM pg_class \
    WHERE oid IN ('platforms'::regclass, 'api_keys'::regclass, 'installation_keys'::regclass, \
    'customers'::regclass, 'audit_events'::regclass, 'settings'::regclass)";

/// Whether this role owns every table, or may do what the owner may.
pub(super) async fn owns_tables(session: &Session) -> Result<bool, Trouble> {
    let rows = session.query(OWNS_TABLES, &[]).await?;
    Ok(first(&rows)?.try_get(0)?)
}

/// Refuses a database that holds half a copy.
pub(crate) async fn refuse_half_a_copy(session: &Session) -> Result<(), OpenError> {
    match marked(session).await? {
        Some(TargetState::Unfinished(_)) => {
            let rows = session.query(IS_UNDONE, &[]).await?;
            let is_undone = first(&rows)?.try_get(0)?;
            Err(if is_undone { OpenError::CopyUndone } else { OpenError::HalfCopied })
        }
        _ => Ok(()),
    }
}

async fn marked(session: &Session) -> Result<Option<TargetState>, Trouble> {
    let rows = session.query(MARKS, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (name, copy_id): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
    let is_unfinished = name == UNFINISHED;
    Ok(Some(if is_unfinished { TargetState::Unfinished(copy_id) } else { TargetState::Finished(copy_id) }))
}

/// What the database holds.
pub(super) async fn state(session: &Session) -> Result<TargetState, Trouble> {
    if let Some(state) = marked(session).await? {
        return Ok(state);
    }
    let rows = session.query(IS_EMPTY, &[]).await?;
    Ok(if first(&rows)?.try_get(0)? { TargetState::Empty } else { TargetState::Occupied })
}

/// Marks an empty database.
pub(super) async fn begin(session: &Session, copy_id: i64) -> Result<(), Trouble> {
    let work = async {
        session.query(LOCK, &[]).await?;
        match state(session).await? {
            TargetState::Unfinished(found) if found == copy_id => Ok(()),
            TargetState::Empty => {
                session.query(SET, &[&NUMBERS, &i64::from(CUSTOMER_NUMBERS)]).await?;
                session.query(SET, &[&UNFINISHED, &copy_id]).await?;
                Ok(())
            }
            _ => Err(Trouble::internal("another program wrote to the target just now")),
        }
    };
    session.transaction("BEGIN", work).await
}

/// Sets the counters, reads them back and takes the mark away. Done before, it only waits until that is durable, which the
/// lock's commit does.
pub(super) async fn finish(
    session: &Session,
    copy_id: i64,
    counters: &BTreeMap<String, i64>,
) -> Result<(), Trouble> {
    let work = async {
        session.query(LOCK, &[]).await?;
        match state(session).await? {
            TargetState::Finished(found) if found == copy_id => return Ok(()),
            TargetState::Unfinished(found) if found == copy_id => {}
            _ => return Err(Trouble::internal("the target is not that of this copy any more")),
        }
        for (name, value) in counters {
            session.query(SET, &[name, value]).await?;
        }
        let mut found = BTreeMap::new();
        for row in session.query("SELECT name, value FROM settings", &[]).await? {
            found.insert(row.try_get::<_, String>(0)?, row.try_get::<_, i64>(1)?);
        }
        if let Some((name, _)) = counters.iter().find(|(name, value)| found.get(*name) != Some(value)) {
            return Err(Trouble::internal(format!("settings {name} has another value on the target")));
        }
        session.query(UNSET, &[&UNFINISHED]).await?;
        session.query(UNSET, &[&UNDONE]).await?;
        session.query(SET, &[&FINISHED, &copy_id]).await?;
        Ok(())
    };
    session.transaction("BEGIN", work).await
}

/// Makes a finished copy unfinished, unless something happened since or could still happen.
pub(super) async fn withdraw(
    session: &Session,
    copy_id: i64,
    counters: &BTreeMap<String, i64>,
) -> Result<Withdrawal, Trouble> {
    let counter = |name: &str| counters.get(name).copied().unwrap_or(0);
    // Asked at first as well, so that nobody waits for a lock of somebody who need only be sent away.
    let connected = connected_still(session).await?;
    if connected > 0 {
        return Ok(Withdrawal::Connected(connected));
    }
    let work = async {
        session.query(LOCK, &[]).await?;
        match state(session).await? {
            TargetState::Unfinished(found) if found == copy_id => return Ok(Withdrawal::Done),
            TargetState::Finished(found) if found == copy_id => {}
            _ => return Err(Trouble::internal("the target is not that of this copy")),
        }
        session.batch(HOLD_BACK).await?;
        let connected = other_connections(session).await?;
        if connected > 0 {
            return Ok(Withdrawal::Connected(connected));
        }
        let limits = (counter(NUMBERS), counter("next_audit_event"), counter("access_version"));
        let rows = session.query(HAPPENED, &[&limits.0, &limits.1, &limits.2]).await?;
        if first(&rows)?.try_get(0)? {
            return Ok(Withdrawal::Outdated);
        }
        session.query(SET, &[&NUMBERS, &i64::from(CUSTOMER_NUMBERS)]).await?;
        session.query(UNSET, &[&FINISHED]).await?;
        session.query(SET, &[&UNFINISHED, &copy_id]).await?;
        session.query(SET, &[&UNDONE, &copy_id]).await?;
        Ok(Withdrawal::Done)
    };
    session.transaction("BEGIN", work).await
}

/// Connections of others that stay: those of a server that has just ended are listed a moment longer.
async fn connected_still(session: &Session) -> Result<u64, Trouble> {
    let until = Instant::now() + LINGER;
    loop {
        let connected = other_connections(session).await?;
        if connected == 0 || Instant::now() >= until {
            return Ok(connected);
        }
        sleep(RECONNECT_PAUSE).await;
    }
}

/// Connections of others.
async fn other_connections(session: &Session) -> Result<u64, Trouble> {
    let rows = session.query(CONNECTIONS, &[]).await?;
    Ok(u64::try_from(first(&rows)?.try_get::<_, i64>(0)?).unwrap_or(0))
}
