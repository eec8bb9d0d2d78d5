//! What commands write: data on standard output, everything else on standard error.
//!
//! A reader that has gone away (a closed pipe) is no failure: it has what it wanted.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::failure::Failure;

/// What whoever changes an installation should know before they try it out.
pub(crate) const OBEYED_SOON: &str =
    "Servers that run on this database obey within a second; until then they answer as before.";

/// Writes text to standard output as it is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    match write_out(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::untrusted(
            format!("cannot write to standard output: {error}"),
            "check where it goes",
        )),
        _ => Ok(()),
    }
}

fn write_out(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

/// Writes what nobody can be shown again: here a reader that has gone away is a failure, with what to do about it.
pub(crate) fn print_once(text: &str, cure: impl FnOnce() -> String) -> Result<(), Failure> {
    write_out(text.as_bytes())
        .map_err(|error| Failure::untrusted(format!("cannot write to standard output: {error}"), cure()))
}

/// Writes a value to standard output as one JSON document, indented for people and diffs.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&json_text(value)?)
}

/// A value as one JSON document, indented, with a line end.
pub(crate) fn json_text(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|_| Failure::untrusted("the result cannot be written as JSON", "report this as a fault"))
}

/// Writes a line to standard error: warnings and the like, never data.
pub(crate) fn tell(line: &str) {
    // If standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A panic says where it happened and not what with: its message may quote the text that was at hand (contract 4.2).
pub(crate) fn keep_values_out_of_panics() {
    std::panic::set_hook(Box::new(|panic| tell(&describe_panic(panic.location()))));
}

fn describe_panic(location: Option<&std::panic::Location<'_>>) -> String {
    let place = location.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!("error: a fault in this program at {place}; report it with this line and the version")
}

/// Writes a line to standard error if a person is watching.
pub(crate) fn progress(line: &str) {
    if io::stderr().is_terminal() {
        tell(line);
    }
}

#[cfg(test)]
mod tests {
    use super::describe_panic;

    #[test]
    fn a_panic_names_its_place() {
        let text = describe_panic(Some(std::panic::Location::caller()));
        assert!(text.contains("output.rs:"), "{text}");
    }
}
