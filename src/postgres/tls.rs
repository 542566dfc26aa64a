//! TLS of the target's connection, with rustls, by libpq's `sslmode` (PostgreSQL documentation, "SSL Support").
//!
//! | mode | encrypted | chain checked | host name checked |
//! |---|---|---|---|
//! | disable | no | | |
//! | allow, prefer | if the server wants or offers it | no | no |
//! | require | yes | only if `sslrootcert` is given (as libpq does) | no |
//! | verify-ca | yes | yes | no |
//! | verify-full | yes | yes | yes |
//!
//! Roots are `sslrootcert`'s, else the system's. Unlike libpq, `~/.postgresql/root.crt` is not looked for, and a host
//! name must be in the certificate's subjectAltName: the common name is not looked at.

use crate::anchors;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::target::Roots;
use crate::settings::target::SslMode;
use crate::settings::target::TargetSettings;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// The rustls configuration of these settings.
pub(super) fn config(settings: &TargetSettings) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let checked = match (settings.ssl_mode(), settings.roots()) {
        (SslMode::VerifyFull, _) => Some(true),
        (SslMode::VerifyCa, _) | (SslMode::Require, Roots::File(_)) => Some(false),
        _ => None,
    };
    let inner = match checked {
        None => None,
        Some(host_name) => {
            let trusted = roots(settings.roots())?;
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(trusted.iter().cloned());
            let web = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
                .build()
                .map_err(|error| {
                    Error::new(ErrorKind::Config, "the roots of the target's TLS cannot be used")
                        .because(error)
                })?;
            Some(Chain { web, trusted, host_name })
        }
    };
    let verifier = Arc::new(Verifier { provider: Arc::clone(&provider), chain: inner });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Bug, "TLS versions").because(error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// The certificates that are trusted.
fn roots(roots: &Roots) -> Result<Vec<CertificateDer<'static>>> {
    let Roots::File(path) = roots else {
        return anchors::of_system().map(|found| found.certificates.clone()).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "the system has no root certificates; give the target URL an sslrootcert=/path/of/ca.pem",
            )
        });
    };
    let refused =
        |what: &str| Error::new(ErrorKind::Config, format!("sslrootcert {}: {what}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
        .map_err(|error| refused("cannot be read").because(error))?;
    if certificates.is_empty() {
        return Err(refused("holds no certificate"));
    }
    Ok(certificates)
}

/// What is checked beyond "it is encrypted".
#[derive(Debug)]
struct Chain {
    web: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
    host_name: bool,
}

impl Chain {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        use rustls::Error::InvalidCertificate;
        // The verifier checks the chain first and the name last: a complaint about the name means that the chain is good.
        match self.web.verify_server_cert(end_entity, intermediates, name, &[], now) {
            Ok(_) => return Ok(()),
            Err(InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.host_name => return Ok(()),
            // A self-signed server certificate that is its own root (as OpenSSL accepts it): webpki refuses a CA as an
            // end entity, after it has checked the dates.
            Err(InvalidCertificate(CertificateError::Other(_)))
                if self.trusted.iter().any(|root| root == end_entity) => {}
            Err(error) => return Err(error),
        }
        if self.host_name {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)
        } else {
            Ok(())
        }
    }
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    chain: Option<Chain>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Some(chain) = &self.chain {
            chain.verify(end_entity, intermediates, server_name, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// 2030-01-01; the certificates are valid from 2026 for a hundred years.
    const NOW: u64 = 1_893_456_000;

    fn certificate(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    fn verify(root: &str, host_name: bool, name: &str, at: u64) -> bool {
        let root = certificate(root);
        let mut store = RootCertStore::empty();
        store.add(root.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().unwrap();
        let chain = Chain { web, trusted: vec![root], host_name };
        let name = ServerName::try_from(name).unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        chain.verify(&certificate(include_str!("tls/self-signed.pem")), &[], &name, at).is_ok()
    }

    #[test]
    fn a_self_signed_certificate_is_its_own_root_within_its_dates() {
        let own = include_str!("tls/self-signed.pem");
        let other = include_str!("tls/other.pem");
        assert!(verify(own, true, "localhost", NOW));
        assert!(!verify(own, true, "example.com", NOW), "verify-full looks at the name");
        assert!(verify(own, false, "example.com", NOW), "verify-ca does not");
        assert!(!verify(own, false, "localhost", NOW + 200 * 365 * 86_400), "expired");
        assert!(!verify(own, false, "localhost", 0), "not yet valid");
        assert!(!verify(other, false, "localhost", NOW), "another root");
    }
}
