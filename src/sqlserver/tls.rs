//! TLS to the source: what is trusted, and the handshake in both of TDS's manners.
//!
//! TDS 7.4: the handshake's records travel in packets of type PRELOGIN until it is done, then bare (MS-TDS 2.2.6.5 and
//! 3.2.5.2); TLS 1.2, the newest that servers speak there. TDS 8.0 (strict): plain TLS with ALPN `tds/8.0` from the
//! first byte. Anchors are the system's, or those of a CA file alone.

use crate::anchors;
use crate::anchors::{Chain, Verifier};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::source::{Encrypt, SourceSettings};
use crate::sqlserver::connection_errors::io_error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const PACKET_HEADER: usize = 8;
const PRELOGIN: u8 = 0x12;
const END_OF_MESSAGE: u8 = 0x01;
/// A packet size that every server accepts before login.
const HANDSHAKE_PACKET: usize = 4096;

/// A TLS stream over the connection.
pub(super) type EncryptedStream = tokio_rustls::client::TlsStream<FramedHandshake>;

/// Does the handshake on a connection that is ready for it.
pub(super) async fn handshake(
    settings: &SourceSettings,
    host: &str,
    tcp: TcpStream,
) -> Result<EncryptedStream> {
    let strict = settings.encrypt == Encrypt::Strict;
    let name = settings.host_name_in_certificate.as_deref().unwrap_or(host).to_owned();
    let name = ServerName::try_from(name).map_err(|_| {
        Error::new(ErrorKind::Config, "the host name of the source cannot stand in a certificate")
    })?;
    let connector = TlsConnector::from(Arc::new(client_config(settings)?));
    let wrapped = if strict { FramedHandshake::bare(tcp) } else { FramedHandshake::handshaking(tcp) };
    let mut stream = connector
        .connect(name, wrapped)
        .await
        .map_err(|cause| io_error("the TLS handshake with the source broke", cause))?;
    stream.get_mut().0.handshake_done()?;
    Ok(stream)
}

fn client_config(settings: &SourceSettings) -> Result<ClientConfig> {
    let strict = settings.encrypt == Encrypt::Strict;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions: &[&rustls::SupportedProtocolVersion] =
        if strict { rustls::ALL_VERSIONS } else { &[&rustls::version::TLS12] };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|cause| Error::new(ErrorKind::Bug, "the TLS set-up is refused").because(cause))?;
    let mut config = match &settings.ca_file {
        _ if settings.trust_certificate => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Some(path) => {
            let chain = Some(chain_of(path, &provider)?);
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Verifier { provider, chain }))
                .with_no_client_auth()
        }
        None => builder.with_root_certificates(roots_of_system()?).with_no_client_auth(),
    };
    if strict {
        config.alpn_protocols = vec![b"tds/8.0".to_vec()];
    }
    Ok(config)
}

fn roots_of_system() -> Result<Arc<RootCertStore>> {
    anchors::of_system().map(|found| Arc::clone(&found.store)).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            "the system has no CA certificates; name a CA file with serverCertificate=FILE",
        )
    })
}

/// The CA file alone. A server's own certificate in it is trusted as well, one that says that it is a CA too, as tools
/// make it.
fn chain_of(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Chain> {
    let refused =
        |what: &str| Error::new(ErrorKind::Config, format!("the CA file {} {what}", path.display()));
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|cause| refused("cannot be read").because(cause))?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store
            .add(certificate.clone())
            .map_err(|cause| refused("holds a certificate that is no CA").because(cause))?;
    }
    if store.is_empty() {
        return Err(refused("holds no PEM certificate"));
    }
    Chain::new(certificates, provider, true)
        .map_err(|cause| refused("holds no certificate that can be trusted").because(cause))
}

