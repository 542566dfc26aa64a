//! The raw limit of writing: COPY BINARY bytes made beforehand, framed beforehand, over a blocking socket.
//!
//! Of PostgreSQL's protocol it speaks the start, simple queries and COPY; of passwords only those in clear, as the
//! benchmark's own server asks for them.

use crate::Failure;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

/// Signature, flags, length of the extension.
pub const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// A field count of -1.
pub const TRAILER: [u8; 2] = [0xFF, 0xFF];
/// What one CopyData holds.
const MESSAGE: usize = 256 * 1024;

/// Where to write.
#[derive(Debug, Clone)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
}

impl Target {
    /// Reads a URL or a keyword string.
    ///
    /// # Errors
    /// One without a host, a port and a password.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let config: tokio_postgres::Config = text.parse()?;
        let host = config.get_hosts().iter().find_map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => Some(name.clone()),
            tokio_postgres::config::Host::Unix(_) => None,
        });
        let password = config.get_password().map(String::from_utf8_lossy);
        Ok(Self {
            host: host.ok_or("the target has no host")?,
            port: config.get_ports().first().copied().unwrap_or(5432),
            user: config.get_user().ok_or("the target has no user")?.to_owned(),
            password: password.unwrap_or_default().into_owned(),
            database: config.get_dbname().ok_or("the target has no database")?.to_owned(),
        })
    }
}

/// A connection.
pub struct Raw {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Raw {
    /// Connects and starts the session.
    ///
    /// # Errors
    /// Whatever the network or the server says.
    pub fn connect(target: &Target) -> Result<Self, Failure> {
        let writer = TcpStream::connect((target.host.as_str(), target.port))?;
        writer.set_nodelay(true)?;
        let reader = BufReader::with_capacity(MESSAGE, writer.try_clone()?);
        let mut raw = Self { reader, writer };
        let words =
            ["user", &target.user, "database", &target.database, "application_name", "shardferry-limits"];
        let mut start = vec![0, 0, 0, 0, 0, 3, 0, 0];
        for word in words {
            start.extend(word.as_bytes());
            start.push(0);
        }
        start.push(0);
        let length = u32::try_from(start.len())?.to_be_bytes();
        start[..4].copy_from_slice(&length);
        raw.writer.write_all(&start)?;
        loop {
            let (kind, body) = raw.message()?;
            match (kind, body.get(..4)) {
                (b'R', Some([0, 0, 0, 3])) => {
                    let password = framed(b'p', &[target.password.as_bytes(), &[0]].concat())?;
                    raw.writer.write_all(&password)?;
                }
                (b'R', Some([0, 0, 0, 0])) => {}
                (b'R', _) => {
                    return Err("the target asks for a password in a way that is not spoken here".into());
                }
                (b'Z', _) => return Ok(raw),
                _ => {}
            }
        }
    }

    /// Runs statements that give no rows.
    ///
    /// # Errors
    /// The server's.
    pub fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        self.query(sql)?;
        while self.message()?.0 != b'Z' {}
        Ok(())
    }

    /// Sends framed bytes into a COPY … FROM STDIN; the server's count of rows.
    ///
    /// # Errors
    /// The server's.
    pub fn copy_in(&mut self, sql: &str, framed_bytes: &[u8]) -> Result<u64, Failure> {
        self.query(sql)?;
        while self.message()?.0 != b'G' {}
        for piece in framed_bytes.chunks(MESSAGE) {
            self.writer.write_all(piece)?;
        }
        self.writer.write_all(&framed(b'c', &[])?)?;
        let mut rows = 0;
        loop {
            match self.message()? {
                (b'C', tag) => {
                    let tag = String::from_utf8_lossy(&tag).into_owned();
                    rows = tag.trim_end_matches('\0').rsplit(' ').next().unwrap_or_default().parse()?;
                }
                (b'Z', _) => return Ok(rows),
                _ => {}
            }
        }
    }

