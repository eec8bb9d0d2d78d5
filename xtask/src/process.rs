//! Other programs: run, watched, and asked for what they print.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::machine::project;

/// Runs a program whose output the reader sees; an error names the program, not its arguments' values.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status =
        command.stdin(Stdio::null()).status().map_err(|why| format!("`{name}` does not start: {why}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{name}` failed: {status}").into()) }
}

/// What a program prints on standard output; its errors go to the reader.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| format!("`{name}` does not start: {why}"))?;
    if !output.status.success() {
        return Err(format!("`{name}` failed: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a program of that name is on the PATH.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `cargo` in the project's folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(project()).args(arguments);
    command
}

/// Runs a cargo command that builds, and finds the executable of that name among what it made.
pub(crate) fn built_executable(folder: &Path, arguments: &[&str], name: &str) -> Outcome<PathBuf> {
    let mut command = Command::new("cargo");
    command.current_dir(folder).args(arguments).arg("--message-format=json-render-diagnostics");
    let messages = output(&mut command)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message.pointer("/target/name").and_then(|found| found.as_str()) == Some(name))
        // A program's own unit tests are an executable of the same name.
        .filter(|message| {
            message.pointer("/profile/test").and_then(serde_json::Value::as_bool) == Some(false)
        })
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .ok_or_else(|| format!("cargo built no executable `{name}`").into())
}

/// A program of `xtask/examples`, as it is released.
pub(crate) fn example(name: &str) -> Outcome<PathBuf> {
    let arguments = ["build", "--locked", "--release", "--package", "xtask", "--example", name];
    built_executable(&project(), &arguments, name)
}

/// Cargo's folder for what it builds.
pub(crate) fn target_folder() -> PathBuf {
    cargo_metadata(&["--no-deps"])
        .ok()
        .and_then(|metadata| metadata.get("target_directory")?.as_str().map(PathBuf::from))
        .unwrap_or_else(|| project().join("target"))
}

/// What `cargo metadata` says of the workspace.
pub(crate) fn cargo_metadata(arguments: &[&str]) -> Outcome<serde_json::Value> {
    let mut command = cargo(&["metadata", "--format-version", "1", "--locked"]);
    Ok(serde_json::from_str(&output(command.args(arguments))?)?)
}
