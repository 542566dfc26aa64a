//! Values to wire bytes (MS-TDS 2.2.5.5 and 2.2.7.19): one [`Cell`] per column, fixed at the start of a result.

use super::type_info::{decimal_length, fixed_type};
use crate::codepage;
use crate::collation;
use crate::types::{Column, Len, SqlType};
use crate::value::Value;

/// Bytes of one chunk of a PLP value: smaller than most packets, so that long values have several.
const CHUNK: usize = 8040;

/// How a column's values stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// NOT NULL: the bytes alone.
    Bare,
    /// A length byte, 0 for NULL.
    Byte,
    /// Two length bytes, 0xFFFF for NULL.
    Short,
    /// Eight bytes of length, chunks, an empty chunk.
    Plp,
    /// Text pointer, timestamp, four length bytes.
    Pointer,
    /// `sql_variant`: four length bytes, 0 for NULL.
    Variant,
}

/// The encoder of one column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    ty: SqlType,
    encoding: &'static str,
    layout: Layout,
}

/// The value does not belong to the column's type: a defect of the engine, not of the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch;

impl Cell {
    pub(crate) fn new(column: &Column) -> Self {
        let layout = match column.ty {
            ty if fixed_type(ty).is_some() && !column.nullable => Layout::Bare,
            SqlType::VarChar(Len::Max) | SqlType::NVarChar(Len::Max) | SqlType::VarBinary(Len::Max) => {
                Layout::Plp
            }
            SqlType::Xml | SqlType::Udt(_) | SqlType::Json | SqlType::Vector(_) => Layout::Plp,
            SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
                Layout::Short
            }
            SqlType::Binary(_) | SqlType::VarBinary(_) | SqlType::RowVersion => Layout::Short,
            SqlType::Text | SqlType::NText | SqlType::Image => Layout::Pointer,
            SqlType::SqlVariant => Layout::Variant,
            _ => Layout::Byte,
        };
        Self { ty: column.ty, encoding: column.collation.unwrap_or(collation::DEFAULT).encoding, layout }
    }

    /// Bytes that a NULL takes in a ROW token; none in an NBCROW.
    pub(crate) fn null_bytes(&self) -> usize {
        match self.layout {
            Layout::Bare => 0,
            Layout::Byte | Layout::Pointer => 1,
            Layout::Short => 2,
            Layout::Variant => 4,
            Layout::Plp => 8,
        }
    }

    /// Appends one value.
    ///
    /// # Errors
    /// [`Mismatch`]: NULL in a NOT NULL column, a value of another type or out of the type's range.
    #[inline]
    pub(crate) fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        if matches!(value, Value::Null) {
            return self.null(out);
        }
        let start = out.len();
        match self.layout {
            Layout::Bare => payload(self.ty, self.encoding, value, out),
            Layout::Byte => {
                out.push(0);
                payload(self.ty, self.encoding, value, out)?;
                out[start] = u8::try_from(out.len() - start - 1).map_err(|_| Mismatch)?;
                Ok(())
            }
            Layout::Short => {
                out.extend_from_slice(&[0; 2]);
                payload(self.ty, self.encoding, value, out)?;
                let length = u16::try_from(out.len() - start - 2).map_err(|_| Mismatch)?;
                out[start..start + 2].copy_from_slice(&length.to_le_bytes());
                Ok(())
            }
            Layout::Plp => {
                let mut bytes = Vec::new();
                payload(self.ty, self.encoding, value, &mut bytes)?;
                plp(&bytes, out)
            }
            Layout::Pointer => {
                // A text pointer of 16 bytes and a timestamp of 8, as SQL Server's dummy ones.
                out.push(16);
                out.extend_from_slice(b"dummy textptr\0\0\0dummyTS\0");
                let at = out.len();
                out.extend_from_slice(&[0; 4]);
                payload(self.ty, self.encoding, value, out)?;
                let length = u32::try_from(out.len() - at - 4).map_err(|_| Mismatch)?;
                out[at..at + 4].copy_from_slice(&length.to_le_bytes());
                Ok(())
            }
            Layout::Variant => variant(value, out),
        }
    }

    fn null(&self, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        match self.layout {
            Layout::Bare => return Err(Mismatch),
            Layout::Byte | Layout::Pointer => out.push(0),
            Layout::Short => out.extend_from_slice(&[0xFF; 2]),
            Layout::Variant => out.extend_from_slice(&[0; 4]),
            Layout::Plp => out.extend_from_slice(&[0xFF; 8]),
        }
        Ok(())
    }
}

