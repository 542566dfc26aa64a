//! The T-SQL type of every part of an expression, since what `+`, `=` and `/` mean depends on it.

use super::collation::Collation;
use super::{Result, refuse};
use crate::model::base_type::BaseType;
use crate::model::types::SourceType;
use sqlparser::ast::DataType;
use std::fmt;

/// Character types: `char`, `varchar`, `nchar`, `nvarchar`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) unicode: bool,
    pub(super) fixed: bool,
    /// In bytes (`char`, `varchar`) or UTF-16 units; None for `max`.
    pub(super) length: Option<u32>,
    /// None for what has the database's, which nobody tells us.
    pub(super) collation: Option<Collation>,
}

/// A T-SQL type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ty {
    /// The constant NULL.
    Null,
    /// A comparison: no value in T-SQL.
    Predicate,
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Decimal {
        precision: u8,
        scale: u8,
    },
    SmallMoney,
    Money,
    Real,
    Float,
    Text(Text),
    Binary {
        length: Option<u32>,
        fixed: bool,
    },
    Date,
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Guid,
    Json,
    Xml,
    /// Whatever else: only `IS NULL` is known of it.
    Opaque(String),
}

impl Ty {
    /// Of a column.
    pub(super) fn of_column(source: &SourceType) -> Self {
        use BaseType as B;
        let length = |each: i16| match source.max_length {
            -1 => None,
            bytes => u32::try_from(bytes / each).ok(),
        };
        let text = |unicode, fixed, length| {
            let collation = source.collation.as_deref().and_then(Collation::parse);
            Self::Text(Text { unicode, fixed, length, collation })
        };
        match &source.name {
            B::Char => text(false, true, length(1)),
            B::VarChar => text(false, false, length(1)),
            B::NChar => text(true, true, length(2)),
            B::NVarChar | B::SysName => text(true, false, length(2)),
            B::Text => text(false, false, None),
            B::NText => text(true, false, None),
            B::Binary => Self::Binary { length: length(1), fixed: true },
            B::VarBinary => Self::Binary { length: length(1), fixed: false },
            B::Decimal | B::Numeric => Self::Decimal { precision: source.precision, scale: source.scale },
            B::Time => Self::Time(source.scale),
            B::DateTime2 => Self::DateTime2(source.scale),
            B::DateTimeOffset => Self::DateTimeOffset(source.scale),
            name => Self::simple(name.as_str()).unwrap_or_else(|| Self::Opaque(name.to_string())),
        }
    }

    /// Those without length, precision or scale.
    fn simple(name: &str) -> Option<Self> {
        Some(match name {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "smallmoney" => Self::SmallMoney,
            "money" => Self::Money,
            "real" => Self::Real,
            "float" => Self::Float,
            "date" => Self::Date,
            "smalldatetime" => Self::SmallDateTime,
            "datetime" => Self::DateTime,
            "uniqueidentifier" => Self::Guid,
            "json" => Self::Json,
            "xml" => Self::Xml,
            _ => return None,
        })
    }

