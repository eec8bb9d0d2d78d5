//! `POST /participants/customers/new`: convert, call the use case, convert back.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use http_body::Body;
use registrar_domain::platform::Permission;
use registrar_domain::registry::{Caller, CreateCustomerError, CustomerAnswer, Origin};
use registrar_wire::{CREATE_CUSTOMER, ErrorCode, IDEMPOTENT_REPLAYED, MEDIA_TYPE_JSON};

use crate::answer::{Answer, Refusal};
use crate::app::App;
use crate::signed_request::{SignedRequest, object};
use crate::surface::RequestContext;

const IDEMPOTENT_REPLAYED_HEADER: HeaderName = HeaderName::from_static(IDEMPOTENT_REPLAYED);

/// Handles a request.
pub(crate) async fn create_customer<B: Body<Data = Bytes> + Unpin>(
    app: &Arc<App>,
    context: RequestContext,
    head: &Parts,
    body: B,
) -> Answer {
    let mut caller = None;
    let answer = match submit(app, context, head, body, &mut caller).await {
        Ok(answer) => accepted(answer),
        Err(refusal) => refusal.answer(context.trace_id),
    };
    Answer { caller, ..answer }
}

async fn submit<B: Body<Data = Bytes> + Unpin>(
    app: &Arc<App>,
    context: RequestContext,
    head: &Parts,
    body: B,
    caller: &mut Option<Caller>,
) -> Result<CustomerAnswer, Refusal> {
    let signed = SignedRequest::read(app, head, body, &CREATE_CUSTOMER, Permission::CustomersWrite).await?;
    let caller = &*caller.insert(signed.caller);
    let origin = Origin { from: Some(context.peer), trace_id: context.trace_id };
    let body = object(&signed.body)?;
    app.registry.create_customer(caller, origin, &body).await.map_err(refuse)
}

fn accepted(created: CustomerAnswer) -> Answer {
    let mut answer = Answer::ok(MEDIA_TYPE_JSON, created.body);
    if created.replayed {
        answer.response.headers_mut().insert(IDEMPOTENT_REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
    answer
}

fn refuse(error: CreateCustomerError) -> Refusal {
    match error {
        CreateCustomerError::Invalid(violations) => Refusal::invalid(violations),
        CreateCustomerError::RequestIdReused(fields) => Refusal::new(
            ErrorCode::RequestIdReused,
            "This request_id was used for another payload. Send the first payload unchanged to repeat that request, or a new \
             request_id for a new customer.",
        )
        .with(|problem| problem.add_differs(&fields)),
        CreateCustomerError::PayloadAlreadySubmitted(participant_code) => Refusal::new(
            ErrorCode::PayloadAlreadySubmitted,
            "Participant data already used with different requestID",
        )
        .with(|problem| problem.add_participant_code(&participant_code)),
        CreateCustomerError::ParticipantAlreadyExists(participant_code) => Refusal::new(
            ErrorCode::ParticipantAlreadyExists,
            "Participant already exists with this email for this platform",
        )
        .with(|problem| problem.add_participant_code(&participant_code)),
        CreateCustomerError::Failure(failure) => Refusal::of_failure(&failure),
    }
}
