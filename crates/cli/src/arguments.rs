//! The command line: every command with its help. What a command does is in its file under `commands`.

use crate::commands::customer::CustomerArguments;
use crate::commands::master_key::MasterKeyArguments;
use crate::commands::reference::ReferenceArguments;
use crate::commands::serve::ServeArguments;
use crate::commands::sign::SignArguments;

/// Accepts, checks and keeps the customers that platforms submit.
///
/// `registrar dev` runs everything on one machine; `registrar serve` is for production.
#[derive(Debug, clap::Parser)]
#[command(name = "registrar", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, in the order of the help.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Serve(ServeArguments),
    MasterKey(MasterKeyArguments),
    Customer(CustomerArguments),
    Sign(SignArguments),
    #[command(hide = true)]
    Reference(ReferenceArguments),
}
