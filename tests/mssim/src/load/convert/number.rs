//! Conversions to numbers.

use super::{Typed, clash, decimal_text, failed, overflow, parse_decimal, rescale};
use crate::results::SqlError;
use crate::types::SqlType;
use crate::value::Value;

pub(super) fn to_number(from: &Typed, to: &SqlType) -> Result<Value, SqlError> {
    match to {
        SqlType::Bit => Ok(Value::Bit(match &from.value {
            Value::Bit(b) => *b,
            Value::Text(t) if t.eq_ignore_ascii_case(b"true") => true,
            Value::Text(t) if t.eq_ignore_ascii_case(b"false") => false,
            _ => whole(from, &SqlType::BigInt)? != 0 || !is_zero(&from.value),
        })),
        SqlType::TinyInt => ranged(from, to, 0, 255),
        SqlType::SmallInt => ranged(from, to, i128::from(i16::MIN), i128::from(i16::MAX)),
        SqlType::Int => ranged(from, to, i128::from(i32::MIN), i128::from(i32::MAX)),
        SqlType::BigInt => ranged(from, to, i128::from(i64::MIN), i128::from(i64::MAX)),
        SqlType::Decimal { precision, scale } | SqlType::Numeric { precision, scale } => {
            let value = scaled(from, *scale, to)?;
            let limit = 10_i128.pow(u32::from(*precision));
            if value.abs() >= limit { Err(overflow(to)) } else { Ok(Value::Decimal(value)) }
        }
        SqlType::Money => bounded_money(from, to, i128::from(i64::MAX)),
        SqlType::SmallMoney => bounded_money(from, to, i128::from(i32::MAX)),
        SqlType::Float => Ok(Value::Float(double(from, to)?)),
        #[expect(clippy::cast_possible_truncation, reason = "rounding to single is what real means")]
        SqlType::Real => match double(from, to)? as f32 {
            r if r.is_finite() => Ok(Value::Real(r)),
            _ => Err(overflow(to)),
        },
        _ => Err(clash(from, to)),
    }
}

fn is_zero(v: &Value) -> bool {
    match v {
        Value::Int(0) | Value::Decimal(0) => true,
        Value::Float(f) => *f == 0.0,
        Value::Real(f) => *f == 0.0,
        Value::Text(_) => true,
        _ => false,
    }
}

fn ranged(from: &Typed, to: &SqlType, low: i128, high: i128) -> Result<Value, SqlError> {
    let value = whole(from, to)?;
    if (low..=high).contains(&value) {
        return Ok(Value::Int(i64::try_from(value).unwrap_or(0)));
    }
    Err(overflow(to))
}

fn bounded_money(from: &Typed, to: &SqlType, high: i128) -> Result<Value, SqlError> {
    let value = scaled(from, 4, to)?;
    if (-high - 1..=high).contains(&value) { Ok(Value::Decimal(value)) } else { Err(overflow(to)) }
}

fn scale_of(ty: &SqlType) -> u8 {
    match ty {
        SqlType::Decimal { scale, .. } | SqlType::Numeric { scale, .. } => *scale,
        SqlType::Money | SqlType::SmallMoney => 4,
        _ => 0,
    }
}

/// A whole number; fractions are cut off (money is rounded).
fn whole(from: &Typed, to: &SqlType) -> Result<i128, SqlError> {
    match &from.value {
        Value::Bit(b) => Ok(i128::from(*b)),
        Value::Int(i) => Ok(i128::from(*i)),
        Value::Decimal(d) if matches!(from.ty, SqlType::Money | SqlType::SmallMoney) => {
            rescale(*d, 4, 0).ok_or_else(|| overflow(to))
        }
        Value::Decimal(d) => Ok(d / 10_i128.pow(u32::from(scale_of(&from.ty)))),
        Value::Float(f) => truncated(*f).ok_or_else(|| overflow(to)),
        Value::Real(f) => truncated(f64::from(*f)).ok_or_else(|| overflow(to)),
        Value::Text(t) => {
            let text = std::str::from_utf8(t).map_err(|_| failed(t, to))?.trim();
            if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| failed(t, to)) }
        }
        Value::Bytes(b) => {
            let tail = &b[b.len().saturating_sub(8)..];
            let size = tail.len();
            let mut eight = [0; 8];
            eight[8 - size..].copy_from_slice(tail);
            let value = i64::from_be_bytes(eight);
            Ok(match to {
                SqlType::Int => i128::from(i32::from_be_bytes([eight[4], eight[5], eight[6], eight[7]])),
                SqlType::SmallInt => i128::from(i16::from_be_bytes([eight[6], eight[7]])),
                SqlType::TinyInt => i128::from(eight[7]),
                _ => i128::from(value),
            })
        }
        _ => Err(clash(from, to)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn truncated(f: f64) -> Option<i128> {
    (f.abs() < 1e38).then_some(f.trunc() as i128)
}

fn scaled(from: &Typed, scale: u8, to: &SqlType) -> Result<i128, SqlError> {
    match &from.value {
        Value::Decimal(d) => rescale(*d, scale_of(&from.ty), scale).ok_or_else(|| overflow(to)),
        Value::Float(_) | Value::Real(_) => {
            let f = double(from, to)?;
            // Seventeen significant digits are all that a double has.
            let text = format!("{f:.*}", usize::from(scale.min(17)));
            let (value, has) = parse_decimal(&text).ok_or_else(|| overflow(to))?;
            rescale(value, has, scale).ok_or_else(|| overflow(to))
        }
        Value::Text(t) => {
            let text = std::str::from_utf8(t).map_err(|_| failed(t, to))?.trim();
            let text = if matches!(to, SqlType::Money | SqlType::SmallMoney) {
                text.replace([',', '$'], "")
            } else {
                text.to_owned()
            };
            let (value, has) = parse_decimal(&text).ok_or_else(|| failed(t, to))?;
            rescale(value, has, scale).ok_or_else(|| overflow(to))
        }
        _ => rescale(whole(from, to)?, 0, scale).ok_or_else(|| overflow(to)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "conversion to float rounds")]
fn double(from: &Typed, to: &SqlType) -> Result<f64, SqlError> {
    match &from.value {
        Value::Float(f) => Ok(*f),
        Value::Real(f) => Ok(f64::from(*f)),
        Value::Int(i) => Ok(*i as f64),
        Value::Bit(b) => Ok(f64::from(u8::from(*b))),
        Value::Decimal(d) => decimal_text(*d, scale_of(&from.ty)).parse().map_err(|_| overflow(to)),
        Value::Text(t) => {
            let text = std::str::from_utf8(t).map_err(|_| failed(t, to))?.trim();
            match text.parse::<f64>() {
                Ok(f) if f.is_finite() => Ok(f),
                _ => Err(failed(t, to)),
            }
        }
        _ => Err(clash(from, to)),
    }
}
