//! Where a database is: a `postgres://` URL with one host or several, or the folder of a unix socket.
//!
//! Knows nothing of what is in it. Invariant: nothing leaves this machine unencrypted unless the address says so, and
//! neither an error nor `Debug` shows any part of the address, which may hold a password.

use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::limits::{CONNECT_TIMEOUT, Patience};
use crate::open_error::OpenError;

/// The name under which PostgreSQL lists this program's connections.
const APPLICATION_NAME: &str = "registrar";

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Arc<Config>,
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
        Ok(Self { config: Arc::new(config), text: text.to_owned(), patience: Patience::default() })
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

    /// All hosts, for tests that connect beside the engine.
    #[cfg(test)]
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
    use tokio_postgres::config::Host;

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
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["postgres://u:hunter2@localhost", "postgres:///d", "postgres://u:hunter2@h/d?sslmode=x"]
        {
            let error = Address::parse(text).unwrap_err();
            assert!(matches!(error, OpenError::Address(_)), "{error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
