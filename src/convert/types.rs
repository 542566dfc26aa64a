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
//! - `json` becomes `json`, which keeps the text that the server sends; `jsonb` would order keys and drop duplicates.
//! - `geometry` and `geography` are read with SRID, Z and M, and become EWKB: `bytea` without PostGIS, its types with it.
//! - What the server can only send as text or bytes of its own is converted by the server itself (`select`), into types
//!   that every client understands; what comes back is checked against `sent`.

mod alternatives;

use crate::model::base_type::BaseType;
use crate::model::types::SourceType;
use crate::sqlserver::select::SelectForm;
pub use alternatives::{alternatives, is_foreign, preferred};
use std::fmt;

/// How values are written for COPY BINARY: the PostgreSQL type's receive function, and what is put into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// text, varchar, char, citext.
    Text,
    Bytea,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Xml,
    Json,
    Jsonb,
    /// A number, moment, uniqueidentifier or bytes as text: every digit, bytes in hex.
    AsText,
    /// A spatial value for bytea and PostGIS's geometry.
    Ewkb,
    /// The same for PostGIS's geography, which folds what lies beyond the globe.
    Geodetic,
    /// The same as text.
    Ewkt,
    /// real[]
    RealArray,
    /// pgvector's.
    Vector,
    /// A sql_variant's value as text.
    VariantText,
    /// The same with its base type, for jsonb.
    VariantJson,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// As in DDL.
    pub target_type: String,
    pub encoding: Encoding,
    pub select: SelectForm,
    /// The type that comes back: the column's own, or that of the select form's expression.
    pub sent: SourceType,
    /// The extension that the target needs.
    pub needs: Option<&'static str>,
    /// What the target does not say of a value, for the assessment.
    pub lossy: Option<&'static str>,
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

const OFFSET: &str = "the instant is kept, the offset is not";
const UTC: &str = "the source knows no time zone: every value is taken as UTC";
const DIGITS: &str =
    "the server sends eight significant digits of each number, so the last bit of some is lost";
const BASE_TYPE: &str = "the base type of each value is not kept";
const JSONB: &str =
    "the order of keys, all but the last of equal keys, and the writing of numbers are not kept";
const HEMISPHERE: &str = "a polygon larger than a hemisphere means its complement in PostGIS";

/// Whether it is an empty point, the SRID, and WKB with Z and M. WKB has no form for an empty point, so the server's says
/// another type. Nothing here asks for a valid instance, and texts of long ones are not made.
const SPATIAL: SelectForm = SelectForm::Cast(
    "CASE WHEN DATALENGTH({}) < 64 AND {}.ToString() = N'POINT EMPTY' THEN 0x01 ELSE 0x00 END \
     + CONVERT(binary(4), {}.STSrid) + {}.AsBinaryZM()",
);

/// THE table: maps a type by its base name, to the default or to one of its [`alternatives`]. An alias type is what it
/// stands for.
///
/// # Errors
/// [`Unsupported`] with the reason, for the plan.
pub fn map(ty: &SourceType, alternative: Option<&str>) -> Result<Mapping, Unsupported> {
    let known = alternatives(&ty.name);
    let chosen = match alternative {
        // varchar without a length, under the name that everybody uses.
        None if ty.max_length == -1 && known.first() == Some(&"varchar") => "text",
        None => default_of(ty)?,
        Some(chosen) => {
            known.iter().copied().find(|name| *name == chosen).ok_or_else(|| no_alternative(ty, chosen))?
        }
    };
    numbers(ty, chosen)
        .or_else(|| texts(ty, chosen))
        .or_else(|| moments(ty, chosen))
        .or_else(|| others(ty, chosen))
        .unwrap_or_else(|| Err(no_alternative(ty, chosen)))
}

fn no_alternative(ty: &SourceType, chosen: &str) -> Unsupported {
    let known = alternatives(&ty.name);
    let reason = if known.is_empty() {
        format!("{} cannot become {chosen}, nor anything else", ty.name)
    } else {
        format!("{} cannot become {chosen}; there are: {}", ty.name, known.join(", "))
    };
    Unsupported { reason }
}

