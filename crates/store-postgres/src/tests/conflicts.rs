//! Transactions that PostgreSQL ends because they met others: tried again, and nobody notices.

use std::sync::atomic::{AtomicU32, Ordering};

use registrar_domain::platform::WrappedKey;
use registrar_domain::store::{
    CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, InstallationKey, Store, StoreFailure,
};
use registrar_domain::testing::{Scene, block_on, new_api_key, new_platform, operator_act, scene};

use super::beside::Beside;
use super::engine::{Held, server};
use super::faults::{submit, until};
use crate::PostgresStore;
use crate::testing::TestDatabase;

/// The other side of a circle, which waits so long that the engine's transaction is the one that is ended.
fn patient(database: &TestDatabase) -> Beside {
    let mut beside = Beside::new(&database.superuser_address());
    beside.run("SET deadlock_timeout = '1min'").unwrap();
    beside
}

const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

pub(super) const LOCK_WAITS: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
    AND datname = current_database()";

/// Another customer with this one's e-mail.
pub(super) fn insert(command: &CreateCustomer) -> String {
    let email = u128::from_be_bytes(command.email.0);
    format!(
        "INSERT INTO customers (number, platform, email_index, status, prefunded, created_at, created_by_key, trace_id) \
         VALUES ({}, {}, '\\x{email:032x}', 'submitted', false, 0, {}, '')",
        command.number.0 + 1_000_000,
        command.platform.0,
        command.key.0
    )
}

#[test]
fn a_batch_that_waits_for_somebody_holds_up_no_other() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let [stuck, other] =
        [1, 2].map(|identity| scene.customer(&*held).request(identity).email(identity).build());
    let mut somebody = patient(&held.database);
    somebody.run("BEGIN").unwrap();
    somebody.run(&insert(&stuck)).unwrap();
    let mut waiting = held.create_customer(stuck);
    submit(&mut waiting);
    until(&held.database, LOCK_WAITS, "1");
    assert_eq!(block_on(held.create_customer(other)), Ok(CreateCustomerOutcome::Created));
    assert_eq!(held.database.sql(LOCK_WAITS), "1", "the first one has been waiting all the time");
    somebody.run("ROLLBACK").unwrap();
    assert_eq!(block_on(waiting), Ok(CreateCustomerOutcome::Created));
}

#[test]
fn a_batch_that_is_ended_in_a_deadlock_is_stored_all_the_same() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let [low, high, busy, busier] =
        [1, 2, 3, 4].map(|identity| scene.customer(&*held).request(identity).email(identity).build());
    let (mut other, mut blocker) = (patient(&held.database), patient(&held.database));
    other.run("BEGIN").unwrap();
    other.run(&insert(&high)).unwrap();
    blocker.run("BEGIN").unwrap();
    blocker.run(&format!("{}; {}", insert(&busy), insert(&busier))).unwrap();
    let mut answers = Vec::new();
    for (command, waiting) in [(&busy, "1"), (&busier, "2")] {
        let mut answer = held.create_customer(command.clone());
        submit(&mut answer);
        // Each writer has one, and waits with it.
        until(&held.database, LOCK_WAITS, waiting);
        answers.push(answer);
    }
    for command in [&high, &low] {
        let mut answer = held.create_customer(command.clone());
        submit(&mut answer);
        answers.push(answer);
    }
    blocker.run("ROLLBACK").unwrap();
    // The two travel together: the lower e-mail is stored, the higher one waits.
    until(&held.database, LOCK_WAITS, "1");
    other.run(&insert(&low)).unwrap();
    other.run("ROLLBACK").unwrap();
    for answer in answers {
        assert_eq!(block_on(answer), Ok(CreateCustomerOutcome::Created));
    }
    until(&held.database, &format!("SELECT ({DEADLOCKS}) > 0"), "t");
    assert_eq!(held.statistics().reconnections, 0);
}

/// Runs an operator's act into a deadlock: it locks the version of platforms and keys first and the events' counter later.
fn in_a_deadlock<T: Send>(database: &TestDatabase, act: impl FnOnce() -> T + Send) -> T {
    let mut other = patient(database);
    let before: u32 = database.sql(DEADLOCKS).parse().unwrap();
    other.run("BEGIN; UPDATE settings SET value = value WHERE name = 'next_audit_event'").unwrap();
    let done = std::thread::scope(|scope| {
        let acting = scope.spawn(act);
        until(database, LOCK_WAITS, "1");
        other.run("SELECT value FROM settings WHERE name = 'access_version' FOR UPDATE").unwrap();
        other.run("ROLLBACK").unwrap();
        acting.join().unwrap()
    });
    // The act may meet the other side once more before that one has its lock.
    until(database, &format!("SELECT ({DEADLOCKS}) > {before}"), "t");
    done
}

#[test]
fn an_operators_act_that_is_ended_in_a_deadlock_is_done_once() {
    let held = Held::new();
    let store = &*held;
    let platform = in_a_deadlock(&held.database, || {
        block_on(store.create_platform(new_platform("one"), operator_act(1))).unwrap()
    });
    let key = in_a_deadlock(&held.database, || {
        block_on(store.create_api_key(new_api_key(platform, "key"), operator_act(2))).unwrap()
    });
    assert!(matches!(key, CreateApiKeyOutcome::Created(_)), "{key:?}");
    let access = block_on(store.load_access()).unwrap();
    assert_eq!((access.platforms.len(), access.keys.len(), access.version), (1, 1, 2));
    assert_eq!(held.database.sql("SELECT count(*) FROM audit_events"), "2");
}

