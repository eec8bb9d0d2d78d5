//! The credentials form as a file: `credentials.json` of `dev`, or what `key create --out` wrote.

use std::path::{Path, PathBuf};

use registrar_wire::Credentials;

use crate::failure::Failure;
use crate::system::private_file::replace_private_file;

/// Where `dev` leaves the credentials unless `--data` names another folder.
pub(crate) const DEFAULT_CREDENTIALS: &str = "./registrar-data/credentials.json";

/// The credentials file in a data folder of `dev`.
pub(crate) fn credentials_file_of(data: &Path) -> PathBuf {
    data.join("credentials.json")
}

/// Reads a credentials file; errors never show what is in it.
pub(crate) fn read_credentials(path: Option<&Path>) -> Result<Credentials, Failure> {
    let path = path.map_or_else(|| PathBuf::from(DEFAULT_CREDENTIALS), Path::to_owned);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::usage(
            format!("cannot read the credentials file {}: {error}", path.display()),
            "start `registrar dev`, which makes one, or name yours with --credentials FILE",
        )
    })?;
    serde_json::from_str(&text).map_err(|_| {
        Failure::usage(
            format!("{} is not a credentials file", path.display()),
            "it must be one JSON object with base_url, platform_code, api_key, secret and passphrase, \
             as `registrar key create --out FILE` writes it",
        )
    })
}

/// Writes a credentials file for its owner alone, in one step.
pub(crate) fn write_credentials(path: &Path, credentials: &Credentials) -> Result<(), Failure> {
    let cannot = |what: &dyn std::fmt::Display| {
        Failure::untrusted(
            format!("cannot write {}: {what}", path.display()),
            "check the folder and its permissions",
        )
    };
    let text = serde_json::to_string_pretty(credentials).map_err(|error| cannot(&error))?;
    replace_private_file(path, format!("{text}\n").as_bytes()).map_err(|error| cannot(&error))
}
