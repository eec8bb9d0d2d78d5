//! Puts an installation together from its configuration: database, master keys, lists, registry.
//!
//! Knows no command and no HTTP. Invariant: nothing is opened before everything that is read from files was accepted.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use registrar_crypto::keyring::MasterKeys;
use registrar_domain::keys::KeysError;
use registrar_domain::reference::ReferenceLists;
use registrar_domain::registry::{AuthSettings, OperateError, Parts, Registry};
use registrar_domain::store::{Store, StoreFailure};
use zeroize::Zeroizing;

use crate::commands::database_arguments::DatabaseArguments;
use crate::config::Configuration;
use crate::config::database_url::DatabaseUrl;
use crate::config::environment::Environment;
use crate::config::resolve::Effective;
use crate::database::open_for_operator;
use crate::failure::{Exit, Failure};
use crate::process::single_threaded;
use crate::system::clock::SystemClock;
use crate::system::entropy::ThreadEntropy;

/// An installation opened for one operator's command.
pub(crate) struct Operating {
    pub(crate) registry: Registry,
    pub(crate) effective: Effective,
    runtime: tokio::runtime::Runtime,
}

impl Operating {
    /// Waits for a use case.
    pub(crate) fn run<T, E: Into<Failure>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        self.runtime.block_on(work).map_err(Into::into)
    }
}

/// Opens the installation that the arguments name, beside a server that may run on it.
pub(crate) fn operate(
    arguments: &DatabaseArguments,
    environment: &Environment,
) -> Result<Operating, Failure> {
    let effective = arguments.resolve(environment)?;
    let runtime = single_threaded()?;
    let inputs = Inputs::read(&effective.configuration)?;
    let database = database_of(&effective.configuration)?;
    let store = open_for_operator(&database)?;
    let registry = runtime.block_on(open_registry(&effective.configuration, inputs, store))?;
    Ok(Operating { registry, effective, runtime })
}

/// What an installation needs besides its database.
pub(crate) struct Inputs {
    master: MasterKeys,
    lists: &'static ReferenceLists,
}

impl Inputs {
    /// Reads the master key file and the lists that the configuration names.
    pub(crate) fn read(configuration: &Configuration) -> Result<Self, Failure> {
        let path = configuration.master_key_file.as_deref().ok_or_else(|| {
            Failure::usage(
                "no master key file is set",
                "name the master key file with --master-key-file, REGISTRAR_MASTER_KEY_FILE or master_key_file in the \
                 configuration file (--config); only for a new installation, make one with \
                 `registrar master-key create PATH`",
            )
        })?;
        Ok(Self { master: read_master_keys(path)?, lists: read_lists(configuration)? })
    }
}

/// The database that the configuration names.
pub(crate) fn database_of(configuration: &Configuration) -> Result<DatabaseUrl, Failure> {
    configuration.database_url.clone().ok_or_else(|| {
        Failure::usage(
            "no database is named",
            "give --database sqlite:PATH or postgres://…, --data DIR, REGISTRAR_DATABASE_URL or database.url in the configuration file",
        )
    })
}

/// Opens the registry on a store.
pub(crate) async fn open_registry(
    configuration: &Configuration,
    inputs: Inputs,
    store: Arc<dyn Store>,
) -> Result<Registry, Failure> {
    let parts = Parts {
        store,
        master: inputs.master,
        lists: inputs.lists,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(ThreadEntropy),
        auth: AuthSettings {
            clock_skew_seconds: u32::try_from(configuration.clock_skew.as_secs()).unwrap_or(u32::MAX),
            hints_per_second: configuration.hint_budget,
        },
    };
    Ok(Registry::open(parts).await?)
}

/// Reads a master key file; errors never show what is in it.
pub(crate) fn read_master_keys(path: &Path) -> Result<MasterKeys, Failure> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        Failure::untrusted(
            format!("cannot read the master key file {}: {error}", path.display()),
            "check the path and its permissions; only a new installation may make a new key \
             (`registrar master-key create PATH`)",
        )
    })?;
    MasterKeys::parse(&text).map_err(|error| {
        Failure::untrusted(
            format!("{}: {error}", path.display()),
            "put the master key file back from its copy",
        )
    })
}

/// Reads the lists that the configuration names; the others are built in.
pub(crate) fn read_lists(configuration: &Configuration) -> Result<&'static ReferenceLists, Failure> {
    if (&configuration.countries_file, &configuration.states_file, &configuration.id_types_file)
        == (&None, &None, &None)
    {
        return Ok(ReferenceLists::builtin());
    }
    let read = |path: Option<&Path>| -> Result<Option<String>, Failure> {
        path.map(std::fs::read_to_string).transpose().map_err(|error| {
            let path = path.map(Path::display).map(|path| path.to_string()).unwrap_or_default();
            Failure::usage(format!("cannot read the list {path}: {error}"), "check the lists.* settings")
        })
    };
    let countries = read(configuration.countries_file.as_deref())?;
    let states = read(configuration.states_file.as_deref())?;
    let id_types = read(configuration.id_types_file.as_deref())?;
    let lists = ReferenceLists::parse(countries.as_deref(), states.as_deref(), id_types.as_deref())
        .map_err(|error| Failure::usage(error, "correct the file; `registrar lists print` shows the form"))?;
    // One process reads its lists once and uses them to its end.
    Ok(Box::leak(Box::new(lists)))
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        Self::said(Exit::Untrusted, error)
    }
}

impl From<StoreFailure> for Failure {
    fn from(failure: StoreFailure) -> Self {
        let cure = match &failure {
            StoreFailure::Busy => "try again",
            StoreFailure::Unavailable(_) => {
                "see that the database runs, that no other program holds it, and that the disk has room"
            }
            StoreFailure::OutcomeUnknown(_) => "look at the database's state before you repeat the command",
            StoreFailure::Internal(_) => {
                "run `registrar doctor`; if it finds nothing, report this as a fault"
            }
        };
        Self::untrusted(failure, cure)
    }
}

impl From<OperateError> for Failure {
    fn from(error: OperateError) -> Self {
        match error {
            OperateError::Failure(failure) => failure.into(),
            refusal => Self::said(Exit::Refused, refusal),
        }
    }
}
