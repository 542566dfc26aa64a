//! COLMETADATA (MS-TDS 2.2.7.4) and TYPE_INFO (2.2.5.6): what the columns of a result are and how their values are
//! framed.

use super::broken;
use super::cursor::{Cursor, Read};
use std::fmt;

/// The five bytes of a collation (MS-TDS 2.2.5.1.2): LCID 20 bits, flags 8 bits, version 4 bits, sort id.
pub type Collation = [u8; 5];

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireColumn {
    pub name: String,
    pub ty: WireType,
    pub nullable: bool,
    /// It is an IDENTITY column of a table.
    pub identity: bool,
}

/// A column's type on the wire. Nullable and NOT NULL forms (INTN and INT4 …) are the same here.
/// `max_bytes: None` stands for `(max)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireType {
    /// The untyped NULL.
    Null,
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    SmallMoney,
    Money,
    SmallDateTime,
    DateTime,
    Date,
    Time {
        scale: u8,
    },
    DateTime2 {
        scale: u8,
    },
    DateTimeOffset {
        scale: u8,
    },
    Decimal {
        precision: u8,
        scale: u8,
    },
    Guid,
    Char {
        max_bytes: u16,
        collation: Collation,
    },
    VarChar {
        max_bytes: Option<u16>,
        collation: Collation,
    },
    NChar {
        max_bytes: u16,
    },
    NVarChar {
        max_bytes: Option<u16>,
    },
    Binary {
        max_bytes: u16,
    },
    VarBinary {
        max_bytes: Option<u16>,
    },
    Text {
        collation: Collation,
    },
    NText,
    Image,
    Xml,
    Variant,
    /// A CLR type, `schema.name`.
    Udt {
        name: String,
    },
    Json,
    Vector,
    /// A type that only servers before 7.0 send.
    Legacy {
        code: u8,
    },
}

/// In the words of T-SQL.
impl fmt::Display for WireType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sized = |f: &mut fmt::Formatter<'_>, name: &str, bytes: &Option<u16>, each: u16| match bytes {
            Some(bytes) => write!(f, "{name}({})", bytes / each),
            None => write!(f, "{name}(max)"),
        };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Real => f.write_str("real"),
            Self::Float => f.write_str("float"),
            Self::SmallMoney => f.write_str("smallmoney"),
            Self::Money => f.write_str("money"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime => f.write_str("datetime"),
            Self::Date => f.write_str("date"),
            Self::Time { scale } => write!(f, "time({scale})"),
            Self::DateTime2 { scale } => write!(f, "datetime2({scale})"),
            Self::DateTimeOffset { scale } => write!(f, "datetimeoffset({scale})"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Guid => f.write_str("uniqueidentifier"),
            Self::Char { max_bytes, .. } => write!(f, "char({max_bytes})"),
            Self::VarChar { max_bytes, .. } => sized(f, "varchar", max_bytes, 1),
            Self::NChar { max_bytes } => write!(f, "nchar({})", max_bytes / 2),
            Self::NVarChar { max_bytes } => sized(f, "nvarchar", max_bytes, 2),
            Self::Binary { max_bytes } => write!(f, "binary({max_bytes})"),
            Self::VarBinary { max_bytes } => sized(f, "varbinary", max_bytes, 1),
            Self::Text { .. } => f.write_str("text"),
            Self::NText => f.write_str("ntext"),
            Self::Image => f.write_str("image"),
            Self::Xml => f.write_str("xml"),
            Self::Variant => f.write_str("sql_variant"),
            Self::Udt { name } => f.write_str(name),
            Self::Json => f.write_str("json"),
            Self::Vector => f.write_str("vector"),
            Self::Legacy { code } => write!(f, "legacy type {code:#04x}"),
        }
    }
}

