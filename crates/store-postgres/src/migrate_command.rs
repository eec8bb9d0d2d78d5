//! The command that cures what a role may not do, written so that it can be pasted into a shell.
//!
//! Invariant: it holds no password.

use std::fmt::Write as _;

use tokio_postgres::config::{Host, SslMode};

use crate::address::Address;

/// Who runs it, where nobody owns the tables yet.
const SOME_OWNER: &str = "OWNER";

/// `registrar migrate` for this database, run by the tables' owner, for the application's role.
pub(crate) fn migrate_command(address: &Address, owner: Option<&str>, application_role: &str) -> String {
    format!(
        "registrar migrate --database {} --application-role {}",
        in_shell(&url(address, owner.unwrap_or(SOME_OWNER))),
        in_shell(application_role)
    )
}

fn url(address: &Address, owner: &str) -> String {
    let config = address.config();
    let (owner, database) = (in_url(owner), in_url(config.get_dbname().unwrap_or_default()));
    let ports = config.get_ports();
    let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
    let mut sockets = String::new();
    let mut names = Vec::new();
    for (place, host) in config.get_hosts().iter().enumerate() {
        match host {
            Host::Unix(folder) => {
                // Writing to a string cannot fail.
                let _ = write!(sockets, "&host={}", in_url_path(&folder.display().to_string()));
                if port(place) != 5432 {
                    let _ = write!(sockets, "&port={}", port(place));
                }
            }
            Host::Tcp(name) if name.contains(':') => names.push(format!("[{name}]:{}", port(place))),
            Host::Tcp(name) => names.push(format!("{name}:{}", port(place))),
        }
    }
    if names.is_empty() {
        return format!("postgres:///{database}?user={owner}{sockets}");
    }
    let plain = if config.get_ssl_mode() == SslMode::Disable { "?sslmode=disable" } else { "" };
    format!("postgres://{owner}@{}/{database}{plain}", names.join(","))
}

fn in_url(text: &str) -> String {
    encoded(text, "-._~")
}

fn in_url_path(text: &str) -> String {
    encoded(text, "-._~/")
}

/// RFC 3986 section 2.1.
fn encoded(text: &str, plain: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric() || plain.contains(character) {
            out.push(character);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn in_shell(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-._~/:@,%=".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::migrate_command;
    use crate::Address;

    #[test]
    fn the_command_can_be_pasted_and_holds_no_password() {
        for (text, owner, expected) in [
            (
                "postgres://app:hunter2@127.0.0.1:5433,[::1]/d",
                Some("registrar_owner"),
                "registrar migrate --database 'postgres://registrar_owner@127.0.0.1:5433,[::1]:5432/d?sslmode=disable' \
                 --application-role app",
            ),
            (
                "postgres:///d?host=/run/postgresql&user=app",
                None,
                "registrar migrate --database 'postgres:///d?user=OWNER&host=/run/postgresql' --application-role app",
            ),
            (
                "postgres:///d?host=/run/postgresql&user=app",
                Some("a b'c"),
                "registrar migrate --database 'postgres:///d?user=a%20b%27c&host=/run/postgresql' --application-role app",
            ),
        ] {
            assert_eq!(migrate_command(&Address::parse(text).unwrap(), owner, "app"), expected);
        }
        let address = Address::parse("postgres:///d?host=/run/postgresql&user=app").unwrap();
        assert!(migrate_command(&address, None, "it's").ends_with(r"--application-role 'it'\''s'"));
    }

    #[test]
    fn the_command_leads_to_the_same_database() {
        for text in ["postgres://app@a:1,b:2/d?sslmode=disable", "postgres:///d?host=/run/x y&user=app"] {
            let address = Address::parse(text).unwrap();
            let url = super::url(&address, "o w");
            let parsed = Address::parse(&url).unwrap();
            assert_eq!(parsed.shown(), address.shown());
            assert_eq!(parsed.config().get_user(), Some("o w"));
        }
    }
}
