//! The log stays bounded.

use registrar_domain::store::Store;
use registrar_domain::testing::{block_on, scene};

use super::engine::Place;
use crate::files::beside;
use crate::limits::{CHECKPOINT_PAGES, PAGE_BYTES};

#[test]
fn the_log_starts_over_instead_of_growing() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let step = u64::from(CHECKPOINT_PAGES) * u64::from(PAGE_BYTES);
    let record = 1 << 20;
    for n in 0..48_u8 {
        let fixture = scene.customer(&store).request(n).email(n).payload(n);
        let command = fixture.with(|command| command.sealed.record = vec![n; record]).build();
        block_on(store.create_customer(command)).unwrap();
    }
    let length = std::fs::metadata(beside(&place.path(), "-wal")).unwrap().len();
    assert!(length < step + 4 * u64::try_from(record).unwrap(), "{length}");
    let statistics = store.statistics();
    assert!(statistics.checkpoints >= 2, "{statistics:?}");
    assert!(statistics.log_pages > 0);
}

#[test]
fn a_reader_that_stays_does_not_make_every_commit_try_again() {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    let reader = place.connection();
    reader.execute_batch("BEGIN; SELECT count(*) FROM customers").unwrap();
    for n in 0..24_u8 {
        let fixture = scene.customer(&store).request(n).email(n).payload(n);
        let command = fixture.with(|command| command.sealed.record = vec![n; 1 << 20]).build();
        block_on(store.create_customer(command)).unwrap();
    }
    // A checkpoint comes after the answers; once the writer takes another command it is over.
    block_on(store.check_ready()).unwrap();
    let steps = (24 << 20) / (u64::from(CHECKPOINT_PAGES) * u64::from(PAGE_BYTES));
    assert_eq!(store.statistics().checkpoints, steps);
    reader.execute_batch("COMMIT").unwrap();
}
