//! Values in memory, between the engine and the wire.

use crate::types::SqlType;

/// One value; which variants a [`SqlType`] allows stands behind each.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    /// `bit`.
    Bit(bool),
    /// `tinyint` (0 to 255), `smallint`, `int`, `bigint`.
    Int(i64),
    /// `decimal`, `numeric` (the scale is the type's), `money` and `smallmoney` (ten-thousandths).
    Decimal(i128),
    /// `real`.
    Real(f32),
    /// `float`.
    Float(f64),
    /// `date`: days since 0001-01-01.
    Date(i32),
    /// `time(n)`: 100 ns ticks since midnight, whatever the scale.
    Time(u64),
    /// `datetime`: days since 1900-01-01 (may be negative) and 1/300 s since midnight;
    /// `smalldatetime`: days, and minutes x 18 000 in the same unit.
    DateTime {
        days: i32,
        ticks: u32,
    },
    /// `datetime2(n)`: days since 0001-01-01 and 100 ns ticks since midnight.
    DateTime2 {
        days: i32,
        ticks: u64,
    },
    /// `datetimeoffset(n)`: the UTC instant as days since 0001-01-01 and 100 ns ticks, and the offset in minutes.
    DateTimeOffset {
        days: i32,
        ticks: u64,
        offset: i16,
    },
    /// All character types, `xml`, `json` and `vector`: WTF-8, that is UTF-8 in which a lone surrogate stands as its three bytes.
    Text(Vec<u8>),
    /// `binary`, `varbinary`, `image`, `rowversion` (8 bytes, big-endian), and the UDTs as SQL Server sends them.
    Bytes(Vec<u8>),
    /// `uniqueidentifier` in the byte order of the wire (first three groups little-endian).
    Guid([u8; 16]),
    /// `sql_variant`: the base type and a value of it (never Null, never a variant).
    Variant(SqlType, Box<Value>),
}
