//! Precedence: a flag beats a variable, a variable beats the file, the file beats the default.
//!
//! Every problem is reported, not only the first, and none repeats a value.

use std::path::{Path, PathBuf};

use super::environment::{Environment, VARIABLE_PREFIX};
use super::file::parse_file;
use super::nearest::nearest;
use super::settings::{SETTINGS, Setting};
use super::{Configuration, ConfigurationRefused};

/// The file that is read when it exists and no other is named.
pub(crate) const DEFAULT_FILE: &str = "registrar.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// The setting's environment variable.
    Variable(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// The built-in default.
    Default,
    /// There is no value.
    NotSet,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
            Self::NotSet => f.write_str("not set"),
        }
    }
}

/// A value given on the command line.
#[derive(Debug, Clone)]
pub(crate) struct FlagValue {
    /// The setting's key.
    pub(crate) key: &'static str,
    /// The flag as the user writes it.
    pub(crate) flag: &'static str,
    /// The value as text.
    pub(crate) text: String,
}

/// The configuration with the origin of each value.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    /// The typed values.
    pub(crate) configuration: Configuration,
    /// The origin of each setting, in the order of `SETTINGS`.
    pub(crate) origins: Vec<Origin>,
    /// What the operator should know but nothing is refused for.
    pub(crate) warnings: Vec<String>,
}

/// Where values are taken from, besides the defaults.
pub(crate) struct Sources<'a> {
    /// The command line's values.
    pub(crate) flags: &'a [FlagValue],
    /// The environment.
    pub(crate) environment: &'a Environment,
    /// The file that `--config` names.
    pub(crate) file: Option<&'a Path>,
    /// Whether `registrar.toml` in the working directory is read when no file is named.
    pub(crate) default_file: bool,
}

/// Puts the configuration together.
pub(crate) fn resolve(sources: &Sources<'_>) -> Result<Effective, ConfigurationRefused> {
    let mut errors = Vec::new();
    let file = read_file(sources, &mut errors);
    let mut configuration = Configuration::default();
    let mut origins = Vec::with_capacity(SETTINGS.len());
    for setting in SETTINGS {
        let (origin, text) = choose(setting, sources, file.as_ref());
        if let Some(text) = text
            && let Err(what) = setting.kind.apply(&mut configuration, &text)
        {
            errors.push(match &origin {
                Origin::File(path) => format!("{} in {} {what}", setting.key, path.display()),
                origin => format!("{origin} {what}"),
            });
        }
        origins.push(origin);
    }
    for name in sources.environment.unreadable_variables() {
        errors.push(format!("{name} is not UTF-8 text"));
    }
    let warnings = unknown_variables(sources.environment);
    if errors.is_empty() {
        Ok(Effective { configuration, origins, warnings })
    } else {
        Err(ConfigurationRefused { errors })
    }
}

struct ReadFile {
    path: PathBuf,
    values: Vec<super::file::FileValue>,
}

fn read_file(sources: &Sources<'_>, errors: &mut Vec<String>) -> Option<ReadFile> {
    let (path, may_be_missing) = match sources.file {
        Some(path) => (path, false),
        None if sources.default_file => (Path::new(DEFAULT_FILE), true),
        None => return None,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if may_be_missing && error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            errors.push(format!("cannot read the configuration file {}: {error}", path.display()));
            return None;
        }
    };
    match parse_file(&text) {
        Ok(values) => Some(ReadFile { path: path.to_owned(), values }),
        Err(found) => {
            errors.extend(found.into_iter().map(|what| format!("{}: {what}", path.display())));
            None
        }
    }
}

fn choose(setting: &Setting, sources: &Sources<'_>, file: Option<&ReadFile>) -> (Origin, Option<String>) {
    if let Some(flag) = sources.flags.iter().find(|flag| flag.key == setting.key) {
        return (Origin::Flag(flag.flag), Some(flag.text.clone()));
    }
    let variable =
        sources.environment.registrar_variables().iter().find(|(name, _)| name == setting.variable);
    // An empty variable counts as not set: that is how shells and service files take a value away.
    if let Some((_, text)) = variable
        && !text.is_empty()
    {
        return (Origin::Variable(setting.variable), Some(text.clone()));
    }
    if let Some(file) = file
        && let Some(value) = file.values.iter().find(|value| value.key == setting.key)
    {
        return (Origin::File(file.path.clone()), Some(value.text.clone()));
    }
    match setting.default {
        Some(text) => (Origin::Default, Some(text.to_owned())),
        None => (Origin::NotSet, None),
    }
}

