//! `registrar key`: make, list and revoke the API keys of a platform.

use std::path::{Path, PathBuf};

use registrar_domain::access::KeyAccess;
use registrar_domain::clock::UnixMillis;
use registrar_domain::platform::Permission;
use registrar_domain::registry::KeyTerms;
use registrar_wire::Credentials;
use serde::Serialize;
use zeroize::Zeroizing;

use super::database_arguments::{DatabaseArguments, OperatorArguments};
use super::instant::{format_instant, parse_instant};
use super::table::{columns, names_and_values};
use crate::config::environment::Environment;
use crate::credentials_file::{credentials_file_of, read_credentials};
use crate::failure::{Exit, Failure};
use crate::installation::operate;
use crate::output;
use crate::system::private_file::{create_private_file, folder_of};

/// Make, list and revoke API keys.
///
/// Works on the database, also while servers run on it: they obey within a second. To rotate a key, create a second one,
/// switch to it, and revoke the first.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyArguments {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, clap::Subcommand)]
enum KeyCommand {
    /// Make an API key and print its credentials, for the only time
    Create {
        #[command(flatten)]
        create: CreateArguments,
        #[command(flatten)]
        scope: Scope,
    },
    /// List the API keys of a platform
    List {
        #[command(flatten)]
        scope: Scope,
    },
    /// Revoke an API key, at once and for good
    Revoke {
        /// The api_key of the credentials
        api_key: String,
        #[command(flatten)]
        scope: Scope,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArguments {
    /// What the key is for, up to 100 characters
    #[arg(long, default_value = "")]
    label: String,
    /// What it may be used for; may be repeated [default: customers:write]
    #[arg(long = "permission", value_name = "PERMISSION", value_parser = parse_permission)]
    permissions: Vec<Permission>,
    /// From when on it is refused: a date or a moment in RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = parse_expiry)]
    expires: Option<UnixMillis>,
    /// Write the credentials to this new file, for its owner alone, and print no secret; never overwrites
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The base_url of the printed credentials [default: that of credentials.json, or the configured address]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Scope {
    /// The platform_code
    #[arg(long, value_name = "CODE")]
    platform: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    database: DatabaseArguments,
}

fn parse_permission(text: &str) -> Result<Permission, String> {
    Permission::parse(text).ok_or_else(|| {
        let all: Vec<_> = Permission::ALL.iter().map(|permission| permission.code()).collect();
        format!("write one of: {}", all.join(", "))
    })
}

fn parse_expiry(text: &str) -> Result<UnixMillis, String> {
    parse_instant(text).ok_or_else(|| "write a date such as 2027-01-31, or 2027-01-31T12:00:00Z".to_owned())
}

/// Runs the command.
pub(crate) fn run(arguments: &KeyArguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.command {
        KeyCommand::Create { create: new, scope } => create(new, scope, environment),
        KeyCommand::List { scope } => list(scope, environment),
        KeyCommand::Revoke { api_key, scope } => revoke(api_key, scope, environment),
    }
}

fn create(new: &CreateArguments, scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    // Before the key is made: a key whose secret cannot be kept only has to be revoked.
    new.out.as_deref().map_or(Ok(()), refuse_a_place_that_cannot_be)?;
    let operating = operate(&scope.database, environment)?;
    let terms =
        KeyTerms { label: new.label.clone(), permissions: new.permissions.clone(), expires_at: new.expires };
    let act = scope.operator.act(environment);
    let made = operating.run(operating.registry.create_api_key(&scope.platform, terms, act))?;
    let credentials = Credentials {
        base_url: base_url(new, scope, operating.effective.configuration.listen),
        platform_code: made.platform_code.clone(),
        api_key: made.api_key.clone(),
        secret: made.secret.to_string(),
        passphrase: made.passphrase.to_string(),
    };
    match &new.out {
        Some(path) => keep(&credentials, path, scope.json)?,
        None => show(credentials, scope.json)?,
    }
    output::tell(output::OBEYED_SOON);
    Ok(Exit::Done)
}

fn lost(api_key: &str) -> String {
    format!("nobody has seen the secret: revoke the key {api_key} and make another")
}

fn show(credentials: Credentials, json: bool) -> Result<(), Failure> {
    let api_key = credentials.api_key.clone();
    let text = if json {
        output::json_text(&credentials)?
    } else {
        names_and_values(&[
            ("base_url", credentials.base_url),
            ("platform_code", credentials.platform_code),
            ("api_key", credentials.api_key),
            ("secret", credentials.secret),
            ("passphrase", credentials.passphrase),
        ])
    };
    output::print_once(&text, || lost(&api_key))?;
    output::progress("Secret and passphrase are shown this once; keep them now.");
    Ok(())
}

fn refuse_a_place_that_cannot_be(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::refused(
            format!("{} exists and is not overwritten", path.display()),
            "name another file; no key was made",
        ));
    }
    if !folder_of(path).is_dir() {
        return Err(Failure::refused(
            format!("the folder of {} does not exist", path.display()),
            "make the folder first; no key was made",
        ));
    }
    Ok(())
}

/// Writes the credentials to a new file, and prints what of them is no secret.
fn keep(credentials: &Credentials, path: &Path, json: bool) -> Result<(), Failure> {
    let text = Zeroizing::new(output::json_text(credentials)?);
    create_private_file(path, text.as_bytes()).map_err(|error| {
        Failure::untrusted(format!("cannot write {}: {error}", path.display()), lost(&credentials.api_key))
    })?;
    let kept = Kept {
        platform_code: &credentials.platform_code,
        api_key: &credentials.api_key,
        credentials_file: path.display().to_string(),
    };
    if json {
        return output::print_json(&kept);
    }
    output::print(&names_and_values(&[
        ("platform_code", kept.platform_code.to_owned()),
        ("api_key", kept.api_key.to_owned()),
        ("credentials_file", kept.credentials_file),
    ]))
}

#[derive(Serialize)]
struct Kept<'a> {
    platform_code: &'a str,
    api_key: &'a str,
    credentials_file: String,
}

