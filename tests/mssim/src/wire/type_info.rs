//! TYPE_INFO and COLMETADATA (MS-TDS 2.2.5.4 and 2.2.7.4): how a result describes its columns.

use crate::collation;
use crate::types::{Column, Len, SqlType, UdtKind};

/// UserType of rowversion columns.
const USER_TYPE_ROWVERSION: u32 = 80;

/// Appends COLMETADATA. `database` names the owner of the UDTs.
pub(crate) fn column_metadata(columns: &[Column], database: &str, out: &mut Vec<u8>) {
    out.push(0x81);
    out.extend_from_slice(&u16::try_from(columns.len()).unwrap_or(u16::MAX).to_le_bytes());
    for column in columns {
        let user_type = if column.ty == SqlType::RowVersion { USER_TYPE_ROWVERSION } else { 0 };
        out.extend_from_slice(&user_type.to_le_bytes());
        out.extend_from_slice(&flags(column).to_le_bytes());
        type_info(column, database, out);
        if matches!(column.ty, SqlType::Text | SqlType::NText | SqlType::Image) {
            // TableName: one part, as the owner of the text pointers.
            out.push(1);
            us_varchar("mssim", out);
        }
        b_varchar(&column.name, out);
    }
}

/// Nullable, case sensitive, updateable or unknown, identity, computed.
fn flags(column: &Column) -> u16 {
    let writable = !column.identity && !column.computed && column.ty != SqlType::RowVersion;
    u16::from(column.nullable)
        | u16::from(column.collation.is_some_and(|c| !c.case_insensitive)) << 1
        | u16::from(writable) << 3
        | u16::from(column.identity) << 4
        | u16::from(column.computed) << 5
}

/// Appends TYPE_INFO: the fixed type of a NOT NULL column, the nullable variant otherwise.
pub(crate) fn type_info(column: &Column, database: &str, out: &mut Vec<u8>) {
    if let Some((fixed, nullable, length)) = fixed_type(column.ty) {
        if column.nullable {
            out.extend_from_slice(&[nullable, length]);
        } else {
            out.push(fixed);
        }
        return;
    }
    let collation = column.collation.unwrap_or(collation::DEFAULT).wire;
    match column.ty {
        SqlType::Decimal { precision, scale } => {
            out.extend_from_slice(&[0x6A, decimal_length(precision), precision, scale]);
        }
        SqlType::Numeric { precision, scale } => {
            out.extend_from_slice(&[0x6C, decimal_length(precision), precision, scale]);
        }
        SqlType::Date => out.push(0x28),
        SqlType::Time(scale) => out.extend_from_slice(&[0x29, scale]),
        SqlType::DateTime2(scale) => out.extend_from_slice(&[0x2A, scale]),
        SqlType::DateTimeOffset(scale) => out.extend_from_slice(&[0x2B, scale]),
        SqlType::UniqueIdentifier => out.extend_from_slice(&[0x24, 16]),
        SqlType::Char(length) => limited(0xAF, length, Some(collation), out),
        SqlType::VarChar(length) => limited(0xA7, bytes_of(length, 1), Some(collation), out),
        SqlType::NChar(length) => limited(0xEF, length * 2, Some(collation), out),
        SqlType::NVarChar(length) => limited(0xE7, bytes_of(length, 2), Some(collation), out),
        SqlType::Binary(length) => limited(0xAD, length, None, out),
        SqlType::VarBinary(length) => limited(0xA5, bytes_of(length, 1), None, out),
        SqlType::RowVersion => limited(0xAD, 8, None, out),
        SqlType::Text => long(0x23, 0x7FFF_FFFF, Some(collation), out),
        SqlType::NText => long(0x63, 0x7FFF_FFFE, Some(collation), out),
        SqlType::Image => long(0x22, 0x7FFF_FFFF, None, out),
        SqlType::SqlVariant => long(0x62, 8009, None, out),
        SqlType::Xml => out.extend_from_slice(&[0xF1, 0]),
        // Without the feature extensions of the login both are shown as text.
        SqlType::Json | SqlType::Vector(_) => limited(0xA7, 0xFFFF, Some(collation::UTF8_BINARY.wire), out),
        SqlType::Udt(kind) => udt(kind, database, out),
        // All others are in the table of fixed types.
        _ => out.push(0x1F),
    }
}

/// Fixed wire type, its nullable variant, length.
pub(crate) fn fixed_type(ty: SqlType) -> Option<(u8, u8, u8)> {
    Some(match ty {
        SqlType::Bit => (0x32, 0x68, 1),
        SqlType::TinyInt => (0x30, 0x26, 1),
        SqlType::SmallInt => (0x34, 0x26, 2),
        SqlType::Int => (0x38, 0x26, 4),
        SqlType::BigInt => (0x7F, 0x26, 8),
        SqlType::Real => (0x3B, 0x6D, 4),
        SqlType::Float => (0x3E, 0x6D, 8),
        SqlType::Money => (0x3C, 0x6E, 8),
        SqlType::SmallMoney => (0x7A, 0x6E, 4),
        SqlType::DateTime => (0x3D, 0x6F, 8),
        SqlType::SmallDateTime => (0x3A, 0x6F, 4),
        _ => return None,
    })
}

