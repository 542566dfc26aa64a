//! How T-SQL values lie in SQLite: one form for each type, chosen so that SQLite's own comparison orders values as
//! SQL Server does. Columns are declared without a type (no affinity), so what is bound is what is stored.
//!
//! | T-SQL type | SQLite form |
//! |---|---|
//! | bit, tinyint, smallint, int, bigint | INTEGER |
//! | decimal, numeric (every precision) | BLOB of 16 bytes: the unscaled value plus 2^127, big-endian; comparable at equal scale |
//! | money, smallmoney | INTEGER, ten-thousandths |
//! | real, float | REAL |
//! | date | INTEGER, days since 0001-01-01 |
//! | time(n) | INTEGER, 100 ns since midnight |
//! | datetime, smalldatetime | INTEGER, days since 1900-01-01 x 25 920 000 + 1/300 s since midnight |
//! | datetime2(n) | INTEGER, days since 0001-01-01 x 864 000 000 000 + 100 ns since midnight |
//! | datetimeoffset(n) | BLOB of 10 bytes: the UTC instant (as datetime2) plus 2^63, big-endian, then the offset in minutes plus 2^15, big-endian |
//! | char, varchar, text, nchar, nvarchar, ntext, xml, json, vector | TEXT whose bytes are WTF-8; compared by the column's collation |
//! | binary, varbinary, image, rowversion, hierarchyid, geometry, geography | BLOB, the bytes themselves |
//! | uniqueidentifier | BLOB of 16 bytes: bytes 10-15, 8-9, 6-7, 4-5, 0-3 of the wire form, which is the order of comparison |
//! | sql_variant | BLOB: a tag for the base type, then the value in an order-preserving form |
//!
//! Two datetimeoffset values of one instant and different offsets are equal in SQL Server and differ here.
//! A `_BIN`/`_BIN2` collation of a code page compares here by UTF-16 unit, there by byte of the code page.

use std::cmp::Ordering;

use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::results::SqlError;
use crate::types::{Collation, SqlType, UdtKind};
use crate::value::Value;

/// 1/300 s of one day.
pub const DATETIME_TICKS_PER_DAY: i64 = 25_920_000;
/// 100 ns of one day.
pub const TICKS_PER_DAY: i64 = 864_000_000_000;

/// A stored value. Unlike `rusqlite::types::Value` its text may hold WTF-8 (a lone surrogate).
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.as_ref()))
    }
}

impl Stored {
    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(v) => ValueRef::Integer(*v),
            Self::Real(v) => ValueRef::Real(*v),
            Self::Text(v) => ValueRef::Text(v),
            Self::Blob(v) => ValueRef::Blob(v),
        }
    }
}

/// The stored form of `v`, a value of type `ty`. A value that is not of the type is stored as its own variant says.
#[must_use]
pub fn to_sqlite(ty: &SqlType, v: &Value) -> Stored {
    match v {
        Value::Null => Stored::Null,
        Value::Bit(b) => Stored::Integer(i64::from(*b)),
        Value::Int(i) => Stored::Integer(*i),
        Value::Decimal(d) if matches!(ty, SqlType::Money | SqlType::SmallMoney) => {
            Stored::Integer(i64::try_from(*d).unwrap_or(if *d < 0 { i64::MIN } else { i64::MAX }))
        }
        Value::Decimal(d) => Stored::Blob(decimal_bytes(*d).to_vec()),
        Value::Real(r) => Stored::Real(f64::from(*r)),
        Value::Float(f) => Stored::Real(*f),
        Value::Date(d) => Stored::Integer(i64::from(*d)),
        Value::Time(t) => Stored::Integer(i64::try_from(*t).unwrap_or(i64::MAX)),
        Value::DateTime { days, ticks } => {
            Stored::Integer(i64::from(*days) * DATETIME_TICKS_PER_DAY + i64::from(*ticks))
        }
        Value::DateTime2 { days, ticks } => Stored::Integer(instant(*days, *ticks)),
        Value::DateTimeOffset { days, ticks, offset } => {
            Stored::Blob(offset_bytes(instant(*days, *ticks), *offset).to_vec())
        }
        Value::Text(t) => Stored::Text(t.clone()),
        Value::Bytes(b) => Stored::Blob(b.clone()),
        Value::Guid(g) => Stored::Blob(guid_to_ordered(g).to_vec()),
        Value::Variant(base, inner) => Stored::Blob(variant_bytes(base, inner)),
    }
}

