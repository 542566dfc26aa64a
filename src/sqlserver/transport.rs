//! The connection below tiberius: TCP, PRELOGIN and TLS are ours, and so is the stream after the login.
//!
//! [`connect`] does TCP ([`tcp`]), PRELOGIN ([`prelogin`]) and TLS ([`tls`]). What it returns is a [`Handle`] onto the
//! decrypted stream, as many as are needed, all sharing one connection: tiberius holds one as its stream, the bulk
//! reader another. A handle looks into the packets that are written: tiberius' own PRELOGIN is answered on the spot,
//! without TLS; after LOGIN7 a login-only encryption ends; and requests get the descriptor of the open transaction,
//! which only we know. A lock is held within one poll only, never across an await.

use super::control::done_failed;
use super::prelogin::{
    self, ENCRYPT_NOT_SUP, ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_REQ, PRELOGIN, PreloginReply, REPLY,
    prelogin_message,
};
use super::tcp;
use super::tls::{self, EncryptedStream, packets};
use crate::error::{Error, ErrorKind, Result};
use crate::settings::source::Encrypt;
use crate::settings::source::SourceSettings;
use futures_util::io::{AsyncRead as FuturesRead, AsyncWrite as FuturesWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const HEADER: usize = 8;
const BATCH: u8 = 0x01;
const RPC: u8 = 0x03;
const LOGIN7: u8 = 0x10;
const END_OF_MESSAGE: u8 = 0x01;
/// What of the login's answer is kept, to learn the packet size from.
const LARGEST_TAP: usize = 64 * 1024;

/// The stream in its present state.
#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Encrypted(Box<EncryptedStream>),
    Closed,
}

#[derive(Debug)]
struct Inner {
    stream: Stream,
    /// TLS ends with the login packet.
    login_only: bool,
    login_complete: bool,
    /// What tiberius' PRELOGIN is answered with.
    prelogin_reply: Vec<u8>,
    /// Bytes that are read before those of the network.
    canned: Vec<u8>,
    /// Written, not yet a whole packet.
    partial: Vec<u8>,
    /// Whole packets, not yet sent.
    outgoing: Vec<u8>,
    sent: usize,
    /// The next packet starts a message.
    at_start: bool,
    transaction: [u8; 8],
    /// A copy of what is received, while it is wanted.
    tap: Option<Vec<u8>>,
    last: LastToken,
}

/// One of several ways to the same connection.
#[derive(Debug, Clone)]
pub(super) struct Handle(Arc<Mutex<Inner>>);

/// Connects, agrees on encryption and does the TLS handshake. The login is what comes next.
pub(super) async fn connect(settings: &SourceSettings, host: &str, port: u16) -> Result<Handle> {
    let tcp = tcp::connect(host, port).await?;
    if settings.encrypt == Encrypt::Strict {
        let mut stream = tls::handshake(settings, host, tcp).await?;
        let reply = prelogin::exchange(&mut stream, ENCRYPT_ON).await?;
        return Ok(Handle::new(Stream::Encrypted(Box::new(stream)), false, &reply));
    }
    let mut tcp = tcp;
    let asked = match settings.encrypt {
        Encrypt::Off => ENCRYPT_NOT_SUP,
        Encrypt::LoginOnly => ENCRYPT_OFF,
        Encrypt::On | Encrypt::Strict => ENCRYPT_ON,
    };
    let reply = prelogin::exchange(&mut tcp, asked).await?;
    let login_only = match (settings.encrypt, reply.encrypt) {
        (Encrypt::Off, ENCRYPT_NOT_SUP | ENCRYPT_OFF) => {
            return Ok(Handle::new(Stream::Plain(tcp), false, &reply));
        }
        (Encrypt::Off, _) => return Err(disagree("requires encryption; set encrypt=on")),
        (_, ENCRYPT_NOT_SUP) => {
            return Err(disagree("offers no encryption; set encrypt=off if the network is to be trusted"));
        }
        (Encrypt::LoginOnly, ENCRYPT_OFF) => true,
        (_, ENCRYPT_ON | ENCRYPT_REQ) => false,
        _ => return Err(disagree("does not encrypt more than the login; set encrypt=login")),
    };
    let stream = tls::handshake(settings, host, tcp).await?;
    Ok(Handle::new(Stream::Encrypted(Box::new(stream)), login_only, &reply))
}

fn disagree(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the source {what}"))
}

