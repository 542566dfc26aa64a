//! What is checked of a server's certificate, for the source and for the target alike.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Whose certificates are trusted, and whether the host's name must be in them.
#[derive(Debug)]
pub struct Chain {
    web: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
    host_name: bool,
}

impl Chain {
    /// Trusts these certificates and what they have signed.
    ///
    /// # Errors
    /// None of them can be a root.
    pub fn new(
        trusted: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
        host_name: bool,
    ) -> std::result::Result<Self, VerifierBuilderError> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(trusted.iter().cloned());
        let web =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build()?;
        Ok(Self { web, trusted, host_name })
    }

    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        use rustls::Error::InvalidCertificate;
        // The verifier checks the chain first and the name last: a complaint about the name means that the chain is
        // good.
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

/// The verifier of a connection: with a chain, or of whoever holds the key of what it shows.
#[derive(Debug)]
pub struct Verifier {
    pub provider: Arc<CryptoProvider>,
    /// None: only that the connection is encrypted.
    pub chain: Option<Chain>,
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
    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject;
    use std::time::Duration;

    /// 2030-01-01; the certificates are valid from 2026 for a hundred years.
    const NOW: u64 = 1_893_456_000;

    fn certificate(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    fn verify(root: &str, host_name: bool, name: &str, at: u64) -> bool {
        let root = certificate(root);
        let chain = Chain::new(vec![root], &Arc::new(ring::default_provider()), host_name).unwrap();
        let name = ServerName::try_from(name).unwrap();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        chain.verify(&certificate(include_str!("self-signed.pem")), &[], &name, at).is_ok()
    }

    #[test]
    fn a_self_signed_certificate_is_its_own_root_within_its_dates() {
        let own = include_str!("self-signed.pem");
        let other = include_str!("other.pem");
        assert!(verify(own, true, "localhost", NOW));
        assert!(!verify(own, true, "example.com", NOW), "verify-full looks at the name");
        assert!(verify(own, false, "example.com", NOW), "verify-ca does not");
        assert!(!verify(own, false, "localhost", NOW + 200 * 365 * 86_400), "expired");
        assert!(!verify(own, false, "localhost", 0), "not yet valid");
        assert!(!verify(other, false, "localhost", NOW), "another root");
    }
}
