//! The lossiness record: what each committed chunk changed, by column. Its rows are written by the chunk's own
//! transaction behind the marker, and go with the chunk's row, wherever that is forgotten.

use super::{Client, Transaction, read, stored};
use crate::error::{Error, ErrorKind, Result};
use crate::model::loss::{Loss, LossRecord, Sample};
use crate::postgres::client::{Parameter, get};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// Writes what a chunk changed.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn insert_losses(
    transaction: &Transaction<'_>,
    run: &str,
    table: u32,
    chunk: u32,
    losses: &[LossRecord],
) -> Result<()> {
    let (index, chunk): (i32, i32) = (stored(table, "the table index")?, stored(chunk, "the chunk")?);
    for record in losses {
        let rows: i64 = stored(record.rows, "the row count")?;
        let samples = serde_json::to_value(&record.samples).map_err(|error| {
            Error::new(ErrorKind::Bug, "sample keys cannot be written as JSON").because(error)
        })?;
        // One a line: names are percent-encoded.
        let file = (!record.files.is_empty()).then(|| record.files.join("\n"));
        let loss = record.loss.name();
        let parameters: [Parameter<'_>; 8] =
            [&run, &index, &chunk, &record.column, &loss, &rows, &samples, &file];
        transaction.execute(include_str!("../sql/insert_loss.sql"), &parameters).await?;
    }
    Ok(())
}

/// What was changed in each table of the run, or in one of them: added up over its chunks, by column name.
///
/// # Errors
/// `CheckpointDamaged` for what this program did not write; see [`crate::postgres::errors::kind`].
pub async fn losses(
    client: &Client,
    run: &str,
    table: Option<u32>,
) -> Result<BTreeMap<u32, Vec<LossRecord>>> {
    let index: Option<i32> = table.map(|table| stored(table, "the table index")).transpose()?;
    losses_of(&client.query(include_str!("../sql/losses.sql"), &[&run, &index]).await?)
}

/// The rows of such a question, added up.
pub(super) fn losses_of(rows: &[Row]) -> Result<BTreeMap<u32, Vec<LossRecord>>> {
    let mut tables: BTreeMap<u32, BTreeMap<(String, Loss), LossRecord>> = BTreeMap::new();
    for row in rows {
        let (table, record) = record_of(row)?;
        let records = tables.entry(table).or_default();
        match records.get_mut(&(record.column.clone(), record.loss)) {
            Some(known) => known.add(record),
            None => drop(records.insert((record.column.clone(), record.loss), record)),
        }
    }
    Ok(tables.into_iter().map(|(table, records)| (table, records.into_values().collect())).collect())
}

fn record_of(row: &Row) -> Result<(u32, LossRecord)> {
    let damaged = |what: &str| {
        let message = format!("the ledger in the target holds {what} that this version does not know");
        Error::new(ErrorKind::CheckpointDamaged, message)
    };
    let number: u32 = read(get::<i32>(row, 1)?)?;
    let loss: String = get(row, 3)?;
    let mut samples: Vec<Sample> = serde_json::from_value(get::<Json>(row, 5)?)
        .map_err(|error| damaged("sample keys").because(error))?;
    for sample in &mut samples {
        if let Sample::Row { chunk, .. } = sample {
            *chunk = Some(number);
        }
    }
    let record = LossRecord {
        column: get(row, 2)?,
        loss: Loss::named(&loss).ok_or_else(|| damaged("a loss"))?,
        rows: read(get::<i64>(row, 4)?)?,
        samples,
        files: get::<Option<String>>(row, 6)?
            .iter()
            .flat_map(|files| files.lines())
            .map(str::to_owned)
            .collect(),
    };
    Ok((read(get::<i32>(row, 0)?)?, record))
}

/// Rows of a table that are rejected for good, in committed chunks.
#[must_use]
pub fn rejected(records: &[LossRecord]) -> u64 {
    records.iter().filter(|record| record.loss == Loss::Rejected).map(|record| record.rows).sum()
}
