//! PRELOGIN (MS-TDS 2.2.6.5): what both sides say about encryption before TLS and login.

use super::tls::packets;
use crate::error::{Error, ErrorKind, Result};
use crate::sqlserver::connection_errors::io_error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) const PRELOGIN: u8 = 0x12;
pub(super) const REPLY: u8 = 0x04;
const HEADER: usize = 8;
const END_OF_MESSAGE: u8 = 0x01;
/// A server answers with a few dozen bytes.
const LONGEST_REPLY: usize = 64 * 1024;

/// ENCRYPT of PRELOGIN.
pub(super) const ENCRYPT_OFF: u8 = 0;
pub(super) const ENCRYPT_ON: u8 = 1;
pub(super) const ENCRYPT_NOT_SUP: u8 = 2;
pub(super) const ENCRYPT_REQ: u8 = 3;

/// What of the server's PRELOGIN matters.
pub(super) struct PreloginReply {
    pub(super) version: [u8; 6],
    pub(super) encrypt: u8,
}

/// Asks the server for encryption, and reads what it answers.
///
/// # Errors
/// `Config` if what answers does not speak TDS, `SourceRefused` if its answer cannot be read, `SourceUnavailable` if
/// the connection breaks.
pub(super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    encrypt: u8,
) -> Result<PreloginReply> {
    let broke = |cause| io_error("the source closed the connection before the login", cause);
    let message = prelogin_message([0; 6], encrypt);
    stream.write_all(&packets(PRELOGIN, &message, 4096)).await.map_err(broke)?;
    stream.flush().await.map_err(broke)?;
    let mut payload = Vec::new();
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header).await.map_err(broke)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if !matches!(header[0], REPLY | PRELOGIN) || length < HEADER || payload.len() > LONGEST_REPLY {
            return Err(Error::new(
                ErrorKind::Config,
                "what answers at the source's address does not speak TDS; check host and port, or set encrypt=strict",
            ));
        }
        let start = payload.len();
        payload.resize(start + length - HEADER, 0);
        stream.read_exact(&mut payload[start..]).await.map_err(broke)?;
        if header[1] & END_OF_MESSAGE != 0 {
            break;
        }
    }
    parse_prelogin(&payload)
        .ok_or_else(|| Error::new(ErrorKind::SourceRefused, "the source's PRELOGIN answer cannot be read"))
}

/// VERSION, ENCRYPTION, INSTOPT (none), THREADID, MARS (off).
pub(super) fn prelogin_message(version: [u8; 6], encrypt: u8) -> Vec<u8> {
    let options: [(u8, &[u8]); 5] = [(0, &version), (1, &[encrypt]), (2, &[0]), (3, &[0; 4]), (4, &[0])];
    let mut offset = options.len() * 5 + 1;
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (token, value) in options {
        table.push(token);
        for number in [offset, value.len()] {
            table.extend_from_slice(&u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes());
        }
        data.extend_from_slice(value);
        offset += value.len();
    }
    table.push(0xFF);
    table.extend(data);
    table
}

pub(super) fn parse_prelogin(payload: &[u8]) -> Option<PreloginReply> {
    let (mut version, mut encrypt) = ([0; 6], None);
    let mut at = 0;
    while *payload.get(at)? != 0xFF {
        let entry = payload.get(at..at + 5)?;
        let offset = usize::from(u16::from_be_bytes([entry[1], entry[2]]));
        let length = usize::from(u16::from_be_bytes([entry[3], entry[4]]));
        let value = payload.get(offset..offset + length)?;
        match entry[0] {
            0 if length == 6 => version.copy_from_slice(value),
            1 => encrypt = value.first().copied(),
            _ => {}
        }
        at += 5;
    }
    Some(PreloginReply { version, encrypt: encrypt? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prelogin_message_reads_back() {
        let reply = parse_prelogin(&prelogin_message([16, 0, 1, 2, 0, 0], ENCRYPT_REQ)).unwrap();
        assert_eq!((reply.version, reply.encrypt), ([16, 0, 1, 2, 0, 0], ENCRYPT_REQ));
    }

    #[test]
    fn a_cut_prelogin_message_is_no_reply() {
        let message = prelogin_message([0; 6], ENCRYPT_ON);
        for end in 0..message.len() - 6 {
            assert!(parse_prelogin(&message[..end]).is_none(), "{end}");
        }
    }
}
