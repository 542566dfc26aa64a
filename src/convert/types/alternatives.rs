//! What each type can become, by the names that users write; the first is the default.

use crate::model::base_type::BaseType;

/// The target types of a source type, without lengths; the first is the default. Empty: none at all. A `(max)` type
/// becomes `text` by default, whatever stands first here.
#[must_use]
pub fn alternatives(ty: &BaseType) -> &'static [&'static str] {
    use BaseType as B;
    match ty {
        B::Bit => &["boolean", "smallint", "integer"],
        B::TinyInt | B::SmallInt => &["smallint", "integer", "bigint", "numeric"],
        B::Int => &["integer", "bigint", "numeric"],
        B::BigInt => &["bigint", "numeric"],
        B::Decimal | B::Numeric => &["numeric", "bigint", "text"],
        B::Money | B::SmallMoney => &["numeric", "text"],
        B::Real => &["real", "double precision"],
        B::Float => &["double precision"],
        B::Char | B::NChar => &["char", "varchar", "text", "citext"],
        B::VarChar | B::NVarChar | B::SysName => &["varchar", "text", "citext"],
        B::Text | B::NText => &["text", "varchar", "citext"],
        B::Binary | B::VarBinary | B::Image => &["bytea", "text"],
        B::RowVersion | B::Timestamp => &["bytea", "bigint", "text"],
        B::Date => &["date", "text"],
        B::Time => &["time", "text"],
        B::SmallDateTime | B::DateTime | B::DateTime2 => &["timestamp", "timestamptz", "text"],
        B::DateTimeOffset => &["timestamptz", "text"],
        B::UniqueIdentifier => &["uuid", "text"],
        B::Xml => &["xml", "text"],
        B::SqlVariant => &["text", "jsonb"],
        B::HierarchyId => &["text", "bytea"],
        B::Geometry => &["bytea", "text", "geometry"],
        B::Geography => &["bytea", "text", "geography", "geometry"],
        B::Json => &["json", "jsonb", "text"],
        B::Vector => &["real[]", "text", "vector"],
        B::Cursor | B::Table => &[],
        // CLR types of the user: their bytes, and only on request.
        _ => &["bytea"],
    }
}

/// The alternative that a plan chooses by itself if the target has its extension (`postgis`, `vector`).
#[must_use]
pub fn preferred(ty: &BaseType, extensions: &[String]) -> Option<&'static str> {
    let (extension, chosen) = match ty {
        BaseType::Geometry => ("postgis", "geometry"),
        BaseType::Geography => ("postgis", "geography"),
        BaseType::Vector => ("vector", "vector"),
        _ => return None,
    };
    extensions.iter().any(|there| there == extension).then_some(chosen)
}

/// A type that this program has no row for: a CLR type of the user, or one of a server to come.
#[must_use]
pub const fn is_foreign(ty: &BaseType) -> bool {
    matches!(ty, BaseType::Clr | BaseType::Cursor | BaseType::Table | BaseType::Unknown(_))
}
