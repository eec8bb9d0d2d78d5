//! `GET /time`: the server's clock, unsigned, for callers whose own is wrong.

use http::Uri;
use registrar_wire::{GET_TIME, MEDIA_TYPE_JSON, TimeAnswer};

use crate::answer::Answer;
use crate::app::App;
use crate::signed_request::check_query;
use crate::surface::RequestContext;

/// Handles a request.
pub(crate) fn get_time(app: &App, context: RequestContext, uri: &Uri) -> Answer {
    if let Err(refusal) = check_query(&GET_TIME, uri.query()) {
        return refusal.answer(context.trace_id);
    }
    let time = TimeAnswer { epoch: app.registry.now().seconds() };
    Answer::ok(MEDIA_TYPE_JSON, serde_json::to_vec(&time).unwrap_or_default())
}
