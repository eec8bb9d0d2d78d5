//! `registrar serve`: production.

use std::path::PathBuf;

use super::database_arguments::effective;
use crate::config::environment::Environment;
use crate::config::resolve::{Effective, FlagValue, Sources};
use crate::config::shown::{shown_as_json, shown_as_text};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::process::{multi_threaded, start_logging_as_configured};
use crate::serving::start;

/// Serve the API in production.
///
/// Takes each setting from a flag, a REGISTRAR_* variable, the configuration file, or its default. Prints `ready` and the
/// base URL on a line of its own when it accepts requests, and ends after SIGTERM or SIGINT when all requests are answered.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArguments {
    /// The configuration file [default: registrar.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the API listens [default: the setting listen, 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The database, such as sqlite:registrar.db or postgres://USER@HOST/DATABASE [default: the setting database.url]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The master key file [default: the setting master_key_file]
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// Print the effective configuration with the origin of each value, and start nothing
    #[arg(long)]
    print_config: bool,
    /// With --print-config: print JSON
    #[arg(long, requires = "print_config")]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &ServeArguments, environment: &Environment) -> Result<Exit, Failure> {
    let flags = arguments.flags();
    let sources =
        Sources { flags: &flags, environment, file: arguments.config.as_deref(), default_file: true };
    let effective = effective(&sources)?;
    if arguments.print_config {
        return print_configuration(&effective, arguments.json);
    }
    let configuration = &effective.configuration;
    let _log = start_logging_as_configured(configuration, environment);
    if !configuration.listen.ip().is_loopback() {
        output::tell(&format!(
            "warning: {} is not a loopback address and Registrar speaks plain HTTP; TLS must end in front of it",
            configuration.listen
        ));
    }
    multi_threaded()?.block_on(async {
        let running = start(configuration, Some(configuration.metrics_listen)).await?;
        running.print_ready()?;
        running.until_ended().await
    })
}

impl ServeArguments {
    fn flags(&self) -> Vec<FlagValue> {
        let mut flags = Vec::new();
        let mut add = |key, flag, text: Option<String>| {
            flags.extend(text.map(|text| FlagValue { key, flag, text }));
        };
        add("listen", "--listen", self.listen.clone());
        add("database.url", "--database", self.database.clone());
        add(
            "master_key_file",
            "--master-key-file",
            self.master_key_file.as_ref().map(|path| path.display().to_string()),
        );
        flags
    }
}

fn print_configuration(effective: &Effective, json: bool) -> Result<Exit, Failure> {
    if json {
        output::print_json(&shown_as_json(effective))?;
    } else {
        output::print(&shown_as_text(effective))?;
    }
    Ok(Exit::Done)
}
