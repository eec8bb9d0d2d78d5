//! Which crate may use which: the arrows of ARCHITECTURE.md, all pointing towards the domain.
//!
//! Dependencies of tests alone are not arrows: they do not reach a user.

use serde_json::Value;

/// Every crate of the workspace and the crates of the workspace it may use.
const ARROWS: [(&str, &[&str]); 8] = [
    ("registrar-json", &[]),
    ("registrar-crypto", &["registrar-json"]),
    ("registrar-domain", &["registrar-crypto", "registrar-json"]),
    ("registrar-store-sqlite", &["registrar-domain", "registrar-json"]),
    ("registrar-wire", &["registrar-json"]),
    ("registrar-http-api", &["registrar-wire", "registrar-domain", "registrar-crypto", "registrar-json"]),
    ("registrar-client", &["registrar-wire", "registrar-crypto", "registrar-json"]),
    ("xtask", &[]),
];

/// The composition root may use everything.
const ROOT: &str = "registrar";

/// Libraries that bring a network, a database or a runtime into the pure crates.
const IMPURE: [&str; 9] =
    ["axum", "hyper", "hyper-util", "http", "http-body", "mio", "rusqlite", "tokio", "ureq"];

/// Crates that do no input or output.
const PURE: [&str; 4] = ["registrar-json", "registrar-crypto", "registrar-domain", "registrar-wire"];

/// What is wrong in what `cargo metadata --no-deps` says.
pub(crate) fn complaints(metadata: &Value) -> Vec<String> {
    let packages = metadata.get("packages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let name_of = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let members: Vec<String> = packages.iter().map(name_of).collect();
    let mut complaints = Vec::new();
    for package in packages {
        let name = name_of(package);
        if name == ROOT {
            continue;
        }
        let Some((_, may_use)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            complaints.push(format!("{name}: has no arrows in ARCHITECTURE.md and xtask/src/tidy/arrows.rs"));
            continue;
        };
        let dependencies = package.get("dependencies").and_then(Value::as_array);
        for dependency in dependencies.map(Vec::as_slice).unwrap_or_default() {
            if dependency.get("kind").and_then(Value::as_str) == Some("dev") {
                continue;
            }
            let used = name_of(dependency);
            if members.contains(&used) && !may_use.contains(&used.as_str()) {
                complaints.push(format!("{name}: may not use {used}; the arrows are in ARCHITECTURE.md"));
            }
            if PURE.contains(&name.as_str()) && IMPURE.contains(&used.as_str()) {
                complaints.push(format!("{name}: is pure and may not use {used}"));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(name: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let dependencies = json!([{ "name": dependency, "kind": kind }]);
        let others = ["registrar-store-sqlite", "registrar-crypto"].map(|name| json!({ "name": name }));
        let mut packages = vec![json!({ "name": name, "dependencies": dependencies })];
        packages.extend(others);
        complaints(&json!({ "packages": packages }))
    }

    #[test]
    fn an_arrow_away_from_the_domain_is_refused_but_in_tests() {
        assert_eq!(with("registrar-domain", "registrar-store-sqlite", None).len(), 1);
        assert_eq!(with("registrar-domain", "registrar-store-sqlite", Some("dev")).len(), 0);
        assert_eq!(with("registrar-domain", "registrar-crypto", None).len(), 0);
        assert_eq!(with("registrar", "registrar-store-sqlite", None).len(), 0);
    }

    #[test]
    fn a_pure_crate_may_not_bring_a_runtime_in() {
        assert_eq!(with("registrar-domain", "tokio", None).len(), 1);
        assert_eq!(with("registrar-http-api", "tokio", None).len(), 0);
    }

    #[test]
    fn a_crate_without_arrows_is_refused() {
        assert_eq!(with("registrar-new", "serde", None).len(), 1);
    }
}
