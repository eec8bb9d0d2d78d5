//! Where a database is: a `postgres://` URL with one host or several, or the folder of a unix socket.
//!
//! Knows nothing of what is in it. Invariant: nothing leaves this machine unencrypted unless the address says so, and
//! neither an error nor `Debug` shows any part of the address, which may hold a password.

use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::limits::CONNECT_TIMEOUT;
use crate::open_error::OpenError;

/// The name under which PostgreSQL lists this program's connections.
const APPLICATION_NAME: &str = "registrar";

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
    text: String,
}

/// As it was written, or without user and password if it holds a password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.config.get_password().is_some() {
            f.write_str(&self.shown())
        } else {
            f.write_str(&self.text)
        }
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is not one, names no host, or needs TLS.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        if ["sslmode=verify-ca", "sslmode=verify-full"].iter().any(|mode| text.contains(mode)) {
            return Err(OpenError::Tls("asks for TLS"));
        }
        let mut config: Config =
            text.parse().map_err(|_| OpenError::Address("cannot be understood".to_owned()))?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Address("names no host".to_owned()));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(OpenError::Address("names no database".to_owned()));
        }
        check_encryption(&config)?;
        // Uniqueness is never decided by a server that does not write.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite).ssl_mode(SslMode::Disable);
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION_NAME);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Ok(Self { config: Arc::new(config), text: text.to_owned() })
    }

    /// Hosts, ports and database without user and password.
    pub fn shown(&self) -> String {
        let ports = self.config.get_ports();
        let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
        let host = |(place, host): (usize, &Host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(place)),
            Host::Unix(folder) => folder.display().to_string(),
        };
        let hosts: Vec<_> = self.config.get_hosts().iter().enumerate().map(host).collect();
        format!("postgres://{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }

    /// As it was written, with the password it may hold.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

fn check_encryption(config: &Config) -> Result<(), OpenError> {
    match config.get_ssl_mode() {
        SslMode::Disable => Ok(()),
        SslMode::Require => Err(OpenError::Tls("asks for TLS")),
        _ if config.get_hosts().iter().all(is_this_machine) => Ok(()),
        _ => Err(OpenError::Tls("names another machine without sslmode=disable")),
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::OpenError;

    #[test]
    fn an_address_is_shown_without_user_and_password() {
        for (text, shown) in [
            ("postgres://u:hunter2@localhost/d", "postgres://localhost:5432/d"),
            ("postgresql://u@127.0.0.1:5433,[::1]:5434/d", "postgres://127.0.0.1:5433,::1:5434/d"),
            ("postgres:///d?host=/run/postgresql&user=u", "postgres:///run/postgresql/d"),
            ("postgres://u:hunter2@a,b/d?sslmode=disable", "postgres://a:5432,b:5432/d"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.shown(), shown);
            assert!(!format!("{address:?}{address}").contains("hunter2"));
            assert_eq!(address.to_string() == text, !text.contains("hunter2"));
        }
    }

    #[test]
    fn nothing_leaves_the_machine_in_plaintext_unasked() {
        for text in [
            "postgres://u:hunter2@db.example/d",
            "postgres://u:hunter2@localhost,db.example/d",
            "postgres://u:hunter2@db.example/d?sslmode=prefer",
            "postgres://u:hunter2@localhost/d?sslmode=require",
            "postgres://u:hunter2@localhost/d?sslmode=verify-full",
        ] {
            let error = Address::parse(text).unwrap_err();
            assert!(matches!(error, OpenError::Tls(_)), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["postgres://u:hunter2@localhost", "postgres:///d", "postgres://u:hunter2@h/d?sslmode=x"]
        {
            let error = Address::parse(text).unwrap_err();
            assert!(matches!(error, OpenError::Address(_)), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
