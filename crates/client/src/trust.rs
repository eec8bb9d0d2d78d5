//! Whom an https server's certificate must be of: the authorities that this machine trusts.
//!
//! Invariant: the provider of cryptography is named here, so that none needs to be installed for the process.

use std::sync::Arc;

use rustls::Error;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::error::ClientError;

/// What is wrong with a server's certificate, if that is what went wrong.
pub(crate) fn refused_certificate(error: &ureq::Error) -> Option<String> {
    let error = match error {
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<Error>()?,
        ureq::Error::Rustls(error) => error,
        _ => return None,
    };
    match error {
        Error::InvalidCertificate(reason) => Some(reason.to_string()),
        _ => None,
    }
}

/// Reads the machine's roots; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
///
/// # Errors
/// There are none.
pub(crate) fn roots_of_the_machine() -> Result<TlsConfig, ClientError> {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err(ClientError::NoRoots);
    }
    let roots: Vec<_> = found.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .build())
}
