//! The whole server over the simplest durable store: a log that creates are appended to, committed in groups.
//!
//! Checks no uniqueness and reads nothing back. What it reaches is the most that durability allows.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng as _;
use registrar_domain::clock::{Clock, UnixMillis};
use registrar_domain::entropy::Entropy;
use registrar_domain::store::{CreateCustomer, CreateCustomerOutcome, StoreFailure, StoreFuture};
use registrar_http_api::{App, HttpLimits, Metrics, Surface, maintain, serve};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::Outcome;
use crate::scene::Scene;
use crate::sink_store::{Sink, SinkStore};

/// The log is written once and then over and over from the start, as databases recycle theirs: a file that grows must also
/// have its new length made durable.
const LOG_BYTES: u64 = 64 << 20;

/// Creates in one group at most.
const GROUP_MAX: usize = 1024;

/// Serves until it is killed; writes `credentials.json` into the folder.
pub(crate) fn run(folder: &Path) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Arc::new(SinkStore::new(Log::open(&folder.join("log"))?));
        let scene = Scene::open(store, Arc::new(WallClock), Arc::new(ThreadRandomness)).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        std::fs::write(folder.join("credentials.json"), credentials_json(&scene, &base_url))?;
        let (_end, ended) = watch::channel(false);
        let app = App::new(scene.registry, Metrics::new(Box::new(Vec::new)), LIMITS);
        tokio::spawn(maintain(Arc::clone(&app), ended.clone()));
        println!("ready {base_url}");
        serve(listener, Surface::api(&app, false), LIMITS, ended).await;
        Ok(())
    })
}

/// The defaults of the server's settings.
const LIMITS: HttpLimits = HttpLimits {
    max_connections: 10_000,
    first_byte_timeout: Duration::from_secs(10),
    header_timeout: Duration::from_secs(10),
    body_timeout: Duration::from_secs(15),
    idle_timeout: Duration::from_secs(75),
    write_timeout: Duration::from_secs(15),
    drain_delay: Duration::ZERO,
    drain_timeout: Duration::from_secs(20),
};

fn credentials_json(scene: &Scene, base_url: &str) -> String {
    let credentials = &scene.credentials;
    serde_json::json!({
        "base_url": base_url,
        "platform_code": credentials.platform_code,
        "api_key": credentials.api_key,
        "secret": *credentials.secret,
        "passphrase": *credentials.passphrase,
    })
    .to_string()
}

/// The machine's clock.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "this server has no other clock")]
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A generator of this thread's own.
pub(crate) struct ThreadRandomness;

impl Entropy for ThreadRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

type Waiting = (CreateCustomer, oneshot::Sender<Result<CreateCustomerOutcome, StoreFailure>>);

/// The log's front: its thread has the file.
struct Log(Sender<Waiting>);

impl Log {
    fn open(path: &Path) -> Outcome<Self> {
        let mut file = File::create(path)?;
        let zeros = vec![0; 1 << 20];
        for _ in 0..LOG_BYTES >> 20 {
            file.write_all(&zeros)?;
        }
        file.sync_all()?;
        let (sender, waiting) = channel();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || append_groups(file, &waiting))?;
        Ok(Self(sender))
    }
}

impl Sink for Log {
    fn accept(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        let (sender, answer) = oneshot::channel();
        let taken = self.0.send((command, sender));
        Box::pin(async move {
            let stopped = || StoreFailure::Unavailable("the log has stopped".to_owned());
            taken.map_err(|_| stopped())?;
            answer.await.unwrap_or_else(|_| Err(stopped()))
        })
    }
}

/// Writes everything that waits, syncs once, answers all; again and again.
fn append_groups(mut file: File, waiting: &Receiver<Waiting>) {
    let (mut group, mut bytes) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Ok(first) = waiting.recv() {
        group.push(first);
        group.extend(waiting.try_iter().take(GROUP_MAX - 1));
        bytes.clear();
        for (command, _) in &group {
            encode(command, &mut bytes);
        }
        if at + bytes.len() as u64 > LOG_BYTES {
            at = 0;
        }
        let written = file
            .seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(&bytes))
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // Nothing that follows a failed sync can be trusted; all that wait see the log end.
            return;
        }
        at += bytes.len() as u64;
        for (_, answer) in group.drain(..) {
            // A caller that is gone needs no answer.
            let _ = answer.send(Ok(CreateCustomerOutcome::Created));
        }
    }
}

/// Every value of the command, each variable one after its length.
fn encode(command: &CreateCustomer, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.extend([0; 4]);
    bytes.extend(command.platform.0.to_le_bytes());
    bytes.extend(command.number.0.to_le_bytes());
    bytes.extend(command.key.0.to_le_bytes());
    bytes.extend(command.at.0.to_le_bytes());
    bytes.push(u8::from(command.prefunded));
    bytes.extend(command.email.0);
    bytes.extend(command.request.map_or([0; 16], |request| request.0));
    bytes.extend(command.trace_id.0.as_bytes());
    let digests = command.digests.iter().flat_map(|digest| digest.bytes);
    bytes.extend(digests);
    bytes.extend(command.sealed.data_key.master_key_version.to_le_bytes());
    for part in [&command.sealed.data_key.bytes, &command.sealed.record] {
        bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(part);
    }
    let length = u32::try_from(bytes.len() - start).unwrap_or(u32::MAX);
    if let Some(place) = bytes.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}
