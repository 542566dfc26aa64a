//! `sync`: copies the data of the chosen tables. What the ledger in the target proves is never copied again; what only a
//! checkpoint claims is.

use super::start::{self, SourceView};
use super::{reset, schema};
use crate::checkpoint::{Checkpoints, Entry, Written};
use crate::clock;
use crate::copy::chunk::rejects::Rejects;
use crate::copy::context::{Context, CopyStart};
use crate::copy::events::CopyEvent;
use crate::copy::limits::budget::Budget;
use crate::copy::limits::replicas;
use crate::copy::queue::{TableWork, Tally};
use crate::copy::scheduler;
use crate::copy::table::objects::TableObjects;
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::{PhaseError, PodDocument, Status, TableDocument, VERSION};
use crate::model::loss::LossRecord;
use crate::model::names::TableName;
use crate::model::outcome::Outcome;
use crate::model::phase;
use crate::model::phase::{Event, PhaseProgress};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::table::Index;
use crate::plan::chunk_key;
use crate::postgres::catalog;
use crate::postgres::client::Client as TargetClient;
use crate::postgres::ledger;
use crate::postgres::ledger::Tally as Committed;
use crate::postgres::objects;
use crate::postgres::unlogged;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::telemetry::spans::TableSpan;
use crate::telemetry::{RunPhase, measures, phase};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;

/// # Errors
/// What stops all tables; what stops one is in the outcome.
pub(super) async fn run(settings: Settings, shutdown: Stop) -> Result<Outcome> {
    let checkpoints = start::checkpoints(&settings).await?;
    let plan = checkpoints.plan().await?;
    if settings.reset {
        reset::forget(&settings, &shutdown, &checkpoints, &plan).await?;
    }
    phase(RunPhase::Copy, copy(&settings, &shutdown, &checkpoints, &plan, None)).await
}

/// Copies the chosen tables of the plan. `seen`: the source as this process has found it, where it has.
///
/// # Errors
/// As [`run`].
pub(super) async fn copy(
    settings: &Settings,
    shutdown: &Stop,
    checkpoints: &Checkpoints,
    plan: &Plan,
    seen: Option<SourceView>,
) -> Result<Outcome> {
    let started_at = clock::now();
    let selected = start::selected(settings, plan)?;
    if selected.is_empty() {
        let message = format!("{} is empty: nothing to do", settings.selection);
        tracing::info!("{message}");
        return Ok(Outcome { message: Some(message), ..Outcome::default() });
    }
    let reads_source = async {
        let seen = match seen {
            Some(seen) => seen,
            None => start::see(settings, shutdown).await?,
        };
        start::same_plan(plan, &seen.server, None)?;
        Ok(seen)
    };
    let targets: Vec<_> = selected.iter().map(|table| table.target.clone()).collect();
    let reads_target = async {
        let target = start::target(settings, shutdown).await?;
        let actual = catalog::tables(&target, &targets).await?;
        let untouched = objects::untouched(&target, &targets).await?;
        Ok((target, actual, untouched))
    };
    let (seen, (mut target, actual, untouched)) = tokio::try_join!(reads_source, reads_target)?;
    let consistency = start::consistency(&settings.consistency, &seen.server)?;
    let absent: Vec<_> = selected.iter().filter(|table| !actual.contains_key(&table.target)).collect();
    schema_was_run(checkpoints, plan, &absent).await?;
    start::bind(&mut target, settings, plan).await?;
    let mut list = worklist(settings, checkpoints, plan, &target, &actual, selected).await?;
    if !list.work.is_empty() {
        redo_finish(checkpoints, plan).await?;
    }
    let total = u32::try_from(plan.tables.len()).unwrap_or(u32::MAX);
    let progress = begin_progress(settings, &list, total);
    let epochs = ledger::epochs(&target, settings.run_id.as_str()).await?;
    let SourceView { tables: now, indexes, client: source, .. } = seen;
    let around = TableObjects::begin(source, untouched, target.version(), settings.jobs.get());
    drop(target);
    let rejects = rejects(settings).await?;
    let budget = Budget::new(settings.memory, settings.jobs, Path::new("/"))?;
    let started = CopyStart {
        checkpoints: checkpoints.clone(),
        plan: plan.clone(),
        consistency,
        watcher: progress.watcher(total),
        epochs,
        rejects,
        budget,
        around,
    };
    let context = Context::new(settings, shutdown, started)?;
    measures::watch_held(context.throttle.held());
    let _watched = replicas::watch(&context).await?;
    let (work, refused): (Vec<_>, Vec<_>) = list
        .work
        .drain(..)
        .map(|work| {
            let checked = start::unfiltered(&plan.options, &work.table, &now)
                .and_then(|()| check(&work.table, &now, &indexes, actual.get(&work.table.target)));
            (work, checked)
        })
        .partition(|(_, checked)| checked.is_ok());
    let mut tally =
        scheduler::copy_all(&context, work.into_iter().map(|(work, _)| work).collect(), settings.jobs.get())
            .await;
    for (work, checked) in refused {
        if let Err(error) = checked {
            refuse(&context, work, error, &mut tally).await;
        }
    }
    progress.held_back(context.throttle.held().seconds());
    progress.final_summary();
    let outcome = outcome(&list, tally.failed, &tally);
    write_pod(settings, checkpoints, plan, started_at, &mut tally).await;
    Ok(Outcome { error: tally.verdict.into_error(), ..outcome })
}

