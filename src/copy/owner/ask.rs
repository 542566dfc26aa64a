//! Becoming the owner of a table or of the finish step, again and again while the store or the target is away.

use crate::checkpoint::Entry;
use crate::clock;
use crate::copy::owner::claim;
use crate::copy::owner::claim::{ClaimAnswer, ClaimSubject, FINISH_INDEX};
use crate::copy::owner::claims::Claims;
use crate::copy::owner::connections::Connections;
use crate::error::Result;
use crate::model::checkpoint::{FinishDocument, TableDocument};
use crate::model::names::TableName;
use crate::model::phase;
use crate::model::phase::Event;
use crate::model::plan::PlannedTable;
use crate::postgres::ledger;
use std::sync::Arc;

/// Asks for the table, by its document as it is `known` or else as it is now; None if another pod has completed it
/// meanwhile.
///
/// # Errors
/// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`, `TargetUnavailable`, `TargetLogin`,
/// `TargetPermission`, when the retries are used up; that of a signal.
pub(in crate::copy) async fn own_table(
    claims: &Arc<Claims>,
    connections: &mut Connections,
    table: &PlannedTable,
    mut known: Option<Entry<TableDocument>>,
) -> Result<Option<ClaimAnswer<TableDocument>>> {
    let what = format!("claiming {}", table.source);
    let mut retrying = claims.patience.retrying(&what);
    let subject = ClaimSubject { index: table.index, name: &table.source, table: Some(table) };
    loop {
        let asked = async {
            let entry = match known.take() {
                Some(entry) => Some(entry),
                None => current_table(claims, connections, table).await?,
            };
            match entry {
                Some(entry) => claim::ask(claims, connections, subject, entry).await.map(Some),
                None => Ok(None),
            }
        };
        match asked.await {
            Ok(asked) => return Ok(asked),
            Err(error) => {
                connections.close();
                retrying.pause(error).await?;
            }
        }
    }
}

/// Asks for the finish step, by its document as it is `known` or else as it is now.
///
/// # Errors
/// As [`own_table`].
pub async fn own_finish(
    claims: &Arc<Claims>,
    connections: &mut Connections,
    known: Entry<FinishDocument>,
) -> Result<ClaimAnswer<FinishDocument>> {
    let name = TableName::new("shardferry", "finish");
    let subject = ClaimSubject { index: FINISH_INDEX, name: &name, table: None };
    let mut retrying = claims.patience.retrying("claiming the finish step");
    let mut known = Some(known);
    loop {
        let asked = async {
            let entry = match known.take() {
                Some(entry) => entry,
                None => current_finish(claims).await?,
            };
            claim::ask(claims, connections, subject, entry).await
        };
        match asked.await {
            Ok(asked) => return Ok(asked),
            Err(error) => {
                connections.close();
                retrying.pause(error).await?;
            }
        }
    }
}

/// The table's document as it is now; None if the table is completed, which the ledger says, and not the document.
async fn current_table(
    claims: &Claims,
    connections: &mut Connections,
    table: &PlannedTable,
) -> Result<Option<Entry<TableDocument>>> {
    let mut entry = claims.checkpoints.table(&claims.plan, table).await?;
    if entry.document.data.is_completed() {
        let proofs = ledger::prove(connections.target().await?, &claims.run, &[table.index]).await?;
        if proofs.get(&table.index).is_some_and(|proof| proof.tally.is_complete()) {
            return Ok(None);
        }
        entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
    }
    Ok(Some(entry))
}

/// The finish step's document as it is now.
async fn current_finish(claims: &Claims) -> Result<Entry<FinishDocument>> {
    let mut entry = claims.checkpoints.finish(&claims.plan).await?;
    if entry.document.status.is_completed() {
        // By another pod meanwhile, or before the ledger lost it: done again, every step finds what is there.
        entry.document.status = phase::next(&entry.document.status, Event::Reset, clock::now())?;
    }
    Ok(entry)
}
