//! The store: opening it, and each method of the port as one command of the writer or one read.
//!
//! Invariant: locks are taken before the first file is opened and given up after the last one is closed.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use registrar_domain::clock::UnixMillis;
use registrar_domain::ids::{CustomerNumber, KeyNumber, PlatformNumber};
use registrar_domain::store::{
    AccessSnapshot, BlindIndex, CreateApiKeyOutcome, CreateCustomer, CreateCustomerOutcome, CustomerEvent,
    InstallationKey, NewApiKey, NewPlatform, OperatorAct, PlatformChange, RevokeApiKeyOutcome, Store,
    StoreFailure, StoreFuture, StoredCustomer,
};

use crate::attachment::Attachment;
use crate::connection::{check_sqlite_version, open_reader, open_writer};
use crate::fingerprints::{Fingerprints, Taken};
use crate::limits::SERVER_READERS;
use crate::numbers::Numbers;
use crate::open_error::OpenError;
use crate::options::{Options, Role};
use crate::readers::Readers;
use crate::statistics::Statistics;
use crate::writer::{Copier, Session, Shared, Writer};
use crate::{api_keys, customers, files, installation, migrations, platforms, relocation};

/// The embedded store. Dropping it carries out everything that waits, commits, and ends its threads.
pub struct SqliteStore {
    // Dropped in this order: with the readers gone the writer can empty the log, and the locks go last.
    readers: Readers,
    writer: Writer,
    shared: Arc<Shared>,
    /// Only a server has them, for two counters would hand out the same numbers.
    numbers: Option<Numbers>,
    /// Likewise.
    taken: Option<Arc<Taken>>,
    begins_after_copy: bool,
    // After the last connection, for closing it gives up the locks of all of them.
    _file: Option<Arc<File>>,
    _attachment: Attachment,
}

impl SqliteStore {
    /// Opens the database at `path`, in a directory that exists, and makes it if it does not exist. A server migrates
    /// it; waits up to `limits::ATTACH_WAIT` for other processes.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        check_sqlite_version()?;
        let path = &files::resolve(path)?;
        let attachment = Attachment::new(path, options.role)?;
        files::create(path)?;
        let mut connection = open_writer(path)?;
        migrations::migrate(&mut connection, path, options.role)?;
        relocation::admit(&connection, options.role)?;
        files::sync_directory(path)?;
        let (numbers, fingerprints, begins_after_copy, readers) = match options.role {
            Role::Server => {
                let next =
                    customers::next_number(&connection).map_err(|error| OpenError::sqlite(path, &error))?;
                let mark = |error| OpenError::io("read or write the number mark beside", path, error);
                let beginning = Numbers::look(path, next).map_err(mark)?;
                if beginning.after_copy {
                    platforms::skip_numbers_after_a_copy(&connection)
                        .map_err(|error| OpenError::sqlite(path, &error))?;
                }
                let numbers = Numbers::open(path, beginning).map_err(mark)?;
                let fingerprints = Fingerprints::load(&connection, path)?;
                (Some(numbers), Some(fingerprints), beginning.after_copy, SERVER_READERS)
            }
            Role::Operator => (None, None, false, 1),
        };
        let shared = Arc::new(Shared::default());
        let file = match options.role {
            Role::Server => Some(Arc::new(files::open_to_sync(path)?)),
            Role::Operator => None,
        };
        let copier = match &file {
            Some(file) => Some(Copier { connection: open_writer(path)?, file: Arc::clone(file) }),
            None => None,
        };
        let taken = fingerprints.as_ref().map(Fingerprints::taken);
        let readers = Readers::start(path, readers, &shared)?;
        let writer = Writer::start(connection, fingerprints, copier, options, &shared)
            .map_err(|error| OpenError::io("start a thread for", path, error))?;
        Ok(Self {
            readers,
            writer,
            shared,
            numbers,
            taken,
            begins_after_copy,
            _file: file,
            _attachment: attachment,
        })
    }

    /// The names of the migrations that the database at `path` is behind; all of them where there is none.
    pub fn pending_migrations(path: &Path) -> Result<Vec<&'static str>, OpenError> {
        check_sqlite_version()?;
        let path = &files::resolve(path)?;
        let _attachment = Attachment::new(path, Role::Operator)?;
        match path.try_exists() {
            Ok(true) => migrations::pending(&open_reader(path)?, path),
            Ok(false) => Ok(migrations::names_after(0)),
            Err(error) => Err(OpenError::io("look for", path, error)),
        }
    }

    /// Migrates the database at `path`, on which no server may run; the names of the migrations applied.
    pub fn migrate(path: &Path) -> Result<Vec<&'static str>, OpenError> {
        check_sqlite_version()?;
        let path = &files::resolve(path)?;
        let _attachment = Attachment::new(path, Role::Server)?;
        files::create(path)?;
        let applied = migrations::migrate(&mut open_writer(path)?, path, Role::Server)?;
        files::sync_directory(path)?;
        Ok(applied)
    }

    /// Whether the database was put back from a copy, or moved, since the last server ran: participant codes then go on
    /// `limits::NUMBERS_SKIPPED_AFTER_A_COPY` further, past those of customers accepted after the copy.
    pub const fn begins_after_copy(&self) -> bool {
        self.begins_after_copy
    }

    /// What the store did since it was opened.
    pub fn statistics(&self) -> Statistics {
        self.shared.counters.statistics()
    }
}

