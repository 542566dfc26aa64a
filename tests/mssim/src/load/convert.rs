//! Conversions between T-SQL types, as CAST and assignment make them.

use crate::codepage;
use crate::engine::{error, unknown};
use crate::load::calendar;
use crate::load::names::type_name;
use crate::results::SqlError;
use crate::types::{Collation, Len, SqlType};
use crate::value::Value;

mod number;

use number::to_number;

/// A value and its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Typed {
    pub(crate) ty: SqlType,
    pub(crate) value: Value,
}

/// CAST of `from` to `to`: truncates characters and bytes, rounds numbers, pads fixed lengths. `collation` is that of
/// the result (its code page drops what it cannot hold); `style` is that of CONVERT.
pub(crate) fn cast(
    from: &Typed,
    to: &SqlType,
    collation: &Collation,
    style: Option<i64>,
) -> Result<Value, SqlError> {
    if from.value == Value::Null {
        return Ok(Value::Null);
    }
    if let Value::Variant(base, inner) = &from.value
        && *to != SqlType::SqlVariant
    {
        return cast(&Typed { ty: *base, value: (**inner).clone() }, to, collation, style);
    }
    match to {
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::Text
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::NText => {
            let text = to_text(from, to, style)?;
            Ok(Value::Text(fit_text(through_code_page(text, to, collation), to, collation)))
        }
        SqlType::Xml => match &from.value {
            Value::Text(t) => Ok(Value::Text(t.clone())),
            _ => Err(clash(from, to)),
        },
        SqlType::Binary(_) | SqlType::VarBinary(_) | SqlType::Image => {
            if let Value::Bytes(b) = &from.value
                && crate::clr::is_own_form(b)
            {
                return Err(unknown("the bytes of a spatial value"));
            }
            Ok(Value::Bytes(fit_bytes(to_bytes(from, style, collation)?, to)))
        }
        SqlType::RowVersion => {
            let mut bytes = to_bytes(from, style, collation)?;
            bytes.resize(8, 0);
            Ok(Value::Bytes(bytes))
        }
        SqlType::Udt(kind) => match &from.value {
            Value::Bytes(b) => Ok(Value::Bytes(b.clone())),
            Value::Text(t) => crate::clr::parse(*kind, t, None).map(Value::Bytes),
            _ => Err(clash(from, to)),
        },
        SqlType::Json => match &from.value {
            Value::Text(t) => Ok(Value::Text(t.clone())),
            _ => Err(clash(from, to)),
        },
        SqlType::Vector(dimensions) => match &from.value {
            Value::Text(t) => crate::clr::vector(t, *dimensions).map(Value::Text),
            _ => Err(clash(from, to)),
        },
        SqlType::SqlVariant => Ok(match &from.value {
            v @ Value::Variant(..) => v.clone(),
            v => Value::Variant(variant_base(&from.ty, v)?, Box::new(v.clone())),
        }),
        SqlType::UniqueIdentifier => to_guid(from),
        SqlType::Date
        | SqlType::Time(_)
        | SqlType::DateTime
        | SqlType::SmallDateTime
        | SqlType::DateTime2(_)
        | SqlType::DateTimeOffset(_) => calendar::convert(from, to),
        _ => to_number(from, to),
    }
}

fn variant_base(ty: &SqlType, v: &Value) -> Result<SqlType, SqlError> {
    let units = |t: &[u8]| u16::try_from(codepage::utf16_len(t).max(1)).ok().filter(|n| *n <= 4000);
    match (ty, v) {
        (SqlType::NVarChar(Len::Max) | SqlType::NText, Value::Text(t)) => {
            units(t).map(|n| SqlType::NVarChar(Len::Limited(n))).ok_or_else(|| unknown("so long a variant"))
        }
        (SqlType::VarChar(Len::Max) | SqlType::Text, Value::Text(t)) => {
            units(t).map(|n| SqlType::VarChar(Len::Limited(n))).ok_or_else(|| unknown("so long a variant"))
        }
        (
            SqlType::Xml
            | SqlType::Json
            | SqlType::Vector(_)
            | SqlType::Udt(_)
            | SqlType::Image
            | SqlType::RowVersion,
            _,
        )
        | (SqlType::VarBinary(Len::Max), _) => Err(error(
            206,
            16,
            format!("Operand type clash: {} is incompatible with sql_variant", type_name(ty)),
        )),
        _ => Ok(*ty),
    }
}

