//! ROW and NBCROW (MS-TDS 2.2.7.19 and 2.2.7.14), resumable at every value.
//!
//! A row cut by the end of what was received goes on at the value that was cut: nothing is encoded twice. A long value
//! (PLP, text, image, sql_variant) is handed over piece by piece as it arrives, so it is neither collected here nor
//! scanned again.

use super::columns::Frame;
use super::{RowEncoder, broken};
use crate::error::Result;

const PLP_NULL: u64 = u64::MAX;
const PLP_UNKNOWN: u64 = u64::MAX - 1;
/// In the place of a length: no value is as long.
const NULL: usize = usize::MAX / 2;
/// The timestamp behind a text pointer.
const TIMESTAMP: usize = 8;

/// Where the decoder stands inside a row.
#[derive(Debug, Default)]
pub(super) struct RowState {
    /// The next value.
    column: usize,
    /// One bit a column, set for NULL; empty in a plain ROW.
    nulls: Vec<u8>,
    /// The long value that is under way.
    long: Option<LongValue>,
}

/// A long value of which the start was read.
#[derive(Debug, Clone, Copy)]
struct LongValue {
    /// Bytes of the current chunk still to come.
    left: u64,
    /// More chunks follow; None for a value that is not PLP.
    chunks: Option<Plp>,
}

#[derive(Debug, Clone, Copy)]
struct Plp {
    declared: u64,
    received: u64,
}

impl LongValue {
    /// Of all of its bytes, if its head says it; None for a PLP value of unknown length.
    fn length(&self) -> Option<u64> {
        self.chunks.map_or(Some(self.left), |plp| (plp.declared != PLP_UNKNOWN).then_some(plp.declared))
    }
}

impl RowState {
    /// Starts a row; `nulls` is the bitmap of an NBCROW.
    #[inline]
    pub(super) fn begin(&mut self, nulls: &[u8]) {
        self.column = 0;
        self.long = None;
        self.nulls.clear();
        if !nulls.is_empty() {
            self.nulls.extend_from_slice(nulls);
        }
    }

    /// Decodes from `payload`: the bytes used, and whether the row is complete.
    #[inline]
    pub(super) fn decode<E: RowEncoder>(
        &mut self,
        frames: &[Frame],
        payload: &[u8],
        rows: &mut E,
    ) -> Result<(usize, bool)> {
        let mut at = 0;
        if self.long.is_some() {
            if !self.pieces(payload, &mut at, rows)? {
                return Ok((at, false));
            }
            self.column += 1;
        }
        if self.nulls.is_empty() {
            self.values::<E, false>(frames, payload, at, rows)
        } else {
            self.values::<E, true>(frames, payload, at, rows)
        }
    }

    /// The values from the next column on, which begin at `at`. `NULLS`: some are in the bitmap and not in the payload.
    fn values<E: RowEncoder, const NULLS: bool>(
        &mut self,
        frames: &[Frame],
        payload: &[u8],
        mut at: usize,
        rows: &mut E,
    ) -> Result<(usize, bool)> {
        let first = self.column;
        for (frame, column) in frames.get(first..).unwrap_or_default().iter().zip(first..) {
            if NULLS && self.is_null(column) {
                rows.null(column)?;
                continue;
            }
            let rest = payload.get(at..).unwrap_or_default();
            let (head, length) = match *frame {
                Frame::Fixed(length) => (0, usize::from(length)),
                Frame::Byte => match rest.first() {
                    Some(0) => (1, NULL),
                    Some(&length) => (1, usize::from(length)),
                    None => return Ok(self.cut(column, at)),
                },
                Frame::Short => match rest.first_chunk() {
                    Some([0xFF, 0xFF]) => (2, NULL),
                    Some(&length) => (2, usize::from(u16::from_le_bytes(length))),
                    None => return Ok(self.cut(column, at)),
                },
                Frame::Nothing => (0, NULL),
                Frame::Long | Frame::Pointer | Frame::Plp => {
                    self.column = column;
                    if !self.long(*frame, payload, &mut at, rows)? {
                        return Ok((at, false));
                    }
                    continue;
                }
            };
            if length == NULL {
                rows.null(column)?;
                at += head;
                continue;
            }
            let Some(raw) = rest.get(head..head + length) else { return Ok(self.cut(column, at)) };
            rows.value(column, raw)?;
            at += head + length;
        }
        Ok((at, true))
    }

    #[inline]
    fn is_null(&self, column: usize) -> bool {
        self.nulls.get(column / 8).is_some_and(|bits| bits >> (column % 8) & 1 != 0)
    }

