//! Arithmetic and joining of texts in the loader's expressions.

use crate::engine::{error, unknown};
use crate::load::calendar::{self, Moment};
use crate::load::convert::{Typed, cast, rescale};
use crate::load::eval::{Scope, length, precision, wider};
use crate::load::names::{is_character, type_name};
use crate::results::SqlError;
use crate::storage::TICKS_PER_DAY;
use crate::types::{Len, SqlType};
use crate::value::Value;

pub(super) fn arithmetic(scope: &Scope<'_>, operator: &str, a: Typed, b: Typed) -> Result<Typed, SqlError> {
    if operator == "+" && (is_character(&a.ty) && is_character(&b.ty)) {
        return Ok(concatenate(a, b));
    }
    if a.ty == SqlType::DateTime || b.ty == SqlType::DateTime {
        return days(scope, operator, &a, &b);
    }
    let ty = wider(a.ty, b.ty);
    match ty {
        SqlType::Float | SqlType::Real => {
            let x = cast(&a, &SqlType::Float, &scope.collation, None)?;
            let y = cast(&b, &SqlType::Float, &scope.collation, None)?;
            let value = match (x, y) {
                (Value::Float(x), Value::Float(y)) => Value::Float(match operator {
                    "+" => x + y,
                    "-" => x - y,
                    "*" => x * y,
                    "/" if y == 0.0 => return Err(by_zero()),
                    "/" => x / y,
                    _ => return Err(unknown("this operator on float")),
                }),
                _ => Value::Null,
            };
            let value = cast(&Typed { ty: SqlType::Float, value }, &ty, &scope.collation, None)?;
            Ok(Typed { ty, value })
        }
        SqlType::Decimal { .. } | SqlType::Numeric { .. } | SqlType::Money | SqlType::SmallMoney => {
            decimals(scope, operator, &a, &b, ty)
        }
        SqlType::BigInt | SqlType::Int | SqlType::SmallInt | SqlType::TinyInt => {
            let (x, y) = (cast(&a, &ty, &scope.collation, None)?, cast(&b, &ty, &scope.collation, None)?);
            let (Value::Int(x), Value::Int(y)) = (x, y) else { return Ok(Typed { ty, value: Value::Null }) };
            let value = match operator {
                "+" => x.checked_add(y),
                "-" => x.checked_sub(y),
                "*" => x.checked_mul(y),
                "/" | "%" if y == 0 => return Err(by_zero()),
                "/" => x.checked_div(y),
                "%" => x.checked_rem(y),
                "&" => Some(x & y),
                "|" => Some(x | y),
                _ => Some(x ^ y),
            };
            let value = value.ok_or_else(|| {
                error(
                    8115,
                    16,
                    "Arithmetic overflow error converting expression to data type bigint.".to_owned(),
                )
            })?;
            let value =
                cast(&Typed { ty: SqlType::BigInt, value: Value::Int(value) }, &ty, &scope.collation, None)?;
            Ok(Typed { ty, value })
        }
        _ => Err(error(
            402,
            16,
            format!(
                "The data types {} and {} are incompatible in the operator {operator}.",
                type_name(&a.ty),
                type_name(&b.ty)
            ),
        )),
    }
}

fn by_zero() -> SqlError {
    error(8134, 16, "Divide by zero error encountered.".to_owned())
}

fn concatenate(a: Typed, b: Typed) -> Typed {
    let national = [a.ty, b.ty].iter().any(|t| matches!(t, SqlType::NVarChar(_) | SqlType::NChar(_)));
    let top = if national { 4000 } else { 8000 };
    let len = match (length(&a.ty), length(&b.ty)) {
        (Some(n), Some(m)) => Len::Limited((n.saturating_add(m)).min(top)),
        _ => Len::Max,
    };
    let ty = if national { SqlType::NVarChar(len) } else { SqlType::VarChar(len) };
    let value = match (a.value, b.value) {
        (Value::Text(mut x), Value::Text(y)) => {
            x.extend(y);
            Value::Text(x)
        }
        _ => Value::Null,
    };
    Typed { ty, value }
}

