//! One log line: a JSON object, or a line for people. Control characters never reach the terminal as they are.

use std::fmt::Write as _;

use registrar_domain::clock::UnixMillis;
use serde_json::json;
use tracing::Level;

use super::allow_list::{Kept, Value};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One JSON object a line.
    Json,
    /// For people, with colours or without.
    Human { colour: bool },
}

/// Everything a line is made of.
pub(crate) struct Line<'a> {
    pub(crate) at: UnixMillis,
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) kept: &'a Kept,
}

impl Line<'_> {
    /// The line with its line end.
    pub(crate) fn render(&self, style: Style) -> String {
        match style {
            Style::Json => self.json(),
            Style::Human { colour } => self.human(colour),
        }
    }

    fn json(&self) -> String {
        let mut members = serde_json::Map::new();
        members.insert("time".to_owned(), self.time().into());
        members.insert("level".to_owned(), self.level.as_str().to_lowercase().into());
        members.insert("target".to_owned(), self.target.into());
        members.insert("message".to_owned(), self.kept.message.clone().into());
        for (name, value) in &self.kept.fields {
            members.insert((*name).to_owned(), to_json(value));
        }
        format!("{}\n", serde_json::Value::Object(members))
    }

    fn human(&self, colour: bool) -> String {
        let level = self.level.as_str();
        let mut line = self.time();
        // Writing to a String cannot fail.
        let _ = if colour {
            write!(line, " \x1b[{}m{level:5}\x1b[0m ", colour_of(self.level))
        } else {
            write!(line, " {level:5} ")
        };
        push_plain(&mut line, &self.kept.message);
        for (name, value) in &self.kept.fields {
            let _ = write!(line, " {name}=");
            match value {
                Value::Text(text) => push_plain(&mut line, text),
                Value::Whole(number) => line.push_str(&number.to_string()),
                Value::Count(number) => line.push_str(&number.to_string()),
                Value::Fraction(number) => line.push_str(&number.to_string()),
                Value::Flag(flag) => line.push_str(&flag.to_string()),
            }
        }
        line.push('\n');
        line
    }

    fn time(&self) -> String {
        jiff::Timestamp::from_millisecond(self.at.0).map(|at| format!("{at:.3}")).unwrap_or_default()
    }
}

fn push_plain(line: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => json!(text),
        Value::Whole(number) => json!(number),
        Value::Count(number) => json!(number),
        Value::Fraction(number) => json!(number),
        Value::Flag(flag) => json!(flag),
    }
}

fn colour_of(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 2,
    }
}
