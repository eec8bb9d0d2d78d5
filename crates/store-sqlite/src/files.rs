//! The files of a database: made readable by their owner alone, durable in their directory, and re-read from the disk.
//!
//! Invariant: a database file is opened here only while no connection of this process has it open, because closing any
//! descriptor of a file gives up all POSIX locks the process holds on it, SQLite's included.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, FlockOperation, fadvise, fcntl_lock, fdatasync};

use crate::open_error::OpenError;

/// The database file that a path leads to, by the only name under which it is locked: SQLite follows links, and so two paths to
/// one file must not have two locks, logs or marks. A file that is not there yet is named by its folder.
///
/// # Errors
/// There is no such folder, or the file has further names (hard links), which nothing could tell from each other.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    match std::fs::canonicalize(path) {
        Ok(real) => {
            let metadata =
                std::fs::metadata(&real).map_err(|error| OpenError::io("look at", &real, error))?;
            if metadata.is_file() && metadata.nlink() > 1 {
                return Err(OpenError::ManyNames(real));
            }
            Ok(real)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(OpenError::io("find", path, error));
            };
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let folder = folder.canonicalize().map_err(|error| OpenError::io("find", folder, error))?;
            Ok(folder.join(name))
        }
        Err(error) => Err(OpenError::io("find", path, error)),
    }
}

/// The file beside the database whose name has this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Makes an empty database file that only its owner may read; SQLite gives the log the same permissions. Leaves an
/// existing file untouched.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::io("create", path, error)),
    }
}

/// Opens a lock file, making it if needed. Lock files stay: removing one would let two processes lock different files.
pub(crate) fn open_lock(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|error| OpenError::io("open the lock file", path, error))
}

/// Makes the names of the database and its log durable: SQLite ignores a failed sync of the directory.
pub(crate) fn sync_directory(path: &Path) -> Result<(), OpenError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| OpenError::io("sync the directory", directory, error))
}

/// Makes what will be read equal what is on the disk. After a failed sync the page cache shows data that the disk does
/// not hold, also to the next process: so what is dirty is written out, and the cache and the shared index dropped.
///
/// The caller must be the only process attached. Refuses while a foreign program has the database open: taking its
/// shared index away would corrupt the database.
pub(crate) fn evict(path: &Path) -> Result<(), OpenError> {
    let index = beside(path, "-shm");
    if let Some(file) = open_existing(&index)? {
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
                return Err(OpenError::Attached(path.to_owned()));
            }
            Err(error) => return Err(OpenError::io("lock", &index, error)),
        }
        std::fs::remove_file(&index).map_err(|error| OpenError::io("remove", &index, error))?;
    }
    for path in [path.to_owned(), beside(path, "-wal")] {
        if let Some(file) = open_existing(&path)? {
            fdatasync(&file).map_err(|error| OpenError::io("sync", &path, error))?;
            fadvise(&file, 0, None, Advice::DontNeed)
                .map_err(|error| OpenError::io("drop the cached pages of", &path, error))?;
        }
    }
    Ok(())
}

fn open_existing(path: &Path) -> Result<Option<File>, OpenError> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::io("open", path, error)),
    }
}
