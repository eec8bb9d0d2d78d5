//! The rights of database roles: what the application's role needs, has, lacks, and how it gets it.
//!
//! Knows no command. Invariant: what is granted is what the statements of this crate use and no more; nothing grants DELETE
//! or TRUNCATE, for nothing deletes.

use crate::address::Address;
use crate::failure::Trouble;
use crate::migrate_command::migrate_command;
use crate::open_error::OpenError;
use crate::session::Session;

/// What is needed on one table.
struct Needed {
    table: &'static str,
    read: bool,
    insert: bool,
    update: &'static [&'static str],
}

/// Locking a row needs UPDATE on one column; this is the one that no answer and no rule rests on, and the policy
/// `customers_locked` refuses to change even that.
const LOCKED: &[&str] = &["created_from"];

const NEEDED: &[Needed] = &[
    Needed { table: "schema_version", read: true, insert: false, update: &[] },
    Needed {
        table: "platforms",
        read: true,
        insert: true,
        update: &["name", "sandbox", "suspended", "customers_enabled", "policy"],
    },
    Needed { table: "api_keys", read: true, insert: true, update: &["revoked_at", "last_used_at"] },
    Needed { table: "customers", read: true, insert: true, update: LOCKED },
    Needed { table: "installation_keys", read: true, insert: true, update: &[] },
    Needed { table: "settings", read: true, insert: false, update: &["value"] },
    // Servers write audit events; reading them is for the owner.
    Needed { table: "audit_events", read: false, insert: true, update: &[] },
];

/// What no role but the owner should be able to do.
const EXCESSIVE: &[&str] = &["DELETE", "TRUNCATE", "TRIGGER"];

const FACTS: &str = "SELECT role.rolname, quote_ident(role.rolname), role.rolsuper, role.rolbypassrls, \
    role.rolcreaterole, coalesce(pg_has_role(role.oid, found.relowner, 'MEMBER'), false), \
    pg_get_userbyid(found.relowner)::text, current_schema()::text, quote_ident(current_schema()), \
    quote_ident(current_database()), coalesce(has_schema_privilege(role.oid, current_schema(), 'USAGE'), false), \
    coalesce(has_schema_privilege(role.oid, current_schema(), 'CREATE'), false), \
    has_database_privilege(role.oid, current_database(), 'CONNECT') \
    FROM pg_roles AS role LEFT JOIN (pg_class AS found JOIN pg_namespace AS place ON place.oid = found.relnamespace) \
    ON place.nspname = current_schema() AND found.relname = 'schema_version' \
    WHERE role.rolname = coalesce($1, current_user::text)";

const MISSING: &str = "SELECT given.place FROM unnest($2::text[], $3::text[], $4::text[]) \
    WITH ORDINALITY AS given (relation, attribute, privilege, place) \
    WHERE NOT CASE WHEN attribute IS NULL THEN has_table_privilege($1::text, relation, privilege) \
    ELSE has_column_privilege($1::text, relation, attribute, privilege) END ORDER BY given.place";

/// A role of the database and what it may do there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one attribute of a role in PostgreSQL")]
pub struct RoleRights {
    /// Its name.
    pub role: String,
    /// Whether it is a superuser, whom nothing is refused.
    pub is_superuser: bool,
    /// Whether row-level security does not hold for it.
    pub bypasses_row_security: bool,
    /// Whether it may make roles, and with them rights for itself.
    pub creates_roles: bool,
    /// Whether it owns the tables, or is a member of the role that does.
    pub owns_tables: bool,
    /// The role that owns the tables, if there are any.
    pub owner: Option<String>,
    /// What it needs and lacks, such as `INSERT on customers`; empty while the schema is not this release's.
    pub missing: Vec<String>,
    /// What it may do and should not, such as `DELETE on customers`; empty for an owner.
    pub excessive: Vec<String>,
}

/// A role's attributes, and names quoted for statements.
struct Facts {
    rights: RoleRights,
    quoted_role: String,
    quoted_schema: Option<String>,
    quoted_database: String,
    uses_schema: bool,
    creates_in_schema: bool,
    connects: bool,
}

