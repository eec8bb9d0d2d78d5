//! The statement that stores a batch of customers, and the keys that a connection has seen.
//!
//! Two forms store the same. The quick one looks for a row in the way under the e-mail alone, where nearly all that meet
//! one meet it, and fails as a whole where only another index is in the way. The careful one looks under every index.
//! Invariant: a customer is stored only by a key of its platform: keys are never deleted, so one look a connection suffices.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use registrar_domain::ids::{KeyNumber, PlatformNumber};
use registrar_domain::store::{CreateCustomer, CustomerStatus};
use tokio_postgres::Statement;

use crate::decode::number;
use crate::failure::Trouble;
use crate::session::Session;

/// `unnest` in the select list yields row after row; in `FROM` all rows would first be stored aside.
const INSERT: &str = "INSERT INTO customers (number, platform, email_index, request_index, digest_version, \
    payload_digest, status, prefunded, master_key_version, data_key, record, created_at, created_by_key, \
    created_from, trace_id) \
    SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bytea[]), unnest($4::bytea[]), \
    unnest($5::smallint[]), unnest($6::bytea[]), $7, unnest($8::boolean[]), unnest($9::bigint[]), \
    unnest($10::bytea[]), unnest($11::bytea[]), unnest($12::bigint[]), unnest($13::bigint[]), unnest($14::text[]), \
    unnest($15::bytea[])";

const SEEN: &str = "SELECT platform, number FROM unnest($1::bigint[], $2::bigint[]) AS given (platform, number) \
    WHERE EXISTS (SELECT FROM api_keys WHERE api_keys.platform = given.platform AND api_keys.number = given.number)";

/// A key that signed, and the platform it signed for.
pub(crate) type Signer = (PlatformNumber, KeyNumber);

/// Where a create is looked for before it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Under the e-mail; a row under another index fails the statement with `is_taken`.
    Quick,
    /// Under every index.
    Careful,
}

/// The prepared statements.
pub(crate) struct Insert {
    quick: Statement,
    careful: Statement,
    look: Statement,
    /// The keys that were found; as many as there are keys at most.
    seen: Mutex<HashSet<Signer>>,
}

impl Insert {
    /// Prepares them.
    pub(crate) async fn prepare(session: &Session) -> Result<Self, Trouble> {
        let form = |target: &str| format!("{INSERT} ON CONFLICT {target}DO NOTHING RETURNING number");
        Ok(Self {
            quick: session.prepare(&form("(platform, email_index) ")).await?,
            careful: session.prepare(&form("")).await?,
            look: session.prepare(SEEN).await?,
            seen: Mutex::default(),
        })
    }

    /// Looks up the keys that this connection has not seen; one that is not there is not `has_seen` afterwards.
    pub(crate) async fn look(&self, session: &Session, commands: &[&CreateCustomer]) -> Result<(), Trouble> {
        let unseen: HashSet<Signer> = {
            let seen = self.seen();
            commands.iter().map(|command| signer(command)).filter(|signer| !seen.contains(signer)).collect()
        };
        if unseen.is_empty() {
            return Ok(());
        }
        let platforms: Vec<_> = unseen.iter().map(|(platform, _)| i64::from(platform.0)).collect();
        let keys: Vec<_> = unseen.iter().map(|(_, key)| i64::from(key.0)).collect();
        let rows = session.query(&self.look, &[&platforms, &keys]).await?;
        let found: Result<Vec<Signer>, Trouble> = rows
            .iter()
            .map(|row| Ok((PlatformNumber(number(row, 0)?), KeyNumber(number(row, 1)?))))
            .collect();
        self.seen().extend(found?);
        Ok(())
    }

    /// Whether the key of this create was found to be one of its platform's.
    pub(crate) fn has_seen(&self, command: &CreateCustomer) -> bool {
        self.seen().contains(&signer(command))
    }

    /// Stores those that meet no row, durably; the numbers of these.
    pub(crate) async fn run(
        &self,
        session: &Session,
        form: Form,
        commands: &[&CreateCustomer],
    ) -> Result<HashSet<u32>, Trouble> {
        if commands.is_empty() {
            return Ok(HashSet::new());
        }
        let statement = match form {
            Form::Quick => &self.quick,
            Form::Careful => &self.careful,
        };
        let each = commands.iter();
        let digest = |command: &&CreateCustomer| command.digests.first().copied();
        let numbers: Vec<_> = each.clone().map(|command| i64::from(command.number.0)).collect();
        let platforms: Vec<_> = each.clone().map(|command| i64::from(command.platform.0)).collect();
        let emails: Vec<_> = each.clone().map(|command| command.email.0.as_slice()).collect();
        let requests: Vec<_> = each
            .clone()
            .map(|command| command.request.as_ref().map(|request| request.0.as_slice()))
            .collect();
        let versions: Vec<_> =
            each.clone().map(|command| digest(command).map(|digest| i16::from(digest.version))).collect();
        let digests: Vec<_> = each
            .clone()
            .map(|command| command.digests.first().map(|digest| digest.bytes.as_slice()))
            .collect();
        let prefunded: Vec<_> = each.clone().map(|command| command.prefunded).collect();
        let key_versions: Vec<_> =
            each.clone().map(|command| i64::from(command.sealed.data_key.master_key_version)).collect();
        let data_keys: Vec<_> =
            each.clone().map(|command| command.sealed.data_key.bytes.as_slice()).collect();
        let records: Vec<_> = each.clone().map(|command| command.sealed.record.as_slice()).collect();
        let times: Vec<_> = each.clone().map(|command| command.at.0).collect();
        let keys: Vec<_> = each.clone().map(|command| i64::from(command.key.0)).collect();
        let origins: Vec<_> =
            each.clone().map(|command| command.from.map(|address| address.to_string())).collect();
        let traces: Vec<_> = each.map(|command| command.trace_id.0.as_bytes().as_slice()).collect();
        let rows = session
            .query_durably(
                statement,
                &[
                    &numbers,
                    &platforms,
                    &emails,
                    &requests,
                    &versions,
                    &digests,
                    &CustomerStatus::Submitted.code(),
                    &prefunded,
                    &key_versions,
                    &data_keys,
                    &records,
                    &times,
                    &keys,
                    &origins,
                    &traces,
                ],
            )
            .await?;
        rows.iter().map(|row| number(row, 0)).collect()
    }

    fn seen(&self) -> MutexGuard<'_, HashSet<Signer>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signer(command: &CreateCustomer) -> Signer {
    (command.platform, command.key)
}
