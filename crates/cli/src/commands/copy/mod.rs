//! `registrar copy`: move an installation from the embedded engine to PostgreSQL, verified row by row.

mod moving;
mod progress;
mod stream;
mod target;
mod undo;

use std::collections::BTreeMap;
use std::path::PathBuf;

use registrar_domain::clock::Clock as _;
use registrar_domain::entropy::random_bytes;
use registrar_store_postgres::{Address, CopyTarget, TargetState};
use registrar_store_sqlite::{CopySource, OpenError, Relocation};

use self::moving::{Moving, Rows};
use self::progress::{Progress, Shown};
use self::target::Target;
use super::database_arguments::effective;
use crate::config::database_url::DatabaseUrl;
use crate::config::environment::Environment;
use crate::config::resolve::{FlagValue, Sources};
use crate::failure::{Exit, Failure};
use crate::installation::database_of;
use crate::output;
use crate::system::clock::SystemClock;
use crate::system::entropy::ThreadEntropy;

/// Move an installation from sqlite: to postgres://, verified row by row.
///
/// Stop the server first: nothing can use the source while it is copied, and nothing opens it afterwards. The target must be
/// an empty database; name it with the role that owns its tables. Interrupted however, the same command goes on where it was.
/// Servers refuse the target until the copy is complete. The master key stays the same and is not needed here.
#[derive(Debug, clap::Args)]
pub(crate) struct CopyArguments {
    /// The database to copy, sqlite:PATH
    #[arg(long, value_name = "URL")]
    from: String,
    /// The empty database to copy into, postgres://… [default: the setting database.url, which keeps a password off the
    /// command line]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// The configuration file [default: registrar.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rows in one transaction; up to five times as many are in memory
    #[arg(long, value_name = "ROWS", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch_rows: u32,
    /// Progress on standard error: a bar on terminals, or lines for a log
    #[arg(long, value_name = "FORM", default_value = "bar")]
    progress: Shown,
    /// Go back after a complete copy: release the source again and close the target, while nothing was accepted there
    #[arg(long)]
    undo: bool,
    /// With --undo: the target is gone; what was accepted there is lost, and participant codes go on far behind
    #[arg(long, requires = "undo", conflicts_with = "to")]
    target_lost: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Copied {
    from: String,
    to: String,
    /// The copy was complete before this command.
    complete_before: bool,
    /// An earlier, interrupted command had begun it.
    resumed: bool,
    rows: BTreeMap<&'static str, Rows>,
    seconds: f64,
}

/// Runs the command.
pub(crate) fn run(arguments: &CopyArguments, environment: &Environment) -> Result<Exit, Failure> {
    let DatabaseUrl::Sqlite(path) = parse_source(&arguments.from)? else {
        return Err(Failure::usage("--from is not an embedded database", "write --from sqlite:PATH"));
    };
    let open_source = || CopySource::open(&path).map_err(|error| refused_source(&error));
    if arguments.target_lost {
        undo::without_target(&open_source()?)?;
        return undo::told(arguments.json, &arguments.from, None);
    }
    let address = target_address(arguments, environment)?;
    let source = open_source()?;
    let progress = Progress::new(arguments.progress);
    let target = CopyTarget::open(&address).map_err(|error| Failure::said(Exit::Untrusted, error))?;
    let mut target = Target::new(target, progress.clone());
    if arguments.undo {
        undo::with_target(&source, target)?;
        return undo::told(arguments.json, &arguments.from, Some(&address.shown()));
    }
    let begun = std::time::Instant::now();
    let mut copied = Copied {
        from: arguments.from.clone(),
        to: address.shown(),
        complete_before: false,
        resumed: false,
        rows: BTreeMap::new(),
        seconds: 0.0,
    };
    let batch = usize::try_from(arguments.batch_rows).unwrap_or(usize::MAX);
    match agree(&source, &mut target, &address)? {
        Agreed::Complete => copied.complete_before = true,
        Agreed::Work { copy_id, resumed } => {
            copied.resumed = resumed;
            copied.rows = Moving { source, target, progress, batch }.complete(copy_id)?;
        }
    }
    copied.seconds = (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    tell(&copied, &address.migrate_command("ROLE"), arguments.json)
}

fn refused_source(error: &OpenError) -> Failure {
    match error {
        OpenError::ServerRunning(path) => Failure::untrusted(
            format!("a registrar server is running on {}", path.display()),
            "end that server first, then run the same command again",
        ),
        other => Failure::said(Exit::Untrusted, other),
    }
}

fn parse_source(from: &str) -> Result<DatabaseUrl, Failure> {
    DatabaseUrl::parse(from).map_err(|error| Failure::said(Exit::Usage, format!("--from {error}")))
}

fn target_address(arguments: &CopyArguments, environment: &Environment) -> Result<Address, Failure> {
    let to = arguments.to.clone();
    let flags: Vec<_> =
        to.into_iter().map(|text| FlagValue { key: "database.url", flag: "--to", text }).collect();
    let sources =
        Sources { flags: &flags, environment, file: arguments.config.as_deref(), default_file: true };
    match database_of(&effective(&sources)?.configuration)? {
        DatabaseUrl::Postgres(address) => Ok(address),
        DatabaseUrl::Sqlite(_) => {
            Err(Failure::usage("the target is not PostgreSQL", "write --to postgres://USER@HOST/DATABASE"))
        }
    }
}

/// What there is to do, after what both sides know of each other.
enum Agreed {
    Complete,
    Work { copy_id: i64, resumed: bool },
}

fn agree(source: &CopySource, target: &mut Target, address: &Address) -> Result<Agreed, Failure> {
    let noted = source.relocation()?;
    let state = target.persist(CopyTarget::state)?;
    match (&noted, state) {
        (Some(noted), TargetState::Unfinished(copy_id)) if noted.copy_id == copy_id => {
            Ok(Agreed::Work { copy_id, resumed: true })
        }
        (Some(noted), TargetState::Finished(copy_id)) if noted.copy_id == copy_id && noted.is_moved => {
            Ok(Agreed::Complete)
        }
        (Some(Relocation { is_moved: true, target, .. }), _) => Err(Failure::refused(
            format!("this installation was moved to {target}, and --to is not that database"),
            "use the database it was moved to, or go back with --undo first",
        )),
        (_, TargetState::Empty) => {
            // Never an id that an earlier target knows: of two half copies only one may ever be finished.
            let copy_id = (i64::from_le_bytes(random_bytes(&ThreadEntropy)) & i64::MAX).max(1);
            source.begin(copy_id, &address.shown(), SystemClock.now())?;
            target.persist(|target| target.begin(copy_id))?;
            Ok(Agreed::Work { copy_id, resumed: false })
        }
        (_, TargetState::Unfinished(_)) => Err(Failure::refused(
            "the target holds an unfinished copy of another installation, or of this one before a server ran on it again",
            "make a new, empty database and name it with --to",
        )),
        (_, TargetState::Finished(_) | TargetState::Occupied) => Err(Failure::refused(
            "the target is not empty: an installation is in it, or a server or `registrar doctor` ran on it",
            "make a new, empty database and name it with --to; nothing was changed",
        )),
    }
}

fn tell(copied: &Copied, migrate_command: &str, json: bool) -> Result<Exit, Failure> {
    if json {
        output::print_json(copied)?;
        return Ok(Exit::Done);
    }
    let Copied { from, to, rows, .. } = copied;
    if copied.complete_before {
        output::print(&format!("{from} was moved to {to} before; there is nothing left to do\n"))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = rows.iter().map(|(table, rows)| format!("{} {table}", rows.verified)).collect();
    output::print(&format!(
        "copied, and verified byte for byte: {}\n\
         {to} can be served now, with the same master key, by the role that copied\n\
         for servers under a role of their own run this first, with the name of that role: {migrate_command}\n\
         {from} is marked as moved and is not opened any more; keep it until the new database has a backup\n",
        rows.join(", ")
    ))?;
    Ok(Exit::Done)
}
