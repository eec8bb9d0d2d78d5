//! The roles of a database: who may migrate, who is the application, what each has and lacks.
//!
//! Knows neither commands nor which rights are needed. Invariant: the application's role owns nothing.

use crate::address::Address;
use crate::failure::Trouble;
use crate::migrate_command::migrate_command;
use crate::open_error::OpenError;
use crate::privileges;
use crate::session::Session;

const FACTS: &str = "SELECT role.rolname, quote_ident(role.rolname), role.rolsuper, role.rolbypassrls, \
    role.rolcreaterole, coalesce(pg_has_role(role.oid, found.relowner, 'MEMBER'), false), \
    pg_get_userbyid(found.relowner)::text, current_schema()::text, quote_ident(current_schema()), \
    quote_ident(current_database()), coalesce(has_schema_privilege(role.oid, current_schema(), 'USAGE'), false), \
    coalesce(has_schema_privilege(role.oid, current_schema(), 'CREATE'), false), \
    has_database_privilege(role.oid, current_database(), 'CONNECT') \
    FROM pg_roles AS role LEFT JOIN (pg_class AS found JOIN pg_namespace AS place ON place.oid = found.relnamespace) \
    ON place.nspname = current_schema() AND found.relname = 'schema_version' \
    WHERE role.rolname = coalesce($1, current_user::text)";

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
    /// Whether it may bring the tables to this release's schema, or make them.
    pub may_migrate: bool,
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

/// What the role needs to be given, beside what it has as anybody.
fn statements(facts: &Facts) -> Vec<String> {
    let role = &facts.quoted_role;
    let mut sql = Vec::new();
    if !facts.connects {
        sql.push(format!("GRANT CONNECT ON DATABASE {} TO {role}", facts.quoted_database));
    }
    if let Some(schema) = &facts.quoted_schema {
        if !facts.uses_schema {
            sql.push(format!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
        }
        if facts.creates_in_schema {
            sql.push(format!("REVOKE CREATE ON SCHEMA {schema} FROM {role}"));
        }
    }
    sql.extend(privileges::grants(role));
    sql
}

/// Looks at a role, or at the one that is connected; `None` if there is no such role.
async fn facts(session: &Session, role: Option<&str>) -> Result<Option<Facts>, Trouble> {
    let rows = session.query(FACTS, &[&role]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (owns_tables, owner): (bool, Option<String>) = (row.try_get(5)?, row.try_get(6)?);
    let creates_in_schema = row.try_get(11)?;
    let rights = RoleRights {
        role: row.try_get::<_, String>(0)?,
        is_superuser: row.try_get(2)?,
        bypasses_row_security: row.try_get(3)?,
        creates_roles: row.try_get(4)?,
        owns_tables,
        may_migrate: if owner.is_some() { owns_tables } else { creates_in_schema },
        owner,
        missing: Vec::new(),
        excessive: Vec::new(),
    };
    Ok(Some(Facts {
        rights,
        quoted_role: row.try_get(1)?,
        quoted_schema: row.try_get(8)?,
        quoted_database: row.try_get(9)?,
        uses_schema: row.try_get(10)?,
        creates_in_schema,
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
    let Facts { rights, .. } = own_facts(session).await?;
    if rights.may_migrate {
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
    if own.rights.role == rights.role {
        return refuse(
            "is the role that this command is connected as; run it with the address of the role that owns the tables",
        );
    }
    if rights.owns_tables {
        return refuse("owns the tables or is a member of their owner; make another role with `createuser`");
    }
    Ok(facts)
}

/// Gives the application's role exactly what is needed, whatever it had; inside a transaction that holds the lock of
/// migrations.
pub(crate) async fn grant(session: &Session, name: &str) -> Result<(), OpenError> {
    let facts = application_role(session, name).await?;
    session.batch(&statements(&facts).join(";\n")).await?;
    let facts = application_role(session, name).await?;
    let rights = with_rights(session, facts).await?;
    if rights.missing.is_empty() {
        return Ok(());
    }
    Err(OpenError::CannotGrant { role: rights.role, missing: rights.missing.join(", ") })
}

async fn with_rights(session: &Session, facts: Facts) -> Result<RoleRights, Trouble> {
    let mut rights = facts.rights;
    rights.missing = privileges::missing(session, &rights.role).await?;
    let privileged = rights.is_superuser || rights.owns_tables;
    if !privileged {
        rights.excessive = privileges::excessive(session, &rights.role).await?;
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
