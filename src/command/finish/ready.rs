//! What must be there before the finish step begins: the data of all tables, by the checkpoints and by the ledger.

use crate::checkpoint::Checkpoints;
use crate::copy::owner::holder;
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::TableDocument;
use crate::model::counts::{counted, verb};
use crate::model::phase::Status;
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::client::Client as TargetClient;
use crate::postgres::{ledger, unlogged};
use crate::settings::{Command, Settings};
use std::collections::{BTreeMap, BTreeSet};

/// The failed tables that the finish step goes on without, by their indexes (`--without-failed`). All other data are
/// committed, by the checkpoints.
///
/// # Errors
/// `TablesFailed` or `Unfinished` while data are missing; `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`,
/// `CheckpointNewer`.
pub(super) async fn left_out(
    settings: &Settings,
    checkpoints: &Checkpoints,
    plan: &Plan,
) -> Result<BTreeMap<u32, Error>> {
    let without_failed = matches!(settings.command, Command::Finish { without_failed: true });
    let entries = checkpoints.tables(plan).await?;
    let count =
        |status: Status| entries.iter().filter(|entry| entry.document.data.status() == status).count();
    let (completed, failed) = (count(Status::Completed), count(Status::Failed));
    if completed == entries.len() {
        return Ok(BTreeMap::new());
    }
    if without_failed && completed + failed == entries.len() {
        let left = entries.iter().filter(|entry| entry.document.data.status() == Status::Failed);
        return Ok(left.map(|entry| (entry.document.index, failure(&entry.document))).collect());
    }
    let message = format!(
        "{completed} of {} {} copied ({failed} failed), so finish cannot begin",
        counted(entries.len() as u64, "table"),
        verb(completed as u64, "is", "are")
    );
    let kind = if failed > 0 && !without_failed { ErrorKind::TablesFailed } else { ErrorKind::Unfinished };
    Err(Error::new(kind, message))
}

/// Why a table is left out.
fn failure(document: &TableDocument) -> Error {
    let why = document.data.error().map(|error| format!(": [{}] {}", error.code, error.message));
    let message = format!("its copy failed{}", why.unwrap_or_default());
    Error::new(ErrorKind::TablesFailed, message).table(&document.table)
}

/// The tables that are finished.
fn wanted<'p>(plan: &'p Plan, left_out: &BTreeSet<u32>) -> impl Iterator<Item = &'p PlannedTable> {
    plan.tables.iter().filter(|table| !left_out.contains(&table.index))
}

/// Every table's data is committed, by the ledger: the target may have been made anew since.
///
/// # Errors
/// `Unfinished` if the ledger does not know all of them; `Fenced` or `Replaced` if another run has begun a table since;
/// `TargetUnavailable`, `TargetPermission`, `TargetRefused`.
pub(super) async fn all_data_is_proved(
    settings: &Settings,
    plan: &Plan,
    target: &TargetClient,
    left_out: &BTreeSet<u32>,
) -> Result<()> {
    let wanted = || wanted(plan, left_out);
    let run = settings.run_id.as_str();
    let tallies = ledger::tallies(target, run).await?;
    let is_replaced =
        |table: &&PlannedTable| tallies.get(&table.index).is_some_and(ledger::Tally::is_replaced);
    if let Some(table) = wanted().find(is_replaced) {
        let others = wanted().filter(is_replaced).count() - 1;
        let error = holder::replaced(target, run, &table.target).await;
        let more = match others {
            0 => String::new(),
            others => format!("; the same is true of {}", counted(others as u64, "other table")),
        };
        let message = format!("nothing is built: {}{more}", error.detail());
        return Err(Error::new(error.kind(), message));
    }
    let proved = |table: &&PlannedTable| tallies.get(&table.index).is_some_and(ledger::Tally::is_complete);
    let unknown = wanted().filter(|table| !proved(table)).count() as u64;
    if unknown == 0 {
        return Ok(());
    }
    let message = format!(
        "{} {} called completed, but the target's ledger lacks chunks of {}; `shardferry run` copies {} again",
        counted(unknown, "table"),
        verb(unknown, "is", "are"),
        verb(unknown, "it", "them"),
        verb(unknown, "it", "them")
    );
    Err(Error::new(ErrorKind::Unfinished, message))
}

/// No table of the plan would be emptied by a crash of the target: each was made LOGGED before it was called completed.
///
/// # Errors
/// `Unfinished` if one is UNLOGGED; `TargetUnavailable`, `TargetPermission`, `TargetRefused`.
pub(super) async fn nothing_is_unlogged(
    settings: &Settings,
    plan: &Plan,
    target: &TargetClient,
    left_out: &BTreeSet<u32>,
) -> Result<()> {
    let wanted = || wanted(plan, left_out);
    let targets: Vec<_> = wanted().map(|table| table.target.clone()).collect();
    let mut left: Vec<String> =
        unlogged::unlogged(target, &targets).await?.iter().map(|left| left.of.to_string()).collect();
    let noted = unlogged::noted(target, settings.run_id.as_str()).await?;
    left.extend(wanted().filter(|table| noted.contains(&table.index)).map(|table| table.target.to_string()));
    left.sort();
    left.dedup();
    let Some(first) = left.first() else { return Ok(()) };
    let count = left.len() as u64;
    let them = verb(count, "it", "them");
    let message = format!(
        "{} {} still UNLOGGED ({first}{}): a crash of the target would empty {them}; `shardferry run` makes {them} LOGGED",
        counted(count, "table"),
        verb(count, "is", "are"),
        verb(count, "", ", …")
    );
    Err(Error::new(ErrorKind::Unfinished, message))
}
