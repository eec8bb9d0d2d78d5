//! Raw rows in and out: `COPY` for tables that only grow, one statement a row for the small ones.
//!
//! Knows columns, not what they mean. `COPY` is the quickest way into PostgreSQL, its binary form has nothing to quote, and
//! every key and index of the table is in force for it.

use bytes::BytesMut;
use registrar_domain::transfer::{Cell, Column, Kind, Row, Table, sort_by_key};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::decode::first;
use crate::failure::Trouble;
use crate::session::Session;

/// A cell on its way to a column.
#[derive(Debug)]
struct Given<'a>(&'a Cell);

impl ToSql for Given<'_> {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Integer(number) if *column == Type::INT2 => i16::try_from(*number)?.to_sql(column, out),
            Cell::Integer(number) => number.to_sql(column, out),
            Cell::Boolean(value) => value.to_sql(column, out),
            Cell::Text(text) => text.to_sql(column, out),
            Cell::Bytes(bytes) => bytes.to_sql(column, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn type_of(column: &Column) -> Type {
    match column.kind {
        Kind::Integer => Type::INT8,
        Kind::Small => Type::INT2,
        Kind::Boolean => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

/// The highest number.
pub(super) async fn last(session: &Session, table: Table) -> Result<Option<i64>, Trouble> {
    let rows = session.query(&format!("SELECT max(number) FROM {}", table.name()), &[]).await?;
    Ok(first(&rows)?.try_get(0)?)
}

/// Adds rows in a transaction of their own.
pub(super) async fn append(session: &Session, table: Table, rows: &[Row]) -> Result<(), Trouble> {
    let types: Vec<_> = table.columns().iter().map(type_of).collect();
    if rows.iter().any(|row| row.len() != types.len()) {
        return Err(Trouble::internal("a row has another number of columns than its table"));
    }
    let copy = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name(), table.column_list());
    session.copy_in_durably(&copy, &types, rows.iter().map(|row| row.iter().map(Given))).await
}

/// Adds or replaces rows in a transaction.
pub(super) async fn put(session: &Session, table: Table, rows: &[Row]) -> Result<(), Trouble> {
    let columns = table.columns();
    let places: Vec<_> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let key = columns.first().map_or("number", |column| column.name);
    let changes: Vec<_> =
        columns.iter().skip(1).map(|column| format!("{0} = EXCLUDED.{0}", column.name)).collect();
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({key}) DO UPDATE SET {}",
        table.name(),
        table.column_list(),
        places.join(", "),
        changes.join(", ")
    );
    let statement = session.prepare(&sql).await?;
    let work = async {
        for row in rows {
            let given: Vec<_> = row.iter().map(Given).collect();
            let given: Vec<_> = given.iter().map(|cell| -> &(dyn ToSql + Sync) { cell }).collect();
            session.query(&statement, &given).await?;
        }
        Ok(())
    };
    session.transaction("BEGIN", work).await
}

/// Rows between two numbers in their order.
pub(super) async fn read(
    session: &Session,
    table: Table,
    after: Option<i64>,
    until: Option<i64>,
    limit: usize,
) -> Result<Vec<Row>, Trouble> {
    let (columns, name) = (table.column_list(), table.name());
    let key_is_number = table.columns().first().is_some_and(|key| key.kind == Kind::Integer);
    let found = if key_is_number {
        let sql = format!(
            "SELECT {columns} FROM {name} WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        session.query(&sql, &[&after.unwrap_or(i64::MIN), &until.unwrap_or(i64::MAX), &limit]).await?
    } else {
        session.query(&format!("SELECT {columns} FROM {name}"), &[]).await?
    };
    let mut rows = found.iter().map(|row| decode(table, row)).collect::<Result<Vec<_>, _>>()?;
    if !key_is_number {
        sort_by_key(&mut rows);
    }
    Ok(rows)
}

fn decode(table: Table, row: &tokio_postgres::Row) -> Result<Row, Trouble> {
    let cells = table.columns().iter().enumerate().map(|(place, column)| {
        let cell = match column.kind {
            Kind::Integer => row.try_get::<_, Option<i64>>(place)?.map(Cell::Integer),
            Kind::Small => row.try_get::<_, Option<i16>>(place)?.map(|number| Cell::Integer(number.into())),
            Kind::Boolean => row.try_get::<_, Option<bool>>(place)?.map(Cell::Boolean),
            Kind::Text => row.try_get::<_, Option<String>>(place)?.map(Cell::Text),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(place)?.map(Cell::Bytes),
        };
        Ok(cell.unwrap_or(Cell::Null))
    });
    cells.collect()
}
