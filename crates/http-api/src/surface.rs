//! What every request meets on its way in and out: a trace id, the bound on its head, the headers of every answer,
//! one count in the metrics and one line in the log; the second stop of `create_customer`.
//!
//! Knows no operation. Invariant: whatever happens inside, the answer carries the trace id and is counted.

use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONNECTION, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use registrar_domain::ids::TraceId;
use registrar_wire::{ErrorCode, REQUEST_ID, TRACE_ID};
use tower_service::Service;

use crate::answer::{INTERNAL_ERROR, Refusal, RefusalOf};
use crate::app::App;
use crate::limits::{CLIENT_REQUEST_ID_LENGTH_MAX, HEADER_BYTES_MAX};

const TRACE_ID_HEADER: HeaderName = HeaderName::from_static(TRACE_ID);
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static(REQUEST_ID);

/// What a handler knows of its request before it reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestContext {
    /// Our id of the request.
    pub(crate) trace_id: TraceId,
    /// The peer's address.
    pub(crate) peer: IpAddr,
}

/// What a handler tells the metrics and the log; put into the extensions of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// The operation.
    pub(crate) operation: &'static str,
    /// The platform that called, once it is known.
    pub(crate) platform_code: Option<String>,
}

/// One listener's routes with what surrounds them.
#[derive(Clone)]
pub struct Surface {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
}

impl Surface {
    /// Answers one request.
    pub(crate) async fn answer(&self, mut request: Request<Body>, peer: IpAddr) -> Response {
        let started = Instant::now();
        let trace_id = self.app.registry.new_trace_id();
        let client_request_id = client_request_id(request.headers());
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        let mut response = if head_bytes(&request) > HEADER_BYTES_MAX {
            Refusal::new(ErrorCode::HeadersTooLarge, HEADERS_TOO_LARGE).answer(trace_id)
        } else {
            request.extensions_mut().insert(RequestContext { trace_id, peer });
            self.route(request, trace_id).await
        };
        // With a transfer coding, where a request ends may be read in two ways; nothing may follow it on the connection.
        let last = chunked || self.app.is_draining();
        Self::finish(&mut response, trace_id, client_request_id.as_ref(), last);
        self.observe(&response, trace_id, client_request_id.as_ref(), started.elapsed());
        response
    }

