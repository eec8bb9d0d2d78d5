//! `registrar serve`.
use crate::config::environment::Environment;
use crate::config::resolve::{FlagValue, Sources, resolve};
use crate::config::shown::{shown_as_json, shown_as_text};
use crate::failure::{Exit, Failure};
use crate::output;
use std::path::PathBuf;

/// Serve the API in production.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArguments {
    /// The configuration file [default: registrar.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the effective configuration with the origin of each value, and start nothing
    #[arg(long)]
    print_config: bool,
    /// With --print-config: print JSON
    #[arg(long, requires = "print_config")]
    json: bool,
}

pub(crate) fn run(arguments: &ServeArguments, environment: &Environment) -> Result<Exit, Failure> {
    let flags: Vec<FlagValue> = Vec::new();
    let sources =
        Sources { flags: &flags, environment, file: arguments.config.as_deref(), default_file: true };
    let effective = resolve(&sources).map_err(|refused| Failure::with_errors(Exit::Usage, refused.errors))?;
    if arguments.json {
        output::print_json(&shown_as_json(&effective))?;
    } else {
        output::print(&shown_as_text(&effective))?;
    }
    Ok(Exit::Done)
}
