//! The worker: one chunk, one target transaction.
//!
//! truncate (a table's only chunk), COPY while reading, epoch check under a shared row lock, marker, commit. An
//! attempt that fails rolls back by closing its connections, and begins anew with fresh ones; what other chunks of
//! the table have committed stays. A chunk that turns out much larger than wanted is cut behind a complete row: its
//! marker, its new upper bound and the chunk that takes the rest are committed together.

use crate::convert::encode::CopyEncoder;
use crate::copy::chunk::copier::ChunkCopier;
use crate::copy::chunk::pump::Piece;
use crate::copy::chunk::pump::pump;
use crate::copy::chunk::rejects::LeftOutRows;
use crate::copy::chunk::rejects::RejectRetry;
use crate::copy::chunk::statement;
use crate::copy::chunk::transaction;
use crate::copy::chunk::transaction::clear;
use crate::copy::chunk::transaction::{Emptied, Emptying};
use crate::copy::events::CopyEvent;
use crate::copy::owner::connections::Connections;
use crate::copy::rules::CopyRules;
use crate::copy::table::books::Begins;
use crate::copy::table::books::Chunk;
use crate::copy::table::books::OpenTable;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::bound::{Bound, KeyRange};
use crate::model::counts::{counted, verb};
use crate::model::loss::LossRecord;
use crate::model::plan::PlannedTable;
use crate::model::policy::Mask;
use crate::postgres::client::{Client as TargetClient, Transaction};
use crate::postgres::fixed::fixed_value;
use crate::postgres::ledger;
use crate::postgres::ledger::Marker;
use crate::postgres::unlogged::StorageState;
use crate::postgres::writer;
use crate::postgres::writer::{CopyWriter, PreparedCopy};
use crate::sqlserver::chunks::{KeyCapture, row_key};
use std::sync::atomic::Ordering;

/// A chunk of so many times the wanted size is cut while it is read.
const CUT_AT: u64 = 2;

/// What a chunk's commit holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::copy) struct CommittedChunk {
    pub(in crate::copy) rows: u64,
    /// COPY BINARY bytes.
    pub(in crate::copy) bytes: u64,
    /// Changed or left out, once for each column and kind of change; none of a commit whose answer was lost.
    pub(in crate::copy) lossy_rows: u64,
    /// What was cut off, and is another chunk now.
    pub(in crate::copy) rest: Option<Chunk>,
}

/// Copies a chunk of a table that this pod owns: transient errors are retried, a fence or the end of the grace period
/// stops it.
///
/// # Errors
/// The last error, with the table's name. Nothing of the chunk is committed then, unless the answer to the commit
/// was lost: the rerun finds the marker.
pub(in crate::copy) async fn copy_chunk(
    copier: &ChunkCopier,
    connections: &mut Connections,
    open: &OpenTable,
    chunk: &Chunk,
) -> Result<CommittedChunk> {
    let copying = attempts(copier, connections, open, chunk);
    let copying = Box::pin(copier.patience.until_fenced(&open.fenced, "while it was copied", copying));
    let size = |copied: &CommittedChunk| (copied.rows, copied.bytes);
    let outcome =
        open.attempt.span.chunk(&open.attempt.table, chunk.number, open.attempt.epoch, copying, size).await;
    if outcome.is_err() {
        connections.close();
    }
    copier.tell(&CopyEvent::ChunkEnded { index: open.attempt.table.index, chunk: chunk.number });
    outcome.map_err(|error| error.table(&open.attempt.table.source))
}

/// Tries until it succeeds or fails for good; each attempt after the first has fresh connections.
async fn attempts(
    copier: &ChunkCopier,
    connections: &mut Connections,
    open: &OpenTable,
    chunk: &Chunk,
) -> Result<CommittedChunk> {
    let what = format!("copying chunk {} of {}", chunk.number, open.attempt.table.source);
    let mut retrying = copier.patience.retrying(&what);
    let mut first = true;
    let mut redo = RejectRetry::default();
    loop {
        let attempted = async {
            if !std::mem::take(&mut first)
                && let Some(copied) =
                    committed(connections.target().await?, &copier.rules.run, open, chunk).await?
            {
                return Ok(copied);
            }
            attempt(copier, connections, open, chunk, &mut redo).await
        };
        match attempted.await {
            Ok(copied) => return Ok(copied),
            Err(error) => {
                connections.close();
                if open.is_lost() {
                    return Err(error);
                }
                // The marker may be our own: of an attempt whose COMMIT was still under way when its connection broke.
                if error.kind() == ErrorKind::Fenced
                    && let Ok(target) = connections.target().await
                {
                    if let Ok(Some(copied)) = committed(target, &copier.rules.run, open, chunk).await {
                        return Ok(copied);
                    }
                    // Or nobody else's either: the server has crashed and taken back the commit that pinned the chunk.
                    if ledger::expect_epoch(
                        target,
                        &copier.rules.run,
                        open.attempt.table.index,
                        open.attempt.epoch,
                    )
                    .await
                    .is_ok()
                    {
                        return Err(open.lose());
                    }
                }
                if !redo.take() {
                    retrying.pause(error).await?;
                }
            }
        }
    }
}

