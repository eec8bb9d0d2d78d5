//! Whether a connection is encrypted, and which certificate a server must show.
//!
//! Decided from the address alone. Invariant: there is no encryption without verification, none that a third party can
//! talk a connection out of, and no plaintext to another machine that the address did not ask for.

mod certificates;
mod channel_binding;
mod explain;
mod issuer_verifier;
mod parameters;
mod stream;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslNegotiation};

pub(crate) use explain::{explain, unreached};
pub(crate) use parameters::Parameters;
pub(crate) use stream::Connector;

/// How connections of one address are protected.
#[derive(Debug, Clone)]
pub(crate) enum Encryption {
    /// Not at all.
    Plain,
    /// By TLS with a server whose certificate is verified.
    Verified(Arc<Certificates>),
}

/// Which certificates count; the files are read at each connection.
#[derive(Debug)]
pub(crate) struct Certificates {
    roots: Roots,
    subject: Subject,
    own: Option<OwnCertificate>,
}

/// Whom to trust to have looked at a server before signing its certificate.
#[derive(Debug)]
enum Roots {
    /// Everybody this machine trusts.
    System,
    /// The authorities in a PEM file.
    File(PathBuf),
}

/// Whom the certificate must be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The host as the address names it.
    Host,
    /// Anyone the authority signed for.
    Anyone,
}

/// What this program shows a server that asks for a certificate, PEM files.
#[derive(Debug)]
struct OwnCertificate {
    chain: PathBuf,
    key: PathBuf,
}

const UNVERIFYING: &str = "asks for sslmode=allow or prefer, which anybody between here and the server can turn into no \
    encryption at all; write sslmode=verify-full, or sslmode=disable on a network that nobody else shares";
const UNKNOWN: &str = "has an sslmode that does not exist; write sslmode=verify-full, verify-ca or disable";
const ANYBODY: &str = "asks for sslmode=verify-ca without sslrootcert=FILE: whoever has a certificate of a public \
    authority could pose as the database; name the file, or write sslmode=verify-full";
const CONTRADICTION: &str = "says sslmode=disable and names certificates; remove the one or the other";
const HALF: &str = "has sslcert without sslkey or the other way round; name both files or neither";
const SOCKET: &str =
    "asks for encryption, which a unix socket does not have; remove the socket or what asks for it";
const NAME: &str = "has a host that no certificate can be for; write a name of letters, digits, hyphens and dots, or an \
    address, and hostaddr= if it cannot be looked up. In a user or password write special characters percent-encoded: / as \
    %2F, @ as %40, : as %3A, % as %25";
const DIRECT: &str = "asks for sslnegotiation=direct, which is not supported; remove it";
const UNBOUND: &str = "asks for channel_binding=require, which needs encryption; write sslmode=verify-full";

impl Encryption {
    /// Decides it; the error ends a sentence that begins with "the database's address".
    pub(crate) fn decide(config: &Config, parameters: &Parameters) -> Result<Self, &'static str> {
        if config.get_ssl_negotiation() == SslNegotiation::Direct {
            return Err(DIRECT);
        }
        let subject = match parameters.mode.as_deref() {
            None if !parameters.name_files() && stays_on_this_machine(config) => None,
            Some("disable") if parameters.name_files() => return Err(CONTRADICTION),
            Some("disable") => None,
            // As libpq has it `require` verifies only sometimes; more than it promises does no harm.
            None | Some("verify-full" | "require") => Some(Subject::Host),
            Some("verify-ca") => Some(Subject::Anyone),
            Some("allow" | "prefer") => return Err(UNVERIFYING),
            Some(_) => return Err(UNKNOWN),
        };
        match subject {
            Some(subject) => Self::verified(config, parameters, subject),
            None if config.get_channel_binding() == ChannelBinding::Require => Err(UNBOUND),
            None => Ok(Self::Plain),
        }
    }

    fn verified(config: &Config, parameters: &Parameters, subject: Subject) -> Result<Self, &'static str> {
        for host in config.get_hosts() {
            match host {
                Host::Unix(_) => return Err(SOCKET),
                Host::Tcp(name) => ServerName::try_from(name.as_str()).map_err(|_| NAME)?,
            };
        }
        let roots = match parameters.roots.as_deref() {
            None | Some("system") => Roots::System,
            Some(file) => Roots::File(file.into()),
        };
        if matches!((&roots, subject), (Roots::System, Subject::Anyone)) {
            return Err(ANYBODY);
        }
        let own = match (&parameters.certificate, &parameters.key) {
            (None, None) => None,
            (Some(chain), Some(key)) => Some(OwnCertificate { chain: chain.into(), key: key.into() }),
            _ => return Err(HALF),
        };
        Ok(Self::Verified(Arc::new(Certificates { roots, subject, own })))
    }

    /// The words of `registrar doctor`.
    pub(crate) fn protection(&self, config: &Config) -> Protection {
        match self {
            Self::Verified(certificates) if certificates.subject == Subject::Host => Protection::HostVerified,
            Self::Verified(_) => Protection::IssuerVerified,
            Self::Plain if stays_on_this_machine(config) => Protection::SameMachine,
            Self::Plain => Protection::None,
        }
    }
}

/// What protects the connections to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// They are encrypted, and the server's certificate is for the host of the address.
    HostVerified,
    /// They are encrypted, and the server's certificate is of the named authority.
    IssuerVerified,
    /// They are not encrypted and do not leave this machine.
    SameMachine,
    /// Nothing.
    None,
}

/// Where `hostaddr` is given, it is what is connected to.
fn stays_on_this_machine(config: &Config) -> bool {
    if !config.get_hostaddrs().is_empty() {
        return config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    })
}
