//! sql_variant (MS-TDS 2.2.5.5.4): the base type, the length of its properties, the properties, the value.
//!
//! As text the value is written as SQL Server writes one of its base type: decimals with their scale, dates with all
//! digits and the offset, bytes in hex behind `0x`. As jsonb the base type stands beside it:
//! `{"type": "decimal(18,4)", "value": 1.5000}`; numbers and bits are JSON's, all else is text.

use super::super::text::{CodedPieces, Utf16Pieces};
use super::Refusal;
use super::as_text::{TextForm, digits, float, hex};
use super::field::fixed;
use super::long_value::JSONB_VERSION;
use crate::sqlserver::wire::{CodePage, Collation, code_page};
use std::sync::{Mutex, PoisonError};

/// How a column of variants is written.
#[derive(Debug)]
pub(in crate::convert) struct Variant {
    json: bool,
    /// The code page of the last text that needed one: most columns have one collation.
    page: Mutex<Option<(Collation, CodePage)>>,
}

/// A base type and its value's bytes.
enum Value<'v> {
    Bit(&'v [u8]),
    /// With the size that it must have; one byte has no sign.
    Integer(&'v [u8], usize),
    Real(&'v [u8]),
    Float(&'v [u8]),
    /// TextForm, and a number for JSON.
    Number(TextForm, &'v [u8]),
    /// TextForm, and text for JSON.
    Moment(TextForm, &'v [u8]),
    Bytes(&'v [u8]),
    Wide(&'v [u8]),
    Coded(Collation, &'v [u8]),
}

impl Variant {
    pub(in crate::convert) const fn text() -> Self {
        Self { json: false, page: Mutex::new(None) }
    }

    pub(in crate::convert) const fn json() -> Self {
        Self { json: true, page: Mutex::new(None) }
    }

    /// Appends the content of the field.
    pub(super) fn write(&self, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refusal> {
        let (name, value) = parse(raw)?;
        if !self.json {
            return self.value(out, &value);
        }
        out.push(JSONB_VERSION);
        out.extend_from_slice(b"{\"type\": \"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\", \"value\": ");
        self.json_value(out, &value)?;
        out.push(b'}');
        Ok(())
    }

    fn value(&self, out: &mut Vec<u8>, value: &Value<'_>) -> Result<(), Refusal> {
        match *value {
            Value::Bit(raw) => out.push(if fixed::<1>(raw)? == [0] { b'0' } else { b'1' }),
            Value::Integer(raw, size) => integer(out, raw, size)?,
            Value::Real(raw) => float(out, &format!("{:?}", f32::from_le_bytes(fixed(raw)?))),
            Value::Float(raw) => float(out, &format!("{:?}", f64::from_le_bytes(fixed(raw)?))),
            Value::Number(written, raw) | Value::Moment(written, raw) => written.write(out, raw)?,
            Value::Bytes(raw) => {
                out.extend_from_slice(b"0x");
                hex(out, raw);
            }
            Value::Wide(raw) => {
                let mut text = Utf16Pieces::default();
                text.piece(out, raw)?;
                text.end()?;
            }
            Value::Coded(collation, raw) => self.coded(out, collation, raw)?,
        }
        Ok(())
    }

    fn coded(&self, out: &mut Vec<u8>, collation: Collation, raw: &[u8]) -> Result<(), Refusal> {
        let mut cached = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.as_ref().is_none_or(|(known, _)| *known != collation) {
            let page = code_page(collation).ok_or(Refusal::NoForm(
                "a text in a sql_variant under a collation whose code page is not known",
            ))?;
            *cached = Some((collation, page));
        }
        let Some((_, page)) = cached.as_ref() else { return Err(Refusal::Malformed) };
        let start = out.len();
        let mut text = CodedPieces::default();
        text.piece(page, out, raw)?;
        text.end(page, out, start)?;
        Ok(())
    }

    fn json_value(&self, out: &mut Vec<u8>, value: &Value<'_>) -> Result<(), Refusal> {
        let number = match *value {
            Value::Bit(raw) => {
                out.extend_from_slice(if fixed::<1>(raw)? == [0] { b"false" } else { b"true" });
                return Ok(());
            }
            Value::Integer(..) | Value::Number(..) => true,
            // JSON's numbers have no NaN, and jsonb's no negative zero.
            Value::Real(raw) => json_float(f64::from(f32::from_le_bytes(fixed(raw)?))),
            Value::Float(raw) => json_float(f64::from_le_bytes(fixed(raw)?)),
            _ => false,
        };
        if number {
            return self.value(out, value);
        }
        out.push(b'"');
        let start = out.len();
        self.value(out, value)?;
        escape(out, start);
        out.push(b'"');
        Ok(())
    }
}

fn json_float(value: f64) -> bool {
    value.is_finite() && !(value == 0.0 && value.is_sign_negative())
}

fn integer(out: &mut Vec<u8>, raw: &[u8], size: usize) -> Result<(), Refusal> {
    let value = match size {
        1 => i64::from(fixed::<1>(raw)?[0]),
        2 => i64::from(i16::from_le_bytes(fixed(raw)?)),
        4 => i64::from(i32::from_le_bytes(fixed(raw)?)),
        _ => i64::from_le_bytes(fixed(raw)?),
    };
    digits(out, value < 0, u128::from(value.unsigned_abs()), 0);
    Ok(())
}

/// What JSON cannot have inside a text, from `start` on.
fn escape(out: &mut Vec<u8>, start: usize) {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
    if !out.get(start..).unwrap_or_default().iter().any(special) {
        return;
    }
    for byte in out.split_off(start) {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..=0x1F => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

/// The type as T-SQL writes it, and the value.
fn parse(raw: &[u8]) -> Result<(String, Value<'_>), Refusal> {
    let (&[code, length], rest) = raw.split_first_chunk::<2>().ok_or(Refusal::Malformed)?;
    let (properties, value) = rest.split_at_checked(usize::from(length)).ok_or(Refusal::Malformed)?;
    let plain = |name: &str, value| Ok((name.to_owned(), value));
    let scaled = |name: &str, written: fn(u8) -> TextForm| match *properties {
        [scale] if scale <= 7 => Ok((format!("{name}({scale})"), Value::Moment(written(scale), value))),
        _ => Err(Refusal::Malformed),
    };
    let coded = |name: &str, each: u16, wide: bool| match *properties {
        [a, b, c, d, e, low, high] => {
            let most = u16::from_le_bytes([low, high]) / each;
            let value = if wide { Value::Wide(value) } else { Value::Coded([a, b, c, d, e], value) };
            Ok((format!("{name}({most})"), value))
        }
        _ => Err(Refusal::Malformed),
    };
    match code {
        0x32 => plain("bit", Value::Bit(value)),
        0x30 => plain("tinyint", Value::Integer(value, 1)),
        0x34 => plain("smallint", Value::Integer(value, 2)),
        0x38 => plain("int", Value::Integer(value, 4)),
        0x7F => plain("bigint", Value::Integer(value, 8)),
        0x3B => plain("real", Value::Real(value)),
        0x3E => plain("float", Value::Float(value)),
        0x3C => plain("money", Value::Number(TextForm::Money, value)),
        0x7A => plain("smallmoney", Value::Number(TextForm::SmallMoney, value)),
        0x3D => plain("datetime", Value::Moment(TextForm::DateTime, value)),
        0x3A => plain("smalldatetime", Value::Moment(TextForm::SmallDateTime, value)),
        0x24 => plain("uniqueidentifier", Value::Moment(TextForm::Guid, value)),
        0x28 => plain("date", Value::Moment(TextForm::Date, value)),
        0x29 => scaled("time", TextForm::Time),
        0x2A => scaled("datetime2", TextForm::DateTime2),
        0x2B => scaled("datetimeoffset", TextForm::DateTimeOffset),
        0x6A | 0x6C => match *properties {
            [precision, scale] if scale <= precision && precision <= 38 => {
                let name = if code == 0x6A { "decimal" } else { "numeric" };
                Ok((format!("{name}({precision},{scale})"), Value::Number(TextForm::Decimal(scale), value)))
            }
            _ => Err(Refusal::Malformed),
        },
        0xA5 | 0xAD => match *properties {
            [low, high] => {
                let name = if code == 0xA5 { "varbinary" } else { "binary" };
                Ok((format!("{name}({})", u16::from_le_bytes([low, high])), Value::Bytes(value)))
            }
            _ => Err(Refusal::Malformed),
        },
        0xA7 => coded("varchar", 1, false),
        0xAF => coded("char", 1, false),
        0xE7 => coded("nvarchar", 2, true),
        0xEF => coded("nchar", 2, true),
        _ => Err(Refusal::NoForm("a sql_variant of a base type that is not known")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQL_Latin1_General_CP1_CI_AS
    const LATIN1: [u8; 5] = [9, 4, 0xD0, 0, 52];

    fn both(raw: &[u8]) -> (String, String) {
        let (mut text, mut json) = (Vec::new(), Vec::new());
        assert!(Variant::text().write(&mut text, raw).is_ok(), "{raw:02x?}");
        assert!(Variant::json().write(&mut json, raw).is_ok(), "{raw:02x?}");
        assert_eq!(json.remove(0), JSONB_VERSION);
        (String::from_utf8(text).unwrap(), String::from_utf8(json).unwrap())
    }

    fn coded(code: u8, bytes: &[u8]) -> Vec<u8> {
        [&[code, 7][..], &LATIN1, &[20, 0], bytes].concat()
    }

    #[test]
    fn every_base_type_is_written_in_full() {
        let decimal = [&[0x6C, 2, 18, 4, 1][..], &15000u128.to_le_bytes()].concat();
        let offset = [0x2B, 1, 7, 1, 0, 0, 0, 0, 0x07, 0x24, 0x0B, 60, 0];
        for (raw, text, json) in [
            (&[0x38, 0, 7, 0, 0, 0][..], "7", "{\"type\": \"int\", \"value\": 7}"),
            (&[0x30, 0, 255], "255", "{\"type\": \"tinyint\", \"value\": 255}"),
            (&[0x32, 0, 1], "1", "{\"type\": \"bit\", \"value\": true}"),
            (&decimal, "1.5000", "{\"type\": \"numeric(18,4)\", \"value\": 1.5000}"),
            (&[0x3E, 0, 0, 0, 0, 0, 0, 0, 0, 0x80], "-0", "{\"type\": \"float\", \"value\": \"-0\"}"),
            (&[0x3B, 0, 0, 0, 0xC0, 0x3F], "1.5", "{\"type\": \"real\", \"value\": 1.5}"),
            (&[0x28, 0, 0, 0, 0], "0001-01-01", "{\"type\": \"date\", \"value\": \"0001-01-01\"}"),
            (
                &offset,
                "2000-01-01 01:00:00.0000001 +01:00",
                "{\"type\": \"datetimeoffset(7)\", \"value\": \"2000-01-01 01:00:00.0000001 +01:00\"}",
            ),
            (&[0xA5, 2, 9, 0, 0, 255], "0x00ff", "{\"type\": \"varbinary(9)\", \"value\": \"0x00ff\"}"),
            (&coded(0xA7, b"\x80\"\n"), "€\"\n", "{\"type\": \"varchar(20)\", \"value\": \"€\\\"\\u000a\"}"),
            (&coded(0xE7, &[0xE9, 0]), "é", "{\"type\": \"nvarchar(10)\", \"value\": \"é\"}"),
        ] {
            assert_eq!(both(raw), (text.to_owned(), json.to_owned()));
        }
    }

    #[test]
    fn what_is_cut_or_unknown_is_refused() {
        for raw in [
            &[][..],
            &[0x38],
            &[0x38, 0, 1, 2],
            &[0x38, 9, 1],
            &[0x6A, 2, 39, 0, 1, 0, 0, 0, 0],
            &[0x29, 1, 8, 0, 0, 0],
            &[0xF1, 0, 1],
            &[0xA7, 7, 0, 0, 0, 0, 0, 5, 0, b'a'],
            &[0x30, 0, 1, 2],
            &[0x34, 0, 1, 0, 0, 0],
        ] {
            assert!(Variant::text().write(&mut Vec::new(), raw).is_err(), "{raw:02x?}");
        }
    }
}
