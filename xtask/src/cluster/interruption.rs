//! Ctrl-C and SIGTERM: noticed, so that what was built is torn down before this program ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use crate::Outcome;

static WANTED: AtomicBool = AtomicBool::new(false);

/// How soon an interruption is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Notices interruptions from now on.
pub(crate) fn watch() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupts, mut ends) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupts.recv() => (), _ = ends.recv() => () }
        });
        WANTED.store(true, Ordering::SeqCst);
    });
    Ok(())
}

/// Whether this program was asked to end.
pub(crate) fn is_wanted() -> bool {
    WANTED.load(Ordering::SeqCst)
}

/// Waits; an error if this program is asked to end meanwhile.
pub(crate) fn pause(span: Duration) -> Outcome<()> {
    let until = Instant::now() + span;
    loop {
        if is_wanted() {
            return Err("interrupted".into());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(LOOK_EVERY));
    }
}

/// Asks again and again until `condition` gives something, or fails with `what` when it takes longer than `within`.
pub(crate) fn wait_for<T>(
    what: &str,
    within: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> Outcome<T> {
    let until = Instant::now() + within;
    while Instant::now() < until {
        if let Some(found) = condition() {
            return Ok(found);
        }
        pause(LOOK_EVERY)?;
    }
    Err(format!("{what}: not within {within:?}").into())
}
