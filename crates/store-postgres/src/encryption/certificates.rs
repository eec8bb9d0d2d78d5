//! The certificates that an address names, read from their files and made a TLS configuration.
//!
//! Read anew for each connection, which is rare, so that a file that was exchanged counts from the next one on. Invariant:
//! a file that cannot be read, or holds nothing, is an error, never a reason to verify less.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::issuer_verifier::IssuerVerifier;
use super::{Certificates, OwnCertificate, Roots, Subject};

/// What PostgreSQL calls its protocol in a handshake (its manual, "SSL Session Encryption").
const PROTOCOL: &[u8] = b"postgresql";

impl Certificates {
    /// Reads the files; blocks.
    ///
    /// # Errors
    /// A sentence that says which of them cannot be used and what to do.
    pub(super) fn configuration(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = self.roots.read()?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let builder = match self.subject {
            Subject::Host => builder.with_root_certificates(roots),
            Subject::Anyone => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(IssuerVerifier::new(roots, &provider))),
        };
        let mut configuration = match &self.own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let (chain, key) = own.read()?;
                check_pair(&provider, &chain, &key)?;
                builder.with_client_auth_cert(chain, key).map_err(|_| MISMATCH.to_owned())?
            }
        };
        configuration.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(configuration)
    }
}

const MISMATCH: &str =
    "the files that sslcert and sslkey name do not belong together; name a certificate and its own key";

fn check_pair(
    provider: &CryptoProvider,
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
) -> Result<(), String> {
    let key = provider.key_provider.load_private_key(key.clone_key()).map_err(|_| {
        "the file that sslkey names holds a key of a kind that is not supported; use RSA, ECDSA or Ed25519".to_owned()
    })?;
    let certified = rustls::sign::CertifiedKey::new(chain.to_vec(), key);
    certified.keys_match().map_err(|_| MISMATCH.to_owned())
}

impl Roots {
    fn read(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        match self {
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                // Some systems keep certificates that no longer count as ones.
                store.add_parsable_certificates(found.certs);
                if store.is_empty() {
                    return Err(
                        "this machine has no root certificates to verify the server by; install the package \
                                ca-certificates, or name the authority's certificate with sslrootcert=FILE"
                            .to_owned(),
                    );
                }
            }
            Self::File(path) => {
                for certificate in read_certificates("sslrootcert", path)? {
                    store.add(certificate).map_err(|error| {
                        format!(
                            "the file that sslrootcert names holds a certificate that cannot be used: {error}"
                        )
                    })?;
                }
            }
        }
        Ok(store)
    }
}

impl OwnCertificate {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let chain = read_certificates("sslcert", &self.chain)?;
        if is_open_to_others(&self.key).map_err(|error| unreadable("sslkey", &PemError::Io(error)))? {
            return Err("the file that sslkey names can be read by other users; `chmod 600` it".to_owned());
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unreadable("sslkey", &error))?;
        Ok((chain, key))
    }
}

/// libpq's rule: for the owner alone, or owned by root and readable by a group, as secrets are mounted.
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    let metadata = std::fs::metadata(path)?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    Ok(metadata.mode() & forbidden != 0)
}

fn read_certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| unreadable(parameter, &error))?;
    if certificates.is_empty() {
        return Err(unreadable(parameter, &PemError::NoItemsFound));
    }
    Ok(certificates)
}

/// Without the path, which is a part of the address.
fn unreadable(parameter: &str, error: &PemError) -> String {
    let (what, cure) = match error {
        PemError::Io(error) => (format!("cannot be read: {error}"), "check the path and the file's mode"),
        PemError::NoItemsFound if parameter == "sslkey" => {
            ("holds no key in PEM form that needs no passphrase".to_owned(), "convert it with `openssl pkey`")
        }
        PemError::NoItemsFound => {
            ("holds no certificate in PEM form".to_owned(), "it must have -----BEGIN CERTIFICATE-----")
        }
        _ => ("is damaged".to_owned(), "make or copy it anew"),
    };
    format!("the file that {parameter} names {what}; {cure}")
}