/// A write transaction could begin, which the batch has shown; and if the last commit failed, one works again. Without
/// that attempt a store that was once full would stay unready for ever, since nobody sends it work.
fn check_ready(session: &Session) -> rusqlite::Result<()> {
    if session.last_commit_failed {
        session.connection.execute("UPDATE settings SET value = value + 1 WHERE name = 'write_probe'", [])?;
    }
    Ok(())
}

impl Store for SqliteStore {
    fn reserve_customer_number(&self) -> Result<CustomerNumber, StoreFailure> {
        let Some(numbers) = &self.numbers else {
            return Err(StoreFailure::Internal("only a server hands out customer numbers".to_owned()));
        };
        numbers.reserve()
    }

    fn give_back_customer_number(&self, number: CustomerNumber) {
        if let Some(numbers) = &self.numbers {
            numbers.give_back(number);
        }
    }

    fn create_customer(&self, command: CreateCustomer) -> StoreFuture<'_, CreateCustomerOutcome> {
        Box::pin(self.writer.submit(move |session| customers::create_customer(session, &command)))
    }

    fn expects_request(&self, _platform: PlatformNumber, request: BlindIndex) -> bool {
        self.taken.as_ref().is_some_and(|taken| !taken.candidates(request).is_empty())
    }

    fn find_customer_by_request(
        &self,
        platform: PlatformNumber,
        request: BlindIndex,
    ) -> StoreFuture<'_, Option<StoredCustomer>> {
        // The writer's own affair, for what it reads in a batch is answered after the commit.
        Box::pin(self.writer.submit(move |session| customers::find_by_request(session, platform, request)))
    }

    fn show_customer(&self, event: CustomerEvent) -> StoreFuture<'_, Option<StoredCustomer>> {
        Box::pin(self.writer.submit(move |session| customers::show_customer(&session.connection, &event)))
    }

    fn create_platform(&self, platform: NewPlatform, act: OperatorAct) -> StoreFuture<'_, PlatformNumber> {
        Box::pin(
            self.writer
                .submit(move |session| platforms::create_platform(&session.connection, &platform, &act)),
        )
    }

    fn change_platform(
        &self,
        platform: PlatformNumber,
        change: PlatformChange,
        act: OperatorAct,
    ) -> StoreFuture<'_, bool> {
        Box::pin(
            self.writer.submit(move |session| {
                platforms::change_platform(&session.connection, platform, &change, &act)
            }),
        )
    }

    fn create_api_key(&self, key: NewApiKey, act: OperatorAct) -> StoreFuture<'_, CreateApiKeyOutcome> {
        Box::pin(self.writer.submit(move |session| api_keys::create_api_key(&session.connection, &key, &act)))
    }

    fn revoke_api_key(
        &self,
        platform: PlatformNumber,
        api_key: String,
        act: OperatorAct,
    ) -> StoreFuture<'_, RevokeApiKeyOutcome> {
        Box::pin(
            self.writer.submit(move |session| {
                api_keys::revoke_api_key(&session.connection, platform, &api_key, &act)
            }),
        )
    }

    fn load_access(&self) -> StoreFuture<'_, AccessSnapshot> {
        Box::pin(self.readers.submit(platforms::load_access))
    }

    fn load_access_version(&self) -> StoreFuture<'_, u64> {
        Box::pin(self.readers.submit(platforms::load_access_version))
    }

    fn record_key_use(&self, uses: Vec<(KeyNumber, UnixMillis)>) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.submit(move |session| api_keys::record_key_use(&session.connection, &uses)))
    }

    fn load_or_store_installation_keys(
        &self,
        candidates: Vec<InstallationKey>,
    ) -> StoreFuture<'_, Vec<InstallationKey>> {
        Box::pin(self.writer.submit(move |session| {
            installation::load_or_store_installation_keys(&session.connection, &candidates)
        }))
    }

    fn check_ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.submit(|session| Ok(check_ready(session)?)))
    }
}
