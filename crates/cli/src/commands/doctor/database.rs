//! The checks of a database, by its engine.

use std::path::Path;

use registrar_store_postgres::{Address, Protection};
use registrar_store_sqlite::{Inspection, inspect};

use super::checks::{check_disk, check_key_fits, check_permissions};
use super::finding::Finding;
use super::postgres;
use crate::config::Configuration;
use crate::config::database_url::DatabaseUrl;
use crate::system::clock::SystemClock;
use crate::system::private_file::folder_of;

const CHECK: &str = "database";

/// Everything about the database.
pub(super) fn check_database(configuration: &Configuration) -> Vec<Finding> {
    match &configuration.database_url {
        None => {
            let cure = "give --database, --data, or set database.url";
            vec![Finding::fail(CHECK, "none is named", cure)]
        }
        Some(DatabaseUrl::Sqlite(path)) => check_sqlite(configuration, path),
        Some(DatabaseUrl::Postgres(address)) => check_postgres(configuration, address),
    }
}

fn check_sqlite(configuration: &Configuration, path: &Path) -> Vec<Finding> {
    let mut findings = vec![check_disk(&folder_of(path))];
    if !path.exists() {
        let detail = format!("there is no {}", path.display());
        findings.push(Finding::warn(CHECK, detail, "start the server, which makes it, or check the path"));
        return findings;
    }
    findings.push(check_permissions(CHECK, path));
    match inspect(path) {
        Ok(inspection) => {
            findings.extend(check_inspection(&inspection));
            // An older database is not opened, whatever the key.
            if inspection.pending_migrations.is_empty() {
                findings.push(check_key_fits(configuration));
            }
        }
        Err(error) => findings.push(Finding::fail(
            CHECK,
            error.to_string(),
            "do what the text says; put back a copy if the file is damaged",
        )),
    }
    findings
}

fn check_inspection(inspection: &Inspection) -> Vec<Finding> {
    let schema = if inspection.pending_migrations.is_empty() {
        Finding::ok(CHECK, "its schema is that of this release")
    } else {
        Finding::warn(
            CHECK,
            format!(
                "its schema is older than this release; missing: {}",
                inspection.pending_migrations.join(", ")
            ),
            "stop the server, copy the database, and run `registrar migrate` or start this release",
        )
    };
    let journal = if inspection.is_wal {
        Finding::ok(CHECK, "the write-ahead log is on")
    } else {
        Finding::fail(CHECK, "the write-ahead log is off", "start the server once, which turns it on")
    };
    let integrity = match &inspection.damage {
        None => Finding::ok(CHECK, "its structure is whole (quick_check)"),
        Some(damage) => Finding::fail(
            CHECK,
            format!("its structure is damaged: {damage}"),
            "stop the server, keep the files as they are, and put back a copy",
        ),
    };
    vec![Finding::ok(CHECK, format!("SQLite {}", inspection.sqlite_version)), schema, journal, integrity]
}

fn check_postgres(configuration: &Configuration, address: &Address) -> Vec<Finding> {
    let found = match registrar_store_postgres::inspect(address, &SystemClock) {
        Ok(found) => found,
        Err(error) => return vec![unopened(&error.to_string())],
    };
    let mut findings = look_at_postgres(&found);
    if found.pending_migrations.is_empty() {
        findings.push(Finding::ok(CHECK, "its schema is that of this release"));
        if found.rights.missing.is_empty() {
            findings.push(check_key_fits(configuration));
        }
    } else {
        findings.push(postgres::pending(&found));
    }
    findings
}

/// An error names the cause and then, after the first semicolon, the cure.
fn unopened(error: &str) -> Finding {
    let (cause, cure) = error.split_once("; ").unwrap_or((error, "see the server's log"));
    Finding::fail(CHECK, cause, cure)
}

/// What was found in a database itself, for `doctor` and for servers that start.
pub(crate) fn look_at_postgres(found: &registrar_store_postgres::Inspection) -> Vec<Finding> {
    let mut findings = vec![
        check_protection(found.protection),
        Finding::ok(CHECK, format!("PostgreSQL {}, which accepts writes", found.version)),
        check_synchronous_commit(&found.synchronous_commit),
        if found.data_checksums {
            Finding::ok(CHECK, "its pages bear checksums")
        } else {
            let cure = "stop PostgreSQL and run `pg_checksums --enable`, or make clusters with `initdb --data-checksums`";
            Finding::warn(CHECK, "its pages bear no checksums: damage may go unnoticed", cure)
        },
        postgres::check_replicas(found),
        postgres::check_clock(found.clock_ahead_millis),
    ];
    let dangers = found.unsafe_settings.iter();
    findings.extend(dangers.map(|setting| {
        let cure = "set it back to its default: with it a crash loses accepted customers";
        Finding::fail(CHECK, format!("PostgreSQL runs with {setting}"), cure)
    }));
    findings.extend(postgres::check_rights(found));
    findings
}

fn check_protection(protection: Protection) -> Finding {
    match protection {
        Protection::HostVerified => {
            Finding::ok(CHECK, "the connection is encrypted; the server's certificate is for its host")
        }
        Protection::IssuerVerified => Finding::ok(
            CHECK,
            "the connection is encrypted; the server's certificate is of the named authority, for whichever host",
        ),
        Protection::SameMachine => {
            Finding::ok(CHECK, "the connection is not encrypted and stays on this machine")
        }
        Protection::None => Finding::warn(
            CHECK,
            "the connection to another machine is not encrypted: its network sees the password and what is stored",
            "write sslmode=verify-full into the address, with sslrootcert=FILE for an authority of your own",
        ),
    }
}

fn check_synchronous_commit(setting: &str) -> Finding {
    match setting {
        "on" | "remote_apply" => Finding::ok(CHECK, format!("synchronous_commit is {setting}")),
        _ => Finding::warn(
            CHECK,
            format!("synchronous_commit is {setting}; Registrar raises it to on for its own connections"),
            "set it to on for the role or the database, so that other programs do not lose commits either",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::{check_synchronous_commit, unopened};

    #[test]
    fn a_database_that_cannot_be_opened_has_the_cure_of_its_error() {
        let finding = unopened("the certificate has expired; renew it; check the clock");
        assert_eq!(finding.state, State::Fail);
        assert_eq!(finding.detail, "the certificate has expired");
        assert_eq!(finding.cure.as_deref(), Some("renew it; check the clock"));
    }

    #[test]
    fn less_than_a_synchronous_commit_is_a_warning() {
        for (setting, state) in [
            ("on", State::Ok),
            ("remote_apply", State::Ok),
            ("off", State::Warn),
            ("remote_write", State::Warn),
        ] {
            assert_eq!(check_synchronous_commit(setting).state, state, "{setting}");
        }
    }
}
