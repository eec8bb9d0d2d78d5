//! What must not stand in a file, and the module header that must.

use crate::tidy::TextFile;

/// A module header's lines at most (ARCHITECTURE.md).
const HEADER_LINES_MAX: usize = 8;

/// Attributes that switch a rule or a test off. Written in halves so that this file keeps its own rule.
const ATTRIBUTES: [([&str; 2], &str); 4] = [
    (["#[igno", "re"], "a test that is not run protects nothing: repair or remove it"),
    (["#[all", "ow("], "use #[expect(lint, reason = \"…\")], which complains when it is no longer needed"),
    (["#![all", "ow("], "use #[expect(lint, reason = \"…\")], which complains when it is no longer needed"),
    (["cfg_attr(test, all", "ow("], "clippy.toml says what tests may do"),
];

/// Marks of unfinished work.
const UNFINISHED: [[&str; 2]; 2] = [["TO", "DO"], ["FIX", "ME"]];

/// Endings of files in which such marks are comments.
const CODE: [&str; 12] = ["rs", "toml", "sql", "py", "mjs", "cjs", "js", "go", "java", "php", "sh", "html"];

/// Paths that exist on one machine only.
const MACHINE_PATHS: [[&str; 2]; 4] = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["../sha", "red"]];

/// What is wrong in that file.
pub(crate) fn complaints(file: &TextFile) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let mut complain = |what: &str, cure: &str| {
            complaints.push(format!("{}:{}: `{what}`: {cure}", file.path, number + 1));
        };
        for (halves, cure) in ATTRIBUTES {
            if file.is_rust() && line.contains(&halves.concat()) {
                complain(&halves.concat(), cure);
            }
        }
        for halves in UNFINISHED {
            let is_code = CODE.iter().any(|ending| file.has_ending(ending));
            if is_code && has_word(line, &halves.concat()) {
                complain(&halves.concat(), "finish it, or write an issue");
            }
        }
        for halves in MACHINE_PATHS {
            if line.contains(&halves.concat()) {
                complain(&halves.concat(), "a path of one machine means nothing on another");
            }
        }
    }
    complaints.extend(header(file));
    complaints
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

fn header(file: &TextFile) -> Option<String> {
    if !file.is_rust() || file.is_test() {
        return None;
    }
    match file.text.lines().take_while(|line| line.starts_with("//!")).count() {
        0 => Some(format!("{}: no module header; say what it is responsible for (`//!`)", file.path)),
        lines if lines > HEADER_LINES_MAX => {
            Some(format!("{}: a module header of {lines} lines, at most {HEADER_LINES_MAX}", file.path))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        complaints(&TextFile { path: path.into(), text: format!("//! Header.\n{text}\n") }).len()
    }

    #[test]
    fn every_forbidden_word_is_found_in_code() {
        for (halves, _) in ATTRIBUTES {
            assert!(found("a.rs", &halves.concat()) > 0, "{halves:?}");
        }
        for halves in UNFINISHED {
            assert_eq!(found("a.rs", &format!("// {}: later", halves.concat())), 1, "{halves:?}");
        }
        for halves in MACHINE_PATHS {
            assert_eq!(found("a.md", &format!("see {}x", halves.concat())), 1, "{halves:?}");
        }
    }

    #[test]
    fn a_word_inside_another_and_prose_about_the_rule_are_no_marks() {
        let mark = UNFINISHED[0].concat();
        assert_eq!(found("a.rs", &format!("let {mark}S = 1;")), 0);
        assert_eq!(found("a.md", &format!("No {mark} on main.")), 0);
    }

    #[test]
    fn a_module_needs_a_header_of_at_most_eight_lines() {
        let file = |path: &str, text: String| TextFile { path: path.into(), text };
        assert!(header(&file("a.rs", "//! x\n".repeat(8))).is_none());
        assert!(header(&file("a.rs", "//! x\n".repeat(9))).is_some());
        assert!(header(&file("a.rs", "use a;\n".into())).is_some());
        assert!(header(&file("tests/a.rs", "use a;\n".into())).is_none());
        assert!(header(&file("a.md", "text\n".into())).is_none());
    }
}
