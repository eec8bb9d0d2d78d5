//! A database as the target of a copy.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use registrar_domain::codes::CUSTOMER_NUMBERS;
use registrar_domain::store::{Store, StoreFailure};
use registrar_domain::testing::{Scene, TestClock, block_on};
use registrar_domain::transfer::{Cell, Kind, Row, Table};

use super::another_database::{create, install};
use super::beside::Beside;
use super::engine::server;
use crate::limits::Patience;
use crate::testing::TestDatabase;
use crate::{
    Address, CopyTarget, OpenError, PostgresStore, Role, TargetError, TargetState, Withdrawal, inspect,
};

fn target(database: &TestDatabase) -> CopyTarget {
    CopyTarget::open(&database.address()).unwrap()
}

/// A row whose every cell depends on the number; those that may be null are, for some numbers.
fn row(table: Table, number: i64) -> Row {
    let may_be_null = ["request_index", "created_from", "email_index", "record", "revoked_at"];
    let cell = |(place, column): (usize, &registrar_domain::transfer::Column)| {
        let byte = u8::try_from((number + i64::try_from(place).unwrap()) % 251).unwrap();
        match (column.name, column.kind) {
            ("number", _) => Cell::Integer(number),
            ("platform" | "created_by_key", _) => Cell::Integer(1),
            (name, _) if may_be_null.contains(&name) && number % 3 == 0 => Cell::Null,
            ("passphrase_digest", _) => Cell::Bytes(vec![byte; 32]),
            (_, Kind::Integer) => Cell::Integer(i64::MIN + number),
            (_, Kind::Small) => Cell::Integer(number % 30_000),
            (_, Kind::Boolean) => Cell::Boolean(number % 2 == 0),
            (_, Kind::Text) => Cell::Text(format!("{}: 'ö\\.\n\t\u{1F600} {number}", column.name)),
            (_, Kind::Bytes) => Cell::Bytes(number.to_be_bytes().iter().copied().chain(0..=byte).collect()),
        }
    };
    table.columns().iter().enumerate().map(cell).collect()
}

fn rows(table: Table, numbers: std::ops::Range<i64>) -> Vec<Row> {
    numbers.map(|number| row(table, number)).collect()
}

