//! The application's role: all that the engine does, nothing more; row-level security; who may migrate and who is refused.

use std::sync::Barrier;

use proptest::prelude::*;
use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::PlatformNumber;
use registrar_domain::store::{CreateCustomerOutcome, Store};
use registrar_domain::testing::sequences::{compare, steps};
use registrar_domain::testing::{TestClock, block_on, scene};

use super::beside::Beside;
use super::engine::{Held, application_database, server};
use super::expand::{OLDER, later};
use crate::customers::{BY_NUMBER, EMAIL, REQUEST, look_up};
use crate::migrations::STEPS;
use crate::scope::begin_for;
use crate::testing::TestDatabase;
use crate::{OpenError, PostgresStore, Role, inspect, migrate, migrate_for};

mod conformance {
    use super::Held;
    registrar_domain::conformance_suite!(Held::for_application);
}

proptest! {
    // Each case makes a database, and every step waits for a sync.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_sequences_end_as_in_the_model_for_a_role_that_owns_nothing(steps in steps(60)) {
        compare(&mut Held::for_application(), &steps);
    }
}

/// Two platforms with a customer each.
fn with_two_customers() -> (Held, [PlatformNumber; 2]) {
    let held = Held::for_application();
    let platforms = ["one", "two"].map(|name| {
        let scene = scene(&*held, name);
        let command = scene.customer(&*held).build();
        assert_eq!(block_on(held.create_customer(command)), Ok(CreateCustomerOutcome::Created));
        scene.platform
    });
    (held, platforms)
}

const TABLES: [&str; 7] =
    ["api_keys", "audit_events", "customers", "installation_keys", "platforms", "schema_version", "settings"];

#[test]
fn the_applications_role_can_change_and_read_nothing_that_servers_do_not() {
    let (held, _) = with_two_customers();
    let mut beside = Beside::new(&held.database.address());
    beside.run("SET registrar.platform = 'every'").unwrap();
    let each = TABLES.iter().flat_map(|table| {
        [("DELETE FROM", ""), ("TRUNCATE", ""), ("DROP TABLE", ""), ("ALTER TABLE", "RENAME TO mine")]
            .map(|(verb, rest)| format!("{verb} {table} {rest}"))
    });
    let others = [
        "UPDATE customers SET record = 'x'",
        "UPDATE customers SET payload_digest = 'x'",
        "UPDATE customers SET email_index = 'x'",
        "UPDATE customers SET platform = 1",
        // The one column that it may lock rows by.
        "UPDATE customers SET created_from = 'elsewhere'",
        "UPDATE api_keys SET secret = 'x'",
        "UPDATE api_keys SET permissions = ''",
        "UPDATE installation_keys SET wrapped = 'x'",
        "UPDATE schema_version SET version = 9",
        "UPDATE audit_events SET operator = 'nobody'",
        "SELECT operator FROM audit_events",
        "INSERT INTO settings (name, value) VALUES ('x', 1)",
        "UPDATE settings SET name = 'x'",
        "INSERT INTO schema_version (version, name) VALUES (9, 'x')",
        "CREATE TABLE mine (number bigint)",
        "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX ON customers (created_at)",
        "ALTER TABLE customers DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON customers USING (true)",
        "DROP POLICY customers_seen ON customers",
        "CREATE TRIGGER mine BEFORE INSERT ON customers EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET ROLE registrar_owner",
        "SET SESSION AUTHORIZATION registrar_owner",
        "SET session_replication_role = replica",
        "SET row_security = off; SELECT number FROM customers",
    ];
    for sql in each.chain(others.map(str::to_owned)) {
        assert_eq!(beside.run(&sql), Err("42501".to_owned()), "{sql}");
    }
    assert_eq!(held.database.sql("SELECT count(*), count(created_from) FROM customers"), "2|0");
}

#[test]
fn a_query_that_forgets_its_platform_sees_no_other_ones_customers() {
    let (held, platforms) = with_two_customers();
    let unscoped = "SELECT platform FROM customers ORDER BY platform";
    let mut beside = Beside::new(&held.database.address());
    assert_eq!(beside.run(unscoped).unwrap(), Vec::<String>::new());
    for platform in platforms {
        beside.run(&begin_for(platform)).unwrap();
        assert_eq!(beside.run(unscoped).unwrap(), [platform.0.to_string()]);
        let locked = beside.run(&format!("{unscoped} FOR UPDATE")).unwrap();
        assert_eq!(locked, [platform.0.to_string()]);
        beside.run("COMMIT").unwrap();
        assert_eq!(beside.run(unscoped).unwrap(), Vec::<String>::new());
    }
    beside.run(&begin_for(platforms[0])).unwrap();
    let foreign = "INSERT INTO customers (number, platform, status, prefunded, created_at, created_by_key, trace_id) \
        VALUES (9, 2, 'submitted', false, 0, 2, '')";
    assert_eq!(beside.run(foreign), Err("42501".to_owned()));
    beside.run("ROLLBACK").unwrap();
    // A copy by the owner has every row.
    assert_eq!(Beside::new(&held.database.owner_address()).run(unscoped).unwrap(), ["1", "2"]);
}