    fn cut(&mut self, column: usize, at: usize) -> (usize, bool) {
        self.column = column;
        (at, false)
    }

    /// A long value from its first byte; false: cut (with or without its head read).
    fn long<E: RowEncoder>(
        &mut self,
        frame: Frame,
        payload: &[u8],
        at: &mut usize,
        rows: &mut E,
    ) -> Result<bool> {
        let rest = payload.get(*at..).unwrap_or_default();
        let Some(head) = long_head(frame, rest)? else { return Ok(false) };
        let (used, value) = match head {
            Head::Null(used) => {
                *at += used;
                rows.null(self.column)?;
                return Ok(true);
            }
            Head::Value(used, value) => (used, value),
        };
        if let Some((raw, length)) = whole(value, rest.get(used..).unwrap_or_default()) {
            rows.value(self.column, raw)?;
            *at += used + length;
            return Ok(true);
        }
        *at += used;
        self.long = Some(value);
        rows.long_begin(self.column, value.length())?;
        self.pieces(payload, at, rows)
    }

    /// Hands over what is there of the long value under way; true: it is complete.
    fn pieces<E: RowEncoder>(&mut self, payload: &[u8], at: &mut usize, rows: &mut E) -> Result<bool> {
        let Some(mut value) = self.long else { return Ok(true) };
        loop {
            let rest = payload.get(*at..).unwrap_or_default();
            let length = usize::try_from(value.left).unwrap_or(usize::MAX).min(rest.len());
            if length > 0 {
                rows.long_piece(self.column, &rest[..length])?;
                *at += length;
                value.left -= length as u64;
            }
            if value.left > 0 {
                break;
            }
            let Some(plp) = value.chunks.as_mut() else {
                self.long = None;
                rows.long_end(self.column)?;
                return Ok(true);
            };
            let Some(&chunk) = rest.get(length..).and_then(<[u8]>::first_chunk) else { break };
            *at += 4;
            let chunk = u64::from(u32::from_le_bytes(chunk));
            plp.received = plp.received.saturating_add(chunk);
            if plp.declared != PLP_UNKNOWN
                && (plp.received > plp.declared || chunk == 0 && plp.received != plp.declared)
            {
                return Err(broken("a long value whose chunks do not add up to its length"));
            }
            value.left = chunk;
            if chunk == 0 {
                value.chunks = None;
            }
        }
        self.long = Some(value);
        Ok(false)
    }
}

/// What stands before a long value's bytes, with the bytes it takes.
enum Head {
    Null(usize),
    Value(usize, LongValue),
}

fn long_head(frame: Frame, rest: &[u8]) -> Result<Option<Head>> {
    let before = match frame {
        Frame::Plp => {
            let Some(&total) = rest.first_chunk() else { return Ok(None) };
            return Ok(Some(match u64::from_le_bytes(total) {
                PLP_NULL => Head::Null(8),
                declared => {
                    Head::Value(8, LongValue { left: 0, chunks: Some(Plp { declared, received: 0 }) })
                }
            }));
        }
        Frame::Pointer => match rest.first() {
            None => return Ok(None),
            Some(0) => return Ok(Some(Head::Null(1))),
            Some(&pointer) => 1 + usize::from(pointer) + TIMESTAMP,
        },
        _ => 0,
    };
    let Some(&length) = rest.get(before..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
    let length = u32::from_le_bytes(length);
    if i32::try_from(length).is_err() {
        return Err(broken(format!("a value of {length} bytes")));
    }
    if length == 0 && frame == Frame::Long {
        return Ok(Some(Head::Null(before + 4)));
    }
    Ok(Some(Head::Value(before + 4, LongValue { left: u64::from(length), chunks: None })))
}

/// The value's bytes if they lie in one piece, and how far they reach with what frames them.
fn whole(value: LongValue, rest: &[u8]) -> Option<(&[u8], usize)> {
    let Some(plp) = value.chunks else {
        let length = usize::try_from(value.left).ok()?;
        return Some((rest.get(..length)?, length));
    };
    let chunk = u32::from_le_bytes(*rest.first_chunk()?);
    if plp.declared != PLP_UNKNOWN && plp.declared != u64::from(chunk) {
        return None;
    }
    if chunk == 0 {
        return Some((&[], 4));
    }
    let end = 4 + usize::try_from(chunk).ok()?;
    let raw = rest.get(4..end)?;
    (rest.get(end..end + 4)? == [0; 4]).then_some((raw, end + 4))
}
