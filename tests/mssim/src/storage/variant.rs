//! `sql_variant` in its stored form.

use rusqlite::types::ValueRef;

use super::{Stored, biased, float_bytes, float_from_bytes, from_sqlite, to_sqlite, unbiased};
use crate::types::{Len, SqlType};
use crate::value::Value;

/// Tag (family and type, two parameters), then the value. Families stand in SQL Server's order of comparison:
/// date and time above numbers above character above binary above uniqueidentifier.
pub(super) fn variant_bytes(base: &SqlType, inner: &Value) -> Vec<u8> {
    let (tag, first, second) = type_tag(base);
    let mut out = vec![tag];
    out.extend_from_slice(&first.to_be_bytes());
    out.push(second);
    match to_sqlite(base, inner) {
        Stored::Null => {}
        Stored::Integer(i) => out.extend_from_slice(&biased(i)),
        Stored::Real(r) => out.extend_from_slice(&float_bytes(r)),
        Stored::Text(b) | Stored::Blob(b) => out.extend_from_slice(&b),
    }
    out
}

pub(super) fn variant_from_bytes(b: &[u8]) -> Option<Value> {
    let (head, payload) = b.split_first_chunk::<4>()?;
    let base = type_of_tag(head[0], u16::from_be_bytes([head[1], head[2]]), head[3])?;
    let eight = || <[u8; 8]>::try_from(payload).ok();
    let inner = match base {
        SqlType::Real | SqlType::Float => from_sqlite(&base, ValueRef::Real(float_from_bytes(eight()?))),
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
            from_sqlite(&base, ValueRef::Text(payload))
        }
        SqlType::Decimal { .. }
        | SqlType::Numeric { .. }
        | SqlType::DateTimeOffset(_)
        | SqlType::UniqueIdentifier
        | SqlType::Binary(_)
        | SqlType::VarBinary(_) => from_sqlite(&base, ValueRef::Blob(payload)),
        _ => from_sqlite(&base, ValueRef::Integer(unbiased(eight()?))),
    };
    Some(Value::Variant(base, Box::new(inner.ok()?)))
}

fn type_tag(ty: &SqlType) -> (u8, u16, u8) {
    match *ty {
        SqlType::UniqueIdentifier => (0x10, 0, 0),
        SqlType::Binary(n) => (0x20, n, 0),
        SqlType::VarBinary(Len::Limited(n)) => (0x21, n, 0),
        SqlType::Char(n) => (0x30, n, 0),
        SqlType::VarChar(Len::Limited(n)) => (0x31, n, 0),
        SqlType::NChar(n) => (0x32, n, 0),
        SqlType::NVarChar(Len::Limited(n)) => (0x33, n, 0),
        SqlType::Bit => (0x40, 0, 0),
        SqlType::TinyInt => (0x41, 0, 0),
        SqlType::SmallInt => (0x42, 0, 0),
        SqlType::Int => (0x43, 0, 0),
        SqlType::BigInt => (0x44, 0, 0),
        SqlType::SmallMoney => (0x45, 0, 0),
        SqlType::Money => (0x46, 0, 0),
        SqlType::Decimal { precision, scale } => (0x47, u16::from(precision), scale),
        SqlType::Numeric { precision, scale } => (0x48, u16::from(precision), scale),
        SqlType::Real => (0x50, 0, 0),
        SqlType::Float => (0x51, 0, 0),
        SqlType::Time(s) => (0x60, 0, s),
        SqlType::Date => (0x61, 0, 0),
        SqlType::SmallDateTime => (0x62, 0, 0),
        SqlType::DateTime => (0x63, 0, 0),
        SqlType::DateTime2(s) => (0x64, 0, s),
        SqlType::DateTimeOffset(s) => (0x65, 0, s),
        // Never the base type of a variant; the tag is one that nothing decodes.
        _ => (0xFF, 0, 0),
    }
}

fn type_of_tag(tag: u8, first: u16, second: u8) -> Option<SqlType> {
    let precision = u8::try_from(first).unwrap_or(38);
    Some(match tag {
        0x10 => SqlType::UniqueIdentifier,
        0x20 => SqlType::Binary(first),
        0x21 => SqlType::VarBinary(Len::Limited(first)),
        0x30 => SqlType::Char(first),
        0x31 => SqlType::VarChar(Len::Limited(first)),
        0x32 => SqlType::NChar(first),
        0x33 => SqlType::NVarChar(Len::Limited(first)),
        0x40 => SqlType::Bit,
        0x41 => SqlType::TinyInt,
        0x42 => SqlType::SmallInt,
        0x43 => SqlType::Int,
        0x44 => SqlType::BigInt,
        0x45 => SqlType::SmallMoney,
        0x46 => SqlType::Money,
        0x47 => SqlType::Decimal { precision, scale: second },
        0x48 => SqlType::Numeric { precision, scale: second },
        0x50 => SqlType::Real,
        0x51 => SqlType::Float,
        0x60 => SqlType::Time(second),
        0x61 => SqlType::Date,
        0x62 => SqlType::SmallDateTime,
        0x63 => SqlType::DateTime,
        0x64 => SqlType::DateTime2(second),
        0x65 => SqlType::DateTimeOffset(second),
        _ => return None,
    })
}
