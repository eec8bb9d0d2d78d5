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
use std::time::Instant;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::Full;
use registrar_domain::ids::TraceId;
use registrar_domain::registry::Caller;
use registrar_wire::{CREATE_CUSTOMER, ErrorCode, REQUEST_ID, TRACE_ID};

use crate::answer::{Answer, INTERNAL_ERROR, Refusal};
use crate::app::App;
use crate::limits::{CLIENT_REQUEST_ID_LENGTH_MAX, HEADER_BYTES_MAX};
use crate::metrics::AnswerCounters;
use crate::routes::{self, Route};

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

/// One listener's routes with what surrounds them.
#[derive(Clone)]
pub struct Surface {
    pub(crate) app: Arc<App>,
    pub(crate) routes: Arc<[Route]>,
}

impl Surface {
    /// Answers one request.
    pub(crate) async fn answer<B: Body<Data = Bytes> + Unpin>(
        &self,
        request: Request<B>,
        peer: IpAddr,
    ) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let context = RequestContext { trace_id: self.app.registry.new_trace_id(), peer };
        let (head, body) = request.into_parts();
        let facts = HeadFacts::of(&head);
        let route = if facts.bytes > HEADER_BYTES_MAX {
            Err(Refusal::new(ErrorCode::HeadersTooLarge, HEADERS_TOO_LARGE))
        } else {
            routes::find(&self.routes, &head.method, head.uri.path())
        };
        let (counters, mut answer) = match route {
            Ok(route) => (&route.counters, self.serve(route, context, &head, body).await),
            Err(refusal) => (&self.app.metrics.unrouted, refusal.answer(context.trace_id)),
        };
        // With a transfer coding, where a request ends may be read in two ways; nothing may follow it on the connection.
        let last = facts.is_chunked || self.app.is_draining();
        finish(&mut answer.response, context.trace_id, facts.client_request_id.as_ref(), last);
        self.observe(counters, &answer, context.trace_id, facts.client_request_id.as_ref(), started);
        answer.response
    }

    /// A handler that panics is a fault of ours like any other: the caller gets a 500 that can be found in the log.
    async fn serve<B: Body<Data = Bytes> + Unpin>(
        &self,
        route: &Route,
        context: RequestContext,
        head: &Parts,
        body: B,
    ) -> Answer {
        let mut served = pin!(routes::serve(route, &self.app, context, head, body));
        let served = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| served.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
            Err(_) => Poll::Ready(None),
        });
        served.await.unwrap_or_else(|| {
            tracing::error!(trace_id = %context.trace_id, "a handler panicked");
            Refusal::new(ErrorCode::InternalError, INTERNAL_ERROR).closing().answer(context.trace_id)
        })
    }

    /// The whole answer, as bytes, to a connection over the bound.
    pub(crate) fn overloaded_answer(&self) -> Vec<u8> {
        let trace_id = self.app.registry.new_trace_id();
        let problem = Refusal::new(ErrorCode::Overloaded, "Too many connections are open. Try again soon.");
        self.app.metrics.count_refused_connection();
        problem.raw_answer(trace_id)
    }

    fn observe(
        &self,
        counters: &AnswerCounters,
        answer: &Answer,
        trace_id: TraceId,
        client_request_id: Option<&HeaderValue>,
        started: Instant,
    ) {
        let (operation, status) = (counters.operation, answer.response.status().as_u16());
        self.app.metrics.count_answer(counters, status, answer.refused);
        if status == 200 && operation == CREATE_CUSTOMER.name {
            self.app.metrics.time_create(started.elapsed());
        }
        let told_with_others =
            answer.refused.is_some_and(|code| !self.is_told(operation, code, answer.caller.as_ref()));
        if told_with_others {
            return;
        }
        let code = answer.refused.map_or("ok", ErrorCode::code);
        let client_request_id = client_request_id.and_then(|value| value.to_str().ok());
        let platform_code = answer.caller.as_ref().map(|caller| caller.platform().code.as_str());
        let error = answer.failure.as_deref();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    %trace_id, client_request_id, operation, status, code, platform_code, error,
                    duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
                    "request"
                )
            };
        }
        match status {
            _ if error.is_some() => line!(error),
            500.. => line!(warn),
            400.. => line!(info),
            _ => line!(debug),
        }
    }

    /// Whether a refused request has a line of its own (decision 7). A fault of ours always has one: its caller is asked to
    /// name its trace id.
    fn is_told(&self, operation: &'static str, code: ErrorCode, caller: Option<&Caller>) -> bool {
        code == ErrorCode::InternalError
            || tracing::enabled!(tracing::Level::DEBUG)
            || self.app.refused_requests.is_told(operation, code, caller)
    }
}

const HEADERS_TOO_LARGE: &str =
    "The target and the headers together are larger than 16 KiB. Send fewer or shorter ones.";

/// What the head says to every operation alike.
struct HeadFacts {
    /// Bytes of the target and of all names and values.
    bytes: usize,
    /// Where the body ends is said by a transfer coding.
    is_chunked: bool,
    /// The caller's id, if there is one of the accepted form (contract 2.4).
    client_request_id: Option<HeaderValue>,
}

impl HeadFacts {
    fn of(head: &Parts) -> Self {
        let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        let mut facts = Self { bytes: target, is_chunked: false, client_request_id: None };
        let mut request_ids = 0;
        for (name, value) in &head.headers {
            facts.bytes += name.as_str().len() + value.len();
            if *name == TRANSFER_ENCODING {
                facts.is_chunked = true;
            } else if *name == REQUEST_ID_HEADER {
                request_ids += 1;
                let acceptable = request_ids == 1 && is_acceptable_id(value.as_bytes());
                facts.client_request_id = acceptable.then(|| value.clone());
            }
        }
        facts
    }
}

fn is_acceptable_id(id: &[u8]) -> bool {
    (1..=CLIENT_REQUEST_ID_LENGTH_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// Puts on an answer what every answer has.
fn finish(
    response: &mut Response<Full<Bytes>>,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let mut request = Request::new(());
        for value in values {
            request.headers_mut().append(REQUEST_ID_HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        HeadFacts::of(&request.into_parts().0).client_request_id.is_some()
    }

    struct FaultyBody;

    impl Body for FaultyBody {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            panic!("a fault");
        }
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
        let surface = Surface::api(&app, false);
        let request = Request::post(CREATE_CUSTOMER.path).body(FaultyBody).unwrap();
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
        assert!(!echoed(&[b"a", b"a", b"a"]));
        for value in [&b""[..], &[b'a'; 65], b"a b", b"a/b", "\u{e9}".as_bytes()] {
            assert!(!echoed(&[value]));
        }
    }
}
