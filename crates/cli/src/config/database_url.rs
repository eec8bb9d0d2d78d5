//! Which database: `sqlite:PATH` or `postgres://…`. A password that a URL carries is never shown.

use std::path::PathBuf;

use registrar_store_postgres::Address;

/// The address of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    /// The embedded database in that file.
    Sqlite(PathBuf),
    /// A PostgreSQL server or cluster.
    Postgres(Address),
}

impl DatabaseUrl {
    /// Reads a URL; the error says what is wrong without repeating the text, which may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Address::parse(text).map(Self::Postgres).map_err(|error| format!("is refused: {error}"));
        }
        match text.strip_prefix("sqlite:") {
            Some("" | "//") => Err("has no path; write sqlite:PATH, such as sqlite:registrar.db".to_owned()),
            Some(":memory:") => {
                Err("must be a file, because what is accepted must be durable; write sqlite:PATH".to_owned())
            }
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))),
            None => Err("is not a database URL; write sqlite:PATH, such as sqlite:registrar.db, or \
                         postgres://USER@HOST/DATABASE"
                .to_owned()),
        }
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn a_path_after_sqlite_is_the_file() {
        for (text, path) in
            [("sqlite:a/b.db", "a/b.db"), ("sqlite:/a/b.db", "/a/b.db"), ("sqlite:///a/b.db", "/a/b.db")]
        {
            assert_eq!(DatabaseUrl::parse(text), Ok(DatabaseUrl::Sqlite(path.into())));
        }
    }

    #[test]
    fn what_cannot_be_opened_is_refused_without_repeating_it() {
        for text in [
            "postgres://u:hunter2@h/d?sslmode=prefer",
            "postgresql://u:hunter2@localhost",
            "hunter2",
            "sqlite:",
            "sqlite::memory:",
            "",
        ] {
            let error = DatabaseUrl::parse(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = DatabaseUrl::parse("postgres://u:hunter2@localhost:5433/d").unwrap();
        assert_eq!(url.to_string(), "postgres://localhost:5433/d");
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