/// A warning for each variable that is not a setting. Not refused: Kubernetes sets variables such as
/// `REGISTRAR_SERVICE_HOST` beside every service that is called registrar.
fn unknown_variables(environment: &Environment) -> Vec<String> {
    environment
        .registrar_variables()
        .iter()
        .filter(|(name, _)| !SETTINGS.iter().any(|setting| setting.variable == name))
        .map(|(name, _)| match nearest_variable(name) {
            Some(variable) => format!("{name} is not a setting and is ignored; did you mean {variable}?"),
            None => format!("{name} is not a setting and is ignored"),
        })
        .collect()
}

/// Compared behind the prefix, which all have and which would make any two names look alike.
fn nearest_variable(name: &str) -> Option<String> {
    let behind = |variable: &'static str| variable.trim_start_matches(VARIABLE_PREFIX);
    let name = name.strip_prefix(VARIABLE_PREFIX)?;
    nearest(name, SETTINGS.iter().map(|setting| behind(setting.variable)))
        .map(|found| format!("{VARIABLE_PREFIX}{found}"))
}

#[cfg(test)]
mod tests {
    use super::{FlagValue, Origin, Sources, resolve};
    use crate::config::environment::Environment;
    use crate::config::settings::SETTINGS;

    fn origin_of(key: &str, origins: &[Origin]) -> Origin {
        let index = SETTINGS.iter().position(|setting| setting.key == key).unwrap();
        origins[index].clone()
    }

    fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registrar.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
        let (_folder, path) =
            written("listen = \"127.0.0.1:1\"\nlog.level = \"warn\"\nhttp.idle_timeout = \"9s\"\n");
        let environment = Environment::with_variables(&[
            ("REGISTRAR_LISTEN", "127.0.0.1:2"),
            ("REGISTRAR_LOG_LEVEL", "debug"),
        ]);
        let flags = [FlagValue { key: "listen", flag: "--listen", text: "127.0.0.1:3".to_owned() }];
        let sources =
            Sources { flags: &flags, environment: &environment, file: Some(&path), default_file: true };
        let effective = resolve(&sources).unwrap();
        assert_eq!(effective.configuration.listen.port(), 3);
        assert_eq!(origin_of("listen", &effective.origins), Origin::Flag("--listen"));
        assert_eq!(origin_of("log.level", &effective.origins), Origin::Variable("REGISTRAR_LOG_LEVEL"));
        assert_eq!(origin_of("http.idle_timeout", &effective.origins), Origin::File(path.clone()));
        assert_eq!(origin_of("http.body_timeout", &effective.origins), Origin::Default);
        assert_eq!(origin_of("database.url", &effective.origins), Origin::NotSet);
    }

    #[test]
    fn all_problems_are_reported_at_once_without_their_values() {
        let (_folder, path) = written("[http]\nidle_timeout = \"99h\"\n");
        let environment = Environment::with_variables(&[
            ("REGISTRAR_DATABASE_URL", "postgres://u:hunter2@h/d?sslmode=prefer"),
            ("REGISTRAR_AUTH_CLOCK_SKEW", "90"),
        ]);
        let sources =
            Sources { flags: &[], environment: &environment, file: Some(&path), default_file: true };
        let errors = resolve(&sources).unwrap_err().errors;
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[0].starts_with("REGISTRAR_DATABASE_URL is refused: the database"), "{errors:?}");
        assert_eq!(
            errors[1],
            "REGISTRAR_AUTH_CLOCK_SKEW is not accepted; write a duration from 1s to 10m, with its unit (ms, s, m, h)"
        );
        assert!(
            errors[2].contains("http.idle_timeout in") && errors[2].contains("out of range"),
            "{errors:?}"
        );
        assert!(!errors.concat().contains("hunter2"));
    }

    #[test]
    fn an_unknown_variable_is_a_warning_with_the_nearest_name() {
        let environment = Environment::with_variables(&[
            ("REGISTRAR_DATABSE_URL", "sqlite:x"),
            ("REGISTRAR_SERVICE_HOST", "10.0.0.1"),
        ]);
        let sources = Sources { flags: &[], environment: &environment, file: None, default_file: false };
        let warnings = resolve(&sources).unwrap().warnings;
        assert_eq!(
            warnings,
            [
                "REGISTRAR_DATABSE_URL is not a setting and is ignored; did you mean REGISTRAR_DATABASE_URL?",
                "REGISTRAR_SERVICE_HOST is not a setting and is ignored"
            ]
        );
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = Environment::with_variables(&[("REGISTRAR_LISTEN", "")]);
        let sources = Sources { flags: &[], environment: &environment, file: None, default_file: false };
        assert_eq!(resolve(&sources).unwrap().configuration.listen.port(), 8080);
    }

    #[test]
    fn a_named_file_must_exist() {
        let environment = Environment::default();
        let missing = std::path::Path::new("does-not-exist.toml");
        let sources =
            Sources { flags: &[], environment: &environment, file: Some(missing), default_file: true };
        assert!(resolve(&sources).unwrap_err().errors[0].contains("cannot read the configuration file"));
    }
}
