//! Which conversion a column needs: what the plan says of it against what the wire sends.

use super::encode::alternative::{Alternative, Integer};
use super::encode::as_text::TextForm;
use super::encode::structured::{Spatial, Structured};
use super::encode::variant::Variant;
use super::types::{Encoding, map};
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedColumn;
use crate::sqlserver::sent_type::is_sent_as;
use crate::sqlserver::wire::{CodePage, WireColumn, WireType, code_page};
use std::fmt::Write as _;

/// How a column's values are converted: wire type and target type in one.
#[derive(Debug)]
pub(super) enum Operation {
    Bit,
    /// Unsigned byte to int2.
    TinyInt,
    SmallInt,
    /// int and real: four bytes in the other order.
    Four,
    /// bigint and float.
    Eight,
    Money,
    SmallMoney,
    Decimal(u8),
    Date,
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Guid,
    Bytes,
    Utf16,
    Xml,
    Coded(CodePage),
    /// UTF-16 behind the version byte of jsonb.
    Jsonb,
    /// Bytes as hex digits.
    Hex,
    /// A short value for another type than the one nearest to its own.
    Alternative(Alternative),
    /// A value that is understood as a whole.
    Structured(Structured),
}

impl Operation {
    /// Whether a value is text whose policies can change it.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Utf16 | Self::Xml | Self::Jsonb | Self::Coded(_))
    }
}

/// Chooses the operation of a column, or says why the result is not what the plan says.
pub(super) fn operation(planned: &PlannedColumn, sent: &WireColumn) -> Result<Operation> {
    let mapping = map(&planned.source_type, planned.map.as_deref())
        .map_err(|unsupported| Error::new(ErrorKind::Unsupported, unsupported.reason))?;
    if mapping.target_type != planned.target_type {
        let (theirs, ours) = (&planned.target_type, &mapping.target_type);
        return Err(Error::new(
            ErrorKind::PlanForeign,
            format!("the plan makes {} {theirs}, this version makes it {ours}", planned.source_type),
        ));
    }
    if sent.name != planned.source.as_str() {
        return Err(Error::new(
            ErrorKind::SourceChanged,
            format!("the source sends a column named {}", sent.name),
        ));
    }
    if !is_sent_as(&mapping.sent, &sent.ty) {
        let mut message = format!("the source sends {}", sent.ty);
        let _ = write!(message, " where the plan has {}", mapping.sent);
        return Err(Error::new(ErrorKind::SourceChanged, message));
    }
    choose(&sent.ty, mapping.encoding)?.ok_or_else(|| {
        let what = format!("{} is not copied as {}", sent.ty, mapping.target_type);
        Error::new(ErrorKind::Unsupported, what)
    })
}

/// From what is sent to how it is written.
fn choose(sent: &WireType, encoding: Encoding) -> Result<Option<Operation>> {
    use Encoding as E;
    use WireType as W;
    Ok(Some(match (sent, encoding) {
        (W::Bit, E::Bool) => Operation::Bit,
        (W::TinyInt, E::Int2) => Operation::TinyInt,
        (W::SmallInt, E::Int2) => Operation::SmallInt,
        (W::Int, E::Int4) | (W::Real, E::Float4) => Operation::Four,
        (W::BigInt, E::Int8) | (W::Float, E::Float8) => Operation::Eight,
        (W::Money, E::Numeric) => Operation::Money,
        (W::SmallMoney, E::Numeric) => Operation::SmallMoney,
        (W::Decimal { scale, .. }, E::Numeric) => Operation::Decimal(*scale),
        (W::Date, E::Date) => Operation::Date,
        (W::Time { scale }, E::Time) => Operation::Time(*scale),
        (W::SmallDateTime, E::Timestamp | E::TimestampTz) => Operation::SmallDateTime,
        (W::DateTime, E::Timestamp | E::TimestampTz) => Operation::DateTime,
        (W::DateTime2 { scale }, E::Timestamp | E::TimestampTz) => Operation::DateTime2(*scale),
        (W::DateTimeOffset { scale }, E::TimestampTz) => Operation::DateTimeOffset(*scale),
        (W::Guid, E::Uuid) => Operation::Guid,
        (W::Binary { .. } | W::VarBinary { .. }, E::Bytea) => Operation::Bytes,
        (W::Binary { .. } | W::VarBinary { .. }, E::AsText) => Operation::Hex,
        (W::NChar { .. } | W::NVarChar { .. }, E::Text | E::Json) => Operation::Utf16,
        (W::NVarChar { .. }, E::Jsonb) => Operation::Jsonb,
        (W::Xml, E::Xml | E::Text) => Operation::Xml,
        (W::Char { collation, .. } | W::VarChar { collation, .. }, E::Text) => {
            Operation::Coded(code_page(*collation).ok_or_else(|| {
                Error::new(
                    ErrorKind::SourceRefused,
                    format!("the code page of collation {collation:02x?} is not known"),
                )
            })?)
        }
        _ => return Ok(alternative(sent, encoding)),
    }))
}