async fn attempt(
    copier: &ChunkCopier,
    connections: &mut Connections,
    open: &OpenTable,
    chunk: &Chunk,
    redo: &mut RejectRetry,
) -> Result<CommittedChunk> {
    let (table, rules) = (&open.attempt.table, &copier.rules);
    let (source, target) = connections.both().await?;
    failpoint!("copy.before_transaction");
    let (transaction, found) = transaction::open(&rules.run, target, table, open.attempt.epoch).await?;
    let (copy, emptied) = emptied(rules, &transaction, open, &found, chunk.begins).await?;
    failpoint!("copy.after_clear");
    let fixed = fixed_values(&transaction, table).await?;
    let writer = CopyWriter::begin(&transaction, copy).await?;
    failpoint!("copy.after_start");
    // A chunk may be cut only if the order of the key costs nothing: reading in order is what makes a cut possible.
    let may_cut = !rules.consistency.is_whole_tables();
    let cut_key = table.chunk_key.as_ref().filter(|key| key.clustered && may_cut);
    let mut rows = source.read(&statement::read_chunk(&rules.consistency, table, &chunk.range)?).await?;
    let key =
        row_key(table).filter(|_| cut_key.is_some() || rules.rejects.is_some() || may_be_refused(table));
    let mut left_out = LeftOutRows::new(rules, open, chunk.number, key.as_ref(), rows.columns(), redo);
    let mut encoder = CopyEncoder::new(table, rows.columns(), copier.budget.limits())?;
    left_out.prepare(&mut encoder);
    for (column, value) in fixed {
        encoder.set_fixed(column, &value)?;
    }
    let mut encoder = KeyCapture::new(encoder, table, key.as_ref(), rows.columns())?;
    if rules.rejects.is_some() {
        encoder = encoder.of_all_columns(rows.columns().len());
    }
    let piece = Piece {
        table,
        chunk: chunk.number,
        cut_at: cut_key.map(|_| rules.chunk_size.saturating_mul(CUT_AT)),
    };
    let pumped = pump(copier, &piece, &mut rows, &mut encoder, writer, &mut left_out).await?;
    drop(rows);
    let encoder = encoder.get();
    if pumped.written != encoder.rows() {
        let (rows, were) = (counted(encoder.rows(), "row"), verb(encoder.rows(), "was", "were"));
        let message = format!("{rows} {were} read, but the target counted {}", pumped.written);
        return Err(Error::new(ErrorKind::Bug, message));
    }
    failpoint!("copy.after_copy");
    let losses = left_out.put(encoder.losses()).await?;
    let marker = Marker {
        run: rules.run.clone(),
        table: table.index,
        chunk: chunk.number,
        epoch: open.attempt.epoch,
        rows: encoder.rows(),
        bytes: encoder.bytes(),
        checksum: encoder.checksum(),
    };
    let rest = seal(&transaction, open, chunk, &marker, &losses, pumped.cut).await?;
    transaction.commit().await?;
    left_out.committed();
    failpoint!("copy.after_commit");
    emptied.say(table);
    if rest.is_some() {
        // Its rows beyond the cut are still on their way: the stream was abandoned, so the connection is closed.
        connections.close_source();
    }
    let lossy_rows = losses.iter().map(|record| record.rows).sum();
    Ok(CommittedChunk { rows: marker.rows, bytes: marker.bytes, lossy_rows, rest })
}

