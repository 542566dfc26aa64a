//! Which conversion a column needs: what the plan says of it against what the wire sends.

use super::types::map;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedColumn;
use crate::source::wire::{CodePage, WireColumn, WireType, code_page};
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
}

/// Chooses the operation of a column, or says why the result is not what the plan says.
pub(super) fn operation(planned: &PlannedColumn, sent: &WireColumn) -> Result<Operation> {
    let mapping = map(&planned.source_type)
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
    if !same_type(planned, &sent.ty) {
        let mut message = format!("the source sends {}", sent.ty);
        let _ = write!(message, " where the plan has {}", planned.source_type);
        return Err(Error::new(ErrorKind::SourceChanged, message));
    }
    Ok(match &sent.ty {
        WireType::Bit => Operation::Bit,
        WireType::TinyInt => Operation::TinyInt,
        WireType::SmallInt => Operation::SmallInt,
        WireType::Int | WireType::Real => Operation::Four,
        WireType::BigInt | WireType::Float => Operation::Eight,
        WireType::Money => Operation::Money,
        WireType::SmallMoney => Operation::SmallMoney,
        WireType::Decimal { scale, .. } => Operation::Decimal(*scale),
        WireType::Date => Operation::Date,
        WireType::Time { scale } => Operation::Time(*scale),
        WireType::SmallDateTime => Operation::SmallDateTime,
        WireType::DateTime => Operation::DateTime,
        WireType::DateTime2 { scale } => Operation::DateTime2(*scale),
        WireType::DateTimeOffset { scale } => Operation::DateTimeOffset(*scale),
        WireType::Guid => Operation::Guid,
        WireType::Binary { .. } | WireType::VarBinary { .. } => Operation::Bytes,
        WireType::NChar { .. } | WireType::NVarChar { .. } => Operation::Utf16,
        WireType::Xml => Operation::Xml,
        WireType::Char { collation, .. } | WireType::VarChar { collation, .. } => {
            Operation::Coded(code_page(*collation).ok_or_else(|| {
                Error::new(
                    ErrorKind::SourceRefused,
                    format!("the code page of collation {collation:02x?} is not known"),
                )
            })?)
        }
        other => return Err(Error::new(ErrorKind::Unsupported, format!("{other} is not copied"))),
    })
}

/// Is this what a column of the planned type is sent as?
fn same_type(planned: &PlannedColumn, sent: &WireType) -> bool {
    let ty = &planned.source_type;
    let length = u16::try_from(ty.max_length).ok();
    match (ty.name.as_str(), sent) {
        ("decimal" | "numeric", WireType::Decimal { precision, scale }) => {
            (*precision, *scale) == (ty.precision, ty.scale)
        }
        ("time", WireType::Time { scale })
        | ("datetime2", WireType::DateTime2 { scale })
        | ("datetimeoffset", WireType::DateTimeOffset { scale }) => *scale == ty.scale,
        ("char", WireType::Char { max_bytes, .. })
        | ("nchar", WireType::NChar { max_bytes })
        | ("binary", WireType::Binary { max_bytes }) => Some(*max_bytes) == length,
        ("varchar", WireType::VarChar { max_bytes, .. })
        | ("nvarchar" | "sysname", WireType::NVarChar { max_bytes })
        | ("varbinary", WireType::VarBinary { max_bytes }) => *max_bytes == length,
        (
            "rowversion" | "timestamp",
            WireType::Binary { max_bytes: 8 } | WireType::VarBinary { max_bytes: Some(8) },
        ) => true,
        (
            name,
            WireType::Bit
            | WireType::TinyInt
            | WireType::SmallInt
            | WireType::Int
            | WireType::BigInt
            | WireType::Real
            | WireType::Float
            | WireType::SmallMoney
            | WireType::Money
            | WireType::SmallDateTime
            | WireType::DateTime
            | WireType::Date
            | WireType::Guid
            | WireType::Xml,
        ) => name == sent.to_string(),
        _ => false,
    }
}
