//! Licences, sources and duplicates of every dependency, against `deny.toml`.
//!
//! Reads `cargo metadata` instead of running cargo-deny, which takes minutes to build from source.
//! Invariant: what the file does not allow is refused; an unreadable licence is refused too.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Outcome;
use crate::machine::project;
use crate::process::cargo_metadata;

/// Compares every package of the lock file with `deny.toml`.
pub(crate) fn licences() -> Outcome<()> {
    let rules = Rules::parse(&std::fs::read_to_string(project().join("deny.toml"))?)?;
    let metadata = cargo_metadata(&[])?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).ok_or("cargo metadata names no packages")?;
    let complaints = rules.complaints(packages);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    println!("{} packages, {} complaints", packages.len(), complaints.len());
    if complaints.is_empty() { Ok(()) } else { Err("see deny.toml, or choose another dependency".into()) }
}

struct Rules {
    licences: Vec<String>,
    registries: Vec<String>,
    single: Vec<String>,
}

impl Rules {
    fn parse(text: &str) -> Outcome<Self> {
        let table: toml::Table = text.parse()?;
        let list = |section: &str, key: &str| -> Outcome<Vec<toml::Value>> {
            let found = table.get(section).and_then(|part| part.get(key)).and_then(toml::Value::as_array);
            Ok(found.ok_or_else(|| format!("deny.toml has no list `{section}.{key}`"))?.clone())
        };
        let texts = |values: Vec<toml::Value>| -> Vec<String> {
            values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
        };
        let names = list("bans", "deny")?;
        Ok(Self {
            licences: texts(list("licenses", "allow")?),
            registries: texts(list("sources", "allow-registry")?),
            single: names.iter().filter_map(|ban| Some(ban.get("crate")?.as_str()?.to_owned())).collect(),
        })
    }

    fn complaints(&self, packages: &[Value]) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for package in packages {
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            let name = text("name").unwrap_or("a package without a name");
            versions.entry(name).or_default().push(text("version").unwrap_or("?"));
            let licence = text("license").unwrap_or("none");
            if !self.allows_licence(licence) {
                complaints.push(format!("{name}: licence `{licence}` is not on the list of deny.toml"));
            }
            if let Some(source) = text("source") {
                let registry = source.strip_prefix("registry+").unwrap_or(source);
                if !self.registries.iter().any(|allowed| allowed == registry) {
                    complaints.push(format!("{name}: source `{source}` is not on the list of deny.toml"));
                }
            }
        }
        for name in &self.single {
            let found = versions.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            if found.len() > 1 {
                complaints
                    .push(format!("{name}: versions {} at once; only one is allowed", found.join(", ")));
            }
        }
        complaints
    }

    fn allows_licence(&self, expression: &str) -> bool {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut reader = Expression { words: &words, allowed: &self.licences };
        reader.any().is_some_and(|allowed| allowed && reader.words.is_empty())
    }
}

/// An SPDX licence expression, read from left to right; `AND` binds closer than `OR`.
struct Expression<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Expression<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut allowed = self.all()?;
        while self.eat("OR") {
            allowed |= self.all()?;
        }
        Some(allowed)
    }

    fn all(&mut self) -> Option<bool> {
        let mut allowed = self.one()?;
        while self.eat("AND") {
            allowed &= self.one()?;
        }
        Some(allowed)
    }

    fn one(&mut self) -> Option<bool> {
        if self.eat("(") {
            let allowed = self.any()?;
            return self.eat(")").then_some(allowed);
        }
        let mut name = self.next()?.to_owned();
        if self.eat("WITH") {
            name = format!("{name} WITH {}", self.next()?);
        }
        Some(self.allowed.contains(&name))
    }

    fn eat(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.next();
        }
        is_next
    }

    fn next(&mut self) -> Option<&str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules() -> Rules {
        Rules {
            licences: vec!["MIT".into(), "Unicode-3.0".into(), "Apache-2.0 WITH LLVM-exception".into()],
            registries: vec!["https://example.org/index".into()],
            single: vec!["tokio".into()],
        }
    }

    #[test]
    fn licence_expressions_are_read_as_spdx_says() {
        for (expression, allowed) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/GPL-3.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("GPL-3.0 OR MIT AND GPL-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(rules().allows_licence(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn another_source_a_second_version_and_a_missing_licence_are_complaints() {
        let package = |name: &str, version: &str, licence: Value, source: &str| json!({"name": name, "version": version, "license": licence, "source": source});
        let good = "registry+https://example.org/index";
        let fine = [package("tokio", "1.0.0", json!("MIT"), good)];
        assert!(rules().complaints(&fine).is_empty());
        let bad = [
            package("tokio", "1.0.0", json!("MIT"), good),
            package("tokio", "2.0.0", json!("MIT"), "git+https://example.org/tokio"),
            package("other", "1.0.0", Value::Null, good),
        ];
        assert_eq!(rules().complaints(&bad).len(), 3);
    }
}
