//! Which database a command works on, and in whose name.

use std::path::{Path, PathBuf};

use registrar_domain::clock::Clock as _;
use registrar_domain::entropy::random_bytes;
use registrar_domain::ids::TraceId;
use registrar_domain::store::OperatorAct;

use crate::config::ConfigurationRefused;
use crate::config::environment::Environment;
use crate::config::resolve::{Effective, FlagValue, Sources, resolve};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::system::clock::SystemClock;
use crate::system::entropy::ThreadEntropy;

/// The flags that name a database.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DatabaseArguments {
    /// The database, such as sqlite:registrar.db or postgres://USER@HOST/DATABASE [default: the setting database.url]
    #[arg(long, value_name = "URL", conflicts_with = "data", help_heading = "Database")]
    pub(crate) database: Option<String>,
    /// The data folder of `registrar dev`, which holds the database and its master key
    #[arg(long, value_name = "DIR", help_heading = "Database")]
    pub(crate) data: Option<PathBuf>,
    /// The master key file of the database [default: the setting master_key_file]
    #[arg(long, value_name = "FILE", conflicts_with = "data", help_heading = "Database")]
    master_key_file: Option<PathBuf>,
    /// The configuration file [default: registrar.toml, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Database")]
    config: Option<PathBuf>,
}

/// Who an audit event names.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct OperatorArguments {
    /// Your name in the audit log [default: the user who runs the command]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

/// The database file in a data folder of `dev`.
pub(crate) fn database_file_of(data: &Path) -> PathBuf {
    data.join("registrar.db")
}

/// The master key file in a data folder of `dev`.
pub(crate) fn master_key_file_of(data: &Path) -> PathBuf {
    data.join("master.key")
}

impl DatabaseArguments {
    /// The effective configuration with these flags; warnings go to standard error.
    pub(crate) fn resolve(&self, environment: &Environment) -> Result<Effective, Failure> {
        let flags = self.flags();
        effective(&self.sources(&flags, environment))
    }

    /// The same without telling anything, for who shows the warnings in another way.
    pub(crate) fn resolve_quietly(
        &self,
        environment: &Environment,
    ) -> Result<Effective, ConfigurationRefused> {
        let flags = self.flags();
        resolve(&self.sources(&flags, environment))
    }

    fn sources<'a>(&'a self, flags: &'a [FlagValue], environment: &'a Environment) -> Sources<'a> {
        Sources { flags, environment, file: self.config.as_deref(), default_file: true }
    }

    fn flags(&self) -> Vec<FlagValue> {
        let mut flags = Vec::new();
        let mut add = |key, flag, text: String| flags.push(FlagValue { key, flag, text });
        if let Some(database) = &self.database {
            add("database.url", "--database", database.clone());
        }
        if let Some(path) = &self.master_key_file {
            add("master_key_file", "--master-key-file", path.display().to_string());
        }
        if let Some(data) = &self.data {
            add("database.url", "--data", format!("sqlite:{}", database_file_of(data).display()));
            add("master_key_file", "--data", master_key_file_of(data).display().to_string());
        }
        flags
    }

    /// Whether the command line itself names a database.
    pub(crate) fn names_a_database(&self) -> bool {
        self.database.is_some() || self.data.is_some()
    }
}

/// Resolves the configuration and tells its warnings.
pub(crate) fn effective(sources: &Sources<'_>) -> Result<Effective, Failure> {
    let effective = resolve(sources).map_err(|refused| Failure::with_errors(Exit::Usage, refused.errors))?;
    for warning in &effective.warnings {
        output::tell(&format!("warning: {warning}"));
    }
    Ok(effective)
}

impl OperatorArguments {
    /// An act of this operator, now.
    pub(crate) fn act(&self, environment: &Environment) -> OperatorAct {
        let user = || environment.user().map(str::to_owned);
        let number = || format!("uid {}", rustix::process::getuid().as_raw());
        let now = SystemClock.now();
        OperatorAct {
            operator: self.operator.clone().or_else(user).unwrap_or_else(number),
            at: now,
            trace_id: TraceId::new(now, random_bytes(&ThreadEntropy)),
        }
    }
}
