//! Why there is no connection, where the driver's own words do not say what to do.
//!
//! Invariant: nothing of the address is repeated, which may hold a password; names that a certificate bears are.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// Names of a certificate that are repeated at most; a server chooses how many it shows.
const NAMES_MAX: usize = 5;

/// What to do about an error of the driver; none if there is nothing to add.
pub(crate) fn explain(outer: &tokio_postgres::Error) -> Option<String> {
    let source = outer.source()?;
    if let Some(error) = source.downcast_ref::<io::Error>() {
        return match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => Some(explain_tls(error)),
            None => Some(format!("{outer}: {error}")),
        };
    }
    // The driver has no other sign for these.
    let text = match source.to_string().as_str() {
        "server does not support TLS" => {
            "the server does not encrypt (ssl is off), or somebody in between says so; turn ssl on in its settings"
        }
        "server did not use channel binding" => {
            "the server does not bind the password to its certificate, which channel_binding=require asks for; use \
             password_encryption=scram-sha-256 and a certificate that is not signed with Ed25519 or RSASSA-PSS"
        }
        "password missing" => {
            "the server asks for a password and the address has none; put it into the address"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What the operating system or the host said, where nothing but that is the matter.
pub(crate) fn unreached(outer: &tokio_postgres::Error) -> Option<String> {
    let error = outer.source()?.downcast_ref::<io::Error>()?;
    let is_of_encryption = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some();
    let text = format!("{outer}: {error}");
    (!is_of_encryption).then(|| text.trim_start_matches("error connecting to server: ").to_owned())
}

fn explain_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => explain_certificate(reason),
        rustls::Error::AlertReceived(alert) => format!(
            "the server ended the encryption ({alert:?}); if it asks for a certificate, name one that its ssl_ca_file \
             knows with sslcert=FILE and sslkey=FILE"
        ),
        rustls::Error::InvalidMessage(_) => {
            "what answers does not speak TLS as PostgreSQL does; check host and port".to_owned()
        }
        other => format!("encryption failed: {other}; see the server's log"),
    }
}

fn explain_certificate(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "the server's certificate is of an authority that is not trusted; name the \
            certificate of the authority that signed it with sslrootcert=FILE, and let the server send the certificates \
            in between"
            .to_owned(),
        CertificateError::BadSignature => "the server's certificate bears a signature of another key; most often the file \
            that sslrootcert names holds an earlier certificate of the authority: put the present one beside it"
            .to_owned(),
        CertificateError::NotValidForName => wrong_name("another host"),
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            wrong_name("no host (it has no subjectAltName)")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().take(NAMES_MAX).map(|name| bare(name)).collect();
            wrong_name(&names.join(", "))
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired; renew it, and check this machine's clock".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; check this machine's clock and the certificate".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the server's certificate is not meant for servers (extendedKeyUsage); issue one that is".to_owned()
        }
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "the server shows the certificate of an authority (CA:TRUE) as its own, as `openssl req -x509` makes it; \
             sign a certificate for the server with it, and name the authority's with sslrootcert=FILE"
                .to_owned()
        }
        other => format!("the server's certificate cannot be verified ({other:?}); see how it was made"),
    }
}

fn wrong_name(names: &str) -> String {
    format!(
        "the server's certificate is for {names}, not for the host that the address names; name the host as the \
         certificate does (with hostaddr= if that name cannot be looked up), or issue one with its subjectAltName"
    )
}

/// rustls says `DnsName("…")` or `IpAddress(…)`; what a server chose to write must not break the line.
fn bare(name: &str) -> String {
    let name = name.split_once('(').map_or(name, |(_, name)| name.trim_end_matches(')'));
    name.trim_matches('"').escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_name_is_shown_as_the_certificate_bears_it() {
        for (said, shown) in [
            ("DnsName(\"*.db.example\")", "*.db.example"),
            ("IpAddress(192.0.2.1)", "192.0.2.1"),
            ("DirectoryName", "DirectoryName"),
            ("DnsName(\"a\nb\")", "a\\nb"),
        ] {
            assert_eq!(bare(said), shown);
        }
    }
}
