//! Packets and messages (MS-TDS 2.2.3): eight bytes of header, payload, END OF MESSAGE on the last one.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Length of a packet header.
pub(crate) const HEADER: usize = 8;

pub(crate) const SQL_BATCH: u8 = 0x01;
pub(crate) const RPC: u8 = 0x03;
pub(crate) const REPLY: u8 = 0x04;
pub(crate) const ATTENTION: u8 = 0x06;
pub(crate) const BULK_LOAD: u8 = 0x07;
pub(crate) const TRANSACTION: u8 = 0x0E;
pub(crate) const LOGIN7: u8 = 0x10;
pub(crate) const PRELOGIN: u8 = 0x12;

/// Last packet of a message.
pub(crate) const END_OF_MESSAGE: u8 = 0x01;
/// The client gave the message up; it is not to be run.
pub(crate) const IGNORE: u8 = 0x02;
/// RESETCONNECTION or RESETCONNECTIONSKIPTRAN.
pub(crate) const RESET: u8 = 0x08 | 0x10;

/// Longest request that is read: a guard against a client gone wrong.
const LONGEST_MESSAGE: usize = 256 << 20;

/// One whole request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: u8,
    /// Of the first packet (RESET) and the last one (IGNORE).
    pub(crate) status: u8,
    pub(crate) body: Vec<u8>,
}

/// Reads one message; `None` when the peer closed between messages.
///
/// # Errors
/// A closed connection inside a message, a header shorter than itself, a message too long.
pub(crate) async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Message>> {
    let mut message: Option<Message> = None;
    loop {
        let mut header = [0; HEADER];
        match from.read_exact(&mut header).await {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && message.is_none() => return Ok(None),
            Err(e) => return Err(e),
        }
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let Some(payload) = length.checked_sub(HEADER) else {
            return Err(invalid("packet shorter than its header"));
        };
        let message = message.get_or_insert(Message { kind: header[0], status: 0, body: Vec::new() });
        if header[0] != message.kind {
            return Err(invalid("packets of two types in one message"));
        }
        message.status |= header[1];
        let start = message.body.len();
        if start + payload > LONGEST_MESSAGE {
            return Err(invalid("message too long"));
        }
        message.body.resize(start + payload, 0);
        from.read_exact(&mut message.body[start..]).await?;
        if header[1] & END_OF_MESSAGE != 0 {
            return Ok(Some(std::mem::replace(message, Message { kind: 0, status: 0, body: Vec::new() })));
        }
    }
}

pub(crate) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Cuts a stream of payload bytes into packets.
#[derive(Debug)]
pub(crate) struct Framer {
    kind: u8,
    packet_size: usize,
    next_id: u8,
}

impl Framer {
    /// `packet_size` counts the header.
    pub(crate) fn new(kind: u8, packet_size: usize) -> Self {
        Self { kind, packet_size: packet_size.max(HEADER + 1), next_id: 1 }
    }

    /// Payload bytes of a full packet.
    pub(crate) fn room(&self) -> usize {
        self.packet_size - HEADER
    }

    /// Frames all full packets of `body` but the last, which stays in `body` because it may be the last of the message.
    pub(crate) fn full(&mut self, body: &mut Vec<u8>, out: &mut Vec<u8>) {
        let room = self.room();
        let packets = body.len().saturating_sub(1) / room;
        for chunk in body[..packets * room].chunks(room) {
            self.packet(chunk, 0, out);
        }
        body.drain(..packets * room);
    }

    /// Frames all of `body` without ending the message: the last packet may be short.
    pub(crate) fn flush(&mut self, body: &mut Vec<u8>, out: &mut Vec<u8>) {
        for chunk in body.chunks(self.room()) {
            self.packet(chunk, 0, out);
        }
        body.clear();
    }

    /// Frames all of `body` and ends the message.
    pub(crate) fn end(&mut self, body: &mut Vec<u8>, out: &mut Vec<u8>) {
        self.full(body, out);
        self.packet(body, END_OF_MESSAGE, out);
        body.clear();
        self.next_id = 1;
    }

    fn packet(&mut self, payload: &[u8], status: u8, out: &mut Vec<u8>) {
        // A packet is at most 32767 bytes long.
        let length = u16::try_from(payload.len() + HEADER).unwrap_or(u16::MAX).to_be_bytes();
        out.extend_from_slice(&[self.kind, status, length[0], length[1], 0, 0, self.next_id, 0]);
        out.extend_from_slice(payload);
        self.next_id = self.next_id.wrapping_add(1);
    }
}

/// One whole message in packets of `packet_size`.
pub(crate) fn message(kind: u8, packet_size: usize, mut body: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + HEADER);
    Framer::new(kind, packet_size).end(&mut body, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn round_trip(length: u8, packet_size: usize) -> (usize, Message) {
        let body: Vec<u8> = (0..length).collect();
        let framed = message(SQL_BATCH, packet_size, body);
        let count = framed.len();
        (count, read_message(&mut framed.as_slice()).await.unwrap().unwrap())
    }

    #[tokio::test]
    async fn messages_survive_framing_at_every_length() {
        for length in 0..40 {
            let (bytes, message) = round_trip(length, HEADER + 10).await;
            assert_eq!(message.body, (0..length).collect::<Vec<u8>>());
            let packets = usize::from(length).div_ceil(10).max(1);
            assert_eq!(bytes, usize::from(length) + packets * HEADER, "length {length}");
        }
    }

    #[test]
    fn a_full_last_packet_waits_for_the_end_of_the_message() {
        let mut framer = Framer::new(REPLY, HEADER + 4);
        let (mut body, mut out) = (vec![1, 2, 3, 4, 5, 6, 7, 8], Vec::new());
        framer.full(&mut body, &mut out);
        assert_eq!(out, [4, 0, 0, 12, 0, 0, 1, 0, 1, 2, 3, 4]);
        framer.end(&mut body, &mut out);
        assert_eq!(out[12..], [4, 1, 0, 12, 0, 0, 2, 0, 5, 6, 7, 8]);
    }

    #[tokio::test]
    async fn damaged_messages_are_errors() {
        assert!(read_message(&mut [].as_slice()).await.unwrap().is_none());
        assert!(read_message(&mut [1, 1, 0, 7, 0, 0, 1, 0].as_slice()).await.is_err());
        assert!(read_message(&mut [1, 1, 0, 12, 0, 0, 1, 0, 9].as_slice()).await.is_err());
    }
}
