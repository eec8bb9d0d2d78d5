//! Where two sides of a copy differ. Names tables, keys and columns, never what is in them.

use std::cmp::Ordering;
use std::fmt;

use super::{Cell, Row, Table};

/// A row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: Table,
    /// The row's number, or the name of an installation key.
    pub key: String,
    /// What is different.
    pub what: What,
}

/// How two rows differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The target does not have the row.
    Missing,
    /// The source does not have the row.
    Extra,
    /// Both have it, with different values in this column.
    Column(&'static str),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, key) = (self.table.name(), &self.key);
        match self.what {
            What::Missing => write!(f, "{table} {key} is missing on the target"),
            What::Extra => write!(f, "{table} {key} is on the target but not on the source"),
            What::Column(column) => write!(f, "{table} {key} has another {column} on the target"),
        }
    }
}

/// The first row in order of the keys that is not the same in both; both must be in that order.
pub fn first_difference(table: Table, source: &[Row], target: &[Row]) -> Option<Difference> {
    let place = source.iter().zip(target).position(|(ours, theirs)| ours != theirs);
    let place = place.unwrap_or_else(|| source.len().min(target.len()));
    let difference = |row: &Row, what| Difference { table, key: key_of(row), what };
    match (source.get(place), target.get(place)) {
        (None, None) => None,
        (Some(ours), None) => Some(difference(ours, What::Missing)),
        (None, Some(theirs)) => Some(difference(theirs, What::Extra)),
        (Some(ours), Some(theirs)) => Some(match compare_keys(ours, theirs) {
            Ordering::Less => difference(ours, What::Missing),
            Ordering::Greater => difference(theirs, What::Extra),
            Ordering::Equal => difference(ours, What::Column(first_column(table, ours, theirs))),
        }),
    }
}

fn first_column(table: Table, ours: &Row, theirs: &Row) -> &'static str {
    let cells = ours.iter().zip(theirs).zip(table.columns());
    cells
        .into_iter()
        .find(|((ours, theirs), _)| ours != theirs)
        .map_or("number of columns", |(_, column)| column.name)
}

/// The order of rows by their keys.
pub(super) fn compare_keys(one: &Row, other: &Row) -> Ordering {
    match (one.first(), other.first()) {
        (Some(Cell::Integer(one)), Some(Cell::Integer(other))) => one.cmp(other),
        (Some(Cell::Text(one)), Some(Cell::Text(other))) => one.cmp(other),
        _ => Ordering::Equal,
    }
}

fn key_of(row: &Row) -> String {
    match row.first() {
        Some(Cell::Integer(number)) => number.to_string(),
        Some(Cell::Text(name)) => name.clone(),
        _ => "without a key".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, version: i64) -> Row {
        vec![Cell::Text(name.to_owned()), Cell::Integer(version), Cell::Bytes(vec![7])]
    }

    fn found(source: &[Row], target: &[Row]) -> Option<(String, What)> {
        first_difference(Table::InstallationKeys, source, target).map(|found| (found.key, found.what))
    }

    #[test]
    fn the_first_row_that_differs_is_named_by_its_key() {
        let rows = [key("a", 1), key("b", 1), key("c", 1)];
        assert_eq!(found(&rows, &rows), None);
        assert_eq!(found(&rows, &rows[..2]), Some(("c".to_owned(), What::Missing)));
        assert_eq!(found(&rows[..2], &rows), Some(("c".to_owned(), What::Extra)));
        assert_eq!(found(&rows, &rows[1..]), Some(("a".to_owned(), What::Missing)));
        assert_eq!(found(&rows[1..], &rows), Some(("a".to_owned(), What::Extra)));
        let changed = [key("a", 1), key("b", 2), key("c", 1)];
        assert_eq!(found(&rows, &changed), Some(("b".to_owned(), What::Column("master_key_version"))));
        assert_eq!(found(&[], &[]), None);
    }

    #[test]
    fn a_difference_shows_no_value() {
        let mut changed = key("a", 1);
        changed[2] = Cell::Bytes(b"secret".to_vec());
        let difference = first_difference(Table::InstallationKeys, &[key("a", 1)], &[changed]).unwrap();
        assert_eq!(difference.to_string(), "installation_keys a has another wrapped on the target");
        assert!(!format!("{difference:?}").contains("secret"));
    }
}
