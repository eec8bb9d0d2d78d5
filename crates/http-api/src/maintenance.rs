//! What a server does beside answering: takes over changed platforms and keys, stores when keys were last used, and logs
//! how many refused requests had no line of their own.

use std::sync::Arc;

use registrar_domain::store::StoreFailure;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::app::App;
use crate::limits::{ACCESS_REFRESH_INTERVAL, KEY_USE_INTERVAL, REFUSALS_COUNTED_FOR};

/// Runs until `shutdown` turns true or its sender is gone.
pub async fn maintain(app: Arc<App>, mut shutdown: watch::Receiver<bool>) {
    let mut ticks = interval(ACCESS_REFRESH_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let registry = &app.registry;
    let mut key_use_due = Instant::now() + KEY_USE_INTERVAL;
    let mut refusals_due = Instant::now() + REFUSALS_COUNTED_FOR;
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            _ = shutdown.wait_for(|told| *told) => break,
            _ = ticks.tick() => {}
        }
        let outcome = registry.refresh_access().await;
        report(&mut failing, outcome.as_ref().err());
        if Instant::now() >= refusals_due {
            refusals_due = Instant::now() + REFUSALS_COUNTED_FOR;
            app.tell_counted_refusals();
        }
        if Instant::now() >= key_use_due {
            key_use_due = Instant::now() + KEY_USE_INTERVAL;
            // A use that is not stored is stored with the next one; the request it belongs to was answered long ago.
            let _ = registry.record_key_use().await;
        }
    }
    let _ = registry.record_key_use().await;
}

/// Logs the first failure of a row and its end, not each of ten a second.
fn report(failing: &mut bool, failure: Option<&StoreFailure>) {
    match failure {
        Some(failure) if !*failing => {
            tracing::error!(error = %failure, "platforms and keys cannot be re-read; changes are not obeyed");
        }
        None if *failing => tracing::info!("platforms and keys are re-read again"),
        Some(_) | None => {}
    }
    *failing = failure.is_some();
}
