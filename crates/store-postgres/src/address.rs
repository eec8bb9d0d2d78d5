//! Where a database is: a `postgres://` URL with one host or several, or the folder of a unix socket.
//!
//! Knows nothing of what is in it. Invariant: nothing leaves this machine without encryption and verification unless the
//! address says so (`crate::encryption`), and neither an error nor `Debug` shows any part of the address, which may hold a password.

use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::encryption::{Encryption, Parameters, Protection};
use crate::limits::{CONNECT_TIMEOUT, Patience};
use crate::migrate_command::migrate_command;
use crate::open_error::OpenError;

/// The name under which PostgreSQL lists this program's connections.
const APPLICATION_NAME: &str = "registrar";

const SECOND_AT: &str = "has an @ in a host or in the database's name; in a user or password write special characters percent-encoded: / as %2F, \
    @ as %40, : as %3A, % as %25";
const UNEVEN: &str =
    "has not as many hostaddr as hosts; give each host its own, in the same order, or remove hostaddr";
const NOT_UNDERSTOOD: &str = "cannot be understood; in a user or password write special characters percent-encoded: / as %2F, \
    @ as %40, : as %3A, % as %25";

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
    encryption: Encryption,
    text: String,
    patience: Patience,
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
        let mut config: Config = left.parse().map_err(|_| OpenError::Address(NOT_UNDERSTOOD.to_owned()))?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Address("names no host".to_owned()));
        }
        // The end of a password with `@` in it would pass for a host or a database, and these are shown.
        let holds_at = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        if config.get_hosts().iter().any(holds_at) || has_second_at(text) {
            return Err(OpenError::Address(SECOND_AT.to_owned()));
        }
        let (hosts, addresses) = (config.get_hosts().len(), config.get_hostaddrs().len());
        if addresses > 0 && addresses != hosts {
            return Err(OpenError::Address(UNEVEN.to_owned()));
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
        Ok(Self {
            config: Arc::new(config),
            encryption,
            text: text.to_owned(),
            patience: Patience::default(),
        })
    }

    /// Hosts, ports and database without user and password.
    pub fn shown(&self) -> String {
        format!("postgres://{}/{}", places(&self.config), self.config.get_dbname().unwrap_or_default())
    }

    /// The command by which this address's role gives another one the rights that servers need; it holds no password.
    pub fn migrate_command(&self, application_role: &str) -> String {
        migrate_command(self, self.config.get_user(), application_role)
    }

    /// As it was written, with the password it may hold.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// All hosts.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Each host alone, in order: one connection attempt after another, each with its own time.
    pub(crate) fn hosts(&self) -> Vec<Config> {
        let count = self.config.get_hosts().len().max(self.config.get_hostaddrs().len());
        (0..count).map(|place| only_host(&self.config, place)).collect()
    }

    /// How long the servers at this address are waited for.
    pub(crate) const fn patience(&self) -> Patience {
        self.patience
    }

    /// The same address, waited for as long as a test can wait.
    #[cfg(test)]
    pub(crate) fn waited_for(mut self, patience: Patience) -> Self {
        Arc::make_mut(&mut self.config).connect_timeout(patience.connect);
        Self { patience, ..self }
    }

    pub(crate) fn encryption(&self) -> &Encryption {
        &self.encryption
    }

    pub(crate) fn protection(&self) -> Protection {
        self.encryption.protection(&self.config)
    }
}

/// Whether there is another `@` behind that which ends user and password, before the parameters.
fn has_second_at(text: &str) -> bool {
    let behind = text.split_once('@').map_or("", |(_, behind)| behind);
    behind.split('?').next().is_some_and(|place| place.contains('@'))
}

/// Hosts with their ports, or folders of sockets.
pub(crate) fn places(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
    let host = |(place, host): (usize, &Host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(place)),
        Host::Unix(folder) => folder.display().to_string(),
    };
    config.get_hosts().iter().enumerate().map(host).collect::<Vec<_>>().join(",")
}

