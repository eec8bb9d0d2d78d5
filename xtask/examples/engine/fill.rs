//! Fills an embedded installation with customers as a server would store them, many at once so that commits are few.
//!
//! Knows nothing of HTTP. Invariant: what is stored for a person is what a server stores for `Customer::filled`, so that a
//! client can ask for each of them again.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use registrar_crypto::keyring::MasterKeys;
use registrar_crypto::signature::{RequestSecret, SignedParts, sign};
use registrar_domain::platform::Permission;
use registrar_domain::reference::ReferenceLists;
use registrar_domain::registry::{
    AuthSettings, Caller, CreateCustomerError, Origin, Parts, Presented, Registry,
};
use registrar_domain::store::StoreFailure;
use registrar_store_sqlite::{Options, SqliteStore};

use crate::Outcome;
use crate::customers::Customer;
use crate::log_server::{ThreadRandomness, WallClock};

/// Callers at once.
const CALLERS: u64 = 1024;

/// How long a caller waits where the engine is busy.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// The nesting that the server allows.
const DEPTH_MAX: usize = 32;

/// Stores so many customers for the platform of `credentials.json`, in a folder of which no server runs.
pub(crate) fn run(folder: &Path, customers: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    runtime.block_on(async {
        let (registry, caller) = open(folder).await?;
        let (registry, caller, begun) = (Arc::new(registry), Arc::new(caller), Arc::new(AtomicU64::new(0)));
        let tasks: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (registry, caller, begun) =
                    (Arc::clone(&registry), Arc::clone(&caller), Arc::clone(&begun));
                tokio::spawn(async move {
                    loop {
                        let person = begun.fetch_add(1, Ordering::Relaxed);
                        if person >= customers {
                            return Outcome::Ok(());
                        }
                        store(&registry, &caller, person).await?;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}

/// The registry of an installation, and the caller that its credentials stand for.
async fn open(folder: &Path) -> Outcome<(Registry, Caller)> {
    let options = Options::server(|reason| println!("the engine must not go on: {reason}"));
    let master = std::fs::read_to_string(folder.join("master.key"))?;
    let registry = Registry::open(Parts {
        store: Arc::new(SqliteStore::open(&folder.join("registrar.db"), options)?),
        master: MasterKeys::parse(&master)?,
        lists: ReferenceLists::builtin(),
        clock: Arc::new(WallClock),
        entropy: Arc::new(ThreadRandomness),
        auth: AuthSettings { clock_skew_seconds: 60, hints_per_second: 20 },
    })
    .await?;
    let credentials: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("credentials.json"))?)?;
    let member = |name: &str| credentials.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let secret =
        RequestSecret::from_base64(member("secret")).map_err(|_| "credentials.json: no usable secret")?;
    let parts = SignedParts { timestamp: "0", method: "POST", target: "/", body: b"" };
    let presented = Presented {
        api_key: member("api_key"),
        signature: &sign(&secret, &parts),
        passphrase: member("passphrase"),
        parts,
    };
    let caller = registry
        .authenticate(&presented, Permission::CustomersWrite)
        .map_err(|_| "credentials.json: the installation refuses them")?;
    Ok((registry, caller))
}

async fn store(registry: &Registry, caller: &Caller, person: u64) -> Outcome<()> {
    let body = Customer::filled(person).first_body();
    let object =
        registrar_json::parse_object(body.as_bytes(), DEPTH_MAX).map_err(|_| "the body is no JSON")?;
    loop {
        let origin =
            Origin { from: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), trace_id: registry.new_trace_id() };
        match registry.create_customer(caller, origin, &object).await {
            Ok(answer) if answer.replayed => return Err("the database was filled before".into()),
            Ok(_) => return Ok(()),
            Err(CreateCustomerError::Failure(StoreFailure::Busy)) => tokio::time::sleep(BUSY_PAUSE).await,
            Err(refusal) => return Err(format!("a create is refused: {refusal:?}").into()),
        }
    }
}
