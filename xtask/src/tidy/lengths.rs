//! Lengths of files and functions in production code.
//!
//! Relies on rustfmt's layout, which `cargo xtask check` enforces: an item ends at the first closing brace in its own column.

use crate::tidy::TextFile;
use crate::tidy::ratchet::Oversized;

/// Lines of production code that a file may have (ARCHITECTURE.md).
pub(crate) const FILE_LINES_MAX: usize = 500;

/// Lines that a function may have, from `fn` to the closing brace (ARCHITECTURE.md).
pub(crate) const FUNCTION_LINES_MAX: usize = 70;

/// What is over a limit in that file. Tests may be as long as they need to be.
pub(crate) fn oversized(file: &TextFile) -> Vec<Oversized> {
    if file.is_test() {
        return Vec::new();
    }
    let lines = production_lines(&file.text);
    let mut found = Vec::new();
    let mut note = |rule: &str, name: &str, lines: usize, lines_max: usize| {
        if lines > lines_max {
            let (rule, path, name) = (rule.to_owned(), file.path.clone(), name.to_owned());
            found.push(Oversized { rule, path, name, lines, lines_max });
        }
    };
    note("file-length", "-", lines.len(), FILE_LINES_MAX);
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closes = |line: &&str| line.len() == indent + 1 && line.trim_start() == "}";
        let rest = lines.get(start..).unwrap_or_default();
        let is_short = line.ends_with(';') || line.ends_with('}');
        let length = if is_short { 1 } else { rest.iter().position(closes).map_or(1, |end| end + 1) };
        note("function-length", name, length, FUNCTION_LINES_MAX);
    }
    found
}

/// The lines before the file's own test module.
fn production_lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let is_test_module = |pair: &[&str]| matches!(pair, ["#[cfg(test)]", next] if next.starts_with("mod "));
    let end = lines.windows(2).position(is_test_module).unwrap_or(lines.len());
    lines.into_iter().take(end).collect()
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if rest.starts_with("pub(") {
        rest = rest.split_once(") ")?.1;
    }
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "pub" | "const" | "async" => rest = after,
            "fn" => return after.split(['(', '<']).next(),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: String) -> TextFile {
        TextFile { path: "crates/x/src/y.rs".into(), text }
    }

    fn function(body_lines: usize) -> String {
        format!(
            "impl X {{\n    pub(crate) async fn long<T>(a: T) {{\n{}    }}\n}}\n",
            "        a;\n".repeat(body_lines)
        )
    }

    #[test]
    fn a_function_over_the_limit_is_found_by_name_with_its_length() {
        assert!(oversized(&file(function(68))).is_empty());
        let found = oversized(&file(function(69)));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].rule.as_str(), found[0].name.as_str(), found[0].lines),
            ("function-length", "long", 71)
        );
    }

    #[test]
    fn a_file_is_measured_up_to_its_test_module() {
        let code = "const A: u8 = 1;\n".repeat(500);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // line\n".repeat(600));
        assert!(oversized(&file(format!("{code}{tests}"))).is_empty());
        assert_eq!(oversized(&file(format!("{code}const B: u8 = 1;\n{tests}"))).len(), 1);
    }

    #[test]
    fn test_code_has_no_limit() {
        let text = function(200);
        assert!(oversized(&TextFile { path: "crates/x/tests/y.rs".into(), text }).is_empty());
    }

    #[test]
    fn a_declaration_without_a_body_is_no_long_function() {
        let text = format!("trait X {{\n    fn short(&self);\n{}}}\n", "    // line\n".repeat(100));
        assert!(oversized(&file(text)).is_empty());
    }
}
