//! A text as PostgreSQL reads it for a column: the binary form that COPY takes, made by the server itself.

use super::client::Transaction;
use crate::error::{Error, ErrorKind, Result};
use tokio_postgres::types::{FromSql, Type};

/// Any value as it was sent.
struct SentBytes(Vec<u8>);

impl<'a> FromSql<'a> for SentBytes {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// `text` as a value of `target_type` (as in DDL).
///
/// # Errors
/// `Value` if it is none; `TargetUnavailable` if the connection breaks.
pub async fn fixed_value(transaction: &Transaction<'_>, text: &str, target_type: &str) -> Result<Vec<u8>> {
    let rows = transaction.query(&format!("SELECT CAST($1 AS {target_type})"), &[&text]).await?;
    let value = rows.first().and_then(|row| row.try_get::<_, SentBytes>(0).ok());
    let none = || Error::new(ErrorKind::Value, format!("the fixed value of a mask is no {target_type}"));
    value.map(|value| value.0).ok_or_else(none)
}
