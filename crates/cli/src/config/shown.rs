//! The effective configuration as text and as JSON: every value with where it came from, secrets masked.

use std::fmt::Write as _;

use super::kind::Kind;
use super::resolve::{Effective, Origin};
use super::settings::{SETTINGS, Setting};

/// What stands for a value that is not shown.
const MASKED: &str = "***";

/// The effective configuration as a TOML file with the origin of each value as a comment.
pub(crate) fn shown_as_text(effective: &Effective) -> String {
    let lines: Vec<(String, &Origin)> = values(effective)
        .map(|(setting, value, origin)| match value {
            Some(value) if setting.kind.is_bare_in_toml() => (format!("{} = {value}", setting.key), origin),
            Some(value) => (format!("{} = {}", setting.key, toml::Value::String(value)), origin),
            None => (format!("# {}", setting.key), origin),
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (line, origin) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line:width$}  # {origin}");
    }
    text
}

/// The effective configuration as JSON: key → value and origin.
pub(crate) fn shown_as_json(effective: &Effective) -> serde_json::Value {
    values(effective)
        .map(|(setting, value, origin)| {
            (setting.key.to_owned(), serde_json::json!({ "value": value, "origin": origin.to_string() }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn values(effective: &Effective) -> impl Iterator<Item = (&'static Setting, Option<String>, &Origin)> {
    let mut configuration = effective.configuration.clone();
    SETTINGS.iter().zip(&effective.origins).map(move |(setting, origin)| {
        let value = setting.kind.show(&mut configuration).map(|value| masked(setting, value));
        (setting, value, origin)
    })
}

fn masked(setting: &Setting, value: String) -> String {
    // A database URL leaves a password out by itself.
    if setting.secret && !matches!(setting.kind, Kind::Database(_)) { MASKED.to_owned() } else { value }
}

#[cfg(test)]
mod tests {
    use super::{masked, shown_as_text};
    use crate::config::environment::Environment;
    use crate::config::kind::Kind;
    use crate::config::resolve::{Sources, resolve};
    use crate::config::settings::Setting;

    #[test]
    fn the_shown_configuration_is_a_configuration_file_with_the_same_values() {
        let environment = Environment::with_variables(&[("REGISTRAR_DATABASE_URL", "sqlite:a \"b\".db")]);
        let sources = Sources { flags: &[], environment: &environment, file: None, default_file: false };
        let text = shown_as_text(&resolve(&sources).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registrar.toml");
        std::fs::write(&path, &text).unwrap();
        let sources = Sources {
            flags: &[],
            environment: &Environment::default(),
            file: Some(&path),
            default_file: false,
        };
        let again = shown_as_text(&resolve(&sources).unwrap());
        let without_origins = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split("  # ").next().unwrap().trim_end().to_owned()).collect()
        };
        assert_eq!(without_origins(&text), without_origins(&again));
        assert!(text.contains("# REGISTRAR_DATABASE_URL"));
    }

    #[test]
    fn a_secret_is_masked() {
        let secret = Setting {
            key: "x",
            variable: "REGISTRAR_X",
            kind: Kind::Path(|to| &mut to.master_key_file),
            default: None,
            unset: "required",
            secret: true,
            help: "",
        };
        assert_eq!(masked(&secret, "hunter2".to_owned()), "***");
    }
}
