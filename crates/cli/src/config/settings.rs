//! The one table of settings: the file, the variables, the printed configuration and its documentation come from it.
//!
//! Invariant: every name is unique, and every variable is its key in capitals with underscores behind `REGISTRAR_`.

use std::time::Duration;

use super::kind::Kind;

/// One setting.
pub(crate) struct Setting {
    /// Its name in the file: `section.name`, or `name` at the top.
    pub(crate) key: &'static str,
    /// Its environment variable.
    pub(crate) variable: &'static str,
    /// Its type, limits and place.
    pub(crate) kind: Kind,
    /// Its default in the form that a file would have; `None` if it has none.
    pub(crate) default: Option<&'static str>,
    /// What applies where there is no default, for the documentation.
    pub(crate) unset: &'static str,
    /// Whether the value may hold a secret; such a value is shown only as far as its type says it is harmless.
    pub(crate) secret: bool,
    /// What it does, in sentences.
    pub(crate) help: &'static str,
}

const MILLISECOND_100: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);
const MINUTES_10: Duration = Duration::from_mins(10);

/// Every setting, in the order they are shown.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "listen",
        variable: "REGISTRAR_LISTEN",
        kind: Kind::Address(|to| &mut to.listen),
        default: Some("127.0.0.1:8080"),
        unset: "",
        secret: false,
        help: "Where the API listens. Registrar speaks plain HTTP: on an address other than loopback, TLS must end in front of it.",
    },
    Setting {
        key: "database.url",
        variable: "REGISTRAR_DATABASE_URL",
        kind: Kind::Database(|to| &mut to.database_url),
        default: None,
        unset: "required",
        secret: true,
        help: "Which database. The folder of an embedded database must exist; the file is made on the first start.",
    },
    Setting {
        key: "master_key_file",
        variable: "REGISTRAR_MASTER_KEY_FILE",
        kind: Kind::Path(|to| &mut to.master_key_file),
        default: None,
        unset: "required",
        secret: false,
        help: "The file that `registrar master-key create` made. Without the key that a database was made with, nothing in it can be read.",
    },
    Setting {
        key: "metrics.listen",
        variable: "REGISTRAR_METRICS_LISTEN",
        kind: Kind::Address(|to| &mut to.metrics_listen),
        default: Some("127.0.0.1:9090"),
        unset: "",
        secret: false,
        help: "Where `/healthz`, `/readyz` and `/metrics` are served. Keep it private. `dev` has this listener only with `--metrics`.",
    },
    Setting {
        key: "docs.enabled",
        variable: "REGISTRAR_DOCS_ENABLED",
        kind: Kind::Flag(|to| &mut to.docs_enabled),
        default: Some("false"),
        unset: "",
        secret: false,
        help: "Whether the API listener also serves `/docs`, `/openapi.json` and `/errors/<code>`. Always on in `dev`.",
    },
    Setting {
        key: "auth.clock_skew",
        variable: "REGISTRAR_AUTH_CLOCK_SKEW",
        kind: Kind::Span(SECOND, MINUTES_10, |to| &mut to.clock_skew),
        default: Some("1m"),
        unset: "",
        secret: false,
        help: "How far the timestamp of a request may be from this server's time, either side. Whole seconds count.",
    },
    Setting {
        key: "auth.hint_budget",
        variable: "REGISTRAR_AUTH_HINT_BUDGET",
        kind: Kind::Whole(0, 1000, |to| &mut to.hint_budget),
        default: Some("20"),
        unset: "",
        secret: false,
        help: "How many wrong signatures a second are examined for a hint on production platforms; 0 gives no hints. Sandbox platforms have no limit.",
    },
    Setting {
        key: "http.max_connections",
        variable: "REGISTRAR_HTTP_MAX_CONNECTIONS",
        kind: Kind::Whole(1, 100_000, |to| &mut to.max_connections),
        default: Some("10000"),
        unset: "",
        secret: false,
        help: "How many connections may be open at once; further ones get a 503 and are closed. The limit on open files must be higher.",
    },
    Setting {
        key: "http.first_byte_timeout",
        variable: "REGISTRAR_HTTP_FIRST_BYTE_TIMEOUT",
        kind: Kind::Span(MILLISECOND_100, MINUTES_10, |to| &mut to.first_byte_timeout),
        default: Some("10s"),
        unset: "",
        secret: false,
        help: "How long a new connection may stay silent.",
    },
    Setting {
        key: "http.header_timeout",
        variable: "REGISTRAR_HTTP_HEADER_TIMEOUT",
        kind: Kind::Span(MILLISECOND_100, MINUTES_10, |to| &mut to.header_timeout),
        default: Some("10s"),
        unset: "",
        secret: false,
        help: "How long the head of a request may take from its first byte.",
    },
    Setting {
        key: "http.body_timeout",
        variable: "REGISTRAR_HTTP_BODY_TIMEOUT",
        kind: Kind::Span(MILLISECOND_100, MINUTES_10, |to| &mut to.body_timeout),
        default: Some("15s"),
        unset: "",
        secret: false,
        help: "How long the body of a request may take; then the answer is `request_timeout`.",
    },
    Setting {
        key: "http.idle_timeout",
        variable: "REGISTRAR_HTTP_IDLE_TIMEOUT",
        kind: Kind::Span(MILLISECOND_100, Duration::from_hours(1), |to| &mut to.idle_timeout),
        default: Some("75s"),
        unset: "",
        secret: false,
        help: "How long a connection may stay open between requests. A proxy in front should close its idle connections sooner.",
    },
    Setting {
        key: "http.write_timeout",
        variable: "REGISTRAR_HTTP_WRITE_TIMEOUT",
        kind: Kind::Span(MILLISECOND_100, MINUTES_10, |to| &mut to.write_timeout),
        default: Some("15s"),
        unset: "",
        secret: false,
        help: "How long an answer may be on its way without any progress.",
    },
    Setting {
        key: "http.drain_delay",
        variable: "REGISTRAR_HTTP_DRAIN_DELAY",
        kind: Kind::Span(Duration::ZERO, MINUTES_10, |to| &mut to.drain_delay),
        default: Some("5s"),
        unset: "",
        secret: false,
        help: "How long after SIGTERM or SIGINT new connections are still accepted while /readyz says 503, so that a balancer stops sending first. Without a /readyz request in the last 30 s nothing is waited for.",
    },
    Setting {
        key: "http.drain_timeout",
        variable: "REGISTRAR_HTTP_DRAIN_TIMEOUT",
        kind: Kind::Span(Duration::ZERO, MINUTES_10, |to| &mut to.drain_timeout),
        default: Some("20s"),
        unset: "",
        secret: false,
        help: "How long requests under way may still take after that.",
    },
    Setting {
        key: "log.format",
        variable: "REGISTRAR_LOG_FORMAT",
        kind: Kind::Format(|to| &mut to.log_format),
        default: None,
        unset: "human on a terminal, otherwise json",
        secret: false,
        help: "How log lines look. They go to standard error.",
    },
    Setting {
        key: "log.level",
        variable: "REGISTRAR_LOG_LEVEL",
        kind: Kind::Level(|to| &mut to.log_level),
        default: Some("info"),
        unset: "",
        secret: false,
        help: "How much is logged.",
    },
    Setting {
        key: "lists.countries_file",
        variable: "REGISTRAR_LISTS_COUNTRIES_FILE",
        kind: Kind::Path(|to| &mut to.countries_file),
        default: None,
        unset: "the built-in list",
        secret: false,
        help: "A list of countries that replaces the built-in one. `registrar lists print countries` is a start.",
    },
    Setting {
        key: "lists.states_file",
        variable: "REGISTRAR_LISTS_STATES_FILE",
        kind: Kind::Path(|to| &mut to.states_file),
        default: None,
        unset: "the built-in list",
        secret: false,
        help: "A list of states that replaces the built-in one. `registrar lists print states` is a start.",
    },
    Setting {
        key: "lists.id_types_file",
        variable: "REGISTRAR_LISTS_ID_TYPES_FILE",
        kind: Kind::Path(|to| &mut to.id_types_file),
        default: None,
        unset: "the built-in list",
        secret: false,
        help: "A list of ID types that replaces the built-in one. `registrar lists print id-types` is a start.",
    },
];

