//! Customers: created, found, shown.
//!
//! Knows the rows; what becomes of a create that finds something is `decide_create_customer`. Invariant: uniqueness is
//! the database's own, in the transaction that inserts.

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
use crate::writer::in_savepoint;

const INSERT: &str = "INSERT INTO customers (number, platform, email_index, request_index, digest_version, \
    payload_digest, status, prefunded, master_key_version, data_key, record, created_at, created_by_key, \
    created_from, trace_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
    ON CONFLICT DO NOTHING";

const BY_REQUEST: &str = "SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
    prefunded, status, created_at FROM customers WHERE platform = ?1 AND request_index = ?2";

const BY_EMAIL: &str = "SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
    prefunded, status, created_at FROM customers WHERE platform = ?1 AND email_index = ?2";

const BY_NUMBER: &str = "SELECT number, digest_version, payload_digest, master_key_version, data_key, record, \
    prefunded, status, created_at FROM customers WHERE platform = ?1 AND number = ?2";

/// Inserts first: most creates are new, and then the unique indexes have said so at no further cost.
pub(crate) fn create_customer(
    connection: &Connection,
    command: &CreateCustomer,
) -> Result<CreateCustomerOutcome, ApplyError> {
    if insert(connection, command)? {
        return Ok(CreateCustomerOutcome::Created);
    }
    let facts = CreateCustomerFacts {
        by_request: match command.request {
            Some(request) => find_by_request(connection, command.platform, request)?,
            None => None,
        },
        by_email: find(connection, BY_EMAIL, params![command.platform.0, command.email.0])?,
    };
    match decide_create_customer(facts, command)? {
        Decision::Replay(stored) => Ok(CreateCustomerOutcome::Replayed(stored)),
        Decision::Reject(rejection) => Ok(CreateCustomerOutcome::Rejected(rejection)),
        Decision::Create => {
            Err(ApplyError::internal(format!("the customer number {} is taken", command.number.0)))
        }
    }
}

fn insert(connection: &Connection, command: &CreateCustomer) -> Result<bool, ApplyError> {
    let digest = command.digests.first();
    let PayloadDigest { version, bytes } =
        digest.ok_or_else(|| ApplyError::internal("a create without a payload digest"))?;
    let inserted = connection.prepare_cached(INSERT)?.execute(params![
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
    Ok(inserted == 1)
}

/// The customer created under this request_id.
pub(crate) fn find_by_request(
    connection: &Connection,
    platform: PlatformNumber,
    request: BlindIndex,
) -> Result<Option<StoredCustomer>, ApplyError> {
    find(connection, BY_REQUEST, params![platform.0, request.0])
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