    /// Of CAST and CONVERT: `[varchar](10)`, `decimal(18,2)`, `[nvarchar](max)`.
    pub(super) fn declared(ty: &DataType) -> Result<Self> {
        let shown: String =
            ty.to_string().chars().filter(|c| !matches!(c, '[' | ']' | '"' | ' ')).collect::<String>();
        let shown = shown.to_lowercase();
        let (name, arguments) = match shown.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
            Some((name, arguments)) => (name, arguments.split(',').collect()),
            None => (shown.as_str(), Vec::new()),
        };
        let unknown = || refuse(format!("the type {ty} is not known"));
        let number = |at: usize, default: u32, most: u32| match arguments.get(at) {
            None => Some(default),
            Some(text) => text.parse().ok().filter(|number| *number <= most),
        };
        let small = |at, default: u8, most: u8| {
            number(at, default.into(), most.into()).and_then(|number| u8::try_from(number).ok())
        };
        let length = |most| match arguments.first() {
            Some(&"max") => Some(None),
            _ => number(0, 30, most).filter(|length| *length > 0).map(Some),
        };
        let text = |unicode, fixed| {
            length(if unicode { 4000 } else { 8000 })
                .map(|length| Self::Text(Text { unicode, fixed, length, collation: None }))
        };
        let known = match name {
            "char" => text(false, true),
            "varchar" => text(false, false),
            "nchar" => text(true, true),
            "nvarchar" => text(true, false),
            "binary" => length(8000).map(|length| Self::Binary { length, fixed: true }),
            "varbinary" => length(8000).map(|length| Self::Binary { length, fixed: false }),
            "decimal" | "numeric" | "dec" => match (small(0, 18, 38), small(1, 0, 38)) {
                (Some(precision), Some(scale)) if scale <= precision && precision > 0 => {
                    Some(Self::Decimal { precision, scale })
                }
                _ => None,
            },
            "float" => small(0, 53, 53).map(|bits| if bits <= 24 { Self::Real } else { Self::Float }),
            "time" => small(0, 7, 7).map(Self::Time),
            "datetime2" => small(0, 7, 7).map(Self::DateTime2),
            "datetimeoffset" => small(0, 7, 7).map(Self::DateTimeOffset),
            _ if arguments.is_empty() => Self::simple(name),
            _ => None,
        };
        known.map_or_else(unknown, Ok)
    }

    /// T-SQL's precedence of data types: the higher one decides what both sides become.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Binary { .. } => 1,
            Self::Text(Text { unicode: false, .. }) => 2,
            Self::Text(_) => 3,
            Self::Guid => 4,
            Self::Bit => 5,
            Self::TinyInt => 6,
            Self::SmallInt => 7,
            Self::Int => 8,
            Self::BigInt => 9,
            Self::SmallMoney => 10,
            Self::Money => 11,
            Self::Decimal { .. } => 12,
            Self::Real => 13,
            Self::Float => 14,
            Self::Time(_) => 15,
            Self::Date => 16,
            Self::SmallDateTime => 17,
            Self::DateTime => 18,
            Self::DateTime2(_) => 19,
            Self::DateTimeOffset(_) => 20,
            Self::Json | Self::Xml | Self::Predicate | Self::Opaque(_) => 21,
        }
    }

    pub(super) fn is_integer(&self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    pub(super) fn is_money(&self) -> bool {
        matches!(self, Self::SmallMoney | Self::Money)
    }

    pub(super) fn is_float(&self) -> bool {
        matches!(self, Self::Real | Self::Float)
    }

    /// Whole numbers, decimals and money: what PostgreSQL compares exactly, whatever the two types are.
    pub(super) fn is_exact(&self) -> bool {
        self.is_integer() || self.is_money() || matches!(self, Self::Decimal { .. })
    }

    /// Date and time of day, without an offset.
    pub(super) fn is_timestamp(&self) -> bool {
        matches!(self, Self::SmallDateTime | Self::DateTime | Self::DateTime2(_))
    }

    /// Precision and scale of an exact number (and a bit) in decimal arithmetic.
    pub(super) fn digits(&self) -> Option<(u8, u8)> {
        Some(match self {
            Self::Bit => (1, 0),
            Self::TinyInt => (3, 0),
            Self::SmallInt => (5, 0),
            Self::Int => (10, 0),
            Self::BigInt => (19, 0),
            Self::SmallMoney => (10, 4),
            Self::Money => (19, 4),
            Self::Decimal { precision, scale } => (*precision, *scale),
            _ => return None,
        })
    }

    /// PostgreSQL's type for a value of it.
    pub(super) fn target(&self) -> String {
        match self {
            Self::Bit | Self::Predicate => "boolean".to_owned(),
            Self::TinyInt | Self::SmallInt => "smallint".to_owned(),
            Self::Int => "integer".to_owned(),
            Self::BigInt => "bigint".to_owned(),
            Self::Decimal { precision, scale } => format!("numeric({precision},{scale})"),
            Self::SmallMoney => "numeric(10,4)".to_owned(),
            Self::Money => "numeric(19,4)".to_owned(),
            Self::Real => "real".to_owned(),
            Self::Float => "double precision".to_owned(),
            Self::Binary { .. } => "bytea".to_owned(),
            Self::Date => "date".to_owned(),
            Self::Time(scale) => format!("time({})", scale.min(&6)),
            Self::SmallDateTime => "timestamp(0)".to_owned(),
            Self::DateTime => "timestamp(3)".to_owned(),
            Self::DateTime2(scale) => format!("timestamp({})", scale.min(&6)),
            Self::DateTimeOffset(scale) => format!("timestamptz({})", scale.min(&6)),
            Self::Guid => "uuid".to_owned(),
            Self::Xml => "xml".to_owned(),
            Self::Null | Self::Text(_) | Self::Json | Self::Opaque(_) => "text".to_owned(),
        }
    }

    /// The type that both become: CASE, COALESCE, IIF, comparisons.
    pub(super) fn unified(&self, other: &Self) -> Result<Self> {
        let (high, low) = if self.rank() >= other.rank() { (self, other) } else { (other, self) };
        Ok(match (high, low) {
            (Self::Decimal { precision: p, scale: s }, _) => {
                let (q, t) = low.digits().unwrap_or((*p, *s));
                let scale = *s.max(&t);
                let precision = (p - s).max(q - t) + scale;
                if precision > 38 {
                    return refuse(format!("{self} and {other} together need more than 38 digits"));
                }
                Self::Decimal { precision, scale }
            }
            (Self::Text(high), Self::Text(low)) => Self::Text(high.with(low)?),
            (Self::DateTime2(a), Self::DateTime2(b)) => Self::DateTime2(*a.max(b)),
            (Self::DateTimeOffset(a), Self::DateTimeOffset(b)) => Self::DateTimeOffset(*a.max(b)),
            (Self::Time(a), Self::Time(b)) => Self::Time(*a.max(b)),
            (Self::Binary { length: a, fixed: f }, Self::Binary { length: b, fixed: g }) => {
                let longest = a.zip(*b).map(|(a, b)| a.max(b));
                Self::Binary { length: longest, fixed: *f && *g && a == b }
            }
            _ => high.clone(),
        })
    }
}

