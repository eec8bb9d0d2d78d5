//! The thread on which all connections live, and how callers on other threads reach them.
//!
//! Invariant: dropping the engine carries out everything that waits before its thread ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use registrar_domain::store::{InstallationKey, StoreFailure};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};

use crate::address::Address;
use crate::copy::refuse_half_a_copy;
use crate::desk::{Desk, Repeating};
use crate::experience::Experience;
use crate::failure::Trouble;
use crate::identity::Identity;
use crate::limits::WRITERS;
use crate::migrations::{self, Steps};
use crate::numbers::Numbers;
use crate::open_error::OpenError;
use crate::options::Role;
use crate::queue::Queue;
use crate::session::Session;
use crate::statistics::Counters;
use crate::writer::Writer;
use crate::{inspect, installation, rights};

/// What callers and tasks share.
pub(crate) struct Shared {
    pub(crate) queue: Arc<Queue>,
    pub(crate) desk: Desk,
    pub(crate) numbers: Option<Numbers>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) identity: Arc<Identity>,
    jobs: AtomicUsize,
    job_ended: Notify,
    closing: Notify,
}

/// The thread and the way to it.
pub(crate) struct Engine {
    pub(crate) shared: Arc<Shared>,
    runtime: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Connects, checks the schema, migrates it as a server, and starts the writers.
    pub(crate) fn start(address: &Address, role: Role, steps: Steps) -> Result<Self, OpenError> {
        let identity = Arc::<Identity>::default();
        let shared = Arc::new(Shared {
            queue: Arc::default(),
            desk: Desk::new(address.clone(), Arc::clone(&identity)),
            numbers: (role == Role::Server).then(Numbers::default),
            counters: Arc::default(),
            identity,
            jobs: AtomicUsize::new(0),
            job_ended: Notify::new(),
            closing: Notify::new(),
        });
        let thread_error = |error: std::io::Error| OpenError::Thread(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(thread_error)?;
        let handle = runtime.handle().clone();
        let (opened, result) = std::sync::mpsc::sync_channel(1);
        let (work, address) = (Arc::clone(&shared), address.clone());
        let thread = std::thread::Builder::new().name("store-postgres".to_owned()).spawn(move || {
            runtime.block_on(async {
                let prepared = prepare(&address, role, steps, &work).await;
                let is_open = prepared.is_ok();
                // Whoever opens waits for this.
                let _ = opened.send(prepared);
                if is_open {
                    serve(&address, &work).await;
                }
            });
        });
        let engine = Self { shared, runtime: handle, thread: Some(thread.map_err(thread_error)?) };
        result.recv().map_err(|_| OpenError::Thread("it ended".to_owned()))??;
        Ok(engine)
    }

    /// Runs a job on the engine's thread, whether its caller goes on waiting or not.
    pub(crate) async fn run<T, F>(
        &self,
        repeating: Repeating,
        job: impl Fn(Arc<Session>) -> F + Send + Sync + 'static,
    ) -> Result<T, StoreFailure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Trouble>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        self.finish(async move { shared.desk.run(repeating, &job).await }).await
    }

    /// Loads the installation's keys, or stores the first ones; from then on no other database is used.
    pub(crate) async fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> Result<Vec<InstallationKey>, StoreFailure> {
        let (shared, candidates) = (Arc::clone(&self.shared), Arc::new(candidates));
        self.finish(async move {
            let load = |session: Arc<Session>| {
                let candidates = Arc::clone(&candidates);
                async move { installation::load_or_store_installation_keys(&session, &candidates).await }
            };
            let keys = shared.desk.run(Repeating::Harmless, load).await?;
            let is_new = shared.identity.learn(&keys).map_err(|trouble| trouble.failure(false))?;
            if let (true, Some(numbers)) = (is_new, &shared.numbers) {
                // Nobody knew whose the database was when they were taken.
                numbers.forget();
                numbers.fill(&shared.desk).await?;
            }
            Ok(keys)
        })
        .await
    }

    async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreFailure>> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        let (reply, answer) = oneshot::channel();
        let job = Job::begin(&self.shared);
        self.runtime.spawn(async move {
            let _job = job;
            // Whether anybody still waits is the caller's affair.
            let _ = reply.send(work.await);
        });
        let lost = || StoreFailure::OutcomeUnknown("the engine stopped before it answered".to_owned());
        answer.await.unwrap_or_else(|_| Err(lost()))
    }
}

/// A job under way. It ends even if it panics, or the engine would wait for it for ever.
struct Job(Arc<Shared>);

impl Job {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.jobs.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.0.jobs.fetch_sub(1, Ordering::SeqCst);
        self.0.job_ended.notify_one();
    }
}

async fn prepare(address: &Address, role: Role, steps: Steps, shared: &Shared) -> Result<(), OpenError> {
    let session = Session::connect(address).await.map_err(|trouble| OpenError::connecting(&trouble))?;
    inspect::check_version(&session).await?;
    migrations::migrate(&session, address, role, steps).await?;
    rights::check_rights(&session, address).await?;
    refuse_half_a_copy(&session).await?;
    shared.identity.learn_from(&session).await?;
    drop(session);
    match &shared.numbers {
        Some(numbers) => {
            numbers.fill(&shared.desk).await.map_err(|failure| OpenError::Postgres(failure.to_string()))
        }
        None => Ok(()),
    }
}

async fn serve(address: &Address, shared: &Arc<Shared>) {
    let filler = Arc::clone(shared);
    let filler = tokio::spawn(async move {
        if let Some(numbers) = &filler.numbers {
            numbers.keep_filled(&filler.desk).await;
        }
    });
    let experience = Arc::new(Experience::default());
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (identity, queue) = (Arc::clone(&shared.identity), Arc::clone(&shared.queue));
            Writer::new(
                address.clone(),
                identity,
                queue,
                Arc::clone(&shared.counters),
                Arc::clone(&experience),
            )
        })
        .map(|writer| tokio::spawn(writer.run()))
        .collect();
    shared.closing.notified().await;
    for writer in writers {
        // A writer that panicked has answered nobody wrongly: its callers learn that the outcome is unknown.
        let _ = writer.await;
    }
    while shared.jobs.load(Ordering::SeqCst) > 0 {
        shared.job_ended.notified().await;
    }
    filler.abort();
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.shared.closing.notify_one();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to carry out.
            let _ = thread.join();
        }
    }
}
