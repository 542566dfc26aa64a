//! Types of expressions: names, precedence, the common type of two operands.

use crate::catalog::{Catalog, same};
pub use crate::load::names::type_name as name;
use crate::results::SqlError;
use crate::types::{Len, SqlType, UdtKind};

use super::ast::TypeName;
use super::error::{error, unknown};

/// Character types: those that have a collation.
#[must_use]
pub fn is_text(ty: &SqlType) -> bool {
    matches!(
        ty,
        SqlType::Char(_)
            | SqlType::VarChar(_)
            | SqlType::Text
            | SqlType::NChar(_)
            | SqlType::NVarChar(_)
            | SqlType::NText
    )
}

/// `nchar`, `nvarchar`, `ntext`, `xml`: two bytes a unit.
#[must_use]
pub fn is_national(ty: &SqlType) -> bool {
    matches!(ty, SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml)
}

#[must_use]
pub fn is_binary(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Binary(_) | SqlType::VarBinary(_) | SqlType::Image | SqlType::RowVersion)
}

/// Precision and scale of an exact number.
#[must_use]
pub fn exact(ty: &SqlType) -> Option<(u8, u8)> {
    Some(match *ty {
        SqlType::Bit => (1, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::Int => (10, 0),
        SqlType::BigInt => (19, 0),
        SqlType::Decimal { precision, scale } | SqlType::Numeric { precision, scale } => (precision, scale),
        SqlType::Money => (19, 4),
        SqlType::SmallMoney => (10, 4),
        _ => return None,
    })
}

/// Declared length of a character or binary type; None is max.
#[must_use]
pub fn length(ty: &SqlType) -> Option<u16> {
    match *ty {
        SqlType::Char(n)
        | SqlType::NChar(n)
        | SqlType::Binary(n)
        | SqlType::VarChar(Len::Limited(n))
        | SqlType::NVarChar(Len::Limited(n))
        | SqlType::VarBinary(Len::Limited(n)) => Some(n),
        SqlType::RowVersion => Some(8),
        _ => None,
    }
}

/// Data type precedence (Transact-SQL reference, "Data type precedence"): the higher wins.
#[must_use]
pub fn precedence(ty: &SqlType) -> u8 {
    match ty {
        SqlType::Udt(_) | SqlType::Json | SqlType::Vector(_) => 31,
        SqlType::SqlVariant => 30,
        SqlType::Xml => 29,
        SqlType::DateTimeOffset(_) => 28,
        SqlType::DateTime2(_) => 27,
        SqlType::DateTime => 26,
        SqlType::SmallDateTime => 25,
        SqlType::Date => 24,
        SqlType::Time(_) => 23,
        SqlType::Float => 22,
        SqlType::Real => 21,
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => 20,
        SqlType::Money => 19,
        SqlType::SmallMoney => 18,
        SqlType::BigInt => 17,
        SqlType::Int => 16,
        SqlType::SmallInt => 15,
        SqlType::TinyInt => 14,
        SqlType::Bit => 13,
        SqlType::NText => 12,
        SqlType::Text => 11,
        SqlType::Image => 10,
        SqlType::RowVersion => 9,
        SqlType::UniqueIdentifier => 8,
        SqlType::NVarChar(_) => 7,
        SqlType::NChar(_) => 6,
        SqlType::VarChar(_) => 5,
        SqlType::Char(_) => 4,
        SqlType::VarBinary(_) => 3,
        SqlType::Binary(_) => 2,
    }
}

/// A decimal type, precision cut to 38 at the cost of scale down to 6.
#[must_use]
pub fn decimal(precision: u16, scale: u16) -> SqlType {
    let cut = precision.saturating_sub(38);
    let scale = if cut == 0 { scale } else { scale.saturating_sub(cut).max(scale.min(6)) };
    SqlType::Decimal { precision: byte(precision.min(38)), scale: byte(scale) }
}

fn byte(n: u16) -> u8 {
    u8::try_from(n).unwrap_or(38)
}

/// The type that two operands meet in: that of higher precedence, wide enough for both.
#[must_use]
pub fn common(a: &SqlType, b: &SqlType) -> SqlType {
    if a == b {
        return *a;
    }
    let (high, low) = if precedence(a) >= precedence(b) { (a, b) } else { (b, a) };
    let longest = match (length(high), length(low)) {
        (Some(x), Some(y)) => Len::Limited(x.max(y)),
        (Some(_), None) if !is_text(low) && !is_binary(low) => return *high,
        _ => Len::Max,
    };
    match *high {
        SqlType::Decimal { .. } | SqlType::Numeric { .. } => {
            let ((p1, s1), Some((p2, s2))) = (exact(high).unwrap_or((38, 0)), exact(low)) else {
                return *high;
            };
            let scale = s1.max(s2);
            let whole = (p1 - s1).max(p2 - s2);
            decimal(u16::from(whole) + u16::from(scale), u16::from(scale))
        }
        SqlType::NVarChar(_) => SqlType::NVarChar(clip(longest)),
        SqlType::NChar(n) => match (low, longest) {
            (SqlType::VarChar(_), l) => SqlType::NVarChar(clip(l)),
            (_, Len::Limited(l)) => SqlType::NChar(l.min(4000)),
            (_, Len::Max) => SqlType::NChar(n),
        },
        SqlType::VarChar(_) => SqlType::VarChar(longest),
        SqlType::Char(n) => match longest {
            Len::Limited(l) => SqlType::Char(l),
            Len::Max => SqlType::Char(n),
        },
        SqlType::VarBinary(_) => SqlType::VarBinary(longest),
        SqlType::Binary(n) => match longest {
            Len::Limited(l) => SqlType::Binary(l),
            Len::Max => SqlType::Binary(n),
        },
        SqlType::Time(n) => SqlType::Time(n.max(fraction(low))),
        SqlType::DateTime2(n) => SqlType::DateTime2(n.max(fraction(low))),
        SqlType::DateTimeOffset(n) => SqlType::DateTimeOffset(n.max(fraction(low))),
        other => other,
    }
}

fn clip(len: Len) -> Len {
    match len {
        Len::Limited(n) => Len::Limited(n.min(4000)),
        Len::Max => Len::Max,
    }
}

/// Digits of a second that a date type keeps.
#[must_use]
pub fn fraction(ty: &SqlType) -> u8 {
    match *ty {
        SqlType::Time(n) | SqlType::DateTime2(n) | SqlType::DateTimeOffset(n) => n,
        SqlType::DateTime => 3,
        _ => 0,
    }
}

/// Whether the stored forms of two types can be compared as they are.
#[must_use]
pub fn comparable_as_stored(a: &SqlType, b: &SqlType) -> bool {
    let whole = |t: &SqlType| {
        matches!(t, SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt)
    };
    let money = |t: &SqlType| matches!(t, SqlType::Money | SqlType::SmallMoney);
    let float = |t: &SqlType| matches!(t, SqlType::Real | SqlType::Float);
    let decimal = |t: &SqlType| match *t {
        SqlType::Decimal { scale, .. } | SqlType::Numeric { scale, .. } => Some(scale),
        _ => None,
    };
    let bytes = |t: &SqlType| is_binary(t) || matches!(t, SqlType::Udt(_));
    std::mem::discriminant(a) == std::mem::discriminant(b) && decimal(a).is_none()
        || whole(a) && whole(b)
        || money(a) && money(b)
        || float(a) && float(b)
        || is_text(a) && is_text(b)
        || bytes(a) && bytes(b)
        || matches!(
            (a, b),
            (SqlType::DateTime | SqlType::SmallDateTime, SqlType::DateTime | SqlType::SmallDateTime)
        )
        || decimal(a).is_some() && decimal(a) == decimal(b)
}

/// The type that a name in T-SQL means; alias types by the catalog.
///
/// # Errors
/// 243 for an unknown name, 2716 and the like are not told apart: 50999 for arguments that make no sense.
pub fn resolve(written: &TypeName, catalog: &Catalog, default_length: u16) -> Result<SqlType, SqlError> {
    let lower = written.name.to_ascii_lowercase();
    let bad = || unknown(format!("the type {lower} with these arguments"));
    let max = written.args.first().is_some_and(|a| a == "max");
    let number = |i: usize, default: u16| match written.args.get(i) {
        None => Ok(default),
        Some(a) => a.parse::<u16>().map_err(|_| bad()),
    };
    let small = |i: usize, default: u16, limit: u16| {
        number(i, default).and_then(|n| if n <= limit { Ok(byte(n)) } else { Err(bad()) })
    };
    let len = |limit: u16| match number(0, default_length) {
        _ if max => Ok(Len::Max),
        Ok(n) if n >= 1 && n <= limit => Ok(Len::Limited(n)),
        _ => Err(bad()),
    };
    let fixed =
        |limit: u16| number(0, default_length).and_then(|n| if n <= limit { Ok(n) } else { Err(bad()) });
    Ok(match lower.as_str() {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" | "integer" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "decimal" | "dec" => SqlType::Decimal { precision: small(0, 18, 38)?, scale: small(1, 0, 38)? },
        "numeric" => SqlType::Numeric { precision: small(0, 18, 38)?, scale: small(1, 0, 38)? },
        "money" => SqlType::Money,
        "smallmoney" => SqlType::SmallMoney,
        "real" => SqlType::Real,
        "float" => {
            if number(0, 53)? <= 24 {
                SqlType::Real
            } else {
                SqlType::Float
            }
        }
        "date" => SqlType::Date,
        "time" => SqlType::Time(small(0, 7, 7)?),
        "datetime" => SqlType::DateTime,
        "smalldatetime" => SqlType::SmallDateTime,
        "datetime2" => SqlType::DateTime2(small(0, 7, 7)?),
        "datetimeoffset" => SqlType::DateTimeOffset(small(0, 7, 7)?),
        "char" | "character" => SqlType::Char(fixed(8000)?),
        "varchar" => SqlType::VarChar(len(8000)?),
        "text" => SqlType::Text,
        "nchar" => SqlType::NChar(fixed(4000)?),
        "nvarchar" => SqlType::NVarChar(len(4000)?),
        "sysname" => SqlType::NVarChar(Len::Limited(128)),
        "ntext" => SqlType::NText,
        "binary" => SqlType::Binary(fixed(8000)?),
        "varbinary" => SqlType::VarBinary(len(8000)?),
        "image" => SqlType::Image,
        "rowversion" | "timestamp" => SqlType::RowVersion,
        "uniqueidentifier" => SqlType::UniqueIdentifier,
        "xml" => SqlType::Xml,
        "sql_variant" => SqlType::SqlVariant,
        "hierarchyid" => SqlType::Udt(UdtKind::HierarchyId),
        "geometry" => SqlType::Udt(UdtKind::Geometry),
        "geography" => SqlType::Udt(UdtKind::Geography),
        "json" => SqlType::Json,
        "vector" => SqlType::Vector(fixed(1998)?),
        _ => {
            let alias = catalog.types.iter().find(|t| same(&t.name, &written.name));
            alias
                .map(|t| t.base)
                .ok_or_else(|| error(243, format!("Type {} is not a defined system type.", written.name)))?
        }
    })
}
