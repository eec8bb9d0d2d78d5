//! A database as the source of a copy, and after it.

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::PlatformNumber;
use registrar_domain::store::Store;
use registrar_domain::testing::{block_on, new_platform, operator_act, scene};
use registrar_domain::transfer::{Cell, Kind, Table, number_of};

use super::engine::{Place, server};
use crate::limits::{
    NUMBERS_MARKED_AHEAD, NUMBERS_SKIPPED_AFTER_A_COPY, PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY,
};
use crate::{CopySource, OpenError, Options, SqliteStore};

const TARGET: &str = "postgres://there:5432/d";

/// A database with a platform, a key and so many customers.
fn place_with(customers: u8) -> Place {
    let place = Place::new();
    let store = place.open();
    let scene = scene(&store, "one");
    for identity in 0..customers {
        let fixture = scene.customer(&store).request(identity).email(identity).payload(identity);
        block_on(store.create_customer(fixture.build())).unwrap();
    }
    place
}

fn source(place: &Place) -> CopySource {
    CopySource::open(&place.path()).unwrap()
}

fn refusal(place: &Place, options: Options) -> OpenError {
    SqliteStore::open(&place.path(), options).err().unwrap()
}

#[test]
fn the_columns_that_are_copied_are_those_of_the_schema() {
    let place = place_with(0);
    let connection = place.connection();
    let names = |sql: &str| -> Vec<(String, String)> {
        let mut query = connection.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    };
    let tables = names("SELECT name, type FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let mut copied: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
    // Fingerprints repeat what the customers' rows hold; the other engine has indexes of its own.
    copied.extend(["fingerprints", "relocation", "settings"]);
    copied.sort_unstable();
    assert_eq!(tables.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), copied);
    for table in Table::ALL {
        let found = names(&format!("SELECT name, type FROM pragma_table_info('{}')", table.name()));
        let expected: Vec<_> = table
            .columns()
            .iter()
            .map(|column| {
                let kind = match column.kind {
                    Kind::Integer | Kind::Small | Kind::Boolean => "INTEGER",
                    Kind::Text => "TEXT",
                    Kind::Bytes => "BLOB",
                };
                (column.name.to_owned(), kind.to_owned())
            })
            .collect();
        assert_eq!(found, expected, "{table:?}");
    }
}

#[test]
fn rows_come_in_batches_in_their_order_and_all_of_them() {
    let place = place_with(10);
    let source = source(&place);
    let (mut after, mut numbers) = (None, Vec::new());
    loop {
        let rows = source.rows(Table::Customers, after, 3).unwrap();
        let Some(last) = rows.last() else { break };
        assert!(rows.len() <= 3 && rows.iter().all(|row| row.len() == Table::Customers.columns().len()));
        after = number_of(last);
        numbers.extend(rows.iter().filter_map(number_of));
    }
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    assert_eq!(source.count(Table::Customers, None), Ok(10));
    assert_eq!(source.count(Table::Customers, Some(3)), Ok(4));
}

#[test]
fn a_source_keeps_servers_operators_and_other_programs_out() {
    let place = place_with(1);
    let held = source(&place);
    assert!(matches!(refusal(&place, server()), OpenError::ServerRunning(_)));
    assert!(matches!(refusal(&place, Options::operator()), OpenError::Attached(_)));
    held.hold().unwrap();
    let other = place.connection();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(other.execute("UPDATE platforms SET name = 'x'", []).is_err());
    drop(held);
    other.execute("UPDATE platforms SET name = 'x'", []).unwrap();
}

#[test]
fn a_database_in_use_or_missing_is_no_source() {
    let place = place_with(1);
    let store = place.open();
    assert!(matches!(CopySource::open(&place.path()).err().unwrap(), OpenError::ServerRunning(_)));
    drop(store);
    let operator = place.open_with(Options::operator());
    assert!(matches!(CopySource::open(&place.path()).err().unwrap(), OpenError::Attached(_)));
    drop(operator);
    let missing = place.path().with_extension("missing");
    assert!(matches!(CopySource::open(&missing).err().unwrap(), OpenError::Missing(_)));
    assert!(!missing.exists());
}

