//! As what a store is opened.

/// As what a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// One of the servers of the database; it migrates it and hands out customer numbers.
    Server,
    /// An operator's command, also while servers run; it hands out no customer numbers and needs a database that is there.
    Operator,
}
