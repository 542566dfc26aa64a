//! THE table of types: what every SQL Server type becomes in PostgreSQL, and how its values get there.
//!
//! Decisions that are not obvious:
//! - `tinyint` is unsigned (0 to 255): `smallint`.
//! - `char(n)` and `nchar(n)` become `char(n)`: like the source's, it pads with blanks and ignores them in comparisons,
//!   so predicates keep working. n counts bytes (UTF-16 units) in the source and characters in the target, never fewer,
//!   so every value fits. Where a value holds characters of several bytes (of two UTF-16 units, for `nchar`), the
//!   target's padding is longer by their surplus; trailing blanks are not part of the value for either server, and a
//!   comparison of both sides has to leave them out.
//! - `varchar(n)` and `nvarchar(n)` keep n for the same reason: it is never too small.
//! - Times have microseconds in PostgreSQL: scale 7 becomes 6, and a seventh digit that is not 0 is an error of the value.
//! - `datetimeoffset` becomes `timestamptz`: the instant is kept, the offset is not.
//! - `rowversion` is copied as the eight bytes it was.

use crate::schema::SourceType;
use crate::source::select::SelectForm;
use std::fmt;

/// How values are written for COPY BINARY: the PostgreSQL type's receive function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// text, varchar, char.
    Text,
    Bytea,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Xml,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// As in DDL.
    pub target_type: String,
    pub encoding: Encoding,
    pub select: SelectForm,
}

/// Why a column cannot be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    pub reason: String,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unsupported {}

/// THE table: maps a type by its base name. An alias type is what it stands for.
///
/// # Errors
/// [`Unsupported`] with the reason, for the plan.
pub fn map(ty: &SourceType) -> Result<Mapping, Unsupported> {
    use Encoding as E;
    let is = |target: &str, encoding| {
        Ok(Mapping { target_type: target.to_owned(), encoding, select: SelectForm::AsIs })
    };
    let sized = |target: &str, each: i16, encoding| match ty.max_length {
        -1 => is("text", encoding),
        bytes if bytes >= each => is(&format!("{target}({})", bytes / each), encoding),
        bytes => refuse(format!("the catalog says {bytes} bytes, which {} cannot have", ty.name)),
    };
    let micros = ty.scale.min(6);
    match ty.name.as_str() {
        "bit" => is("boolean", E::Bool),
        "tinyint" | "smallint" => is("smallint", E::Int2),
        "int" => is("integer", E::Int4),
        "bigint" => is("bigint", E::Int8),
        "decimal" | "numeric" => is(&format!("numeric({},{})", ty.precision, ty.scale), E::Numeric),
        "money" => is("numeric(19,4)", E::Numeric),
        "smallmoney" => is("numeric(10,4)", E::Numeric),
        "real" => is("real", E::Float4),
        // float(1..24) is real in the catalog already.
        "float" => is("double precision", E::Float8),
        "char" => sized("char", 1, E::Text),
        "varchar" => sized("varchar", 1, E::Text),
        "nchar" => sized("char", 2, E::Text),
        "nvarchar" | "sysname" => sized("varchar", 2, E::Text),
        "binary" | "varbinary" | "rowversion" | "timestamp" => is("bytea", E::Bytea),
        "date" => is("date", E::Date),
        "time" => is(&format!("time({micros})"), E::Time),
        "smalldatetime" => is("timestamp(0)", E::Timestamp),
        "datetime" => is("timestamp(3)", E::Timestamp),
        "datetime2" => is(&format!("timestamp({micros})"), E::Timestamp),
        "datetimeoffset" => is(&format!("timestamptz({micros})"), E::TimestampTz),
        "uniqueidentifier" => is("uuid", E::Uuid),
        "xml" => is("xml", E::Xml),
        "text" | "ntext" | "image" => refuse(format!(
            "{} is deprecated and not copied yet; varchar(max), nvarchar(max) or varbinary(max) is",
            ty.name
        )),
        "sql_variant" => {
            refuse("a sql_variant has another type in every row, and no target type is chosen yet")
        }
        "hierarchyid" | "geometry" | "geography" => {
            refuse(format!("{} is a CLR type of SQL Server, and no target type is chosen yet", ty.name))
        }
        "json" | "vector" => refuse(format!("{} is not copied yet", ty.name)),
        "cursor" | "table" => refuse(format!("{} is no type of a stored column", ty.name)),
        name => refuse(format!("{name} is a CLR or unknown type")),
    }
}

