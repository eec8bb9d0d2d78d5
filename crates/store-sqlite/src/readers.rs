//! A few threads that read, each with a connection of its own.
//!
//! What a reader sees is durable: in WAL mode a commit becomes visible only after `synchronous=FULL` has synced its
//! frames, and what was in the files before the first open was read from the disk (`files::evict`). Invariant: once the
//! engine has stopped, nothing is read either.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use registrar_domain::store::StoreFailure;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::connection::open_reader;
use crate::failure::{ApplyError, failure};
use crate::limits::READ_QUEUE_MAX;
use crate::open_error::OpenError;
use crate::writer::Shared;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The readers.
pub(crate) struct Readers {
    sender: Option<SyncSender<Read>>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts `count` threads.
    pub(crate) fn start(path: &Path, count: usize, shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let (sender, receiver) = sync_channel::<Read>(READ_QUEUE_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut readers = Self { sender: Some(sender), shared: Arc::clone(shared), threads: Vec::new() };
        for _ in 0..count {
            let (connection, receiver) = (open_reader(path)?, Arc::clone(&receiver));
            let thread = std::thread::Builder::new().name("store-reader".to_owned());
            let thread = thread
                .spawn(move || serve(&connection, &receiver))
                .map_err(|error| OpenError::io("start a thread for", path, error))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs `read` on the next free reader.
    pub(crate) async fn submit<R, T>(&self, read: R) -> Result<T, StoreFailure>
    where
        R: FnOnce(&Connection) -> Result<T, ApplyError> + Send + 'static,
        T: Send + 'static,
    {
        self.shared.check_running()?;
        let gone = || StoreFailure::Unavailable("the readers have stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or_else(gone)?;
        let read: Read = Box::new(move |connection| {
            let result = read(connection).map_err(|error| match error {
                ApplyError::Failure(failure) => failure,
                ApplyError::Sqlite(error) => failure(&error),
            });
            // Whether anybody still waits is the caller's affair.
            let _ = reply.send(result);
        });
        sender.try_send(read).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreFailure::Busy,
            TrySendError::Disconnected(_) => gone(),
        })?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn serve(connection: &Connection, receiver: &Mutex<Receiver<Read>>) {
    loop {
        // The lock is held while waiting: whoever holds it takes the next read, then lets the next reader wait.
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(read) => read(connection),
            Err(_) => return,
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.sender = None;
        for thread in self.threads.drain(..) {
            // A reader that panicked has answered nobody wrongly.
            let _ = thread.join();
        }
    }
}
