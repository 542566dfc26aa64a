//! Packets to payload (MS-TDS 2.2.3): one buffer, headers cut out with the smallest possible move.
//!
//! The buffer holds `payload` (contiguous, headers removed, not yet consumed) and behind it `raw` (received, not yet
//! looked at). If the next packet's payload has to follow a cut token, the shorter of the two is moved over the
//! header between them: at most a few hundred bytes a packet for rows, and never quadratic for long tokens.

use super::broken;
use crate::error::Result;

/// What one read may bring.
const READ: usize = 256 * 1024;
/// Below this much room the buffer grows.
const LEAST_ROOM: usize = 32 * 1024;
const HEADER: usize = 8;
/// Packet type of every answer of a server.
const TABULAR_RESULT: u8 = 0x04;
const END_OF_MESSAGE: u8 = 0x01;

#[derive(Debug)]
pub(super) struct Packets {
    buffer: Vec<u8>,
    /// Payload not consumed: `start..end`.
    start: usize,
    end: usize,
    /// Received and not de-framed: `raw..filled`.
    raw: usize,
    filled: usize,
    /// Payload bytes of the current packet that are still to come.
    left: usize,
    /// The current packet is the last one of its message.
    last: bool,
}

impl Packets {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; READ + LEAST_ROOM], start: 0, end: 0, raw: 0, filled: 0, left: 0, last: false }
    }

    /// Forgets everything but the buffer.
    pub(super) fn reset(&mut self) {
        (self.start, self.end, self.raw, self.filled) = (0, 0, 0, 0);
        (self.left, self.last) = (0, false);
    }

    /// Where the next bytes from the network go; never empty.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.start > 0 || self.raw > self.end {
            self.buffer.copy_within(self.start..self.end, 0);
            let length = self.end - self.start;
            self.buffer.copy_within(self.raw..self.filled, length);
            self.filled = length + (self.filled - self.raw);
            (self.start, self.end, self.raw) = (0, length, length);
        }
        if self.buffer.len() - self.filled < LEAST_ROOM {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// `count` bytes were written to the start of [`Self::space`].
    pub(super) fn filled(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.buffer.len());
    }

    /// What can be decoded now.
    #[inline]
    pub(super) fn payload(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Everything received is consumed or lies in [`Self::payload`], and the message is complete.
    pub(super) const fn at_end(&self) -> bool {
        self.last && self.left == 0 && self.raw == self.filled
    }

    /// The message is complete in [`Self::payload`].
    pub(super) const fn message_complete(&self) -> bool {
        self.last && self.left == 0
    }

    /// Adds what was received of the next packet to the payload; false: nothing was.
    pub(super) fn next(&mut self) -> Result<bool> {
        while self.left == 0 {
            let Some(&[kind, status, high, low, ..]) =
                self.buffer[self.raw..self.filled].first_chunk::<HEADER>()
            else {
                return Ok(false);
            };
            if kind != TABULAR_RESULT {
                return Err(broken(format!("packet type {kind:#04x}")));
            }
            if self.last {
                return Err(broken("a packet after the last one of the answer"));
            }
            let length = usize::from(u16::from_be_bytes([high, low]));
            let Some(payload) = length.checked_sub(HEADER) else {
                return Err(broken(format!("packet length {length}")));
            };
            self.raw += HEADER;
            self.left = payload;
            self.last = status & END_OF_MESSAGE != 0;
            if payload == 0 && self.last {
                return Ok(true);
            }
        }
        let count = self.left.min(self.filled - self.raw);
        if count == 0 {
            return Ok(false);
        }
        self.attach(count);
        Ok(true)
    }

    /// Makes `count` raw bytes follow the payload.
    fn attach(&mut self, count: usize) {
        let cut = self.end - self.start;
        if cut <= count {
            if self.raw != self.end {
                self.buffer.copy_within(self.start..self.end, self.raw - cut);
            }
            self.start = self.raw - cut;
            self.end = self.raw + count;
        } else {
            if self.raw != self.end {
                self.buffer.copy_within(self.raw..self.raw + count, self.end);
            }
            self.end += count;
        }
        self.raw += count;
        self.left -= count;
    }
}
