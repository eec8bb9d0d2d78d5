//! What a killed run leaves behind: found by its owner's process number, and removed.

use std::path::PathBuf;

use crate::Outcome;
use crate::cluster::network::{remove_stale, stale_namespaces};
use crate::cluster::node::end_all;

/// Where the data of a process's cluster are: a folder that `postgres` can reach, which a home need not be.
pub(crate) fn folder_of(owner: u32) -> PathBuf {
    std::env::temp_dir().join(format!("registrar-cluster-{owner}"))
}

/// Ends and removes clusters whose process was killed.
pub(crate) fn remove_what_was_left() -> Outcome<()> {
    let is_alive = |owner: u32| {
        let name = std::fs::read_to_string(format!("/proc/{owner}/comm")).unwrap_or_default();
        name.starts_with("xtask") && owner != std::process::id()
    };
    for (owner, namespace) in stale_namespaces(is_alive)? {
        println!("cluster: removing {namespace}, which a killed run left");
        end_all(&namespace)?;
        remove_stale(owner, &namespace)?;
        let folder = folder_of(owner);
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}