/// The same, with one of its hosts; a configuration cannot forget a host, so everything else is copied.
fn only_host(from: &Config, place: usize) -> Config {
    let mut config = Config::new();
    config
        .ssl_mode(from.get_ssl_mode())
        .ssl_negotiation(from.get_ssl_negotiation())
        .channel_binding(from.get_channel_binding())
        .target_session_attrs(from.get_target_session_attrs())
        .load_balance_hosts(from.get_load_balance_hosts())
        .keepalives(from.get_keepalives())
        .keepalives_idle(from.get_keepalives_idle());
    match from.get_hosts().get(place) {
        Some(Host::Tcp(name)) => drop(config.host(name)),
        Some(Host::Unix(folder)) => drop(config.host_path(folder)),
        None => {}
    }
    from.get_hostaddrs().get(place).map(|address| config.hostaddr(*address));
    from.get_ports().get(place).or(from.get_ports().first()).map(|port| config.port(*port));
    from.get_user().map(|user| config.user(user));
    from.get_password().map(|password| config.password(password));
    from.get_dbname().map(|name| config.dbname(name));
    from.get_options().map(|options| config.options(options));
    from.get_application_name().map(|name| config.application_name(name));
    from.get_connect_timeout().map(|wait| config.connect_timeout(*wait));
    from.get_tcp_user_timeout().map(|wait| config.tcp_user_timeout(*wait));
    from.get_keepalives_interval().map(|interval| config.keepalives_interval(interval));
    from.get_keepalives_retries().map(|count| config.keepalives_retries(count));
    config
}

#[cfg(test)]
mod tests {
    use super::Address;
    use tokio_postgres::config::{Host, SslMode};

    use crate::{OpenError, Protection};

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

    /// The host without a `hostaddr` of its own would be reached as it is named.
    #[test]
    fn every_host_has_a_hostaddr_or_none_has() {
        for address in [
            "localhost,db2.example/d?hostaddr=127.0.0.1",
            "127.0.0.1,db2.example/d?hostaddr=127.0.0.1&sslmode=verify-full",
            "localhost/d?hostaddr=127.0.0.1,192.0.2.1",
        ] {
            let error = Address::parse(&format!("postgres://u:hunter2@{address}")).unwrap_err().to_string();
            assert!(error.contains("as many hostaddr"), "{address}: {error}");
            assert!(!error.contains("hunter2"));
        }
        let hosts = "db1.example,db2.example/d?hostaddr=127.0.0.1,127.0.0.2";
        let address = Address::parse(&format!("postgres://u:hunter2@{hosts}")).unwrap();
        assert_eq!(address.protection(), Protection::SameMachine);
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
    fn each_host_alone_keeps_everything_else_of_the_address() {
        let rest = "d?connect_timeout=7&tcp_user_timeout=8&keepalives_idle=9&keepalives_interval=10\
            &keepalives_retries=11&options=-c%20a=b&application_name=n&sslmode=disable";
        for (hosts, alone) in
            [("a:1,b:2", vec!["a:1", "b:2"]), ("a,b:3", vec!["a:5432", "b:3"]), ("a:1", vec!["a:1"])]
        {
            let address = Address::parse(&format!("postgres://u:hunter2@{hosts}/{rest}")).unwrap();
            let expected: Vec<_> = alone
                .iter()
                .map(|host| Address::parse(&format!("postgres://u:hunter2@{host}/{rest}")).unwrap())
                .map(|address| (*address.config).clone())
                .collect();
            assert_eq!(address.hosts(), expected, "{hosts}");
        }
        let sockets = Address::parse("postgres://%2Fa,%2Fb/d?user=u").unwrap().hosts();
        let folder = |path: &str| vec![Host::Unix(path.into())];
        assert_eq!(sockets[0].get_hosts(), folder("/a"));
        assert_eq!(sockets[1].get_hosts(), folder("/b"));
    }

    #[test]
    fn a_password_with_special_characters_is_hinted_at_without_showing_it() {
        for text in [
            "hun@ter2@db.example/d",
            "hun/@ter2@localhost/d",
            "hun@ter2/hun@ter2/d",
            "hun@localhost/ter2@example/d",
            "hun@ter2@db.example/d?sslmode=disable",
            "hunter2@db..example/d",
        ] {
            let error = Address::parse(&format!("postgres://u:{text}")).unwrap_err().to_string();
            assert!(error.contains("/ as %2F, @ as %40"), "{error}");
            assert!(!error.contains("ter2") && !error.contains("example"), "{error}");
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
