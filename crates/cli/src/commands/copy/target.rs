//! The target of a copy as something that comes back: what passes is tried again over a new connection.

use std::time::Duration;

use registrar_store_postgres::{CopyTarget, TargetError};

use super::progress::Progress;
use crate::failure::Failure;

/// The pause before the next attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// Attempts without any progress in between: some minutes, in which a cluster fails over many times.
const ATTEMPTS_MAX: u32 = 120;

/// The target, and how often it failed since it last did something.
pub(super) struct Target {
    connection: CopyTarget,
    progress: Progress,
    attempts: u32,
}

/// Why a piece of work ended.
pub(super) enum Interrupted {
    /// By the target; perhaps it can be done again.
    Target(TargetError),
    /// For good.
    Failure(Failure),
}

impl From<TargetError> for Interrupted {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

impl From<Failure> for Interrupted {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Target {
    /// A target that is connected.
    pub(super) fn new(connection: CopyTarget, progress: Progress) -> Self {
        Self { connection, progress, attempts: 0 }
    }

    /// Does what may be done twice until it succeeds, fails for good, or has failed too often.
    pub(super) fn persist<T>(
        &mut self,
        work: impl Fn(&CopyTarget) -> Result<T, TargetError>,
    ) -> Result<T, Failure> {
        self.persist_with(|target| Ok(work(&target.connection)?))
    }

    /// The same for work that has several steps, each of which is told by `succeeded`.
    pub(super) fn persist_with<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, Interrupted>,
    ) -> Result<T, Failure> {
        loop {
            match work(self) {
                Ok(value) => {
                    self.attempts = 0;
                    return Ok(value);
                }
                Err(Interrupted::Failure(failure)) => return Err(failure),
                Err(Interrupted::Target(TargetError::Failed(text))) => {
                    return Err(Failure::untrusted(
                        format!("the target refused: {text}"),
                        "cure what the text names, then run the same command again; it goes on where it was",
                    ));
                }
                Err(Interrupted::Target(TargetError::Passing(text))) => self.come_back(&text)?,
            }
        }
    }

    /// The connection, for one step.
    pub(super) fn connection(&self) -> &CopyTarget {
        &self.connection
    }

    /// A step was done, so the next failure is a new one.
    pub(super) fn succeeded(&mut self) {
        self.attempts = 0;
    }

    fn come_back(&mut self, text: &str) -> Result<(), Failure> {
        self.attempts += 1;
        if self.attempts > ATTEMPTS_MAX {
            return Err(Failure::untrusted(
                format!("the target does not come back: {text}"),
                "see that it runs; if it is only slow, give fewer --batch-rows; then run the same command again; it goes on where it was",
            ));
        }
        if self.attempts == 1 {
            self.progress.tell(&format!("the target was lost ({text}); connecting again"));
        }
        std::thread::sleep(PAUSE);
        // Without a connection the next attempt fails at once and comes back here.
        let _ = self.connection.reconnect();
        Ok(())
    }
}