/// The progress of this pod's work, with the tables that need none.
fn begin_progress(settings: &Settings, list: &Worklist, total: u32) -> Progress {
    let progress = Progress::new(&settings.log);
    let totals = progress.clone();
    measures::watch(move || totals.totals());
    progress.begin(list.chosen, list.work.iter().map(|work| work.table.bytes).sum());
    for table in &list.completed {
        progress.table_skipped(table.index, total, &table.source, 0, "already completed");
    }
    progress
}

/// Where rows go that are refused, where they are to go anywhere.
async fn rejects(settings: &Settings) -> Result<Option<Rejects>> {
    match &settings.rejects {
        Some(rejects) => Rejects::open(rejects).await.map(Some),
        None => Ok(None),
    }
}

/// Refuses to begin where the schema step never came to some tables: nothing of theirs could be copied, and to call each of
/// them failed would say the wrong thing.
async fn schema_was_run(checkpoints: &Checkpoints, plan: &Plan, absent: &[&PlannedTable]) -> Result<()> {
    if absent.is_empty() {
        return Ok(());
    }
    let entries = checkpoints.tables(plan).await?;
    let never = |table: &&&PlannedTable| {
        entries.iter().any(|entry| {
            entry.document.index == table.index && entry.document.schema.status == Status::Pending
        })
    };
    let mut missing = absent.iter().filter(never).map(|table| table.target.to_string());
    let Some(first) = missing.next() else { return Ok(()) };
    let others = match missing.count() {
        0 => String::new(),
        count => format!(" and {count} others of the chosen tables"),
    };
    Err(Error::new(ErrorKind::SchemaMissing, format!("the target has no table {first}{others} yet")))
}

/// The tables that are to be copied, and those that need not be.
struct Worklist {
    work: Vec<TableWork>,
    completed: Vec<PlannedTable>,
    chosen: u64,
}

/// Reconciles the checkpoints with the ledger, which is the truth about data, and sorts the tables accordingly.
async fn worklist(
    settings: &Settings,
    checkpoints: &Checkpoints,
    plan: &Plan,
    target: &TargetClient,
    actual: &BTreeMap<TableName, catalog::TargetTable>,
    selected: Vec<PlannedTable>,
) -> Result<Worklist> {
    let mut entries: BTreeMap<u32, Entry<TableDocument>> =
        checkpoints.tables(plan).await?.into_iter().map(|entry| (entry.document.index, entry)).collect();
    if settings.resume
        && !selected.iter().any(|table| entries.get(&table.index).is_some_and(Entry::is_stored))
    {
        let message = "--resume, but no chosen table of this run has a checkpoint";
        return Err(Error::new(ErrorKind::PlanMissing, message));
    }
    let committed = ledger::tallies(target, settings.run_id.as_str()).await?;
    let mut losses = ledger::losses(target, settings.run_id.as_str(), None).await?;
    let unlogged = unlogged::noted(target, settings.run_id.as_str()).await?;
    let mut list = Worklist { work: Vec::new(), completed: Vec::new(), chosen: 0 };
    for table in selected {
        let Some(mut entry) = entries.remove(&table.index) else { continue };
        let status = entry.document.data.status;
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
                tracing::warn!(table = %table.source, "called completed, but a crash of the target would empty it (or has): it is UNLOGGED");
                entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
                list.work.push(TableWork { table, entry });
            }
            (Some(all), _) if all.is_complete() && unlogged => list.work.push(TableWork { table, entry }),
            (Some(all), Status::Completed) if all.is_complete() && entry.document.losses == lost => {
                list.completed.push(table);
            }
            (Some(all), _) if all.is_complete() => {
                tracing::info!(table = %table.source, rows = all.rows, "the ledger has all of this table; its checkpoint is mended");
                mend(checkpoints, plan, &table, entry, (all, lost)).await?;
                list.completed.push(table);
            }
            (known, Status::Completed) => {
                let part = known.map_or_else(
                    || "nothing".to_owned(),
                    |part| format!("only {} of {} chunks", part.committed, part.chunks),
                );
                tracing::warn!(table = %table.source, "called completed, but the target's ledger knows {part} of it: copying what is missing");
                entry.document.data = phase::next(&entry.document.data, Event::Reset, clock::now())?;
                list.work.push(TableWork { table, entry });
            }
            _ => list.work.push(TableWork { table, entry }),
        }
    }
    Ok(list)
}

