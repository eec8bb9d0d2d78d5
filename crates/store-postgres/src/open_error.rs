//! Why a database could not be opened, in words that tell the operator what to do.

use crate::encryption::explain;
use crate::failure::{Trouble, describe};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not one.
    #[error(
        "the database's address {0}; write postgres://USER@HOST/DATABASE, or postgres:///DATABASE?host=FOLDER&user=USER for a socket"
    )]
    Address(String),
    /// What the address says about encryption cannot be, or is not safe.
    #[error("the database's address {0}")]
    Encryption(&'static str),
    /// No host accepts a connection and writes.
    #[error("could not connect to the database: {0}")]
    Connect(String),
    /// The server is too old.
    #[error("the database runs PostgreSQL {0}, but 15 or later is needed; upgrade it")]
    OldServer(String),
    /// The database was written by a later release.
    #[error(
        "the database has schema {found}, but this release knows schemas up to {known}; use the release that wrote it \
         or a later one"
    )]
    NewerSchema {
        /// The schema found.
        found: u32,
        /// The newest schema this release knows.
        known: u32,
    },
    /// An operator's command met a database of an earlier release; migrating it is for `registrar migrate` or a server.
    #[error(
        "the database has schema {found}, but this release needs schema {known}; run `registrar migrate`, or start a \
         server of this release"
    )]
    OlderSchema {
        /// The schema found.
        found: u32,
        /// The schema needed.
        known: u32,
    },
    /// The role of this server or command may not bring the database to this release's schema.
    #[error(
        "the database has schema {found}, this release needs schema {known}, and the role {role} may not change it; run \
         `{command}`"
    )]
    MayNotMigrate {
        /// The connected role.
        role: String,
        /// The schema found; 0 without tables.
        found: u32,
        /// The schema needed.
        known: u32,
        /// The cure.
        command: String,
    },
    /// The role lacks rights that this release needs.
    #[error("the role {role} lacks rights in the database: {missing}; run `{command}`")]
    MissingRights {
        /// The connected role.
        role: String,
        /// What it lacks.
        missing: String,
        /// The cure.
        command: String,
    },
    /// This role cannot be the application's.
    #[error("the role {role} cannot be given the application's rights: it {why}")]
    ApplicationRole {
        /// Its name.
        role: String,
        /// Why not, with the cure.
        why: &'static str,
    },
    /// The role that migrates may not grant what is needed.
    #[error(
        "the role {role} still lacks {missing}, which only the owner of the schema or of the database can grant; let the \
         owner run this command"
    )]
    CannotGrant {
        /// The application's role.
        role: String,
        /// What it lacks.
        missing: String,
    },
    /// An operator's command met a database without Registrar's tables.
    #[error("the database is empty; `registrar migrate` or `registrar serve` makes its tables")]
    Empty,
    /// The database holds tables of these names that are not Registrar's.
    #[error(
        "the database has a table `{0}` that Registrar did not make; give Registrar a database or a schema of its own"
    )]
    OtherProgram(String),
    /// A copy was given another role than the one that the tables belong to.
    #[error(
        "the role of this address does not own the tables and may not make them; copy with the address of the role that \
         owns the tables, and serve with the other"
    )]
    NotOwner,
    /// An installation was not copied into the database to the end.
    #[error(
        "the database holds an unfinished copy of an installation, which nobody may use; run the same `registrar copy` \
         again to finish it, or use another database"
    )]
    HalfCopied,
    /// The installation went back to where it was copied from.
    #[error(
        "the installation in this database went back to where it was copied from (`registrar copy --undo`): use it there, and \
         drop this database before you copy again"
    )]
    CopyUndone,
    /// PostgreSQL refused something.
    #[error("PostgreSQL could not open the database: {0}; see the text and the server's log")]
    Postgres(String),
    /// The operating system refused a thread.
    #[error("could not start a thread: {0}; check the limits of this user")]
    Thread(String),
}

impl OpenError {
    /// Why no connection came about, with a cure for this cause and no other.
    pub(crate) fn connecting(trouble: &Trouble) -> Self {
        let text = trouble.text();
        let cure = match trouble {
            // Its text says what to do.
            Trouble::Unconnected(_) => return Self::Connect(text),
            Trouble::Unreachable(_) => {
                "check that PostgreSQL runs there and can be written to, and host and port in the address (database.url)"
            }
            Trouble::Postgres(error) | Trouble::NotLetIn(error) => {
                match error.code().map(tokio_postgres::error::SqlState::code) {
                    None if explain(error).is_some() => return Self::Connect(text),
                    Some("28P01") => {
                        return Self::Connect(
                        "the server refuses the password (SQLSTATE 28P01); correct the role or the password in the \
                         address (database.url)"
                            .to_owned(),
                    );
                    }
                    Some("28000") => {
                        "correct the role in the address (database.url), or let it in by pg_hba.conf"
                    }
                    Some("3D000") => "correct the database in the address (database.url), or make it",
                    Some("53300") => "raise max_connections, or end other connections",
                    _ => GENERAL_CURE,
                }
            }
            _ => GENERAL_CURE,
        };
        Self::Connect(format!("{text}; {cure}"))
    }
}

/// Where nothing more is known.
const GENERAL_CURE: &str =
    "check that PostgreSQL runs and can be written to, the address (database.url), and the role's rights";

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        Self::Postgres(trouble.text())
    }
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(describe(&error))
    }
}