/// How a value of a column lies in the row (MS-TDS 2.2.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// No bytes at all: always NULL.
    Nothing,
    /// So many bytes.
    Fixed(u8),
    /// A length byte, 0 for NULL.
    Byte,
    /// Two bytes of length, 0xFFFF for NULL.
    Short,
    /// Four bytes of length, 0 for NULL.
    Long,
    /// A text pointer and a timestamp before four bytes of length.
    Pointer,
    /// A total, then chunks (MS-TDS 2.2.5.2.3).
    Plp,
}

/// The columns of a COLMETADATA token behind its first byte; empty if the server sends no metadata (0xFFFF).
pub(super) fn columns(cursor: &mut Cursor<'_>) -> Read<Vec<(WireColumn, Frame)>> {
    let count = cursor.u16()?;
    if count == u16::MAX {
        return Ok(Vec::new());
    }
    (0..count).map(|_| column(cursor)).collect()
}

/// The columns of a COLMETADATA token behind its first byte, for answers whose rows nobody reads; None: it is cut, or names
/// a data type that is not known.
pub(in crate::sqlserver) fn described(cursor: &mut Cursor<'_>) -> Option<Vec<WireColumn>> {
    Some(columns(cursor).ok()?.into_iter().map(|(column, _)| column).collect())
}

fn column(cursor: &mut Cursor<'_>) -> Read<(WireColumn, Frame)> {
    let _user_type = cursor.u32()?;
    // Flags: fNullable is the lowest bit, fIdentity the fifth.
    let flags = cursor.u16()?;
    let (nullable, identity) = (flags & 0x01 != 0, flags & 0x10 != 0);
    let (ty, frame) = type_info(cursor)?;
    if matches!(ty, WireType::Text { .. } | WireType::NText | WireType::Image) {
        for _ in 0..cursor.u8()? {
            cursor.long_text()?;
        }
    }
    let name = cursor.short_text()?;
    Ok((WireColumn { name, ty, nullable, identity }, frame))
}

/// One TYPE_INFO.
pub(super) fn type_info(cursor: &mut Cursor<'_>) -> Read<(WireType, Frame)> {
    let code = cursor.u8()?;
    Ok(match code {
        0x1F => (WireType::Null, Frame::Nothing),
        0x30 => (WireType::TinyInt, Frame::Fixed(1)),
        0x32 => (WireType::Bit, Frame::Fixed(1)),
        0x34 => (WireType::SmallInt, Frame::Fixed(2)),
        0x38 => (WireType::Int, Frame::Fixed(4)),
        0x7F => (WireType::BigInt, Frame::Fixed(8)),
        0x3B => (WireType::Real, Frame::Fixed(4)),
        0x3E => (WireType::Float, Frame::Fixed(8)),
        0x7A => (WireType::SmallMoney, Frame::Fixed(4)),
        0x3C => (WireType::Money, Frame::Fixed(8)),
        0x3A => (WireType::SmallDateTime, Frame::Fixed(4)),
        0x3D => (WireType::DateTime, Frame::Fixed(8)),
        0x22 | 0x23 | 0x62 | 0x63 | 0xF0..=0xF5 => large_type(code, cursor)?,
        0xA5 | 0xA7 | 0xAD | 0xAF | 0xE7 | 0xEF => sized_type(code, cursor)?,
        _ => (byte_type(code, cursor)?, Frame::Byte),
    })
}