/// The setting of that key.
pub(crate) fn find_setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::SETTINGS;
    use crate::config::Configuration;
    use std::collections::HashSet;

    #[test]
    fn every_variable_is_its_key_in_capitals() {
        for setting in SETTINGS {
            let expected = format!("REGISTRAR_{}", setting.key.replace('.', "_").to_uppercase());
            assert_eq!(setting.variable, expected);
        }
    }

    #[test]
    fn no_key_appears_twice() {
        let keys: HashSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), SETTINGS.len());
    }

    #[test]
    fn every_default_is_accepted_and_shown_as_it_is_written() {
        let mut configuration = Configuration::default();
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                setting.kind.apply(&mut configuration, default).unwrap();
                let shown = setting.kind.show(&mut configuration).unwrap();
                assert_eq!(shown, default, "{}", setting.key);
            } else {
                assert!(!setting.unset.is_empty(), "{} says what applies without it", setting.key);
            }
        }
    }

    #[test]
    fn every_setting_fills_a_field_of_its_own() {
        for setting in SETTINGS {
            let mut changed = Configuration::default();
            let before: Vec<_> = SETTINGS.iter().map(|other| other.kind.show(&mut changed)).collect();
            let text = ["sqlite:x", "true", "7", "7s", "json", "debug", "[::1]:7", "x"]
                .into_iter()
                .find(|text| setting.kind.apply(&mut changed, text).is_ok())
                .unwrap();
            let after: Vec<_> = SETTINGS.iter().map(|other| other.kind.show(&mut changed)).collect();
            let differing = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            assert_eq!(differing, 1, "{} = {text}", setting.key);
        }
    }
}