/// Appends a PLP value of known total length.
fn plp(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Mismatch> {
    out.extend_from_slice(&u64::try_from(bytes.len()).map_err(|_| Mismatch)?.to_le_bytes());
    for chunk in bytes.chunks(CHUNK) {
        out.extend_from_slice(&u32::try_from(chunk.len()).map_err(|_| Mismatch)?.to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out.extend_from_slice(&[0; 4]);
    Ok(())
}

/// The value's bytes without any length.
fn payload(ty: SqlType, encoding: &str, value: &Value, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    match (ty, value) {
        (SqlType::Bit, Value::Bit(v)) => out.push(u8::from(*v)),
        (SqlType::TinyInt, Value::Int(v)) => out.push(u8::try_from(*v).map_err(|_| Mismatch)?),
        (SqlType::SmallInt, Value::Int(v)) => {
            put(out, i16::try_from(*v).map_err(|_| Mismatch)?.to_le_bytes())
        }
        (SqlType::Int, Value::Int(v)) => put(out, i32::try_from(*v).map_err(|_| Mismatch)?.to_le_bytes()),
        (SqlType::BigInt, Value::Int(v)) => put(out, v.to_le_bytes()),
        (SqlType::Decimal { precision, .. } | SqlType::Numeric { precision, .. }, Value::Decimal(v)) => {
            return decimal(precision, *v, out);
        }
        (SqlType::Money, Value::Decimal(v)) => {
            let [a, b, c, d, e, f, g, h] = i64::try_from(*v).map_err(|_| Mismatch)?.to_le_bytes();
            put(out, [e, f, g, h, a, b, c, d]);
        }
        (SqlType::SmallMoney, Value::Decimal(v)) => {
            put(out, i32::try_from(*v).map_err(|_| Mismatch)?.to_le_bytes())
        }
        (SqlType::Real, Value::Real(v)) => put(out, v.to_le_bytes()),
        (SqlType::Float, Value::Float(v)) => put(out, v.to_le_bytes()),
        (SqlType::UniqueIdentifier, Value::Guid(v)) => put(out, *v),
        (SqlType::Char(n), Value::Text(v)) => {
            let start = out.len();
            codepage::encode(encoding, v, out);
            pad(out, start, usize::from(n), b" ");
        }
        (SqlType::VarChar(_) | SqlType::Text, Value::Text(v)) => codepage::encode(encoding, v, out),
        (SqlType::NChar(n), Value::Text(v)) => {
            let start = out.len();
            codepage::encode_utf16(v, out);
            pad(out, start, usize::from(n) * 2, b" \0");
        }
        (SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml, Value::Text(v)) => {
            codepage::encode_utf16(v, out)
        }
        (SqlType::Binary(n), Value::Bytes(v)) => {
            let start = out.len();
            out.extend_from_slice(v);
            pad(out, start, usize::from(n), &[0]);
        }
        (SqlType::Json | SqlType::Vector(_), Value::Text(v)) => out.extend_from_slice(v),
        // A spatial value is not kept in the bytes that SQL Server would send.
        (SqlType::Udt(_), Value::Bytes(v)) if crate::clr::is_own_form(v) => return Err(Mismatch),
        (SqlType::VarBinary(_) | SqlType::Image | SqlType::Udt(_), Value::Bytes(v)) => {
            out.extend_from_slice(v)
        }
        (SqlType::RowVersion, Value::Bytes(v)) if v.len() == 8 => out.extend_from_slice(v),
        _ => return moment(ty, value, out),
    }
    Ok(())
}

/// The date and time family.
fn moment(ty: SqlType, value: &Value, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    match (ty, value) {
        (SqlType::Date, Value::Date(days)) => day(*days, out),
        (SqlType::Time(scale), Value::Time(ticks)) => {
            clock(scale, *ticks, out);
            Ok(())
        }
        (SqlType::DateTime, Value::DateTime { days, ticks }) => {
            put(out, days.to_le_bytes());
            put(out, ticks.to_le_bytes());
            Ok(())
        }
        (SqlType::SmallDateTime, Value::DateTime { days, ticks }) => {
            put(out, u16::try_from(*days).map_err(|_| Mismatch)?.to_le_bytes());
            put(out, u16::try_from(ticks / 18_000).map_err(|_| Mismatch)?.to_le_bytes());
            Ok(())
        }
        (SqlType::DateTime2(scale), Value::DateTime2 { days, ticks }) => {
            clock(scale, *ticks, out);
            day(*days, out)
        }
        (SqlType::DateTimeOffset(scale), Value::DateTimeOffset { days, ticks, offset }) => {
            clock(scale, *ticks, out);
            day(*days, out)?;
            put(out, offset.to_le_bytes());
            Ok(())
        }
        _ => Err(Mismatch),
    }
}

#[inline]
fn put<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(&bytes);
}

/// Fills up to `length` bytes from `start` with `with`.
fn pad(out: &mut Vec<u8>, start: usize, length: usize, with: &[u8]) {
    while out.len() - start < length {
        out.extend_from_slice(with);
    }
}

fn decimal(precision: u8, value: i128, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    out.push(u8::from(value >= 0));
    let length = usize::from(decimal_length(precision)) - 1;
    let bytes = value.unsigned_abs().to_le_bytes();
    if bytes[length..].iter().any(|b| *b != 0) {
        return Err(Mismatch);
    }
    out.extend_from_slice(&bytes[..length]);
    Ok(())
}

/// Three bytes of days since 0001-01-01.
fn day(days: i32, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    match u32::try_from(days).map_err(|_| Mismatch)?.to_le_bytes() {
        [a, b, c, 0] => out.extend_from_slice(&[a, b, c]),
        _ => return Err(Mismatch),
    }
    Ok(())
}

/// Three to five bytes of time in units of the scale; `ticks` are 100 ns.
fn clock(scale: u8, ticks: u64, out: &mut Vec<u8>) {
    let units = ticks / 10_u64.pow(7_u32.saturating_sub(u32::from(scale)));
    let length = match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    };
    out.extend_from_slice(&units.to_le_bytes()[..length]);
}

/// `sql_variant` (MS-TDS 2.2.5.5.4): total length, base type, properties, value.
fn variant(value: &Value, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let Value::Variant(ty, value) = value else { return Err(Mismatch) };
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let collation = collation::DEFAULT;
    let text = |token: u8, bytes: u16, out: &mut Vec<u8>| {
        out.extend_from_slice(&[token, 7]);
        out.extend_from_slice(&collation.wire);
        out.extend_from_slice(&bytes.to_le_bytes());
    };
    match *ty {
        ty if fixed_type(ty).is_some() => out.extend_from_slice(&[fixed_type(ty).ok_or(Mismatch)?.0, 0]),
        SqlType::Decimal { precision, scale } => out.extend_from_slice(&[0x6A, 2, precision, scale]),
        SqlType::Numeric { precision, scale } => out.extend_from_slice(&[0x6C, 2, precision, scale]),
        SqlType::Date => out.extend_from_slice(&[0x28, 0]),
        SqlType::Time(scale) => out.extend_from_slice(&[0x29, 1, scale]),
        SqlType::DateTime2(scale) => out.extend_from_slice(&[0x2A, 1, scale]),
        SqlType::DateTimeOffset(scale) => out.extend_from_slice(&[0x2B, 1, scale]),
        SqlType::UniqueIdentifier => out.extend_from_slice(&[0x24, 0]),
        SqlType::Char(n) => text(0xAF, n, out),
        SqlType::VarChar(Len::Limited(n)) => text(0xA7, n, out),
        SqlType::NChar(n) => text(0xEF, n * 2, out),
        SqlType::NVarChar(Len::Limited(n)) => text(0xE7, n * 2, out),
        SqlType::Binary(n) | SqlType::VarBinary(Len::Limited(n)) => {
            let token = if matches!(ty, SqlType::Binary(_)) { 0xAD } else { 0xA5 };
            out.extend_from_slice(&[token, 2]);
            out.extend_from_slice(&n.to_le_bytes());
        }
        _ => return Err(Mismatch),
    }
    payload(*ty, collation.encoding, value, out)?;
    let length = u32::try_from(out.len() - start - 4).map_err(|_| Mismatch)?;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UdtKind;

    fn bytes(ty: SqlType, nullable: bool, value: Value) -> Vec<u8> {
        let column =
            Column { name: String::new(), ty, nullable, collation: None, identity: false, computed: false };
        let mut out = Vec::new();
        Cell::new(&column).write(&value, &mut out).unwrap();
        out
    }

    #[test]
    fn integers_and_floats() {
        assert_eq!(bytes(SqlType::Bit, true, Value::Bit(true)), [1, 1]);
        assert_eq!(bytes(SqlType::TinyInt, false, Value::Int(255)), [255]);
        assert_eq!(bytes(SqlType::SmallInt, true, Value::Int(-2)), [2, 0xFE, 0xFF]);
        assert_eq!(bytes(SqlType::BigInt, false, Value::Int(i64::MIN)), [0, 0, 0, 0, 0, 0, 0, 0x80]);
        assert_eq!(bytes(SqlType::Real, true, Value::Real(1.5)), [4, 0, 0, 0xC0, 0x3F]);
        assert_eq!(bytes(SqlType::Int, true, Value::Null), [0]);
    }

    #[test]
    fn money_has_its_high_half_first() {
        assert_eq!(bytes(SqlType::Money, false, Value::Decimal(10_000)), [0, 0, 0, 0, 0x10, 0x27, 0, 0]);
        assert_eq!(bytes(SqlType::Money, false, Value::Decimal(-1)), [0xFF; 8]);
        assert_eq!(bytes(SqlType::Money, false, Value::Decimal(1 << 32)), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes(SqlType::SmallMoney, true, Value::Decimal(-2)), [4, 0xFE, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn decimals_have_a_sign_and_a_width_by_precision() {
        let ty = SqlType::Decimal { precision: 5, scale: 2 };
        assert_eq!(bytes(ty, true, Value::Decimal(-12345)), [5, 0, 0x39, 0x30, 0, 0]);
        let ty = SqlType::Numeric { precision: 38, scale: 0 };
        let widest = bytes(ty, true, Value::Decimal(10_i128.pow(38) - 1));
        assert_eq!((widest.len(), widest[0], widest[1]), (18, 17, 1));
    }

    #[test]
    fn the_date_and_time_family() {
        // 0001-01-01, and 2000-01-01 as day 730119 (0x0B2407).
        assert_eq!(bytes(SqlType::Date, true, Value::Date(730_119)), [3, 0x07, 0x24, 0x0B]);
        assert_eq!(bytes(SqlType::Time(0), true, Value::Time(10_000_000)), [3, 1, 0, 0]);
        assert_eq!(bytes(SqlType::Time(7), true, Value::Time(1)), [5, 1, 0, 0, 0, 0]);
        assert_eq!(bytes(SqlType::Time(3), true, Value::Time(10_000)), [4, 1, 0, 0, 0]);
        let value = Value::DateTime { days: -1, ticks: 300 };
        assert_eq!(bytes(SqlType::DateTime, false, value), [0xFF, 0xFF, 0xFF, 0xFF, 0x2C, 1, 0, 0]);
        let value = Value::DateTime { days: 2, ticks: 18_000 * 61 };
        assert_eq!(bytes(SqlType::SmallDateTime, true, value), [4, 2, 0, 61, 0]);
        let value = Value::DateTimeOffset { days: 1, ticks: 0, offset: -90 };
        assert_eq!(bytes(SqlType::DateTimeOffset(0), true, value), [8, 0, 0, 0, 1, 0, 0, 0xA6, 0xFF]);
    }

    #[test]
    fn text_is_padded_prefixed_and_chunked() {
        assert_eq!(bytes(SqlType::Char(3), true, Value::Text(b"a".to_vec())), [3, 0, b'a', b' ', b' ']);
        assert_eq!(bytes(SqlType::NChar(2), true, Value::Text(b"a".to_vec())), [4, 0, b'a', 0, b' ', 0]);
        assert_eq!(bytes(SqlType::VarChar(Len::Limited(9)), true, Value::Null), [0xFF, 0xFF]);
        let long = bytes(SqlType::VarChar(Len::Max), true, Value::Text(vec![b'x'; CHUNK + 1]));
        assert_eq!(long.len(), 8 + 4 + CHUNK + 4 + 1 + 4);
        assert_eq!(long[..12], [0x69, 0x1F, 0, 0, 0, 0, 0, 0, 0x68, 0x1F, 0, 0]);
        assert_eq!(long[12 + CHUNK..], [1, 0, 0, 0, b'x', 0, 0, 0, 0]);
        assert_eq!(bytes(SqlType::Xml, true, Value::Null), [0xFF; 8]);
        let empty = bytes(SqlType::Udt(UdtKind::HierarchyId), true, Value::Bytes(Vec::new()));
        assert_eq!(empty, [0; 12]);
    }

    #[test]
    fn old_long_types_have_text_pointers() {
        let text = bytes(SqlType::Text, true, Value::Text(b"hi".to_vec()));
        assert_eq!((text.len(), text[0]), (1 + 16 + 8 + 4 + 2, 16));
        assert_eq!(text[25..], [2, 0, 0, 0, b'h', b'i']);
        assert_eq!(bytes(SqlType::Image, true, Value::Null), [0]);
    }

    #[test]
    fn variants_carry_their_type() {
        let value = Value::Variant(SqlType::Int, Box::new(Value::Int(7)));
        assert_eq!(bytes(SqlType::SqlVariant, true, value), [6, 0, 0, 0, 0x38, 0, 7, 0, 0, 0]);
        let value = Value::Variant(SqlType::VarChar(Len::Limited(4)), Box::new(Value::Text(b"ab".to_vec())));
        assert_eq!(
            bytes(SqlType::SqlVariant, true, value),
            [11, 0, 0, 0, 0xA7, 7, 9, 4, 0xD0, 0, 52, 4, 0, b'a', b'b']
        );
        assert_eq!(bytes(SqlType::SqlVariant, true, Value::Null), [0; 4]);
    }

    #[test]
    fn values_of_another_type_are_refused() {
        let column = Column {
            name: String::new(),
            ty: SqlType::TinyInt,
            nullable: false,
            collation: None,
            identity: false,
            computed: false,
        };
        let cell = Cell::new(&column);
        for value in [Value::Null, Value::Int(256), Value::Int(-1), Value::Text(Vec::new())] {
            assert_eq!(cell.write(&value, &mut Vec::new()), Err(Mismatch));
        }
    }
}
