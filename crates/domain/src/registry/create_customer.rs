//! The use case behind `POST /participants/customers/new`: digest, parse, seal, index, store, answer.

use std::net::IpAddr;

use registrar_crypto::index::blind_index;
use registrar_json::Object;

use super::sealing::{read_record, unknown_record};
use super::{Caller, Registry};
use crate::access::PlatformAccess;
use crate::customer::{Customer, Terms, parse_customer, request_id_of};
use crate::fields::{RequestId, Submitted};
use crate::ids::{CustomerNumber, TraceId};
use crate::payload::Payload;
use crate::record::encode_record;
use crate::store::{
    BlindIndex, CreateCustomer, CreateCustomerOutcome, CreateCustomerRejection, PayloadDigest, StoreFailure,
    StoredCustomer,
};
use crate::violation::Violation;

/// Where a request came from, for the audit columns.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The peer's address.
    pub from: Option<IpAddr>,
    /// The request's trace id.
    pub trace_id: TraceId,
}

/// The body of a 200: the customer is durable.
#[derive(PartialEq, Eq)]
pub struct CustomerAnswer {
    /// The body, byte for byte the same for a first answer and each replay; it goes to the caller as it is.
    pub body: Vec<u8>,
    /// Whether it repeats an earlier answer.
    pub replayed: bool,
}

/// Why there is no 200.
#[derive(Debug, PartialEq, Eq)]
pub enum CreateCustomerError {
    /// Fields break rules; all violations, in the order of the table of fields.
    Invalid(Vec<Violation>),
    /// Same request_id, other payload; the fields that differ.
    RequestIdReused(Vec<&'static str>),
    /// Same payload under another request_id or none; the participant_code of the existing customer.
    PayloadAlreadySubmitted(String),
    /// Same e-mail, other payload; the participant_code of the existing customer.
    ParticipantAlreadyExists(String),
    /// The store could not do it.
    Failure(StoreFailure),
}

impl From<StoreFailure> for CreateCustomerError {
    fn from(failure: StoreFailure) -> Self {
        Self::Failure(failure)
    }
}

/// A customer about to be stored.
struct NewCustomer<'a> {
    caller: &'a Caller,
    origin: Origin,
    number: CustomerNumber,
    request: Option<BlindIndex>,
    customer: &'a Customer,
    payload: &'a Payload<'a>,
    answer: &'a str,
}

impl Registry {
    /// Creates a customer, or finds the answer that the same request got before (contract 3.4 to 3.6).
    pub async fn create_customer(
        &self,
        caller: &Caller,
        origin: Origin,
        body: &Object<'_>,
    ) -> Result<CustomerAnswer, CreateCustomerError> {
        let platform = caller.platform();
        let body = Submitted::of(body);
        let payload = Payload::of(&body, &platform.payload_keys);
        let request = request_id_of(&body).map(|id| request_index(platform, &id));
        // A repetition need not be parsed and sealed. Who is new is not expected, and waits for no look-up.
        let expected =
            request.filter(|request| self.store.expects_request(platform.platform.number, *request));
        if let Some(replayed) = self.find_replay(platform, expected, &payload).await? {
            return Ok(replayed);
        }
        let terms = Terms { policy: &platform.platform.policy, lists: self.lists, now: caller.at() };
        let customer = match parse_customer(&body, &terms) {
            Ok(customer) => customer,
            // A body that is not valid is still a replay if its request_id and payload are stored (contract 3.5).
            Err(violations) => {
                let unasked = if expected.is_none() { request } else { None };
                let replayed = self.find_replay(platform, unasked, &payload).await?;
                return replayed.ok_or(CreateCustomerError::Invalid(violations));
            }
        };
        let number = self.store.reserve_customer_number()?;
        let participant_code = self.participant_code(number)?;
        let answer = customer.write_answer(&platform.code, &participant_code);
        let new = NewCustomer {
            caller,
            origin,
            number,
            request,
            customer: &customer,
            payload: &payload,
            answer: &answer,
        };
        let outcome = match self.store_customer(&new).await {
            Ok(outcome) => outcome,
            Err(failure) => {
                if matches!(failure, StoreFailure::Busy) {
                    self.store.give_back_customer_number(number);
                }
                return Err(failure.into());
            }
        };
        match outcome {
            CreateCustomerOutcome::Created => {
                Ok(CustomerAnswer { body: answer.into_bytes(), replayed: false })
            }
            CreateCustomerOutcome::Replayed(stored) => {
                self.store.give_back_customer_number(number);
                Ok(self.replay(platform, &stored)?)
            }
            CreateCustomerOutcome::Rejected(rejection) => {
                self.store.give_back_customer_number(number);
                Err(self.explain(platform, &payload, rejection)?)
            }
        }
    }

