//! The rows of THE table, by groups of types.

use super::{Encoding, Mapping, Unsupported};
use crate::model::base_type::BaseType;
use crate::model::types::SourceType;
use crate::sqlserver::select::SelectForm;

const OFFSET: &str = "the instant is kept, the offset is not";
const UTC: &str = "the source knows no time zone: every value is taken as UTC";
const DIGITS: &str =
    "the server sends eight significant digits of each number, so the last bit of some is lost";
const BASE_TYPE: &str = "the base type of each value is not kept";
const JSONB: &str =
    "the order of keys, all but the last of equal keys, and the writing of numbers are not kept";
const HEMISPHERE: &str = "a polygon larger than a hemisphere means its complement in PostGIS";

/// Whether it is an empty point, the SRID, and WKB with Z and M. WKB has no form for an empty point, so the server's
/// says another type. Nothing here asks for a valid instance, and texts of long ones are not made.
const SPATIAL: SelectForm = SelectForm::Cast(
    "CASE WHEN DATALENGTH({}) < 64 AND {}.ToString() = N'POINT EMPTY' THEN 0x01 ELSE 0x00 END \
     + CONVERT(binary(4), {}.STSrid) + {}.AsBinaryZM()",
);

/// None: the row is of another group of types, or there is no such alternative.
type MappedRow = Option<Result<Mapping, Unsupported>>;

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

pub(super) fn numbers(ty: &SourceType, chosen: &str) -> MappedRow {
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

pub(super) fn texts(ty: &SourceType, chosen: &str) -> MappedRow {
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

pub(super) fn moments(ty: &SourceType, chosen: &str) -> MappedRow {
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

pub(super) fn others(ty: &SourceType, chosen: &str) -> MappedRow {
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
