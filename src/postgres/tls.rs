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
use crate::anchors::{Chain, Verifier};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::target::Roots;
use crate::settings::target::SslMode;
use crate::settings::target::TargetSettings;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
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
            let chain = Chain::new(trusted, &provider, host_name).map_err(|error| {
                Error::new(ErrorKind::Config, "the roots of the target's TLS cannot be used").because(error)
            })?;
            Some(chain)
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
