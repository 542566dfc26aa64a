//! TLS as SQL Server does it: within PRELOGIN packets for TDS 7.4 (MS-TDS 2.2.6.5, 3.2.5.1), first of all for TDS 8.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

use crate::wire::packet::{HEADER, PRELOGIN, message};

/// ALPN of TDS 8.
const ALPN: &[u8] = b"tds/8.0";

/// The server's key and what makes clients trust it.
pub(crate) struct Identity {
    /// The authority that signed the server's certificate, PEM.
    pub(crate) certificate_pem: String,
    tds74: TlsAcceptor,
    tds80: TlsAcceptor,
}

impl Identity {
    /// A new authority and a certificate of it for `localhost`, `127.0.0.1`, `::1` and `host`.
    ///
    /// # Errors
    /// Keys or certificates that cannot be made (a host that is no name).
    pub(crate) fn new(host: &str) -> io::Result<Self> {
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !names.iter().any(|n| n == host) {
            names.push(host.to_owned());
        }
        let key = rcgen::KeyPair::generate().map_err(io::Error::other)?;
        let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).map_err(io::Error::other)?;
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.distinguished_name.push(rcgen::DnType::CommonName, "mssim test authority");
        authority.key_usages =
            vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::DigitalSignature];
        let root = authority.self_signed(&key).map_err(io::Error::other)?;
        let issuer = rcgen::Issuer::new(authority, key);
        let server_key = rcgen::KeyPair::generate().map_err(io::Error::other)?;
        let mut server = rcgen::CertificateParams::new(names).map_err(io::Error::other)?;
        server.distinguished_name.push(rcgen::DnType::CommonName, "localhost");
        server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let certificate = server.signed_by(&server_key, &issuer).map_err(io::Error::other)?;
        let chain = vec![certificate.der().clone(), root.der().clone()];
        let secret = || PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = |versions: &[&'static rustls::SupportedProtocolVersion], alpn: Vec<Vec<u8>>| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions);
            let builder = builder.map_err(io::Error::other)?.with_no_client_auth();
            let mut config = builder.with_single_cert(chain.clone(), secret()).map_err(io::Error::other)?;
            config.alpn_protocols = alpn;
            io::Result::Ok(TlsAcceptor::from(Arc::new(config)))
        };
        // SQL Server speaks TLS 1.3 with TDS 8 only.
        let tds74 = config(&[&rustls::version::TLS12], Vec::new())?;
        let tds80 = config(&[&rustls::version::TLS12, &rustls::version::TLS13], vec![ALPN.to_vec()])?;
        Ok(Self { certificate_pem: root.pem(), tds74, tds80 })
    }

    /// The handshake of TDS 7.4; afterwards records stand on the socket as they are.
    pub(crate) async fn accept_wrapped<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<tokio_rustls::server::TlsStream<Wrapped<S>>> {
        let mut stream = self.tds74.accept(Wrapped::new(stream)).await?;
        stream.get_mut().0.handshaking = false;
        Ok(stream)
    }

    /// The handshake of TDS 8, with its ALPN.
    pub(crate) async fn accept_strict<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<tokio_rustls::server::TlsStream<S>> {
        let stream = self.tds80.accept(stream).await?;
        match stream.get_ref().1.alpn_protocol() {
            Some(ALPN) => Ok(stream),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the client did not ask for tds/8.0")),
        }
    }
}

/// A stream whose payload travels in PRELOGIN packets while `handshaking`.
pub(crate) struct Wrapped<S> {
    stream: S,
    handshaking: bool,
    /// Bytes written since the last flush, then the packet that is on its way out.
    pending: Vec<u8>,
    packet: Vec<u8>,
    sent: usize,
    header: [u8; HEADER],
    header_read: usize,
    payload_left: usize,
}

impl<S> Wrapped<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            handshaking: true,
            pending: Vec::new(),
            packet: Vec::new(),
            sent: 0,
            header: [0; HEADER],
            header_read: 0,
            payload_left: 0,
        }
    }

    /// The stream below, when only the login was encrypted.
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wrapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.handshaking {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        while this.payload_left == 0 {
            let mut header = ReadBuf::new(&mut this.header[this.header_read..]);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut header))?;
            match header.filled().len() {
                0 => return Poll::Ready(Ok(())),
                read => this.header_read += read,
            }
            if this.header_read == HEADER {
                this.header_read = 0;
                let length = usize::from(u16::from_be_bytes([this.header[2], this.header[3]]));
                if this.header[0] != PRELOGIN || length < HEADER {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "not a TLS handshake",
                    )));
                }
                this.payload_left = length - HEADER;
            }
        }
        let wanted = this.payload_left.min(buf.remaining());
        let mut part = buf.take(wanted);
        ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        // `take` starts with an empty buffer over the same, initialised bytes.
        buf.advance(read);
        this.payload_left -= read;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wrapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.handshaking {
            self.pending.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            while this.sent < this.packet.len() {
                let sent = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.packet[this.sent..]))?;
                if sent == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                this.sent += sent;
            }
            if this.pending.is_empty() {
                return Pin::new(&mut this.stream).poll_flush(cx);
            }
            this.packet = message(PRELOGIN, 4096, std::mem::take(&mut this.pending));
            this.sent = 0;
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
