//! How long the longest key of a table is: asked when the plan is made, of keys alone that may be too long for the target.

use super::client::Client;
use super::select::where_all;
use crate::error::Result;
use crate::model::names::ColumnName;
use crate::model::plan::PlannedTable;

/// Columns of a key, each with a factor.
pub type Weighted = Vec<(ColumnName, u64)>;

/// For each of the keys the greatest sum over its columns of bytes times factor, by one look at the table; None if the source does
/// not say.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks.
pub async fn longest(
    client: &mut Client,
    table: &PlannedTable,
    keys: &[Weighted],
) -> Result<Vec<Option<u64>>> {
    let answer = match client.try_rows(&statement(table, keys)).await? {
        Ok(rows) => rows,
        Err(token) => {
            tracing::info!(table = %table.source, error = token.code(), "the lengths of its keys could not be asked");
            return Ok(vec![None; keys.len()]);
        }
    };
    let Some(row) = answer.first() else { return Ok(vec![None; keys.len()]) };
    let length = |place: usize| match row.try_get::<i64, _>(place) {
        // No row.
        Ok(None) => Some(0),
        Ok(Some(length)) => u64::try_from(length).ok(),
        Err(_) => None,
    };
    Ok((0..keys.len()).map(length).collect())
}

fn statement(table: &PlannedTable, keys: &[Weighted]) -> String {
    let part = |(column, factor): &(ColumnName, u64)| {
        format!("ISNULL(CONVERT(bigint, DATALENGTH({})), 0) * {factor}", column.source_sql())
    };
    let key = |(place, columns): (usize, &Weighted)| {
        let sum: Vec<String> = columns.iter().map(part).collect();
        format!("MAX({}) AS key{place}", sum.join(" + "))
    };
    let list: Vec<String> = keys.iter().enumerate().map(key).collect();
    let rows = where_all([table.filter.as_deref()]);
    format!("SELECT {} FROM {}{rows}", list.join(", "), table.source.source_sql())
}
