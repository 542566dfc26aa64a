//! Becoming the owner of a table, again and again where the store or the target is away.

use super::claim::{self, Asked};
use super::context::Context;
use super::state::{self, Event};
use crate::checkpoint::Entry;
use crate::checkpoint::document::{Status, TableDocument};
use crate::clock;
use crate::error::Result;
use crate::plan::document::PlannedTable;
use crate::retry::Retrying;
use crate::target::ledger;
use std::sync::Arc;

/// Asks for the table, by its document as it is `known` or else as it is now; None where another pod has completed it
/// meanwhile.
///
/// # Errors
/// Those of the store and the target, when the retries are used up.
pub(super) async fn own(
    cx: &Arc<Context>,
    table: &PlannedTable,
    mut known: Option<Entry<TableDocument>>,
) -> Result<Option<Asked<TableDocument>>> {
    let what = format!("claiming {}", table.source);
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, &what);
    loop {
        let asked = async {
            let entry = match known.take() {
                Some(entry) => entry,
                None => match current(cx, table).await? {
                    Some(entry) => entry,
                    None => return Ok(None),
                },
            };
            claim::ask(cx, table.index, &table.source, entry).await.map(Some)
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
        if !known.is_empty() && known.iter().all(|chunk| chunk.marker.is_some()) {
            return Ok(None);
        }
        entry.document.data = state::next(&entry.document.data, Event::Reset, clock::now())?;
    }
    Ok(Some(entry))
}
