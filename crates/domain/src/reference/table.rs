//! The file format of every list: UTF-8 lines of tab-separated columns, one header line, `#` comments and blank lines.
//!
//! Knows columns, not what they mean. Invariant: a row has exactly the columns of the header that the list demands.

use super::ListKind;

/// A list never has more rows: there are some 250 countries and 5,000 subdivisions.
const ROWS_MAX: usize = 10_000;

/// What is wrong with a list's file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} list, line {line}: {problem}")]
pub struct ListError {
    /// Which list.
    pub kind: ListKind,
    /// Which line, counted from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// One row: the line it stands on and its columns.
pub(super) struct Row<'t, const N: usize> {
    pub(super) kind: ListKind,
    pub(super) line: usize,
    pub(super) cells: [&'t str; N],
}

impl<const N: usize> Row<'_, N> {
    pub(super) fn error(&self, problem: impl Into<String>) -> ListError {
        ListError { kind: self.kind, line: self.line, problem: problem.into() }
    }
}

/// The rows of a list whose header must name exactly `columns`.
pub(super) fn rows<'t, const N: usize>(
    kind: ListKind,
    text: &'t str,
    columns: [&str; N],
) -> Result<Vec<Row<'t, N>>, ListError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let header = format!("the header line must be {}, separated by tabs", columns.join(", "));
    match lines.next() {
        Some((_, line)) if line.trim_end().split('\t').eq(columns) => {}
        found => return Err(ListError { kind, line: found.map_or(1, |(line, _)| line), problem: header }),
    }
    let mut rows = Vec::new();
    for (line, text) in lines {
        let cells = cells(text).map_err(|problem| ListError { kind, line, problem })?;
        if rows.len() == ROWS_MAX {
            let problem = format!("more than {ROWS_MAX} rows");
            return Err(ListError { kind, line, problem });
        }
        rows.push(Row { kind, line, cells });
    }
    if rows.is_empty() {
        return Err(ListError { kind, line: 1, problem: "the list has no row".to_owned() });
    }
    Ok(rows)
}

fn cells<const N: usize>(text: &str) -> Result<[&str; N], String> {
    let mut cells = [""; N];
    let mut found = 0;
    for (index, cell) in text.split('\t').enumerate() {
        found = index + 1;
        if let Some(place) = cells.get_mut(index) {
            *place = cell.trim();
        }
    }
    // Editors strip blanks at the end of a line: only the last column may be missing.
    if found == N || found + 1 == N {
        Ok(cells)
    } else {
        Err(format!("{found} columns where {N} are expected"))
    }
}

/// The entries of a column that holds several, separated by semicolons.
pub(super) fn entries(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|entry| !entry.is_empty())
}

/// Whether a code is `length` letters A to Z.
pub(super) fn is_letters(code: &str, length: usize) -> bool {
    code.len() == length && code.bytes().all(|byte| byte.is_ascii_uppercase())
}