impl Handle {
    fn new(stream: Stream, login_only: bool, reply: &PreloginReply) -> Self {
        let message = prelogin_message(reply.version, ENCRYPT_NOT_SUP);
        Self(Arc::new(Mutex::new(Inner {
            stream,
            login_only,
            login_complete: false,
            prelogin_reply: packets(REPLY, &message, 4096),
            canned: Vec::new(),
            partial: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            at_start: true,
            transaction: [0; 8],
            tap: Some(Vec::new()),
            last: LastToken::default(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was received since the connection began; nothing is kept from here on.
    pub(super) fn take_tap(&self) -> Vec<u8> {
        self.lock().tap.take().unwrap_or_default()
    }

    /// Did the last message end with a DONE token that says that its statement failed?
    pub(super) fn answer_failed(&self) -> bool {
        self.lock().last.failed()
    }

    /// All that follows the login is encrypted as well.
    pub(super) fn stays_encrypted(&self) -> bool {
        let inner = self.lock();
        matches!(inner.stream, Stream::Encrypted(_)) && !inner.login_only
    }

    /// The descriptor that requests carry from here on; zeros outside a transaction.
    pub(super) fn set_transaction(&self, descriptor: [u8; 8]) {
        self.lock().transaction = descriptor;
    }

    /// Closes the connection, whatever is under way.
    pub(super) fn close(&self) {
        self.lock().stream = Stream::Closed;
    }

    /// Sends whole packets.
    pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.lock().write(bytes);
        poll_fn(|cx| self.lock().poll_send(cx)).await
    }

    /// Reads what there is, at least one byte, 0 at the end of the connection.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.lock().poll_receive(cx, buffer)).await
    }
}

impl Inner {
    fn write(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(header) = self.partial.get(..HEADER) {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]])).max(HEADER);
            if self.partial.len() < length {
                return;
            }
            let rest = self.partial.split_off(length);
            let packet = std::mem::replace(&mut self.partial, rest);
            self.write_packet(packet);
        }
    }