/// datetime plus or minus days.
fn days(scope: &Scope<'_>, operator: &str, a: &Typed, b: &Typed) -> Result<Typed, SqlError> {
    let ty = SqlType::DateTime;
    let (x, y) = (cast(a, &ty, &scope.collation, None)?, cast(b, &ty, &scope.collation, None)?);
    let (Some(x), Some(y)) = (calendar::moment(&x), calendar::moment(&y)) else {
        return Ok(Typed { ty, value: Value::Null });
    };
    let zero = i64::from(calendar::DAY_1900) * TICKS_PER_DAY;
    let ticks = match operator {
        "+" => x.ticks + (y.ticks - zero),
        "-" => x.ticks - (y.ticks - zero),
        _ => return Err(error(402, 16, "The data types are incompatible in this operator.".to_owned())),
    };
    Ok(Typed { ty, value: calendar::value(Moment { ticks, offset: 0 }, &ty)? })
}

/// Exact arithmetic with SQL Server's rules for precision and scale.
fn decimals(
    scope: &Scope<'_>,
    operator: &str,
    a: &Typed,
    b: &Typed,
    wide: SqlType,
) -> Result<Typed, SqlError> {
    let money = matches!(wide, SqlType::Money | SqlType::SmallMoney);
    let (Some((p1, s1)), Some((p2, s2))) = (precision(&a.ty), precision(&b.ty)) else {
        return Err(unknown("decimal arithmetic with a string"));
    };
    let (p1, p2, s1, s2) = (i16::from(p1), i16::from(p2), i16::from(s1), i16::from(s2));
    let (precision, scale) = match operator {
        "+" | "-" => ((p1 - s1).max(p2 - s2) + s1.max(s2) + 1, s1.max(s2)),
        "*" => (p1 + p2 + 1, s1 + s2),
        "/" => (p1 - s1 + s2 + 6.max(s1 + p2 + 1), 6.max(s1 + p2 + 1)),
        "%" => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => return Err(unknown("this operator on decimal")),
    };
    let (precision, scale) = if precision > 38 {
        let whole = precision - scale;
        (
            38,
            if operator == "*" || operator == "/" {
                scale.min((38 - whole).max(6.min(scale)))
            } else {
                (38 - whole).max(0)
            },
        )
    } else {
        (precision, scale)
    };
    let byte = |n: i16| u8::try_from(n).unwrap_or(38);
    let ty = if money { wide } else { SqlType::Decimal { precision: byte(precision), scale: byte(scale) } };
    let exact = |v: &Typed, scale: i16| {
        cast(v, &SqlType::Decimal { precision: 38, scale: byte(scale) }, &scope.collation, None)
    };
    let (Value::Decimal(x), Value::Decimal(y)) = (exact(a, s1)?, exact(b, s2)?) else {
        return Ok(Typed { ty, value: Value::Null });
    };
    let (target, top) = if money { (4, 4) } else { (byte(scale), s1.max(s2)) };
    let level = |v: i128, s: i16| rescale(v, byte(s), byte(top));
    let found = match operator {
        "+" | "-" => level(x, s1).zip(level(y, s2)).and_then(|(x, y)| {
            let sum = if operator == "+" { x.checked_add(y) } else { x.checked_sub(y) };
            rescale(sum?, byte(top), target)
        }),
        "*" => x.checked_mul(y).and_then(|v| rescale(v, byte(s1 + s2), target)),
        _ if y == 0 => return Err(by_zero()),
        // Division truncates.
        "/" => rescale(x, 0, byte(i16::from(target) + s2 - s1)).and_then(|v| v.checked_div(y)),
        _ => level(x, s1).zip(level(y, s2)).and_then(|(x, y)| rescale(x % y, byte(top), target)),
    };
    let value = found.ok_or_else(|| {
        error(8115, 16, "Arithmetic overflow error converting expression to data type numeric.".to_owned())
    })?;
    Ok(Typed { ty, value: Value::Decimal(value) })
}
