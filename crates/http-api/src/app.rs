//! What every handler shares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use registrar_domain::registry::Registry;
use tokio::time::Instant;

use crate::limits::{BODIES_IN_PIECES_KIB_MAX, HttpLimits, PROBE_INTERVAL_MAX};
use crate::metrics::Metrics;
use crate::refused_requests::RefusedRequests;
use crate::request_body::BodyBudget;

/// The state behind both listeners.
pub struct App {
    pub(crate) registry: Arc<Registry>,
    pub(crate) metrics: Metrics,
    pub(crate) limits: HttpLimits,
    pub(crate) body_budget: BodyBudget,
    pub(crate) refused_requests: RefusedRequests,
    draining: AtomicBool,
    probed_at: Mutex<Option<Instant>>,
}

impl App {
    /// The state of one process.
    pub fn new(registry: Arc<Registry>, metrics: Metrics, limits: HttpLimits) -> Arc<Self> {
        let body_budget = BodyBudget::new(BODIES_IN_PIECES_KIB_MAX);
        let draining = AtomicBool::new(false);
        let (refused_requests, probed_at) = (RefusedRequests::default(), Mutex::default());
        Arc::new(Self { registry, metrics, limits, body_budget, refused_requests, draining, probed_at })
    }

    /// From now on the server is not ready, so that a balancer sends no more. What comes is still served, and each answer
    /// closes its connection: a balancer then holds none that the server is about to close under a request.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// How long the listener must stay open once draining began: `http.drain_delay` if somebody watches `/readyz`, who
    /// needs that time to notice, and otherwise no time at all.
    pub fn drain_delay(&self) -> Duration {
        let probed_at = *self.probed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_watched = probed_at.is_some_and(|at| at.elapsed() <= PROBE_INTERVAL_MAX);
        if is_watched { self.limits.drain_delay } else { Duration::ZERO }
    }

    /// Logs how many refused requests had no line of their own since the last call; to be called once a second and at the
    /// end.
    pub fn tell_counted_refusals(&self) {
        self.refused_requests.tell_counted();
    }

    /// Whether the server is ending.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Somebody asks whether the server is ready.
    pub(crate) fn note_probe(&self) {
        *self.probed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
