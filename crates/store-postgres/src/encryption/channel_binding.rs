//! `tls-server-end-point` (RFC 5929, section 4): the hash of a server's certificate, to which SCRAM binds a password.
//!
//! The hash is that of the certificate's own signature. Invariant: where the RFC defines none there is no binding, and an
//! address that requires one is refused.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// 1.2.840.113549.1.1, the signatures of PKCS #1 (RFC 8017, appendix C).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4, the signatures of ECDSA (RFC 5758, section 3.2).
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];

/// The hash; none if the signature has none of its own (Ed25519) or names it elsewhere (RSASSA-PSS).
pub(super) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_algorithm(certificate)?;
    let (is_rsa, rest) = match (algorithm.strip_prefix(RSA), algorithm.strip_prefix(ECDSA)) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    match (is_rsa, rest) {
        // MD5 and SHA-1 are replaced by SHA-256.
        (true, [4 | 5 | 11]) | (false, [1] | [3, 2]) => Some(Sha256::digest(certificate).to_vec()),
        (true, [12]) | (false, [3, 3]) => Some(Sha384::digest(certificate).to_vec()),
        (true, [13]) | (false, [3, 4]) => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

/// The content of `signatureAlgorithm.algorithm`, the second part of a certificate (RFC 5280, section 4.1).
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (parts, _) = element(certificate, SEQUENCE)?;
    let (_, after_body) = element(parts, SEQUENCE)?;
    let (algorithm, _) = element(after_body, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(identifier, _)| identifier)
}

/// The content of the first element and what follows it (X.690, section 8.1).
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::server_end_point;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    fn hash_length(algorithm: &'static SignatureAlgorithm) -> Option<usize> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(["h".to_owned()]).unwrap().self_signed(&key).unwrap();
        server_end_point(certificate.der()).map(|hash| hash.len())
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        assert_eq!(hash_length(&rcgen::PKCS_ECDSA_P256_SHA256), Some(32));
        assert_eq!(hash_length(&rcgen::PKCS_ECDSA_P384_SHA384), Some(48));
        assert_eq!(hash_length(&rcgen::PKCS_RSA_SHA256), Some(32));
        assert_eq!(hash_length(&rcgen::PKCS_RSA_SHA384), Some(48));
        assert_eq!(hash_length(&rcgen::PKCS_RSA_SHA512), Some(64));
    }

    #[test]
    fn a_signature_without_a_hash_of_its_own_has_none() {
        assert_eq!(hash_length(&rcgen::PKCS_ED25519), None);
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        for bytes in
            [&b""[..], &[0x30], &[0x30, 0x05, 0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x80]]
        {
            assert_eq!(server_end_point(bytes), None);
        }
    }
}
