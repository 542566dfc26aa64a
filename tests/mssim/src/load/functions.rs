//! The scalar functions that declarations and rows of a script use.

use crate::codepage;
use crate::engine::{error, unknown};
use crate::load::calendar::{self, MINUTE, Moment, SECOND};
use crate::load::convert::{Typed, cast};
use crate::load::eval::{NOW, Scope};
use crate::load::expr::{self, Expr};
use crate::load::names::is_character;
use crate::results::SqlError;
use crate::storage::TICKS_PER_DAY;
use crate::types::{Len, SqlType};
use crate::value::Value;

/// Calls a function by its lower-case name.
pub(crate) fn call(s: &Scope<'_>, name: &str, arguments: &[Expr]) -> Result<Typed, SqlError> {
    match name {
        "isnull" | "coalesce" | "nullif" | "iif" | "concat" => return conditional(s, name, arguments),
        "dateadd" | "datediff" | "datepart" | "year" | "month" | "day" => return dates(s, name, arguments),
        "newid" | "newsequentialid" | "rand" | "crypt_gen_random" => {
            return Err(unknown(format_args!("{name}(), since a script must give the same rows every time")));
        }
        _ => {}
    }
    if name.starts_with('[') {
        // A method of a column: what NULL gives is NULL.
        if let Some((column, method)) = expr::user_function(name)
            && let Some((of, _)) = (s.column)(&column)
            && matches!(of.ty, SqlType::Udt(_))
        {
            let level = method.eq_ignore_ascii_case("GetLevel");
            let ty = if level { SqlType::SmallInt } else { SqlType::NVarChar(Len::Limited(4000)) };
            if of.value == Value::Null {
                return Ok(Typed { ty, value: Value::Null });
            }
        }
        return Err(unknown(format_args!(
            "the value of the user's function {name}: functions are declared only"
        )));
    }
    let values: Vec<Typed> = arguments.iter().map(|a| s.eval(a)).collect::<Result<_, _>>()?;
    if let Some((ty, method)) = name.split_once("::") {
        return crate::clr::made(ty, method, &values);
    }
    match (name, values.as_slice()) {
        ("getdate" | "current_timestamp" | "getutcdate", []) => now(SqlType::DateTime),
        ("sysdatetime" | "sysutcdatetime", []) => now(SqlType::DateTime2(7)),
        ("sysdatetimeoffset", []) => now(SqlType::DateTimeOffset(7)),
        ("user" | "current_user" | "session_user" | "user_name", []) => constant("dbo"),
        ("suser_sname" | "system_user" | "original_login", []) => constant("sa"),
        ("char" | "nchar", [v]) => character(name, v),
        ("abs", [v]) => absolute(v),
        ("datalength", [v]) => {
            let value = match cast(v, &SqlType::VarBinary(Len::Max), &s.collation, None)? {
                Value::Bytes(b) => Value::Int(i64::try_from(b.len()).unwrap_or(i64::MAX)),
                _ => Value::Null,
            };
            Ok(Typed { ty: SqlType::Int, value })
        }
        (_, [first, rest @ ..]) if is_character(&first.ty) => text(name, first, rest),
        _ => Err(error(195, 15, format!("'{name}' is not a recognized built-in function name (to mssim)."))),
    }
}

fn now(ty: SqlType) -> Result<Typed, SqlError> {
    Ok(Typed { ty, value: calendar::value(NOW, &ty)? })
}

fn constant(text: &str) -> Result<Typed, SqlError> {
    Ok(Typed { ty: SqlType::NVarChar(Len::Limited(128)), value: Value::Text(text.into()) })
}

