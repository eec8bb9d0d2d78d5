//! Which database: `sqlite:PATH`. A password that a URL of another engine carries is never shown.

use std::path::{Path, PathBuf};

/// The address of a database this build can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl {
    path: PathBuf,
}

impl DatabaseUrl {
    /// The embedded database in that file.
    pub(crate) fn sqlite(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads `sqlite:PATH`; the error says what is wrong without repeating the text, which may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Err(
                "names a PostgreSQL database, which this build cannot open; use sqlite:PATH".to_owned()
            );
        }
        match text.strip_prefix("sqlite:") {
            Some("" | "//") => Err("has no path; write sqlite:PATH, such as sqlite:registrar.db".to_owned()),
            Some(":memory:") => {
                Err("must be a file, because what is accepted must be durable; write sqlite:PATH".to_owned())
            }
            Some(path) => Ok(Self::sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))),
            None => Err("is not a database URL; write sqlite:PATH, such as sqlite:registrar.db".to_owned()),
        }
    }

    /// The database's file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sqlite:{}", self.path.display())
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
            assert_eq!(DatabaseUrl::parse(text).unwrap().path().to_str(), Some(path));
        }
    }

    #[test]
    fn what_cannot_be_opened_is_refused_without_repeating_it() {
        for text in [
            "postgres://u:hunter2@h/d",
            "postgresql://u:hunter2@h/d",
            "hunter2",
            "sqlite:",
            "sqlite::memory:",
            "",
        ] {
            let error = DatabaseUrl::parse(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
