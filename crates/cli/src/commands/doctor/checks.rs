//! The checks, in the order an operator would look: settings, key, database, clock, disk, limits.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use registrar_domain::clock::{Clock as _, UnixMillis};

use super::database::check_database;
use super::finding::Finding;
use crate::config::Configuration;
use crate::config::resolve::Effective;
use crate::config::settings::SETTINGS;
use crate::database::open_for_operator;
use crate::installation::{Inputs, open_registry, read_lists, read_master_keys};
use crate::process::single_threaded;
use crate::serving::leaves_room;
use crate::system::clock::SystemClock;
use crate::system::open_files::raise_open_files;

/// A clock before this was never set: the first release is younger.
const CLOCK_LEAST: UnixMillis = UnixMillis(1_767_225_600_000);
/// Below this the database will soon not be able to grow.
const FREE_BYTES_LOW: u64 = 1 << 30;
/// Below this not even a checkpoint of the log is sure to fit.
const FREE_BYTES_LEAST: u64 = 128 << 20;

/// The permissions of everyone but the owner.
const OTHERS: u32 = 0o077;

/// Everything.
pub(super) fn check_all(effective: &Effective) -> Vec<Finding> {
    let configuration = &effective.configuration;
    let mut findings = check_settings(effective);
    findings.push(check_lists(configuration));
    findings.extend(check_master_key(configuration));
    findings.extend(check_database(configuration));
    findings.push(check_clock(SystemClock.now()));
    findings.push(check_open_files(raise_open_files(), configuration.max_connections));
    findings
}

/// A configuration that was refused.
pub(super) fn refused_setting(error: &String) -> Finding {
    Finding::fail("settings", error, "correct it; docs/configuration.md describes every setting")
}

fn check_settings(effective: &Effective) -> Vec<Finding> {
    let mut findings: Vec<_> = effective
        .warnings
        .iter()
        .map(|warning| Finding::warn("settings", warning, "correct or remove the variable"))
        .collect();
    if !effective.configuration.listen.ip().is_loopback() {
        findings.push(Finding::warn(
            "settings",
            format!("the API listens on {}, which is not loopback", effective.configuration.listen),
            "see that TLS ends in front of it",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("settings", format!("all {} are accepted", SETTINGS.len())));
    }
    findings
}

fn check_lists(configuration: &Configuration) -> Finding {
    match read_lists(configuration) {
        Ok(_) => Finding::ok("lists", "countries, states and ID types are readable"),
        Err(failure) => Finding::fail("lists", failure.sentence(), "correct the file that the setting names"),
    }
}

fn check_master_key(configuration: &Configuration) -> Vec<Finding> {
    const CHECK: &str = "master key";
    let Some(path) = &configuration.master_key_file else {
        let cure = "name the master key file with --master-key-file, REGISTRAR_MASTER_KEY_FILE or master_key_file; only \
                    for a new installation, make one with `registrar master-key create PATH`";
        return vec![Finding::fail(CHECK, "no file is set", cure)];
    };
    match read_master_keys(path) {
        Ok(keys) => {
            let detail = format!("{} is readable, version {}", path.display(), keys.current().version());
            vec![Finding::ok(CHECK, detail), check_permissions(CHECK, path)]
        }
        Err(failure) => vec![Finding::fail(CHECK, failure.sentence(), "put the file back from its copy")],
    }
}

pub(super) fn check_permissions(check: &'static str, path: &Path) -> Finding {
    match std::fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & OTHERS == 0 => {
            Finding::ok(check, format!("only its owner may read it ({mode:03o})"))
        }
        Ok(mode) => Finding::warn(
            check,
            format!("others than its owner may use {} ({mode:03o})", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Err(error) => {
            Finding::fail(check, format!("cannot look at {}: {error}", path.display()), "check the path")
        }
    }
}

/// Whether the master key opens the installation's keys: the only proof that the two belong together.
pub(super) fn check_key_fits(configuration: &Configuration) -> Finding {
    const CHECK: &str = "master key";
    let opened = Inputs::read(configuration).and_then(|inputs| {
        let database = crate::installation::database_of(configuration)?;
        let store = open_for_operator(&database)?;
        single_threaded()?.block_on(async {
            // Opening the registry would store keys where there are none, under whichever master key was given.
            if store.load_or_store_installation_keys(Vec::new()).await?.is_empty() {
                return Ok(None);
            }
            open_registry(configuration, inputs, store).await.map(Some)
        })
    });
    match opened {
        Ok(Some(registry)) => Finding::ok(
            CHECK,
            format!("it opens the database, which has {}", counted(registry.platforms().len())),
        ),
        Ok(None) => Finding::warn(
            CHECK,
            "whether it is the database's cannot be told: it has no keys yet",
            "if the installation is new, start the server, which makes them under this master key; otherwise check the \
             database's address",
        ),
        Err(failure) => {
            Finding::fail(CHECK, failure.sentence(), "use the master key that the database was made with")
        }
    }
}

fn counted(platforms: usize) -> String {
    if platforms == 1 { "1 platform".to_owned() } else { format!("{platforms} platforms") }
}

fn check_clock(now: UnixMillis) -> Finding {
    if now < CLOCK_LEAST {
        Finding::fail("clock", "the clock is years behind", "set it, and keep it right with NTP")
    } else {
        let time = crate::commands::instant::format_instant(now);
        Finding::ok(
            "clock",
            format!("it says {time}, so it was set; whether that is exact it cannot tell by itself"),
        )
    }
}

pub(super) fn check_disk(folder: &Path) -> Finding {
    const CHECK: &str = "disk";
    let Ok(space) = rustix::fs::statvfs(folder) else {
        return Finding::fail(
            CHECK,
            format!("cannot look at {}", folder.display()),
            "check the database's folder",
        );
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let detail = format!("{} MiB are free in {}", free >> 20, folder.display());
    match free {
        _ if free < FREE_BYTES_LEAST => Finding::fail(CHECK, detail, "free some space, or move the database"),
        _ if free < FREE_BYTES_LOW => Finding::warn(CHECK, detail, "free some space soon"),
        _ => Finding::ok(CHECK, detail),
    }
}

fn check_open_files(limit: Option<u64>, max_connections: u32) -> Finding {
    let shown = limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    let detail = format!("open files: {shown}; http.max_connections: {max_connections}");
    if leaves_room(limit, max_connections) {
        Finding::ok("limits", detail)
    } else {
        Finding::warn(
            "limits",
            detail,
            "raise the hard limit (LimitNOFILE=, ulimit -Hn) or lower http.max_connections",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::{check_clock, check_open_files, check_permissions, counted};
    use registrar_domain::clock::UnixMillis;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_clock_that_was_never_set_fails() {
        assert_eq!(check_clock(UnixMillis(0)).state, State::Fail);
        assert_eq!(check_clock(UnixMillis(1_800_000_000_000)).state, State::Ok);
    }

    #[test]
    fn platforms_are_counted_in_words_that_fit_their_number() {
        assert_eq!([0, 1, 2].map(counted), ["0 platforms", "1 platform", "2 platforms"]);
    }

    #[test]
    fn too_few_open_files_are_a_warning() {
        assert_eq!(check_open_files(Some(1024), 10_000).state, State::Warn);
        assert_eq!(check_open_files(None, 10_000).state, State::Ok);
    }

    #[test]
    fn a_file_that_others_may_read_is_a_warning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(check_permissions("x", file.path()).state, State::Warn);
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(check_permissions("x", file.path()).state, State::Ok);
    }
}