fn conditional(s: &Scope<'_>, name: &str, arguments: &[Expr]) -> Result<Typed, SqlError> {
    let converted = |v: &Typed, ty: SqlType| Ok(Typed { ty, value: cast(v, &ty, &s.collation, None)? });
    match (name, arguments) {
        ("isnull", [a, b]) => {
            let (x, y) = (s.eval(a)?, s.eval(b)?);
            let ty = if *a == Expr::Null { y.ty } else { x.ty };
            converted(if x.value == Value::Null { &y } else { &x }, ty)
        }
        ("coalesce", [_, ..]) => {
            let ty = s.widest(&arguments.iter().collect::<Vec<_>>())?;
            for a in arguments {
                let v = s.eval(a)?;
                if v.value != Value::Null {
                    return converted(&v, ty);
                }
            }
            Ok(Typed { ty, value: Value::Null })
        }
        ("nullif", [a, b]) => {
            let equal = Expr::Binary("=".to_owned(), Box::new(a.clone()), Box::new(b.clone()));
            let mut v = s.eval(a)?;
            if s.test(&equal)? == Some(true) {
                v.value = Value::Null;
            }
            Ok(v)
        }
        ("iif", [condition, a, b]) => {
            let ty = s.widest(&[a, b])?;
            converted(&s.eval(if s.test(condition)? == Some(true) { a } else { b })?, ty)
        }
        ("concat", [_, _, ..]) => {
            let mut out = Vec::new();
            let mut national = false;
            let mut len = Some(0_u16);
            for a in arguments {
                let v = s.eval(a)?;
                national |= matches!(v.ty, SqlType::NVarChar(_) | SqlType::NChar(_) | SqlType::NText);
                len = len.zip(shown_length(&v.ty)).and_then(|(a, b)| a.checked_add(b));
                if let Value::Text(t) = cast(&v, &SqlType::NVarChar(Len::Max), &s.collation, None)? {
                    out.extend(t);
                }
            }
            let len = len.map_or(Len::Max, |n| Len::Limited(n.clamp(1, if national { 4000 } else { 8000 })));
            let ty = if national { SqlType::NVarChar(len) } else { SqlType::VarChar(len) };
            Ok(Typed { ty, value: Value::Text(out) })
        }
        _ => Err(error(174, 15, format!("The {name} function requires other arguments."))),
    }
}

/// Characters that a value of the type takes at most.
fn shown_length(ty: &SqlType) -> Option<u16> {
    Some(match ty {
        SqlType::Char(n) | SqlType::NChar(n) => *n,
        SqlType::VarChar(Len::Limited(n)) | SqlType::NVarChar(Len::Limited(n)) => *n,
        SqlType::VarChar(Len::Max) | SqlType::NVarChar(Len::Max) => return None,
        SqlType::Int => 12,
        SqlType::BigInt => 24,
        _ => 41,
    })
}

fn character(name: &str, v: &Typed) -> Result<Typed, SqlError> {
    let national = name == "nchar";
    let ty = if national { SqlType::NChar(1) } else { SqlType::Char(1) };
    let value = match v.value {
        Value::Int(i) if national => u16::try_from(i)
            .map_or(Value::Null, |unit| Value::Text(codepage::decode_utf16(&unit.to_le_bytes()))),
        Value::Int(i) => {
            u8::try_from(i).map_or(Value::Null, |b| Value::Text(codepage::decode("windows-1252", &[b])))
        }
        _ => Value::Null,
    };
    Ok(Typed { ty, value })
}

fn absolute(v: &Typed) -> Result<Typed, SqlError> {
    let value = match &v.value {
        Value::Null => Value::Null,
        Value::Int(i) => Value::Int(i.checked_abs().ok_or_else(|| unknown("abs of the least bigint"))?),
        Value::Decimal(d) => Value::Decimal(d.abs()),
        Value::Float(f) => Value::Float(f.abs()),
        Value::Real(f) => Value::Real(f.abs()),
        _ => return Err(unknown("abs of this type")),
    };
    Ok(Typed { ty: v.ty, value })
}

