//! Remote procedure calls (MS-TDS 2.2.6.6): names, parameters with their TYPE_INFO, values.

use std::io;

use super::packet::invalid;
use super::read::Reader;
use crate::codepage;
use crate::collation;
use crate::results::Parameter;
use crate::types::{Collation, Len, SqlType};
use crate::value::Value;

/// One call of a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    /// In lower case; the well-known numbers have their names here.
    pub(crate) procedure: String,
    pub(crate) parameters: Vec<Parameter>,
}

/// ProcIDs (MS-TDS 2.2.6.6), from 1.
const PROCEDURES: [&str; 15] = [
    "sp_cursor",
    "sp_cursoropen",
    "sp_cursorprepare",
    "sp_cursorexecute",
    "sp_cursorprepexec",
    "sp_cursorunprepare",
    "sp_cursorfetch",
    "sp_cursoroption",
    "sp_cursorclose",
    "sp_executesql",
    "sp_prepare",
    "sp_execute",
    "sp_prepexec",
    "sp_prepexecrpc",
    "sp_unprepare",
];

/// # Errors
/// A malformed request, or a parameter of a type that this server does not take (table-valued ones).
pub(crate) fn decode(body: &[u8]) -> io::Result<Vec<Call>> {
    let mut reader = Reader::new(body);
    reader.all_headers()?;
    let mut calls = Vec::new();
    while !reader.is_empty() {
        calls.push(call(&mut reader)?);
    }
    Ok(calls)
}

fn call(reader: &mut Reader<'_>) -> io::Result<Call> {
    let procedure = match reader.u16()? {
        0xFFFF => {
            let number = usize::from(reader.u16()?);
            let name = number.checked_sub(1).and_then(|n| PROCEDURES.get(n));
            (*name.ok_or_else(|| invalid("unknown procedure number"))?).to_owned()
        }
        units => String::from_utf8_lossy(&reader.utf16(usize::from(units))?).to_ascii_lowercase(),
    };
    let procedure = procedure.rsplit('.').next().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    reader.u16()?;
    let mut parameters = Vec::new();
    loop {
        match reader.peek() {
            None => break,
            // BatchFlag, NoExecFlag.
            Some(0xFF | 0xFE) => {
                reader.u8()?;
                break;
            }
            Some(_) => parameters.push(parameter(reader)?),
        }
    }
    Ok(Call { procedure, parameters })
}

fn parameter(reader: &mut Reader<'_>) -> io::Result<Parameter> {
    let name = reader.b_varchar()?;
    reader.u8()?;
    let (ty, collation, form) = type_info(reader)?;
    let value = value(reader, ty, collation, form)?;
    Ok(Parameter { name, ty, collation, value })
}

/// How the value's length is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Fixed(usize),
    Byte,
    Short,
    Long,
    Plp,
    Null,
    Variant,
}

