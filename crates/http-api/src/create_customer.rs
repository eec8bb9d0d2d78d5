//! `POST /participants/customers/new`: convert, call the use case, convert back.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};
use registrar_domain::platform::Permission;
use registrar_domain::registry::{CreateCustomerError, CustomerAnswer, Origin};
use registrar_wire::{CREATE_CUSTOMER, ErrorCode, IDEMPOTENT_REPLAYED, MEDIA_TYPE_JSON};

use crate::answer::Refusal;
use crate::app::App;
use crate::signed_request::SignedRequest;
use crate::surface::{Note, RequestContext};

const IDEMPOTENT_REPLAYED_HEADER: HeaderName = HeaderName::from_static(IDEMPOTENT_REPLAYED);

/// Handles a request.
pub(crate) async fn create_customer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    request: Request<Body>,
) -> Response {
    let mut note = Note { operation: CREATE_CUSTOMER.name, platform_code: None };
    let mut response = match submit(&app, context, request, &mut note).await {
        Ok(answer) => accepted(answer),
        Err(refusal) => refusal.answer(context.trace_id),
    };
    response.extensions_mut().insert(note);
    response
}

async fn submit(
    app: &Arc<App>,
    context: RequestContext,
    request: Request<Body>,
    note: &mut Note,
) -> Result<CustomerAnswer, Refusal> {
    let signed = SignedRequest::read(app, request, &CREATE_CUSTOMER, Permission::CustomersWrite).await?;
    note.platform_code = Some(signed.caller.platform().code.clone());
    let origin = Origin { from: Some(context.peer), trace_id: context.trace_id };
    let body = signed.object()?;
    app.registry.create_customer(&signed.caller, origin, &body).await.map_err(|error| refuse(error, context))
}

fn accepted(answer: CustomerAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE_JSON));
    if answer.replayed {
        headers.insert(IDEMPOTENT_REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
    response
}

fn refuse(error: CreateCustomerError, context: RequestContext) -> Refusal {
    match error {
        CreateCustomerError::Invalid(violations) => Refusal::invalid(violations),
        CreateCustomerError::RequestIdReused(fields) => Refusal::new(
            ErrorCode::RequestIdReused,
            "This request_id was used for another payload. Send the first payload unchanged to repeat that request, or a new \
             request_id for a new customer.",
        )
        .with(|problem| problem.with_differs(fields.into_iter().map(Into::into).collect())),
        CreateCustomerError::PayloadAlreadySubmitted(participant_code) => Refusal::new(
            ErrorCode::PayloadAlreadySubmitted,
            "Participant data already used with different requestID",
        )
        .with(|problem| problem.with_participant_code(participant_code)),
        CreateCustomerError::ParticipantAlreadyExists(participant_code) => Refusal::new(
            ErrorCode::ParticipantAlreadyExists,
            "Participant already exists with this email for this platform",
        )
        .with(|problem| problem.with_participant_code(participant_code)),
        CreateCustomerError::Failure(failure) => Refusal::of_failure(&failure, context.trace_id),
    }
}
