//! What becomes of a submitted customer: contract 3.4 as one pure function, called by every engine.
//!
//! Knows nothing of how the facts were found. Invariant: the order of the checks is the order of the contract's table.

use crate::store::{CreateCustomer, CreateCustomerRejection, PayloadDigest, StoredCustomer};

/// What is stored on the command's platform under the command's indexes: read in the transaction that inserts, or
/// after an insert that met a row, or before any insert by the request_id alone, for rows of customers never go away.
///
/// There is no look-up by payload: a payload contains its e-mail, so the row that holds the same payload is the row of
/// the same e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateCustomerFacts {
    /// The customer stored under the command's request_id; none if the command has no request_id.
    pub by_request: Option<StoredCustomer>,
    /// The customer stored under the command's e-mail.
    pub by_email: Option<StoredCustomer>,
}

/// What the engine has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Insert the customer.
    Create,
    /// Insert nothing and return the stored customer.
    Replay(StoredCustomer),
    /// Insert nothing and say why.
    Reject(CreateCustomerRejection),
}

/// Decides a create in the precedence of contract 3.4.
///
/// Where a row that matters bears a digest of a version that the command does not hold, the payloads cannot be compared;
/// taking them for different would refuse a rightful replay, so the decision is to ask for that digest.
pub fn decide_create_customer(facts: CreateCustomerFacts, command: &CreateCustomer) -> Decision {
    let CreateCustomerFacts { by_request, by_email } = facts;
    if let Some(stored) = by_request {
        return match is_same_payload(&stored, command) {
            Ok(true) => Decision::Replay(stored),
            Ok(false) => Decision::Reject(CreateCustomerRejection::RequestIdReused(stored)),
            Err(missing) => Decision::Reject(missing),
        };
    }
    let Some(stored) = by_email else { return Decision::Create };
    // The row bears another request_id or none, or the command has none: else the row would be `by_request`.
    Decision::Reject(match is_same_payload(&stored, command) {
        Ok(true) => CreateCustomerRejection::PayloadAlreadySubmitted(stored.number),
        Ok(false) => CreateCustomerRejection::ParticipantAlreadyExists(stored.number),
        Err(missing) => missing,
    })
}

/// Digests are compared only within one version: across versions even equal payloads differ.
fn is_same_payload(
    stored: &StoredCustomer,
    command: &CreateCustomer,
) -> Result<bool, CreateCustomerRejection> {
    let PayloadDigest { version, bytes } = stored.digest;
    let digest = command.digests.iter().find(|digest| digest.version == version);
    digest
        .map(|digest| digest.bytes == bytes)
        .ok_or(CreateCustomerRejection::DigestMissing { number: stored.number, version })
}

#[cfg(test)]
mod tests {
    use super::{CreateCustomerFacts, Decision, decide_create_customer};
    use crate::ids::{CustomerNumber, KeyNumber, PlatformNumber};
    use crate::store::{CreateCustomer, CreateCustomerRejection, PayloadDigest, StoredCustomer};
    use crate::testing::{CustomerFixture, stored};

    /// The command: request_id 1, e-mail 1, payload 1.
    fn command() -> CreateCustomer {
        CustomerFixture::new(PlatformNumber(1), KeyNumber(1)).number(9).request(1).email(1).payload(1).build()
    }

    /// A stored customer with this number and payload.
    fn row(number: u32, payload: u8) -> StoredCustomer {
        stored(&CustomerFixture::new(PlatformNumber(1), KeyNumber(1)).number(number).payload(payload).build())
    }

    fn decide(by_request: Option<StoredCustomer>, by_email: Option<StoredCustomer>) -> Decision {
        decide_create_customer(CreateCustomerFacts { by_request, by_email }, &command())
    }

