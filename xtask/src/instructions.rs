//! `cargo xtask instructions`: how many instructions a create costs between the HTTP library and the store, counted by
//! callgrind and held against the counts in the repository.
//!
//! Seconds differ from run to run and machine to machine, instructions hardly do. Invariant: what is counted is one thread
//! with fixed time, randomness and requests; the difference of two runs leaves out what a run costs once.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::machine::project;
use crate::process::{built_executable, run};
use crate::server::scratch;
use crate::test::tools::need;

/// Where the counts are noted.
const FILE: &str = "xtask/instructions.txt";

const HEADER: &str = "\
# Instructions of one request between the HTTP library and the store, by callgrind: what, processor, count.
# `cargo xtask instructions` compares; `cargo xtask instructions --accept` writes this file.
";

/// By how much a count may exceed the noted one, in thousandths. The count itself repeats to less than one; the margin is
/// for other versions of the compiler and the C library, and for processors for which the libraries choose other code.
const MARGIN: u64 = 30;

/// Requests of the two runs whose difference counts.
const REQUESTS: [u64; 2] = [200, 1_200];

/// Arguments of `cargo xtask instructions`.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Notes what is counted now as what is right.
    #[arg(long)]
    accept: bool,
}

/// Counts, and compares or notes.
pub(crate) fn instructions(arguments: &Arguments) -> Outcome<()> {
    let counted = count()?;
    let path = project().join(FILE);
    if arguments.accept {
        let noted = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, with_counts(&noted, &counted))?;
        println!("instructions: noted in {FILE}");
        return Ok(());
    }
    let noted = std::fs::read_to_string(path)?;
    let mut complaints = Vec::new();
    for (what, count) in &counted {
        if let Some(noted) = noted_count(&noted, what) {
            println!("instructions: {what}: {count}, noted {noted}");
            complaints.extend(complaint(what, *count, noted));
        } else {
            println!("instructions: {what}: {count}; none is noted for this kind of processor");
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

/// The file's text with these counts; those of other processors stay.
fn with_counts(noted: &str, counted: &[(String, u64)]) -> String {
    let mut lines: Vec<String> =
        noted.lines().filter(|line| !line.starts_with('#')).map(Into::into).collect();
    for (what, count) in counted {
        lines.retain(|line| line.rsplit_once(' ').is_none_or(|(name, _)| name != what));
        lines.push(format!("{what} {count}"));
    }
    lines.sort();
    format!("{HEADER}{}\n", lines.join("\n"))
}

fn noted_count(text: &str, what: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    lines.find(|(name, _)| *name == what).and_then(|(_, count)| count.parse().ok())
}

fn complaint(what: &str, count: u64, noted: u64) -> Option<String> {
    let percent = format!("{}.{} %", MARGIN / 10, MARGIN % 10);
    if count * 1000 > noted * (1000 + MARGIN) {
        return Some(format!(
            "{what} costs {count} instructions, {noted} are noted and {percent} more is allowed: find what became dearer, or \
             accept it with `cargo xtask instructions --accept`"
        ));
    }
    if count * 1000 < noted * (1000 - MARGIN) {
        return Some(format!(
            "{what} costs {count} instructions, fewer than the {noted} noted: keep that by `cargo xtask instructions --accept`"
        ));
    }
    None
}

/// Instructions of one request, by what is asked and on which kind of processor.
fn count() -> Outcome<Vec<(String, u64)>> {
    need("valgrind", &["valgrind"])?;
    let build = ["build", "--locked", "--release", "--package", "xtask", "--example", "engine"];
    let engine = built_executable(&project(), &build, "engine")?;
    let (folder, processor) = (scratch("instructions")?, processor()?);
    let [few, many] = REQUESTS;
    let mut counts = Vec::new();
    for kind in ["create", "refused"] {
        let of = |requests: u64| {
            total(&engine, &folder.join(format!("{kind}-{requests}.out")), &[kind, &requests.to_string()])
        };
        counts.push((format!("{kind} {processor}"), (of(many)? - of(few)?) / (many - few)));
    }
    Ok(counts)
}

/// What the libraries choose their code by.
fn processor() -> Outcome<String> {
    let mut name = std::env::consts::ARCH.to_owned();
    let known = std::fs::read_to_string("/proc/cpuinfo")?;
    for feature in ["aes", "avx2"] {
        if known.split_ascii_whitespace().any(|word| word == feature) {
            name.extend(["+", feature]);
        }
    }
    Ok(name)
}

/// Instructions within the function that submits everything.
fn total(engine: &Path, out: &Path, hot_path: &[&str]) -> Outcome<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet", "--collect-atstart=no", "--toggle-collect=*submit_all*"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(engine);
    run(command.arg("hot-path").args(hot_path))?;
    let written = std::fs::read_to_string(out)?;
    let totals = written.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(totals.ok_or("callgrind wrote no totals")?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_found_by_its_name() {
        let text = with_counts("", &[("create x86".into(), 12_345), ("refused x86".into(), 99)]);
        assert_eq!(noted_count(&text, "create x86"), Some(12_345));
        assert_eq!(noted_count(&text, "refused x86"), Some(99));
        assert_eq!(noted_count(&text, "create arm"), None);
    }

    #[test]
    fn a_new_count_replaces_its_own_and_leaves_those_of_other_processors() {
        let text = with_counts("", &[("create x86".into(), 1), ("create arm".into(), 2)]);
        let text = with_counts(&text, &[("create x86".into(), 3)]);
        assert_eq!((noted_count(&text, "create x86"), noted_count(&text, "create arm")), (Some(3), Some(2)));
        assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 2);
    }

    #[test]
    fn more_than_the_margin_in_either_direction_is_a_complaint() {
        assert!(complaint("create", 1_030, 1_000).is_none());
        assert!(complaint("create", 1_031, 1_000).is_some());
        assert!(complaint("create", 970, 1_000).is_none());
        assert!(complaint("create", 969, 1_000).is_some());
    }
}
