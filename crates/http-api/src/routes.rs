//! From the table of operations to handlers: each operation has one, and no route exists beside the table.

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Uri;
use registrar_wire::{ErrorCode, Listener, OPERATIONS, Operation};

use crate::answer::Refusal;
use crate::app::App;
use crate::surface::{RequestContext, Surface};
use crate::{create_customer, docs, get_time, probes};

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
        let operations: Vec<&Operation> = OPERATIONS.iter().filter(|operation| serves(operation)).collect();
        let paths: Arc<[&str]> = operations.iter().map(|operation| operation.path).collect();
        let router = operations
            .into_iter()
            .filter_map(|operation| handler(operation).map(|handler| (operation.path, handler)))
            .fold(Router::new(), |router, (path, handler)| router.route(path, handler))
            .fallback(move |uri: Uri, Extension(context)| async move { refuse_path(&paths, &uri, context) })
            .with_state(Arc::clone(app));
        Self { app: Arc::clone(app), router }
    }
}

/// The handler of an operation; a test sees to it that each has one.
fn handler(operation: &Operation) -> Option<MethodRouter<Arc<App>>> {
    let (filter, allow) = match operation.method {
        "GET" => (MethodFilter::GET, "GET, HEAD"),
        "POST" => (MethodFilter::POST, "POST"),
        _ => return None,
    };
    let handler = match operation.name {
        "create_customer" => on(filter, create_customer::create_customer),
        "get_time" => on(filter, get_time::get_time),
        "get_root" => on(filter, docs::get_root),
        "get_openapi" => on(filter, docs::get_openapi),
        "get_docs" => on(filter, docs::get_docs),
        "get_docs_page" => on(filter, docs::get_docs_page),
        "get_error_page" => on(filter, docs::get_error_page),
        "get_health" => on(filter, probes::get_health),
        "get_readiness" => on(filter, probes::get_readiness),
        "get_metrics" => on(filter, probes::get_metrics),
        _ => return None,
    };
    Some(handler.fallback(move |Extension(context)| async move { refuse_method(allow, context) }))
}

/// Sister APIs have their operations below this prefix.
const VERSION_PREFIX: &str = "/v3";

fn refuse_path(paths: &[&str], uri: &Uri, context: RequestContext) -> Response {
    let unversioned = uri.path().strip_prefix(VERSION_PREFIX);
    let detail = if unversioned.is_some_and(|path| paths.contains(&path)) {
        "Nothing is at this path, but there is without its beginning: remove /v3 from the path, also from what is signed."
    } else {
        "Nothing is at this path. Paths are taken byte for byte, without a slash at the end."
    };
    Refusal::new(ErrorCode::NotFound, detail).answer(context.trace_id)
}

fn refuse_method(allow: &'static str, context: RequestContext) -> Response {
    Refusal::new(ErrorCode::MethodNotAllowed, format!("This path has only the methods: {allow}."))
        .allowing(allow)
        .answer(context.trace_id)
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
}
