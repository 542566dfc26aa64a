//! A cursor over the bytes of a request; every read past the end is an error, never a panic.

use std::io;

use super::packet::invalid;
use crate::codepage;

#[derive(Debug, Clone)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> io::Result<&'b [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| invalid("request ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| invalid("request ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> io::Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// All that has not been read.
    pub(crate) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// The next byte, left where it is.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// UTF-16LE of `units` units as WTF-8.
    pub(crate) fn utf16(&mut self, units: usize) -> io::Result<Vec<u8>> {
        Ok(codepage::decode_utf16(self.bytes(units * 2)?))
    }

    /// B_VARCHAR: a count byte, then UTF-16LE.
    pub(crate) fn b_varchar(&mut self) -> io::Result<String> {
        let units = usize::from(self.u8()?);
        Ok(String::from_utf8_lossy(&self.utf16(units)?).into_owned())
    }

    /// ALL_HEADERS (MS-TDS 2.2.5.3), which starts with its own total length: the transaction descriptor, if one is
    /// there.
    pub(crate) fn all_headers(&mut self) -> io::Result<Option<u64>> {
        const TRANSACTION_DESCRIPTOR: u16 = 2;
        let mut ahead = self.clone();
        let total = usize::try_from(ahead.u32()?).map_err(|_| invalid("headers too long"))?;
        let mut headers = Self::new(self.bytes(total)?);
        if headers.bytes(4).is_err() {
            return Err(invalid("headers shorter than their own length"));
        }
        let mut descriptor = None;
        while !headers.is_empty() {
            let length = usize::try_from(headers.u32()?).map_err(|_| invalid("header too long"))?;
            let rest = length.checked_sub(4).ok_or_else(|| invalid("header shorter than its own length"))?;
            let mut header = Self::new(headers.bytes(rest)?);
            if header.u16()? == TRANSACTION_DESCRIPTOR {
                descriptor = Some(header.u64()?);
            }
        }
        Ok(descriptor)
    }
}