/// Functions of characters, each on the first argument.
fn text(name: &str, first: &Typed, rest: &[Typed]) -> Result<Typed, SqlError> {
    let ty = match first.ty {
        SqlType::Char(n) => SqlType::VarChar(Len::Limited(n)),
        SqlType::NChar(n) => SqlType::NVarChar(Len::Limited(n)),
        other => other,
    };
    let number = |i: usize| match rest.get(i).map(|v| &v.value) {
        Some(Value::Int(n)) => Ok(*n),
        _ => Err(unknown(format_args!("{name} with this argument"))),
    };
    let Value::Text(bytes) = &first.value else {
        let ty = if matches!(name, "len") { SqlType::Int } else { ty };
        return Ok(Typed { ty, value: Value::Null });
    };
    let source = std::str::from_utf8(bytes);
    let source = || source.map_err(|_| unknown(format_args!("{name} of a lone surrogate")));
    let size = |n: i64| usize::try_from(n.max(0)).unwrap_or(0);
    let out = match (name, rest.len()) {
        ("len", 0) => {
            let trimmed = bytes.trim_ascii_end().len();
            let n = codepage::utf16_len(
                &bytes[..trimmed.max(bytes.iter().rposition(|b| *b != b' ').map_or(0, |i| i + 1))],
            );
            return Ok(Typed { ty: SqlType::Int, value: Value::Int(i64::try_from(n).unwrap_or(0)) });
        }
        ("replicate", 1) => {
            // Not a max type: cut at 8000 bytes, as SQL Server does.
            let max = matches!(first.ty, SqlType::VarChar(Len::Max) | SqlType::NVarChar(Len::Max));
            let unit = codepage::utf16_len(bytes).max(1);
            let top = if matches!(ty, SqlType::NVarChar(_)) { 4000 } else { 8000 };
            let times = if max { size(number(0)?) } else { size(number(0)?).min(top / unit) };
            let ty = match (ty, max) {
                (t, true) => t,
                (SqlType::NVarChar(_), _) => SqlType::NVarChar(Len::Limited(4000)),
                _ => SqlType::VarChar(Len::Limited(8000)),
            };
            return Ok(Typed { ty, value: Value::Text(bytes.repeat(times)) });
        }
        ("upper", 0) => source()?.to_uppercase(),
        ("lower", 0) => source()?.to_lowercase(),
        ("ltrim", 0) => source()?.trim_start_matches(' ').to_owned(),
        ("rtrim", 0) => source()?.trim_end_matches(' ').to_owned(),
        ("trim", 0) => source()?.trim_matches(' ').to_owned(),
        ("left", 1) => source()?.chars().take(size(number(0)?)).collect(),
        ("right", 1) => {
            let all: Vec<char> = source()?.chars().collect();
            all[all.len().saturating_sub(size(number(0)?))..].iter().collect()
        }
        ("substring", 2) => source()?.chars().skip(size(number(0)? - 1)).take(size(number(1)?)).collect(),
        ("replace", 2) => match (&rest[0].value, &rest[1].value) {
            (Value::Text(a), Value::Text(b)) if !a.is_empty() => {
                source()?.replace(String::from_utf8_lossy(a).as_ref(), &String::from_utf8_lossy(b))
            }
            _ => return Err(unknown("replace with these arguments")),
        },
        _ => {
            return Err(error(
                195,
                15,
                format!("'{name}' is not a recognized built-in function name (to mssim)."),
            ));
        }
    };
    Ok(Typed { ty, value: Value::Text(out.into_bytes()) })
}

