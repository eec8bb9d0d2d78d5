//! The operations that serve the documentation: a document or 404, under the content security policy.

use axum::Extension;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode, Uri};
use registrar_wire::{ErrorCode, GET_DOCS, GET_DOCS_PAGE, GET_ERROR_PAGE, GET_OPENAPI, GET_ROOT, Operation};

use super::{CONTENT_SECURITY_POLICY as POLICY, Document, find};
use crate::answer::Refusal;
use crate::signed_request::check_query;
use crate::surface::{Note, RequestContext};

/// Handles a request for the server's address alone.
pub(crate) async fn get_root(context: Extension<RequestContext>, query: RawQuery) -> Response {
    lead_to_docs(context, &query)
}

fn lead_to_docs(Extension(context): Extension<RequestContext>, RawQuery(query): &RawQuery) -> Response {
    let mut response = check_query(&GET_ROOT, query.as_deref())
        .map_or_else(|refusal| refusal.answer(context.trace_id), |()| redirect(GET_DOCS.path));
    response.extensions_mut().insert(Note { operation: GET_ROOT.name, platform_code: None });
    response
}

fn redirect(path: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(path));
    response
}

/// Handles a request for the OpenAPI document.
pub(crate) async fn get_openapi(context: Extension<RequestContext>, uri: Uri, query: RawQuery) -> Response {
    serve(&GET_OPENAPI, context, &uri, &query)
}

/// Handles a request for the API reference.
pub(crate) async fn get_docs(context: Extension<RequestContext>, uri: Uri, query: RawQuery) -> Response {
    serve(&GET_DOCS, context, &uri, &query)
}

/// Handles a request for a guide or for a file that a page loads.
pub(crate) async fn get_docs_page(context: Extension<RequestContext>, uri: Uri, query: RawQuery) -> Response {
    serve(&GET_DOCS_PAGE, context, &uri, &query)
}

/// Handles a request for the page of an error code.
pub(crate) async fn get_error_page(
    context: Extension<RequestContext>,
    uri: Uri,
    query: RawQuery,
) -> Response {
    serve(&GET_ERROR_PAGE, context, &uri, &query)
}

fn serve(
    operation: &Operation,
    Extension(context): Extension<RequestContext>,
    uri: &Uri,
    RawQuery(query): &RawQuery,
) -> Response {
    let mut response = match (check_query(operation, query.as_deref()), find(uri.path())) {
        (Err(refusal), _) => refusal.answer(context.trace_id),
        (Ok(()), Some(document)) => answer(document),
        (Ok(()), None) => {
            Refusal::new(ErrorCode::NotFound, "There is no such page; /docs links all there are.")
                .answer(context.trace_id)
        }
    };
    response.extensions_mut().insert(Note { operation: operation.name, platform_code: None });
    response
}

fn answer(document: Document) -> Response {
    let mut response = Response::new(Body::from(document.body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.content_type));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use registrar_domain::clock::UnixMillis;
    use registrar_domain::ids::TraceId;

    use super::*;
    use crate::answer::RefusalOf;

    fn context() -> RequestContext {
        RequestContext {
            trace_id: TraceId::new(UnixMillis(0), [0; 10]),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    #[test]
    fn the_address_alone_leads_to_the_documentation() {
        let response = lead_to_docs(Extension(context()), &RawQuery(None));
        assert_eq!((response.status().as_u16(), header(&response, "location").as_str()), (302, "/docs"));
        let refused = lead_to_docs(Extension(context()), &RawQuery(Some("a=b".to_owned())));
        assert_eq!(
            refused.extensions().get::<RefusalOf>().map(|refusal| refusal.0),
            Some(ErrorCode::UnknownQuery)
        );
    }

    fn get(target: &str) -> Response {
        let uri: Uri = target.parse().unwrap();
        let query = RawQuery(uri.query().map(str::to_owned));
        serve(&GET_DOCS_PAGE, Extension(context()), &uri, &query)
    }

    fn header(response: &Response, name: &str) -> String {
        response.headers()[name].to_str().unwrap().to_owned()
    }

    #[test]
    fn every_kind_of_document_is_served_under_the_content_security_policy() {
        for (path, content_type) in [
            ("/docs", "text/html; charset=utf-8"),
            ("/docs/signing/sign.py", "text/plain; charset=utf-8"),
            ("/docs/assets/reference.js", "text/javascript; charset=utf-8"),
            ("/docs/assets/docs.css", "text/css; charset=utf-8"),
            ("/errors/invalid_signature", "text/html; charset=utf-8"),
            ("/openapi.json", "application/json"),
        ] {
            let response = get(path);
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(header(&response, "content-type"), content_type, "{path}");
            assert_eq!(header(&response, "content-security-policy"), POLICY, "{path}");
        }
    }

    #[test]
    fn a_page_that_is_not_there_and_a_query_are_refused() {
        for (target, code) in
            [("/docs/unheard-of", ErrorCode::NotFound), ("/docs/signing?page=2", ErrorCode::UnknownQuery)]
        {
            let response = get(target);
            assert_eq!(
                response.extensions().get::<RefusalOf>().map(|refusal| refusal.0),
                Some(code),
                "{target}"
            );
            assert_eq!(response.extensions().get::<Note>().map(|note| note.operation), Some("get_docs_page"));
        }
    }
}
