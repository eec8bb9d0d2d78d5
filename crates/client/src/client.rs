//! One method an operation: sign, send, repeat, read.

use std::time::Duration;

use registrar_crypto::signature::SignedParts;
use registrar_wire::{
    CREATE_CUSTOMER, Credentials, CustomerAnswer, Envelope, IDEMPOTENT_REPLAYED, MEDIA_TYPE_JSON, Operation,
    Problem, TRACE_ID,
};
use ureq::tls::TlsConfig;

use crate::base_url::BaseUrl;
use crate::error::ClientError;
use crate::retry::{Surroundings, is_worth_repeating, parse_retry_after, wait_after};
use crate::signing::Signer;
use crate::trust::{refused_certificate, roots_of_the_machine};

/// An answer is smaller than a request, a problem names at most every field: far below this.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// How long one attempt may take.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// To connect.
    pub connect_timeout: Duration,
    /// For the whole attempt; longer than any deadline of the server.
    pub attempt_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(5), attempt_timeout: Duration::from_mins(1) }
    }
}

/// A client with the credentials of one API key.
pub struct Client {
    agent: ureq::Agent,
    base_url: BaseUrl,
    signer: Signer,
    surroundings: Box<dyn Surroundings>,
}

/// A 200: the customer is durable.
pub struct Answer {
    /// The customer as the server keeps it.
    pub customer: CustomerAnswer,
    /// The answer's body, byte for byte.
    pub body: Vec<u8>,
    /// Whether the server repeated the answer to an earlier request.
    pub replayed: bool,
    /// The id of the request in the operator's log.
    pub trace_id: Option<String>,
    /// How often the request was sent.
    pub attempts: u32,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("customer", &self.customer)
            .field("replayed", &self.replayed)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for `credentials.base_url`.
    ///
    /// # Errors
    /// If the URL is not one, the machine has no roots for https, the secret not base64, or a credential cannot be sent in a header.
    pub fn new(
        credentials: &Credentials,
        options: ClientOptions,
        surroundings: Box<dyn Surroundings>,
    ) -> Result<Self, ClientError> {
        let base_url = BaseUrl::parse(&credentials.base_url)?;
        let tls = if base_url.is_encrypted() { roots_of_the_machine()? } else { TlsConfig::default() };
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // A redirect would send a signed body to a place the credentials do not name.
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("registrar/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_per_call(Some(options.attempt_timeout))
            .build();
        Ok(Self {
            agent: ureq::Agent::new_with_config(config),
            base_url,
            signer: Signer::new(credentials)?,
            surroundings,
        })
    }

    /// Submits a customer; `body` is signed and sent as it is.
    ///
    /// With a request_id in the body, 500, 502, 503, 504 and no answer are repeated with the same bytes (contract 2.7);
    /// without one a repetition could not be told from a second submission, so the first result is final.
    ///
    /// # Errors
    /// `Refused` with the server's problem; `Unreachable` if there was no answer; `NotUnderstood` if the answer is not
    /// of this API.
    pub fn create_customer(&self, body: &[u8]) -> Result<Answer, ClientError> {
        let received = self.send_until_settled(&CREATE_CUSTOMER, body, has_request_id(body))?;
        let Received { status, body, replayed, trace_id, attempts, .. } = received;
        if status != 200 {
            return Err(refusal(status, body, attempts));
        }
        let envelope: Envelope<CustomerAnswer> = serde_json::from_slice(&body).map_err(|_| {
            ClientError::NotUnderstood { status, what: "a customer in a `message` was expected" }
        })?;
        Ok(Answer { customer: envelope.message, body, replayed, trace_id, attempts })
    }

    fn send_until_settled(
        &self,
        operation: &Operation,
        body: &[u8],
        may_repeat: bool,
    ) -> Result<Received, ClientError> {
        let mut attempt = 1;
        loop {
            let outcome = self.send(operation, body, attempt);
            let retry_after = match &outcome {
                Ok(received) if !is_worth_repeating(received.status) => return outcome,
                Ok(received) => received.retry_after,
                Err(ClientError::Unreachable { .. }) => None,
                Err(_) => return outcome,
            };
            if !may_repeat {
                return outcome;
            }
            let Some(wait) = wait_after(attempt, retry_after, self.surroundings.as_ref()) else {
                return outcome;
            };
            self.surroundings.pause(wait);
            attempt += 1;
        }
    }

    /// One attempt, with a timestamp and signature of its own.
    fn send(&self, operation: &Operation, body: &[u8], attempts: u32) -> Result<Received, ClientError> {
        let timestamp = self.surroundings.unix_seconds().to_string();
        let parts =
            SignedParts { timestamp: &timestamp, method: operation.method, target: operation.path, body };
        let signed = self.signer.sign(&parts);
        let mut request = ureq::http::Request::builder()
            .method(operation.method)
            .uri(self.base_url.with_target(operation.path))
            .header("content-type", MEDIA_TYPE_JSON);
        for (name, value) in signed.pairs() {
            request = request.header(name, value);
        }
        let unreachable =
            |error: &dyn std::fmt::Display| ClientError::Unreachable { what: error.to_string(), attempts };
        let request = request.body(body).map_err(|error| unreachable(&error))?;
        let response = self.agent.run(request).map_err(|error| match refused_certificate(&error) {
            Some(reason) => ClientError::NotTrusted(reason),
            None => unreachable(&error),
        })?;
        let (head, mut content) = response.into_parts();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let body = content
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            // Half an answer is no answer.
            .map_err(|error| unreachable(&error))?;
        Ok(Received {
            status: head.status.as_u16(),
            replayed: header(IDEMPOTENT_REPLAYED) == Some("true"),
            trace_id: header(TRACE_ID).map(str::to_owned),
            retry_after: header("retry-after").and_then(parse_retry_after),
            body,
            attempts,
        })
    }
}

struct Received {
    status: u16,
    body: Vec<u8>,
    replayed: bool,
    trace_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
}

fn refusal(status: u16, body: Vec<u8>, attempts: u32) -> ClientError {
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => ClientError::Refused { problem: Box::new(problem), body, attempts },
        Err(_) => ClientError::NotUnderstood { status, what: "a problem (RFC 9457) was expected" },
    }
}

/// Whether the body is an object with a request_id that the server can recognise again.
fn has_request_id(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Probe {
        request_id: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Probe>(body).is_ok_and(|probe| probe.request_id.is_some())
}