fn candidates(from: u8) -> Vec<InstallationKey> {
    let wrapped = WrappedKey { master_key_version: 1, bytes: vec![from; 48] };
    ["digest", "index"].map(|name| InstallationKey { name: name.to_owned(), wrapped: wrapped.clone() }).into()
}

/// Makes platforms, keys, installation keys and customers from two servers at once.
fn everything_at_once(servers: &[PostgresStore; 2]) {
    let made = AtomicU32::new(0);
    let platform = scene(&servers[0], "shared");
    let keys: Vec<_> = std::thread::scope(|scope| {
        let working: Vec<_> = (0..8_u8)
            .map(|caller| {
                let (store, made) = (&servers[usize::from(caller % 2)], &made);
                scope.spawn(move || {
                    let keys = block_on(store.load_or_store_installation_keys(candidates(caller))).unwrap();
                    let own = scene(store, &format!("of-{caller}"));
                    for turn in 0..20 {
                        create(store, platform, turn, made);
                        create(store, own, turn, made);
                    }
                    block_on(store.record_key_use(vec![
                        (own.key, operator_act(5).at),
                        (platform.key, operator_act(6).at),
                    ]))
                    .unwrap();
                    keys
                })
            })
            .collect();
        working.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|given| *given == keys[0]));
    assert_eq!(made.load(Ordering::Relaxed), 20 + 8 * 20);
    let access = block_on(servers[0].load_access()).unwrap();
    assert_eq!((access.platforms.len(), access.keys.len(), access.version), (9, 9, 18));
}

fn create(store: &PostgresStore, scene: Scene, identity: u8, made: &AtomicU32) {
    let command = scene.customer(store).request(identity).email(identity).payload(identity).build();
    match block_on(store.create_customer(command)).unwrap() {
        CreateCustomerOutcome::Created => drop(made.fetch_add(1, Ordering::Relaxed)),
        CreateCustomerOutcome::Replayed(row) => assert_eq!(row.sealed.record, vec![identity; 200]),
        CreateCustomerOutcome::Rejected(rejection) => panic!("{rejection:?}"),
    }
}

#[test]
fn a_database_whose_transactions_are_serializable_makes_no_difference() {
    for level in ["repeatable read", "serializable"] {
        let database = TestDatabase::new();
        let name = database.sql("SELECT current_database()");
        database.sql(&format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'"));
        everything_at_once(&[server(&database), server(&database)]);
        assert_eq!(database.sql("SELECT count(*) FROM customers"), "180");
    }
}

/// Fails the first rows that come to a table, by an error of this code, told from each other by what survives a rollback.
fn fail_at_first(database: &TestDatabase, table: &str, code: &str, constraint: &str) {
    database.sql(&format!(
        "CREATE SEQUENCE tries_of_{table}; \
         CREATE FUNCTION fail_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('tries_of_{table}') <= 2 THEN \
                 RAISE EXCEPTION 'made to fail' USING ERRCODE = '{code}', CONSTRAINT = '{constraint}'; END IF; \
             RETURN NEW; END $$; \
         CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail_{table}()"
    ));
}

#[test]
fn what_meets_another_transaction_is_tried_again() {
    for (code, constraint) in [("40001", ""), ("40P01", ""), ("23505", "_pkey")] {
        let held = Held::new();
        for table in ["platforms", "api_keys", "audit_events", "installation_keys"] {
            fail_at_first(&held.database, table, code, &format!("{table}{constraint}"));
        }
        if constraint.is_empty() {
            fail_at_first(&held.database, "customers", code, "");
        }
        let keys = block_on(held.load_or_store_installation_keys(candidates(1))).unwrap();
        assert_eq!(keys.len(), 2);
        let platform = block_on(held.create_platform(new_platform("one"), operator_act(1))).unwrap();
        let key = block_on(held.create_api_key(new_api_key(platform, "key"), operator_act(2))).unwrap();
        let CreateApiKeyOutcome::Created(key) = key else { panic!("{key:?}") };
        let scene = Scene { platform, key };
        let command = scene.customer(&*held).build();
        assert_eq!(block_on(held.create_customer(command)), Ok(CreateCustomerOutcome::Created), "{code}");
        assert_eq!(held.database.sql("SELECT count(*) FROM audit_events"), "2");
    }
}

#[test]
fn a_key_whose_identifier_is_taken_is_not_tried_again() {
    let held = Held::new();
    let scene = scene(&*held, "one");
    let taken = new_api_key(scene.platform, "key-of-one");
    let refused = block_on(held.create_api_key(taken, operator_act(2)));
    assert!(
        matches!(&refused, Err(StoreFailure::Internal(text)) if text.contains("api_keys_api_key_key")),
        "{refused:?}"
    );
    let twice = [candidates(1), candidates(2)].concat();
    let refused = block_on(held.load_or_store_installation_keys(twice));
    assert!(matches!(&refused, Err(StoreFailure::Internal(_))), "{refused:?}");
}
