//! `registrar master-key create`: a new master key in a file of its own, for its owner alone, never over another.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use registrar_crypto::keyring::MasterKeys;
use registrar_domain::entropy::random_bytes;

use crate::failure::{Exit, Failure};
use crate::output;
use crate::system::entropy::ThreadEntropy;
use crate::system::private_file::create_private_file;

/// Make master keys.
#[derive(Debug, clap::Args)]
pub(crate) struct MasterKeyArguments {
    #[command(subcommand)]
    command: MasterKeyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum MasterKeyCommand {
    /// Make a new master key in a file that only its owner may read; never overwrites
    Create {
        /// The file to make
        path: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(arguments: &MasterKeyArguments) -> Result<Exit, Failure> {
    let MasterKeyCommand::Create { path } = &arguments.command;
    create_master_key(path)?;
    output::tell(&format!(
        "made {}; keep a copy apart from the database: without it nothing that is stored can be read again",
        path.display()
    ));
    Ok(Exit::Done)
}

/// Writes a new master key file.
pub(crate) fn create_master_key(path: &Path) -> Result<(), Failure> {
    let content = MasterKeys::generate(random_bytes(&ThreadEntropy));
    create_private_file(path, content.as_bytes()).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::refused(
            format!("{} exists and is not overwritten", path.display()),
            "name another file; a database needs the key it was made with",
        ),
        ErrorKind::NotFound => Failure::refused(
            format!("the folder of {} does not exist", path.display()),
            "make the folder first",
        ),
        _ => Failure::untrusted(
            format!("cannot write {}: {error}", path.display()),
            "check the folder and its permissions",
        ),
    })
}
