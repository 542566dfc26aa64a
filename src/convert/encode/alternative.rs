//! Short values for another type than the one nearest to their own.

use super::super::number::numeric;
use super::super::types::Encoding;
use super::Refusal;
use super::as_text::TextForm;
use super::field::{close, decimal, field, fixed};

/// An integer as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convert) enum Integer {
    Bit,
    /// Unsigned.
    One,
    Two,
    Four,
    Eight,
}

/// What becomes of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::convert) enum Alternative {
    /// To Int2, Int4, Int8 or Numeric, never to a narrower one.
    Integer(Integer, Encoding),
    /// A decimal without a fraction, of at most 18 digits, to int8.
    WholeNumber,
    /// float4 to float8.
    Double,
    /// Eight bytes, most significant first, to int8.
    RowVersion,
    /// To text.
    AsText(TextForm),
}

impl Alternative {
    /// Appends the field.
    pub(super) fn field(self, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Integer(from, to) => return integer(from, to, out, raw),
            Self::WholeNumber => {
                let (negative, magnitude) = decimal(raw)?;
                let magnitude = i64::try_from(magnitude).map_err(|_| Refusal::Malformed)?;
                field(out, &if negative { -magnitude } else { magnitude }.to_be_bytes());
            }
            Self::Double => field(out, &f64::from(f32::from_le_bytes(fixed(raw)?)).to_be_bytes()),
            Self::RowVersion => {
                let bytes = fixed::<8>(raw)?;
                if i64::from_be_bytes(bytes) < 0 {
                    return Err(Refusal::NoForm("a rowversion that bigint cannot hold (2^63 or more)"));
                }
                field(out, &bytes);
            }
            Self::AsText(written) => {
                let start = out.len();
                out.extend_from_slice(&[0; 4]);
                written.write(out, raw)?;
                close(out, start)?;
            }
        }
        Ok(())
    }
}

fn integer(from: Integer, to: Encoding, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
    let value = match from {
        Integer::Bit => i64::from(fixed::<1>(raw)? != [0]),
        Integer::One => i64::from(fixed::<1>(raw)?[0]),
        Integer::Two => i64::from(i16::from_le_bytes(fixed(raw)?)),
        Integer::Four => i64::from(i32::from_le_bytes(fixed(raw)?)),
        Integer::Eight => i64::from_le_bytes(fixed(raw)?),
    };
    match to {
        Encoding::Int2 => field(out, &i16::try_from(value).map_err(|_| Refusal::Malformed)?.to_be_bytes()),
        Encoding::Int4 => field(out, &i32::try_from(value).map_err(|_| Refusal::Malformed)?.to_be_bytes()),
        Encoding::Numeric => numeric(out, value < 0, u128::from(value.unsigned_abs()), 0),
        _ => field(out, &value.to_be_bytes()),
    }
    Ok(())
}