fn default_of(ty: &SourceType) -> Result<&'static str, Unsupported> {
    match &ty.name {
        BaseType::Cursor | BaseType::Table => {
            Err(Unsupported { reason: format!("{} is no type of a stored column", ty.name) })
        }
        name => match alternatives(name) {
            [first, ..] if !alternatives::is_foreign(name) => Ok(first),
            _ => Err(Unsupported {
                reason: format!("{name} is a CLR or unknown type; its bytes can be copied (bytea)"),
            }),
        },
    }
}

type Chosen = Option<Result<Mapping, Unsupported>>;

/// The column as it is.
fn plain(ty: &SourceType, target_type: impl Into<String>, encoding: Encoding) -> Mapping {
    Mapping {
        target_type: target_type.into(),
        encoding,
        select: SelectForm::AsIs,
        sent: ty.clone(),
        needs: None,
        lossy: None,
    }
}

/// An expression of the column, which has another type.
fn cast(
    ty: &SourceType,
    select: SelectForm,
    sent: (BaseType, i16),
    target_type: &str,
    encoding: Encoding,
) -> Mapping {
    let sent = SourceType { name: sent.0, max_length: sent.1, ..ty.clone() };
    Mapping { select, sent, ..plain(ty, target_type, encoding) }
}

fn numbers(ty: &SourceType, chosen: &str) -> Chosen {
    use BaseType as B;
    use Encoding as E;
    let (name, scale) = (&ty.name, ty.scale);
    let (target, encoding) = match (name, chosen) {
        (B::Bit, "boolean") => (chosen.to_owned(), E::Bool),
        (B::Bit | B::TinyInt | B::SmallInt | B::Int | B::BigInt, _) => {
            let encoding = match chosen {
                "smallint" => E::Int2,
                "integer" => E::Int4,
                "bigint" => E::Int8,
                _ => E::Numeric,
            };
            (chosen.to_owned(), encoding)
        }
        (B::Decimal | B::Numeric, "numeric") => (format!("numeric({},{scale})", ty.precision), E::Numeric),
        (B::Decimal | B::Numeric, "bigint") if scale == 0 && ty.precision <= 18 => {
            (chosen.to_owned(), E::Int8)
        }
        (B::Decimal | B::Numeric, "bigint") => {
            return Some(refuse(format!(
                "{name}({},{scale}) cannot become bigint: only whole numbers of up to 18 digits can",
                ty.precision
            )));
        }
        (B::Money, "numeric") => ("numeric(19,4)".to_owned(), E::Numeric),
        (B::SmallMoney, "numeric") => ("numeric(10,4)".to_owned(), E::Numeric),
        (B::Decimal | B::Numeric | B::Money | B::SmallMoney, _) => (chosen.to_owned(), E::AsText),
        (B::Real, "real") => (chosen.to_owned(), E::Float4),
        // float(1..24) is real in the catalog already.
        (B::Real | B::Float, _) => (chosen.to_owned(), E::Float8),
        _ => return None,
    };
    Some(Ok(plain(ty, target, encoding)))
}

fn texts(ty: &SourceType, chosen: &str) -> Chosen {
    use BaseType as B;
    use Encoding as E;
    let each = match &ty.name {
        B::Char | B::VarChar => 1,
        B::NChar | B::NVarChar | B::SysName => 2,
        B::Text | B::NText => {
            let (pattern, sent) = if ty.name == B::Text {
                ("CAST({} AS varchar(max))", B::VarChar)
            } else {
                ("CAST({} AS nvarchar(max))", B::NVarChar)
            };
            let mapping = cast(ty, SelectForm::Cast(pattern), (sent, -1), chosen, E::Text);
            return Some(Ok(Mapping { needs: needs(chosen), ..mapping }));
        }
        _ => return None,
    };
    let target = match (chosen, ty.max_length) {
        (_, bytes) if bytes != -1 && bytes < each => {
            return Some(refuse(format!("the catalog says {bytes} bytes, which {} cannot have", ty.name)));
        }
        ("varchar", -1) => chosen.to_owned(),
        ("char" | "varchar", bytes) => format!("{chosen}({})", bytes / each),
        _ => chosen.to_owned(),
    };
    Some(Ok(Mapping { needs: needs(chosen), ..plain(ty, target, E::Text) }))
}

