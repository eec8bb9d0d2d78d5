//! What the database holds of customers, read by a program that is not the server.
//!
//! Uses Python's own SQLite, because building one into this crate would slow every command down.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::process::output;

/// Opens the database for reading alone, so that looking changes nothing: a copy of a large one would take minutes.
const READ: &str = r#"
import hashlib, json, sqlite3, sys, urllib.parse
path, last_old = sys.argv[1], int(sys.argv[2])
database = sqlite3.connect("file:" + urllib.parse.quote(path) + "?mode=ro", uri=True)
old, digest = 0, hashlib.blake2b(digest_size=16)
for row in database.execute("SELECT * FROM customers WHERE number <= ? ORDER BY number", (last_old,)):
    old += 1
    digest.update(repr(row).encode())
new, = database.execute("SELECT count(*) FROM customers WHERE number > ?", (last_old,)).fetchone()
last, = database.execute("SELECT coalesce(max(number), -1) FROM customers").fetchone()
print(json.dumps({"old": old, "old_digest": digest.hexdigest(), "new": new, "last": last}))
"#;

/// The customers of a database, parted by their numbers: up to one of them they are old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    /// How many are old.
    pub(crate) old: u64,
    /// Differs where any column of any old row does.
    pub(crate) old_digest: String,
    /// How many are not.
    pub(crate) new: u64,
    /// The greatest number; -1 where there is none.
    pub(crate) last: i64,
}

impl Rows {
    /// Reads the database in the data folder of a server that has ended.
    pub(crate) fn read(data: &Path, last_old: i64) -> Outcome<Self> {
        let database = data.join("registrar.db");
        let mut python = Command::new("python3");
        let told = output(python.args(["-c", READ]).arg(&database).arg(last_old.to_string()))?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        let number = |name: &str| told.get(name).and_then(serde_json::Value::as_u64).ok_or("no such count");
        Ok(Self {
            old: number("old")?,
            old_digest: told.get("old_digest").and_then(|digest| digest.as_str()).unwrap_or_default().into(),
            new: number("new")?,
            last: told.get("last").and_then(serde_json::Value::as_i64).ok_or("no greatest number")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(folder: &Path, statements: &str) {
        let script =
            "import sqlite3, sys\nopened = sqlite3.connect(sys.argv[1])\nopened.executescript(sys.argv[2])";
        let database = folder.join("registrar.db");
        output(Command::new("python3").args(["-c", script]).arg(database).arg(statements)).unwrap();
    }

    #[test]
    fn rows_are_parted_by_their_numbers_and_a_changed_old_row_shows() {
        let folder = std::env::temp_dir().join(format!("registrar-rows-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        sql(&folder, "CREATE TABLE customers (number INTEGER PRIMARY KEY, record BLOB)");
        assert_eq!(Rows::read(&folder, 5).unwrap().last, -1);
        sql(&folder, "INSERT INTO customers VALUES (0, x'01'), (5, x'02'), (6, x'03')");
        let before = Rows::read(&folder, 5).unwrap();
        assert_eq!((before.old, before.new, before.last), (2, 1, 6));
        sql(&folder, "UPDATE customers SET record = x'04' WHERE number = 6");
        assert_eq!(Rows::read(&folder, 5).unwrap(), before);
        sql(&folder, "UPDATE customers SET record = x'04' WHERE number = 5");
        assert_ne!(Rows::read(&folder, 5).unwrap(), before);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
