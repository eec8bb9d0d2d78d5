//! What every row's reading needs: a first row, and numbers within their range.

use tokio_postgres::Row;

use crate::failure::Trouble;

/// The only row of a query that has one.
pub(crate) fn first(rows: &[Row]) -> Result<&Row, Trouble> {
    rows.first().ok_or_else(|| Trouble::internal("a row is missing that every database has"))
}

/// A number that fits 32 bits.
pub(crate) fn number(row: &Row, column: usize) -> Result<u32, Trouble> {
    u32::try_from(row.try_get::<_, i64>(column)?)
        .map_err(|_| Trouble::internal(format!("column {column} of a row holds a number out of range")))
}

/// Bytes of a fixed length.
pub(crate) fn bytes<const LENGTH: usize>(row: &Row, column: usize) -> Result<[u8; LENGTH], Trouble> {
    row.try_get::<_, &[u8]>(column)?
        .try_into()
        .map_err(|_| Trouble::internal(format!("column {column} of a row does not hold {LENGTH} bytes")))
}
