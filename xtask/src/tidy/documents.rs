//! Documents: short where they must be, and naming only what exists.

use std::collections::BTreeSet;

use crate::tidy::TextFile;

/// A decision or the newcomers' map fits on a screen (ARCHITECTURE.md).
const LINES_MAX: usize = 60;

/// What is wrong with that document.
pub(crate) fn complaints(file: &TextFile) -> Vec<String> {
    let mut complaints = Vec::new();
    let decision = file
        .path
        .strip_prefix("docs/decisions/")
        .and_then(|name| name.strip_suffix(".md"))
        .filter(|name| *name != "README");
    let lines = file.text.lines().count();
    if (decision.is_some() || file.path == "AGENTS.md") && lines > LINES_MAX {
        complaints.push(format!("{}: {lines} lines, at most {LINES_MAX}", file.path));
    }
    if let Some(name) = decision
        && !is_numbered(name)
    {
        complaints.push(format!("{}: a decision is named NNNN-title.md", file.path));
    }
    complaints
}

fn is_numbered(name: &str) -> bool {
    name.split_once('-').is_some_and(|(number, title)| {
        number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()) && !title.is_empty()
    })
}

/// ARCHITECTURE.md names each crate, as `crates/NAME` or as the first cell of a table's row.
pub(crate) fn crate_list(files: &[TextFile]) -> Vec<String> {
    let Some(architecture) = files.iter().find(|file| file.path == "ARCHITECTURE.md") else {
        return Vec::new();
    };
    let crates: BTreeSet<&str> =
        files.iter().filter_map(|file| file.path.strip_prefix("crates/")?.split('/').next()).collect();
    let is_named = |name: &&str| {
        architecture.text.lines().any(|line| line.starts_with(&format!("| `{name}` |")))
            || paths_in(&architecture.text).any(|path| path.split('/').nth(1) == Some(*name))
    };
    let missing = crates.iter().filter(|name| !is_named(name));
    missing.map(|name| format!("ARCHITECTURE.md: does not name the crate `crates/{name}`")).collect()
}

/// Files and folders under `crates/` that a document names and that are not there.
pub(crate) fn dead_paths(files: &[TextFile], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let documents = files.iter().filter(|file| file.has_ending("md") && file.path != "CHANGELOG.md");
    let named = documents.flat_map(|file| paths_in(&file.text).map(|path| (&file.path, path)));
    let dead = named.filter(|(_, path)| !exists(path));
    dead.map(|(document, path)| format!("{document}: names `{path}`, which does not exist")).collect()
}

/// The heading of ARCHITECTURE.md below which one request is followed, and the word that finds its files.
const WALK: (&str, &str) = ("## How one request walks", "create_customer");

/// Files that ARCHITECTURE.md names on the walk of a request and that a search for the walk's word would not find.
pub(crate) fn off_the_walk(files: &[TextFile]) -> Vec<String> {
    let (heading, word) = WALK;
    let architecture = files.iter().find(|file| file.path == "ARCHITECTURE.md").map_or("", |file| &file.text);
    let walk = architecture.split_once(heading).map_or("", |(_, walk)| walk);
    let walk = walk.split("\n## ").next().unwrap_or(walk);
    let named: BTreeSet<&str> = paths_in(walk).collect();
    let silent = files.iter().filter(|file| named.contains(file.path.as_str()) && !file.text.contains(word));
    silent.map(|file| format!("{}: is on the walk of `{word}` and does not say so", file.path)).collect()
}

/// Paths in backquotes under `crates/`; patterns are left out.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter_map(|quoted| {
        let path = quoted.split([':', '#']).next()?.trim_end_matches('/');
        let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        (path.starts_with("crates/") && is_plain).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_decision_is_numbered_and_short() {
        assert!(complaints(&file("docs/decisions/0001-one-writer.md", &"x\n".repeat(60))).is_empty());
        assert_eq!(complaints(&file("docs/decisions/0001-one-writer.md", &"x\n".repeat(61))).len(), 1);
        assert_eq!(complaints(&file("docs/decisions/one-writer.md", "x")).len(), 1);
        assert_eq!(complaints(&file("AGENTS.md", &"x\n".repeat(61))).len(), 1);
    }

    #[test]
    fn a_crate_that_the_architecture_does_not_name_is_found() {
        let code = file("crates/wire/src/lib.rs", "");
        let named = |text: &str| crate_list(&[file("ARCHITECTURE.md", text), file(&code.path, "")]).len();
        assert_eq!(named("nothing"), 1);
        assert_eq!(named("| `wire` | what travels |"), 0);
        assert_eq!(named("see `crates/wire/src/lib.rs`"), 0);
    }

    #[test]
    fn a_file_on_the_walk_that_a_search_would_not_find_is_found_here() {
        let map = "see `crates/d/e.rs`\n## How one request walks\n`crates/a/b.rs`, `crates/c`\n## Next\n`crates/d/e.rs`";
        let with = |text: &str| {
            let files =
                [file("ARCHITECTURE.md", map), file("crates/a/b.rs", text), file("crates/d/e.rs", "")];
            off_the_walk(&files)
        };
        assert_eq!(
            with("//! a part"),
            ["crates/a/b.rs: is on the walk of `create_customer` and does not say so"]
        );
        assert!(with("//! a part of `create_customer`").is_empty());
    }

    #[test]
    fn a_path_that_does_not_exist_is_found_and_a_pattern_is_no_path() {
        let text = "`crates/a/b.rs` and `crates/a/gone.rs:12` and `crates/*/src` and crates/plain";
        let dead = dead_paths(&[file("README.md", text)], |path| path == "crates/a/b.rs");
        assert_eq!(dead, ["README.md: names `crates/a/gone.rs`, which does not exist"]);
    }
}
