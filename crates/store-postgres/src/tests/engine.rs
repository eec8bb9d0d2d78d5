//! An engine on a database of its own, and what its tables hold, read beside it.

use std::ops::Deref;
use std::time::Duration;

use proptest::prelude::*;
use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, KeyNumber, PlatformNumber, TraceId};
use registrar_domain::platform::WrappedKey;
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::store::{
    BlindIndex, CreateCustomer, InstallationKey, PayloadDigest, SealedCustomer, Store, StoreFailure,
};
use registrar_domain::testing::sequences::{Engine, compare, steps};
use registrar_domain::testing::through_faults::{
    clients_settle_everything_through_faults, compare_through_faults,
};
use registrar_domain::testing::{Contents, block_on};
use tokio_postgres::{NoTls, Row};

use crate::desk::Repeating;
use crate::engine::Engine as PostgresEngine;
use crate::migrations::STEPS;
use crate::session::Session;
use crate::testing::TestDatabase;
use crate::{PostgresStore, Role, migrate_for};

/// A store and the database it works on.
pub(crate) struct Held {
    store: Option<PostgresStore>,
    pub(crate) database: TestDatabase,
}

impl Held {
    pub(crate) fn new() -> Self {
        let database = TestDatabase::new();
        Self { store: Some(server(&database)), database }
    }

    /// A server whose role owns nothing.
    pub(crate) fn for_application() -> Self {
        let database = application_database();
        Self { store: Some(server(&database)), database }
    }
}

/// A database that its owner has migrated, for the application's role.
pub(crate) fn application_database() -> TestDatabase {
    let database = TestDatabase::new().with_roles();
    migrate_for(&database.owner_address(), Some(database.application_role())).unwrap();
    database
}

/// A server on that database.
pub(crate) fn server(database: &TestDatabase) -> PostgresStore {
    PostgresStore::open(&database.address(), Role::Server).unwrap()
}

impl Deref for Held {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        self.store.as_ref().unwrap()
    }
}

impl Engine for Held {
    fn store(&self) -> &dyn Store {
        &**self
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(server(&self.database));
    }

    fn contents(&self) -> Contents {
        contents(self, &self.database)
    }
}

/// Everything the tables hold.
pub(crate) fn contents(store: &PostgresStore, database: &TestDatabase) -> Contents {
    Contents {
        customers: rows(database, "SELECT * FROM customers ORDER BY number", customer),
        access: block_on(store.load_access()).unwrap(),
        installation_keys: rows(database, "SELECT * FROM installation_keys ORDER BY name", |row| {
            InstallationKey {
                name: row.get("name"),
                wrapped: WrappedKey {
                    master_key_version: small(row, "master_key_version"),
                    bytes: row.get("wrapped"),
                },
            }
        }),
        audit_events: rows(database, "SELECT * FROM audit_events ORDER BY number", audit_event),
    }
}

fn rows<T>(database: &TestDatabase, sql: &str, decode: impl Fn(&Row) -> T) -> Vec<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = database.superuser_address().config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.query(sql, &[]).await.unwrap().iter().map(decode).collect()
    })
}

fn small(row: &Row, column: &str) -> u32 {
    u32::try_from(row.get::<_, i64>(column)).unwrap()
}

fn index(row: &Row, column: &str) -> Option<[u8; 16]> {
    row.get::<_, Option<&[u8]>>(column).map(|bytes| bytes.try_into().unwrap())
}

fn trace_id(row: &Row) -> TraceId {
    TraceId(uuid::Uuid::from_bytes(index(row, "trace_id").unwrap()))
}

fn customer(row: &Row) -> CreateCustomer {
    assert_eq!(row.get::<_, &str>("status"), "submitted");
    CreateCustomer {
        platform: PlatformNumber(small(row, "platform")),
        number: CustomerNumber(small(row, "number")),
        request: index(row, "request_index").map(BlindIndex),
        email: BlindIndex(index(row, "email_index").unwrap()),
        digests: vec![PayloadDigest {
            version: u8::try_from(row.get::<_, i16>("digest_version")).unwrap(),
            bytes: index(row, "payload_digest").unwrap(),
        }],
        sealed: SealedCustomer {
            data_key: WrappedKey {
                master_key_version: small(row, "master_key_version"),
                bytes: row.get("data_key"),
            },
            record: row.get("record"),
        },
        prefunded: row.get("prefunded"),
        key: KeyNumber(small(row, "created_by_key")),
        at: UnixMillis(row.get("created_at")),
        from: row.get::<_, Option<&str>>("created_from").map(|address| address.parse().unwrap()),
        trace_id: trace_id(row),
    }
}

fn audit_event(row: &Row) -> AuditEvent {
    assert_eq!(row.get::<_, &str>("origin"), "command-line");
    AuditEvent {
        what: row.get("what"),
        operator: row.get("operator"),
        at: UnixMillis(row.get("at")),
        trace_id: trace_id(row),
        platform: PlatformNumber(small(row, "platform")),
        subject: row.get("subject"),
        detail: row.get("detail"),
    }
}

registrar_domain::conformance_suite!(Held::new);

proptest! {
    // Each case makes a database, and every step waits for a sync.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_sequences_end_as_in_the_model(steps in steps(60)) {
        compare(&mut Held::new(), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn random_sequences_end_as_in_the_model_though_outcomes_are_lost(steps in steps(40), seed in any::<u64>()) {
        compare_through_faults(Held::new(), seed, &steps);
    }
}

#[test]
fn clients_settle_everything_though_outcomes_are_lost() {
    for seed in 0..2 {
        clients_settle_everything_through_faults(Held::new(), seed);
    }
}

#[test]
fn a_job_that_panics_keeps_nobody_from_closing_the_store() {
    let database = TestDatabase::new();
    let engine = PostgresEngine::start(&database.address(), Role::Server, STEPS).unwrap();
    let told = block_on(engine.run(Repeating::Reads, |_| async { panic!("a bug") }));
    assert!(matches!(told, Err::<(), _>(StoreFailure::OutcomeUnknown(_))), "{told:?}");
    let (sender, closed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(engine);
        sender.send(()).unwrap();
    });
    closed.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[test]
fn a_connection_begins_to_write_early_unless_the_operator_says_when() {
    let database = TestDatabase::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let setting = || {
        runtime.block_on(async {
            let session = Session::connect(&database.address()).await.unwrap();
            session.texts("SHOW backend_flush_after").await.unwrap()
        })
    };
    assert_eq!(setting(), ["2MB"]);
    let name = database.sql("SELECT current_database()");
    for set in ["512kB", "0"] {
        database.sql(&format!("ALTER DATABASE {name} SET backend_flush_after = '{set}'"));
        assert_eq!(setting(), [set]);
    }
}
