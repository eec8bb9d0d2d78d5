//! Counts and durations in the OpenMetrics text format; labels come from closed lists, never from a request.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use registrar_wire::ErrorCode;

/// The content type of the text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds; from a refused request in memory to a stalled disk.
const DURATION_BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    status: u16,
    code: &'static str,
}

/// The counters of one operation's answers, found by their labels once.
pub(crate) struct AnswerCounters {
    pub(crate) operation: &'static str,
    accepted: OnceLock<Counter>,
    refused: [OnceLock<Counter>; ErrorCode::ALL.len()],
}

impl AnswerCounters {
    /// Counters that are not found yet.
    pub(crate) const fn new(operation: &'static str) -> Self {
        Self {
            operation,
            accepted: OnceLock::new(),
            refused: [const { OnceLock::new() }; ErrorCode::ALL.len()],
        }
    }
}

/// How a figure of the engine moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// Only up; its sample has the suffix `_total`.
    Counter,
    /// Up and down.
    Gauge,
}

/// One figure of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineFigure {
    /// Its name, without the prefix of every metric and without a suffix.
    pub name: &'static str,
    /// What it counts, without a full stop.
    pub help: &'static str,
    /// How it moves.
    pub kind: FigureKind,
    /// Its value now.
    pub value: u64,
}

/// The engine's own figures, read when metrics are asked for.
pub type EngineFigures = Box<dyn Fn() -> Vec<EngineFigure> + Send + Sync>;

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    create_seconds: Histogram,
    refused_connections: Counter,
    engine: EngineFigures,
    /// Of requests that reached no operation.
    pub(crate) unrouted: AnswerCounters,
}

impl Metrics {
    /// Metrics that begin at zero, beside the figures of the engine.
    pub fn new(engine: EngineFigures) -> Self {
        let mut registry = Registry::with_prefix("registrar");
        let requests = Family::<RequestLabels, Counter>::default();
        let create_seconds = Histogram::new(DURATION_BUCKETS);
        let refused_connections = Counter::default();
        registry.register("requests", "Requests answered, by operation, status and code", requests.clone());
        registry.register_with_unit(
            "create_customer_duration",
            "Time to answer a create_customer request that was accepted",
            Unit::Seconds,
            create_seconds.clone(),
        );
        registry.register(
            "refused_connections",
            "Connections closed because too many were open",
            refused_connections.clone(),
        );
        registry.register(
            "build",
            "The program that runs",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        let unrouted = AnswerCounters::new("none");
        Self { registry, requests, create_seconds, refused_connections, engine, unrouted }
    }

    /// Counts an answer: a refusal, or a success with this status.
    pub(crate) fn count_answer(&self, counters: &AnswerCounters, status: u16, refused: Option<ErrorCode>) {
        let code = refused.map_or("ok", ErrorCode::code);
        let labels = RequestLabels { operation: counters.operation, status, code };
        let found = match refused {
            Some(code) => counters.refused.get(code as usize),
            None => (status == 200).then_some(&counters.accepted),
        };
        match found {
            Some(found) => found.get_or_init(|| self.requests.get_or_create_owned(&labels)).inc(),
            None => self.requests.get_or_create_owned(&labels).inc(),
        };
    }

    /// Notes how long an accepted create took.
    pub(crate) fn time_create(&self, elapsed: Duration) {
        self.create_seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts a connection over the bound.
    pub(crate) fn count_refused_connection(&self) {
        self.refused_connections.inc();
    }

    /// The text of every metric.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        let end = text.rfind("# EOF").unwrap_or(text.len());
        text.truncate(end);
        for EngineFigure { name, help, kind, value } in (self.engine)() {
            let (kind, suffix) = match kind {
                FigureKind::Counter => ("counter", "_total"),
                FigureKind::Gauge => ("gauge", ""),
            };
            writeln!(
                text,
                "# HELP registrar_{name} {help}.\n# TYPE registrar_{name} {kind}\nregistrar_{name}{suffix} {value}"
            )?;
        }
        text.push_str("# EOF\n");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_holds_what_was_counted_and_ends_once() {
        let figure = |name, kind, value| EngineFigure { name, help: "Counted", kind, value };
        let metrics = Metrics::new(Box::new(move || {
            vec![
                figure("store_commits", FigureKind::Counter, 7),
                figure("store_queue_depth", FigureKind::Gauge, 3),
            ]
        }));
        let counters = AnswerCounters::new("create_customer");
        metrics.count_answer(&counters, 200, None);
        metrics.count_answer(&counters, 302, None);
        metrics.time_create(Duration::from_millis(3));
        for _ in 0..2 {
            metrics.count_answer(&counters, 401, Some(ErrorCode::InvalidSignature));
        }
        metrics.count_refused_connection();
        let text = metrics.text().unwrap();
        for line in [
            r#"registrar_requests_total{operation="create_customer",status="200",code="ok"} 1"#,
            r#"registrar_requests_total{operation="create_customer",status="302",code="ok"} 1"#,
            r#"registrar_requests_total{operation="create_customer",status="401",code="invalid_signature"} 2"#,
            "registrar_create_customer_duration_seconds_count 1",
            "registrar_refused_connections_total 1",
            "# TYPE registrar_store_commits counter\nregistrar_store_commits_total 7\n",
            "# TYPE registrar_store_queue_depth gauge\nregistrar_store_queue_depth 3\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(text.matches("# EOF").count(), 1);
        assert!(text.ends_with("# EOF\n"));
    }
}