/// The value of type `ty` that a stored form means.
///
/// # Errors
/// 50999 when the form is none that `ty` has.
pub fn from_sqlite(ty: &SqlType, v: ValueRef<'_>) -> Result<Value, SqlError> {
    match v {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(i) => from_integer(ty, i),
        ValueRef::Real(r) => match ty {
            #[expect(clippy::cast_possible_truncation, reason = "rounding to single is what real means")]
            SqlType::Real => Ok(Value::Real(r as f32)),
            SqlType::Float => Ok(Value::Float(r)),
            _ => Err(mismatch(ty, "REAL")),
        },
        ValueRef::Text(t) => match ty {
            SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::Text
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::NText
            | SqlType::Json
            | SqlType::Vector(_)
            | SqlType::Xml => Ok(Value::Text(t.to_vec())),
            _ => Err(mismatch(ty, "TEXT")),
        },
        ValueRef::Blob(b) => from_blob(ty, b),
    }
}

/// As [`from_sqlite`], into a value whose buffer is used again: text and bytes of one column after another.
///
/// # Errors
/// As [`from_sqlite`].
#[inline]
pub fn read_sqlite(ty: &SqlType, v: ValueRef<'_>, into: &mut Value) -> Result<(), SqlError> {
    match (v, &mut *into, ty) {
        (
            ValueRef::Text(t),
            Value::Text(buffer),
            SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_),
        )
        | (ValueRef::Blob(t), Value::Bytes(buffer), SqlType::Binary(_) | SqlType::VarBinary(_)) => {
            buffer.clear();
            buffer.extend_from_slice(t);
        }
        _ => *into = from_sqlite(ty, v)?,
    }
    Ok(())
}

fn from_integer(ty: &SqlType, i: i64) -> Result<Value, SqlError> {
    let small = |v: i64| i32::try_from(v).map_err(|_| mismatch(ty, "INTEGER"));
    Ok(match ty {
        SqlType::Bit => Value::Bit(i != 0),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => Value::Int(i),
        SqlType::Money | SqlType::SmallMoney => Value::Decimal(i128::from(i)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "SQLite hands out whole REALs of expressions as INTEGER"
        )]
        SqlType::Float => Value::Float(i as f64),
        #[expect(clippy::cast_precision_loss, reason = "as for float")]
        SqlType::Real => Value::Real(i as f32),
        SqlType::Date => Value::Date(small(i)?),
        SqlType::Time(_) => Value::Time(u64::try_from(i).map_err(|_| mismatch(ty, "INTEGER"))?),
        SqlType::DateTime | SqlType::SmallDateTime => Value::DateTime {
            days: small(i.div_euclid(DATETIME_TICKS_PER_DAY))?,
            ticks: u32::try_from(i.rem_euclid(DATETIME_TICKS_PER_DAY)).unwrap_or(0),
        },
        SqlType::DateTime2(_) => {
            let (days, ticks) = split(i).ok_or_else(|| mismatch(ty, "INTEGER"))?;
            Value::DateTime2 { days, ticks }
        }
        _ => return Err(mismatch(ty, "INTEGER")),
    })
}

fn from_blob(ty: &SqlType, b: &[u8]) -> Result<Value, SqlError> {
    let bad = || mismatch(ty, "BLOB");
    Ok(match ty {
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => {
            Value::Decimal(decimal_from_bytes(b.try_into().map_err(|_| bad())?))
        }
        SqlType::DateTimeOffset(_) => {
            let bytes: [u8; 10] = b.try_into().map_err(|_| bad())?;
            let (at, offset) = offset_from_bytes(bytes);
            let (days, ticks) = split(at).ok_or_else(bad)?;
            Value::DateTimeOffset { days, ticks, offset }
        }
        SqlType::UniqueIdentifier => Value::Guid(guid_from_ordered(b.try_into().map_err(|_| bad())?)),
        SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Image
        | SqlType::RowVersion
        | SqlType::Udt(_) => Value::Bytes(b.to_vec()),
        SqlType::SqlVariant => variant_from_bytes(b).ok_or_else(bad)?,
        _ => return Err(bad()),
    })
}

/// The stored form of a decimal: order-preserving at equal scale.
#[must_use]
pub fn decimal_bytes(v: i128) -> [u8; 16] {
    (v.cast_unsigned() ^ (1 << 127)).to_be_bytes()
}

/// The inverse of [`decimal_bytes`].
#[must_use]
pub fn decimal_from_bytes(b: [u8; 16]) -> i128 {
    (u128::from_be_bytes(b) ^ (1 << 127)).cast_signed()
}

