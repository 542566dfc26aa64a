//! Data types by name, both ways.

use crate::catalog::{Catalog, same};
use crate::engine::error;
use crate::load::lex::Cursor;
use crate::results::SqlError;
use crate::types::{Len, SqlType, UdtKind};

/// A data type and its text in brackets as definitions show it, e.g. `[decimal](18,2)`.
pub(crate) fn data_type(c: &mut Cursor<'_>) -> Result<(SqlType, String), SqlError> {
    let (ty, _) = column_type(c, None)?;
    Ok((ty, definition(&ty)))
}

/// A data type of a column: system types, and alias types of the catalog (with their `user_type_id`).
pub(crate) fn column_type(
    c: &mut Cursor<'_>,
    catalog: Option<&Catalog>,
) -> Result<(SqlType, Option<i32>), SqlError> {
    let (schema, name) = c.object()?;
    let lower = name.to_lowercase();
    let lower = match lower.as_str() {
        "national" => {
            c.take();
            let varying = c.accept("VARYING");
            if varying { "nvarchar" } else { "nchar" }
        }
        "character" | "char" if c.accept("VARYING") => "varchar",
        "binary" if c.accept("VARYING") => "varbinary",
        "double" if c.accept("PRECISION") => "float",
        other => other,
    };
    if lower == "xml" && c.is("(") {
        c.skip_group()?;
    }
    let arguments = arguments(c)?;
    if schema.as_deref().is_none_or(|s| same(s, "sys")) {
        if lower == "sysname" {
            return Ok((SqlType::NVarChar(Len::Limited(128)), Some(256)));
        }
        if let Some(ty) = system_type(lower, &arguments)? {
            return Ok((ty, None));
        }
    }
    let at = schema.as_deref().unwrap_or("dbo");
    if let Some(alias) =
        catalog.and_then(|k| k.types.iter().find(|t| same(&t.name, &name) && same(&t.schema, at)))
    {
        return Ok((alias.base, Some(alias.id)));
    }
    Err(error(2715, 16, format!("Column, parameter, or variable: Cannot find data type {name}.")))
}

enum Argument {
    Number(u16),
    Max,
}

fn arguments(c: &mut Cursor<'_>) -> Result<Vec<Argument>, SqlError> {
    let mut out = Vec::new();
    if !c.is("(") {
        return Ok(out);
    }
    c.expect("(")?;
    loop {
        if c.accept("MAX") {
            out.push(Argument::Max);
        } else {
            out.push(Argument::Number(u16::try_from(c.integer()?).map_err(|_| c.wrong())?));
        }
        if !c.accept(",") {
            c.expect(")")?;
            return Ok(out);
        }
    }
}

fn system_type(name: &str, arguments: &[Argument]) -> Result<Option<SqlType>, SqlError> {
    let number = |i: usize| match arguments.get(i) {
        Some(Argument::Number(n)) => Some(*n),
        _ => None,
    };
    let small = |i: usize, default: u8| number(i).map_or(default, |n| u8::try_from(n).unwrap_or(u8::MAX));
    let len = |max: u16| match arguments.first() {
        Some(Argument::Max) => Ok(Len::Max),
        _ => limited(number(0).unwrap_or(1), max).map(Len::Limited),
    };
    let scale = || match small(0, 7) {
        s @ 0..=7 => Ok(s),
        s => Err(error(1002, 16, format!("Specified scale {s} is invalid."))),
    };
    let decimal = || {
        let (precision, scale) = (small(0, 18), small(1, 0));
        if (1..=38).contains(&precision) && scale <= precision {
            Ok((precision, scale))
        } else {
            Err(error(
                2750,
                16,
                format!("Column or parameter: Specified column precision {precision} is invalid."),
            ))
        }
    };
    Ok(Some(match name {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" | "integer" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "decimal" | "dec" => decimal().map(|(precision, scale)| SqlType::Decimal { precision, scale })?,
        "numeric" => decimal().map(|(precision, scale)| SqlType::Numeric { precision, scale })?,
        "money" => SqlType::Money,
        "smallmoney" => SqlType::SmallMoney,
        "real" => SqlType::Real,
        "float" if number(0).is_some_and(|n| n <= 24) => SqlType::Real,
        "float" => SqlType::Float,
        "date" => SqlType::Date,
        "time" => SqlType::Time(scale()?),
        "datetime" => SqlType::DateTime,
        "smalldatetime" => SqlType::SmallDateTime,
        "datetime2" => SqlType::DateTime2(scale()?),
        "datetimeoffset" => SqlType::DateTimeOffset(scale()?),
        "char" | "character" => SqlType::Char(limited(number(0).unwrap_or(1), 8000)?),
        "varchar" => SqlType::VarChar(len(8000)?),
        "text" => SqlType::Text,
        "nchar" => SqlType::NChar(limited(number(0).unwrap_or(1), 4000)?),
        "nvarchar" => SqlType::NVarChar(len(4000)?),
        "ntext" => SqlType::NText,
        "binary" => SqlType::Binary(limited(number(0).unwrap_or(1), 8000)?),
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
        "vector" => match number(0) {
            Some(dimensions @ 1..=1998) => SqlType::Vector(dimensions),
            _ => return Err(error(2715, 16, "Cannot find data type vector.".to_owned())),
        },
        _ => return Ok(None),
    }))
}