#[test]
fn the_policies_leave_every_look_up_its_index() {
    let (held, _) = with_two_customers();
    held.database.sql(
        "INSERT INTO customers (number, platform, email_index, request_index, status, prefunded, created_at, \
         created_by_key, trace_id) SELECT 10000 + n, 1 + n % 2, sha256(n::text::bytea), sha256(n::text::bytea), \
         'submitted', false, n, 1 + n % 2, '' FROM generate_series(1, 20000) AS n; ANALYZE customers",
    );
    let mut beside = Beside::new(&held.database.address());
    beside.run("SET registrar.platform = 'every'").unwrap();
    let arrays = "'{1}', '{x}'";
    for (sql, parameters, expected) in [
        (&look_up(REQUEST), arrays, "(platform = given.platform) AND (request_index = given.request_index)"),
        (&look_up(EMAIL), arrays, "(platform = given.platform) AND (email_index = given.email_index)"),
        (&BY_NUMBER.to_owned(), "1, 1", "number = '1'::bigint"),
    ] {
        beside.run(&format!("PREPARE look_up AS {sql}")).unwrap();
        let plan = beside.run(&format!("EXPLAIN EXECUTE look_up ({parameters})")).unwrap().join("\n");
        assert!(plan.contains(&format!("Index Cond: ({expected})")), "{plan}");
        if parameters == arrays {
            let barrier = plan.split("LockRows").nth(1).unwrap();
            assert!(
                barrier.contains("customers_pkey") && barrier.contains("Index Cond: (number = "),
                "{plan}"
            );
        }
        beside.run("DEALLOCATE look_up").unwrap();
    }
}

#[test]
fn a_server_that_may_not_migrate_says_who_can_and_how() {
    let database = TestDatabase::new().with_roles();
    let name = database.application_role();
    let open = |role| PostgresStore::open(&database.address(), role).err().unwrap();
    let refused = open(Role::Server);
    let OpenError::MayNotMigrate { found: 0, known: 3, command, .. } = &refused else { panic!("{refused}") };
    assert!(command.starts_with("registrar migrate --database 'postgres:///"), "{command}");
    assert!(
        command.contains("user=OWNER") && command.ends_with("--application-role registrar_app"),
        "{command}"
    );

    drop(PostgresStore::open_with(&database.owner_address(), Role::Server, OLDER).unwrap());
    for refused in [open(Role::Server), open(Role::Operator)] {
        assert!(
            matches!(&refused, OpenError::MissingRights { missing, .. } if missing == "SELECT on schema_version")
        );
        assert!(refused.to_string().contains("user=registrar_owner"), "{refused}");
    }
    database.sql("GRANT SELECT ON schema_version TO registrar_app");
    let refused = open(Role::Server);
    assert!(matches!(refused, OpenError::MayNotMigrate { found: 1, known: 3, .. }), "{refused}");
    let refused = migrate_for(&database.address(), None).unwrap_err();
    assert!(matches!(refused, OpenError::MayNotMigrate { .. }), "{refused}");

    assert_eq!(migrate(&database.owner_address()).unwrap(), later());
    let refused = open(Role::Server);
    assert!(matches!(&refused, OpenError::MissingRights { .. }), "{refused}");
    assert!(refused.to_string().contains("INSERT on customers"), "{refused}");
    assert_eq!(migrate_for(&database.owner_address(), Some(name)).unwrap(), Vec::<&str>::new());
    drop(server(&database));
}

#[test]
fn rights_are_made_exact_each_time() {
    let database = application_database();
    let (owner, name) = (database.owner_address(), database.application_role());
    let rights = || inspect(&database.address(), &TestClock::default()).unwrap().rights;
    let exact = rights();
    assert_eq!((exact.role.as_str(), exact.owner.as_deref()), (name, Some("registrar_owner")));
    assert!(
        !exact.owns_tables && !exact.is_superuser && !exact.bypasses_row_security && !exact.creates_roles
    );
    assert_eq!((exact.missing.as_slice(), exact.excessive.as_slice()), (&[][..], &[][..]));
    database.sql(
        "GRANT ALL ON customers, settings TO registrar_app; REVOKE UPDATE (policy) ON platforms FROM registrar_app; \
         REVOKE SELECT ON api_keys FROM registrar_app; GRANT CREATE ON SCHEMA public TO registrar_app",
    );
    let changed = rights();
    assert_eq!(changed.missing, ["UPDATE (policy) on platforms", "SELECT on api_keys"]);
    for expected in
        ["DELETE on customers", "TRUNCATE on settings", "UPDATE on customers", "CREATE on the schema"]
    {
        assert!(changed.excessive.iter().any(|excessive| excessive == expected), "{changed:?}");
    }
    let refused = PostgresStore::open(&database.address(), Role::Operator).err().unwrap();
    assert!(matches!(&refused, OpenError::MissingRights { .. }), "{refused}");
    for _ in 0..2 {
        assert_eq!(migrate_for(&owner, Some(name)).unwrap(), Vec::<&str>::new());
        assert_eq!(rights(), exact);
    }
}

