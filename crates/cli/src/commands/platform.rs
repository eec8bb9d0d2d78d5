//! `registrar platform`: make, list, show and change platforms; also while servers run, which obey within a second.

use std::collections::BTreeMap;

use registrar_domain::access::PlatformAccess;
use registrar_domain::policy::PolicyError;
use registrar_domain::registry::{PlatformSettings, Registry};
use registrar_domain::store::PlatformChange;
use serde::Serialize;

use super::database_arguments::{DatabaseArguments, OperatorArguments};
use super::instant::format_instant;
use super::table::{columns, names_and_values};
use crate::config::environment::Environment;
use crate::failure::{Exit, Failure};
use crate::installation::{Operating, operate};
use crate::output;

/// Make, list, show and change platforms.
///
/// Works on the database, also while servers run on it: they obey within a second.
#[derive(Debug, clap::Args)]
pub(crate) struct PlatformArguments {
    #[command(subcommand)]
    command: PlatformCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PlatformCommand {
    /// Make a platform
    Create {
        /// Its name, 1 to 100 characters
        name: String,
        /// Let it submit customers
        #[arg(long)]
        enable_customers: bool,
        /// Make it a sandbox, which is told more about failed signatures
        #[arg(long)]
        sandbox: bool,
        #[command(flatten)]
        scope: Scope,
    },
    /// List all platforms
    List {
        #[command(flatten)]
        scope: Scope,
    },
    /// Show a platform with its policies
    Show {
        /// Its platform_code
        code: String,
        #[command(flatten)]
        scope: Scope,
    },
    /// Change a platform: name, sandbox, suspended, customers_enabled, and every policy
    Set {
        /// Its platform_code
        code: String,
        /// What to change, such as customers_enabled=true or minimum_age=21
        #[arg(required = true, value_name = "KEY=VALUE")]
        changes: Vec<String>,
        #[command(flatten)]
        scope: Scope,
    },
}

#[derive(Debug, clap::Args)]
struct Scope {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    database: DatabaseArguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &PlatformArguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.command {
        PlatformCommand::Create { name, enable_customers, sandbox, scope } => {
            let settings = PlatformSettings {
                name: name.clone(),
                sandbox: *sandbox,
                customers_enabled: *enable_customers,
            };
            create(settings, scope, environment)
        }
        PlatformCommand::List { scope } => list(scope, environment),
        PlatformCommand::Show { code, scope } => show(code, scope, environment),
        PlatformCommand::Set { code, changes, scope } => set(code, changes, scope, environment),
    }
}

fn create(settings: PlatformSettings, scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&scope.database, environment)?;
    let act = scope.operator.act(environment);
    let code = operating.run(operating.registry.create_platform(settings, act))?;
    print_one(&operating, &code, scope.json)
}

fn list(scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&scope.database, environment)?;
    let platforms = operating.registry.platforms();
    if scope.json {
        let all: Vec<_> = platforms.iter().map(|access| Shown::new(access, &operating.registry)).collect();
        output::print_json(&all)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = platforms
        .iter()
        .map(|access| {
            let shown = Shown::new(access, &operating.registry);
            [
                shown.platform_code.to_owned(),
                shown.kind().to_owned(),
                shown.state().to_owned(),
                shown.live_keys.to_string(),
                shown.name.to_owned(),
            ]
        })
        .collect();
    output::print(&columns(["CODE", "KIND", "STATE", "LIVE KEYS", "NAME"], &rows))?;
    Ok(Exit::Done)
}

fn show(code: &str, scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&scope.database, environment)?;
    print_one(&operating, code, scope.json)
}

fn set(code: &str, changes: &[String], scope: &Scope, environment: &Environment) -> Result<Exit, Failure> {
    let operating = operate(&scope.database, environment)?;
    operating.registry.platform(code).map_err(Failure::from)?;
    let change = parse_changes(changes, &operating.registry)?;
    let act = scope.operator.act(environment);
    operating.run(operating.registry.change_platform(code, change, act))?;
    output::tell(output::OBEYED_SOON);
    print_one(&operating, code, scope.json)
}

/// The settings of a platform that are not policies.
const OWN_KEYS: &str = "name, sandbox, suspended, customers_enabled";

fn parse_changes(changes: &[String], registry: &Registry) -> Result<PlatformChange, Failure> {
    let mut change = PlatformChange::default();
    for text in changes {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            Failure::usage("a change must be KEY=VALUE", "write it without spaces, such as minimum_age=21")
        })?;
        match key {
            "name" => change.name = Some(value.to_owned()),
            "sandbox" => change.sandbox = Some(parse_flag(key, value)?),
            "suspended" => change.suspended = Some(parse_flag(key, value)?),
            "customers_enabled" => change.customers_enabled = Some(parse_flag(key, value)?),
            _ => {
                change.policy.set(key, value, registry.lists()).map_err(|error| match error {
                    PolicyError::UnknownKey { .. } => {
                        Failure::refused(error, format!("beside the policies there are {OWN_KEYS}"))
                    }
                    error => Failure::refused(error, "nothing was changed; correct the value and repeat"),
                })?;
            }
        }
    }
    Ok(change)
}

fn parse_flag(key: &str, value: &str) -> Result<bool, Failure> {
    value.parse().map_err(|_| {
        Failure::refused(format!("{key} is not accepted"), format!("write {key}=true or {key}=false"))
    })
}

fn print_one(operating: &Operating, code: &str, json: bool) -> Result<Exit, Failure> {
    let platform = operating.registry.platform(code).map_err(Failure::from)?;
    let shown = Shown::new(&platform, &operating.registry);
    if json {
        output::print_json(&shown)?;
    } else {
        output::print(&shown.text())?;
    }
    Ok(Exit::Done)
}

/// A platform as it is printed.
#[derive(Serialize)]
struct Shown<'a> {
    platform_code: &'a str,
    name: &'a str,
    sandbox: bool,
    suspended: bool,
    customers_enabled: bool,
    created_at: String,
    live_keys: usize,
    policy: BTreeMap<&'static str, String>,
}

impl<'a> Shown<'a> {
    fn new(access: &'a PlatformAccess, registry: &Registry) -> Self {
        let platform = &access.platform;
        let now = registry.now();
        let keys = registry.api_keys(platform.number);
        Self {
            platform_code: &access.code,
            name: &platform.name,
            sandbox: platform.sandbox,
            suspended: platform.suspended,
            customers_enabled: platform.customers_enabled,
            created_at: format_instant(platform.created_at),
            live_keys: keys.iter().filter(|key| key.key.is_live(now)).count(),
            policy: platform.policy.entries().into_iter().collect(),
        }
    }

    const fn kind(&self) -> &'static str {
        if self.sandbox { "sandbox" } else { "production" }
    }

    const fn state(&self) -> &'static str {
        match (self.suspended, self.customers_enabled) {
            (true, _) => "suspended",
            (false, true) => "customers enabled",
            (false, false) => "customers disabled",
        }
    }

    fn text(&self) -> String {
        let mut rows = vec![
            ("platform_code", self.platform_code.to_owned()),
            ("name", self.name.to_owned()),
            ("sandbox", self.sandbox.to_string()),
            ("suspended", self.suspended.to_string()),
            ("customers_enabled", self.customers_enabled.to_string()),
            ("created_at", self.created_at.clone()),
            ("live_keys", self.live_keys.to_string()),
        ];
        rows.extend(self.policy.iter().map(|(key, value)| (*key, value.clone())));
        names_and_values(&rows)
    }
}