    #[test]
    fn every_combination_of_facts_is_decided_in_the_precedence_of_the_contract() {
        use CreateCustomerRejection::{ParticipantAlreadyExists, PayloadAlreadySubmitted, RequestIdReused};
        let a = |payload| Some(row(1, payload));
        let b = |payload| Some(row(2, payload));
        let (same, other) = (1, 2);
        let table = [
            // same request_id, same payload: whoever the e-mail points to
            (a(same), None, Decision::Replay(row(1, same))),
            (a(same), a(same), Decision::Replay(row(1, same))),
            (a(same), b(same), Decision::Replay(row(1, same))),
            (a(same), b(other), Decision::Replay(row(1, same))),
            // same request_id, other payload: before anything the e-mail would say
            (a(other), None, Decision::Reject(RequestIdReused(row(1, other)))),
            (a(other), a(other), Decision::Reject(RequestIdReused(row(1, other)))),
            (a(other), b(same), Decision::Reject(RequestIdReused(row(1, other)))),
            (a(other), b(other), Decision::Reject(RequestIdReused(row(1, other)))),
            // same payload under another request_id or none
            (None, b(same), Decision::Reject(PayloadAlreadySubmitted(CustomerNumber(2)))),
            // other payload, same e-mail
            (None, b(other), Decision::Reject(ParticipantAlreadyExists(CustomerNumber(2)))),
            // none
            (None, None, Decision::Create),
        ];
        for (by_request, by_email, decision) in table {
            assert_eq!(decide(by_request.clone(), by_email.clone()), decision, "{by_request:?} {by_email:?}");
        }
    }

    #[test]
    fn a_command_without_a_request_id_is_decided_by_its_email_alone() {
        let command = CreateCustomer { request: None, ..command() };
        for (payload, rejection) in [
            (1, CreateCustomerRejection::PayloadAlreadySubmitted(CustomerNumber(2))),
            (2, CreateCustomerRejection::ParticipantAlreadyExists(CustomerNumber(2))),
        ] {
            let facts = CreateCustomerFacts { by_request: None, by_email: Some(row(2, payload)) };
            assert_eq!(decide_create_customer(facts, &command), Decision::Reject(rejection));
        }
        assert_eq!(decide_create_customer(CreateCustomerFacts::default(), &command), Decision::Create);
    }

    /// A row whose digest has this version and these bytes.
    fn row_with_digest(version: u8, byte: u8) -> StoredCustomer {
        StoredCustomer { digest: PayloadDigest { version, bytes: [byte; 16] }, ..row(1, 1) }
    }

    fn command_with_two_versions() -> CreateCustomer {
        CreateCustomer {
            digests: vec![
                PayloadDigest { version: 2, bytes: [22; 16] },
                PayloadDigest { version: 1, bytes: [11; 16] },
            ],
            ..command()
        }
    }

    #[test]
    fn a_row_is_compared_under_the_version_of_its_own_digest() {
        let command = command_with_two_versions();
        for (version, byte, same) in [(1, 11, true), (2, 22, true), (1, 22, false), (2, 11, false)] {
            let stored = row_with_digest(version, byte);
            let facts = CreateCustomerFacts { by_request: Some(stored), by_email: None };
            let decision = decide_create_customer(facts, &command);
            assert_eq!(matches!(decision, Decision::Replay(_)), same, "version {version}, bytes {byte}");
        }
    }

    #[test]
    fn a_digest_that_the_command_lacks_is_asked_for_and_never_a_mismatch() {
        let unknown = row_with_digest(3, 11);
        let by_request = CreateCustomerFacts { by_request: Some(unknown.clone()), by_email: None };
        let by_email = CreateCustomerFacts { by_request: None, by_email: Some(unknown) };
        for facts in [by_request, by_email] {
            let decision = decide_create_customer(facts, &command_with_two_versions());
            let asked = CreateCustomerRejection::DigestMissing { number: CustomerNumber(1), version: 3 };
            assert_eq!(decision, Decision::Reject(asked));
        }
    }

    #[test]
    fn a_missing_version_on_a_row_that_does_not_matter_changes_nothing() {
        let facts = CreateCustomerFacts {
            by_request: Some(row_with_digest(1, 11)),
            by_email: Some(row_with_digest(3, 11)),
        };
        let decision = decide_create_customer(facts, &command_with_two_versions());
        assert_eq!(decision, Decision::Replay(row_with_digest(1, 11)));
    }
}
