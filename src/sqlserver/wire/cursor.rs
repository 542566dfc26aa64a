//! A reader over bytes that may end too early.

use super::broken;
use crate::error::Error;

/// Why a token could not be read.
#[derive(Debug)]
pub(in crate::sqlserver) enum Stop {
    /// The bytes received so far end inside the token.
    Cut,
    /// The bytes are not what the protocol allows, or the server reported an error.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(in crate::sqlserver) type Read<T> = Result<T, Stop>;

/// Reads little-endian numbers and counted texts; never allocates from a length before the bytes are there.
#[derive(Debug, Clone, Copy)]
pub(in crate::sqlserver) struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    pub(in crate::sqlserver) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(in crate::sqlserver) fn take(&mut self, length: usize) -> Read<&'b [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..length).ok_or(Stop::Cut)?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Stop::Cut)
    }

    pub(in crate::sqlserver) fn u8(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(in crate::sqlserver) fn u16(&mut self) -> Read<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(in crate::sqlserver) fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Read<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Read<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn collation(&mut self) -> Read<[u8; 5]> {
        self.array()
    }

    /// B_VARCHAR (MS-TDS 2.2.5.1.2): a byte that counts UTF-16 units.
    pub(in crate::sqlserver) fn short_text(&mut self) -> Read<String> {
        let units = usize::from(self.u8()?);
        Ok(text(self.take(units * 2)?))
    }

    /// US_VARCHAR (MS-TDS 2.2.5.1.2): two bytes that count UTF-16 units.
    pub(super) fn long_text(&mut self) -> Read<String> {
        let units = usize::from(self.u16()?);
        Ok(text(self.take(units * 2)?))
    }

    /// A length field that must not exceed what the type allows.
    pub(super) fn length_of(&mut self, allowed: &[u8], of: &str) -> Read<u8> {
        let length = self.u8()?;
        if allowed.contains(&length) {
            Ok(length)
        } else {
            Err(broken(format!("{of} of {length} bytes")).into())
        }
    }
}

/// Names and messages: lone surrogates become U+FFFD, which no comparison of names can miss.
fn text(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