fn clash(from: &Typed, to: &SqlType) -> SqlError {
    error(
        529,
        16,
        format!(
            "Explicit conversion from data type {} to {} is not allowed.",
            type_name(&from.ty),
            type_name(to)
        ),
    )
}

fn overflow(to: &SqlType) -> SqlError {
    error(
        8115,
        16,
        format!("Arithmetic overflow error converting expression to data type {}.", type_name(to)),
    )
}

fn failed(text: &[u8], to: &SqlType) -> SqlError {
    let text = String::from_utf8_lossy(text);
    error(
        if matches!(to, SqlType::Decimal { .. } | SqlType::Numeric { .. } | SqlType::Float | SqlType::Real) {
            8114
        } else {
            245
        },
        16,
        format!("Conversion failed when converting the value '{text}' to data type {}.", type_name(to)),
    )
}

/// Whether characters of the type lie in a code page (and lengths count bytes).
pub(crate) fn is_single_byte(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Char(_) | SqlType::VarChar(_) | SqlType::Text)
}

/// What a code page makes of the text (`?` for what it lacks).
pub(crate) fn through_code_page(text: Vec<u8>, ty: &SqlType, collation: &Collation) -> Vec<u8> {
    if !is_single_byte(ty) || text.is_ascii() {
        return text;
    }
    let mut bytes = Vec::new();
    codepage::encode(collation.encoding, &text, &mut bytes);
    codepage::decode(collation.encoding, &bytes)
}

/// Length in the unit of the type: bytes of the code page, or UTF-16 units.
pub(crate) fn text_length(text: &[u8], ty: &SqlType, collation: &Collation) -> usize {
    if text.is_ascii() {
        text.len()
    } else if is_single_byte(ty) {
        let mut bytes = Vec::new();
        codepage::encode(collation.encoding, text, &mut bytes);
        bytes.len()
    } else {
        codepage::utf16_len(text)
    }
}

/// Declared length, None for max and the old long types.
pub(crate) fn limit(ty: &SqlType) -> Option<usize> {
    match ty {
        SqlType::Char(n) | SqlType::NChar(n) | SqlType::Binary(n) => Some(usize::from(*n)),
        SqlType::VarChar(Len::Limited(n))
        | SqlType::NVarChar(Len::Limited(n))
        | SqlType::VarBinary(Len::Limited(n)) => Some(usize::from(*n)),
        _ => None,
    }
}

/// Cuts to the declared length and pads fixed lengths.
fn fit_text(mut text: Vec<u8>, ty: &SqlType, collation: &Collation) -> Vec<u8> {
    let Some(limit) = limit(ty) else { return text };
    while text_length(&text, ty, collation) > limit {
        // A character goes as a whole: its continuation bytes, then its first.
        while text.pop().is_some_and(|b| b & 0xC0 == 0x80) {}
    }
    if matches!(ty, SqlType::Char(_) | SqlType::NChar(_)) {
        let missing = limit - text_length(&text, ty, collation);
        text.resize(text.len() + missing, b' ');
    }
    text
}

fn fit_bytes(mut bytes: Vec<u8>, ty: &SqlType) -> Vec<u8> {
    if let Some(limit) = limit(ty) {
        bytes.truncate(limit);
        if matches!(ty, SqlType::Binary(_)) {
            bytes.resize(limit, 0);
        }
    }
    bytes
}

fn to_bytes(from: &Typed, style: Option<i64>, collation: &Collation) -> Result<Vec<u8>, SqlError> {
    Ok(match &from.value {
        Value::Bytes(b) => b.clone(),
        Value::Guid(g) => g.to_vec(),
        Value::Bit(b) => vec![u8::from(*b)],
        Value::Int(i) => {
            let size = match from.ty {
                SqlType::TinyInt => 1,
                SqlType::SmallInt => 2,
                SqlType::Int => 4,
                _ => 8,
            };
            i.to_be_bytes()[8 - size..].to_vec()
        }
        Value::Text(t) if style.unwrap_or(0) == 0 => {
            let mut out = Vec::new();
            if is_single_byte(&from.ty) {
                codepage::encode(collation.encoding, t, &mut out);
            } else {
                codepage::encode_utf16(t, &mut out);
            }
            out
        }
        _ => return Err(clash(from, &SqlType::VarBinary(Len::Max))),
    })
}