fn refuse(reason: impl Into<String>) -> Result<Mapping, Unsupported> {
    Err(Unsupported { reason: reason.into() })
}

#[cfg(test)]
mod page;

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(name: &str, max_length: i16, precision: u8, scale: u8) -> SourceType {
        SourceType { name: name.to_owned(), alias: None, max_length, precision, scale, collation: None }
    }

    #[test]
    fn every_supported_type_has_its_row() {
        for (name, length, precision, scale, target, encoding) in [
            ("bit", 1, 1, 0, "boolean", Encoding::Bool),
            ("tinyint", 1, 3, 0, "smallint", Encoding::Int2),
            ("smallint", 2, 5, 0, "smallint", Encoding::Int2),
            ("int", 4, 10, 0, "integer", Encoding::Int4),
            ("bigint", 8, 19, 0, "bigint", Encoding::Int8),
            ("decimal", 17, 38, 38, "numeric(38,38)", Encoding::Numeric),
            ("numeric", 9, 18, 4, "numeric(18,4)", Encoding::Numeric),
            ("money", 8, 19, 4, "numeric(19,4)", Encoding::Numeric),
            ("smallmoney", 4, 10, 4, "numeric(10,4)", Encoding::Numeric),
            ("real", 4, 24, 0, "real", Encoding::Float4),
            ("float", 8, 53, 0, "double precision", Encoding::Float8),
            ("char", 10, 0, 0, "char(10)", Encoding::Text),
            ("nchar", 10, 0, 0, "char(5)", Encoding::Text),
            ("varchar", 8000, 0, 0, "varchar(8000)", Encoding::Text),
            ("nvarchar", 8000, 0, 0, "varchar(4000)", Encoding::Text),
            ("varchar", -1, 0, 0, "text", Encoding::Text),
            ("nvarchar", -1, 0, 0, "text", Encoding::Text),
            ("binary", 16, 0, 0, "bytea", Encoding::Bytea),
            ("varbinary", -1, 0, 0, "bytea", Encoding::Bytea),
            ("timestamp", 8, 0, 0, "bytea", Encoding::Bytea),
            ("date", 3, 10, 0, "date", Encoding::Date),
            ("time", 5, 16, 7, "time(6)", Encoding::Time),
            ("time", 3, 8, 0, "time(0)", Encoding::Time),
            ("smalldatetime", 4, 16, 0, "timestamp(0)", Encoding::Timestamp),
            ("datetime", 8, 23, 3, "timestamp(3)", Encoding::Timestamp),
            ("datetime2", 8, 27, 7, "timestamp(6)", Encoding::Timestamp),
            ("datetime2", 6, 21, 1, "timestamp(1)", Encoding::Timestamp),
            ("datetimeoffset", 10, 34, 7, "timestamptz(6)", Encoding::TimestampTz),
            ("uniqueidentifier", 16, 0, 0, "uuid", Encoding::Uuid),
            ("xml", -1, 0, 0, "xml", Encoding::Xml),
        ] {
            let mapping = map(&ty(name, length, precision, scale)).unwrap();
            assert_eq!((mapping.target_type.as_str(), mapping.encoding), (target, encoding), "{name}");
            assert_eq!(mapping.select, SelectForm::AsIs);
        }
    }

    #[test]
    fn what_cannot_be_copied_says_why() {
        for name in [
            "text",
            "ntext",
            "image",
            "sql_variant",
            "hierarchyid",
            "geometry",
            "geography",
            "json",
            "vector",
            "cursor",
            "table",
            "MyClrType",
        ] {
            let reason = map(&ty(name, 16, 0, 0)).unwrap_err().reason;
            assert!(reason.contains(name), "{reason}");
        }
    }

    #[test]
    fn an_impossible_length_is_refused_instead_of_made_up() {
        assert!(map(&ty("nvarchar", 0, 0, 0)).is_err());
        assert!(map(&ty("char", -2, 0, 0)).is_err());
    }
}
