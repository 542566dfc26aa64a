//! The end of a table under way: what its object says, and its claim given back.

use super::claim::{Claim, Settled};
use super::context::Context;
use super::state::{Done, Event};
use super::table::Ended;
use crate::checkpoint::document::{Status, TableDocument};
use crate::convert::policy::LossRecord;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedTable;
use crate::retry::Retrying;
use crate::target::ledger;

/// Writes down what became of a table and gives its claim back: its state, and the error where not all went well.
pub(super) async fn settle(
    cx: &Context,
    claim: Claim<TableDocument>,
    table: &PlannedTable,
    ended: Ended,
) -> (Status, Option<Error>) {
    let losses = losses(cx, table).await;
    if let Some(losses) = &losses {
        say(table, losses);
    }
    let claim = match losses {
        Some(losses) => claim.with_change(move |document| document.losses = losses).await,
        None => claim,
    };
    match (ended.error, ended.left) {
        (None, 0) => completed(cx, claim, table, ended.done).await,
        (None, _) => {
            let stop = cx.shutdown.error();
            let why = stop.as_ref().map_or_else(|| "an error stopped the pod".to_owned(), Error::detail);
            release(cx, claim).await;
            cx.progress.table_stopped(table.index, &why);
            (Status::Pending, None)
        }
        (Some(error), _) => {
            let status = give_up(cx, claim, &error).await;
            match status {
                Status::Failed => cx.progress.table_failed(table.index, &error),
                Status::Pending | Status::InProgress | Status::Completed => {
                    cx.progress.table_stopped(table.index, &error.detail());
                }
            }
            (status, Some(error))
        }
    }
}

/// What the ledger says was changed in the table's rows. Where it cannot be asked, the next start writes it down.
async fn losses(cx: &Context, table: &PlannedTable) -> Option<Vec<LossRecord>> {
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, "reading the lossiness record");
    loop {
        let read = async {
            let mut session = cx.session.lock().await;
            ledger::losses(session.client().await?, &cx.run, Some(table.index)).await
        };
        match read.await {
            Ok(mut all) => return Some(all.remove(&table.index).unwrap_or_default()),
            Err(error) => {
                if let Err(error) = retrying.pause(error).await {
                    tracing::warn!(table = %table.source, %error, "what was changed in this table's values is not known yet; a rerun writes it down");
                    return None;
                }
            }
        }
    }
}

/// One line a column: counts, never values.
fn say(table: &PlannedTable, losses: &[LossRecord]) {
    for column in losses.chunk_by(|a, b| a.column == b.column) {
        let parts: Vec<_> =
            column.iter().map(|record| format!("{} {}", record.rows, record.loss.meaning())).collect();
        let (name, rows) = (&column[0].column, column.iter().map(|record| record.rows).sum::<u64>());
        tracing::warn!(table = %table.source, column = name, rows, "{}, column {name}: rows {}", table.source, parts.join("; "));
    }
}

/// All chunks are committed: says so in the table's document.
async fn completed(
    cx: &Context,
    claim: Claim<TableDocument>,
    table: &PlannedTable,
    done: Done,
) -> (Status, Option<Error>) {
    match claim.settle(cx, Settled::event(Event::Completed(done))).await {
        Ok(_) => {
            cx.progress.table_completed(table.index);
            (Status::Completed, None)
        }
        Err(error) => {
            cx.progress.table_stopped(table.index, "the rows are committed, the checkpoint is not written");
            (Status::InProgress, Some(error.table(&table.source)))
        }
    }
}

/// Records a failure, or gives the claim back after a signal; a claim that was taken over is no longer ours to change.
async fn give_up(cx: &Context, claim: Claim<TableDocument>, error: &Error) -> Status {
    match error.kind() {
        ErrorKind::Fenced => {
            claim.abandon(cx).await;
            Status::InProgress
        }
        ErrorKind::Terminated | ErrorKind::Interrupted => {
            release(cx, claim).await;
            Status::Pending
        }
        _ => {
            unsettled(claim.settle(cx, Settled::failed(error)).await);
            Status::Failed
        }
    }
}

/// Gives a claim back with work left to do.
async fn release(cx: &Context, claim: Claim<TableDocument>) {
    unsettled(claim.settle(cx, Settled::event(Event::Released)).await);
}

fn unsettled<T>(settled: Result<T>) {
    if let Err(error) = settled {
        tracing::warn!(error = %error, "the table's checkpoint could not be written; a rerun takes it up again");
    }
}
