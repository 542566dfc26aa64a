//! Errors of the connection to the source: the socket, TLS, tiberius.

use super::errors::server_error;
use crate::error::{Error, ErrorKind};
use std::io;

/// An error of the socket or of TLS.
pub(crate) fn io_error(what: &str, cause: io::Error) -> Error {
    if let Some(error) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls_error(error);
    }
    Error::new(ErrorKind::SourceUnavailable, what).because(cause)
}

fn tls_error(error: &rustls::Error) -> Error {
    use rustls::Error as Tls;
    let (kind, message) = match error {
        Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented => (
            ErrorKind::Config,
            "the source's certificate is refused; name its CA with serverCertificate=FILE, its name with \
             hostNameInCertificate=NAME, or accept any certificate with trustServerCertificate=true",
        ),
        Tls::PeerIncompatible(_) | Tls::AlertReceived(_) | Tls::NoApplicationProtocol => {
            (ErrorKind::Config, "the source and shardferry cannot agree on TLS; check encrypt=")
        }
        _ => (ErrorKind::SourceUnavailable, "the TLS connection to the source broke"),
    };
    Error::new(kind, message).because(error.clone())
}

/// Anything that tiberius reports. A routing answer is dealt with before this.
pub(crate) fn tiberius_error(error: tiberius::error::Error) -> Error {
    match error {
        tiberius::error::Error::Server(token) => {
            let number = i32::try_from(token.code()).unwrap_or(i32::MAX);
            server_error(number, token.state(), token.class(), token.message())
        }
        tiberius::error::Error::Io { kind: io::ErrorKind::TimedOut, .. } => {
            Error::new(ErrorKind::SourceUnavailable, "the source did not answer in time")
        }
        tiberius::error::Error::Io { kind, message } => {
            Error::new(ErrorKind::SourceUnavailable, "the connection to the source broke")
                .because(io::Error::new(kind, message))
        }
        tiberius::error::Error::Routing { host, port } => Error::new(
            ErrorKind::SourceUnavailable,
            format!("the source redirects to {host}:{port} in the middle of a connection"),
        ),
        other => Error::new(ErrorKind::SourceRefused, "the source's answer cannot be read").because(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_is_configuration() {
        let cause = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io_error("x", io::Error::new(io::ErrorKind::InvalidData, cause));
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.detail().contains("UnknownIssuer"), "{error}");
    }
}
