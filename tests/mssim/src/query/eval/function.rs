//! Scalar functions on values. Text is cut and counted in UTF-16 units, as SQL Server does without `_SC` collations.

use crate::codepage;
use crate::query::convert::convert;
use crate::query::error::{error, overflow, unknown};
use crate::query::typing;
use crate::results::SqlError;
use crate::storage::compare_text;
use crate::types::SqlType;
use crate::value::Value;

use super::{Env, Step, names};

pub(super) fn run(name: &str, step: &Step, env: &Env, args: &[Value]) -> Result<Value, SqlError> {
    match name {
        "ToString" | "STSrid" | "STAsText" | "AsTextZM" | "AsBinaryZM" | "STGeometryType" | "STIsEmpty" => {
            crate::clr::call(name, &step.args[0], &args[0])
        }
        "CONCAT" => concat(args),
        "DATALENGTH" => Ok(data_length(step, &args[0])),
        "QUOTENAME" => Ok(quote_name(args)),
        "NCHAR" => Ok(national_character(args)),
        "SWITCHOFFSET" => switch_offset(args),
        "SQL_VARIANT_PROPERTY" => variant_property(args),
        "LEN" | "SUBSTRING" | "LEFT" | "RIGHT" | "UPPER" | "LOWER" | "LTRIM" | "RTRIM" | "TRIM"
        | "REPLACE" | "CHARINDEX" | "UNICODE" | "REVERSE" | "REPLICATE" => text(name, step, args),
        "ABS" | "FLOOR" | "CEILING" | "SIGN" | "ROUND" | "NEGATE" => number(name, step, args),
        _ => names::run(name, env, args),
    }
}

fn concat(args: &[Value]) -> Result<Value, SqlError> {
    let mut out = Vec::new();
    for arg in args {
        match arg {
            Value::Null => {}
            Value::Text(t) => out.extend_from_slice(t),
            _ => return Err(unknown("CONCAT of this type")),
        }
    }
    Ok(Value::Text(out))
}

fn national_character(args: &[Value]) -> Value {
    match args {
        [Value::Int(code)] => u16::try_from(*code).map_or(Value::Null, |unit| joined(&[unit.to_le_bytes()])),
        _ => Value::Null,
    }
}

fn switch_offset(args: &[Value]) -> Result<Value, SqlError> {
    match args {
        [Value::Null, _] | [_, Value::Null] => Ok(Value::Null),
        [Value::DateTimeOffset { days, ticks, .. }, Value::Text(offset)] if offset == b"+00:00" => {
            Ok(Value::DateTimeOffset { days: *days, ticks: *ticks, offset: 0 })
        }
        _ => Err(unknown("SWITCHOFFSET to another offset than +00:00")),
    }
}

fn variant_property(args: &[Value]) -> Result<Value, SqlError> {
    let (base, property) = match args {
        [Value::Variant(base, _), Value::Text(property)] => (*base, String::from_utf8_lossy(property)),
        [Value::Null, _] => return Ok(Value::Null),
        _ => return Err(unknown("SQL_VARIANT_PROPERTY of this")),
    };
    let (precision, scale) = match base {
        SqlType::Decimal { precision, scale } | SqlType::Numeric { precision, scale } => (precision, scale),
        _ => (0, 0),
    };
    let text = match property.to_ascii_lowercase().as_str() {
        "basetype" => typing::name(&base).to_owned(),
        "precision" => precision.to_string(),
        "scale" => scale.to_string(),
        "maxlength" => typing::length(&base).unwrap_or_default().to_string(),
        _ => return Err(unknown("SQL_VARIANT_PROPERTY of this property")),
    };
    Ok(Value::Text(text.into_bytes()))
}

fn quote_name(args: &[Value]) -> Value {
    let Some(Value::Text(t)) = args.first() else { return Value::Null };
    let quote = match args.get(1) {
        Some(Value::Text(q)) => q.first().copied().unwrap_or(b'['),
        Some(Value::Null) => return Value::Null,
        _ => b'[',
    };
    let (open, close) = match quote {
        b'[' | b']' => (b'[', b']'),
        b'(' | b')' => (b'(', b')'),
        b'<' | b'>' => (b'<', b'>'),
        b'{' | b'}' => (b'{', b'}'),
        b'\'' | b'"' | b'`' => (quote, quote),
        _ => return Value::Null,
    };
    if codepage::utf16_len(t) > 128 {
        return Value::Null;
    }
    let mut out = vec![open];
    for &b in t {
        out.push(b);
        if b == close {
            out.push(b);
        }
    }
    out.push(close);
    Value::Text(out)
}

