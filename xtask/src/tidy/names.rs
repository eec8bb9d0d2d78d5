//! Names of files and folders.

use crate::tidy::TextFile;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"];

/// What is wrong with the name of that file.
pub(crate) fn complaints(file: &TextFile) -> Vec<String> {
    let stems = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    let empty = stems.filter(|stem| EMPTY_NAMES.contains(stem));
    empty.map(|stem| format!("{}: `{stem}` says nothing; use a word of the domain", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_says_nothing_is_refused_as_file_and_as_folder() {
        let found = |path: &str| complaints(&TextFile { path: path.into(), text: String::new() }).len();
        assert_eq!(found("crates/x/src/utils.rs"), 1);
        assert_eq!(found("crates/x/src/common/mod.rs"), 1);
        assert_eq!(found("crates/x/src/common_names.rs"), 0);
    }
}
