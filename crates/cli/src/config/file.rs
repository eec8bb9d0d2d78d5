//! The configuration file: TOML, read into `section.name` and text. Unknown names are refused with the nearest known one.

use super::nearest::nearest;
use super::settings::{SETTINGS, find_setting};

/// One value of the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileValue {
    /// The setting's key.
    pub(crate) key: String,
    /// The value as text.
    pub(crate) text: String,
}

/// Reads the file's text; the errors are sentences that name the place and never a value.
pub(crate) fn parse_file(text: &str) -> Result<Vec<FileValue>, Vec<String>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| 1 + text.get(..span.start).unwrap_or("").matches('\n').count());
        // Only the first line of the message: the others repeat the file's text.
        let what = error.message().lines().next().unwrap_or("").to_owned();
        vec![format!("line {line} is not TOML: {what}")]
    })?;
    let mut values = Vec::new();
    let mut errors = Vec::new();
    flatten(&table, "", &mut values, &mut errors);
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

fn flatten(table: &toml::Table, prefix: &str, values: &mut Vec<FileValue>, errors: &mut Vec<String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        let known = find_setting(&key).is_some();
        match value {
            toml::Value::Table(inner) if !known && is_section(&key) => {
                flatten(inner, &format!("{key}."), values, errors);
            }
            _ if !known => errors.push(unknown(&key)),
            toml::Value::String(text) => values.push(FileValue { key, text: text.clone() }),
            toml::Value::Integer(number) => values.push(FileValue { key, text: number.to_string() }),
            toml::Value::Boolean(flag) => values.push(FileValue { key, text: flag.to_string() }),
            _ => errors.push(format!("{key} must be a string, a whole number, true or false")),
        }
    }
}

fn is_section(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

fn unknown(key: &str) -> String {
    match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
        Some(known) => format!("{key} is not a setting; did you mean {known}?"),
        None => format!("{key} is not a setting; docs/configuration.md lists them all"),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_file;

    #[test]
    fn sections_and_dotted_keys_are_the_same() {
        let sections = parse_file("[http]\nidle_timeout = \"5s\"\nmax_connections = 7\n").unwrap();
        let dotted = parse_file("http.idle_timeout = \"5s\"\nhttp.max_connections = 7\n").unwrap();
        assert_eq!(sections, dotted);
        assert_eq!(sections.len(), 2);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        let errors = parse_file("[database]\nulr = \"sqlite:x\"\n[shop]\ncolour = \"red\"\n").unwrap_err();
        assert_eq!(
            errors,
            [
                "database.ulr is not a setting; did you mean database.url?",
                "shop is not a setting; docs/configuration.md lists them all"
            ]
        );
    }

    #[test]
    fn broken_toml_is_named_by_its_line_without_its_text() {
        let errors = parse_file("listen = \"127.0.0.1:1\"\nmaster_key_file = hunter2\n").unwrap_err();
        assert!(errors[0].starts_with("line 2 is not TOML"), "{errors:?}");
        assert!(!errors[0].contains("hunter2"), "{errors:?}");
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert_eq!(
            parse_file("listen = [1]").unwrap_err(),
            ["listen must be a string, a whole number, true or false"]
        );
    }
}
