//! The operations that serve the documentation: a document or 404, under the content security policy.

use http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, Response, StatusCode, Uri};
use http_body_util::Full;
use registrar_wire::{ErrorCode, GET_DOCS, GET_ROOT, Operation};

use super::{CONTENT_SECURITY_POLICY as POLICY, Document, find};
use crate::answer::{Answer, Refusal};
use crate::signed_request::check_query;
use crate::surface::RequestContext;

/// Handles a request for the server's address alone.
pub(crate) fn get_root(context: RequestContext, uri: &Uri) -> Answer {
    check_query(&GET_ROOT, uri.query())
        .map_or_else(|refusal| refusal.answer(context.trace_id), |()| redirect(GET_DOCS.path))
}

fn redirect(path: &'static str) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(path));
    Answer { response, refused: None, failure: None, caller: None }
}

/// Handles a request for a document: the OpenAPI document, the API reference, a guide, a file that a page loads, or the page
/// of an error code.
pub(crate) fn get_document(operation: &Operation, context: RequestContext, uri: &Uri) -> Answer {
    match (check_query(operation, uri.query()), find(uri.path())) {
        (Err(refusal), _) => refusal.answer(context.trace_id),
        (Ok(()), Some(document)) => answer(document),
        (Ok(()), None) => {
            Refusal::new(ErrorCode::NotFound, "There is no such page; /docs links all there are.")
                .answer(context.trace_id)
        }
    }
}

fn answer(document: Document) -> Answer {
    let mut answer = Answer::ok(document.content_type, document.body);
    let headers = answer.response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use registrar_domain::clock::UnixMillis;
    use registrar_domain::ids::TraceId;
    use registrar_wire::GET_DOCS_PAGE;

    use super::*;

    fn context() -> RequestContext {
        RequestContext {
            trace_id: TraceId::new(UnixMillis(0), [0; 10]),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    #[test]
    fn the_address_alone_leads_to_the_documentation() {
        let Answer { response, .. } = get_root(context(), &Uri::from_static("/"));
        assert_eq!((response.status().as_u16(), header(&response, "location").as_str()), (302, "/docs"));
        let refused = get_root(context(), &Uri::from_static("/?a=b")).refused;
        assert_eq!(refused, Some(ErrorCode::UnknownQuery));
    }

    fn get(target: &str) -> Answer {
        get_document(&GET_DOCS_PAGE, context(), &target.parse().unwrap())
    }

    fn header<B>(response: &Response<B>, name: &str) -> String {
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
            let Answer { response, .. } = get(path);
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
            assert_eq!(get(target).refused, Some(code), "{target}");
        }
    }
}