    /// Stores a customer; where the outcome depends on a row with a digest of an older version, asks once more with that.
    async fn store_customer(&self, new: &NewCustomer<'_>) -> Result<CreateCustomerOutcome, StoreFailure> {
        let digest = new.payload.digest();
        let outcome = self.store.create_customer(self.command(new, vec![digest])?).await?;
        let CreateCustomerOutcome::Rejected(CreateCustomerRejection::DigestMissing { number, version }) =
            outcome
        else {
            return Ok(outcome);
        };
        let older = digest_under(new.payload, number, version)?;
        self.store.create_customer(self.command(new, vec![digest, older])?).await
    }

    fn command(
        &self,
        new: &NewCustomer<'_>,
        digests: Vec<PayloadDigest>,
    ) -> Result<CreateCustomer, StoreFailure> {
        let platform = new.caller.platform();
        let record = encode_record(new.payload.members(), new.answer);
        Ok(CreateCustomer {
            platform: platform.platform.number,
            number: new.number,
            request: new.request,
            email: email_index(platform, new.customer),
            digests,
            sealed: self.seal(platform.platform.number, new.number, &record)?,
            prefunded: new.customer.prefunded().get(),
            key: new.caller.key(),
            at: new.caller.at(),
            from: new.origin.from,
            trace_id: new.origin.trace_id,
        })
    }

    /// The answer that the same payload got under this request_id, if there is one.
    async fn find_replay(
        &self,
        platform: &PlatformAccess,
        request: Option<BlindIndex>,
        payload: &Payload<'_>,
    ) -> Result<Option<CustomerAnswer>, StoreFailure> {
        let Some(request) = request else { return Ok(None) };
        let found = self.store.find_customer_by_request(platform.platform.number, request).await?;
        let Some(stored) = found else { return Ok(None) };
        let is_same = digest_under(payload, stored.number, stored.digest.version)? == stored.digest;
        Ok(if is_same { Some(self.replay(platform, &stored)?) } else { None })
    }

    fn replay(
        &self,
        platform: &PlatformAccess,
        stored: &StoredCustomer,
    ) -> Result<CustomerAnswer, StoreFailure> {
        let bytes = self.unseal(platform.platform.number, stored)?;
        let record = read_record(&bytes)?;
        Ok(CustomerAnswer { body: record.answer.to_vec(), replayed: true })
    }

    fn explain(
        &self,
        platform: &PlatformAccess,
        payload: &Payload<'_>,
        rejection: CreateCustomerRejection,
    ) -> Result<CreateCustomerError, StoreFailure> {
        Ok(match rejection {
            CreateCustomerRejection::RequestIdReused(stored) => {
                let bytes = self.unseal(platform.platform.number, &stored)?;
                let differing = read_record(&bytes)?.differing_fields(payload);
                CreateCustomerError::RequestIdReused(differing.ok_or_else(unknown_record)?)
            }
            CreateCustomerRejection::PayloadAlreadySubmitted(number) => {
                CreateCustomerError::PayloadAlreadySubmitted(self.participant_code(number)?)
            }
            CreateCustomerRejection::ParticipantAlreadyExists(number) => {
                CreateCustomerError::ParticipantAlreadyExists(self.participant_code(number)?)
            }
            CreateCustomerRejection::DigestMissing { number, version } => {
                return Err(unknown_version(number, version));
            }
        })
    }

    pub(super) fn participant_code(&self, number: CustomerNumber) -> Result<String, StoreFailure> {
        self.codes
            .participant_code(number)
            .ok_or_else(|| StoreFailure::Internal("a customer's number has no participant_code".to_owned()))
    }
}

/// The payload's digest under the version that this customer's row bears.
fn digest_under(
    payload: &Payload<'_>,
    number: CustomerNumber,
    version: u8,
) -> Result<PayloadDigest, StoreFailure> {
    payload.digest_under(version).ok_or_else(|| unknown_version(number, version))
}

fn unknown_version(number: CustomerNumber, version: u8) -> StoreFailure {
    StoreFailure::Internal(format!(
        "customer {} bears a payload digest of version {version}, which this program does not know; \
         run the release that wrote it or a later one",
        number.0
    ))
}

fn request_index(platform: &PlatformAccess, id: &RequestId) -> BlindIndex {
    BlindIndex(blind_index(&platform.request_key, id.canonical()))
}

fn email_index(platform: &PlatformAccess, customer: &Customer) -> BlindIndex {
    BlindIndex(blind_index(&platform.email_key, customer.email().normalised().as_bytes()))
}

#[cfg(test)]
mod tests;