fn type_info(reader: &mut Reader<'_>) -> io::Result<(SqlType, Option<Collation>, Form)> {
    let token = reader.u8()?;
    let plain = |ty, form| Ok((ty, None, form));
    match token {
        0x1F => plain(SqlType::NVarChar(Len::Limited(1)), Form::Null),
        0x30 => plain(SqlType::TinyInt, Form::Fixed(1)),
        0x32 => plain(SqlType::Bit, Form::Fixed(1)),
        0x34 => plain(SqlType::SmallInt, Form::Fixed(2)),
        0x38 => plain(SqlType::Int, Form::Fixed(4)),
        0x7F => plain(SqlType::BigInt, Form::Fixed(8)),
        0x3A => plain(SqlType::SmallDateTime, Form::Fixed(4)),
        0x3D => plain(SqlType::DateTime, Form::Fixed(8)),
        0x3B => plain(SqlType::Real, Form::Fixed(4)),
        0x3E => plain(SqlType::Float, Form::Fixed(8)),
        0x3C => plain(SqlType::Money, Form::Fixed(8)),
        0x7A => plain(SqlType::SmallMoney, Form::Fixed(4)),
        0x26 | 0x68 | 0x6D | 0x6E | 0x6F => {
            let ty = match (token, reader.u8()?) {
                (0x26, 1) => SqlType::TinyInt,
                (0x26, 2) => SqlType::SmallInt,
                (0x26, 4) => SqlType::Int,
                (0x26, 8) => SqlType::BigInt,
                (0x68, 1) => SqlType::Bit,
                (0x6D, 4) => SqlType::Real,
                (0x6D, 8) => SqlType::Float,
                (0x6E, 4) => SqlType::SmallMoney,
                (0x6E, 8) => SqlType::Money,
                (0x6F, 4) => SqlType::SmallDateTime,
                (0x6F, 8) => SqlType::DateTime,
                _ => return Err(invalid("parameter type of impossible length")),
            };
            plain(ty, Form::Byte)
        }
        0x24 => (reader.u8()?, plain(SqlType::UniqueIdentifier, Form::Byte)).1,
        0x6A | 0x37 | 0x6C | 0x3F => {
            let [_, precision, scale] = reader.array()?;
            plain(SqlType::Decimal { precision, scale }, Form::Byte)
        }
        0x28 => plain(SqlType::Date, Form::Byte),
        0x29 => plain(SqlType::Time(reader.u8()?), Form::Byte),
        0x2A => plain(SqlType::DateTime2(reader.u8()?), Form::Byte),
        0x2B => plain(SqlType::DateTimeOffset(reader.u8()?), Form::Byte),
        0xA5 | 0xA7 | 0xAD | 0xAF | 0xE7 | 0xEF => variable(token, reader),
        0x22 | 0x23 | 0x63 => {
            reader.u32()?;
            let collation = (token != 0x22).then(|| reader.array().map(collation::from_wire)).transpose()?;
            let ty = match token {
                0x22 => SqlType::VarBinary(Len::Max),
                0x23 => SqlType::VarChar(Len::Max),
                _ => SqlType::NVarChar(Len::Max),
            };
            Ok((ty, collation, Form::Long))
        }
        0x62 => (reader.u32()?, plain(SqlType::SqlVariant, Form::Variant)).1,
        0xF1 => match reader.u8()? {
            0 => plain(SqlType::Xml, Form::Plp),
            _ => Err(invalid("xml parameters with a schema are not supported")),
        },
        other => Err(invalid(&format!("parameters of type 0x{other:02X} are not supported"))),
    }
}

fn variable(token: u8, reader: &mut Reader<'_>) -> io::Result<(SqlType, Option<Collation>, Form)> {
    let bytes = reader.u16()?;
    let text = matches!(token, 0xA7 | 0xAF | 0xE7 | 0xEF);
    let collation = text.then(|| reader.array().map(collation::from_wire)).transpose()?;
    let max = bytes == 0xFFFF;
    let limited = |unit: u16| if max { Len::Max } else { Len::Limited((bytes / unit).max(1)) };
    let ty = match token {
        0xA5 => SqlType::VarBinary(limited(1)),
        0xA7 => SqlType::VarChar(limited(1)),
        0xAD => SqlType::Binary(bytes),
        0xAF => SqlType::Char(bytes),
        0xE7 => SqlType::NVarChar(limited(2)),
        _ => SqlType::NChar(bytes / 2),
    };
    Ok((ty, collation, if max { Form::Plp } else { Form::Short }))
}

fn value(
    reader: &mut Reader<'_>,
    ty: SqlType,
    collation: Option<Collation>,
    form: Form,
) -> io::Result<Value> {
    let long;
    let bytes: &[u8] = match form {
        Form::Null => return Ok(Value::Null),
        Form::Fixed(length) => reader.bytes(length)?,
        Form::Byte => match reader.u8()? {
            0 => return Ok(Value::Null),
            length => reader.bytes(usize::from(length))?,
        },
        Form::Short => match reader.u16()? {
            0xFFFF => return Ok(Value::Null),
            length => reader.bytes(usize::from(length))?,
        },
        Form::Long => match reader.u32()? {
            u32::MAX => return Ok(Value::Null),
            length => reader.bytes(usize::try_from(length).map_err(|_| invalid("value too long"))?)?,
        },
        Form::Plp => match plp(reader)? {
            None => return Ok(Value::Null),
            Some(bytes) => {
                long = bytes;
                &long
            }
        },
        Form::Variant => match reader.u32()? {
            0 => return Ok(Value::Null),
            _ => return Err(invalid("sql_variant parameters are not supported")),
        },
    };
    convert(ty, collation, bytes).ok_or_else(|| invalid("parameter value of impossible length"))
}

