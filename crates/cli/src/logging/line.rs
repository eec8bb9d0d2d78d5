//! One log line: a JSON object, or a line for people. Control characters never reach the terminal as they are.

use std::fmt::Write as _;

use registrar_domain::clock::UnixMillis;
use registrar_json::write_string;
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
        let mut line = String::with_capacity(256);
        line.push_str("{\"time\":");
        write_string(&self.time(), &mut line);
        line.push_str(",\"level\":");
        write_string(&self.level.as_str().to_lowercase(), &mut line);
        line.push_str(",\"target\":");
        write_string(self.target, &mut line);
        line.push_str(",\"message\":");
        write_string(&self.kept.message, &mut line);
        for (name, value) in &self.kept.fields {
            line.push(',');
            write_string(name, &mut line);
            line.push(':');
            match value {
                Value::Text(text) => write_string(text, &mut line),
                // JSON has no way to write these as a number.
                Value::Fraction(number) if !number.is_finite() => line.push_str("null"),
                number => line.push_str(&number.plain()),
            }
        }
        line.push_str("}\n");
        line
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
            push_plain(&mut line, &value.plain());
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

fn colour_of(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 2,
    }
}
