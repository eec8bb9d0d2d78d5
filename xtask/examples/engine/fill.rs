//! Fills an embedded database with customers through the engine itself, many at once so that commits are few.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use registrar_domain::store::Store;
use registrar_domain::testing::SeededEntropy;
use registrar_store_sqlite::{Options, SqliteStore};

use crate::Outcome;
use crate::backend::{fresh_seed, store_one};
use crate::scene::sample_command;

/// Callers at once.
const CALLERS: u64 = 1024;

/// Stores so many customers more in a database that has a platform and a key and no server.
pub(crate) fn run(file: &Path, more: u64) -> Outcome<()> {
    let options = Options::server(|reason| println!("the engine must not go on: {reason}"));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(file, options)?);
    let template = sample_command()?;
    let entropy = Arc::new(SeededEntropy::new(fresh_seed()));
    let begun = Arc::new(AtomicU64::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (store, entropy, begun) = (Arc::clone(&store), Arc::clone(&entropy), Arc::clone(&begun));
                let template = template.clone();
                tokio::spawn(async move {
                    while begun.fetch_add(1, Ordering::Relaxed) < more {
                        store_one(store.as_ref(), &entropy, &template).await?;
                    }
                    Outcome::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Outcome::Ok(())
    })
}
