//! Becoming the owner of a table or of the finish step, again and again where the store or the target is away.

use crate::checkpoint::Entry;
use crate::clock;
use crate::copy::context::Context;
use crate::copy::owner::claim;
use crate::copy::owner::claim::ClaimAnswer;
use crate::copy::owner::claim::Claimable;
use crate::copy::owner::claim::FINISH_INDEX;
use crate::error::Result;
use crate::model::checkpoint::{FinishDocument, Status, TableDocument};
use crate::model::names::TableName;
use crate::model::phase;
use crate::model::phase::Event;
use crate::model::plan::PlannedTable;
use crate::postgres::ledger;
use crate::retry::Retrying;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Asks for the table, by its document as it is `known` or else as it is now; None where another pod has completed it
/// meanwhile.
///
/// # Errors
/// Those of the store and the target, when the retries are used up.
pub(in crate::copy) async fn own(
    cx: &Arc<Context>,
    table: &PlannedTable,
    known: Option<Entry<TableDocument>>,
) -> Result<Option<ClaimAnswer<TableDocument>>> {
    let what = format!("claiming {}", table.source);
    ask(cx, (table.index, &table.source, &what), known, || Box::pin(current(cx, table))).await
}

/// Asks for the finish step, by its document as it is `known` or else as it is now.
///
/// # Errors
/// As [`own`].
pub async fn own_finish(
    cx: &Arc<Context>,
    known: Entry<FinishDocument>,
) -> Result<Option<ClaimAnswer<FinishDocument>>> {
    let name = TableName::new("shardferry", "finish");
    let now = || -> Now<'_, FinishDocument> { Box::pin(current_finish(cx)) };
    ask(cx, (FINISH_INDEX, &name, "claiming the finish step"), Some(known), now).await
}

/// A document as it is now; None where it says that nothing is left to do.
type Now<'a, T> = BoxFuture<'a, Result<Option<Entry<T>>>>;

/// Asks until there is an answer; after an error by the document as it is `now`.
async fn ask<'a, T: Claimable>(
    cx: &'a Arc<Context>,
    (index, name, what): (u32, &TableName, &str),
    mut known: Option<Entry<T>>,
    now: impl Fn() -> Now<'a, T>,
) -> Result<Option<ClaimAnswer<T>>> {
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, what);
    loop {
        let asked = async {
            let entry = match known.take() {
                Some(entry) => Some(entry),
                None => now().await?,
            };
            match entry {
                Some(entry) => claim::ask(cx, index, name, entry).await.map(Some),
                None => Ok(None),
            }
        };
        match asked.await {
            Ok(asked) => return Ok(asked),
            Err(error) => retrying.pause(error).await?,
        }
    }
}

/// The table's document as it is now; None where the table is completed, which the ledger says, and not the document.
async fn current(cx: &Context, table: &PlannedTable) -> Result<Option<Entry<TableDocument>>> {
    let mut entry = cx.checkpoints.table(&cx.plan, table).await?;
    if entry.document.data.status == Status::Completed {
        let mut session = cx.session.lock().await;
        let known = ledger::chunks(session.client().await?, &cx.run, table.index).await?;
        if ledger::all_committed(&known) {
            return Ok(None);
        }
        entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
    }
    Ok(Some(entry))
}

/// The finish step's document as it is now.
async fn current_finish(cx: &Context) -> Result<Option<Entry<FinishDocument>>> {
    let mut entry = cx.checkpoints.finish(&cx.plan).await?;
    if entry.document.status.status == Status::Completed {
        // By another pod meanwhile, or before the ledger lost it: done again, every step finds what is there.
        entry.document.status = phase::next(&entry.document.status, Event::Reset, clock::now())?;
    }
    Ok(Some(entry))
}
