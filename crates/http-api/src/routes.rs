//! From the table of operations to handlers: each operation has one, and no route exists beside the table.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use http_body::Body;
use registrar_wire::{ErrorCode, Listener, OPERATIONS, Operation};

use crate::answer::{Answer, Refusal};
use crate::app::App;
use crate::create_customer::create_customer;
use crate::docs::{get_document, get_root};
use crate::get_time::get_time;
use crate::metrics::AnswerCounters;
use crate::probes::{get_health, get_metrics, get_readiness};
use crate::surface::{RequestContext, Surface};

/// One row of the table, ready to serve.
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) counters: AnswerCounters,
    handler: Handler,
}

/// What serves operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handler {
    CreateCustomer,
    Time,
    Root,
    Document,
    Health,
    Readiness,
    Metrics,
}

impl Surface {
    /// The API with, where enabled, its documentation.
    pub fn api(app: &Arc<App>, documentation: bool) -> Self {
        Self::of(app, |operation| {
            operation.listener == Listener::Api && (documentation || !operation.documentation)
        })
    }

    /// The operator's private listener.
    pub fn private(app: &Arc<App>) -> Self {
        Self::of(app, |operation| operation.listener == Listener::Private)
    }

    fn of(app: &Arc<App>, serves: impl Fn(&Operation) -> bool) -> Self {
        let operations = OPERATIONS.iter().filter(|operation| serves(operation));
        let routes = operations.filter_map(|operation| {
            let counters = AnswerCounters::new(operation.name);
            Some(Route { operation, counters, handler: handler(operation)? })
        });
        Self { app: Arc::clone(app), routes: routes.collect() }
    }
}

/// The handler of an operation; a test sees to it that each has one.
fn handler(operation: &Operation) -> Option<Handler> {
    Some(match operation.name {
        "create_customer" => Handler::CreateCustomer,
        "get_time" => Handler::Time,
        "get_root" => Handler::Root,
        "get_openapi" | "get_docs" | "get_docs_page" | "get_error_page" => Handler::Document,
        "get_health" => Handler::Health,
        "get_readiness" => Handler::Readiness,
        "get_metrics" => Handler::Metrics,
        _ => return None,
    })
}

/// The route that a request takes, or why there is none.
pub(crate) fn find<'a>(routes: &'a [Route], method: &Method, path: &str) -> Result<&'a Route, Refusal> {
    let at_path = routes.iter().find(|route| is_at(route.operation.path, path));
    let route = at_path.ok_or_else(|| refuse_path(routes, path))?;
    let is_head = *method == Method::HEAD && route.operation.method == "GET";
    if is_head || route.operation.method == method.as_str() {
        return Ok(route);
    }
    let allow = if route.operation.method == "GET" { "GET, HEAD" } else { route.operation.method };
    Err(Refusal::new(ErrorCode::MethodNotAllowed, format!("This path has only the methods: {allow}."))
        .allowing(allow))
}

/// Whether a path is the one of a row, byte for byte; one parameter in braces may end the row's: `{code}` stands for one
/// segment, `{*page}` for all that follow.
fn is_at(row: &str, path: &str) -> bool {
    let Some((beginning, parameter)) = row.split_once('{') else { return row == path };
    path.strip_prefix(beginning)
        .is_some_and(|rest| !rest.is_empty() && (parameter.starts_with('*') || !rest.contains('/')))
}

/// Serves one request.
pub(crate) async fn serve<B: Body<Data = Bytes> + Unpin>(
    route: &Route,
    app: &Arc<App>,
    context: RequestContext,
    head: &Parts,
    body: B,
) -> Answer {
    match route.handler {
        Handler::CreateCustomer => create_customer(app, context, head, body).await,
        Handler::Time => get_time(app, context, &head.uri),
        Handler::Root => get_root(context, &head.uri),
        Handler::Document => get_document(route.operation, context, &head.uri),
        Handler::Health => get_health(),
        Handler::Readiness => get_readiness(app, context).await,
        Handler::Metrics => get_metrics(app, context),
    }
}

/// Sister APIs have their operations below this prefix.
const VERSION_PREFIX: &str = "/v3";

fn refuse_path(routes: &[Route], path: &str) -> Refusal {
    let unversioned = path.strip_prefix(VERSION_PREFIX);
    let has_unversioned =
        unversioned.is_some_and(|path| routes.iter().any(|route| route.operation.path == path));
    let detail = if has_unversioned {
        "Nothing is at this path, but there is without its beginning: remove /v3 from the path, also from what is signed."
    } else {
        "Nothing is at this path. Paths are taken byte for byte, without a slash at the end."
    };
    Refusal::new(ErrorCode::NotFound, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_handler() {
        for operation in OPERATIONS {
            assert!(
                handler(operation).is_some(),
                "{} has no handler: write one in crates/http-api/src and name it in routes::handler",
                operation.name
            );
        }
    }

    #[test]
    fn a_parameter_stands_for_one_segment_or_for_all_that_follow() {
        for (row, path, expected) in [
            ("/time", "/time", true),
            ("/time", "/time/", false),
            ("/time", "/TIME", false),
            ("/", "/", true),
            ("/", "", false),
            ("/errors/{code}", "/errors/not_found", true),
            ("/errors/{code}", "/errors/", false),
            ("/errors/{code}", "/errors", false),
            ("/errors/{code}", "/errors/a/b", false),
            ("/docs/{*page}", "/docs/a/b", true),
            ("/docs/{*page}", "/docs/", false),
            ("/docs/{*page}", "/docs", false),
        ] {
            assert_eq!(is_at(row, path), expected, "{row} {path}");
        }
    }
}
