//! The SQL of customers: found, shown; storing them is `insert`'s.
//!
//! Knows rows, not what becomes of a create. Invariant: nobody is told of a row before something durable followed its
//! reading: the lock that a look-up by index takes, or an audit event, and its commit. A row that is visible need not be
//! durable: after a cancelled wait for synchronous replication a plain read, and an insert that does nothing, answer at
//! once. Locking a row writes to the log, so its commit waits until everything before it is replicated.

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, PlatformNumber};
use registrar_domain::platform::WrappedKey;
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::store::{
    BlindIndex, CustomerEvent, CustomerStatus, PayloadDigest, SealedCustomer, StoredCustomer,
};
use tokio_postgres::{Row, Statement};

use crate::audit::write_audit_event;
use crate::decode::{bytes, number};
use crate::failure::Trouble;
use crate::insert::Insert;
use crate::scope::begin_for;
use crate::session::Session;

/// Customers by one of their indexes, and the lock that keeps them from being told before they are durable.
///
/// One row suffices: the log is replicated in its order. One lock at a time also cannot deadlock. Whatever is read is older
/// than the lock, in whichever order the parts are carried out: a statement sees one moment.
pub(crate) fn look_up(index: &str) -> String {
    format!(
        "WITH found AS (SELECT given.place, stored.* \
        FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS given (platform, {index}, place) \
        CROSS JOIN LATERAL (SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
        prefunded, status, created_at FROM customers WHERE customers.platform = given.platform \
        AND customers.{index} = given.{index} LIMIT 1) AS stored), \
        barrier AS (SELECT number FROM customers WHERE number = (SELECT number FROM found LIMIT 1) FOR UPDATE) \
        SELECT found.*, EXISTS (SELECT FROM barrier) FROM found"
    )
}

/// The columns of `customers` that requests and e-mails are found by.
pub(crate) const REQUEST: &str = "request_index";
pub(crate) const EMAIL: &str = "email_index";

pub(crate) const BY_NUMBER: &str = "SELECT 1::bigint, number, digest_version, payload_digest, master_key_version, data_key, \
    record, prefunded, status, created_at FROM customers WHERE platform = $1 AND number = $2";

/// The statements that a connection uses again and again.
pub(crate) struct Statements {
    pub(crate) insert: Insert,
    by_requests: Statement,
    by_emails: Statement,
}

/// What was found under one index: a row, or a row that cannot be read.
pub(crate) type Found = Option<Result<StoredCustomer, Trouble>>;

impl Statements {
    /// Prepares them.
    pub(crate) async fn prepare(session: &Session) -> Result<Self, Trouble> {
        Ok(Self {
            insert: Insert::prepare(session).await?,
            by_requests: session.prepare(&look_up(REQUEST)).await?,
            by_emails: session.prepare(&look_up(EMAIL)).await?,
        })
    }

    /// The customers under these request_ids, in their order, durably.
    pub(crate) async fn by_requests(
        &self,
        session: &Session,
        keys: &[(PlatformNumber, BlindIndex)],
    ) -> Result<Vec<Found>, Trouble> {
        find(session, &self.by_requests, keys).await
    }

    /// The customers under these e-mails, in their order, durably.
    pub(crate) async fn by_emails(
        &self,
        session: &Session,
        keys: &[(PlatformNumber, BlindIndex)],
    ) -> Result<Vec<Found>, Trouble> {
        find(session, &self.by_emails, keys).await
    }
}

async fn find(
    session: &Session,
    statement: &Statement,
    keys: &[(PlatformNumber, BlindIndex)],
) -> Result<Vec<Found>, Trouble> {
    let mut found: Vec<Found> = Vec::new();
    found.resize_with(keys.len(), || None);
    if keys.is_empty() {
        return Ok(found);
    }
    let platforms: Vec<_> = keys.iter().map(|(platform, _)| i64::from(platform.0)).collect();
    let indexes: Vec<_> = keys.iter().map(|(_, index)| index.0.as_slice()).collect();
    for row in session.query_durably(statement, &[&platforms, &indexes]).await? {
        let place: i64 = row.try_get(0)?;
        let slot = usize::try_from(place - 1).ok().and_then(|place| found.get_mut(place));
        if let Some(slot) = slot {
            *slot = Some(decode_locked(&row)?);
        }
    }
    Ok(found)
}

/// A row of a look-up, if the lock that came with it was taken.
fn decode_locked(row: &Row) -> Result<Result<StoredCustomer, Trouble>, Trouble> {
    if row.try_get(10)? { Ok(decode(row)) } else { Err(Trouble::Gone) }
}

/// The customer created under this request_id.
pub(crate) async fn find_by_request(
    session: &Session,
    platform: PlatformNumber,
    request: BlindIndex,
) -> Result<Option<StoredCustomer>, Trouble> {
    session
        .transaction(&begin_for(platform), async {
            let statements = session.statements().await?;
            let key = (vec![i64::from(platform.0)], vec![request.0.as_slice()]);
            // The lock is released, and what it is there for is waited for, with the commit.
            let rows = session.query(&statements.by_requests, &[&key.0, &key.1]).await?;
            rows.first().map(|row| decode_locked(row)?).transpose()
        })
        .await
}

/// Shows a customer and writes down who saw it.
pub(crate) async fn show_customer(
    session: &Session,
    event: &CustomerEvent,
) -> Result<Option<StoredCustomer>, Trouble> {
    if event.reason.is_empty() {
        return Err(Trouble::internal("a customer was to be shown without a reason"));
    }
    session
        .transaction(&begin_for(event.platform), async {
            let key = (i64::from(event.platform.0), i64::from(event.customer.0));
            let rows = session.query(BY_NUMBER, &[&key.0, &key.1]).await?;
            let found = rows.first().map(decode).transpose()?;
            if found.is_some() {
                write_audit_event(session, &AuditEvent::customer_seen(event)).await?;
            }
            Ok(found)
        })
        .await
}

fn decode(row: &Row) -> Result<StoredCustomer, Trouble> {
    let version: i16 = row.try_get(2)?;
    Ok(StoredCustomer {
        number: CustomerNumber(number(row, 1)?),
        digest: PayloadDigest {
            version: u8::try_from(version)
                .map_err(|_| Trouble::internal("a digest's version is out of range"))?,
            bytes: bytes(row, 3)?,
        },
        sealed: SealedCustomer {
            data_key: WrappedKey { master_key_version: number(row, 4)?, bytes: row.try_get(5)? },
            record: row.try_get(6)?,
        },
        prefunded: row.try_get(7)?,
        status: CustomerStatus::parse(row.try_get(8)?)
            .ok_or_else(|| Trouble::internal("a customer has a status that this program does not know"))?,
        created_at: UnixMillis(row.try_get(9)?),
    })
}