fn counters() -> BTreeMap<String, i64> {
    let names =
        ["access_version", "next_audit_event", "next_customer_number", "platforms_after", "write_probe"];
    names.into_iter().zip([20, 30, 40, 50, 60]).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn settings(database: &TestDatabase) -> String {
    database.sql("SELECT name, value FROM settings ORDER BY name").replace('\n', " ")
}

fn refusal(database: &TestDatabase, role: Role) -> OpenError {
    PostgresStore::open(&database.address(), role).err().unwrap()
}

#[test]
fn the_columns_that_are_copied_are_those_of_the_schema() {
    let database = TestDatabase::new();
    target(&database);
    let mut copied: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
    copied.extend(["schema_version", "settings"]);
    copied.sort_unstable();
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";
    assert_eq!(database.sql(tables).lines().collect::<Vec<_>>(), copied);
    for table in Table::ALL {
        let found = database.sql(&format!(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' \
             AND table_name = '{}' ORDER BY ordinal_position",
            table.name()
        ));
        let kind = |kind| match kind {
            Kind::Integer => "bigint",
            Kind::Small => "smallint",
            Kind::Boolean => "boolean",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
        };
        let columns = table.columns().iter();
        let expected: Vec<_> =
            columns.map(|column| format!("{}|{}", column.name, kind(column.kind))).collect();
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{table:?}");
    }
}

#[test]
fn every_kind_of_cell_comes_back_as_it_was_given() {
    let database = TestDatabase::new();
    let target = target(&database);
    target.begin(7).unwrap();
    for table in Table::ALL {
        let given = if table == Table::InstallationKeys {
            let keys = ["b", "B", "a", "ä"]
                .map(|name| vec![Cell::Text(name.to_owned()), Cell::Integer(1), Cell::Bytes(vec![0, 255])]);
            target.store(table, &keys).unwrap();
            let mut keys = keys.to_vec();
            registrar_domain::transfer::sort_by_key(&mut keys);
            keys
        } else {
            let given = rows(table, 1..20);
            target.store(table, &given[..10]).unwrap();
            target.store(table, &given[10..]).unwrap();
            given
        };
        assert!(target.rows(table, None, None, 100).unwrap() == given, "{table:?}");
    }
    assert_eq!(target.last(Table::Customers), Ok(Some(19)));
    let between = target.rows(Table::Customers, Some(3), Some(9), 4).unwrap();
    assert!(between == rows(Table::Customers, 4..8));
}

#[test]
fn small_tables_take_changes_and_growing_ones_refuse_what_they_have() {
    let database = TestDatabase::new();
    let target = target(&database);
    target.begin(7).unwrap();
    for table in [Table::Platforms, Table::ApiKeys, Table::Customers] {
        target.store(table, &rows(table, 1..3)).unwrap();
    }
    let mut changed = row(Table::Platforms, 1);
    changed[1] = Cell::Text("renamed".to_owned());
    target.store(Table::Platforms, &[changed.clone()]).unwrap();
    assert!(target.rows(Table::Platforms, None, Some(1), 10).unwrap() == [changed]);
    let again = target.store(Table::Customers, &rows(Table::Customers, 2..5));
    assert!(matches!(again, Err(TargetError::Passing(_))), "{again:?}");
    assert_eq!(target.last(Table::Customers), Ok(Some(2)));
    let mut orphan = row(Table::Customers, 9);
    orphan[1] = Cell::Integer(4711);
    let refused = target.store(Table::Customers, &[orphan]).unwrap_err();
    assert!(
        matches!(&refused, TargetError::Failed(text) if text.contains("customers_key_fkey")),
        "{refused}"
    );
    assert!(!refused.to_string().contains("4711"));
}

#[test]
fn nobody_uses_half_a_copy_and_everybody_a_finished_one() {
    let database = TestDatabase::new();
    let target = target(&database);
    assert_eq!(target.state(), Ok(TargetState::Empty));
    target.begin(7).unwrap();
    target.begin(7).unwrap();
    assert_eq!(target.state(), Ok(TargetState::Unfinished(7)));
    assert!(matches!(target.begin(8), Err(TargetError::Failed(_))));
    for role in [Role::Server, Role::Operator] {
        assert!(matches!(refusal(&database, role), OpenError::HalfCopied));
    }
    let next = database.sql("SELECT value FROM settings WHERE name = 'next_customer_number'");
    assert_eq!(next, CUSTOMER_NUMBERS.to_string());
    assert!(matches!(target.finish(8, &counters()), Err(TargetError::Failed(_))));
    target.finish(7, &counters()).unwrap();
    let finished = "access_version|20 copy_finished|7 next_audit_event|30 next_customer_number|40 platforms_after|50 \
                    write_probe|60";
    assert_eq!(settings(&database), finished);
    assert_eq!(server(&database).reserve_customer_number().map(|number| number.0), Ok(40));
    // Said again because its answer was lost: nothing goes back.
    target.finish(7, &counters()).unwrap();
    assert!(!settings(&database).contains("next_customer_number|40 "));
    assert_eq!(target.state(), Ok(TargetState::Finished(7)));
}

#[test]
fn a_database_that_was_used_is_not_empty() {
    let database = TestDatabase::new();
    drop(server(&database));
    let target = target(&database);
    assert_eq!(target.state(), Ok(TargetState::Occupied));
    assert!(matches!(target.begin(7), Err(TargetError::Failed(_))));
    assert_eq!(database.sql("SELECT count(*) FROM settings WHERE name LIKE 'copy%'"), "0");
}

#[test]
fn a_server_that_looked_before_the_copy_began_gets_no_number() {
    let database = TestDatabase::new();
    let target = target(&database);
    target.begin(7).unwrap();
    // What that server would see, had it looked a moment earlier.
    database.sql("DELETE FROM settings WHERE name = 'copy_unfinished'");
    let refused = refusal(&database, Role::Server).to_string();
    assert!(refused.contains("participant codes were handed out"), "{refused}");
}

#[test]
fn another_role_than_the_owner_copies_nothing() {
    let database = TestDatabase::new();
    drop(target(&database));
    let role = format!("copying_{}", std::process::id());
    database.sql(&format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}"
    ));
    let url = database.url().replace("user=registrar", &format!("user={role}"));
    let refused = CopyTarget::open(&Address::parse(&url).unwrap()).err().unwrap();
    database.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert!(matches!(refused, OpenError::NotOwner), "{refused}");
    // Where nobody made the tables yet, the cure is the owner's address too, not rights for servers.
    let empty = TestDatabase::new().with_roles();
    let refused = CopyTarget::open(&empty.address()).err().unwrap();
    assert!(matches!(refused, OpenError::NotOwner), "{refused}");
    assert!(refused.to_string().contains("the address of the role that owns the tables"), "{refused}");
}

#[test]
fn a_finished_copy_is_withdrawn_only_while_nothing_happened() {
    for happened in [
        "INSERT INTO customers (number, platform, status, prefunded, created_at, created_by_key, trace_id) \
         VALUES (40, 1, 'submitted', false, 0, 1, '')",
        "INSERT INTO audit_events VALUES (30, '', '', 0, '', '', 1, '', '')",
        "UPDATE settings SET value = value + 1 WHERE name = 'access_version'",
    ] {
        let database = TestDatabase::new();
        let target = target(&database);
        target.begin(7).unwrap();
        target.store(Table::Platforms, &rows(Table::Platforms, 1..2)).unwrap();
        target.store(Table::ApiKeys, &rows(Table::ApiKeys, 1..2)).unwrap();
        target.finish(7, &counters()).unwrap();
        assert!(matches!(target.withdraw(8, &counters()), Err(TargetError::Failed(_))));
        assert_eq!(target.withdraw(7, &counters()), Ok(Withdrawal::Done));
        assert_eq!(target.withdraw(7, &counters()), Ok(Withdrawal::Done));
        let refused = refusal(&database, Role::Server);
        assert!(matches!(refused, OpenError::CopyUndone), "{refused}");
        assert!(refused.to_string().contains("drop this database"), "{refused}");
        let inspected = inspect(&database.address(), &TestClock::default()).map(|_| ());
        assert!(matches!(inspected, Err(OpenError::CopyUndone)), "{inspected:?}");
        target.finish(7, &counters()).unwrap();
        database.sql(happened);
        assert_eq!(target.withdraw(7, &counters()), Ok(Withdrawal::Outdated), "{happened}");
        assert_eq!(target.state(), Ok(TargetState::Finished(7)));
    }
}