    /// A handler that panics is a fault of ours like any other: the caller gets a 500 that can be found in the log.
    async fn route(&self, request: Request<Body>, trace_id: TraceId) -> Response {
        let mut routed = pin!(self.router.clone().call(request));
        let routed = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| routed.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(response))) => Poll::Ready(Some(response)),
            // A router has no error of its own: the type has no value.
            Ok(Poll::Ready(Err(never))) => match never {},
            Err(_) => Poll::Ready(None),
        });
        routed.await.unwrap_or_else(|| {
            tracing::error!(%trace_id, "a handler panicked");
            Refusal::new(ErrorCode::InternalError, INTERNAL_ERROR).closing().answer(trace_id)
        })
    }

    /// The whole answer, as bytes, to a connection over the bound.
    pub(crate) fn overloaded_answer(&self) -> Vec<u8> {
        let trace_id = self.app.registry.new_trace_id();
        let problem = Refusal::new(ErrorCode::Overloaded, "Too many connections are open. Try again soon.");
        self.app.metrics.count_refused_connection();
        problem.raw_answer(trace_id)
    }

    fn finish(
        response: &mut Response,
        trace_id: TraceId,
        client_request_id: Option<&HeaderValue>,
        last: bool,
    ) {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let mut text = [0; 36];
        let hyphenated: &str = trace_id.0.as_hyphenated().encode_lower(&mut text);
        if let Ok(value) = HeaderValue::from_str(hyphenated) {
            headers.insert(TRACE_ID_HEADER, value);
        }
        if let Some(value) = client_request_id {
            headers.insert(REQUEST_ID_HEADER, value.clone());
        }
        if last {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    fn observe(
        &self,
        response: &Response,
        trace_id: TraceId,
        client_request_id: Option<&HeaderValue>,
        elapsed: Duration,
    ) {
        let note = response.extensions().get::<Note>();
        let operation = note.map_or("none", |note| note.operation);
        let code = response.extensions().get::<RefusalOf>().map_or("ok", |refusal| refusal.0.code());
        let status = response.status().as_u16();
        self.app.metrics.observe_request(operation, status, code, elapsed);
        let platform_code = note.and_then(|note| note.platform_code.as_deref());
        let client_request_id = client_request_id.and_then(|value| value.to_str().ok());
        let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        if status >= 500 {
            tracing::warn!(%trace_id, client_request_id, operation, status, code, platform_code, duration_us, "request");
        } else if status >= 400 {
            tracing::info!(%trace_id, client_request_id, operation, status, code, platform_code, duration_us, "request");
        } else {
            tracing::debug!(%trace_id, client_request_id, operation, status, code, platform_code, duration_us, "request");
        }
    }
}

const HEADERS_TOO_LARGE: &str =
    "The target and the headers together are larger than 16 KiB. Send fewer or shorter ones.";

fn head_bytes(request: &Request<Body>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    target + request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// The caller's id, if there is one of the accepted form (contract 2.4).
fn client_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(REQUEST_ID_HEADER).iter();
    let value = values.next()?;
    let bytes = value.as_bytes();
    let acceptable = values.next().is_none()
        && (1..=CLIENT_REQUEST_ID_LENGTH_MAX).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte));
    acceptable.then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> crate::limits::HttpLimits {
        let timeout = Duration::from_secs(1);
        crate::limits::HttpLimits {
            max_connections: 1,
            first_byte_timeout: timeout,
            header_timeout: timeout,
            body_timeout: timeout,
            idle_timeout: timeout,
            write_timeout: timeout,
            drain_delay: timeout,
            drain_timeout: timeout,
        }
    }

    fn echoed(values: &[&[u8]]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(REQUEST_ID_HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        client_request_id(&headers).is_some()
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_500_and_the_connection_closed() {
        use registrar_domain::testing::{ModelStore, SeededEntropy, TestClock};
        let parts = registrar_domain::registry::Parts {
            store: Arc::new(ModelStore::new()),
            master: registrar_crypto::keyring::MasterKeys::parse(
                &registrar_crypto::keyring::MasterKeys::generate([9; 32]),
            )
            .unwrap(),
            lists: registrar_domain::reference::ReferenceLists::builtin(),
            clock: Arc::new(TestClock::default()),
            entropy: Arc::new(SeededEntropy::new(1)),
            auth: registrar_domain::registry::AuthSettings { clock_skew_seconds: 60, hints_per_second: 20 },
        };
        let registry = Arc::new(registrar_domain::registry::Registry::open(parts).await.unwrap());
        let metrics = crate::metrics::Metrics::new(Box::new(Vec::new));
        let app = App::new(registry, metrics, limits());
        let fault = axum::routing::get(|| async { assert!(std::hint::black_box(false), "a fault") });
        let surface = Surface { app, router: Router::new().route("/", fault) };
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let response = surface.answer(request, std::net::Ipv4Addr::LOCALHOST.into()).await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[CONNECTION], "close");
        assert!(response.headers().contains_key(TRACE_ID_HEADER));
    }

    #[test]
    fn a_request_id_header_is_echoed_only_if_it_is_one_to_sixty_four_safe_characters() {
        assert!(echoed(&[b"aZ09._-"]));
        assert!(echoed(&[&[b'a'; 64]]));
        assert!(!echoed(&[]));
        assert!(!echoed(&[b"a", b"a"]));
        for value in [&b""[..], &[b'a'; 65], b"a b", b"a/b", "\u{e9}".as_bytes()] {
            assert!(!echoed(&[value]));
        }
    }
}