#[test]
fn a_database_that_moved_is_opened_by_nobody_until_that_is_taken_back() {
    let place = place_with(1);
    let held = source(&place);
    held.begin(7, TARGET, UnixMillis(1)).unwrap();
    held.hold().unwrap();
    assert!(!held.relocation().unwrap().unwrap().is_moved);
    held.mark_moved(7, UnixMillis(2)).unwrap();
    drop(held);
    for options in [server(), Options::operator()] {
        let refused = refusal(&place, options);
        assert!(matches!(&refused, OpenError::Moved(target) if target == TARGET), "{refused}");
        assert!(refused.to_string().contains("registrar copy --undo"), "{refused}");
    }
    let file_alone = Place::new();
    std::fs::copy(place.path(), file_alone.path()).unwrap();
    assert!(matches!(refusal(&file_alone, server()), OpenError::Moved(_)));
    let held = source(&place);
    let noted = held.relocation().unwrap().unwrap();
    assert_eq!((noted.copy_id, noted.is_moved), (7, true));
    held.forget_move(false).unwrap();
    drop(held);
    assert!(!place.open().begins_after_copy());
}

/// What a target began with, and where the source goes on once that target is lost.
fn go_on_without_the_target(place: &Place) -> (i64, u32, PlatformNumber) {
    let held = source(place);
    held.begin(7, TARGET, UnixMillis(1)).unwrap();
    held.hold().unwrap();
    let counters = held.counters().unwrap();
    held.mark_moved(7, UnixMillis(2)).unwrap();
    held.forget_move(true).unwrap();
    drop(held);
    let operator = place.open_with(Options::operator());
    let platform = block_on(operator.create_platform(new_platform("late"), operator_act(0))).unwrap();
    let last_of_the_target =
        counters["platforms_after"].max(1) + i64::from(PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY);
    assert!(i64::from(platform.0) > last_of_the_target, "{platform:?} {last_of_the_target}");
    drop(operator);
    let next = place.open().reserve_customer_number().unwrap().0;
    let last_of_the_target = counters["next_customer_number"] + i64::from(NUMBERS_SKIPPED_AFTER_A_COPY);
    assert!(i64::from(next) >= last_of_the_target, "{next} {last_of_the_target}");
    (counters["next_customer_number"], next, platform)
}

#[test]
fn codes_go_on_far_behind_when_customers_may_have_been_accepted_elsewhere() {
    for customers in [0, 1] {
        let place = place_with(customers);
        let (began, next, platform) = go_on_without_the_target(&place);
        assert_eq!((began, next), (customers.into(), u32::from(customers) + NUMBERS_SKIPPED_AFTER_A_COPY));
        assert_eq!(platform.0, 1 + PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY + 1);
    }
}

/// The target of a source with such a mark skipped numbers already, so the source skips more.
#[test]
fn a_source_whose_mark_is_a_copy_goes_on_behind_what_its_lost_target_began_with() {
    let place = place_with(1);
    let mark = place.path().with_extension("db-numbers");
    let copy = mark.with_extension("copy");
    std::fs::copy(&mark, &copy).unwrap();
    std::fs::rename(&copy, &mark).unwrap();
    let (began, next, _) = go_on_without_the_target(&place);
    assert_eq!(began, i64::from(1 + NUMBERS_SKIPPED_AFTER_A_COPY));
    assert_eq!(next, 1 + 2 * NUMBERS_SKIPPED_AFTER_A_COPY);
}

/// Whatever was done before the end is done again: too much is skipped, never too little.
#[test]
fn a_release_without_the_target_that_is_cut_off_is_done_again() {
    let place = place_with(1);
    let held = source(&place);
    held.begin(7, TARGET, UnixMillis(1)).unwrap();
    held.hold().unwrap();
    let began = held.counters().unwrap();
    held.mark_moved(7, UnixMillis(2)).unwrap();
    let obstacle = place.path().with_extension("db-numbers.new");
    std::fs::create_dir(&obstacle).unwrap();
    assert!(held.forget_move(true).is_err());
    assert!(held.relocation().unwrap().unwrap().is_moved);
    std::fs::remove_dir(&obstacle).unwrap();
    held.forget_move(true).unwrap();
    drop(held);
    let next = place.open().reserve_customer_number().unwrap().0;
    assert_eq!(i64::from(next), began["next_customer_number"] + i64::from(NUMBERS_SKIPPED_AFTER_A_COPY));
}

