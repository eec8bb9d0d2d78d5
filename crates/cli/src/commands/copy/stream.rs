//! Batches of a table, read on a thread of their own while the ones before are being worked on.

use std::sync::mpsc::sync_channel;

use registrar_domain::store::StoreFailure;
use registrar_domain::transfer::{Row, Table, number_of};
use registrar_store_sqlite::CopySource;

use super::target::Interrupted;
use crate::failure::Failure;

/// Batches that wait. With the one being read, the one being stored, and what the target holds of it, a few are in memory:
/// some MiB as long as `--batch-rows` and what platforms send are of the usual size.
const BATCHES_AHEAD: usize = 2;

/// Hands every batch of rows with numbers after `after` to `take`, in order, until one is not taken.
pub(super) fn stream(
    source: &mut CopySource,
    table: Table,
    after: Option<i64>,
    batch: usize,
    mut take: impl FnMut(&[Row]) -> Result<(), Interrupted>,
) -> Result<(), Interrupted> {
    let (sender, receiver) = sync_channel::<Vec<Row>>(BATCHES_AHEAD);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || -> Result<(), StoreFailure> {
            let mut after = after;
            loop {
                let rows = source.rows(table, after, batch)?;
                let Some(last) = rows.last() else { return Ok(()) };
                after = number_of(last);
                let is_last = rows.len() < batch || after.is_none();
                // Nobody takes any more after one that was not taken.
                if sender.send(rows).is_err() || is_last {
                    return Ok(());
                }
            }
        });
        for rows in receiver {
            take(&rows)?;
        }
        match reader.join() {
            Ok(read) => read.map_err(|failure| Failure::from(failure).into()),
            Err(_) => Err(Failure::untrusted("reading the source failed", "report this as a fault").into()),
        }
    })
}
