//! The PostgreSQL engine alone: as many callers as are asked for, each storing one customer after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use registrar_domain::entropy::random_bytes;
use registrar_domain::ids::CustomerNumber;
use registrar_domain::store::{BlindIndex, CreateCustomer, CreateCustomerOutcome, Store, StoreFailure};
use registrar_domain::testing::SeededEntropy;
use registrar_store_postgres::{Address, PostgresStore, Role};

use crate::Outcome;
use crate::scene::sample_command;

/// How long a caller waits where the engine is busy.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// Stores for so long and prints `stored COUNT in SECONDS`. The database must have the platform and key that a new
/// installation begins with.
pub(crate) fn run(url: &str, callers: usize, seconds: u64) -> Outcome<()> {
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(&Address::parse(url)?, Role::Server)?);
    let template = sample_command()?;
    let entropy = Arc::new(SeededEntropy::new(fresh_seed()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let stored = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    runtime.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (store, entropy, stored) =
                    (Arc::clone(&store), Arc::clone(&entropy), Arc::clone(&stored));
                let template = template.clone();
                tokio::spawn(async move {
                    while Instant::now() < until {
                        store_one(store.as_ref(), &entropy, &template).await?;
                        stored.fetch_add(1, Ordering::Relaxed);
                    }
                    Outcome::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Outcome::Ok(())
    })?;
    let elapsed = begun.elapsed().as_secs_f64();
    println!("stored {} in {elapsed:.6}", stored.load(Ordering::Relaxed));
    Ok(())
}

/// Stores a customer of the same sizes under random indexes.
async fn store_one(store: &dyn Store, entropy: &SeededEntropy, template: &CreateCustomer) -> Outcome<()> {
    let mut command = template.clone();
    command.number = reserve(store).await?;
    command.email.0 = random_bytes(entropy);
    command.request = command.request.map(|_| BlindIndex(random_bytes(entropy)));
    for digest in &mut command.digests {
        digest.bytes = random_bytes(entropy);
    }
    match store.create_customer(command).await? {
        CreateCustomerOutcome::Created => Ok(()),
        CreateCustomerOutcome::Replayed(_) | CreateCustomerOutcome::Rejected(_) => {
            Err("two random indexes met".into())
        }
    }
}

/// A number; where none is left for a moment a caller comes again, as the API tells it to.
async fn reserve(store: &dyn Store) -> Outcome<CustomerNumber> {
    loop {
        match store.reserve_customer_number() {
            Err(StoreFailure::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
            other => return Ok(other?),
        }
    }
}

/// Another one at each start: the databases are filled in several turns.
fn fresh_seed() -> u64 {
    u64::from_le_bytes(rand::random())
}