impl Text {
    /// `varchar`, or `nvarchar` if one of the two is; the longer length.
    fn with(&self, other: &Self) -> Result<Self> {
        Ok(Self {
            unicode: self.unicode || other.unicode,
            fixed: self.fixed && other.fixed && self.length == other.length,
            length: self.length.zip(other.length).map(|(a, b)| a.max(b)),
            collation: self.collation_with(other)?,
        })
    }

    /// The collation that decides between the two: a column's beats that of a literal.
    pub(super) fn collation_with(&self, other: &Self) -> Result<Option<Collation>> {
        match (&self.collation, &other.collation) {
            (Some(a), Some(b)) if a == b => Ok(Some(a.clone())),
            (Some(a), Some(b)) => match (a.explicit, b.explicit) {
                (true, false) => Ok(Some(a.clone())),
                (false, true) => Ok(Some(b.clone())),
                _ => refuse(format!("it has two collations, {} and {}", a.name, b.name)),
            },
            (a, b) => Ok(a.clone().or_else(|| b.clone())),
        }
    }

    /// Can a value hold characters beyond U+FFFF that the source counts as two?
    pub(super) fn counts_units(&self) -> bool {
        match &self.collation {
            Some(collation) if self.unicode => !collation.supplementary,
            Some(collation) => collation.double_byte,
            None => self.unicode,
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Predicate => f.write_str("a comparison"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallMoney => f.write_str("smallmoney"),
            Self::Money => f.write_str("money"),
            Self::Bit => f.write_str("bit"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Text(text) => {
                let (n, var) = (if text.unicode { "n" } else { "" }, if text.fixed { "" } else { "var" });
                write!(f, "{n}{var}char")
            }
            Self::Binary { fixed, .. } => f.write_str(if *fixed { "binary" } else { "varbinary" }),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime => f.write_str("datetime"),
            Self::DateTime2(scale) => write!(f, "datetime2({scale})"),
            Self::DateTimeOffset(scale) => write!(f, "datetimeoffset({scale})"),
            Self::Guid => f.write_str("uniqueidentifier"),
            Self::Json => f.write_str("json"),
            Self::Opaque(name) => f.write_str(name),
            other => f.write_str(&other.target()),
        }
    }
}