#[test]
fn a_server_makes_a_copy_void_that_was_only_begun_and_an_operator_does_not() {
    let place = place_with(1);
    source(&place).begin(7, TARGET, UnixMillis(1)).unwrap();
    drop(place.open_with(Options::operator()));
    assert_eq!(source(&place).relocation().unwrap().map(|noted| noted.copy_id), Some(7));
    drop(place.open());
    assert_eq!(source(&place).relocation(), Ok(None));
    let held = source(&place);
    held.hold().unwrap();
    assert!(held.mark_moved(7, UnixMillis(2)).is_err());
}

#[test]
fn a_new_copy_takes_the_place_of_the_one_before() {
    let place = place_with(0);
    let held = source(&place);
    held.begin(7, TARGET, UnixMillis(1)).unwrap();
    held.begin(8, TARGET, UnixMillis(2)).unwrap();
    assert_eq!(held.relocation().unwrap().map(|noted| noted.copy_id), Some(8));
}

#[test]
fn counters_are_those_with_which_a_server_would_start_here() {
    let place = place_with(3);
    let store = place.open();
    for _ in 0..10 {
        store.reserve_customer_number().unwrap();
    }
    block_on(store.create_platform(new_platform("two"), operator_act(1))).unwrap();
    // A process that is killed leaves the mark where it is: ahead.
    let mark = std::fs::read(place.path().with_extension("db-numbers")).unwrap();
    assert!(String::from_utf8(mark).unwrap().contains(&format!("next {}\n", 3 + NUMBERS_MARKED_AHEAD)));
    drop(store);
    let counters = source(&place).counters().unwrap();
    let counter = |name: &str| counters[name];
    assert_eq!(counter("next_customer_number"), 13);
    assert_eq!(counter("next_audit_event"), 4);
    assert_eq!(counter("access_version"), 3);
    assert_eq!(counter("platforms_after"), 0);
    std::fs::remove_file(place.path().with_extension("db-numbers")).unwrap();
    let after_copy = source(&place).counters().unwrap();
    assert_eq!(after_copy["next_customer_number"], i64::from(3 + NUMBERS_SKIPPED_AFTER_A_COPY));
    assert_eq!(after_copy["platforms_after"], i64::from(2 + PLATFORM_NUMBERS_SKIPPED_AFTER_A_COPY));
    assert_eq!(place.open().reserve_customer_number().unwrap().0, 3 + NUMBERS_SKIPPED_AFTER_A_COPY);
}

#[test]
fn what_no_release_writes_is_refused_by_its_place_and_not_shown() {
    for (change, table, said) in [
        (
            "UPDATE customers SET created_from = 'hunter' || char(0)",
            Table::Customers,
            "customers 1 holds something in created_from",
        ),
        (
            "UPDATE customers SET prefunded = 4711",
            Table::Customers,
            "customers 1 holds something in prefunded",
        ),
        (
            "UPDATE customers SET digest_version = 70000",
            Table::Customers,
            "customers 1 holds something in digest_version",
        ),
        (
            "UPDATE api_keys SET label = CAST(x'ff4711' AS TEXT)",
            Table::ApiKeys,
            "api_keys 1 holds something in label",
        ),
    ] {
        let place = place_with(2);
        place.connection().execute(&format!("{change} WHERE number = 1"), []).unwrap();
        let refused = source(&place).rows(table, None, 10).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
        assert!(!refused.contains("hunter") && !refused.contains("47"), "{refused}");
    }
}

#[test]
fn cells_are_what_is_stored() {
    let place = place_with(1);
    let rows = source(&place).rows(Table::Customers, None, 1).unwrap();
    let stored = place.connection();
    let record: Vec<u8> = stored.query_row("SELECT record FROM customers", [], |row| row.get(0)).unwrap();
    assert_eq!(rows[0][10], Cell::Bytes(record));
    assert_eq!(rows[0][6], Cell::Text("submitted".to_owned()));
    assert_eq!(rows[0][7], Cell::Boolean(false));
}
