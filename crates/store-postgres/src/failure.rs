//! What errors of PostgreSQL and of the connection mean for a command.
//!
//! Recognised by SQLSTATE alone. Invariant: no text made here contains a value: PostgreSQL's messages and details may, so
//! only codes and names of constraints and tables are passed on, and messages of those codes that speak of the server.

use registrar_domain::store::StoreFailure;
use tokio_postgres::Error;

use crate::encryption::explain;

/// Why a command was not applied, or may not have been.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Found out by this program; nothing was done.
    Refused(StoreFailure),
    /// Found out by PostgreSQL or by the connection.
    Postgres(Error),
    /// No answer came in time.
    Slow,
    /// No connection could be made, for a reason that the operator can remove.
    Unconnected(String),
    /// The database is not this installation's, or no longer; it was not used for anything.
    OtherDatabase(String),
    /// A host does not accept connections, or does not write: the host and what happened.
    Unreachable(String),
    /// A host that was reached refuses this user, or lacks this database: the wrong one, or not the right one yet.
    NotLetIn(Error),
    /// A row that was found was deleted before it could be locked.
    Gone,
    /// The commit was sent, and whether it is durable is not known.
    Unknown(String),
}

impl Trouble {
    /// A bug or damaged data.
    pub(crate) fn internal(text: impl Into<String>) -> Self {
        Self::Refused(StoreFailure::Internal(text.into()))
    }

    /// What it says about going on.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::Refused(_) => Severity::Command,
            Self::Gone => Severity::Conflict,
            // Another connection would lead to the same database.
            Self::OtherDatabase(_) => Severity::Passing,
            Self::Slow
            | Self::Unconnected(_)
            | Self::Unreachable(_)
            | Self::NotLetIn(_)
            | Self::Unknown(_) => Severity::Connection,
            Self::Postgres(error) => {
                let constraint = error.as_db_error().and_then(tokio_postgres::error::DbError::constraint);
                severity(error.code().map(tokio_postgres::error::SqlState::code), constraint)
            }
        }
    }

    /// Whether it bears this SQLSTATE.
    pub(crate) fn is_coded(&self, code: &str) -> bool {
        matches!(self, Self::Postgres(error) if error.code().is_some_and(|found| found.code() == code))
    }

    /// Whether a row was in the way of a statement that did not look for it.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_coded("23505")
    }

    /// Words about it without a value.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Refused(failure) => failure.to_string(),
            Self::Slow => "the server did not answer in time".to_owned(),
            Self::Gone => "a customer was deleted while it was read".to_owned(),
            Self::Unconnected(text)
            | Self::Unreachable(text)
            | Self::OtherDatabase(text)
            | Self::Unknown(text) => text.clone(),
            Self::Postgres(error) | Self::NotLetIn(error) => describe(error),
        }
    }

    /// The failure to answer a command with; `sent` says whether a commit of it may be on its way.
    pub(crate) fn failure(&self, sent: bool) -> StoreFailure {
        match (self, self.severity()) {
            (Self::Refused(failure), _) => failure.clone(),
            (Self::Unknown(text), _) => StoreFailure::OutcomeUnknown(text.clone()),
            (_, Severity::Connection) if sent => StoreFailure::OutcomeUnknown(self.text()),
            // Another transaction that took the same number would have let a later attempt pass.
            (_, Severity::Conflict) if self.is_coded("23505") => StoreFailure::Internal(self.text()),
            (_, Severity::Connection | Severity::Conflict | Severity::Passing) => {
                StoreFailure::Unavailable(self.text())
            }
            (_, Severity::Command) => StoreFailure::Internal(self.text()),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}

/// What an error says about going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The connection is of no more use, or leads to a server that does not write; what was sent may be done.
    Connection,
    /// It met another transaction; the same again may work.
    Conflict,
    /// It did not work now; it may later.
    Passing,
    /// This command cannot work.
    Command,
}

/// Keys that are counted, or stored by whoever comes first. Callers wait for each other before they take one; where two do
/// not, as where transactions do not see what was committed since they began, the second takes the next one, or finds the
/// first one's, in a new transaction.
const COUNTED: &[&str] = &[
    "platforms_pkey",
    "api_keys_pkey",
    "audit_events_pkey",
    "installation_keys_pkey",
    "schema_version_pkey",
];

fn severity(code: Option<&str>, constraint: Option<&str>) -> Severity {
    match code {
        Some("23505") if constraint.is_some_and(|name| COUNTED.contains(&name)) => Severity::Conflict,
        // Without a code the error is the connection's own. 25006: the server was demoted. 40003: completion unknown.
        None | Some("57P01" | "57P02" | "57P03" | "57P05" | "25006" | "40003" | "25P03" | "26000") => {
            Severity::Connection
        }
        Some("40001" | "40P01") => Severity::Conflict,
        Some("57014" | "55P03") => Severity::Passing,
        Some(code) if code.starts_with("08") => Severity::Connection,
        Some(code) if code.starts_with("53") || code.starts_with("58") => Severity::Passing,
        Some(_) => Severity::Command,
    }
}

/// Code and names; the message only where it cannot speak of a row.
pub(crate) fn describe(error: &Error) -> String {
    let Some(from_server) = error.as_db_error() else {
        return explain(error).unwrap_or_else(|| error.to_string());
    };
    let code = from_server.code().code();
    let speaks_of_the_server = ["08", "28", "3D", "3F", "42501", "53", "55", "57", "58"];
    if speaks_of_the_server.iter().any(|class| code.starts_with(class)) {
        return format!("{} (SQLSTATE {code})", from_server.message());
    }
    let named = [("constraint", from_server.constraint()), ("table", from_server.table())];
    let parts: String =
        named.iter().filter_map(|(what, name)| name.map(|name| format!(", {what} {name}"))).collect();
    format!("SQLSTATE {code}{parts}")
}

#[cfg(test)]
mod tests {
    use super::{Severity, Trouble, severity};
    use registrar_domain::store::StoreFailure;

    #[test]
    fn an_error_is_told_by_its_code() {
        for (code, expected) in [
            (None, Severity::Connection),
            (Some("08006"), Severity::Connection),
            (Some("57P01"), Severity::Connection),
            (Some("40003"), Severity::Connection),
            (Some("25006"), Severity::Connection),
            (Some("40001"), Severity::Conflict),
            (Some("40P01"), Severity::Conflict),
            (Some("57014"), Severity::Passing),
            (Some("53100"), Severity::Passing),
            (Some("23503"), Severity::Command),
            (Some("23505"), Severity::Command),
        ] {
            assert_eq!(severity(code, None), expected, "{code:?}");
        }
        assert_eq!(severity(Some("23505"), Some("platforms_pkey")), Severity::Conflict);
        assert_eq!(severity(Some("23505"), Some("api_keys_api_key_key")), Severity::Command);
    }

    #[test]
    fn a_lost_answer_is_unknown_only_to_a_command_that_was_sent() {
        assert!(matches!(Trouble::Slow.failure(true), StoreFailure::OutcomeUnknown(_)));
        assert!(matches!(Trouble::Slow.failure(false), StoreFailure::Unavailable(_)));
        assert!(matches!(Trouble::Unknown(String::new()).failure(false), StoreFailure::OutcomeUnknown(_)));
    }
}