fn moments(ty: &SourceType, chosen: &str) -> Chosen {
    use BaseType as B;
    use Encoding as E;
    let micros = match &ty.name {
        B::Date | B::SmallDateTime => 0,
        B::DateTime => 3,
        B::Time | B::DateTime2 | B::DateTimeOffset => ty.scale.min(6),
        _ => return None,
    };
    let (target, encoding) = match chosen {
        "date" => (chosen.to_owned(), E::Date),
        "time" => (format!("time({micros})"), E::Time),
        "timestamp" => (format!("timestamp({micros})"), E::Timestamp),
        "timestamptz" => (format!("timestamptz({micros})"), E::TimestampTz),
        _ => (chosen.to_owned(), E::AsText),
    };
    let lossy = (chosen == "timestamptz").then(|| if ty.name == B::DateTimeOffset { OFFSET } else { UTC });
    Some(Ok(Mapping { lossy, ..plain(ty, target, encoding) }))
}

fn others(ty: &SourceType, chosen: &str) -> Chosen {
    use BaseType as B;
    use Encoding as E;
    const WIDE: SelectForm = SelectForm::Cast("CAST({} AS nvarchar(max))");
    const BYTES: SelectForm = SelectForm::Cast("CAST({} AS varbinary(max))");
    let mapping = match (&ty.name, chosen) {
        (B::Binary | B::VarBinary | B::RowVersion | B::Timestamp, "bytea") => plain(ty, chosen, E::Bytea),
        (B::RowVersion | B::Timestamp, "bigint") => plain(ty, chosen, E::Int8),
        (B::Binary | B::VarBinary | B::RowVersion | B::Timestamp, _) => plain(ty, chosen, E::AsText),
        (B::Image, "bytea") => cast(ty, BYTES, (B::VarBinary, -1), chosen, E::Bytea),
        (B::Image, _) => cast(ty, BYTES, (B::VarBinary, -1), chosen, E::AsText),
        (B::UniqueIdentifier, "uuid") => plain(ty, chosen, E::Uuid),
        (B::UniqueIdentifier, _) => plain(ty, chosen, E::AsText),
        (B::Xml, "xml") => plain(ty, chosen, E::Xml),
        (B::Xml, _) => plain(ty, chosen, E::Text),
        (B::SqlVariant, "jsonb") => plain(ty, chosen, E::VariantJson),
        (B::SqlVariant, _) => Mapping { lossy: Some(BASE_TYPE), ..plain(ty, chosen, E::VariantText) },
        (B::HierarchyId, "bytea") => {
            let select = SelectForm::Cast("CAST({} AS varbinary(892))");
            cast(ty, select, (B::VarBinary, 892), chosen, E::Bytea)
        }
        (B::HierarchyId, _) => {
            cast(ty, SelectForm::Cast("{}.ToString()"), (B::NVarChar, 8000), chosen, E::Text)
        }
        (B::Geometry | B::Geography, _) => {
            let encoding = match chosen {
                "text" => E::Ewkt,
                "geography" => E::Geodetic,
                _ => E::Ewkb,
            };
            let mapping = cast(ty, SPATIAL, (B::VarBinary, -1), chosen, encoding);
            let lossy = (chosen == "geography").then_some(HEMISPHERE);
            Mapping { needs: needs(chosen), lossy, ..mapping }
        }
        (B::Json, "jsonb") => {
            Mapping { lossy: Some(JSONB), ..cast(ty, WIDE, (B::NVarChar, -1), chosen, E::Jsonb) }
        }
        (B::Json, "json") => cast(ty, WIDE, (B::NVarChar, -1), chosen, E::Json),
        (B::Json, _) => cast(ty, WIDE, (B::NVarChar, -1), chosen, E::Text),
        (B::Vector, _) => {
            let encoding = match chosen {
                "text" => E::Text,
                "vector" => E::Vector,
                _ => E::RealArray,
            };
            let mapping = cast(ty, WIDE, (B::NVarChar, -1), chosen, encoding);
            Mapping { needs: needs(chosen), lossy: Some(DIGITS), ..mapping }
        }
        (_, "bytea") => cast(ty, BYTES, (B::VarBinary, -1), chosen, E::Bytea),
        _ => return None,
    };
    Some(Ok(mapping))
}