    /// The tuples of a COPY … TO STDOUT in binary form, without header and trailer.
    ///
    /// # Errors
    /// The server's, or that of writing to `to`.
    pub fn copy_out(&mut self, sql: &str, to: &mut impl Write) -> Result<u64, Failure> {
        self.query(sql)?;
        let (mut written, mut first) = (0, true);
        loop {
            let (kind, body) = self.message()?;
            match kind {
                b'd' if body == TRAILER => {}
                b'd' => {
                    let skip = if std::mem::take(&mut first) { HEADER.len() } else { 0 };
                    let tuples = body.get(skip..).ok_or("a COPY without its header")?;
                    // PostgreSQL sends each tuple as a message of its own.
                    if tuples != TRAILER {
                        to.write_all(tuples)?;
                        written += u64::try_from(tuples.len())?;
                    }
                }
                b'Z' => return Ok(written),
                _ => {}
            }
        }
    }

    fn query(&mut self, sql: &str) -> Result<(), Failure> {
        self.writer.write_all(&framed(b'Q', &[sql.as_bytes(), &[0]].concat())?)?;
        Ok(())
    }

    fn message(&mut self) -> Result<(u8, Vec<u8>), Failure> {
        let mut head = [0; 5];
        self.reader.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length))?.saturating_sub(4)];
        self.reader.read_exact(&mut body)?;
        if kind == b'E' {
            let text = String::from_utf8_lossy(&body).replace('\0', " ");
            return Err(format!("the target says: {text}").into());
        }
        Ok((kind, body))
    }
}

fn framed(kind: u8, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = vec![kind];
    out.extend(u32::try_from(body.len() + 4)?.to_be_bytes());
    out.extend(body);
    Ok(out)
}

/// Cuts tuples into so many parts of nearly equal size, each behind a complete tuple.
///
/// # Errors
/// Bytes that are no tuples.
pub fn parts(tuples: &[u8], number: usize) -> Result<Vec<&[u8]>, Failure> {
    let wanted = tuples.len().div_ceil(number.max(1));
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while at < tuples.len() {
        at = behind(tuples, at).ok_or("these bytes are not tuples of COPY BINARY")?;
        if at - start >= wanted || at == tuples.len() {
            parts.push(&tuples[start..at]);
            start = at;
        }
    }
    Ok(parts)
}

/// The place behind the tuple that starts there.
fn behind(tuples: &[u8], mut at: usize) -> Option<usize> {
    let fields = i16::from_be_bytes(tuples.get(at..at + 2)?.try_into().ok()?);
    at += 2;
    for _ in 0..fields {
        let length = i32::from_be_bytes(tuples.get(at..at + 4)?.try_into().ok()?);
        at += 4 + usize::try_from(length).unwrap_or(0);
    }
    (at <= tuples.len()).then_some(at)
}

/// A whole COPY as CopyData messages: header, tuples, trailer.
///
/// # Errors
/// None in practice.
pub fn copy_data(tuples: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = framed(b'd', HEADER)?;
    out.reserve(tuples.len() + tuples.len() / MESSAGE * 5 + 64);
    for piece in tuples.chunks(MESSAGE) {
        out.push(b'd');
        out.extend(u32::try_from(piece.len() + 4)?.to_be_bytes());
        out.extend(piece);
    }
    out.extend(framed(b'd', &TRAILER)?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(text: &str) -> Vec<u8> {
        let mut out = vec![0, 2, 0xFF, 0xFF, 0xFF, 0xFF];
        out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        out.extend(text.as_bytes());
        out
    }

    #[test]
    fn parts_end_behind_tuples_and_lose_nothing() {
        let tuples: Vec<u8> =
            ["", "ab", "a much longer one", "c"].iter().flat_map(|text| tuple(text)).collect();
        for number in 1..6 {
            let parts = parts(&tuples, number).unwrap();
            assert_eq!(parts.concat(), tuples);
            assert!(parts.len() <= number);
            for part in parts {
                let mut at = 0;
                while at < part.len() {
                    at = behind(part, at).unwrap();
                }
            }
        }
        assert!(parts(&tuples[..tuples.len() - 1], 2).is_err());
        assert!(parts(&[], 2).unwrap().is_empty());
    }

    #[test]
    fn messages_hold_header_tuples_and_trailer() {
        let bytes = copy_data(&[7; 3]).unwrap();
        assert_eq!(
            bytes,
            [&b"d\0\0\0\x17"[..], HEADER, &b"d\0\0\0\x07\x07\x07\x07"[..], &b"d\0\0\0\x06\xFF\xFF"[..]]
                .concat()
        );
    }
}