/// Only the operator knows the public address; without one, the address the server is known to listen on.
fn base_url(new: &CreateArguments, scope: &Scope, listen: std::net::SocketAddr) -> String {
    let of_dev = || {
        let data = scope.database.data.as_deref()?;
        read_credentials(Some(&credentials_file_of(data))).ok().map(|credentials| credentials.base_url)
    };
    new.base_url.clone().or_else(of_dev).unwrap_or_else(|| format!("http://{listen}"))
}

fn list(scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&scope.database, environment)?;
    let platform = operating.registry.platform(&scope.platform).map_err(Failure::from)?;
    let now = operating.registry.now();
    let keys = operating.registry.api_keys(platform.platform.number);
    let shown: Vec<_> = keys.iter().map(|key| Shown::new(key, now)).collect();
    if scope.json {
        output::print_json(&shown)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = shown.into_iter().map(Shown::row).collect();
    output::print(&columns(
        ["API KEY", "STATE", "PERMISSIONS", "CREATED", "EXPIRES", "LAST USED", "LABEL"],
        &rows,
    ))?;
    Ok(Exit::Done)
}

fn revoke(api_key: &str, scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&scope.database, environment)?;
    let act = scope.operator.act(environment);
    let revoked = operating.run(operating.registry.revoke_api_key(&scope.platform, api_key, act))?;
    if revoked {
        output::tell(output::OBEYED_SOON);
    }
    if scope.json {
        output::print_json(&Revoked { api_key, revoked_now: revoked })?;
    } else if revoked {
        output::print(&format!("revoked {api_key}\n"))?;
    } else {
        output::print(&format!("{api_key} was revoked before\n"))?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Revoked<'a> {
    api_key: &'a str,
    revoked_now: bool,
}

/// A key as it is printed: never its secret or passphrase, which are not known any more.
#[derive(Serialize)]
struct Shown<'a> {
    api_key: &'a str,
    state: &'static str,
    permissions: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    label: &'a str,
}

impl<'a> Shown<'a> {
    fn new(access: &'a KeyAccess, now: UnixMillis) -> Self {
        let key = &access.key;
        let state = match key.revoked_at {
            Some(_) => "revoked",
            None if key.is_live(now) => "active",
            None => "expired",
        };
        Self {
            api_key: &key.api_key,
            state,
            permissions: key.permissions.iter().map(|permission| permission.code()).collect(),
            created_at: format_instant(key.created_at),
            expires_at: key.expires_at.map(format_instant),
            revoked_at: key.revoked_at.map(format_instant),
            last_used_at: key.last_used_at.map(format_instant),
            label: &key.label,
        }
    }

    fn row(self) -> [String; 7] {
        let or_dash = |at: Option<String>| at.unwrap_or_else(|| "-".to_owned());
        [
            self.api_key.to_owned(),
            self.state.to_owned(),
            self.permissions.join(","),
            self.created_at,
            or_dash(self.expires_at),
            or_dash(self.last_used_at),
            self.label.to_owned(),
        ]
    }
}
