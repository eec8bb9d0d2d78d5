//! What every handler shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use registrar_domain::registry::Registry;

use crate::limits::{BODIES_IN_PIECES_KIB_MAX, HttpLimits};
use crate::metrics::Metrics;
use crate::request_body::BodyBudget;

/// The state behind both listeners.
pub struct App {
    pub(crate) registry: Arc<Registry>,
    pub(crate) metrics: Metrics,
    pub(crate) limits: HttpLimits,
    pub(crate) body_budget: BodyBudget,
    draining: AtomicBool,
}

impl App {
    /// The state of one process.
    pub fn new(registry: Arc<Registry>, metrics: Metrics, limits: HttpLimits) -> Arc<Self> {
        let body_budget = BodyBudget::new(BODIES_IN_PIECES_KIB_MAX);
        Arc::new(Self { registry, metrics, limits, body_budget, draining: AtomicBool::new(false) })
    }

    /// From now on the server is not ready, so that a balancer sends no more; what comes is still served.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is ending.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