#[test]
fn a_role_that_could_do_more_is_not_given_the_applications_rights() {
    let database = TestDatabase::new().with_roles();
    let unique = database.sql("SELECT current_database()");
    let role = |suffix: &str| format!("{unique}_{suffix}");
    for (suffix, options) in [
        ("superuser", "SUPERUSER"),
        ("bypass", "BYPASSRLS"),
        ("maker", "CREATEROLE"),
        ("member", "IN ROLE registrar_owner"),
    ] {
        database.sql(&format!("CREATE ROLE {} {options}", role(suffix)));
    }
    migrate(&database.owner_address()).unwrap();
    let given = |name: &str| migrate_for(&database.owner_address(), Some(name));
    for (name, expected) in [
        ("nobody_of_that_name".to_owned(), "does not exist"),
        (role("superuser"), "superuser"),
        (role("bypass"), "BYPASSRLS"),
        (role("maker"), "CREATEROLE"),
        (role("member"), "member of their owner"),
        ("registrar_owner".to_owned(), "connected as"),
    ] {
        let refused = given(&name).unwrap_err();
        assert!(matches!(refused, OpenError::ApplicationRole { .. }), "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    // A role that owns nothing yet is refused as itself too.
    let empty = TestDatabase::new().with_roles();
    let refused = migrate_for(&empty.owner_address(), Some("registrar_owner")).unwrap_err();
    assert!(refused.to_string().contains("connected as"), "{refused}");
    assert_eq!(empty.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");

    // Run as the application's role, which owns nothing: the cure is another address, not another role.
    let application = database.application_role();
    given(application).unwrap();
    let refused = migrate_for(&database.address(), Some(application)).unwrap_err().to_string();
    assert!(
        refused.contains("connected as") && refused.contains("address of the role that owns"),
        "{refused}"
    );
    assert!(!refused.contains("member of"), "{refused}");

    let awkward = format!("{unique} \"x'; DROP TABLE customers; --");
    let quoted = awkward.replace('"', "\"\"");
    database.sql(&format!("CREATE ROLE \"{quoted}\""));
    given(&awkward).unwrap();
    let granted = format!(
        "SELECT has_table_privilege(rolname, 'customers', 'INSERT') FROM pg_roles WHERE rolname LIKE '{unique} %'"
    );
    assert_eq!(database.sql(&granted), "t");
    database.sql(&format!("DROP OWNED BY \"{quoted}\"; DROP ROLE \"{quoted}\""));
    for suffix in ["superuser", "bypass", "maker", "member"] {
        database.sql(&format!("DROP ROLE {}", role(suffix)));
    }
}

#[test]
fn whoever_may_not_grant_is_told_so() {
    let database = application_database();
    database
        .sql("REVOKE USAGE ON SCHEMA public FROM PUBLIC; REVOKE USAGE ON SCHEMA public FROM registrar_app");
    let refused = PostgresStore::open(&database.address(), Role::Server).err().unwrap();
    assert!(refused.to_string().contains("registrar migrate"), "{refused}");
    migrate_for(&database.owner_address(), Some("registrar_app")).unwrap();
    drop(server(&database));
    database.sql(
        "REVOKE USAGE ON SCHEMA public FROM registrar_app; ALTER SCHEMA public OWNER TO registrar; \
        GRANT USAGE ON SCHEMA public TO registrar_owner",
    );
    let refused = migrate_for(&database.owner_address(), Some("registrar_app")).unwrap_err();
    assert!(
        matches!(&refused, OpenError::CannotGrant { missing, .. } if missing == "USAGE on the schema"),
        "{refused}"
    );
    let refused = migrate_for(&database.address(), Some("registrar_app")).unwrap_err();
    assert!(
        matches!(refused, OpenError::MayNotMigrate { .. } | OpenError::ApplicationRole { .. }),
        "{refused}"
    );
}

#[test]
fn migrations_run_at_once_are_applied_once_and_all_grant() {
    let database = TestDatabase::new().with_roles();
    let barrier = Barrier::new(6);
    let applied: Vec<&str> = std::thread::scope(|scope| {
        let migrating: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    migrate_for(&database.owner_address(), Some(database.application_role())).unwrap()
                })
            })
            .collect();
        migrating.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(applied.len(), STEPS.len());
    drop(server(&database));
}

#[test]
fn a_look_tells_by_how_much_two_clocks_differ_at_least() {
    let held = Held::for_application();
    let now: i64 = held.database.sql("SELECT (extract(epoch FROM now()) * 1000)::bigint").parse().unwrap();
    let ahead = |millis| {
        let clock = TestClock::at(UnixMillis(now + millis));
        inspect(&held.database.address(), &clock).unwrap().clock_ahead_millis
    };
    let patience = 20_000;
    assert!((100_000..100_000 + patience).contains(&ahead(-100_000)));
    assert!((-100_000..-100_000 + patience).contains(&ahead(100_000)));
}
