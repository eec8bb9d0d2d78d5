//! What a serving process has once: its runtime and its log.

use std::io::IsTerminal as _;
use std::sync::Arc;

use tracing_appender::non_blocking::WorkerGuard;

use crate::config::Configuration;
use crate::config::environment::Environment;
use crate::failure::Failure;
use crate::logging::{LogChoice, start_logging};
use crate::system::clock::SystemClock;

/// A runtime with a thread per processor.
pub(crate) fn multi_threaded() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| cannot_start(&error))
}

/// A runtime for one operator's command.
pub(crate) fn single_threaded() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| cannot_start(&error))
}

fn cannot_start(error: &std::io::Error) -> Failure {
    Failure::untrusted(format!("cannot start: {error}"), "check the limits of this process")
}

/// Starts logging to standard error.
pub(crate) fn start_logging_as_configured(
    configuration: &Configuration,
    environment: &Environment,
) -> WorkerGuard {
    let choice = LogChoice::new(
        configuration.log_format,
        configuration.log_level,
        std::io::stderr().is_terminal(),
        environment.no_color(),
    );
    start_logging(choice, Arc::new(SystemClock))
}
