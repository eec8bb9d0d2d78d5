//! Files that only their owner may read, written so that a crash leaves the old content or the new, never half.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Owner may read and write, nobody else anything.
const OWNER_ONLY: u32 = 0o600;

/// Writes a new file with mode 0600; fails with `AlreadyExists` rather than overwrite one.
pub(crate) fn create_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // A half-written file would stand in the way of the next try.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    sync_folder_of(path)
}

/// Writes or replaces a file with mode 0600 in one step.
pub(crate) fn replace_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    match std::fs::remove_file(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    create_private_file(&beside, content)?;
    std::fs::rename(&beside, path)?;
    sync_folder_of(path)
}

/// Makes a folder, and those above it, with mode 0700; an existing one stays as it is.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder a path is in; of a bare file name the working directory.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::{create_private_file, replace_private_file};
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_new_file_is_for_its_owner_alone_and_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        create_private_file(&path, b"one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(create_private_file(&path, b"two").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn replacing_makes_the_file_private_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.json");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(folder.path().join("credentials.json.new"), "left by a crash").unwrap();
        replace_private_file(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