/// A finished copy on which a server runs that has lost its connections.
fn cut_off(database: &TestDatabase) -> (CopyTarget, PostgresStore, Scene) {
    let target = target(database);
    target.begin(7).unwrap();
    let numbers = ["next_customer_number", "next_audit_event"];
    target.finish(7, &numbers.into_iter().map(|name| (name.to_owned(), 1)).collect()).unwrap();
    let store = server(database);
    let scene = install(&store, 1);
    drop(target);
    database.end_connections();
    (self::target(database), store, scene)
}

/// What the database now says of itself, as the source would say it: nothing happened since.
fn present_counters(database: &TestDatabase) -> BTreeMap<String, i64> {
    let rows = database.sql("SELECT name, value FROM settings WHERE name NOT LIKE 'copy%'");
    let pairs = rows.lines().map(|line| line.split_once('|').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

#[test]
fn a_server_that_comes_back_after_its_copy_was_withdrawn_accepts_nothing() {
    let database = TestDatabase::new();
    let (target, store, scene) = cut_off(&database);
    assert_eq!(target.withdraw(7, &present_counters(&database)), Ok(Withdrawal::Done));
    for _ in 0..4 {
        let told = create(&store, scene, 1);
        assert!(matches!(&told, Err(StoreFailure::Unavailable(text)) if text.contains("copy")), "{told:?}");
    }
    assert!(block_on(store.check_ready()).is_err());
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "0");
}

#[test]
fn a_copy_with_other_connections_is_not_withdrawn() {
    let database = TestDatabase::new();
    let (target, store, scene) = cut_off(&database);
    let counters = present_counters(&database);
    block_on(store.check_ready()).unwrap();
    assert_eq!(target.withdraw(7, &counters), Ok(Withdrawal::Connected(1)));
    assert_eq!(target.state(), Ok(TargetState::Finished(7)));
    assert!(create(&store, scene, 1).is_ok());
}

/// Sees the server's connections without being one of those that are counted.
fn watcher(database: &TestDatabase) -> Beside {
    let url = database.url();
    let (_, rest) = url.split_once('?').unwrap();
    Beside::new(&Address::parse(&format!("postgres:///postgres?{rest}")).unwrap())
}

/// It looks at the database after the connections were counted and before the mark can be seen.
#[test]
fn a_server_that_comes_back_while_its_copy_is_withdrawn_accepts_nothing() {
    let database = TestDatabase::on_its_own_server();
    let (target, store, scene) = cut_off(&database);
    let counters = present_counters(&database);
    database.set_on_its_own_server("synchronous_standby_names = 'nobody'");
    let mut watcher = watcher(&database);
    let begun = Instant::now();
    let mut until = |sql: &str| {
        while watcher.run(sql).unwrap() != ["1"] {
            assert!(begun.elapsed() < Duration::from_secs(20), "{sql}");
        }
    };
    std::thread::scope(|scope| {
        let withdrawn = scope.spawn(|| target.withdraw(7, &counters));
        until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        let created = scope.spawn(|| create(&store, scene, 1));
        until("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        database.set_on_its_own_server("synchronous_standby_names = ''");
        let (withdrawn, created) = (withdrawn.join().unwrap(), created.join().unwrap());
        assert_eq!(withdrawn, Ok(Withdrawal::Done));
        assert!(matches!(created, Err(StoreFailure::Unavailable(_))), "{created:?}");
    });
    assert_eq!(database.sql("SELECT count(*) FROM customers"), "0");
}

/// Reading a large batch back takes as long as storing it.
#[test]
fn what_a_copy_reads_is_waited_for_as_long_as_what_it_stores() {
    let database = TestDatabase::new();
    let patience = Patience { answer: Duration::from_secs(1), ..Patience::default() };
    drop(target(&database));
    let target = CopyTarget::open(&database.address().waited_for(patience)).unwrap();
    let mut beside = Beside::new(&database.address());
    beside.run("BEGIN; LOCK TABLE customers").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || beside.run("SELECT pg_sleep(1.5); COMMIT").unwrap());
        assert!(target.rows(Table::Customers, None, None, 100).unwrap().is_empty());
    });
}

#[test]
fn a_lost_connection_passes_and_the_next_one_works() {
    let database = TestDatabase::new();
    let mut target = target(&database);
    target.begin(7).unwrap();
    database.end_connections();
    let lost = target.store(Table::Platforms, &rows(Table::Platforms, 1..2));
    assert!(matches!(lost, Err(TargetError::Passing(_))), "{lost:?}");
    target.reconnect().unwrap();
    target.store(Table::Platforms, &rows(Table::Platforms, 1..2)).unwrap();
}
