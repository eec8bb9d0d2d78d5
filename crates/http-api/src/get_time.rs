//! `GET /time`: the server's clock, unsigned, for callers whose own is wrong.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use registrar_wire::{GET_TIME, TimeAnswer};

use crate::app::App;
use crate::signed_request::check_query;
use crate::surface::{Note, RequestContext};

/// Handles a request.
pub(crate) async fn get_time(
    State(app): State<Arc<App>>,
    Extension(context): Extension<RequestContext>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut response = match check_query(&GET_TIME, query.as_deref()) {
        Ok(()) => Json(TimeAnswer { epoch: app.registry.now().seconds() }).into_response(),
        Err(refusal) => refusal.answer(context.trace_id),
    };
    response.extensions_mut().insert(Note { operation: GET_TIME.name, platform_code: None });
    response
}
