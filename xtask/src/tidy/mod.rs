//! `cargo xtask tidy`: the house rules that a machine can check.
//!
//! Looks at the files git knows or would add. Invariant: a complaint names the file, the rule and what to do;
//! known exceptions are noted in one file that can only get shorter.

mod arrows;
mod documents;
mod lengths;
mod names;
mod ratchet;
mod words;

use std::process::Command;

use crate::Outcome;
use crate::machine::project;
use crate::process::{cargo_metadata, output};

use ratchet::Ratchet;

/// One text file of the project.
pub(crate) struct TextFile {
    /// From the project's folder, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

impl TextFile {
    fn is_rust(&self) -> bool {
        self.has_ending("rs")
    }

    fn has_ending(&self, wanted: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, ending)| ending == wanted)
    }

    /// Whether the whole file is test code.
    fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "tests.rs" | "testing" | "testing.rs" | "benches"))
    }
}

/// Checks every rule; with `tighten` lowers the noted exceptions instead of complaining that they are too high.
pub(crate) fn tidy(tighten: bool) -> Outcome<()> {
    let files = own_files()?;
    let noted = project().join(ratchet::FILE);
    let mut ratchet = Ratchet::parse(&std::fs::read_to_string(&noted).unwrap_or_default())?;
    let oversized: Vec<_> = files.iter().filter(|file| file.is_rust()).flat_map(lengths::oversized).collect();
    if tighten {
        ratchet.tighten(&oversized);
        std::fs::write(&noted, ratchet.text())?;
    }
    let mut complaints = ratchet.complaints(&oversized);
    for file in &files {
        complaints.extend(names::complaints(file));
        complaints.extend(words::complaints(file));
        complaints.extend(documents::complaints(file));
    }
    complaints.extend(documents::crate_list(&files));
    complaints.extend(documents::off_the_walk(&files));
    complaints.extend(documents::dead_paths(&files, |path| project().join(path).exists()));
    let architecture = files.iter().find(|file| file.path == "ARCHITECTURE.md").map_or("", |file| &file.text);
    complaints.extend(arrows::complaints(&cargo_metadata(&["--no-deps"])?, architecture));
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    println!("{} files, {} complaints", files.len(), complaints.len());
    if complaints.is_empty() { Ok(()) } else { Err("the house rules are in ARCHITECTURE.md".into()) }
}

fn own_files() -> Outcome<Vec<TextFile>> {
    let mut list = Command::new("git");
    list.current_dir(project()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
        "--",
        ".",
    ]);
    // What others wrote and the project only carries is marked in .gitattributes.
    list.arg(":(exclude,attr:linguist-vendored)");
    let mut files = Vec::new();
    for path in output(&mut list)?.split('\0').filter(|path| !path.is_empty()) {
        // What is not UTF-8 is no text; what git still lists but is deleted cannot be read.
        if let Ok(text) = std::fs::read_to_string(project().join(path)) {
            files.push(TextFile { path: path.into(), text });
        }
    }
    Ok(files)
}
