//! The command line: every command with its help. What a command does is in its file under `commands`.

use crate::commands::copy::CopyArguments;
use crate::commands::customer::CustomerArguments;
use crate::commands::dev::DevArguments;
use crate::commands::doctor::DoctorArguments;
use crate::commands::key::KeyArguments;
use crate::commands::lists::ListsArguments;
use crate::commands::master_key::MasterKeyArguments;
use crate::commands::migrate::MigrateArguments;
use crate::commands::platform::PlatformArguments;
use crate::commands::reference::ReferenceArguments;
use crate::commands::serve::ServeArguments;
use crate::commands::sign::SignArguments;

/// Accepts, checks and keeps the customers that platforms submit.
///
/// `registrar dev` runs everything on one machine; `registrar serve` is for production.
///
/// Exit codes: 0 done; 1 refused by the server, or invalid input; 2 the command line or configuration is wrong; 3 the
/// server or database could not be reached or trusted.
#[derive(Debug, clap::Parser)]
#[command(name = "registrar", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, in the order of the help.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Dev(DevArguments),
    Serve(ServeArguments),
    MasterKey(MasterKeyArguments),
    Platform(PlatformArguments),
    Key(KeyArguments),
    Customer(CustomerArguments),
    Sign(SignArguments),
    Lists(ListsArguments),
    Doctor(DoctorArguments),
    Migrate(MigrateArguments),
    Copy(CopyArguments),
    #[command(hide = true)]
    Reference(ReferenceArguments),
}
