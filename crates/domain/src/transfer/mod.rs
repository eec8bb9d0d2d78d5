//! What an installation consists of when it moves from one engine to another: its tables, their columns, and raw rows.
//!
//! Knows no engine, and not what a row means: a copy is faithful because nothing is interpreted. Invariant: the tables
//! come in an order in which each refers only to earlier ones; an engine's tests hold its schema against these columns.

mod difference;

pub use difference::{Difference, What, first_difference};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 64 bits.
    Integer,
    /// 16 bits, for an engine that tells them apart.
    Small,
    /// True or false.
    Boolean,
    /// UTF-8 without NUL.
    Text,
    /// Bytes.
    Bytes,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, the same in every engine.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A value as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// None.
    Null,
    /// Of an `Integer` or a `Small` column.
    Integer(i64),
    /// Of a `Boolean` column.
    Boolean(bool),
    /// Of a `Text` column.
    Text(String),
    /// Of a `Bytes` column.
    Bytes(Vec<u8>),
}

/// Rows hold what nobody should read in a log.
impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Integer(_) => "Integer",
            Self::Boolean(_) => "Boolean",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
        })
    }
}

/// A row: a cell for each column of its table, the key first.
pub type Row = Vec<Cell>;

/// The tables that are copied row by row. Counters (`settings`) are not: they are carried over by their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Platforms.
    Platforms,
    /// API keys.
    ApiKeys,
    /// The installation's wrapped keys.
    InstallationKeys,
    /// Customers.
    Customers,
    /// What operators did.
    AuditEvents,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

const PLATFORMS: &[Column] = &[
    column("number", Kind::Integer),
    column("name", Kind::Text),
    column("sandbox", Kind::Boolean),
    column("suspended", Kind::Boolean),
    column("customers_enabled", Kind::Boolean),
    column("policy", Kind::Text),
    column("created_at", Kind::Integer),
];

const API_KEYS: &[Column] = &[
    column("number", Kind::Integer),
    column("platform", Kind::Integer),
    column("api_key", Kind::Text),
    column("label", Kind::Text),
    column("permissions", Kind::Text),
    column("master_key_version", Kind::Integer),
    column("secret", Kind::Bytes),
    column("passphrase_digest", Kind::Bytes),
    column("created_at", Kind::Integer),
    column("expires_at", Kind::Integer),
    column("revoked_at", Kind::Integer),
    column("last_used_at", Kind::Integer),
];

const INSTALLATION_KEYS: &[Column] = &[
    column("name", Kind::Text),
    column("master_key_version", Kind::Integer),
    column("wrapped", Kind::Bytes),
];

const CUSTOMERS: &[Column] = &[
    column("number", Kind::Integer),
    column("platform", Kind::Integer),
    column("email_index", Kind::Bytes),
    column("request_index", Kind::Bytes),
    column("digest_version", Kind::Small),
    column("payload_digest", Kind::Bytes),
    column("status", Kind::Text),
    column("prefunded", Kind::Boolean),
    column("master_key_version", Kind::Integer),
    column("data_key", Kind::Bytes),
    column("record", Kind::Bytes),
    column("created_at", Kind::Integer),
    column("created_by_key", Kind::Integer),
    column("created_from", Kind::Text),
    column("trace_id", Kind::Bytes),
];

const AUDIT_EVENTS: &[Column] = &[
    column("number", Kind::Integer),
    column("what", Kind::Text),
    column("operator", Kind::Text),
    column("at", Kind::Integer),
    column("origin", Kind::Text),
    column("trace_id", Kind::Bytes),
    column("platform", Kind::Integer),
    column("subject", Kind::Text),
    column("detail", Kind::Text),
];

impl Table {
    /// Every table, each after those it refers to.
    pub const ALL: [Self; 5] =
        [Self::Platforms, Self::ApiKeys, Self::InstallationKeys, Self::Customers, Self::AuditEvents];

    /// Its name in every engine.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platforms => "platforms",
            Self::ApiKeys => "api_keys",
            Self::InstallationKeys => "installation_keys",
            Self::Customers => "customers",
            Self::AuditEvents => "audit_events",
        }
    }

    /// Its columns, the key first.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Platforms => PLATFORMS,
            Self::ApiKeys => API_KEYS,
            Self::InstallationKeys => INSTALLATION_KEYS,
            Self::Customers => CUSTOMERS,
            Self::AuditEvents => AUDIT_EVENTS,
        }
    }

    /// Whether its rows are only ever added while no server runs, so that a copy can go on behind the last row it has.
    /// Rows of the others may change, and are few.
    pub const fn only_grows(self) -> bool {
        matches!(self, Self::Customers | Self::AuditEvents)
    }

    /// The names of the columns, parted by commas.
    pub fn column_list(self) -> String {
        let names: Vec<_> = self.columns().iter().map(|column| column.name).collect();
        names.join(", ")
    }
}

/// Puts rows into the order of their keys: an engine's own order of names depends on its locale.
pub fn sort_by_key(rows: &mut [Row]) {
    rows.sort_by(difference::compare_keys);
}

/// The number a row is found under; `None` where the key is a name.
pub fn number_of(row: &Row) -> Option<i64> {
    match row.first() {
        Some(Cell::Integer(number)) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};

    #[test]
    fn no_cell_shows_what_it_holds() {
        let cells =
            [Cell::Integer(4711), Cell::Text("4711".to_owned()), Cell::Bytes(b"4711".to_vec()), Cell::Null];
        let shown = format!("{cells:?}");
        assert!(!shown.contains("47") && !shown.contains("52"), "{shown}");
    }

    #[test]
    fn the_key_is_the_first_column_of_every_table() {
        for table in Table::ALL {
            assert!(["number", "name"].contains(&table.columns()[0].name), "{table:?}");
        }
    }
}
