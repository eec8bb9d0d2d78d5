//! The command that cures what a role may not do, written so that it can be pasted into a shell.
//!
//! Invariant: it holds no password.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

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

/// The same address for another role, without what may be a password.
fn url(address: &Address, role: &str) -> String {
    let role = encoded(role);
    let Some((scheme, rest)) = address.text().split_once("://") else { return address.shown() };
    // As the driver reads it: the first `@` ends user and password, whatever else they hold.
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    let is_kept = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        !name.is_empty() && name != "user" && !name.contains("password")
    };
    let mut parameters: Vec<_> = query.split('&').filter(is_kept).map(str::to_owned).collect();
    let user = if hosts.is_empty() {
        parameters.push(format!("user={role}"));
        String::new()
    } else {
        format!("{role}@")
    };
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("{scheme}://{user}{hosts}/{database}{mark}{}", parameters.join("&"))
}

/// RFC 3986 section 2.1.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric() || "-._~".contains(character) {
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
                "postgres://app:hunter2@127.0.0.1:5433,[::1]/d?connect_timeout=3&password=hunter2",
                Some("registrar_owner"),
                "'postgres://registrar_owner@127.0.0.1:5433,[::1]/d?connect_timeout=3'",
            ),
            ("postgresql://localhost/d", Some("it's"), "postgresql://it%27s@localhost/d"),
            (
                "postgres:///d?host=/run/postgresql&user=app",
                None,
                "'postgres:///d?host=/run/postgresql&user=OWNER'",
            ),
        ] {
            let command = migrate_command(&Address::parse(text).unwrap(), owner, "app");
            assert_eq!(command, format!("registrar migrate --database {expected} --application-role app"));
        }
        let address = Address::parse("postgres:///d?host=/run/postgresql&user=app").unwrap();
        assert!(migrate_command(&address, None, "it's").ends_with(r"--application-role 'it'\''s'"));
    }

    #[test]
    fn no_part_of_a_password_is_in_the_command_however_it_is_written() {
        for text in [
            "postgres://u:hun/ter2@127.0.0.1/d",
            "postgres://u:hun?ter2@127.0.0.1/d",
            "postgres://u:hun/ter2?ter2=ter2@127.0.0.1/d?connect_timeout=3",
            "postgres://127.0.0.1/d?pass%77ord=hunter2&connect_timeout=3",
            "postgres:///d?host=/run/postgresql&%70assword=hunter2&%75ser=hunter2",
        ] {
            let address = Address::parse(text).unwrap();
            let command = migrate_command(&address, None, "app");
            assert!(!command.contains("ter2"), "{text}");
            let url = super::url(&address, "o");
            assert_eq!(Address::parse(&url).unwrap().shown(), address.shown());
            assert!(!format!("{address}").contains("ter2"));
        }
    }

    #[test]
    fn the_command_leads_to_the_same_database() {
        for text in [
            "postgres://app@a:1,b:2/d?sslmode=disable",
            "postgres:///d?host=/run/x%20y&user=app&password=hunter2",
        ] {
            let address = Address::parse(text).unwrap();
            let url = super::url(&address, "o w");
            let parsed = Address::parse(&url).unwrap();
            assert_eq!(parsed.shown(), address.shown());
            assert_eq!((parsed.config().get_user(), parsed.config().get_password()), (Some("o w"), None));
        }
    }
}
