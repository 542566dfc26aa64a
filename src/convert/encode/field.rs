//! Values of a fixed or short form: one operation, one field, at once.

use super::super::number::{numeric, numeric_of_64};
use super::super::operation::Operation;
use super::super::time;
use super::Refusal;
use super::long_value::sized;

/// A field of known content.
#[inline]
pub(in crate::convert) fn field<const N: usize>(out: &mut Vec<u8>, content: &[u8; N]) {
    const { assert!(N <= 64, "a short field") };
    #[expect(clippy::cast_possible_truncation, reason = "at most 64, by the assertion above")]
    out.extend_from_slice(&(N as u32).to_be_bytes());
    out.extend_from_slice(content);
}

/// Writes the length of the field that starts at `field` and ends here.
#[inline]
pub(super) fn close(out: &mut [u8], field: usize) -> Result<(), Refusal> {
    let length = i32::try_from(out.len() - field - 4).map_err(|_| Refusal::TooLong)?;
    if let Some(place) = out.get_mut(field..field + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

#[inline]
pub(super) fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Refusal> {
    raw.try_into().map_err(|_| Refusal::Malformed)
}

/// Appends the field of a value.
#[inline]
pub(super) fn encode(operation: &Operation, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
    match operation {
        Operation::Bit => field(out, &[u8::from(fixed::<1>(raw)? != [0])]),
        Operation::TinyInt => field(out, &[0, fixed::<1>(raw)?[0]]),
        Operation::SmallInt => field(out, &swapped::<2>(raw)?),
        Operation::Four => field(out, &swapped::<4>(raw)?),
        Operation::Eight => field(out, &swapped::<8>(raw)?),
        Operation::Money => {
            let [a, b, c, d, e, f, g, h] = fixed(raw)?;
            let amount = i64::from_le_bytes([e, f, g, h, a, b, c, d]);
            numeric_of_64(out, amount < 0, amount.unsigned_abs(), 4);
        }
        Operation::SmallMoney => {
            let amount = i32::from_le_bytes(fixed(raw)?);
            numeric_of_64(out, amount < 0, u64::from(amount.unsigned_abs()), 4);
        }
        Operation::Decimal(scale) => {
            let (negative, magnitude) = decimal(raw)?;
            numeric(out, negative, magnitude, *scale);
        }
        Operation::Date => field(out, &time::date(raw)?.to_be_bytes()),
        Operation::Time(scale) => field(out, &time::time(raw, *scale)?.to_be_bytes()),
        Operation::SmallDateTime => field(out, &time::smalldatetime(raw)?.to_be_bytes()),
        Operation::DateTime => field(out, &time::datetime(raw)?.to_be_bytes()),
        Operation::DateTime2(scale) => field(out, &time::datetime2(raw, *scale)?.to_be_bytes()),
        Operation::DateTimeOffset(scale) => field(out, &time::datetimeoffset(raw, *scale)?.to_be_bytes()),
        Operation::Guid => {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = fixed(raw)?;
            field(out, &[d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]);
        }
        Operation::Alternative(alternative) => alternative.field(out, raw)?,
        Operation::Bytes
        | Operation::Utf16
        | Operation::Xml
        | Operation::Coded(_)
        | Operation::Jsonb
        | Operation::Hex
        | Operation::Structured(_) => {
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            sized(operation, out, raw)?;
            close(out, start)?;
        }
    }
    Ok(())
}

#[inline]
fn swapped<const N: usize>(raw: &[u8]) -> Result<[u8; N], Refusal> {
    let mut bytes = fixed::<N>(raw)?;
    bytes.reverse();
    Ok(bytes)
}

/// DECIMALN: a sign byte (1: not negative), then 4, 8, 12 or 16 bytes of magnitude.
#[inline]
pub(super) fn decimal(raw: &[u8]) -> Result<(bool, u128), Refusal> {
    const TOO_LARGE: u128 = 10u128.pow(38);
    let (&sign, digits) = raw.split_first().ok_or(Refusal::Malformed)?;
    if sign > 1 || !matches!(digits.len(), 4 | 8 | 12 | 16) {
        return Err(Refusal::Malformed);
    }
    let mut bytes = [0u8; 16];
    bytes[..digits.len()].copy_from_slice(digits);
    let magnitude = u128::from_le_bytes(bytes);
    if magnitude >= TOO_LARGE { Err(Refusal::Malformed) } else { Ok((sign == 0, magnitude)) }
}