fn plp(reader: &mut Reader<'_>) -> io::Result<Option<Vec<u8>>> {
    if reader.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut whole = Vec::new();
    loop {
        match reader.u32()? {
            0 => return Ok(Some(whole)),
            length => {
                let length = usize::try_from(length).map_err(|_| invalid("chunk too long"))?;
                whole.extend_from_slice(reader.bytes(length)?);
            }
        }
    }
}

fn convert(ty: SqlType, collation: Option<Collation>, bytes: &[u8]) -> Option<Value> {
    Some(match ty {
        SqlType::Bit => Value::Bit(*bytes.first()? != 0),
        SqlType::TinyInt => Value::Int(i64::from(*bytes.first()?)),
        SqlType::SmallInt => Value::Int(i64::from(i16::from_le_bytes(bytes.try_into().ok()?))),
        SqlType::Int => Value::Int(i64::from(i32::from_le_bytes(bytes.try_into().ok()?))),
        SqlType::BigInt => Value::Int(i64::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Real => Value::Real(f32::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Float => Value::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        SqlType::Money => {
            let [a, b, c, d, e, f, g, h] = bytes.try_into().ok()?;
            Value::Decimal(i128::from(i64::from_le_bytes([e, f, g, h, a, b, c, d])))
        }
        SqlType::SmallMoney => Value::Decimal(i128::from(i32::from_le_bytes(bytes.try_into().ok()?))),
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => {
            let (sign, magnitude) = bytes.split_first()?;
            let magnitude = i128::try_from(little_endian(magnitude)?).ok()?;
            Value::Decimal(if *sign == 0 { -magnitude } else { magnitude })
        }
        SqlType::UniqueIdentifier => Value::Guid(bytes.try_into().ok()?),
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::Text => {
            Value::Text(codepage::decode(collation.unwrap_or(collation::DEFAULT).encoding, bytes))
        }
        SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml => {
            Value::Text(codepage::decode_utf16(bytes))
        }
        SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Image
        | SqlType::RowVersion
        | SqlType::Udt(_) => Value::Bytes(bytes.to_vec()),
        SqlType::SqlVariant => return None,
        _ => return moment(ty, bytes),
    })
}

fn moment(ty: SqlType, bytes: &[u8]) -> Option<Value> {
    let days = |bytes: &[u8]| i32::try_from(little_endian(bytes)?).ok();
    let ticks = |scale: u8, bytes: &[u8]| {
        let units = u64::try_from(little_endian(bytes)?).ok()?;
        units.checked_mul(10_u64.checked_pow(7_u32.checked_sub(u32::from(scale))?)?)
    };
    Some(match ty {
        SqlType::Date => Value::Date(days(bytes)?),
        SqlType::Time(scale) => Value::Time(ticks(scale, bytes)?),
        SqlType::DateTime2(scale) => {
            let (clock, date) = bytes.split_at_checked(bytes.len().checked_sub(3)?)?;
            Value::DateTime2 { days: days(date)?, ticks: ticks(scale, clock)? }
        }
        SqlType::DateTimeOffset(scale) => {
            let (clock, rest) = bytes.split_at_checked(bytes.len().checked_sub(5)?)?;
            let offset = i16::from_le_bytes([rest[3], rest[4]]);
            Value::DateTimeOffset { days: days(&rest[..3])?, ticks: ticks(scale, clock)?, offset }
        }
        SqlType::DateTime => {
            let (days, ticks) = bytes.split_first_chunk::<4>()?;
            let ticks = u32::from_le_bytes(ticks.try_into().ok()?);
            Value::DateTime { days: i32::from_le_bytes(*days), ticks }
        }
        SqlType::SmallDateTime => {
            let [a, b, c, d] = bytes.try_into().ok()?;
            let minutes = u32::from(u16::from_le_bytes([c, d]));
            Value::DateTime { days: i32::from(u16::from_le_bytes([a, b])), ticks: minutes * 18_000 }
        }
        _ => return None,
    })
}

fn little_endian(bytes: &[u8]) -> Option<u128> {
    (bytes.len() <= 16).then(|| bytes.iter().rev().fold(0, |sum, b| sum << 8 | u128::from(*b)))
}

/// Names of the parameters in a definition such as `@a int, @b decimal(10, 2) = 5 OUTPUT`.
pub(crate) fn names(definition: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let parts = definition.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let names = parts.filter_map(|part| part.split_whitespace().next());
    names.filter(|name| name.starts_with('@')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(tail: &[u8]) -> Vec<u8> {
        let mut body = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        body.extend_from_slice(tail);
        body
    }

    fn one(type_and_value: &[u8]) -> (SqlType, Value) {
        let mut tail = vec![0xFF, 0xFF, 10, 0, 0, 0, 2, b'@', 0, b'p', 0, 0];
        tail.extend_from_slice(type_and_value);
        let mut calls = decode(&request(&tail)).unwrap();
        assert_eq!((calls.len(), calls[0].procedure.as_str()), (1, "sp_executesql"));
        let parameter = calls[0].parameters.remove(0);
        assert_eq!(parameter.name, "@p");
        (parameter.ty, parameter.value)
    }

    #[test]
    fn parameters_of_the_usual_types() {
        assert_eq!(one(&[0x26, 4, 4, 7, 0, 0, 0]), (SqlType::Int, Value::Int(7)));
        assert_eq!(one(&[0x26, 8, 0]), (SqlType::BigInt, Value::Null));
        assert_eq!(one(&[0x68, 1, 1, 1]), (SqlType::Bit, Value::Bit(true)));
        let (ty, value) = one(&[0x6A, 17, 38, 2, 5, 0, 0x39, 0x30, 0, 0]);
        assert_eq!((ty, value), (SqlType::Decimal { precision: 38, scale: 2 }, Value::Decimal(-12345)));
        let (ty, value) = one(&[0xE7, 8, 0, 9, 4, 0xD0, 0, 52, 4, 0, b'h', 0, 0xE4, 0]);
        assert_eq!((ty, value), (SqlType::NVarChar(Len::Limited(4)), Value::Text("hä".into())));
        let (ty, value) = one(&[0xA7, 3, 0, 9, 4, 0xD0, 0, 52, 1, 0, 0x80]);
        assert_eq!((ty, value), (SqlType::VarChar(Len::Limited(3)), Value::Text("€".into())));
        let (_, value) = one(&[0x2A, 7, 8, 1, 0, 0, 0, 0, 7, 0x24, 0x0B]);
        assert_eq!(value, Value::DateTime2 { days: 730_119, ticks: 1 });
        let (_, value) = one(&[0x2B, 0, 8, 1, 0, 0, 1, 0, 0, 60, 0]);
        assert_eq!(value, Value::DateTimeOffset { days: 1, ticks: 10_000_000, offset: 60 });
        let long = [
            0xE7, 0xFF, 0xFF, 9, 4, 0xD0, 0, 52, 0xFE, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, b'x',
            0, 0, 0, 0, 0,
        ];
        assert_eq!(one(&long), (SqlType::NVarChar(Len::Max), Value::Text(b"x".to_vec())));
    }

    #[test]
    fn several_calls_and_names() {
        let mut tail = vec![4, 0, b's', 0, b'P', 0, b'_', 0, b'x', 0, 0, 0, 0xFF, 0xFF, 0xFF, 15, 0, 0, 0];
        tail.extend_from_slice(&[0, 0, 0x38, 9, 0, 0, 0]);
        let calls = decode(&request(&tail)).unwrap();
        assert_eq!(calls[0], Call { procedure: "sp_x".to_owned(), parameters: Vec::new() });
        assert_eq!(
            (calls[1].procedure.as_str(), &calls[1].parameters[0].value),
            ("sp_unprepare", &Value::Int(9))
        );
    }

    #[test]
    fn damaged_requests_are_errors() {
        for tail in
            [&[0xFF, 0xFF][..], &[0xFF, 0xFF, 99, 0, 0, 0], &[1, 0], &[0xFF, 0xFF, 10, 0, 0, 0, 0, 0, 0xF3]]
        {
            assert!(decode(&request(tail)).is_err(), "{tail:?}");
        }
    }

    #[test]
    fn definitions_give_names_in_order() {
        assert_eq!(names("@a int, @b decimal(10, 2) = 5 OUTPUT,\n@c nvarchar(max)"), ["@a", "@b", "@c"]);
        assert!(names("").is_empty());
    }
}
