//! The types a setting can have: how each is read, shown and described.
//!
//! An error says what is accepted and never repeats the value. Invariant: what `show` prints, `apply` accepts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::Configuration;
use super::database_url::DatabaseUrl;
use super::duration::{format_duration, parse_duration};

/// Finds the field of the configuration that a setting fills.
pub(crate) type Field<T> = fn(&mut Configuration) -> &mut T;

/// The type of a setting, with its limits and the field it fills.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// An IP address and a port.
    Address(Field<SocketAddr>),
    /// A file.
    Path(Field<Option<PathBuf>>),
    /// A database URL.
    Database(Field<Option<DatabaseUrl>>),
    /// `true` or `false`.
    Flag(Field<bool>),
    /// A whole number within inclusive limits.
    Whole(u32, u32, Field<u32>),
    /// A duration within inclusive limits.
    Span(Duration, Duration, Field<Duration>),
    /// How log lines look.
    Format(Field<Option<LogFormat>>),
    /// How much is logged.
    Level(Field<LogLevel>),
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Failures only.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And one line a request.
    Info,
    /// And what helps to find a fault.
    Debug,
}

const FORMATS: [(&str, LogFormat); 2] = [("json", LogFormat::Json), ("human", LogFormat::Human)];
const LEVELS: [(&str, LogLevel); 4] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

impl Kind {
    /// Reads `text` into the field; the error is a sentence part that follows the setting's name.
    pub(crate) fn apply(self, configuration: &mut Configuration, text: &str) -> Result<(), String> {
        let refused = || format!("is not accepted; write {}", self.describe());
        match self {
            Self::Address(field) => *field(configuration) = text.parse().map_err(|_| refused())?,
            Self::Path(_) if text.is_empty() => return Err(refused()),
            Self::Path(field) => *field(configuration) = Some(PathBuf::from(text)),
            Self::Database(field) => *field(configuration) = Some(DatabaseUrl::parse(text)?),
            Self::Flag(field) => *field(configuration) = text.parse().map_err(|_| refused())?,
            Self::Whole(least, most, field) => {
                let number: u32 = text.parse().map_err(|_| refused())?;
                if !(least..=most).contains(&number) {
                    return Err(format!("is out of range; write {}", self.describe()));
                }
                *field(configuration) = number;
            }
            Self::Span(least, most, field) => {
                let duration = parse_duration(text).ok_or_else(refused)?;
                if !(least..=most).contains(&duration) {
                    return Err(format!("is out of range; write {}", self.describe()));
                }
                *field(configuration) = duration;
            }
            Self::Format(field) => *field(configuration) = Some(named(&FORMATS, text).ok_or_else(refused)?),
            Self::Level(field) => *field(configuration) = named(&LEVELS, text).ok_or_else(refused)?,
        }
        Ok(())
    }

    /// The value in the form that `apply` reads; `None` if it is not set.
    pub(crate) fn show(self, configuration: &mut Configuration) -> Option<String> {
        match self {
            Self::Address(field) => Some(field(configuration).to_string()),
            Self::Path(field) => field(configuration).as_ref().map(|path| path.display().to_string()),
            Self::Database(field) => field(configuration).as_ref().map(ToString::to_string),
            Self::Flag(field) => Some(field(configuration).to_string()),
            Self::Whole(_, _, field) => Some(field(configuration).to_string()),
            Self::Span(_, _, field) => Some(format_duration(*field(configuration))),
            Self::Format(field) => field(configuration).and_then(|format| name_of(&FORMATS, format)),
            Self::Level(field) => name_of(&LEVELS, *field(configuration)),
        }
    }

    /// What is accepted, as the end of a sentence.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Address(_) => "an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned(),
            Self::Path(_) => "the path of a file".to_owned(),
            Self::Database(_) => "a database URL: sqlite:PATH or postgres://USER@HOST/DATABASE".to_owned(),
            Self::Flag(_) => "true or false".to_owned(),
            Self::Whole(least, most, _) => format!("a whole number from {least} to {most}"),
            Self::Span(least, most, _) => format!(
                "a duration from {} to {}, with its unit (ms, s, m, h)",
                format_duration(least),
                format_duration(most)
            ),
            Self::Format(_) => one_of(&FORMATS),
            Self::Level(_) => one_of(&LEVELS),
        }
    }

    /// Whether a configuration file writes the value without quotes.
    pub(crate) fn is_bare_in_toml(self) -> bool {
        matches!(self, Self::Flag(_) | Self::Whole(..))
    }
}

fn named<T: Copy>(names: &[(&str, T)], text: &str) -> Option<T> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}

fn name_of<T: Copy + PartialEq>(names: &[(&str, T)], value: T) -> Option<String> {
    names.iter().find(|(_, named)| *named == value).map(|(name, _)| (*name).to_owned())
}

fn one_of<T>(names: &[(&str, T)]) -> String {
    let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    format!("one of {}", names.join(", "))
}
