//! The mark beside the database: a customer number past every one that may have been handed out.
//!
//! A database that was put back from a copy does not know the customers accepted since, but their codes are out in the
//! world and must never be given to other people (contract 3.7). The mark knows, and it notices when it is itself a copy:
//! it names the file it is in, by number and time of birth, which no copying tool carries over.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::files::beside;

const FIRST_LINE: &str =
    "# Registrar: the next customer number. Do not copy or restore this file; see the operator's guide.";

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkFound {
    /// There is none.
    Missing,
    /// It is a copy, or not readable as a mark; what it says counts as a lower bound only.
    Copied(u32),
    /// It is the one that the last server wrote.
    Genuine(u32),
}

/// The mark's file.
#[derive(Debug)]
pub(crate) struct NumberMark {
    path: PathBuf,
}

impl NumberMark {
    /// The mark of the database at `database`.
    pub(crate) fn beside(database: &Path) -> Self {
        Self { path: beside(database, "-numbers") }
    }

    /// Reads the mark.
    pub(crate) fn read(&self) -> io::Result<MarkFound> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(MarkFound::Missing),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let Some(next) = value("next").and_then(|text| text.parse().ok()) else {
            return Ok(MarkFound::Copied(0));
        };
        let genuine = value("file") == Some(identity(&file)?.as_str());
        Ok(if genuine { MarkFound::Genuine(next) } else { MarkFound::Copied(next) })
    }

    /// Makes the mark say `next`, durably: a new file takes the place of the old one.
    pub(crate) fn write(&self, next: u32) -> io::Result<()> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        write!(file, "{FIRST_LINE}\nnext {next}\nfile {}\n", identity(&file)?)?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()
    }
}

/// What a copy of the file cannot have: where the file system keeps no time of birth, only its number.
fn identity(file: &File) -> io::Result<String> {
    let metadata = file.metadata()?;
    let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{}:{}", metadata.ino(), born.map_or(0, |since| since.as_nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, NumberMark) {
        let folder = tempfile::tempdir().unwrap();
        let mark = NumberMark::beside(&folder.path().join("r.db"));
        (folder, mark)
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_the_last_one_counts() {
        let (_folder, mark) = place();
        assert_eq!(mark.read().unwrap(), MarkFound::Missing);
        for next in [0, 7, u32::MAX] {
            mark.write(next).unwrap();
            assert_eq!(mark.read().unwrap(), MarkFound::Genuine(next));
        }
    }

    #[test]
    fn a_mark_that_was_copied_back_is_recognised_however_it_was_copied() {
        let (folder, mark) = place();
        let copy = folder.path().join("copy");
        mark.write(7).unwrap();
        std::fs::copy(&mark.path, &copy).unwrap();
        mark.write(9).unwrap();
        // Over the present file, as `cp` does.
        std::fs::write(&mark.path, std::fs::read(&copy).unwrap()).unwrap();
        assert_eq!(mark.read().unwrap(), MarkFound::Copied(7));
        // In the place of a removed one, as `rm` and `cp -a` do.
        std::fs::remove_file(&mark.path).unwrap();
        std::fs::copy(&copy, &mark.path).unwrap();
        assert_eq!(mark.read().unwrap(), MarkFound::Copied(7));
    }

    #[test]
    fn permissions_and_owners_may_change_and_the_file_may_move_with_its_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, mark) = place();
        mark.write(7).unwrap();
        std::fs::set_permissions(&mark.path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let moved = folder.path().join("moved.db-numbers");
        std::fs::rename(&mark.path, &moved).unwrap();
        assert_eq!(NumberMark { path: moved }.read().unwrap(), MarkFound::Genuine(7));
    }

    #[test]
    fn what_is_no_mark_counts_as_a_copy() {
        let (_folder, mark) = place();
        for bytes in [&b""[..], b"\xff\xfe", b"next\n", b"next -1\n", b"next 99999999999\n"] {
            std::fs::write(&mark.path, bytes).unwrap();
            assert_eq!(mark.read().unwrap(), MarkFound::Copied(0));
        }
    }
}
