//! Rows for people: columns as wide as their widest cell.

/// The rows under their headings; the last column is not padded.
pub(crate) fn columns<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut push = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    };
    push(&headings.map(str::to_owned));
    for row in rows {
        push(row);
    }
    text
}

/// Names with their values, the values below each other.
pub(crate) fn names_and_values(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::{columns, names_and_values};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ABC123".to_owned(), "Börse".to_owned()], ["X".to_owned(), String::new()]];
        assert_eq!(columns(["CODE", "NAME"], &rows), "CODE    NAME\nABC123  Börse\nX\n");
    }

    #[test]
    fn values_stand_below_each_other() {
        assert_eq!(names_and_values(&[("a", "1".to_owned()), ("bcd", "2".to_owned())]), "a    1\nbcd  2\n");
    }
}
