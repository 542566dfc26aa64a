//! Does the source understand the WHERE of every table? Asked once, when the plan is made.

use super::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::Plan;

/// Asks for no row of every filtered table.
///
/// # Errors
/// `Config` with every filter that the source refuses; as [`Client::rows`], of a connection that was lost.
pub async fn prove(client: &mut Client, plan: &Plan) -> Result<()> {
    let mut wrong = Vec::new();
    for table in &plan.tables {
        let Some(filter) = &table.filter else { continue };
        let sql = format!("SELECT TOP (0) 1 AS proved FROM {} WHERE ({filter})", table.source.source_sql());
        if let Err(token) = client.try_rows(&sql).await? {
            let (number, text) = (token.code(), token.message().trim_end().to_owned());
            wrong.push(format!("tables: {}: where: error {number}: {text}", table.source));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!("the source refuses filters of the config file:\n  {}", wrong.join("\n  "));
    Err(Error::new(ErrorKind::Config, message))
}