/// A finish step that was completed before must be done again after these tables.
async fn redo_finish(checkpoints: &Checkpoints, plan: &Plan) -> Result<()> {
    let finish = checkpoints.finish(plan).await?;
    if finish.is_stored() && finish.document.status.status == Status::Completed {
        tracing::info!("tables are copied again, so the finish step is to be done again");
        checkpoints.delete_finish().await?;
    }
    Ok(())
}

/// Writes down what the ledger proves: the commit happened, the checkpoint was not written.
async fn mend(
    checkpoints: &Checkpoints,
    plan: &Plan,
    table: &PlannedTable,
    mut entry: Entry<TableDocument>,
    (all, lost): (&Committed, Vec<LossRecord>),
) -> Result<()> {
    loop {
        let done = PhaseProgress { rows: all.rows, bytes: all.bytes, chunks: all.committed, of: all.chunks };
        entry.document.data = phase::next(&entry.document.data, Event::Completed(done), clock::now())?;
        entry.document.owner = None;
        entry.document.losses.clone_from(&lost);
        if checkpoints.write(&mut entry).await? == Written::Stored {
            return Ok(());
        }
        entry = checkpoints.table(plan, table).await?;
        if entry.document.data.status == Status::Completed && entry.document.losses == lost {
            return Ok(());
        }
    }
}

/// Is the table on both sides what the plan says?
fn check(
    table: &PlannedTable,
    now: &BTreeMap<crate::model::names::TableName, crate::model::table::SourceTable>,
    indexes: &[Index],
    actual: Option<&catalog::TargetTable>,
) -> Result<()> {
    start::unchanged(table, now)?;
    if let (Some(key), Some(source)) = (&table.chunk_key, now.get(&table.source))
        && !chunk_key::holds(source, indexes, key)
    {
        let message = format!(
            "the index {} by which the plan splits the table is gone, or is no longer unique without NULLs",
            key.index
        );
        return Err(Error::new(ErrorKind::SourceChanged, message).table(&table.source));
    }
    match actual {
        Some(there) => schema::matches(table, there),
        None => {
            let message = format!("the target has no table {}; run `shardferry schema` first", table.target);
            Err(Error::new(ErrorKind::TargetMismatch, message).table(&table.source))
        }
    }
}

/// Records a table that cannot be copied as it is.
async fn refuse(context: &Context, mut work: TableWork, error: Error, tally: &mut Tally) {
    (context.watcher)(&CopyEvent::TableFailed { index: work.table.index, error: &error });
    tracing::error!(table = %work.table.source, code = error.policy().code, error = %error, "this table is not copied");
    let failed =
        phase::next(&work.entry.document.data, Event::Failed(PhaseError::from(&error)), clock::now());
    let written = match failed {
        Ok(phase) => {
            work.entry.document.data = phase;
            context.checkpoints.write(&mut work.entry).await.map(drop)
        }
        Err(bug) => Err(bug),
    };
    if let Err(unwritten) = written {
        tracing::warn!(error = %unwritten, "the failure could not be recorded");
    }
    // No claim, so no epoch.
    TableSpan::begin(&work.table, 0).end(&work.table, Status::Failed, (0, 0), Some(&error));
    tally.failed += 1;
    tally.verdict.add(error);
}

fn outcome(list: &Worklist, failed: u64, tally: &Tally) -> Outcome {
    let skipped = list.completed.len() as u64 + tally.elsewhere;
    Outcome {
        tables_processed: tally.copied,
        tables_skipped: skipped,
        tables_failed: failed,
        rows: tally.rows,
        bytes: tally.bytes,
        lossy_rows: tally.lossy_rows,
        message: Some(format!("copied {} tables, skipped {skipped}, failed {failed}", tally.copied)),
        ..Outcome::default()
    }
}

/// What this pod did, for the report. Its loss loses no data, so it never fails a run.
async fn write_pod(
    settings: &Settings,
    checkpoints: &Checkpoints,
    plan: &Plan,
    started_at: Timestamp,
    tally: &mut Tally,
) {
    let document = PodDocument {
        version: VERSION,
        plan_fingerprint: plan.fingerprint.clone(),
        operation: String::new(),
        pod: settings.pod.clone(),
        namespace: settings.telemetry.namespace.clone(),
        node: settings.telemetry.node.clone(),
        attempt: 0,
        command: settings.command.name().to_owned(),
        started_at,
        ended_at: clock::now(),
        exit_code: tally.verdict.worst().map_or(0, |error| error.policy().exit),
        error: tally.verdict.worst().map(PhaseError::from),
        tables: std::mem::take(&mut tally.tables),
    };
    if let Err(error) = checkpoints.write_pod(&document).await {
        tracing::warn!(error = %error, "what this pod did could not be written for the report");
    }
}