fn data_length(step: &Step, value: &Value) -> Value {
    let ty = &step.args[0];
    let fixed = |n: i64| Value::Int(n);
    let by_scale = |n: u8, base: i64| {
        base + if n <= 2 {
            3
        } else if n <= 4 {
            4
        } else {
            5
        }
    };
    match value {
        Value::Null => Value::Null,
        Value::Text(t) if typing::is_national(ty) => length(codepage::utf16_len(t) * 2),
        Value::Text(t) => {
            let mut bytes = Vec::new();
            codepage::encode(step.collation.encoding, t, &mut bytes);
            length(bytes.len())
        }
        Value::Bytes(b) => length(b.len()),
        Value::Variant(base, inner) => data_length(&Step { args: vec![*base], ..step.clone() }, inner),
        _ => match *ty {
            SqlType::Bit | SqlType::TinyInt => fixed(1),
            SqlType::SmallInt => fixed(2),
            SqlType::Int | SqlType::Real | SqlType::SmallMoney | SqlType::SmallDateTime => fixed(4),
            SqlType::Date => fixed(3),
            SqlType::Decimal { precision, .. } | SqlType::Numeric { precision, .. } => {
                fixed(match precision {
                    ..=9 => 5,
                    10..=19 => 9,
                    20..=28 => 13,
                    _ => 17,
                })
            }
            SqlType::Time(n) => fixed(by_scale(n, 0)),
            SqlType::DateTime2(n) => fixed(by_scale(n, 3)),
            SqlType::DateTimeOffset(n) => fixed(by_scale(n, 5)),
            SqlType::UniqueIdentifier => fixed(16),
            _ => fixed(8),
        },
    }
}

