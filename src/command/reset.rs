//! `reset`: forgets what was done for the chosen tables, in the store and in the ledger. Rows in the target stay
//! until the next `sync` truncates their table.

use super::chosen_tables;
use super::connect;
use super::worklist;
use crate::checkpoint::{Checkpoints, Entry};
use crate::copy::owner::record::Records;
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::TableDocument;
use crate::model::counts::{counted, verb};
use crate::model::outcome::Outcome;
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::client::Client as TargetClient;
use crate::postgres::ledger;
use crate::settings::Settings;
use crate::stop::Stop;
use futures_util::{StreamExt, stream};

/// Checkpoint objects written at once.
const WRITES_AT_ONCE: usize = 32;

/// # Errors
/// `StoreRefused`, `StoreUnavailable`, `CheckpointDamaged`, `CheckpointNewer`; `TargetUnavailable`, `TargetLogin`,
/// `TargetPermission`; `Fenced` if a living pod works on one of the tables.
pub(super) async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let checkpoints = connect::checkpoints(&settings).await?;
    let plan = checkpoints.plan().await?;
    let tables = forget(&settings, &stop, &checkpoints, &plan).await?;
    let (of, their) = (counted(tables, "table"), verb(tables, "its", "their"));
    let message = format!("forgot the checkpoints of {of}; {their} rows stay until the next sync");
    tracing::info!(tables, "{message}");
    Ok(Outcome { tables_processed: tables, message: Some(message), ..Outcome::default() })
}

/// Forgets the chosen tables; how many there were. The ledger first: without a marker a checkpoint counts for
/// nothing, so a reset that is cut off in between leaves tables that are copied again, never tables that are believed
/// to be there.
///
/// # Errors
/// As [`run`].
pub(super) async fn forget(
    settings: &Settings,
    stop: &Stop,
    checkpoints: &Checkpoints,
    plan: &Plan,
) -> Result<u64> {
    let selected = chosen_tables::selected(settings, plan)?;
    let mut target = connect::target(settings, stop).await?;
    ledger::install(&mut target).await?;
    let run = settings.run_id.as_str();
    let whole_run = selected.len() == plan.tables.len();
    if !whole_run {
        ledger::adopt(&mut target, run, &settings.pod, plan).await?;
    }
    let mut entries = Vec::with_capacity(selected.len());
    for (table, entry) in selected.iter().zip(checkpoints.some_tables(plan, &selected).await?) {
        let entry = match entry {
            Ok(entry) => Some(entry),
            Err(error) if error.kind() == ErrorKind::TableDamaged => None,
            Err(error) => return Err(error),
        };
        if let Some(entry) = &entry {
            refuse_busy(settings, &target, table, entry).await?;
        }
        entries.push(entry);
    }
    if whole_run {
        ledger::clear_run(&mut target, run, plan).await?;
    } else {
        let indexes: Vec<u32> = selected.iter().map(|table| table.index).collect();
        ledger::clear(&mut target, run, &indexes).await?;
    }
    let records = Records::new(settings, checkpoints, plan);
    let known = entries.into_iter().zip(&selected);
    let mut forgotten = stream::iter(known)
        .map(|(entry, table)| records.forget(table, entry))
        .buffer_unordered(WRITES_AT_ONCE);
    while let Some(one) = forgotten.next().await {
        one?;
    }
    drop(forgotten);
    checkpoints.delete_finish().await?;
    Ok(selected.len() as u64)
}

/// A table that a living pod works on is not reset under its hands.
async fn refuse_busy(
    settings: &Settings,
    target: &TargetClient,
    table: &PlannedTable,
    entry: &Entry<TableDocument>,
) -> Result<()> {
    let Some(owner) = &entry.document.owner else { return Ok(()) };
    if worklist::is_anothers(settings, target, entry).await? {
        let message = format!("pod {} works on this table; stop it first", owner.pod);
        return Err(Error::new(ErrorKind::Fenced, message).table(&table.source));
    }
    Ok(())
}
