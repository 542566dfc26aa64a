//! What SQL Server's error numbers mean.

use crate::error::{Error, ErrorKind};

/// The error that a message of the server stands for.
pub(crate) fn server_error(number: i32, state: u8, class: u8, message: &str) -> Error {
    Error::new(
        ErrorKind::SourceRefused,
        format!("SQL Server error {number}, level {class}, state {state}: {message}"),
    )
}
