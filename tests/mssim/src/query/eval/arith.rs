//! Arithmetic on integers, exact numbers, floats; concatenation of text and bytes.

use crate::query::convert::convert;
use crate::query::error::{error, overflow, unknown};
use crate::query::typing;
use crate::results::SqlError;
use crate::types::SqlType;
use crate::value::Value;

use super::Step;

pub(super) fn run(op: &'static str, step: &Step, args: &[Value]) -> Result<Value, SqlError> {
    if args.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    match (&step.ty, args) {
        (SqlType::Decimal { .. } | SqlType::Money | SqlType::SmallMoney, [a, b]) => exact(op, step, a, b),
        (_, [Value::Text(a), Value::Text(b)]) if op == "+" => Ok(Value::Text([a.as_slice(), b].concat())),
        (_, [Value::Bytes(a), Value::Bytes(b)]) if op == "+" => Ok(Value::Bytes([a.as_slice(), b].concat())),
        (_, [Value::Int(a)]) if op == "~" => Ok(Value::Int(!a)),
        (_, [Value::Bit(a)]) if op == "~" => Ok(Value::Bit(!a)),
        (_, [a, b]) => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => integer(op, &step.ty, a, b),
            _ => float(op, &step.ty, a, b),
        },
        _ => Err(unknown(format!("the operator {op} here"))),
    }
}

fn whole(v: &Value) -> Option<i64> {
    match v {
        Value::Int(i) => Some(*i),
        Value::Bit(b) => Some(i64::from(*b)),
        _ => None,
    }
}

fn divide_by_zero() -> SqlError {
    error(8134, "Divide by zero error encountered.")
}

fn integer(op: &str, ty: &SqlType, a: i64, b: i64) -> Result<Value, SqlError> {
    if matches!(op, "/" | "%") && b == 0 {
        return Err(divide_by_zero());
    }
    let result = match op {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" => a.checked_div(b),
        "%" => Some(a.wrapping_rem(b)),
        "&" => Some(a & b),
        "|" => Some(a | b),
        _ => Some(a ^ b),
    };
    let fits = |v: i64| match ty {
        SqlType::TinyInt => u8::try_from(v).is_ok(),
        SqlType::SmallInt => i16::try_from(v).is_ok(),
        SqlType::Int => i32::try_from(v).is_ok(),
        _ => true,
    };
    if *ty == SqlType::Bit {
        return Ok(Value::Bit(result.is_some_and(|v| v & 1 == 1)));
    }
    result.filter(|v| fits(*v)).map(Value::Int).ok_or_else(|| overflow(typing::name(ty)))
}

fn float(op: &str, ty: &SqlType, a: &Value, b: &Value) -> Result<Value, SqlError> {
    let get = |v: &Value| match v {
        Value::Float(f) => Ok(*f),
        Value::Real(f) => Ok(f64::from(*f)),
        _ => Err(unknown(format!("the operator {op} on {}", typing::name(ty)))),
    };
    let (a, b) = (get(a)?, get(b)?);
    if op == "/" && b == 0.0 {
        return Err(divide_by_zero());
    }
    let v = match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        _ => return Err(unknown(format!("the operator {op} on {}", typing::name(ty)))),
    };
    if !v.is_finite() {
        return Err(overflow(typing::name(ty)));
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounding to single is what real means")]
    Ok(if *ty == SqlType::Real { Value::Real(v as f32) } else { Value::Float(v) })
}

/// Exact numbers of any scale; the result has the scale of its type, division and cut scales truncate.
fn exact(op: &str, step: &Step, a: &Value, b: &Value) -> Result<Value, SqlError> {
    let full = || overflow(typing::name(&step.ty));
    let get = |v: &Value| match v {
        Value::Decimal(d) => Ok(*d),
        _ => whole(v).map(i128::from).ok_or_else(|| unknown("this operand of an exact number")),
    };
    let scale_of = |ty: &SqlType| typing::exact(ty).map_or(0, |(_, s)| s);
    let (sa, sb, to) = (scale_of(&step.args[0]), scale_of(&step.args[1]), scale_of(&step.ty));
    let (a, b) = (get(a)?, get(b)?);
    let shift =
        |v: i128, by: u8| 10_i128.checked_pow(u32::from(by)).and_then(|p| v.checked_mul(p)).ok_or_else(full);
    let level = sa.max(sb);
    let (value, scale) = match op {
        "*" => (a.checked_mul(b).ok_or_else(full)?, sa + sb),
        "/" | "%" if b == 0 => return Err(divide_by_zero()),
        "/" => {
            // a/10^sa : b/10^sb, with `to` digits after the point.
            let up = i16::from(to) + i16::from(sb) - i16::from(sa);
            let (a, b) = if up >= 0 {
                (shift(a, u8::try_from(up).unwrap_or(0))?, b)
            } else {
                (a, shift(b, u8::try_from(-up).unwrap_or(0))?)
            };
            (a / b, to)
        }
        _ => {
            let (a, b) = (shift(a, level - sa)?, shift(b, level - sb)?);
            let v = match op {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "%" => Some(a % b),
                _ => return Err(unknown(format!("the operator {op} on {}", typing::name(&step.ty)))),
            };
            (v.ok_or_else(full)?, level)
        }
    };
    let from = SqlType::Decimal { precision: 38, scale };
    convert(&Value::Decimal(value), &from, &step.ty, &step.collation, None)
}
