//! The raw limit of reading: logs in, sends SELECTs, reads 256 KB at a time and throws it away up to the end of the
//! message.
//!
//! Blocking sockets and nothing in between, so that no client can read faster by much. TLS is TDS 8's (TLS first), in
//! the version that TDS 7.4 uses: the same records, without the wrapping of the handshake.

use crate::Failure;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

const PRELOGIN: u8 = 0x12;
const LOGIN7: u8 = 0x10;
const BATCH: u8 = 0x01;
const END_OF_MESSAGE: u8 = 0x01;
const HEADER: usize = 8;
const READ: usize = 256 * 1024;
const DONE: u8 = 0xFD;
const DONE_ERROR: u16 = 0x02;
const DONE_LENGTH: usize = 13;

/// Where to read.
#[derive(Debug, Clone)]
pub struct Source {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
}

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// A logged-in connection.
pub struct Raw {
    stream: Box<dyn Stream>,
    packet_size: usize,
    buffer: Vec<u8>,
}

/// What went by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    pub bytes: u64,
    /// By the server's own count.
    pub rows: u64,
}

impl Raw {
    /// Connects and logs in; with `authority` encrypted.
    ///
    /// # Errors
    /// Whatever the network or the server says.
    pub fn connect(source: &Source, authority: Option<&Path>) -> Result<Self, Failure> {
        let socket = TcpStream::connect((source.host.as_str(), source.port))?;
        socket.set_nodelay(true)?;
        let (stream, packet_size): (Box<dyn Stream>, usize) = match authority {
            None => (Box::new(socket), 32767),
            Some(file) => (Box::new(encrypted(socket, &source.host, file)?), 16383),
        };
        let mut raw = Self { stream, packet_size, buffer: vec![0; READ] };
        // VERSION at 11, ENCRYPTION (not supported) at 17.
        raw.send(PRELOGIN, &[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 9, 0, 0, 0, 0, 0, 2])?;
        raw.pass()?;
        raw.send(LOGIN7, &login(source, packet_size)?)?;
        let greeting = raw.message()?;
        // ERROR is the first token of a refusal.
        if greeting.get(HEADER) == Some(&0xAA) {
            return Err("the login was refused".into());
        }
        Ok(raw)
    }

    /// Sends a batch and throws the answer away.
    ///
    /// # Errors
    /// A broken connection, an answer that ends in an error.
    pub fn read(&mut self, sql: &str) -> Result<Passed, Failure> {
        let mut message = Vec::with_capacity(22 + sql.len() * 2);
        message.extend(22u32.to_le_bytes());
        message.extend(18u32.to_le_bytes());
        message.extend(2u16.to_le_bytes());
        message.extend([0; 8]);
        message.extend(1u32.to_le_bytes());
        message.extend(sql.encode_utf16().flat_map(u16::to_le_bytes));
        self.send(BATCH, &message)?;
        self.pass()
    }

    fn send(&mut self, kind: u8, message: &[u8]) -> Result<(), Failure> {
        // Nothing larger than 4096 before the login's answer.
        let room = if kind == BATCH { self.packet_size } else { 4096 } - HEADER;
        let mut out = Vec::with_capacity(message.len() + HEADER);
        let packets = message.chunks(room).count();
        for (at, piece) in message.chunks(room).enumerate() {
            let status = if at + 1 == packets { END_OF_MESSAGE } else { 0 };
            let length = u16::try_from(piece.len() + HEADER)?.to_be_bytes();
            let id = u8::try_from((at + 1) % 256)?;
            out.extend([kind, status, length[0], length[1], 0, 0, id, 0]);
            out.extend(piece);
        }
        self.stream.write_all(&out)?;
        self.stream.flush()?;
        Ok(())
    }

    /// A short message, kept, with its headers.
    fn message(&mut self) -> Result<Vec<u8>, Failure> {
        let mut all = Vec::new();
        loop {
            let count = self.stream.read(&mut self.buffer)?;
            all.extend(self.buffer.get(..count).unwrap_or_default());
            let mut walk = Walk::default();
            if walk.over(&all) {
                return Ok(all);
            }
            if count == 0 {
                return Err("the source closed the connection".into());
            }
        }
    }

    fn pass(&mut self) -> Result<Passed, Failure> {
        let mut walk = Walk::default();
        let mut passed = Passed::default();
        loop {
            let count = self.stream.read(&mut self.buffer)?;
            if count == 0 {
                return Err("the source closed the connection".into());
            }
            passed.bytes += u64::try_from(count)?;
            if walk.over(self.buffer.get(..count).unwrap_or_default()) {
                passed.rows = walk.rows()?;
                return Ok(passed);
            }
        }
    }
}