fn needs(chosen: &str) -> Option<&'static str> {
    match chosen {
        "citext" => Some("citext"),
        "geometry" | "geography" => Some("postgis"),
        "vector" => Some("vector"),
        _ => None,
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
        SourceType { name: name.into(), alias: None, max_length, precision, scale, collation: None }
    }

    fn mapped(name: &str, alternative: Option<&str>) -> Mapping {
        map(&ty(name, 8, 18, 0), alternative).unwrap()
    }

    #[test]
    fn every_default_has_its_row() {
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
            ("sql_variant", 8016, 0, 0, "text", Encoding::VariantText),
        ] {
            let ty = ty(name, length, precision, scale);
            let mapping = map(&ty, None).unwrap();
            assert_eq!((mapping.target_type.as_str(), mapping.encoding), (target, encoding), "{name}");
            assert_eq!((mapping.select, mapping.sent), (SelectForm::AsIs, ty));
        }
    }

    #[test]
    fn what_the_server_converts_comes_back_as_another_type() {
        for (name, target, sent) in [
            ("text", "text", "varchar(max)"),
            ("ntext", "text", "nvarchar(max)"),
            ("image", "bytea", "varbinary(max)"),
            ("hierarchyid", "text", "nvarchar(4000)"),
            ("geometry", "bytea", "varbinary(max)"),
            ("geography", "bytea", "varbinary(max)"),
            ("json", "json", "nvarchar(max)"),
            ("vector", "real[]", "nvarchar(max)"),
        ] {
            let mapping = mapped(name, None);
            assert_eq!((mapping.target_type.as_str(), mapping.sent.to_string().as_str()), (target, sent));
            let SelectForm::Cast(pattern) = mapping.select else { panic!("{name} is read as it is") };
            assert!(pattern.contains("{}"), "{name}");
        }
    }

    #[test]
    fn every_alternative_that_is_listed_is_there_and_the_first_is_the_default() {
        for (_, name, max_length, precision, scale, _) in page::ROWS {
            let ty = ty(name, max_length, precision, scale);
            for chosen in alternatives(&name.into()) {
                match map(&ty, Some(chosen)) {
                    Ok(mapping) => assert!(mapping.target_type.starts_with(chosen), "{name}: {mapping:?}"),
                    Err(refused) => assert!(refused.reason.contains("only whole numbers"), "{refused}"),
                }
            }
            if let (Some(first), Ok(default)) = (alternatives(&name.into()).first(), map(&ty, None)) {
                let text = max_length == -1 && default.target_type == "text";
                assert!(text || default == map(&ty, Some(first)).unwrap(), "{name}");
            }
        }
    }

    #[test]
    fn an_alternative_that_is_not_there_says_which_are() {
        let reason = map(&ty("bit", 1, 1, 0), Some("text")).unwrap_err().reason;
        assert_eq!(reason, "bit cannot become text; there are: boolean, smallint, integer");
        assert!(map(&ty("cursor", 0, 0, 0), Some("text")).unwrap_err().reason.contains("cursor"));
        let reason = map(&ty("decimal", 9, 18, 2), Some("bigint")).unwrap_err().reason;
        assert!(reason.contains("decimal(18,2) cannot become bigint"), "{reason}");
        assert_eq!(mapped("decimal", Some("bigint")).encoding, Encoding::Int8);
    }

    #[test]
    fn an_alternative_of_an_extension_names_it() {
        assert_eq!(mapped("varchar", Some("citext")).needs, Some("citext"));
        assert_eq!(mapped("geography", Some("geography")).needs, Some("postgis"));
        assert_eq!(mapped("vector", Some("vector")).needs, Some("vector"));
        assert_eq!(mapped("vector", None).needs, None);
        let there = ["postgis".to_owned()];
        assert_eq!(preferred(&BaseType::Geometry, &there), Some("geometry"));
        assert_eq!((preferred(&BaseType::Vector, &there), preferred(&BaseType::Int, &there)), (None, None));
    }

    #[test]
    fn what_cannot_be_copied_says_why() {
        for name in ["cursor", "table", "MyClrType"] {
            let reason = map(&ty(name, 16, 0, 0), None).unwrap_err().reason;
            assert!(reason.contains(name), "{reason}");
        }
        let bytes = mapped("MyClrType", Some("bytea"));
        assert_eq!(bytes.select, SelectForm::Cast("CAST({} AS varbinary(max))"));
    }

    #[test]
    fn an_impossible_length_is_refused_instead_of_made_up() {
        assert!(map(&ty("nvarchar", 0, 0, 0), None).is_err());
        assert!(map(&ty("char", -2, 0, 0), None).is_err());
    }
}