fn limited(n: u16, max: u16) -> Result<u16, SqlError> {
    if (1..=max).contains(&n) {
        return Ok(n);
    }
    Err(error(
        131,
        15,
        format!("The size ({n}) given to the type exceeds the maximum allowed for any data type ({max})."),
    ))
}

/// Name of the system type.
#[must_use]
pub fn type_name(ty: &SqlType) -> &'static str {
    match ty {
        SqlType::Bit => "bit",
        SqlType::TinyInt => "tinyint",
        SqlType::SmallInt => "smallint",
        SqlType::Int => "int",
        SqlType::BigInt => "bigint",
        SqlType::Decimal { .. } => "decimal",
        SqlType::Numeric { .. } => "numeric",
        SqlType::Money => "money",
        SqlType::SmallMoney => "smallmoney",
        SqlType::Real => "real",
        SqlType::Float => "float",
        SqlType::Date => "date",
        SqlType::Time(_) => "time",
        SqlType::DateTime => "datetime",
        SqlType::SmallDateTime => "smalldatetime",
        SqlType::DateTime2(_) => "datetime2",
        SqlType::DateTimeOffset(_) => "datetimeoffset",
        SqlType::Char(_) => "char",
        SqlType::VarChar(_) => "varchar",
        SqlType::Text => "text",
        SqlType::NChar(_) => "nchar",
        SqlType::NVarChar(_) => "nvarchar",
        SqlType::NText => "ntext",
        SqlType::Binary(_) => "binary",
        SqlType::VarBinary(_) => "varbinary",
        SqlType::Image => "image",
        SqlType::RowVersion => "timestamp",
        SqlType::UniqueIdentifier => "uniqueidentifier",
        SqlType::Xml => "xml",
        SqlType::SqlVariant => "sql_variant",
        SqlType::Udt(UdtKind::HierarchyId) => "hierarchyid",
        SqlType::Udt(UdtKind::Geometry) => "geometry",
        SqlType::Udt(UdtKind::Geography) => "geography",
        SqlType::Udt(UdtKind::User) => "CLR type",
        SqlType::Json => "json",
        SqlType::Vector(_) => "vector",
    }
}

/// A type as definitions show it: `[nvarchar](50)`.
pub(crate) fn definition(ty: &SqlType) -> String {
    let name = type_name(ty);
    match ty {
        SqlType::Decimal { precision, scale } | SqlType::Numeric { precision, scale } => {
            format!("[{name}]({precision},{scale})")
        }
        SqlType::Time(s) | SqlType::DateTime2(s) | SqlType::DateTimeOffset(s) => format!("[{name}]({s})"),
        SqlType::Char(n) | SqlType::NChar(n) | SqlType::Binary(n) | SqlType::Vector(n) => {
            format!("[{name}]({n})")
        }
        SqlType::VarChar(l) | SqlType::NVarChar(l) | SqlType::VarBinary(l) => match l {
            Len::Limited(n) => format!("[{name}]({n})"),
            Len::Max => format!("[{name}](max)"),
        },
        _ => format!("[{name}]"),
    }
}

/// Whether values are characters with a collation.
#[must_use]
pub fn is_character(ty: &SqlType) -> bool {
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