fn dates(s: &Scope<'_>, name: &str, arguments: &[Expr]) -> Result<Typed, SqlError> {
    let (part, values) = match (name, arguments) {
        ("year" | "month" | "day", [_]) => (name, arguments),
        (_, [Expr::Column(part), rest @ ..]) => (part.as_str(), rest),
        _ => return Err(error(174, 15, format!("The {name} function requires other arguments."))),
    };
    let values: Vec<Typed> = values.iter().map(|a| s.eval(a)).collect::<Result<_, _>>()?;
    let moment = |v: &Typed| -> Result<Option<Moment>, SqlError> {
        let v = match v.value {
            Value::Text(_) | Value::Int(_) => cast(v, &SqlType::DateTime, &s.collation, None)?,
            _ => v.value.clone(),
        };
        Ok(calendar::moment(&v))
    };
    let int =
        |value: Option<i64>| Ok(Typed { ty: SqlType::Int, value: value.map_or(Value::Null, Value::Int) });
    match (name, values.as_slice()) {
        ("dateadd", [n, v]) => {
            let ty = if is_character(&v.ty) || v.ty == SqlType::Int { SqlType::DateTime } else { v.ty };
            let Value::Int(n) = cast(n, &SqlType::Int, &s.collation, None)? else {
                return Ok(Typed { ty, value: Value::Null });
            };
            let Some(m) = moment(v)? else { return Ok(Typed { ty, value: Value::Null }) };
            Ok(Typed { ty, value: calendar::value(added(part, n, m)?, &ty)? })
        }
        ("datediff", [a, b]) => match (moment(a)?, moment(b)?) {
            (Some(a), Some(b)) => int(Some(unit_number(part, b)? - unit_number(part, a)?)),
            _ => int(None),
        },
        (_, [v]) => match moment(v)? {
            Some(m) => int(Some(part_of(part, m)?)),
            None => int(None),
        },
        _ => Err(error(174, 15, format!("The {name} function requires other arguments."))),
    }
}

fn added(part: &str, n: i64, m: Moment) -> Result<Moment, SqlError> {
    let months = |n: i64| {
        let (y, mo, d) = calendar::date(m.day());
        let at = y * 12 + mo - 1 + n;
        let (y, mo) = (at.div_euclid(12), at.rem_euclid(12) + 1);
        let day = calendar::days(y, mo, d.min(calendar::month_length(y, mo)));
        day.map(|day| day * TICKS_PER_DAY + m.time())
    };
    let ticks = match part {
        "year" | "yy" | "yyyy" => months(n * 12),
        "quarter" | "qq" | "q" => months(n * 3),
        "month" | "mm" | "m" => months(n),
        "day" | "dd" | "d" | "dayofyear" => Some(m.ticks + n * TICKS_PER_DAY),
        "week" | "wk" | "ww" => Some(m.ticks + n * 7 * TICKS_PER_DAY),
        "hour" | "hh" => Some(m.ticks + n * 60 * MINUTE),
        "minute" | "mi" | "n" => Some(m.ticks + n * MINUTE),
        "second" | "ss" | "s" => Some(m.ticks + n * SECOND),
        "millisecond" | "ms" => Some(m.ticks + n * (SECOND / 1000)),
        _ => return Err(unknown(format_args!("the date part {part}"))),
    };
    let ticks = ticks
        .ok_or_else(|| error(517, 16, "Adding a value to a date column caused an overflow.".to_owned()))?;
    Ok(Moment { ticks, ..m })
}

/// Number of the unit in which the moment lies, for the boundaries that DATEDIFF counts.
fn unit_number(part: &str, m: Moment) -> Result<i64, SqlError> {
    let (y, mo, _) = calendar::date(m.day());
    Ok(match part {
        "year" | "yy" | "yyyy" => y,
        "month" | "mm" | "m" => y * 12 + mo,
        "day" | "dd" | "d" => m.day(),
        "hour" | "hh" => m.ticks.div_euclid(60 * MINUTE),
        "minute" | "mi" | "n" => m.ticks.div_euclid(MINUTE),
        "second" | "ss" | "s" => m.ticks.div_euclid(SECOND),
        _ => return Err(unknown(format_args!("the date part {part}"))),
    })
}

fn part_of(part: &str, m: Moment) -> Result<i64, SqlError> {
    let (y, mo, d) = calendar::date(m.day());
    Ok(match part {
        "year" | "yy" | "yyyy" => y,
        "quarter" | "qq" | "q" => (mo + 2) / 3,
        "month" | "mm" | "m" => mo,
        "day" | "dd" | "d" => d,
        "hour" | "hh" => m.time() / (60 * MINUTE),
        "minute" | "mi" | "n" => m.time() / MINUTE % 60,
        "second" | "ss" | "s" => m.time() / SECOND % 60,
        _ => return Err(unknown(format_args!("the date part {part}"))),
    })
}