/// The table as the chunk needs it, and the COPY prepared: one round trip.
async fn emptied(
    rules: &CopyRules,
    transaction: &Transaction<'_>,
    open: &OpenTable,
    found: &StorageState,
    begins: Begins,
) -> Result<(PreparedCopy, Emptied)> {
    let table = &open.attempt.table;
    let Begins::Table { forget } = begins else {
        // Not emptied by this run: a crash of the server has taken back the commit that did that.
        if found.is_lost() || !found.emptied {
            return Err(open.lose());
        }
        return Ok((writer::prepare(transaction, table, false).await?, Emptied::NOTHING));
    };
    if found.unlogged {
        open.unlogged.store(true, Ordering::SeqCst);
    }
    let emptying = Emptying::choose(rules, table, found, true, forget);
    // Sent at once; if the first fails, it says why.
    let (cleared, prepared) = futures_util::future::join(
        clear(&rules.run, transaction, table, found, emptying),
        writer::prepare(transaction, table, emptying.freezes()),
    )
    .await;
    let emptied = cleared?;
    Ok((prepared?, emptied))
}

/// What PostgreSQL reads the fixed masks of the table as, by column. A text is taken as it is.
async fn fixed_values(transaction: &Transaction<'_>, table: &PlannedTable) -> Result<Vec<(usize, Vec<u8>)>> {
    let mut values = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        let Some(Mask::Fixed(text)) = &column.mask else { continue };
        let ty = column.target_type.as_str();
        if ty == "text" || ty.starts_with("varchar") || ty.starts_with("char") {
            continue;
        }
        let value = fixed_value(transaction, text, ty).await.map_err(|error| error.column(&column.source))?;
        values.push((place, value));
    }
    Ok(values)
}

/// Has the table a column whose values may be refused or changed? Else nobody will ask for the key of a row.
fn may_be_refused(table: &PlannedTable) -> bool {
    table.columns.iter().any(|column| column.source_type.name.has_policies())
}

/// What ends a chunk's transaction: epoch check, marker, what was changed, and the chunk that takes over what was cut
/// off.
async fn seal(
    transaction: &Transaction<'_>,
    open: &OpenTable,
    chunk: &Chunk,
    marker: &Marker,
    losses: &[LossRecord],
    cut: Option<Bound>,
) -> Result<Option<Chunk>> {
    let mark = async {
        match chunk.begins {
            Begins::Table { .. } => ledger::insert_marker(transaction, marker).await,
            Begins::Nothing => ledger::fill_marker(transaction, marker).await,
        }
    };
    // Sent at once, in this order, which is the order in which the server does it: the marker is written under the
    // lock that the check takes. Both are answered before anything is committed.
    let table = &open.attempt.table;
    let (checked, marked) = futures_util::future::join(
        ledger::check_epoch(transaction, &marker.run, table, marker.epoch, chunk.begins.writes()),
        mark,
    )
    .await;
    checked?;
    failpoint!("copy.after_epoch_check");
    marked?;
    failpoint!("copy.after_marker");
    ledger::insert_losses(transaction, &marker.run, marker.table, chunk.number, losses).await?;
    failpoint!("copy.after_losses");
    let Some(through) = cut else { return Ok(None) };
    ledger::cut(transaction, &marker.run, marker.table, chunk.number, &through).await?;
    failpoint!("copy.after_cut");
    let range = KeyRange { after: Some(through), through: chunk.range.through.clone() };
    let rest = Chunk { number: open.number(), range, begins: Begins::Nothing };
    ledger::pin(transaction, &marker.run, marker.table, rest.number, &rest.range).await?;
    failpoint!("copy.after_rest");
    Ok(Some(rest))
}

/// What an earlier attempt did commit although its answer was lost. By the epoch it is told from a marker of an earlier
/// owner, whose chunks this one may be about to forget.
async fn committed(
    target: &TargetClient,
    run: &str,
    open: &OpenTable,
    chunk: &Chunk,
) -> Result<Option<CommittedChunk>> {
    let known = ledger::chunks(target, run, open.attempt.table.index).await?;
    let Some(own) = known.iter().find(|known| known.number == chunk.number) else { return Ok(None) };
    let Some(marker) = own.marker.as_ref().filter(|marker| marker.epoch == open.attempt.epoch) else {
        return Ok(None);
    };
    // Only a cut makes two chunks that end where this one was to end. It may have been made behind the very last row.
    let is_rest = |other: &&ledger::Chunk| {
        other.number != own.number
            && other.range.after.is_some()
            && other.range.after == own.range.through
            && other.range.through == chunk.range.through
    };
    let rest = known.iter().find(is_rest).map(|other| Chunk {
        number: other.number,
        range: other.range.clone(),
        begins: Begins::Nothing,
    });
    Ok(Some(CommittedChunk { rows: marker.rows, bytes: marker.bytes, lossy_rows: 0, rest }))
}
