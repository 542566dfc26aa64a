//! SQL Server's errors, by number.

use crate::results::SqlError;

/// An error of severity 16 without a line (the session fills the line in).
pub fn error(number: i32, message: impl Into<String>) -> SqlError {
    SqlError { number, state: 1, severity: 16, message: message.into(), line: 0 }
}

/// 102: incorrect syntax.
pub fn syntax(near: &str) -> SqlError {
    SqlError { severity: 15, ..error(102, format!("Incorrect syntax near '{near}'.")) }
}

/// 50999: T-SQL that this server does not know.
pub fn unknown(what: impl std::fmt::Display) -> SqlError {
    error(50999, format!("mssim does not know {what}"))
}

/// 208: no such table, view or function.
pub fn no_object(name: &str) -> SqlError {
    error(208, format!("Invalid object name '{name}'."))
}

/// 207: no such column.
pub fn no_column(name: &str) -> SqlError {
    error(207, format!("Invalid column name '{name}'."))
}

/// 8115: a value does not fit its type.
pub fn overflow(ty: &str) -> SqlError {
    SqlError {
        state: 2,
        ..error(8115, format!("Arithmetic overflow error converting expression to data type {ty}."))
    }
}
