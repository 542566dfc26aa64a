//! The pump: one table, one target transaction.
//!
//! truncate (where allowed), COPY while reading, epoch check under a shared row lock, marker, commit. The reader and
//! the writer overlap through a channel of two batches, so memory is bounded by a few batches whatever the table's size.
//! An attempt that fails rolls back by closing its connections, and begins anew with fresh ones.

use super::claim::Claim;
use super::context::Context;
use super::pump::{BATCH_BYTES, pump};
use crate::checkpoint::document::TableDocument;
use crate::convert::encode::CopyEncoder;
use crate::convert::types;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedTable;
use crate::retry::Retrying;
use crate::settings::{Consistency, Truncate};
use crate::source::client::Client as SourceClient;
use crate::source::select::{SelectForm, select};
use crate::target::client::{Client as TargetClient, Transaction};
use crate::target::ledger::{self, Marker};
use crate::target::writer::CopyWriter;
use std::time::Duration;

/// The one chunk of a table.
const WHOLE_TABLE: u32 = 0;

/// The connections of a worker, kept from table to table.
#[derive(Default)]
pub struct Connections {
    source: Option<SourceClient>,
    target: Option<TargetClient>,
}

/// What a table's commit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    pub rows: u64,
    /// COPY BINARY bytes.
    pub bytes: u64,
    pub checksum: u64,
}

/// Copies the table that `claim` owns: transient errors are retried, a fence or the end of the grace period stops it.
///
/// # Errors
/// The last error, with the table's name. Nothing of the table is committed then, except where the answer to the commit
/// was lost: the rerun finds the marker.
pub async fn copy_table(
    cx: &Context,
    connections: &mut Connections,
    table: &PlannedTable,
    claim: &Claim<TableDocument>,
) -> Result<Copied> {
    let copying = attempts(cx, connections, table, claim.epoch);
    let outcome = tokio::select! {
        copied = copying => copied,
        () = claim.fenced().cancelled() => {
            Err(Error::new(ErrorKind::Fenced, "another pod took this table over while it was copied"))
        }
        () = grace_over(cx) => Err(stopped(cx)),
    };
    if outcome.is_err() {
        *connections = Connections::default();
    }
    outcome.map_err(|error| error.table(&table.source))
}

/// Tries until it succeeds or fails for good; each attempt has fresh connections.
async fn attempts(
    cx: &Context,
    connections: &mut Connections,
    table: &PlannedTable,
    epoch: u64,
) -> Result<Copied> {
    let what = format!("copying {}", table.source);
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, &what);
    loop {
        match attempt(cx, connections, table, epoch).await {
            Ok(copied) => return Ok(copied),
            Err(error) => {
                *connections = Connections::default();
                retrying.pause(error).await?;
            }
        }
    }
}

/// Ends when a signal came and the grace period is over, or a second signal came.
async fn grace_over(cx: &Context) {
    cx.shutdown.token().cancelled().await;
    tokio::select! {
        () = tokio::time::sleep(cx.grace) => {}
        () = cx.shutdown.at_once().cancelled() => {}
    }
}

fn stopped(cx: &Context) -> Error {
    cx.shutdown.error().unwrap_or_else(|| Error::new(ErrorKind::Terminated, "stopped"))
}

async fn attempt(
    cx: &Context,
    connections: &mut Connections,
    table: &PlannedTable,
    epoch: u64,
) -> Result<Copied> {
    let target = match &mut connections.target {
        Some(client) => client,
        none => none.insert(TargetClient::connect(&cx.target, "shardferry").await?),
    };
    if let Some(copied) = committed(target, cx, table).await? {
        return Ok(copied);
    }
    ledger::expect_epoch(target, &cx.run, table.index, epoch).await?;
    let application = ledger::application_name(&cx.run, table.index, epoch);
    target.execute("SELECT set_config('application_name', $1, false)", &[&application]).await?;
    let source = match &mut connections.source {
        Some(client) => client,
        none => none.insert(SourceClient::connect(&cx.source).await?),
    };
    let transaction = target.transaction().await?;
    let freeze = prepare(cx, &transaction, table).await?;
    let writer = CopyWriter::start(&transaction, table, freeze).await?;
    let statement = statement(&cx.consistency, table)?;
    let mut rows = source.read(&statement).await?;
    let mut encoder = CopyEncoder::new(table, rows.columns(), BATCH_BYTES)?;
    let written = pump(cx, table, &mut rows, &mut encoder, writer).await?;
    drop(rows);
    if written != encoder.rows() {
        let message = format!("{} rows were read, but the target counted {written}", encoder.rows());
        return Err(Error::new(ErrorKind::Bug, message));
    }
    let copied = Copied { rows: encoder.rows(), bytes: encoder.bytes(), checksum: encoder.checksum() };
    ledger::check_epoch(&transaction, &cx.run, table.index, epoch).await?;
    ledger::insert_marker(&transaction, &marker(cx, table, epoch, copied)).await?;
    transaction.commit().await?;
    Ok(copied)
}

/// The table's marker, where an earlier attempt did commit although its answer was lost.
async fn committed(target: &TargetClient, cx: &Context, table: &PlannedTable) -> Result<Option<Copied>> {
    let marker = ledger::marker(target, &cx.run, table.index, WHOLE_TABLE).await?;
    Ok(marker.map(|marker| Copied { rows: marker.rows, bytes: marker.bytes, checksum: marker.checksum }))
}

fn marker(cx: &Context, table: &PlannedTable, epoch: u64, copied: Copied) -> Marker {
    Marker {
        run: cx.run.clone(),
        table: table.index,
        chunk: WHOLE_TABLE,
        epoch,
        rows: copied.rows,
        bytes: copied.bytes,
        checksum: copied.checksum,
    }
}

/// Empties the table; true where the COPY may FREEZE its rows: only in the transaction that truncated, and not where the
/// user has made the table a partitioned one.
async fn prepare(cx: &Context, transaction: &Transaction<'_>, table: &PlannedTable) -> Result<bool> {
    if cx.truncate != Truncate::Never {
        transaction.truncate(&table.target).await?;
        return transaction.is_plain(&table.target).await;
    }
    if transaction.is_empty(&table.target).await? {
        return Ok(false);
    }
    let message = format!(
        "the target table {} holds rows that no marker of this run accounts for, and --no-truncate forbids to empty it",
        table.target
    );
    Err(Error::new(ErrorKind::TargetData, message))
}

/// The batch that reads the table under the wanted isolation.
fn statement(consistency: &Consistency, table: &PlannedTable) -> Result<String> {
    let columns = table
        .columns
        .iter()
        .map(|column| match types::map(&column.source_type) {
            Ok(mapping) => Ok((column.source.clone(), mapping.select)),
            Err(refused) => {
                let message =
                    format!("this version does not copy {}: {}", column.source_type, refused.reason);
                Err(Error::new(ErrorKind::Unsupported, message).column(&column.source))
            }
        })
        .collect::<Result<Vec<(_, SelectForm)>>>()?;
    let level = match consistency {
        Consistency::Snapshot => "SNAPSHOT",
        Consistency::ReadCommitted | Consistency::SnapshotIfAllowed | Consistency::DatabaseSnapshot(_) => {
            "READ COMMITTED"
        }
    };
    Ok(format!("SET TRANSACTION ISOLATION LEVEL {level}; {}", select(&table.source, &columns, &[])))
}

/// How long a worker waits before it looks again at a table that another pod owns.
#[must_use]
pub fn busy_wait(claim_timeout: Duration) -> Duration {
    (claim_timeout / 8).clamp(Duration::from_millis(200), Duration::from_secs(5))
}
