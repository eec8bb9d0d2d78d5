//! The folder that `dev` keeps everything in: which file is which, and making it on the first start.

use std::path::{Path, PathBuf};

use crate::commands::database_arguments::{database_file_of, master_key_file_of};
use crate::commands::master_key::create_master_key;
use crate::credentials_file::credentials_file_of;
use crate::failure::Failure;
use crate::system::private_file::{create_private_file, create_private_folder};

/// The sample request of the API page, byte for byte.
pub(super) const SAMPLE: &[u8] = include_bytes!("sample_customer.json");

/// A data folder.
pub(super) struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        database_file_of(&self.path)
    }

    pub(super) fn master_key(&self) -> PathBuf {
        master_key_file_of(&self.path)
    }

    /// The credentials of the user's own platform.
    pub(super) fn credentials(&self) -> PathBuf {
        credentials_file_of(&self.path)
    }

    /// The credentials of the platform Example, kept because a secret is known only when it is made.
    pub(super) fn example_credentials(&self) -> PathBuf {
        self.path.join("example-credentials.json")
    }

    /// A customer to submit as the next step.
    pub(super) fn sample(&self) -> PathBuf {
        self.path.join("customer.json")
    }

    /// Makes the folder and the master key; a key that is gone is not replaced while its database is there.
    pub(super) fn prepare(&self) -> Result<(), Failure> {
        create_private_folder(&self.path).map_err(|error| {
            Failure::untrusted(
                format!("cannot make the folder {}: {error}", self.path.display()),
                "name another with --data",
            )
        })?;
        match (self.master_key().exists(), self.database().exists()) {
            (true, _) => Ok(()),
            (false, false) => create_master_key(&self.master_key()),
            (false, true) => Err(Failure::untrusted(
                format!(
                    "{} is gone, and what the database holds cannot be read without it",
                    self.master_key().display()
                ),
                "put the file back, or start anew with another --data",
            )),
        }
    }

    /// Writes the sample unless there is one: it is the user's to change.
    pub(super) fn write_sample(&self) -> Result<(), Failure> {
        match create_private_file(&self.sample(), SAMPLE) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(Failure::untrusted(
                format!("cannot write {}: {error}", self.sample().display()),
                "check the folder and its permissions",
            )),
            _ => Ok(()),
        }
    }
}
