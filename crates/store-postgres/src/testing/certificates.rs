//! Certificates for tests of encrypted connections: a private authority, and what it signs.

#![expect(clippy::expect_used, reason = "a certificate that cannot be made ends the test")]

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};

/// A certificate and its key, PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// An authority that nobody trusts unless told to.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes one with a name and a key of its own.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self::named(&format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Makes one with a key of its own.
    ///
    /// # Panics
    /// Never: the parameters are sound.
    pub fn named(name: &str) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, key());
        Self(issuer.expect("an authority"))
    }

    /// Its certificate, PEM.
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// The authority's own certificate and key, as servers show them that were set up by `openssl req -x509`.
    pub fn identity(&self) -> Identity {
        Identity { certificate: self.0.pem(), key: self.0.key().serialize_pem() }
    }

    /// Signs for a server of these names or addresses.
    pub fn sign_for_hosts(&self, hosts: &[&str]) -> Identity {
        self.sign(&server_parameters(hosts))
    }

    /// Signs for a server as above, until a day that is over.
    pub fn sign_expired(&self, hosts: &[&str]) -> Identity {
        let mut parameters = server_parameters(hosts);
        (parameters.not_before, parameters.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
        self.sign(&parameters)
    }

    /// Signs for a client; PostgreSQL takes the common name for the role's.
    ///
    /// # Panics
    /// Never: the parameters are sound.
    pub fn sign_for_role(&self, role: &str) -> Identity {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, role);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&parameters)
    }

    fn sign(&self, parameters: &CertificateParams) -> Identity {
        let key = key();
        let certificate = parameters.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn server_parameters(hosts: &[&str]) -> CertificateParams {
    let names: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("the names");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
