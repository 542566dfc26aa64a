//! Which of the chosen tables are to be copied. What the ledger in the target proves is never copied again; what only a
//! checkpoint claims is.

use crate::checkpoint::{Entry, apart};
use crate::clock;
use crate::copy::owner::alive::{ClaimLock, has_fresh_heartbeat, owner_lives};
use crate::copy::owner::record::Records;
use crate::copy::queue::TableWork;
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::TableDocument;
use crate::model::counts::counted;
use crate::model::names::TableName;
use crate::model::phase;
use crate::model::phase::Event;
use crate::model::phase::Status;
use crate::model::plan::PlannedTable;
use crate::postgres::catalog;
use crate::postgres::client::Client as TargetClient;
use crate::postgres::{ledger, unlogged};
use crate::settings::Settings;
use crate::telemetry::notices::{Notice, Notices};
use std::collections::{BTreeMap, BTreeSet};

/// The tables that are to be copied, and those that need not be.
pub(super) struct Worklist {
    pub(super) work: Vec<TableWork>,
    pub(super) completed: Vec<PlannedTable>,
    /// Their objects are not what they should be, and stay as they are.
    pub(super) damaged: Vec<(PlannedTable, Error)>,
    pub(super) chosen: u64,
    /// Of which the ledger knows chunks, by their indexes.
    pub(super) begun: BTreeSet<u32>,
}

/// That a table which is called completed is copied again, and why.
fn again(table: &PlannedTable, why: String) -> Notice {
    Notice {
        kind: "copied_again".to_owned(),
        what: "table".to_owned(),
        said: ["is called completed, and is copied again", "are called completed, and are copied again"]
            .map(str::to_owned),
        object: table.source.to_string(),
        reason: why,
        rows: 0,
    }
}

/// What the ledger has of a table.
fn part(known: Option<&ledger::Tally>) -> String {
    match known {
        None => "nothing".to_owned(),
        Some(part) if part.chain => {
            format!("only {} of {}", part.committed, counted(part.chunks.into(), "chunk"))
        }
        Some(part) => format!("{} with a gap", counted(part.chunks.into(), "chunk")),
    }
}

/// Reconciles the checkpoints with the ledger, which is the truth about data, and sorts the tables accordingly.
///
/// # Errors
/// `StoreRefused`, `StoreUnavailable`, `CheckpointNewer`; `TargetUnavailable`, `TargetLogin`, `TargetPermission`;
/// `PlanMissing` for `--resume` without a checkpoint.
pub(super) async fn reconcile(
    settings: &Settings,
    records: &Records<'_>,
    target: &TargetClient,
    actual: &BTreeMap<TableName, catalog::TargetTable>,
    selected: Vec<PlannedTable>,
) -> Result<Worklist> {
    let found = records.checkpoints.some_tables(records.plan, &selected).await?;
    let (mut entries, mut damaged) = apart(&selected, found)?;
    if settings.resume && damaged.is_empty() && !entries.values().any(Entry::is_stored) {
        let message = "--resume, but no chosen table of this run has a checkpoint";
        return Err(Error::new(ErrorKind::PlanMissing, message));
    }
    let committed = ledger::tallies(target, settings.run_id.as_str()).await?;
    let mut losses = ledger::losses(target, settings.run_id.as_str(), None).await?;
    let notices = Notices::new(settings);
    let unlogged = unlogged::noted(target, settings.run_id.as_str()).await?;
    let mut list = Worklist {
        work: Vec::new(),
        completed: Vec::new(),
        damaged: Vec::new(),
        chosen: 0,
        begun: committed.keys().copied().collect(),
    };
    for table in selected {
        if let Some(error) = damaged.remove(&table.index) {
            list.chosen += 1;
            list.damaged.push((table, error));
            continue;
        }
        let Some(mut entry) = entries.remove(&table.index) else { continue };
        let status = entry.document.data.status();
        if settings.retry_failed && status != Status::Failed {
            continue;
        }
        list.chosen += 1;
        let lost = losses.remove(&table.index).unwrap_or_default();
        let there = actual.get(&table.target);
        let proved = committed.get(&table.index).filter(|_| there.is_some());
        // Its rows are to be looked at again, whatever the ledger says, and it is to be made LOGGED.
        let unlogged = there.is_some_and(|there| there.unlogged) || unlogged.contains(&table.index);
        match (proved, status) {
            (Some(all), Status::Completed) if all.is_complete() && unlogged => {
                notices.add(again(
                    &table,
                    "it is UNLOGGED: a crash of the target would empty it, or has".to_owned(),
                ));
                entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
                list.work.push(TableWork { table, entry });
            }
            (Some(all), _) if all.is_complete() && unlogged => list.work.push(TableWork { table, entry }),
            (Some(all), Status::Completed) if all.is_complete() && entry.document.losses == lost => {
                list.completed.push(table);
            }
            (Some(all), _) if all.is_complete() => {
                // Its owner may be building indexes: it settles the table itself, and this pod waits for it.
                if is_anothers(settings, target, &entry).await? {
                    list.work.push(TableWork { table, entry });
                    continue;
                }
                tracing::info!(table = %table.source, rows = all.rows, "the ledger has all of this table; its checkpoint is mended");
                records.mend(&table, entry, all, &lost).await?;
                list.completed.push(table);
            }
            (Some(all), Status::Completed) if all.is_replaced() => {
                notices.add(again(
                    &table,
                    "another run has begun the target table since, or it was made anew".to_owned(),
                ));
                entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
                list.work.push(TableWork { table, entry });
            }
            (known, Status::Completed) => {
                notices.add(again(&table, format!("the target's ledger knows {} of it", part(known))));
                entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
                list.work.push(TableWork { table, entry });
            }
            _ => list.work.push(TableWork { table, entry }),
        }
    }
    notices.say();
    Ok(list)
}

/// Is the table in the hands of another pod that lives? It is asked for only if its heartbeat is fresh: that costs
/// nothing.
pub(super) async fn is_anothers(
    settings: &Settings,
    target: &TargetClient,
    entry: &Entry<TableDocument>,
) -> Result<bool> {
    let theirs = entry.document.owner.as_ref().is_some_and(|owner| owner.pod != settings.pod);
    if !theirs || !has_fresh_heartbeat(entry, settings.claim_timeout) {
        return Ok(false);
    }
    let (run, index) = (settings.run_id.as_str(), entry.document.index);
    let lock = ClaimLock::look(target, settings.target()?, run, index).await?;
    Ok(owner_lives(entry, lock, settings.claim_timeout))
}
