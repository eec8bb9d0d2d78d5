//! `docs/configuration.md`, written from the table of settings.

use std::fmt::Write as _;

use super::settings::SETTINGS;

const HEAD: &str = "\
# Configuration

<!-- Generated from the table of settings: `registrar reference configuration > docs/configuration.md`. Do not edit. -->

`registrar serve` and the operator's commands take each setting from the first of these places that has it:

1. a flag of the command (`--listen`, `--database`, `--master-key-file`),
2. an environment variable (an empty one counts as not set),
3. the configuration file: the one that `--config` names, or `registrar.toml` in the working directory if there is one,
4. the default.

`registrar serve --print-config` prints the effective configuration with the origin of each value, and starts nothing.
The file is TOML; a name that is not a setting is refused. A `REGISTRAR_` variable that is not a setting is a warning.
Relative paths are relative to the working directory. Durations have a unit: `500ms`, `10s`, `2m`, `1h`.

`registrar dev` takes its address, database and master key from its own flags alone; the other settings apply to it from
the environment.
";

/// The whole page.
pub(crate) fn configuration_page() -> String {
    let mut page = HEAD.to_owned();
    for setting in SETTINGS {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "\n## `{}`\n\n{}\n", setting.key, setting.help);
        let _ = writeln!(page, "- Variable: `{}`", setting.variable);
        let _ = writeln!(page, "- Value: {}", setting.kind.describe());
        let _ = match setting.default {
            Some(default) => writeln!(page, "- Default: `{default}`"),
            None => writeln!(page, "- Default: none ({})", setting.unset),
        };
    }
    page
}