/// Goes from packet header to packet header.
#[derive(Debug, Default)]
struct Walk {
    header: Vec<u8>,
    /// Bytes of the packet that are still to come.
    rest: usize,
    last: bool,
    /// The last bytes of the payload so far: the DONE at its end.
    tail: Vec<u8>,
}

impl Walk {
    /// Takes what was read; true at the end of the message.
    fn over(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            if self.rest == 0 {
                if self.last {
                    return true;
                }
                let wanted = (HEADER - self.header.len()).min(bytes.len());
                let (head, behind) = bytes.split_at(wanted);
                self.header.extend(head);
                bytes = behind;
                if self.header.len() < HEADER {
                    return false;
                }
                self.last = self.header[1] & END_OF_MESSAGE != 0;
                let length = usize::from(u16::from_be_bytes([self.header[2], self.header[3]]));
                self.rest = length.saturating_sub(HEADER);
                self.header.clear();
                continue;
            }
            if bytes.is_empty() {
                return false;
            }
            let (piece, behind) = bytes.split_at(self.rest.min(bytes.len()));
            self.rest -= piece.len();
            self.tail.extend(&piece[piece.len().saturating_sub(DONE_LENGTH)..]);
            self.tail.drain(..self.tail.len().saturating_sub(DONE_LENGTH));
            bytes = behind;
        }
    }

    /// What the DONE at the end counted.
    fn rows(&self) -> Result<u64, Failure> {
        let Ok(done) = <[u8; DONE_LENGTH]>::try_from(self.tail.as_slice()) else { return Ok(0) };
        if done[0] != DONE {
            return Ok(0);
        }
        if u16::from_le_bytes([done[1], done[2]]) & DONE_ERROR != 0 {
            return Err("the source answered with an error".into());
        }
        let [.., a, b, c, d, e, f, g, h] = done;
        Ok(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

fn encrypted(socket: TcpStream, host: &str, authority: &Path) -> Result<impl Stream + use<>, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"tds/8.0".to_vec()];
    let name = ServerName::try_from(host.to_owned())?;
    let connection = rustls::ClientConnection::new(Arc::new(config), name)?;
    Ok(rustls::StreamOwned::new(connection, socket))
}

/// LOGIN7 (MS-TDS 2.2.6.4): 94 bytes, then the texts that they point to.
fn login(source: &Source, packet_size: usize) -> Result<Vec<u8>, Failure> {
    const FIXED: usize = 94;
    let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let password = units(&source.password).into_iter().map(|byte| byte.rotate_left(4) ^ 0xA5).collect();
    let none = Vec::new;
    let texts: [Vec<u8>; 9] = [
        none(),
        units(&source.user),
        password,
        units("shardferry-limits"),
        units(&source.host),
        none(),
        none(),
        none(),
        units(&source.database),
    ];
    let mut out = vec![0; 4];
    out.extend(0x7400_0004u32.to_le_bytes());
    out.extend(u32::try_from(packet_size)?.to_le_bytes());
    out.extend([0; 12]);
    out.extend([0xE0, 0x03, 0, 0]);
    out.extend([0; 8]);
    let mut at = FIXED;
    for text in &texts {
        out.extend(u16::try_from(at)?.to_le_bytes());
        out.extend(u16::try_from(text.len() / 2)?.to_le_bytes());
        at += text.len();
    }
    out.resize(FIXED, 0);
    out.extend(texts.concat());
    let length = u32::try_from(out.len())?.to_le_bytes();
    out[..4].copy_from_slice(&length);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two packets; the second ends with a DONE of 7 rows.
    fn message(status: u8) -> Vec<u8> {
        let done = [DONE, status, 0, 0xC1, 0, 7, 0, 0, 0, 0, 0, 0, 0];
        let mut bytes = vec![4, 0, 0, 12, 0, 0, 1, 0, 1, 2, 3, 4];
        bytes.extend([4, 1, 0, 8 + 14, 0, 0, 2, 0, 9]);
        bytes.extend(done);
        bytes
    }

    #[test]
    fn the_end_of_a_message_is_found_however_it_is_cut() {
        let bytes = message(0x10);
        for size in 1..=bytes.len() {
            let mut walk = Walk::default();
            let pieces: Vec<_> = bytes.chunks(size).collect();
            for (at, piece) in pieces.iter().enumerate() {
                assert_eq!(walk.over(piece), at + 1 == pieces.len(), "size {size}, piece {at}");
            }
            assert_eq!(walk.rows().unwrap(), 7);
        }
    }

    #[test]
    fn an_error_at_the_end_is_one() {
        let mut walk = Walk::default();
        assert!(walk.over(&message(0x12)));
        assert!(walk.rows().is_err());
    }
}
