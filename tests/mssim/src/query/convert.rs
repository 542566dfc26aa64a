//! CAST, CONVERT and the implicit conversions: one way in, so that TRY_ forms and messages are the same everywhere.

use super::typing;
use crate::load::convert::{Typed, cast};
use crate::results::SqlError;
use crate::types::{Collation, SqlType};
use crate::value::Value;

/// Converts `value` of type `from` to type `to`; `collation` is that of the result.
///
/// # Errors
/// 245, 8114, 241, 8115, 220 … as SQL Server's; 529 for a conversion that it does not have.
pub fn convert(
    value: &Value,
    from: &SqlType,
    to: &SqlType,
    collation: &Collation,
    style: Option<i64>,
) -> Result<Value, SqlError> {
    cast(&Typed { ty: *from, value: value.clone() }, to, collation, style).map_err(|e| match (value, to) {
        // Integers that do not fit the two smallest types have a number of their own.
        (Value::Int(i), SqlType::TinyInt | SqlType::SmallInt) if e.number == 8115 => SqlError {
            number: 220,
            message: format!("Arithmetic overflow error for data type {}, value = {i}.", typing::name(to)),
            ..e
        },
        _ => e,
    })
}

/// As [`convert`], NULL where the value (not the pair of types) is at fault.
///
/// # Errors
/// 529 and 50999 only.
pub fn try_convert(
    value: &Value,
    from: &SqlType,
    to: &SqlType,
    collation: &Collation,
    style: Option<i64>,
) -> Result<Value, SqlError> {
    match convert(value, from, to, collation, style) {
        Err(e) if !matches!(e.number, 529 | 50999) => Ok(Value::Null),
        other => other,
    }
}
