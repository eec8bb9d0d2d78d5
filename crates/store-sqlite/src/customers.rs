//! Customers: created, found, shown.
//!
//! Knows the rows; what becomes of a create that finds something is `decide_create_customer`. Invariant: uniqueness is
//! decided by stored rows, in the transaction that inserts; only the server's one writer inserts.

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, PlatformNumber};
use registrar_domain::platform::WrappedKey;
use registrar_domain::rules::audit::AuditEvent;
use registrar_domain::rules::create_customer::{CreateCustomerFacts, Decision, decide_create_customer};
use registrar_domain::store::{
    BlindIndex, CreateCustomer, CreateCustomerOutcome, CustomerEvent, CustomerStatus, PayloadDigest,
    SealedCustomer, StoredCustomer,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use crate::audit::write_audit_event;
use crate::failure::ApplyError;
use crate::writer::{Session, in_savepoint};

const INSERT: &str = "INSERT INTO customers (number, platform, email_index, request_index, digest_version, \
    payload_digest, status, prefunded, master_key_version, data_key, record, created_at, created_by_key, \
    created_from, trace_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

const BY_REQUEST: &str = "SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
    prefunded, status, created_at FROM customers WHERE number = ?1 AND platform = ?2 AND request_index = ?3";

const BY_EMAIL: &str = "SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
    prefunded, status, created_at FROM customers WHERE number = ?1 AND platform = ?2 AND email_index = ?3";

const BY_NUMBER: &str = "SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
    prefunded, status, created_at FROM customers WHERE platform = ?1 AND number = ?2";

/// Loads the facts, decides, inserts. For most creates there are no facts, which the fingerprints tell at once.
pub(crate) fn create_customer(
    session: &mut Session,
    command: &CreateCustomer,
) -> Result<CreateCustomerOutcome, ApplyError> {
    let digest = command.digests.first().ok_or_else(no_digest)?;
    let by_request = match command.request {
        Some(request) => find_by_request(session, command.platform, request)?,
        None => None,
    };
    let by_email = find_by_index(session, BY_EMAIL, command.platform, command.email)?;
    match decide_create_customer(CreateCustomerFacts { by_request, by_email }, command) {
        Decision::Replay(stored) => Ok(CreateCustomerOutcome::Replayed(stored)),
        Decision::Reject(rejection) => Ok(CreateCustomerOutcome::Rejected(rejection)),
        Decision::Create => {
            insert(&session.connection, command, digest)?;
            let fingerprints = session.fingerprints()?;
            fingerprints.add(command.email, command.number);
            command.request.into_iter().for_each(|request| fingerprints.add(request, command.number));
            Ok(CreateCustomerOutcome::Created)
        }
    }
}

fn insert(
    connection: &Connection,
    command: &CreateCustomer,
    PayloadDigest { version, bytes }: &PayloadDigest,
) -> Result<(), ApplyError> {
    connection.prepare_cached(INSERT)?.execute(params![
        command.number.0,
        command.platform.0,
        command.email.0,
        command.request.map(|request| request.0),
        version,
        bytes,
        CustomerStatus::Submitted.code(),
        command.prefunded,
        command.sealed.data_key.master_key_version,
        command.sealed.data_key.bytes,
        command.sealed.record,
        command.at.0,
        command.key.0,
        command.from.map(|address| address.to_string()),
        command.trace_id.0.as_bytes(),
    ])?;
    Ok(())
}

/// Nothing could be compared with such a row.
fn no_digest() -> ApplyError {
    ApplyError::internal("a create without a payload digest")
}

/// The customer created under this request_id.
pub(crate) fn find_by_request(
    session: &mut Session,
    platform: PlatformNumber,
    request: BlindIndex,
) -> Result<Option<StoredCustomer>, ApplyError> {
    find_by_index(session, BY_REQUEST, platform, request)
}

fn find_by_index(
    session: &mut Session,
    sql: &str,
    platform: PlatformNumber,
    index: BlindIndex,
) -> Result<Option<StoredCustomer>, ApplyError> {
    for number in session.fingerprints()?.candidates(index) {
        if let Some(found) = find(&session.connection, sql, params![number.0, platform.0, index.0])? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Shows a customer and writes down who saw it.
pub(crate) fn show_customer(
    connection: &Connection,
    event: &CustomerEvent,
) -> Result<Option<StoredCustomer>, ApplyError> {
    if event.reason.is_empty() {
        return Err(ApplyError::internal("a customer was to be shown without a reason"));
    }
    in_savepoint(connection, || {
        let found = find(connection, BY_NUMBER, params![event.platform.0, event.customer.0])?;
        if found.is_some() {
            write_audit_event(connection, &AuditEvent::customer_seen(event))?;
        }
        Ok(found)
    })
}

/// The number after the highest one stored.
pub(crate) fn next_number(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT coalesce(max(number) + 1, 0) FROM customers", [], |row| row.get(0))
}

fn find(connection: &Connection, sql: &str, by: impl Params) -> Result<Option<StoredCustomer>, ApplyError> {
    Ok(connection.prepare_cached(sql)?.query_row(by, decode).optional()?)
}

fn decode(row: &Row<'_>) -> rusqlite::Result<StoredCustomer> {
    let status: String = row.get(7)?;
    Ok(StoredCustomer {
        number: CustomerNumber(row.get(0)?),
        digest: PayloadDigest { version: row.get(1)?, bytes: row.get(2)? },
        sealed: SealedCustomer {
            data_key: WrappedKey { master_key_version: row.get(3)?, bytes: row.get(4)? },
            record: row.get(5)?,
        },
        prefunded: row.get(6)?,
        status: CustomerStatus::parse(&status)
            .ok_or_else(|| rusqlite::Error::InvalidColumnType(7, "status".to_owned(), Type::Text))?,
        created_at: UnixMillis(row.get(8)?),
    })
}