fn to_guid(from: &Typed) -> Result<Value, SqlError> {
    match &from.value {
        Value::Guid(g) => Ok(Value::Guid(*g)),
        Value::Bytes(b) if b.len() >= 16 => Ok(Value::Guid(b[..16].try_into().unwrap_or_default())),
        Value::Text(t) => {
            let wrong = || {
                error(
                    8169,
                    16,
                    "Conversion failed when converting from a character string to uniqueidentifier."
                        .to_owned(),
                )
            };
            let text = std::str::from_utf8(t).map_err(|_| wrong())?.trim();
            let text = text.strip_prefix('{').map_or(text, |t| t.trim_end_matches('}'));
            let dashes = |i: usize| matches!(i, 8 | 13 | 18 | 23);
            let text = text.get(..36).ok_or_else(wrong)?;
            let shape = text
                .bytes()
                .enumerate()
                .all(|(i, b)| if dashes(i) { b == b'-' } else { b.is_ascii_hexdigit() });
            if !shape {
                return Err(wrong());
            }
            let value = u128::from_str_radix(&text.replace('-', ""), 16).map_err(|_| wrong())?;
            let mut wire = value.to_be_bytes();
            wire[..4].reverse();
            wire[4..6].reverse();
            wire[6..8].reverse();
            Ok(Value::Guid(wire))
        }
        _ => Err(clash(from, &SqlType::UniqueIdentifier)),
    }
}

/// A guid as SQL Server prints it.
fn guid_text(g: &[u8; 16]) -> String {
    let mut b = *g;
    b[..4].reverse();
    b[4..6].reverse();
    b[6..8].reverse();
    let hex: String = b.iter().map(|b| format!("{b:02X}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn to_text(from: &Typed, to: &SqlType, style: Option<i64>) -> Result<Vec<u8>, SqlError> {
    let style = style.unwrap_or(0);
    Ok(match &from.value {
        Value::Text(t) => t.clone(),
        Value::Bit(b) => if *b { "1" } else { "0" }.into(),
        Value::Int(i) => i.to_string().into_bytes(),
        Value::Decimal(d) => match from.ty {
            SqlType::Money | SqlType::SmallMoney if style == 0 => {
                let cents = rescale(*d, 4, 2).unwrap_or(0);
                decimal_text(cents, 2).into_bytes()
            }
            SqlType::Money | SqlType::SmallMoney if style == 2 => decimal_text(*d, 4).into_bytes(),
            SqlType::Decimal { scale, .. } | SqlType::Numeric { scale, .. } => {
                decimal_text(*d, scale).into_bytes()
            }
            _ => return Err(unknown("CONVERT of money in this style")),
        },
        Value::Guid(g) => guid_text(g).into_bytes(),
        Value::Bytes(b) if style == 0 => {
            if is_single_byte(to) {
                codepage::decode("windows-1252", b)
            } else {
                codepage::decode_utf16(b)
            }
        }
        Value::Bytes(b) if style == 1 || style == 2 => {
            let digits: String = b.iter().map(|b| format!("{b:02X}")).collect();
            if style == 1 { format!("0x{digits}") } else { digits }.into_bytes()
        }
        Value::Date(_)
        | Value::Time(_)
        | Value::DateTime { .. }
        | Value::DateTime2 { .. }
        | Value::DateTimeOffset { .. } => calendar::text(from, style)?.into_bytes(),
        _ => return Err(unknown(format_args!("{} as characters in style {style}", type_name(&from.ty)))),
    })
}

/// An unscaled decimal as text.
pub(crate) fn decimal_text(value: i128, scale: u8) -> String {
    let digits = value.unsigned_abs().to_string();
    let scale = usize::from(scale);
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Unscaled value and scale of decimal text without an exponent.
pub(crate) fn parse_decimal(text: &str) -> Option<(i128, u8)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i128 = all.parse().ok()?;
    Some((sign * value, u8::try_from(fraction.len()).ok()?))
}

/// Changes the scale, rounding half away from zero; None when it overflows.
pub(crate) fn rescale(value: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        return value.checked_mul(10_i128.checked_pow(u32::from(to - from))?);
    }
    let Some(divisor) = 10_i128.checked_pow(u32::from(from - to)) else { return Some(0) };
    let (quotient, rest) = (value / divisor, value % divisor);
    Some(if rest.abs() >= divisor - rest.abs() { quotient + value.signum() } else { quotient })
}