/// BYTELEN_TYPE.
fn byte_type(code: u8, cursor: &mut Cursor<'_>) -> Read<WireType> {
    Ok(match code {
        0x24 => {
            cursor.length_of(&[16], "GUIDTYPE")?;
            WireType::Guid
        }
        0x26 => match cursor.length_of(&[1, 2, 4, 8], "INTNTYPE")? {
            1 => WireType::TinyInt,
            2 => WireType::SmallInt,
            4 => WireType::Int,
            _ => WireType::BigInt,
        },
        0x28 => WireType::Date,
        0x29 => WireType::Time { scale: scale(cursor)? },
        0x2A => WireType::DateTime2 { scale: scale(cursor)? },
        0x2B => WireType::DateTimeOffset { scale: scale(cursor)? },
        0x68 => {
            cursor.length_of(&[1], "BITNTYPE")?;
            WireType::Bit
        }
        0x37 | 0x3F | 0x6A | 0x6C => {
            let _most_bytes = cursor.u8()?;
            let (precision, scale) = (cursor.u8()?, cursor.u8()?);
            if !(1..=38).contains(&precision) || scale > precision {
                return Err(broken(format!("decimal({precision},{scale})")).into());
            }
            WireType::Decimal { precision, scale }
        }
        0x6D if cursor.length_of(&[4, 8], "FLTNTYPE")? == 4 => WireType::Real,
        0x6D => WireType::Float,
        0x6E if cursor.length_of(&[4, 8], "MONEYNTYPE")? == 4 => WireType::SmallMoney,
        0x6E => WireType::Money,
        0x6F if cursor.length_of(&[4, 8], "DATETIMNTYPE")? == 4 => WireType::SmallDateTime,
        0x6F => WireType::DateTime,
        0x25 | 0x27 | 0x2D | 0x2F => {
            let _most_bytes = cursor.u8()?;
            WireType::Legacy { code }
        }
        _ => return Err(broken(format!("data type {code:#04x}")).into()),
    })
}

fn scale(cursor: &mut Cursor<'_>) -> Read<u8> {
    let scale = cursor.u8()?;
    if scale <= 7 { Ok(scale) } else { Err(broken(format!("a time scale of {scale}")).into()) }
}

/// USHORTLEN_TYPE; a length of 0xFFFF makes it a PLP type.
fn sized_type(code: u8, cursor: &mut Cursor<'_>) -> Read<(WireType, Frame)> {
    let length = cursor.u16()?;
    let max_bytes = (length != u16::MAX).then_some(length);
    let frame = if max_bytes.is_some() { Frame::Short } else { Frame::Plp };
    if max_bytes.is_none() && matches!(code, 0xAD | 0xAF | 0xEF) {
        return Err(broken(format!("data type {code:#04x} without a length")).into());
    }
    let ty = match code {
        0xA5 => WireType::VarBinary { max_bytes },
        0xA7 => WireType::VarChar { max_bytes, collation: cursor.collation()? },
        0xAD => WireType::Binary { max_bytes: length },
        0xAF => WireType::Char { max_bytes: length, collation: cursor.collation()? },
        0xE7 => {
            cursor.collation()?;
            WireType::NVarChar { max_bytes }
        }
        _ => {
            cursor.collation()?;
            WireType::NChar { max_bytes: length }
        }
    };
    Ok((ty, frame))
}

/// LONGLEN_TYPE, xml, UDT, json and vector.
fn large_type(code: u8, cursor: &mut Cursor<'_>) -> Read<(WireType, Frame)> {
    Ok(match code {
        0x22 => {
            cursor.u32()?;
            (WireType::Image, Frame::Pointer)
        }
        0x23 => {
            cursor.u32()?;
            (WireType::Text { collation: cursor.collation()? }, Frame::Pointer)
        }
        0x63 => {
            cursor.u32()?;
            cursor.collation()?;
            (WireType::NText, Frame::Pointer)
        }
        0x62 => {
            cursor.u32()?;
            (WireType::Variant, Frame::Long)
        }
        0xF0 => {
            let _most_bytes = cursor.u16()?;
            let _database = cursor.short_text()?;
            let (schema, name) = (cursor.short_text()?, cursor.short_text()?);
            let _assembly = cursor.long_text()?;
            (WireType::Udt { name: format!("{schema}.{name}") }, Frame::Plp)
        }
        0xF1 => {
            if cursor.u8()? != 0 {
                cursor.short_text()?;
                cursor.short_text()?;
                cursor.long_text()?;
            }
            (WireType::Xml, Frame::Plp)
        }
        0xF4 => (WireType::Json, Frame::Plp),
        0xF5 => {
            cursor.u16()?;
            cursor.u8()?;
            (WireType::Vector, Frame::Short)
        }
        _ => return Err(broken(format!("data type {code:#04x}")).into()),
    })
}
