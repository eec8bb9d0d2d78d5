//! The private listener: `/healthz`, `/readyz` and `/metrics`, for the operator's probes and never for the internet.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use registrar_wire::{ErrorCode, GET_HEALTH, GET_METRICS, GET_READINESS};

use crate::answer::Refusal;
use crate::app::App;
use crate::limits::READINESS_TIMEOUT;
use crate::metrics::CONTENT_TYPE as METRICS_CONTENT_TYPE;
use crate::surface::{Note, RequestContext};

/// The process answers: it need not be restarted.
pub(crate) async fn get_health() -> Response {
    noted(GET_HEALTH.name, "ok\n".into_response())
}

/// A customer could be stored now, and the server is not ending.
pub(crate) async fn get_readiness(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
) -> Response {
    app.note_probe();
    let refuse = |detail: &'static str| Refusal::new(ErrorCode::Unavailable, detail).answer(context.trace_id);
    let response = if app.is_draining() {
        refuse("The server is ending.")
    } else {
        match tokio::time::timeout(READINESS_TIMEOUT, app.registry.check_ready()).await {
            Ok(Ok(())) => "ready\n".into_response(),
            Ok(Err(failure)) => Refusal::of_failure(&failure, context.trace_id).answer(context.trace_id),
            Err(_) => refuse("The database did not answer in time."),
        }
    };
    noted(GET_READINESS.name, response)
}

/// Every metric.
pub(crate) async fn get_metrics(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
) -> Response {
    let response = match app.metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, METRICS_CONTENT_TYPE)], text).into_response(),
        Err(_) => Refusal::new(ErrorCode::InternalError, "The metrics could not be written.")
            .answer(context.trace_id),
    };
    noted(GET_METRICS.name, response)
}

fn noted(operation: &'static str, mut response: Response) -> Response {
    response.extensions_mut().insert(Note { operation, platform_code: None });
    response
}
