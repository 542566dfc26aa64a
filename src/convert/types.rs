//! THE table of types: what every SQL Server type becomes in PostgreSQL, and how its values get there.
//!
//! Decisions that are not obvious:
//! - `tinyint` is unsigned (0 to 255): `smallint`.
//! - `char(n)` and `nchar(n)` become `char(n)`: like the source's, it pads with blanks and ignores them in comparisons,
//!   so predicates keep working. n counts bytes (UTF-16 units) in the source and characters in the target, never fewer,
//!   so every value fits. If a value holds characters of several bytes (of two UTF-16 units, for `nchar`), the
//!   target's padding is longer by their surplus; trailing blanks are not part of the value for either server, and a
//!   comparison of both sides has to leave them out.
//! - `varchar(n)` and `nvarchar(n)` keep n for the same reason: it is never too small.
//! - Times have microseconds in PostgreSQL: scale 7 becomes 6, and a seventh digit that is not 0 is an error of the
//!   value.
//! - `datetimeoffset` becomes `timestamptz`: the instant is kept, the offset is not.
//! - `rowversion` is copied as the eight bytes it was.
//! - `json` becomes `json`, which keeps the text that the server sends; `jsonb` would order keys and drop duplicates.
//! - `geometry` and `geography` are read with SRID, Z and M, and become EWKB: `bytea` without PostGIS, its types with
//!   it.
//! - What the server can only send as text or bytes of its own is converted by the server itself (`select`), into types
//!   that every client understands; what comes back is checked against `sent`.

mod alternatives;
mod rows;

use crate::model::base_type::BaseType;
use crate::model::types::SourceType;
use crate::sqlserver::select::SelectForm;
pub use alternatives::{alternatives, is_foreign, preferred};
use rows::{moments, numbers, others, texts};
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

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;
