//! An engine in a directory of its own, and what its tables hold, read beside it.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, KeyNumber, PlatformNumber, TraceId};
use registrar_domain::platform::WrappedKey;
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::store::{
    BlindIndex, CreateCustomer, InstallationKey, PayloadDigest, SealedCustomer, Store,
};
use registrar_domain::testing::sequences::{Engine, compare, steps};
use registrar_domain::testing::through_faults::{
    clients_settle_everything_through_faults, compare_through_faults,
};
use registrar_domain::testing::{Contents, block_on};
use rusqlite::{Connection, Row};
use tempfile::TempDir;

use crate::{Options, SqliteStore};

/// A server's options for tests that expect nothing fatal.
pub(crate) fn server() -> Options {
    Options::server(|reason| panic!("fatal: {reason}"))
}

/// A directory with a database.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("registrar.db")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        self.open_with(server())
    }

    pub(crate) fn open_with(&self, options: Options) -> SqliteStore {
        SqliteStore::open(&self.path(), options).unwrap()
    }

    /// A connection of another program, as an operator might open one.
    pub(crate) fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

/// A store and the directory it lives in.
pub(crate) struct Held {
    store: Option<SqliteStore>,
    place: Place,
}

impl Held {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        Self { store: Some(place.open()), place }
    }
}

impl Deref for Held {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }
}

impl Engine for Held {
    fn store(&self) -> &dyn Store {
        &**self
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.place.open());
    }

    fn contents(&self) -> Contents {
        contents(self, &self.place.path())
    }
}

/// Everything the tables hold.
pub(crate) fn contents(store: &SqliteStore, path: &Path) -> Contents {
    let connection = Connection::open(path).unwrap();
    Contents {
        customers: rows(&connection, "SELECT * FROM customers ORDER BY number", customer),
        access: block_on(store.load_access()).unwrap(),
        installation_keys: rows(&connection, "SELECT * FROM installation_keys ORDER BY name", |row| {
            InstallationKey {
                name: row.get_unwrap("name"),
                wrapped: WrappedKey {
                    master_key_version: row.get_unwrap("master_key_version"),
                    bytes: row.get_unwrap("wrapped"),
                },
            }
        }),
        audit_events: rows(&connection, "SELECT * FROM audit_events ORDER BY number", audit_event),
    }
}

fn rows<T>(connection: &Connection, sql: &str, decode: impl Fn(&Row<'_>) -> T) -> Vec<T> {
    let mut query = connection.prepare(sql).unwrap();
    query.query_map([], |row| Ok(decode(row))).unwrap().map(Result::unwrap).collect()
}

fn trace_id(row: &Row<'_>) -> TraceId {
    let bytes: [u8; 16] = row.get_unwrap("trace_id");
    TraceId(uuid::Uuid::from_bytes(bytes))
}

fn customer(row: &Row<'_>) -> CreateCustomer {
    assert_eq!(row.get_unwrap::<_, String>("status"), "submitted");
    CreateCustomer {
        platform: PlatformNumber(row.get_unwrap("platform")),
        number: CustomerNumber(row.get_unwrap("number")),
        request: row.get_unwrap::<_, Option<_>>("request_index").map(BlindIndex),
        email: BlindIndex(row.get_unwrap("email_index")),
        digests: vec![PayloadDigest {
            version: row.get_unwrap("digest_version"),
            bytes: row.get_unwrap("payload_digest"),
        }],
        sealed: SealedCustomer {
            data_key: WrappedKey {
                master_key_version: row.get_unwrap("master_key_version"),
                bytes: row.get_unwrap("data_key"),
            },
            record: row.get_unwrap("record"),
        },
        prefunded: row.get_unwrap("prefunded"),
        key: KeyNumber(row.get_unwrap("created_by_key")),
        at: UnixMillis(row.get_unwrap("created_at")),
        from: row.get_unwrap::<_, Option<String>>("created_from").map(|address| address.parse().unwrap()),
        trace_id: trace_id(row),
    }
}

fn audit_event(row: &Row<'_>) -> AuditEvent {
    assert_eq!(row.get_unwrap::<_, String>("origin"), "command-line");
    AuditEvent {
        what: row.get_unwrap("what"),
        operator: row.get_unwrap("operator"),
        at: UnixMillis(row.get_unwrap("at")),
        trace_id: trace_id(row),
        platform: PlatformNumber(row.get_unwrap("platform")),
        subject: row.get_unwrap("subject"),
        detail: row.get_unwrap("detail"),
    }
}

registrar_domain::conformance_suite!(Held::new);

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_sequences_end_as_in_the_model(steps in steps(60)) {
        compare(&mut Held::new(), &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

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
