//! What most values are, decided once a column: their field is written where the decoder finds them, without a look at
//! policies and without a call if the value has a fixed size. Everything else, and every value that this way does not
//! take, goes the long way ([`super::short`], [`super::second`]), which says why.

use super::super::number::numeric_of_64;
use super::super::operation::Operation;
use super::super::text::{whole_coded, whole_utf16};
use super::super::time;
use super::field::close;
use super::policies::Watch;

/// The way of a column's values; two bytes, so that those of a wide table stay in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShortCut {
    /// The long way.
    None,
    Bit,
    TinyInt,
    SmallInt,
    Four,
    Eight,
    Guid,
    /// Of up to 18 digits, with this scale.
    Decimal(u8),
    Date,
    DateTime,
    DateTime2(u8),
    Utf16,
    Coded,
}

impl ShortCut {
    /// The way of values that are looked at for nothing else.
    pub(super) const fn of_column(operation: &Operation, watch: &Watch) -> Self {
        if !matches!(watch, Watch::Nothing) {
            return Self::None;
        }
        match operation {
            Operation::Bit => Self::Bit,
            Operation::TinyInt => Self::TinyInt,
            Operation::SmallInt => Self::SmallInt,
            Operation::Four => Self::Four,
            Operation::Eight => Self::Eight,
            Operation::Guid => Self::Guid,
            Operation::Decimal(scale) => Self::Decimal(*scale),
            Operation::Date => Self::Date,
            Operation::DateTime => Self::DateTime,
            Operation::DateTime2(scale) => Self::DateTime2(*scale),
            Operation::Utf16 => Self::Utf16,
            Operation::Coded(_) => Self::Coded,
            _ => Self::None,
        }
    }

    /// Appends the field; false: nothing was appended that counts, the long way is to be taken from `out` as it was.
    #[inline(always)]
    pub(super) fn encode(self, operation: Option<&Operation>, out: &mut Vec<u8>, raw: &[u8]) -> bool {
        match (self, raw) {
            (Self::Four, &[a, b, c, d]) => out.extend_from_slice(&[0, 0, 0, 4, d, c, b, a]),
            (Self::Eight, &[a, b, c, d, e, f, g, h]) => {
                out.extend_from_slice(&[0, 0, 0, 8, h, g, f, e, d, c, b, a]);
            }
            (Self::Bit, &[value]) => out.extend_from_slice(&[0, 0, 0, 1, u8::from(value != 0)]),
            (Self::TinyInt, &[value]) => out.extend_from_slice(&[0, 0, 0, 2, 0, value]),
            (Self::SmallInt, &[a, b]) => out.extend_from_slice(&[0, 0, 0, 2, b, a]),
            (Self::Guid, &[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]) => {
                out.extend_from_slice(&[0, 0, 0, 16, d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]);
            }
            (Self::Decimal(scale), &[sign @ 0..=1, a, b, c, d, e, f, g, h]) => {
                numeric_of_64(out, sign == 0, u64::from_le_bytes([a, b, c, d, e, f, g, h]), scale);
            }
            (Self::Decimal(scale), &[sign @ 0..=1, a, b, c, d]) => {
                numeric_of_64(out, sign == 0, u64::from(u32::from_le_bytes([a, b, c, d])), scale);
            }
            (Self::Date, _) => return time::date(raw).is_ok_and(|days| four(out, days)),
            (Self::DateTime, _) => return time::datetime(raw).is_ok_and(|micros| eight(out, micros)),
            (Self::DateTime2(scale), _) => {
                return time::datetime2(raw, scale).is_ok_and(|micros| eight(out, micros));
            }
            (Self::Utf16, _) => return utf16(out, raw),
            (Self::Coded, _) => return coded(operation, out, raw),
            _ => return false,
        }
        true
    }
}

#[inline]
fn four(out: &mut Vec<u8>, value: i32) -> bool {
    let [a, b, c, d] = value.to_be_bytes();
    out.extend_from_slice(&[0, 0, 0, 4, a, b, c, d]);
    true
}

#[inline]
fn eight(out: &mut Vec<u8>, value: i64) -> bool {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    out.extend_from_slice(&[0, 0, 0, 8, a, b, c, d, e, f, g, h]);
    true
}

#[inline(never)]
fn utf16(out: &mut Vec<u8>, raw: &[u8]) -> bool {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    whole_utf16(out, raw).is_ok() && close(out, start).is_ok()
}

#[inline(never)]
fn coded(operation: Option<&Operation>, out: &mut Vec<u8>, raw: &[u8]) -> bool {
    let Some(Operation::Coded(page)) = operation else { return false };
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    whole_coded(page, out, raw).is_ok() && close(out, start).is_ok()
}
