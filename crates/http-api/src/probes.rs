//! The private listener: `/healthz`, `/readyz` and `/metrics`, for the operator's probes and never for the internet.

use registrar_wire::ErrorCode;

use crate::answer::{Answer, Refusal};
use crate::app::App;
use crate::limits::READINESS_TIMEOUT;
use crate::metrics::CONTENT_TYPE as METRICS_CONTENT_TYPE;
use crate::surface::RequestContext;

const TEXT: &str = "text/plain; charset=utf-8";

/// The process answers: it need not be restarted.
pub(crate) fn get_health() -> Answer {
    Answer::ok(TEXT, "ok\n")
}

/// A customer could be stored now, and the server is not ending.
pub(crate) async fn get_readiness(app: &App, context: RequestContext) -> Answer {
    app.note_probe();
    let refuse = |detail: &'static str| Refusal::new(ErrorCode::Unavailable, detail);
    let refusal = if app.is_draining() {
        refuse("The server is ending.")
    } else {
        match tokio::time::timeout(READINESS_TIMEOUT, app.registry.check_ready()).await {
            Ok(Ok(())) => return Answer::ok(TEXT, "ready\n"),
            Ok(Err(failure)) => Refusal::of_failure(&failure),
            Err(_) => refuse("The database did not answer in time."),
        }
    };
    refusal.answer(context.trace_id)
}

/// Every metric.
pub(crate) fn get_metrics(app: &App, context: RequestContext) -> Answer {
    match app.metrics.text() {
        Ok(text) => Answer::ok(METRICS_CONTENT_TYPE, text),
        Err(_) => Refusal::new(ErrorCode::InternalError, "The metrics could not be written.")
            .answer(context.trace_id),
    }
}