/// Bytes of a decimal with its sign (MS-TDS 2.2.5.5.1.6).
pub(crate) fn decimal_length(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

fn bytes_of(length: Len, unit: u16) -> u16 {
    match length {
        Len::Limited(n) => n * unit,
        Len::Max => 0xFFFF,
    }
}

fn limited(token: u8, bytes: u16, collation: Option<[u8; 5]>, out: &mut Vec<u8>) {
    out.push(token);
    out.extend_from_slice(&bytes.to_le_bytes());
    out.extend_from_slice(collation.as_ref().map_or(&[], |c| c.as_slice()));
}

fn long(token: u8, bytes: u32, collation: Option<[u8; 5]>, out: &mut Vec<u8>) {
    out.push(token);
    out.extend_from_slice(&bytes.to_le_bytes());
    out.extend_from_slice(collation.as_ref().map_or(&[], |c| c.as_slice()));
}

fn udt(kind: UdtKind, database: &str, out: &mut Vec<u8>) {
    let (size, name, class) = match kind {
        UdtKind::HierarchyId => (892_u16, "hierarchyid", "SqlHierarchyId"),
        UdtKind::Geometry => (0xFFFF, "geometry", "SqlGeometry"),
        UdtKind::Geography => (0xFFFF, "geography", "SqlGeography"),
        UdtKind::User => (0xFFFF, "user", "User"),
    };
    out.push(0xF0);
    out.extend_from_slice(&size.to_le_bytes());
    b_varchar(database, out);
    b_varchar("sys", out);
    b_varchar(name, out);
    let assembly = format!(
        "Microsoft.SqlServer.Types.{class}, Microsoft.SqlServer.Types, Version=11.0.0.0, Culture=neutral, PublicKeyToken=89845dcd8080cc91"
    );
    us_varchar(&assembly, out);
}

/// B_VARCHAR: a byte that counts UTF-16 units; cut at 255.
pub(crate) fn b_varchar(text: &str, out: &mut Vec<u8>) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(u8::try_from(units.len()).unwrap_or(u8::MAX));
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

/// US_VARCHAR: two bytes that count UTF-16 units; cut at 4000.
pub(crate) fn us_varchar(text: &str, out: &mut Vec<u8>) {
    let units: Vec<u16> = text.encode_utf16().take(4000).collect();
    out.extend_from_slice(&u16::try_from(units.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(ty: SqlType, nullable: bool) -> Column {
        let text = matches!(
            ty,
            SqlType::Char(_)
                | SqlType::VarChar(_)
                | SqlType::Text
                | SqlType::NChar(_)
                | SqlType::NVarChar(_)
                | SqlType::NText
        );
        let collation = text.then_some(collation::DEFAULT);
        Column { name: "c".to_owned(), ty, nullable, collation, identity: false, computed: false }
    }

    fn info(ty: SqlType, nullable: bool) -> Vec<u8> {
        let mut out = Vec::new();
        type_info(&column(ty, nullable), "db", &mut out);
        out
    }

    #[test]
    fn not_null_columns_have_fixed_types() {
        assert_eq!(info(SqlType::Int, false), [0x38]);
        assert_eq!(info(SqlType::Int, true), [0x26, 4]);
        assert_eq!(info(SqlType::Bit, true), [0x68, 1]);
        assert_eq!(info(SqlType::SmallMoney, true), [0x6E, 4]);
        assert_eq!(info(SqlType::SmallDateTime, false), [0x3A]);
        assert_eq!(info(SqlType::UniqueIdentifier, false), [0x24, 16]);
    }

    #[test]
    fn variable_types_carry_length_and_collation() {
        assert_eq!(info(SqlType::VarChar(Len::Limited(10)), true), [0xA7, 10, 0, 9, 4, 0xD0, 0, 52]);
        assert_eq!(info(SqlType::NVarChar(Len::Max), true), [0xE7, 0xFF, 0xFF, 9, 4, 0xD0, 0, 52]);
        assert_eq!(info(SqlType::NChar(5), true)[..3], [0xEF, 10, 0]);
        assert_eq!(info(SqlType::VarBinary(Len::Max), true), [0xA5, 0xFF, 0xFF]);
        assert_eq!(info(SqlType::Decimal { precision: 38, scale: 4 }, true), [0x6A, 17, 38, 4]);
        assert_eq!(info(SqlType::Xml, true), [0xF1, 0]);
        assert_eq!(info(SqlType::RowVersion, false), [0xAD, 8, 0]);
    }

    #[test]
    fn metadata_of_one_column() {
        let mut out = Vec::new();
        column_metadata(&[column(SqlType::TinyInt, false)], "db", &mut out);
        assert_eq!(out, [0x81, 1, 0, 0, 0, 0, 0, 8, 0, 0x30, 1, b'c', 0]);
    }
}
