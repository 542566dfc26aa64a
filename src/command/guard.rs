//! Nothing is thrown away unasked: whose rows are in the target tables that are to be copied?
//!
//! Asked before anything is emptied, for all chosen tables at once. The transaction that empties a table asks again,
//! under a lock (`copy/chunk/transaction.rs`).

use crate::clock;
use crate::copy::owner::holder::{begun_since, foreign_rows, refuse_living};
use crate::copy::queue::TableWork;
use crate::error::{Error, ErrorKind, Result};
use crate::model::counts::{counted, verb};
use crate::model::names::TableName;
use crate::model::phase;
use crate::model::phase::{Event, Status};
use crate::postgres::client::{Client as TargetClient, Transaction};
use crate::postgres::ledger;
use crate::postgres::ledger::{Holder, RowCount};
use crate::settings::{OnExisting, Settings, Truncate};
use std::collections::{BTreeMap, BTreeSet};

/// Another pod of this run may be filling a table in one long transaction: nobody waits for it here.
const SHORT_WAIT: &str = "SET LOCAL lock_timeout = '1s'";

/// Takes those tables out of `work` that another run has begun since this run did, with what is to be said of each.
/// `begun`: indexes of the tables of which the ledger knows chunks of this run.
///
/// # Errors
/// `Fenced` if a run that lives holds one of the tables; `TargetHasRows`, naming all such tables with their rows, if
/// some hold rows that this run did not write and nobody has said that they may go; `TargetUnavailable`,
/// `TargetPermission`, `TargetRefused`.
pub(super) async fn existing_rows(
    settings: &Settings,
    target: &mut TargetClient,
    work: &mut Vec<TableWork>,
    begun: &BTreeSet<u32>,
) -> Result<Vec<(TableWork, Error)>> {
    let run = settings.run_id.as_str();
    let targets: Vec<TableName> = work.iter().map(|work| work.table.target.clone()).collect();
    let held = ledger::holders(target, &targets).await?;
    refuse_living_runs(target, run, &held).await?;
    if settings.on_existing == OnExisting::Replace || settings.truncate == Truncate::Never {
        return Ok(Vec::new());
    }
    let (mut kept, mut replaced, mut looked_at) = (Vec::with_capacity(work.len()), Vec::new(), Vec::new());
    for mut item in work.drain(..) {
        let holder = held.get(&item.table.target).and_then(Option::as_ref);
        let is_begun =
            begun.contains(&item.table.index) || item.entry.document.data.status() != Status::Pending;
        let has_own_rows = holder.is_some_and(|holder| holder.writer() == Some(run));
        match holder.filter(|holder| is_begun && !has_own_rows && holder.run != run) {
            Some(other) => {
                let document = &mut item.entry.document;
                if document.data.is_completed() {
                    document.data = phase::next(&document.data, Event::Reset, clock::now())?;
                }
                let error = Error::new(ErrorKind::Replaced, begun_since(other, &item.table.target));
                replaced.push((item, error));
            }
            None => {
                if !has_own_rows && held.contains_key(&item.table.target) {
                    looked_at.push(item.table.target.clone());
                }
                kept.push(item);
            }
        }
    }
    *work = kept;
    let mut found = BTreeMap::new();
    for table in with_pages(target, &looked_at).await? {
        if let Some(rows) = rows_of(target, &table).await? {
            found.insert(table, rows);
        }
    }
    if found.is_empty() {
        return Ok(replaced);
    }
    // Asked again behind the look at the rows: another pod of this run may have filled a table meanwhile, and the
    // commit that shows its rows says whose they are.
    let names: Vec<TableName> = found.keys().cloned().collect();
    let held = ledger::holders(target, &names).await?;
    let writer = |table: &TableName| held.get(table).and_then(Option::as_ref).and_then(Holder::writer);
    let foreign = found.iter().filter(|(table, _)| writer(table) != Some(run));
    let mut told: Vec<String> =
        foreign.map(|(table, rows)| foreign_rows(table, *rows, writer(table))).collect();
    told.sort();
    if told.is_empty() { Ok(replaced) } else { Err(refused(&told)) }
}

/// Those of the tables that may have rows; all of them, to be looked at one by one, if one is locked.
async fn with_pages(target: &mut TargetClient, tables: &[TableName]) -> Result<Vec<TableName>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let found = unlocked(target, async |transaction| ledger::with_pages(transaction, tables).await).await?;
    Ok(found.unwrap_or_else(|| tables.to_vec()))
}

/// The rows of a table; None if it has none, or if another session keeps it locked: then it is being filled.
async fn rows_of(target: &mut TargetClient, table: &TableName) -> Result<Option<RowCount>> {
    let counted = unlocked(target, async |transaction| ledger::count_rows(transaction, table).await).await;
    Ok(counted.map_err(|error| error.table(table))?.filter(|rows| !rows.is_none()))
}

/// What a look finds that waits for no lock; None if it met one.
async fn unlocked<T>(
    target: &mut TargetClient,
    look: impl AsyncFnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let transaction = target.transaction().await?;
    transaction.batch(SHORT_WAIT).await?;
    let found = look(&transaction).await;
    transaction.rollback().await?;
    match found {
        Err(error) if error.policy().retry && !target.is_closed() => Ok(None),
        found => found.map(Some),
    }
}

fn refused(told: &[String]) -> Error {
    let count = told.len() as u64;
    let (tables, hold) = (counted(count, "target table"), verb(count, "holds", "hold"));
    let message =
        format!("{tables} {hold} rows that this run did not write: {}; nothing was emptied", told.join("; "));
    Error::new(ErrorKind::TargetHasRows, message)
}

/// A run that lives keeps its tables, whatever may go.
async fn refuse_living_runs(
    target: &TargetClient,
    run: &str,
    held: &BTreeMap<TableName, Option<Holder>>,
) -> Result<()> {
    let mut others: BTreeMap<&str, (&Holder, Vec<TableName>)> = BTreeMap::new();
    for (name, table) in held {
        if let Some(holder) = table.as_ref().filter(|holder| holder.run != run) {
            others.entry(&holder.run).or_insert_with(|| (holder, Vec::new())).1.push(name.clone());
        }
    }
    for (holder, tables) in others.values() {
        refuse_living(target, tables, holder).await?;
    }
    Ok(())
}
