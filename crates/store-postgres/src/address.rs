//! Where a database is: a `postgres://` URL with one host or several, or the folder of a unix socket.
//!
//! Knows nothing of what is in it. Invariant: nothing leaves this machine without encryption and verification unless the
//! address says so (`crate::encryption`), and neither an error nor `Debug` shows any part of the address, which may hold a password.

use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::encryption::{Encryption, Parameters, Protection};
use crate::limits::CONNECT_TIMEOUT;
use crate::open_error::OpenError;

/// The name under which PostgreSQL lists this program's connections.
const APPLICATION_NAME: &str = "registrar";

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
    encryption: Encryption,
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
    /// It is not one, names no host or database, or is not clear or not safe about encryption.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let (left, parameters) = Parameters::take_from(text).map_err(OpenError::Encryption)?;
        let mut config: Config =
            left.parse().map_err(|_| OpenError::Address("cannot be understood".to_owned()))?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Address("names no host".to_owned()));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(OpenError::Address("names no database".to_owned()));
        }
        let encryption = Encryption::decide(&config, &parameters).map_err(OpenError::Encryption)?;
        config.ssl_mode(match encryption {
            Encryption::Plain => SslMode::Disable,
            Encryption::Verified(_) => SslMode::Require,
        });
        // Uniqueness is never decided by a server that does not write.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION_NAME);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Ok(Self { config: Arc::new(config), encryption, text: text.to_owned() })
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

    pub(crate) fn encryption(&self) -> &Encryption {
        &self.encryption
    }

    pub(crate) fn protection(&self) -> Protection {
        self.encryption.protection(&self.config)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::{OpenError, Protection};
    use tokio_postgres::config::SslMode;

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
    fn only_this_machine_is_spoken_to_without_encryption_unasked() {
        for (address, protection) in [
            ("db.example/d", Protection::HostVerified),
            ("localhost,db.example/d", Protection::HostVerified),
            ("localhost/d?hostaddr=192.0.2.1", Protection::HostVerified),
            ("127.0.0.1/d?hostaddr=192.0.2.1", Protection::HostVerified),
            ("192.0.2.1,[2001:db8::1]/d", Protection::HostVerified),
            ("localhost/d", Protection::SameMachine),
            ("db.example/d?hostaddr=127.0.0.1", Protection::SameMachine),
            ("/d?host=/run/postgresql", Protection::SameMachine),
            ("localhost/d?sslmode=disable", Protection::SameMachine),
            ("localhost/d?sslmode=verify-full", Protection::HostVerified),
            ("localhost/d?sslmode=require", Protection::HostVerified),
            ("localhost/d?sslrootcert=system", Protection::HostVerified),
            ("localhost/d?sslrootcert=ca.pem", Protection::HostVerified),
            ("localhost/d?sslcert=a&sslkey=b", Protection::HostVerified),
            ("localhost/d?sslmode=verify-ca&sslrootcert=ca.pem", Protection::IssuerVerified),
            ("db.example/d?sslmode=disable", Protection::None),
        ] {
            let found = Address::parse(&format!("postgres://u:hunter2@{address}")).unwrap();
            assert_eq!(found.protection(), protection, "{address}");
            let is_encrypted = matches!(protection, Protection::HostVerified | Protection::IssuerVerified);
            let mode = if is_encrypted { SslMode::Require } else { SslMode::Disable };
            assert_eq!(found.config().get_ssl_mode(), mode, "{address}");
        }
    }

    #[test]
    fn what_is_not_clear_or_not_safe_about_encryption_is_refused() {
        for (address, reason) in [
            ("db.example/d?sslmode=prefer", "write sslmode=verify-full"),
            ("localhost/d?sslmode=allow", "write sslmode=verify-full"),
            ("localhost/d?sslmode=Verify-Full", "does not exist"),
            ("db.example/d?sslmode=verify-full&sslmode=disable", "twice"),
            ("db.example/d?sslmode=verify-ca", "name the file"),
            ("db.example/d?sslmode=verify-ca&sslrootcert=system", "name the file"),
            ("db.example/d?sslmode=disable&sslrootcert=ca.pem", "remove the one"),
            ("db.example/d?sslcert=a.pem", "sslkey"),
            ("db.example/d?sslkey=a.pem", "sslcert"),
            ("db.example/d?host=/run/postgresql", "unix socket"),
            ("/d?host=/run/postgresql&hostaddr=192.0.2.1", "unix socket"),
            ("/d?host=/run/postgresql&sslmode=verify-full", "unix socket"),
            ("db..example/d", "no certificate can be for"),
            ("db.example/d?sslnegotiation=direct", "not supported"),
            ("localhost/d?channel_binding=require", "needs encryption"),
        ] {
            let error = Address::parse(&format!("postgres://u:hunter2@{address}")).unwrap_err();
            assert!(matches!(error, OpenError::Encryption(_)), "{address}: {error}");
            assert!(error.to_string().contains(reason), "{address}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["postgres://u:hunter2@localhost", "postgres:///d", "postgres://u:hunter2@h/d?sslcrl=x"] {
            let error = Address::parse(text).unwrap_err();
            assert!(matches!(error, OpenError::Address(_)), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
