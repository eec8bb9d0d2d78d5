//! Known exceptions to the length limits: noted with their size, and only ever lowered.

use crate::Outcome;

/// Where the exceptions are noted.
pub(crate) const FILE: &str = "xtask/tidy-exceptions.txt";

const HEADER: &str = "\
# Known exceptions to the length limits: rule, file, function (or -), lines. They only shrink:
# `cargo xtask tidy --tighten` lowers a number or removes a line; none is ever raised or added.
";

/// Something that is longer than its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Oversized {
    /// `file-length` or `function-length`.
    pub(crate) rule: String,
    /// The file.
    pub(crate) path: String,
    /// The function, or `-`.
    pub(crate) name: String,
    /// How long it is.
    pub(crate) lines: usize,
    /// How long it may be.
    pub(crate) lines_max: usize,
}

impl Oversized {
    fn is_same_place(&self, other: &Self) -> bool {
        (&self.rule, &self.path, &self.name) == (&other.rule, &other.path, &other.name)
    }
}

/// The noted exceptions.
#[derive(Default)]
pub(crate) struct Ratchet(Vec<Oversized>);

impl Ratchet {
    /// Reads the file's lines.
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let noted = lines.map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [rule, path, name, lines] = words.as_slice() else {
                return Err(format!("{FILE}: `{line}` is not `rule file function lines`").into());
            };
            let (rule, path, name) = ((*rule).into(), (*path).into(), (*name).into());
            Ok(Oversized { rule, path, name, lines: lines.parse()?, lines_max: 0 })
        });
        noted.collect::<Outcome<Vec<_>>>().map(Self)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for Oversized { rule, path, name, lines, .. } in &self.0 {
            text.extend([rule, " ", path, " ", name, " ", &lines.to_string(), "\n"]);
        }
        text
    }

    /// Lowers what has shrunk and forgets what is within its limit.
    pub(crate) fn tighten(&mut self, found: &[Oversized]) {
        self.0.retain_mut(|noted| {
            let now = found.iter().find(|one| one.is_same_place(noted));
            noted.lines = noted.lines.min(now.map_or(0, |one| one.lines));
            now.is_some()
        });
    }

    /// What is too long and not noted, or noted too high.
    pub(crate) fn complaints(&self, found: &[Oversized]) -> Vec<String> {
        let mut complaints = Vec::new();
        for one in found {
            let noted = self.0.iter().find(|noted| noted.is_same_place(one)).map_or(0, |noted| noted.lines);
            if one.lines > noted {
                let Oversized { rule, path, name, lines, lines_max } = one;
                complaints
                    .push(format!("{path}: {rule} {name}: {lines} lines, at most {lines_max}; split it"));
            }
        }
        for noted in &self.0 {
            let lines = found.iter().find(|one| one.is_same_place(noted)).map_or(0, |one| one.lines);
            if lines < noted.lines {
                let Oversized { rule, path, name, .. } = noted;
                complaints.push(format!(
                    "{path}: {rule} {name}: shorter than noted; run `cargo xtask tidy --tighten`"
                ));
            }
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(lines: usize) -> Oversized {
        let (rule, path, name) = ("file-length".into(), "a.rs".into(), "-".into());
        Oversized { rule, path, name, lines, lines_max: 500 }
    }

    #[test]
    fn a_noted_length_is_accepted_and_neither_a_longer_nor_a_shorter_one() {
        let ratchet = Ratchet::parse("# note\nfile-length a.rs - 600\n").unwrap();
        assert!(ratchet.complaints(&[long(600)]).is_empty());
        assert_eq!(ratchet.complaints(&[long(601)]).len(), 1);
        assert_eq!(ratchet.complaints(&[long(599)]).len(), 1);
        assert_eq!(ratchet.complaints(&[]).len(), 1);
        assert_eq!(Ratchet::default().complaints(&[long(501)]).len(), 1);
    }

    #[test]
    fn tightening_lowers_and_removes_but_never_raises() {
        let tightened = |lines: &[Oversized]| {
            let mut ratchet = Ratchet::parse("file-length a.rs - 600").unwrap();
            ratchet.tighten(lines);
            ratchet.text().replace(HEADER, "")
        };
        assert_eq!(tightened(&[long(550)]), "file-length a.rs - 550\n");
        assert_eq!(tightened(&[long(700)]), "file-length a.rs - 600\n");
        assert_eq!(tightened(&[]), "");
    }
}
