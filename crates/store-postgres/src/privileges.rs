//! What the application's role may do with each table: the list, how it is granted, how it is checked.
//!
//! Invariant: what is granted is what the statements of this crate use and no more; nothing grants DELETE or TRUNCATE, for
//! nothing deletes.

use crate::failure::Trouble;
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

const MISSING: &str = "SELECT given.place FROM unnest($2::text[], $3::text[], $4::text[]) \
    WITH ORDINALITY AS given (relation, attribute, privilege, place) \
    WHERE NOT CASE WHEN attribute IS NULL THEN has_table_privilege($1::text, relation, privilege) \
    ELSE has_column_privilege($1::text, relation, attribute, privilege) END ORDER BY given.place";

/// A privilege on a table, or on one column of it.
type Privilege = (&'static str, Option<&'static str>, &'static str);

/// The statements that give a role exactly what is needed, whatever it had; its name is quoted already.
pub(crate) fn grants(quoted_role: &str) -> impl Iterator<Item = String> {
    NEEDED.iter().flat_map(move |Needed { table, read, insert, update }| {
        let given = |privilege: String| format!("GRANT {privilege} ON {table} TO {quoted_role}");
        let revoked = format!("REVOKE ALL ON {table} FROM {quoted_role}");
        let whole = [("SELECT", *read), ("INSERT", *insert)];
        let whole = whole.into_iter().filter(|(_, is_needed)| *is_needed).map(|(name, _)| name.to_owned());
        let columns = (!update.is_empty()).then(|| format!("UPDATE ({})", update.join(", ")));
        std::iter::once(revoked).chain(whole.chain(columns).map(given)).collect::<Vec<_>>()
    })
}

/// What a role needs and lacks.
pub(crate) async fn missing(session: &Session, role: &str) -> Result<Vec<String>, Trouble> {
    without(session, role, &needed()).await
}

/// What a role has and no server should have.
pub(crate) async fn excessive(session: &Session, role: &str) -> Result<Vec<String>, Trouble> {
    let every = NEEDED.iter().flat_map(|needed| EXCESSIVE.iter().map(|name| (needed.table, None, *name)));
    let all: Vec<Privilege> =
        every.chain([("customers", None, "UPDATE"), ("audit_events", None, "UPDATE")]).collect();
    let lacking = without(session, role, &all).await?;
    Ok(all.iter().map(label).filter(|label| !lacking.contains(label)).collect())
}

fn needed() -> Vec<Privilege> {
    let mut all = Vec::new();
    for Needed { table, read, insert, update } in NEEDED {
        all.extend(read.then_some((*table, None, "SELECT")));
        all.extend(insert.then_some((*table, None, "INSERT")));
        all.extend(update.iter().map(|column| (*table, Some(*column), "UPDATE")));
    }
    all
}

/// Those of these that a role does not have.
async fn without(session: &Session, role: &str, rights: &[Privilege]) -> Result<Vec<String>, Trouble> {
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

fn label((table, column, privilege): &Privilege) -> String {
    match column {
        Some(column) => format!("{privilege} ({column}) on {table}"),
        None => format!("{privilege} on {table}"),
    }
}
