//! Who uses a database: at most one server, and any number of operator commands beside it.
//!
//! Two kernel locks, released by the end of the process however it ends. `-server.lock` is held by the server;
//! `-attached.lock` is held shared by everybody and exclusively, for a moment, by whoever comes first. Invariant: the
//! first to attach reads from the disk, not from a cache that an earlier process may have left wrong.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::files::{beside, evict, open_lock};
use crate::limits::{ATTACH_POLL, ATTACH_WAIT};
use crate::open_error::OpenError;
use crate::options::Role;

/// The locks of one open store; dropped last.
#[derive(Debug)]
pub(crate) struct Attachment {
    _attached: File,
    _server: Option<File>,
}

impl Attachment {
    /// Attaches to the database at `path`, which need not exist yet.
    ///
    /// A server insists on being alone for the moment of the eviction, for what it acknowledges depends on it: it waits
    /// for commands beside it and then fails. A command that finds a server attached joins it: the server has evicted.
    pub(crate) fn new(path: &Path, role: Role) -> Result<Self, OpenError> {
        Self::within(path, role, ATTACH_WAIT)
    }

    pub(crate) fn within(path: &Path, role: Role, wait: Duration) -> Result<Self, OpenError> {
        let server = match role {
            Role::Server => Some(lock_server(path)?),
            Role::Operator => None,
        };
        let attached_path = beside(path, "-attached.lock");
        let attached = open_lock(&attached_path)?;
        let take = |operation| {
            try_lock(&attached, operation).map_err(|error| OpenError::io("lock", &attached_path, error))
        };
        let mut waited = Duration::ZERO;
        loop {
            if take(FlockOperation::NonBlockingLockExclusive)? {
                evict(path)?;
                // The change to a shared lock is not atomic: another may come first, evict again and share too.
                if take(FlockOperation::NonBlockingLockShared)? {
                    break;
                }
            } else if role == Role::Operator && take(FlockOperation::NonBlockingLockShared)? {
                break;
            }
            if waited >= wait {
                return Err(OpenError::Attached(path.to_owned()));
            }
            std::thread::sleep(ATTACH_POLL);
            waited += ATTACH_POLL;
        }
        Ok(Self { _attached: attached, _server: server })
    }
}

impl Attachment {
    /// Attaches alone, and keeps everybody else out until the end: servers and operators' commands.
    pub(crate) fn alone(path: &Path, wait: Duration) -> Result<Self, OpenError> {
        let server = lock_server(path)?;
        let attached_path = beside(path, "-attached.lock");
        let attached = open_lock(&attached_path)?;
        let mut waited = Duration::ZERO;
        while !try_lock(&attached, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| OpenError::io("lock", &attached_path, error))?
        {
            if waited >= wait {
                return Err(OpenError::Attached(path.to_owned()));
            }
            std::thread::sleep(ATTACH_POLL);
            waited += ATTACH_POLL;
        }
        evict(path)?;
        Ok(Self { _attached: attached, _server: Some(server) })
    }
}

fn lock_server(path: &Path) -> Result<File, OpenError> {
    let lock_path = beside(path, "-server.lock");
    let lock = open_lock(&lock_path)?;
    match try_lock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(true) => Ok(lock),
        Ok(false) => Err(OpenError::ServerRunning(path.to_owned())),
        Err(error) => Err(OpenError::io("lock", &lock_path, error)),
    }
}

fn try_lock(file: &File, operation: FlockOperation) -> Result<bool, Errno> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error),
    }
}