/// The stored form of a uniqueidentifier: bytes 10-15, 8-9, 6-7, 4-5, 0-3 of the wire form, in this order of
/// significance (the order of .NET's `SqlGuid`, which is SQL Server's).
#[must_use]
pub fn guid_to_ordered(wire: &[u8; 16]) -> [u8; 16] {
    GUID_ORDER.map(|i| wire[i])
}

/// The inverse of [`guid_to_ordered`].
#[must_use]
pub fn guid_from_ordered(stored: [u8; 16]) -> [u8; 16] {
    let mut wire = [0; 16];
    for (from, to) in GUID_ORDER.into_iter().enumerate() {
        wire[to] = stored[from];
    }
    wire
}

const GUID_ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];

fn instant(days: i32, ticks: u64) -> i64 {
    i64::from(days) * TICKS_PER_DAY + i64::try_from(ticks).unwrap_or(0)
}

fn split(at: i64) -> Option<(i32, u64)> {
    Some((
        i32::try_from(at.div_euclid(TICKS_PER_DAY)).ok()?,
        u64::try_from(at.rem_euclid(TICKS_PER_DAY)).ok()?,
    ))
}

fn biased(v: i64) -> [u8; 8] {
    (v.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn unbiased(b: [u8; 8]) -> i64 {
    (u64::from_be_bytes(b) ^ (1 << 63)).cast_signed()
}

fn offset_bytes(at: i64, offset: i16) -> [u8; 10] {
    let mut out = [0; 10];
    out[..8].copy_from_slice(&biased(at));
    out[8..].copy_from_slice(&(offset.cast_unsigned() ^ (1 << 15)).to_be_bytes());
    out
}

fn offset_from_bytes(b: [u8; 10]) -> (i64, i16) {
    let mut at = [0; 8];
    at.copy_from_slice(&b[..8]);
    (unbiased(at), (u16::from_be_bytes([b[8], b[9]]) ^ (1 << 15)).cast_signed())
}

/// Bits of a double in an order-preserving form.
fn float_bytes(v: f64) -> [u8; 8] {
    let bits = v.to_bits();
    (if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }).to_be_bytes()
}

fn float_from_bytes(b: [u8; 8]) -> f64 {
    let bits = u64::from_be_bytes(b);
    f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
}

fn mismatch(ty: &SqlType, form: &str) -> SqlError {
    let what = match ty {
        SqlType::Udt(UdtKind::HierarchyId) => "hierarchyid".to_owned(),
        other => format!("{other:?}"),
    };
    SqlError {
        number: 50999,
        state: 1,
        severity: 16,
        message: format!("a stored {form} is no value of the type {what}"),
        line: 0,
    }
}

/// Registers the comparison rules of the T-SQL collations under the names that [`collation_name`] gives.
///
/// # Errors
/// What SQLite says; none in practice.
pub fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (name, fold_case, fold_accents) in [
        ("ms_cs_as", false, false),
        ("ms_ci_as", true, false),
        ("ms_cs_ai", false, true),
        ("ms_ci_ai", true, true),
    ] {
        conn.create_collation(name, move |a: &str, b: &str| {
            order::linguistic(a, b, fold_case, fold_accents)
        })?;
    }
    conn.create_collation("ms_bin2", |a: &str, b: &str| order::binary(a, b))
}

/// The SQLite collation that compares as `collation` does; for `COLLATE`.
#[must_use]
pub fn collation_name(collation: &Collation) -> &'static str {
    if collation.name.ends_with("_BIN2") || collation.name.ends_with("_BIN") {
        return "ms_bin2";
    }
    match (collation.case_insensitive, collation.accent_insensitive) {
        (false, false) => "ms_cs_as",
        (true, false) => "ms_ci_as",
        (false, true) => "ms_cs_ai",
        (true, true) => "ms_ci_ai",
    }
}

/// Compares two character values as SQL Server would under `collation`.
#[must_use]
pub fn compare_text(collation: &Collation, a: &str, b: &str) -> Ordering {
    match collation_name(collation) {
        "ms_bin2" => order::binary(a, b),
        "ms_cs_as" => order::linguistic(a, b, false, false),
        "ms_ci_as" => order::linguistic(a, b, true, false),
        "ms_cs_ai" => order::linguistic(a, b, false, true),
        _ => order::linguistic(a, b, true, true),
    }
}

mod order;
mod variant;

use variant::{variant_bytes, variant_from_bytes};

#[cfg(test)]
mod tests;