fn length(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn units(text: &[u8]) -> Vec<[u8; 2]> {
    let mut bytes = Vec::with_capacity(text.len() * 2);
    codepage::encode_utf16(text, &mut bytes);
    bytes.chunks_exact(2).map(|c| [c[0], c[1]]).collect()
}

fn joined(units: &[[u8; 2]]) -> Value {
    Value::Text(codepage::decode_utf16(units.concat().as_slice()))
}

fn int(v: Option<&Value>) -> i64 {
    match v {
        Some(Value::Int(i)) => *i,
        _ => 0,
    }
}

const BLANK: [u8; 2] = [b' ', 0];

fn text(name: &str, step: &Step, args: &[Value]) -> Result<Value, SqlError> {
    if args.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    if let (Some(Value::Bytes(b)), "SUBSTRING" | "LEN" | "LEFT" | "RIGHT") = (args.first(), name) {
        return bytes(name, b, args);
    }
    let texts: Vec<&[u8]> = args
        .iter()
        .filter_map(|a| match a {
            Value::Text(t) => Some(t.as_slice()),
            _ => None,
        })
        .collect();
    let Some(&first) = texts.first() else { return Err(unknown(format!("{name} of this type"))) };
    let all = units(first);
    let bad_length = || error(537, format!("Invalid length parameter passed to the {name} function."));
    Ok(match name {
        "LEN" => length(all.iter().rposition(|u| *u != BLANK).map_or(0, |i| i + 1)),
        "SUBSTRING" => {
            let (start, count) = (int(args.get(1)) - 1, int(args.get(2)));
            if count < 0 {
                return Err(bad_length());
            }
            let (from, to) = bounds(start, count, all.len());
            joined(&all[from..to])
        }
        "LEFT" | "RIGHT" => {
            let n = usize::try_from(int(args.get(1))).map_err(|_| bad_length())?.min(all.len());
            joined(if name == "LEFT" { &all[..n] } else { &all[all.len() - n..] })
        }
        "UPPER" => Value::Text(String::from_utf8_lossy(first).to_uppercase().into_bytes()),
        "LOWER" => Value::Text(String::from_utf8_lossy(first).to_lowercase().into_bytes()),
        "LTRIM" | "RTRIM" | "TRIM" => {
            let start = if name == "RTRIM" { 0 } else { all.iter().take_while(|u| **u == BLANK).count() };
            let end = if name == "LTRIM" { 0 } else { all.iter().rev().take_while(|u| **u == BLANK).count() };
            joined(&all[start..all.len().saturating_sub(end).max(start)])
        }
        "UNICODE" => all.first().map_or(Value::Null, |u| Value::Int(i64::from(u16::from_le_bytes(*u)))),
        "REVERSE" => joined(&all.iter().rev().copied().collect::<Vec<_>>()),
        "REPLICATE" => match usize::try_from(int(args.get(1))) {
            Ok(n) if first.len().saturating_mul(n) <= 8000 => Value::Text(first.repeat(n)),
            Ok(_) => return Err(unknown("REPLICATE beyond 8000 bytes")),
            Err(_) => Value::Null,
        },
        "CHARINDEX" => {
            let hay = units(texts[1]);
            let from = usize::try_from(int(args.get(2)) - 1).unwrap_or(0);
            length(find(&all, &hay, from, step).map_or(0, |i| i + 1))
        }
        _ => replace(&all, &units(texts[1]), &units(texts[2]), step),
    })
}

fn bytes(name: &str, b: &[u8], args: &[Value]) -> Result<Value, SqlError> {
    Ok(match name {
        "LEN" => length(b.len()),
        "SUBSTRING" => {
            let (from, to) = bounds(int(args.get(1)) - 1, int(args.get(2)).max(0), b.len());
            Value::Bytes(b[from..to].to_vec())
        }
        _ => return Err(unknown(format!("{name} of binary"))),
    })
}

/// A 0-based start that may lie before the text, and a count, as a range.
fn bounds(start: i64, count: i64, len: usize) -> (usize, usize) {
    let clip = |v: i64| usize::try_from(v.max(0)).unwrap_or(usize::MAX).min(len);
    let from = clip(start);
    (from, clip(start.saturating_add(count)).max(from))
}

fn find(needle: &[[u8; 2]], hay: &[[u8; 2]], from: usize, step: &Step) -> Option<usize> {
    if needle.is_empty() || hay.len() < needle.len() {
        return None;
    }
    let string = |u: &[[u8; 2]]| String::from_utf8_lossy(&codepage::decode_utf16(&u.concat())).into_owned();
    let wanted = string(needle);
    (from..=hay.len() - needle.len()).find(|&i| {
        let here = &hay[i..i + needle.len()];
        // Bars at both ends: blanks count in a search.
        here == needle
            || compare_text(&step.collation, &format!("|{}|", string(here)), &format!("|{wanted}|")).is_eq()
    })
}

fn replace(all: &[[u8; 2]], from: &[[u8; 2]], to: &[[u8; 2]], step: &Step) -> Value {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(i) = find(from, all, at, step) {
        out.extend_from_slice(&all[at..i]);
        out.extend_from_slice(to);
        at = i + from.len();
    }
    out.extend_from_slice(&all[at..]);
    joined(&out)
}

fn number(name: &str, step: &Step, args: &[Value]) -> Result<Value, SqlError> {
    let ty = &step.ty;
    let full = || overflow(typing::name(ty));
    let scale = typing::exact(&step.args[0]).map_or(0, |(_, s)| s);
    let one = 10_i128.pow(u32::from(scale));
    Ok(match (&args[0], name) {
        (Value::Null, _) => Value::Null,
        (Value::Int(i), "NEGATE" | "ABS") => {
            let v = if name == "ABS" { i.checked_abs() } else { i.checked_neg() }.ok_or_else(full)?;
            convert(&Value::Int(v), &SqlType::BigInt, ty, &step.collation, None)?
        }
        (Value::Int(i), "FLOOR" | "CEILING") => Value::Int(*i),
        (Value::Int(i), "SIGN") => Value::Int(i.signum()),
        (Value::Decimal(d), "NEGATE") => Value::Decimal(-d),
        (Value::Decimal(d), "ABS") => Value::Decimal(d.abs()),
        // Decimal results have scale 0, money keeps its four places.
        (Value::Decimal(d), "FLOOR") => Value::Decimal(d.div_euclid(one) * kept(ty)),
        (Value::Decimal(d), "CEILING") => Value::Decimal(-(-d).div_euclid(one) * kept(ty)),
        (Value::Float(f), "NEGATE") => Value::Float(-f),
        (Value::Float(f), "ABS") => Value::Float(f.abs()),
        (Value::Float(f), "FLOOR") => Value::Float(f.floor()),
        (Value::Float(f), "CEILING") => Value::Float(f.ceil()),
        (Value::Real(f), "NEGATE") => Value::Real(-f),
        (Value::Decimal(d), "ROUND") => {
            let drop = i64::from(scale) - int(args.get(1));
            match u32::try_from(drop).ok().filter(|n| *n > 0).map(|n| 10_i128.checked_pow(n)) {
                None => Value::Decimal(*d),
                Some(None) => Value::Decimal(0),
                Some(Some(p)) => Value::Decimal((d + d.signum() * (p / 2)) / p * p),
            }
        }
        _ => return Err(unknown(format!("{name} of {}", typing::name(&step.args[0])))),
    })
}

fn kept(ty: &SqlType) -> i128 {
    if matches!(ty, SqlType::Money | SqlType::SmallMoney) { 10_000 } else { 1 }
}