/// Looks at a role, or at the one that is connected; `None` if there is no such role.
async fn facts(session: &Session, role: Option<&str>) -> Result<Option<Facts>, Trouble> {
    let rows = session.query(FACTS, &[&role]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let rights = RoleRights {
        role: row.try_get::<_, String>(0)?,
        is_superuser: row.try_get(2)?,
        bypasses_row_security: row.try_get(3)?,
        creates_roles: row.try_get(4)?,
        owns_tables: row.try_get(5)?,
        owner: row.try_get(6)?,
        missing: Vec::new(),
        excessive: Vec::new(),
    };
    Ok(Some(Facts {
        rights,
        quoted_role: row.try_get(1)?,
        quoted_schema: row.try_get(8)?,
        quoted_database: row.try_get(9)?,
        uses_schema: row.try_get(10)?,
        creates_in_schema: row.try_get(11)?,
        connects: row.try_get(12)?,
    }))
}

async fn own_facts(session: &Session) -> Result<Facts, Trouble> {
    facts(session, None).await?.ok_or_else(|| Trouble::internal("the connected role is not listed"))
}

/// The rights of the connected role; what is missing or excessive only where the tables are those of this release.
pub(crate) async fn own_rights(session: &Session, is_current: bool) -> Result<RoleRights, Trouble> {
    let facts = own_facts(session).await?;
    if is_current { with_rights(session, facts).await } else { Ok(facts.rights) }
}

/// Refuses a role that may not bring the tables to another schema.
pub(crate) async fn check_may_migrate(
    session: &Session,
    address: &Address,
    (found, known): (u32, u32),
) -> Result<(), OpenError> {
    let Facts { rights, creates_in_schema, .. } = own_facts(session).await?;
    if if found == 0 { creates_in_schema } else { rights.owns_tables } {
        return Ok(());
    }
    let command = migrate_command(address, rights.owner.as_deref(), &rights.role);
    Err(OpenError::MayNotMigrate { role: rights.role, found, known, command })
}

/// Refuses a role that lacks a right; the tables are those of this release.
pub(crate) async fn check_rights(session: &Session, address: &Address) -> Result<(), OpenError> {
    let rights = own_rights(session, true).await?;
    if rights.missing.is_empty() {
        return Ok(());
    }
    Err(missing_rights(address, rights))
}

/// The refusal of a role that may not even read which schema there is.
pub(crate) async fn cannot_read(session: &Session, address: &Address) -> OpenError {
    match own_rights(session, false).await {
        Ok(mut rights) => {
            rights.missing.push("SELECT on schema_version".to_owned());
            missing_rights(address, rights)
        }
        Err(trouble) => trouble.into(),
    }
}

fn missing_rights(address: &Address, rights: RoleRights) -> OpenError {
    let command = migrate_command(address, rights.owner.as_deref(), &rights.role);
    OpenError::MissingRights { role: rights.role, missing: rights.missing.join(", "), command }
}

/// The role of that name, if it can be the application's.
pub(crate) async fn check_application_role(session: &Session, name: &str) -> Result<(), OpenError> {
    application_role(session, name).await.map(drop)
}

async fn application_role(session: &Session, name: &str) -> Result<Facts, OpenError> {
    let refuse = |why: &'static str| Err(OpenError::ApplicationRole { role: name.to_owned(), why });
    let Some(facts) = facts(session, Some(name)).await? else {
        return refuse("does not exist; make it with `createuser`");
    };
    let rights = &facts.rights;
    let own = own_facts(session).await?;
    if rights.is_superuser {
        return refuse("is a superuser; make one that is not, with `createuser`");
    }
    if rights.bypasses_row_security || rights.creates_roles {
        return refuse("has BYPASSRLS or CREATEROLE; take that away with ALTER ROLE, or make another role");
    }
    if rights.owns_tables || own.rights.role == rights.role {
        return refuse("owns the tables or is a member of their owner; make another role with `createuser`");
    }
    Ok(facts)
}

/// Gives the application's role exactly what is needed, whatever it had; inside a transaction that holds the lock of
/// migrations.
pub(crate) async fn grant(session: &Session, name: &str) -> Result<(), OpenError> {
    let facts = application_role(session, name).await?;
    session.batch(&statements(&facts)).await?;
    let facts = application_role(session, name).await?;
    let rights = with_rights(session, facts).await?;
    if rights.missing.is_empty() {
        return Ok(());
    }
    Err(OpenError::CannotGrant { role: rights.role, missing: rights.missing.join(", ") })
}

fn statements(facts: &Facts) -> String {
    let role = &facts.quoted_role;
    let mut sql = String::new();
    if !facts.connects {
        sql += &format!("GRANT CONNECT ON DATABASE {} TO {role};\n", facts.quoted_database);
    }
    if let (false, Some(schema)) = (facts.uses_schema, &facts.quoted_schema) {
        sql += &format!("GRANT USAGE ON SCHEMA {schema} TO {role};\n");
    }
    if let (true, Some(schema)) = (facts.creates_in_schema, &facts.quoted_schema) {
        sql += &format!("REVOKE CREATE ON SCHEMA {schema} FROM {role};\n");
    }
    for Needed { table, read, insert, update } in NEEDED {
        sql += &format!("REVOKE ALL ON {table} FROM {role};\n");
        let rights = [("SELECT", *read), ("INSERT", *insert)];
        for (right, _) in rights.iter().filter(|(_, is_needed)| *is_needed) {
            sql += &format!("GRANT {right} ON {table} TO {role};\n");
        }
        if !update.is_empty() {
            sql += &format!("GRANT UPDATE ({}) ON {table} TO {role};\n", update.join(", "));
        }
    }
    sql
}

/// Every right that is needed: table, column where it is about one, privilege.
fn needed() -> Vec<(&'static str, Option<&'static str>, &'static str)> {
    let mut all = Vec::new();
    for Needed { table, read, insert, update } in NEEDED {
        all.extend(read.then_some((*table, None, "SELECT")));
        all.extend(insert.then_some((*table, None, "INSERT")));
        all.extend(update.iter().map(|column| (*table, Some(*column), "UPDATE")));
    }
    all
}

/// What no server should have: table and privilege.
fn excessive() -> Vec<(&'static str, Option<&'static str>, &'static str)> {
    let every = NEEDED.iter().flat_map(|needed| EXCESSIVE.iter().map(|right| (needed.table, None, *right)));
    every.chain([("customers", None, "UPDATE"), ("audit_events", None, "UPDATE")]).collect()
}

async fn with_rights(session: &Session, facts: Facts) -> Result<RoleRights, Trouble> {
    let mut rights = facts.rights;
    rights.missing = without(session, &rights.role, &needed()).await?;
    let privileged = rights.is_superuser || rights.owns_tables;
    if !privileged {
        let all = excessive();
        let lacking = without(session, &rights.role, &all).await?;
        rights.excessive = all.iter().map(label).filter(|label| !lacking.contains(label)).collect();
        if facts.creates_in_schema {
            rights.excessive.push("CREATE on the schema".to_owned());
        }
    }
    for (has, what) in
        [(facts.uses_schema, "USAGE on the schema"), (facts.connects, "CONNECT on the database")]
    {
        if !has {
            rights.missing.push(what.to_owned());
        }
    }
    Ok(rights)
}

/// Those of these rights that a role does not have.
async fn without(
    session: &Session,
    role: &str,
    rights: &[(&'static str, Option<&'static str>, &'static str)],
) -> Result<Vec<String>, Trouble> {
    let tables: Vec<_> = rights.iter().map(|(table, ..)| *table).collect();
    let columns: Vec<_> = rights.iter().map(|(_, column, _)| *column).collect();
    let privileges: Vec<_> = rights.iter().map(|(.., privilege)| *privilege).collect();
    let rows = session.query(MISSING, &[&role, &tables, &columns, &privileges]).await?;
    let mut labels = Vec::new();
    for row in &rows {
        let place: i64 = row.try_get(0)?;
        let right = usize::try_from(place - 1).ok().and_then(|place| rights.get(place));
        labels.extend(right.map(label));
    }
    Ok(labels)
}

fn label((table, column, privilege): &(&'static str, Option<&'static str>, &'static str)) -> String {
    match column {
        Some(column) => format!("{privilege} ({column}) on {table}"),
        None => format!("{privilege} on {table}"),
    }
}
