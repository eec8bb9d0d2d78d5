//! `registrar dev`: everything on one machine, made on the first start under one folder and kept.
//!
//! Invariant: it never prints a secret, a passphrase or a signature, and never overwrites a master key.

mod data_folder;
mod example;
mod next_steps;
mod own_platform;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use data_folder::DataFolder;
use example::submit_example;
use next_steps::{NextSteps, invocation};
use own_platform::prepare_platform;

use super::database_arguments::{OperatorArguments, effective};
use crate::config::Configuration;
use crate::config::environment::Environment;
use crate::config::resolve::{FlagValue, Sources};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::process::{multi_threaded, start_logging_as_configured};
use crate::serving::{Running, start};

/// The port that contract 5 names.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Run everything on one machine, for development.
///
/// Makes a database, a master key, a sandbox platform and an API key under --data on the first start, and keeps them.
/// Writes <data>/credentials.json, submits the documented sample on a second platform called Example, prints the answer and
/// the next commands, then `ready` and the base URL on a line of its own, and serves until SIGINT or SIGTERM.
#[derive(Debug, clap::Args)]
pub(crate) struct DevArguments {
    /// Where the API listens; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// The folder for everything that is kept
    #[arg(long, value_name = "DIR", default_value = "./registrar-data")]
    data: PathBuf,
    /// Do not submit the documented sample; print the ready line alone
    #[arg(long)]
    no_example: bool,
    /// Also serve /healthz, /readyz and /metrics at this address
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Listen on an address that others can reach: without TLS, with keys made for development
    #[arg(long)]
    unsafe_listen: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &DevArguments, environment: &Environment) -> Result<Exit, Failure> {
    if !arguments.listen.ip().is_loopback() && !arguments.unsafe_listen {
        return Err(Failure::usage(
            format!(
                "{} is not a loopback address: others could reach this development server",
                arguments.listen
            ),
            "listen on 127.0.0.1, or add --unsafe-listen if that is what you want",
        ));
    }
    let folder = DataFolder::new(arguments.data.clone());
    let configuration = arguments.configure(&folder, environment)?;
    let _log = start_logging_as_configured(&configuration, environment);
    folder.prepare()?;
    multi_threaded()?.block_on(async {
        let running = start(&configuration, arguments.metrics).await?;
        introduce(&running, &folder, arguments.no_example, environment).await?;
        running.print_ready()?;
        running.until_ended().await
    })
}

/// Prepares platforms and files, and unless unwanted the example with the next steps.
async fn introduce(
    running: &Running,
    folder: &DataFolder,
    no_example: bool,
    environment: &Environment,
) -> Result<(), Failure> {
    let act = || OperatorArguments::default().act(environment);
    let own = prepare_platform("Development", &folder.credentials(), running, &act).await?;
    if no_example {
        return Ok(());
    }
    let example = prepare_platform("Example", &folder.example_credentials(), running, &act).await?;
    folder.write_sample()?;
    let introduction = submit_example(example).await?;
    output::print(&introduction)?;
    let steps = NextSteps {
        program: invocation(),
        folder,
        platform_code: &own.platform_code,
        base_url: &running.base_url,
    };
    output::print(&steps.text())
}

impl DevArguments {
    /// Everything that names this installation comes from the flags, so that a variable meant for another one cannot.
    fn configure(&self, folder: &DataFolder, environment: &Environment) -> Result<Configuration, Failure> {
        let flag = |key, flag, text: String| FlagValue { key, flag, text };
        let mut flags = vec![
            flag("listen", "--listen", self.listen.to_string()),
            flag("database.url", "--data", format!("sqlite:{}", folder.database().display())),
            flag("master_key_file", "--data", folder.master_key().display().to_string()),
            flag("docs.enabled", "dev", "true".to_owned()),
        ];
        flags.extend(self.metrics.map(|address| flag("metrics.listen", "--metrics", address.to_string())));
        let sources = Sources { flags: &flags, environment, file: None, default_file: false };
        Ok(effective(&sources)?.configuration)
    }
}
