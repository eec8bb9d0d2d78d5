//! How a command ends: its exit code, and what it says on standard error when it fails.
//!
//! Every failure says what is wrong and what to do. Invariant: no failure contains a submitted value or a secret.

use std::fmt;

/// The exit codes of contract 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Refused by the server, or invalid input.
    Refused = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The server or database could not be reached or trusted.
    Untrusted = 3,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: Exit,
    errors: Vec<String>,
    details: Vec<String>,
}

impl Failure {
    /// Invalid input, or a refusal.
    pub(crate) fn refused(what: impl fmt::Display, cure: impl fmt::Display) -> Self {
        Self::new(Exit::Refused, what, cure)
    }

    /// A wrong command line or configuration.
    pub(crate) fn usage(what: impl fmt::Display, cure: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, what, cure)
    }

    /// A server, database or file that cannot be reached or trusted.
    pub(crate) fn untrusted(what: impl fmt::Display, cure: impl fmt::Display) -> Self {
        Self::new(Exit::Untrusted, what, cure)
    }

    /// Several sentences that each say what is wrong and what to do.
    pub(crate) fn with_errors(exit: Exit, errors: Vec<String>) -> Self {
        Self { exit, errors, details: Vec::new() }
    }

    /// A sentence that already says what is wrong and what to do.
    pub(crate) fn said(exit: Exit, sentence: impl fmt::Display) -> Self {
        Self::with_errors(exit, vec![sentence.to_string()])
    }

    fn new(exit: Exit, what: impl fmt::Display, cure: impl fmt::Display) -> Self {
        Self::with_errors(exit, vec![format!("{what} – {cure}")])
    }

    /// With what else helps, each on a line below.
    pub(crate) fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// What went wrong, as one line.
    pub(crate) fn sentence(&self) -> String {
        self.errors.join("; ")
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "error: {error}")?;
        }
        for detail in &self.details {
            writeln!(f, "  {detail}")?;
        }
        Ok(())
    }
}