/// The operations of the alternatives.
fn alternative(sent: &WireType, encoding: Encoding) -> Option<Operation> {
    use Encoding as E;
    use WireType as W;
    let integer = match sent {
        W::Bit => Some(Integer::Bit),
        W::TinyInt => Some(Integer::One),
        W::SmallInt => Some(Integer::Two),
        W::Int => Some(Integer::Four),
        W::BigInt => Some(Integer::Eight),
        _ => None,
    };
    let short = match (sent, encoding) {
        (_, E::Int2 | E::Int4 | E::Int8 | E::Numeric) if integer.is_some() => {
            Alternative::Integer(integer?, encoding)
        }
        (W::Decimal { scale: 0, .. }, E::Int8) => Alternative::WholeNumber,
        (W::Real, E::Float8) => Alternative::Double,
        (W::Binary { .. } | W::VarBinary { .. }, E::Int8) => Alternative::RowVersion,
        (W::Decimal { scale, .. }, E::AsText) => Alternative::AsText(TextForm::Decimal(*scale)),
        (W::Money, E::AsText) => Alternative::AsText(TextForm::Money),
        (W::SmallMoney, E::AsText) => Alternative::AsText(TextForm::SmallMoney),
        (W::Date, E::AsText) => Alternative::AsText(TextForm::Date),
        (W::Time { scale }, E::AsText) => Alternative::AsText(TextForm::Time(*scale)),
        (W::SmallDateTime, E::AsText) => Alternative::AsText(TextForm::SmallDateTime),
        (W::DateTime, E::AsText) => Alternative::AsText(TextForm::DateTime),
        (W::DateTime2 { scale }, E::AsText) => Alternative::AsText(TextForm::DateTime2(*scale)),
        (W::DateTimeOffset { scale }, E::AsText) => Alternative::AsText(TextForm::DateTimeOffset(*scale)),
        (W::Guid, E::AsText) => Alternative::AsText(TextForm::Guid),
        (W::VarBinary { .. }, E::Ewkb) => {
            return Some(Operation::Structured(Structured::Spatial(Spatial::Ewkb)));
        }
        (W::VarBinary { .. }, E::Geodetic) => {
            return Some(Operation::Structured(Structured::Spatial(Spatial::Geodetic)));
        }
        (W::VarBinary { .. }, E::Ewkt) => {
            return Some(Operation::Structured(Structured::Spatial(Spatial::Text)));
        }
        (W::NVarChar { .. }, E::RealArray) => return Some(Operation::Structured(Structured::RealArray)),
        (W::NVarChar { .. }, E::Vector) => return Some(Operation::Structured(Structured::Vector)),
        (W::Variant, E::VariantText) => {
            return Some(Operation::Structured(Structured::Variant(Variant::text())));
        }
        (W::Variant, E::VariantJson) => {
            return Some(Operation::Structured(Structured::Variant(Variant::json())));
        }
        _ => return None,
    };
    Some(Operation::Alternative(short))
}