/// `trustServerCertificate=true`: whoever answers is believed, but must hold the key of what it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl AnyCertificate {
    /// SQL Server's own self-signed certificates are of version 1 at times, which cannot even be parsed for their key.
    fn forgive(
        result: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match result {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::BadEncoding | CertificateError::Other(_),
            )) => Ok(HandshakeSignatureValid::assertion()),
            other => other,
        }
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        Self::forgive(verify_tls12_signature(message, certificate, signed, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        Self::forgive(verify_tls13_signature(message, certificate, signed, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The TCP connection below TLS, whose bytes are wrapped in PRELOGIN packets while the handshake lasts.
#[derive(Debug)]
pub(super) struct FramedHandshake {
    tcp: TcpStream,
    handshaking: bool,
    /// The flight that the handshake is collecting, not yet in packets.
    flight: Vec<u8>,
    /// Packets not yet written.
    outgoing: Vec<u8>,
    written: usize,
    header: [u8; PACKET_HEADER],
    header_read: usize,
    /// Payload of the current packet still to be read.
    payload_left: usize,
}

impl FramedHandshake {
    fn bare(tcp: TcpStream) -> Self {
        Self { handshaking: false, ..Self::handshaking(tcp) }
    }

    fn handshaking(tcp: TcpStream) -> Self {
        Self {
            tcp,
            handshaking: true,
            flight: Vec::new(),
            outgoing: Vec::new(),
            written: 0,
            header: [0; PACKET_HEADER],
            header_read: 0,
            payload_left: 0,
        }
    }

    /// From here on bytes go through as they are.
    fn handshake_done(&mut self) -> Result<()> {
        if self.header_read > 0 || self.payload_left > 0 {
            return Err(Error::new(ErrorKind::SourceRefused, "the source sends more than a TLS handshake"));
        }
        self.handshaking = false;
        Ok(())
    }

    /// The connection itself, if only the login was encrypted.
    pub(super) fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.outgoing.len() {
            let count = ready!(Pin::new(&mut self.tcp).poll_write(cx, &self.outgoing[self.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
        }
        self.outgoing.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.payload_left == 0 {
            let mut buffer = ReadBuf::new(&mut self.header[self.header_read..]);
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
            let count = buffer.filled().len();
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.header_read += count;
            if self.header_read == PACKET_HEADER {
                let length = usize::from(u16::from_be_bytes([self.header[2], self.header[3]]));
                self.payload_left = length.checked_sub(PACKET_HEADER).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidData, "a TDS packet shorter than its header")
                })?;
                self.header_read = 0;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for FramedHandshake {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.tcp).poll_read(cx, buffer);
        }
        ready!(this.poll_header(cx))?;
        let room = this.payload_left.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut part))?;
        let count = part.filled().len();
        buffer.advance(count);
        this.payload_left -= count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FramedHandshake {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.tcp).poll_write(cx, bytes);
        }
        // A flight is collected and sent at the flush, as one message.
        this.flight.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.flight.is_empty() {
            this.outgoing.extend(packets(PRELOGIN, &this.flight, HANDSHAKE_PACKET));
            this.flight.clear();
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

/// A message in packets of at most `size` bytes, every one but the last full (MS-TDS 2.2.3.1).
pub(super) fn packets(kind: u8, message: &[u8], size: usize) -> Vec<u8> {
    let room = size - PACKET_HEADER;
    let mut out = Vec::with_capacity(message.len() + (message.len() / room + 1) * PACKET_HEADER);
    let mut chunks = message.chunks(room).peekable();
    let mut number: u8 = 1;
    while let Some(chunk) = chunks.next() {
        let status = if chunks.peek().is_none() { END_OF_MESSAGE } else { 0 };
        let length = u16::try_from(chunk.len() + PACKET_HEADER).unwrap_or(u16::MAX);
        out.extend_from_slice(&[kind, status]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[0, 0, number, 0]);
        out.extend_from_slice(chunk);
        number = number.wrapping_add(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_into_full_packets() {
        let message: Vec<u8> = (0..10).collect();
        let cut = packets(1, &message, 12);
        assert_eq!(cut[..12], [1, 0, 0, 12, 0, 0, 1, 0, 0, 1, 2, 3]);
        assert_eq!(cut[12..24], [1, 0, 0, 12, 0, 0, 2, 0, 4, 5, 6, 7]);
        assert_eq!(cut[24..], [1, 1, 0, 10, 0, 0, 3, 0, 8, 9]);
    }

    #[test]
    fn a_missing_or_empty_ca_file_is_configuration() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let missing = chain_of(Path::new("/nonexistent/ca.pem"), &provider).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Config);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "no certificate").unwrap();
        assert_eq!(chain_of(&path, &provider).unwrap_err().kind(), ErrorKind::Config);
    }

    /// As `New-SelfSignedCertificate` and `openssl req -x509` make it: its own root, with CA:TRUE.
    #[test]
    fn a_self_made_certificate_is_trusted_by_its_own_file() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (own, other) = ("src/anchors/self-signed.pem", "src/anchors/other.pem");
        let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let shown = CertificateDer::from_pem_file(file(own)).unwrap();
        let accepted = |trusted: &str, host: &'static str| {
            let chain = Some(chain_of(&file(trusted), &provider).unwrap());
            let verifier = Verifier { provider: Arc::clone(&provider), chain };
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_893_456_000));
            let name = ServerName::try_from(host).unwrap();
            verifier.verify_server_cert(&shown, &[], &name, &[], now).is_ok()
        };
        assert!(accepted(own, "localhost"));
        assert!(!accepted(own, "example.com"), "its name must fit");
        assert!(!accepted(other, "localhost"));
    }
}
