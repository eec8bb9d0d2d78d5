//! Which crate may use which: the table of crates in ARCHITECTURE.md, held against `cargo metadata`.
//!
//! Dependencies of tests alone are not arrows: they do not reach a user.

use serde_json::Value;

/// What the table says of a crate that may use every other: the composition root.
const EVERYTHING: &str = "everything";

/// The crate that every other may use.
const FOUNDATION: &str = "json";

/// Libraries that bring a network, a database or a runtime into the pure crates.
const IMPURE: [&str; 10] = [
    "axum",
    "hyper",
    "hyper-util",
    "http",
    "http-body",
    "mio",
    "rusqlite",
    "tokio",
    "tokio-postgres",
    "ureq",
];

/// Crates that do no input or output.
const PURE: [&str; 4] = ["json", "crypto", "domain", "wire"];

/// What is wrong in what `cargo metadata --no-deps` says, by the table in the text of ARCHITECTURE.md.
pub(crate) fn complaints(metadata: &Value, architecture: &str) -> Vec<String> {
    let packages = metadata.get("packages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let members: Vec<&str> = packages.iter().map(room).collect();
    let mut complaints = Vec::new();
    for package in packages {
        let room = room(package);
        let arrows = if room == "xtask" { Some(Vec::new()) } else { arrows(architecture, room) };
        let Some(may_use) = arrows else {
            complaints.push(format!("{room}: has no row in the table of crates in ARCHITECTURE.md"));
            continue;
        };
        let dependencies = package.get("dependencies").and_then(Value::as_array);
        for dependency in dependencies.map(Vec::as_slice).unwrap_or_default() {
            if dependency.get("kind").and_then(Value::as_str) == Some("dev") {
                continue;
            }
            let used = self::room(dependency);
            let is_allowed = used == FOUNDATION || may_use.contains(&used) || may_use.contains(&EVERYTHING);
            if members.contains(&used) && !is_allowed {
                complaints
                    .push(format!("{room}: may not use {used}, says the table of crates in ARCHITECTURE.md"));
            }
            if PURE.contains(&room) && IMPURE.contains(&used) {
                complaints.push(format!("{room}: is pure and may not use {used}"));
            }
        }
    }
    complaints
}

/// A package by the name of its folder under `crates/`.
fn room(package: &Value) -> &str {
    match package.get("name").and_then(Value::as_str).unwrap_or_default() {
        "registrar" => "cli",
        name => name.strip_prefix("registrar-").unwrap_or(name),
    }
}

/// The last cell of a crate's row.
fn arrows<'a>(architecture: &'a str, room: &str) -> Option<Vec<&'a str>> {
    let row = architecture.lines().find(|line| line.starts_with(&format!("| `{room}` |")))?;
    let last = row.trim_end().strip_suffix('|')?.rsplit('|').next()?;
    Some(last.split(',').map(|name| name.trim().trim_matches('`')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TABLE: &str = "| crate | what lives there | may use |\n|---|---|---|\n| `json` | x | – |\n\
                         | `crypto` | x | json |\n| `domain` | x | crypto |\n| `http-api` | x | domain, crypto |\n\
                         | `cli` | x | everything |\n| `store-sqlite` | x | domain |\n";

    fn with(name: &str, dependency: &str, kind: Option<&str>) -> usize {
        let dependencies = json!([{ "name": dependency, "kind": kind }]);
        let others = ["registrar-store-sqlite", "registrar-crypto", "registrar-json"];
        let mut packages: Vec<Value> = others.iter().map(|name| json!({ "name": name })).collect();
        packages.push(json!({ "name": name, "dependencies": dependencies }));
        complaints(&json!({ "packages": packages }), TABLE).len()
    }

    #[test]
    fn an_arrow_that_the_table_does_not_have_is_refused_but_in_tests() {
        assert_eq!(with("registrar-domain", "registrar-store-sqlite", None), 1);
        assert_eq!(with("registrar-domain", "registrar-store-sqlite", Some("dev")), 0);
        assert_eq!(with("registrar-domain", "registrar-crypto", None), 0);
        assert_eq!(with("registrar-domain", "registrar-json", None), 0);
        assert_eq!(with("registrar", "registrar-store-sqlite", None), 0);
        assert_eq!(with("xtask", "registrar-crypto", None), 1);
    }

    #[test]
    fn a_pure_crate_may_not_bring_a_runtime_in() {
        assert_eq!(with("registrar-domain", "tokio", None), 1);
        assert_eq!(with("registrar-http-api", "tokio", None), 0);
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        assert_eq!(with("registrar-new", "serde", None), 1);
    }
}