    fn write_packet(&mut self, mut packet: Vec<u8>) {
        let (kind, last) = (packet[0], packet[1] & END_OF_MESSAGE != 0);
        match kind {
            PRELOGIN => {
                self.canned.clone_from(&self.prelogin_reply);
                return;
            }
            LOGIN7 => self.login_complete |= last,
            // ALL_HEADERS (MS-TDS 2.2.5.3): total length, then length, type 2, descriptor, request count.
            BATCH | RPC if self.at_start && packet.get(16..18) == Some(&[2, 0]) && packet.len() >= 26 => {
                packet[18..26].copy_from_slice(&self.transaction);
            }
            _ => {}
        }
        self.at_start = last;
        self.outgoing.extend_from_slice(&packet);
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.outgoing.len() {
            let bytes = &self.outgoing[self.sent..];
            let count = ready!(match &mut self.stream {
                Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
                Stream::Encrypted(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
                Stream::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            })?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += count;
        }
        ready!(match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Encrypted(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
            Stream::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })?;
        self.outgoing.clear();
        self.sent = 0;
        if self.login_only && self.login_complete {
            self.leave_tls();
        }
        Poll::Ready(Ok(()))
    }

    /// The answer to the login, and all that follows, is in the clear.
    fn leave_tls(&mut self) {
        self.login_only = false;
        self.stream = match std::mem::replace(&mut self.stream, Stream::Closed) {
            Stream::Encrypted(tls) => Stream::Plain(tls.into_inner().0.into_tcp()),
            other => other,
        };
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.canned.is_empty() {
            let count = self.canned.len().min(bytes.len());
            bytes[..count].copy_from_slice(&self.canned[..count]);
            self.canned.drain(..count);
            return Poll::Ready(Ok(count));
        }
        let mut buffer = ReadBuf::new(bytes);
        match &mut self.stream {
            Stream::Plain(tcp) => ready!(Pin::new(tcp).poll_read(cx, &mut buffer))?,
            Stream::Encrypted(tls) => ready!(poll_fill(tls, cx, &mut buffer))?,
            Stream::Closed => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
        let received = buffer.filled();
        self.last.feed(received);
        if let Some(tap) = &mut self.tap
            && tap.len() < LARGEST_TAP
        {
            tap.extend_from_slice(received);
        }
        Poll::Ready(Ok(received.len()))
    }
}

/// The end of the message that is received: its DONE token (MS-TDS 2.2.7.6), found by the headers of the packets alone.
#[derive(Debug, Default)]
struct LastToken {
    header: Vec<u8>,
    /// Bytes of the packet that are still to come.
    left: usize,
    /// The packet is its message's last one.
    ends: bool,
    /// The message's last bytes, at most [`DONE`].
    tail: Vec<u8>,
    /// The message has ended; the next byte begins another.
    ended: bool,
}

/// Token, status, command, count of rows.
const DONE: usize = 13;

impl LastToken {
    fn feed(&mut self, mut received: &[u8]) {
        while !received.is_empty() {
            if self.left == 0 {
                let (head, rest) = received.split_at(received.len().min(HEADER - self.header.len()));
                self.header.extend_from_slice(head);
                received = rest;
                if self.header.len() < HEADER {
                    return;
                }
                if std::mem::take(&mut self.ended) {
                    self.tail.clear();
                }
                let length = usize::from(u16::from_be_bytes([self.header[2], self.header[3]]));
                self.left = length.saturating_sub(HEADER);
                self.ends = self.header[1] & END_OF_MESSAGE != 0;
                self.header.clear();
            }
            let (body, rest) = received.split_at(received.len().min(self.left));
            let body_end = &body[body.len().saturating_sub(DONE)..];
            self.tail.extend_from_slice(body_end);
            self.tail.drain(..self.tail.len().saturating_sub(DONE));
            self.left -= body.len();
            received = rest;
            self.ended = self.left == 0 && self.ends;
        }
    }

    fn failed(&self) -> bool {
        match self.tail.as_slice() {
            [0xFD, low, high, ..] if self.tail.len() == DONE => {
                done_failed(u16::from_le_bytes([*low, *high]))
            }
            _ => false,
        }
    }
}

/// Reads as many TLS records as there are, not one at a time.
fn poll_fill(
    tls: &mut EncryptedStream,
    cx: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    while buffer.remaining() > 0 {
        let before = buffer.filled().len();
        match Pin::new(&mut *tls).poll_read(cx, buffer) {
            Poll::Pending if before == 0 => return Poll::Pending,
            Poll::Pending => break,
            // What was read first is handed out first; the error comes again.
            Poll::Ready(Err(error)) if before == 0 => return Poll::Ready(Err(error)),
            Poll::Ready(Err(_)) => break,
            Poll::Ready(Ok(())) if buffer.filled().len() == before => break,
            Poll::Ready(Ok(())) => {}
        }
    }
    Poll::Ready(Ok(()))
}

impl FuturesRead for Handle {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        self.lock().poll_receive(cx, bytes)
    }
}

/// Writing only collects; sending is for the flush, which tiberius does after every packet.
impl FuturesWrite for Handle {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lock().write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_send(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::prelogin::parse_prelogin;
    use super::*;

    fn handle() -> Handle {
        Handle::new(Stream::Closed, false, &PreloginReply { version: [0; 6], encrypt: ENCRYPT_OFF })
    }

    #[test]
    fn a_request_gets_the_transaction_descriptor_in_its_first_packet_only() {
        let mut body = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
        body.extend_from_slice(&[0; 8]);
        body.extend_from_slice(&[1, 0, 0, 0]);
        let first = body.len();
        body.extend_from_slice(&[9; 60]);
        // The second packet looks like headers as well, and is none.
        body[first + 2 + 8..first + 2 + 10].copy_from_slice(&[2, 0]);
        let handle = handle();
        handle.set_transaction([7; 8]);
        let message = packets(BATCH, &body, 32);
        for byte in &message {
            handle.lock().write(&[*byte]);
        }
        let mut expected = message;
        expected[18..26].copy_from_slice(&[7; 8]);
        assert_eq!(handle.lock().outgoing, expected);
    }

    #[test]
    fn the_last_token_of_an_answer_is_found_however_it_is_cut() {
        let done = |status: u8| [0xFD, status, 0, 0xC1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        for (status, failed) in [(0x10, false), (0x12, true)] {
            let payload = [&[0xD1; 90][..], &done(status)].concat();
            for size in [9, 16, 20, 21, 64, 4096] {
                let message = packets(REPLY, &payload, size);
                for step in [1, 7, 8, 4096] {
                    let mut last = LastToken::default();
                    // What the message before ended with counts no more.
                    for part in [packets(REPLY, &done(0x12), 4096), message.clone()].concat().chunks(step) {
                        last.feed(part);
                    }
                    assert_eq!(last.failed(), failed, "{status} {size} {step}");
                }
            }
        }
    }

    #[test]
    fn a_prelogin_is_answered_without_the_network() {
        let handle = handle();
        handle.lock().write(&packets(PRELOGIN, &prelogin_message([0; 6], ENCRYPT_NOT_SUP), 4096));
        assert!(handle.lock().outgoing.is_empty());
        let canned = handle.lock().canned.clone();
        assert_eq!(canned[0], REPLY);
        assert_eq!(parse_prelogin(&canned[HEADER..]).unwrap().encrypt, ENCRYPT_NOT_SUP);
    }
}
