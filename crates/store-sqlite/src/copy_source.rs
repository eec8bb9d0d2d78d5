//! A database from which an installation is copied to another engine: its rows in the order of their keys, its counters.
//!
//! Held by one process alone, servers, operators' commands and other programs kept out: nothing changes while it is open.
//! Knows no target. Invariant: rows come out as they are stored, or the copy stops; no error tells what a row holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use registrar_domain::clock::UnixMillis;
use registrar_domain::codes::CUSTOMER_NUMBERS;
use registrar_domain::store::StoreFailure;
use registrar_domain::transfer::{Cell, Kind, Row, Table, sort_by_key};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use crate::attachment::Attachment;
use crate::connection::{check_sqlite_version, open_writer};
use crate::failure::failure;
use crate::limits::{ATTACH_WAIT, NUMBERS_SKIPPED_AFTER_A_COPY, PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY};
use crate::number_mark::NumberMark;
use crate::numbers::beginning;
use crate::open_error::OpenError;
use crate::options::Role;
use crate::relocation::{self, Relocation};
use crate::{customers, files, migrations, platforms};

/// The database.
pub struct CopySource {
    connection: Connection,
    path: PathBuf,
    // Dropped last.
    _attachment: Attachment,
}

impl CopySource {
    /// Opens the database at `path`, which must exist, for this process alone, and brings it to this release's schema.
    ///
    /// # Errors
    /// A server or a command uses it, or it is not a database of this release or an earlier one.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        check_sqlite_version()?;
        if !path.exists() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        let path = &files::resolve(path)?;
        let attachment = Attachment::alone(path, ATTACH_WAIT)?;
        let mut connection = open_writer(path)?;
        migrations::migrate(&mut connection, path, Role::Server)?;
        files::sync_directory(path)?;
        Ok(Self { connection, path: path.to_owned(), _attachment: attachment })
    }

    /// The copy that was begun or completed before, if any.
    pub fn relocation(&self) -> Result<Option<Relocation>, StoreFailure> {
        relocation::load(&self.connection).map_err(|error| failure(&error))
    }

    /// Notes a new copy, durably.
    pub fn begin(&self, copy_id: i64, target: &str, at: UnixMillis) -> Result<(), StoreFailure> {
        relocation::begin(&self.connection, copy_id, target, at.0).map_err(|error| failure(&error))
    }

    /// From here on no other program changes anything either, which does not know of this one's locks.
    pub fn hold(&self) -> Result<(), StoreFailure> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| failure(&error))
    }

    /// Marks the installation as moved, durably: from here on nobody opens it. Ends what `hold` began.
    pub fn mark_moved(&self, copy_id: i64, at: UnixMillis) -> Result<(), StoreFailure> {
        let mark = || {
            let is_noted = relocation::complete(&self.connection, copy_id, at.0)?;
            self.connection.execute_batch("COMMIT")?;
            Ok(is_noted)
        };
        match mark() {
            Ok(true) => {
                self.empty_log();
                Ok(())
            }
            Ok(false) => {
                Err(StoreFailure::Internal("the copy that was begun is not noted any more".to_owned()))
            }
            Err(error) => Err(failure(&error)),
        }
    }

    /// Takes the mark away, so that the installation can be served here again.
    ///
    /// `others_accepted` says that customers may have been accepted elsewhere since: then numbers go on as far behind those
    /// with which the other engine began as after a restored backup. The mark goes last: what is cut off before is done
    /// again and skips more.
    pub fn forget_move(&self, others_accepted: bool) -> Result<(), StoreFailure> {
        if others_accepted {
            let (next, platforms_after) = self.beyond_elsewhere()?;
            platforms::skip_to(&self.connection, platforms_after).map_err(|error| failure(&error))?;
            NumberMark::beside(&self.path).write(next).map_err(|error| {
                StoreFailure::Unavailable(format!("the number mark cannot be written: {error}"))
            })?;
        }
        relocation::forget(&self.connection).map_err(|error| failure(&error))?;
        self.empty_log();
        Ok(())
    }

    /// The next customer number and the last skipped platform number, past what an engine may have used that began with
    /// `counters`.
    fn beyond_elsewhere(&self) -> Result<(u32, i64), StoreFailure> {
        let counters = self.counters()?;
        let counter = |name: &str| counters.get(name).copied().unwrap_or(0);
        let next = u32::try_from(counter("next_customer_number")).unwrap_or(CUSTOMER_NUMBERS);
        let last_platform = self
            .connection
            .query_row("SELECT coalesce(max(number), 0) FROM platforms", [], |row| row.get::<_, i64>(0))
            .map_err(|error| failure(&error))?;
        let platforms_after = counter("platforms_after").max(last_platform);
        Ok((
            next.saturating_add(NUMBERS_SKIPPED_AFTER_A_COPY).min(CUSTOMER_NUMBERS),
            platforms_after + i64::from(PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY),
        ))
    }

    /// So that whoever copies the database's file alone takes the mark with it. It is durable in the log already.
    fn empty_log(&self) {
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// How many rows a table has, or has up to a number.
    pub fn count(&self, table: Table, until: Option<i64>) -> Result<u64, StoreFailure> {
        let name = table.name();
        let counted = match until {
            None => self.connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0)),
            Some(until) => {
                let sql = format!("SELECT count(*) FROM {name} WHERE number <= ?1");
                self.connection.query_row(&sql, [until], |row| row.get::<_, i64>(0))
            }
        };
        counted.map(|rows| u64::try_from(rows).unwrap_or(0)).map_err(|error| failure(&error))
    }

    /// Up to `limit` rows of a table with numbers after this one, in their order. A table whose key is a name is small
    /// and comes whole.
    pub fn rows(&self, table: Table, after: Option<i64>, limit: usize) -> Result<Vec<Row>, StoreFailure> {
        let columns = table.column_list();
        let name = table.name();
        let is_numbered = table.columns().first().is_some_and(|key| key.kind == Kind::Integer);
        let sql = if is_numbered {
            format!("SELECT {columns} FROM {name} WHERE number > ?1 ORDER BY number LIMIT ?2")
        } else {
            format!("SELECT {columns} FROM {name} WHERE ?1 < ?2")
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<Result<Vec<Row>, StoreFailure>> {
            let mut query = self.connection.prepare_cached(&sql)?;
            let mut rows = query.query(params![after.unwrap_or(i64::MIN), limit])?;
            let mut decoded = Vec::new();
            while let Some(row) = rows.next()? {
                match decode(table, row)? {
                    Ok(row) => decoded.push(row),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
            Ok(Ok(decoded))
        };
        let mut rows = read().map_err(|error| failure(&error))??;
        if !is_numbered {
            sort_by_key(&mut rows);
        }
        Ok(rows)
    }

    /// The counters with which another engine goes on: what is stored here, the customer number after every one that may
    /// have been handed out (by the rule of a server that starts here), and the number of the next audit event.
    pub fn counters(&self) -> Result<BTreeMap<String, i64>, StoreFailure> {
        let read = || -> rusqlite::Result<(BTreeMap<String, i64>, u32, i64, i64)> {
            let mut query = self.connection.prepare("SELECT name, value FROM settings")?;
            let stored = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            Ok((
                stored.collect::<rusqlite::Result<_>>()?,
                customers::next_number(&self.connection)?,
                number("SELECT coalesce(max(number), 0) + 1 FROM audit_events")?,
                number("SELECT coalesce(max(number), 0) FROM platforms")?,
            ))
        };
        let (mut counters, next_customer, next_event, last_platform) =
            read().map_err(|error| failure(&error))?;
        let mark = NumberMark::beside(&self.path)
            .read()
            .map_err(|error| StoreFailure::Unavailable(format!("the number mark cannot be read: {error}")))?;
        let beginning = beginning(next_customer, mark);
        if beginning.after_copy {
            let platforms_after = counters.entry("platforms_after".to_owned()).or_default();
            *platforms_after =
                (*platforms_after).max(last_platform) + i64::from(PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY);
        }
        counters.insert("next_customer_number".to_owned(), i64::from(beginning.next));
        counters.insert("next_audit_event".to_owned(), next_event);
        Ok(counters)
    }
}

fn decode(table: Table, row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<Row, StoreFailure>> {
    let mut cells = Row::with_capacity(table.columns().len());
    for (place, column) in table.columns().iter().enumerate() {
        let Some(cell) = cell(column.kind, row.get_ref(place)?) else {
            let key = match cells.first() {
                Some(Cell::Integer(number)) => number.to_string(),
                _ => "with a name".to_owned(),
            };
            return Ok(Err(StoreFailure::Internal(format!(
                "{} {key} holds something in {} that this program does not write; nothing is copied past it",
                table.name(),
                column.name
            ))));
        };
        cells.push(cell);
    }
    Ok(Ok(cells))
}

/// The value as other engines can hold it; `None` if it is of another kind.
fn cell(kind: Kind, value: ValueRef<'_>) -> Option<Cell> {
    match (kind, value) {
        (_, ValueRef::Null) => Some(Cell::Null),
        (Kind::Integer, ValueRef::Integer(number)) => Some(Cell::Integer(number)),
        (Kind::Small, ValueRef::Integer(number)) => {
            i16::try_from(number).ok().map(|number| Cell::Integer(number.into()))
        }
        (Kind::Boolean, ValueRef::Integer(number @ (0 | 1))) => Some(Cell::Boolean(number == 1)),
        (Kind::Text, ValueRef::Text(bytes)) if !bytes.contains(&0) => {
            String::from_utf8(bytes.to_vec()).ok().map(Cell::Text)
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => Some(Cell::Bytes(bytes.to_vec())),
        _ => None,
    }
}
