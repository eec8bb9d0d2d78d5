//! Configuration: one table of settings (`settings`) drives the file, the variables, the printed form and the docs.
//!
//! Knows nothing of what the settings do. Invariant: the environment and the configuration file are read only here.

pub(crate) mod database_url;
mod duration;
pub(crate) mod environment;
mod file;
pub(crate) mod kind;
mod nearest;
pub(crate) mod reference;
pub(crate) mod resolve;
pub(crate) mod settings;
pub(crate) mod shown;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use database_url::DatabaseUrl;
use kind::{LogFormat, LogLevel};

/// Everything that can be configured; `settings::SETTINGS` says what each field is.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) listen: SocketAddr,
    pub(crate) database_url: Option<DatabaseUrl>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) metrics_listen: SocketAddr,
    pub(crate) docs_enabled: bool,
    pub(crate) clock_skew: Duration,
    pub(crate) hint_budget: u32,
    pub(crate) max_connections: u32,
    pub(crate) first_byte_timeout: Duration,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) drain_delay: Duration,
    pub(crate) drain_timeout: Duration,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) log_level: LogLevel,
    pub(crate) countries_file: Option<PathBuf>,
    pub(crate) states_file: Option<PathBuf>,
    pub(crate) id_types_file: Option<PathBuf>,
}

impl Default for Configuration {
    /// Placeholders only: `resolve` fills every field from the table's defaults.
    fn default() -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            listen: nowhere,
            database_url: None,
            master_key_file: None,
            metrics_listen: nowhere,
            docs_enabled: false,
            clock_skew: Duration::ZERO,
            hint_budget: 0,
            max_connections: 0,
            first_byte_timeout: Duration::ZERO,
            header_timeout: Duration::ZERO,
            body_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::ZERO,
            log_format: None,
            log_level: LogLevel::Info,
            countries_file: None,
            states_file: None,
            id_types_file: None,
        }
    }
}

/// Why a configuration was refused: sentences that name the place and what is accepted, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigurationRefused {
    /// Every problem found.
    pub(crate) errors: Vec<String>,
}
