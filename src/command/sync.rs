//! `sync`: copies the data of the chosen tables. What the ledger in the target proves is never copied again; what only
//! a checkpoint claims is.

use super::chosen_tables;
use super::connect;
use super::guard;
use super::source_view::{self, SourceTables, SourceView};
use super::worklist::{self, Worklist};
use super::{reset, schema};
use crate::checkpoint::{Checkpoints, apart};
use crate::clock;
use crate::copy::chunk::reject_files::RejectFiles;
use crate::copy::events::CopyEvent;
use crate::copy::limits::replicas;
use crate::copy::owner::claims::ClaimsAtStart;
use crate::copy::owner::record::Records;
use crate::copy::pod::{Pod, PodStart};
use crate::copy::queue::{TableWork, Tally};
use crate::copy::scheduler;
use crate::copy::table::objects::{ObjectsAtStart, TableObjects};
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::{PodDocument, VERSION};
use crate::model::counts::{Left, counted};
use crate::model::names::TableName;
use crate::model::outcome::Outcome;
use crate::model::phase::{PhaseError, Status};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::table::Index;
use crate::plan::chunk_key;
use crate::postgres::catalog;
use crate::postgres::ledger;
use crate::postgres::objects;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::telemetry::notices::Notices;
use crate::telemetry::spans::TableSpan;
use crate::telemetry::{RunPhase, measures, phase};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// # Errors
/// What stops all tables; what stops one is in the outcome.
pub(super) async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let checkpoints = connect::checkpoints(&settings).await?;
    let plan = checkpoints.plan().await?;
    if settings.reset {
        reset::forget(&settings, &stop, &checkpoints, &plan).await?;
    }
    phase(RunPhase::Copy, copy(&settings, &stop, &checkpoints, &plan, None)).await
}

/// Copies the chosen tables of the plan. `seen`: the source as this process has found it, if it has.
///
/// # Errors
/// As [`run`].
pub(super) async fn copy(
    settings: &Settings,
    stop: &Stop,
    checkpoints: &Checkpoints,
    plan: &Plan,
    seen: Option<SourceView>,
) -> Result<Outcome> {
    let started_at = clock::now();
    let selected = chosen_tables::selected(settings, plan)?;
    if selected.is_empty() {
        let message = format!("{} is empty: nothing to do", settings.selection);
        tracing::info!("{message}");
        return Ok(Outcome { message: Some(message), ..Outcome::default() });
    }
    let reads_source = async {
        let seen = match seen {
            Some(seen) => seen,
            None => SourceView::read(settings, stop).await?,
        };
        source_view::same_plan(plan, &seen.server, None)?;
        seen.tables.comparable(&selected)?;
        Ok(seen)
    };
    let targets: Vec<_> = selected.iter().map(|table| table.target.clone()).collect();
    let reads_target = async {
        let target = connect::target(settings, stop).await?;
        let actual = catalog::tables(&target, &targets).await?;
        let untouched = objects::untouched(&target, &targets).await?;
        Ok((target, actual, untouched))
    };
    let (seen, (mut target, actual, untouched)) = tokio::try_join!(reads_source, reads_target)?;
    let consistency = source_view::consistency(&settings.consistency, &seen.server)?;
    let absent: Vec<_> = selected.iter().filter(|table| !actual.contains_key(&table.target)).collect();
    source_view::say_moments(&consistency, &selected, settings.chunk_size);
    schema_was_run(checkpoints, plan, &absent).await?;
    connect::bind(&mut target, settings, plan).await?;
    let records = Records::new(settings, checkpoints, plan);
    let mut list = worklist::reconcile(settings, &records, &target, &actual, selected).await?;
    let (passed, mut refused) = checked(plan, std::mem::take(&mut list.work), &seen, &actual);
    list.work = passed;
    refused.extend(guard::existing_rows(settings, &mut target, &mut list.work, &list.begun).await?);
    if !list.work.is_empty() || !refused.is_empty() {
        redo_finish(checkpoints, plan).await?;
    }
    let total = u32::try_from(plan.tables.len()).unwrap_or(u32::MAX);
    let progress = begin_progress(settings, &list, total);
    let epochs = ledger::epochs(&target, settings.run_id.as_str()).await?;
    let shared_plan = Arc::new(plan.clone());
    let objects = ObjectsAtStart {
        plan: Arc::clone(&shared_plan),
        source: settings.source()?.clone(),
        untouched,
        version: target.version(),
        jobs: settings.jobs.get(),
    };
    let objects = TableObjects::begin(objects, seen.client);
    drop(target);
    let rejects = match &settings.rejects {
        Some(rejects) => Some(RejectFiles::open(rejects).await?),
        None => None,
    };
    let notices = Notices::new(settings);
    let watcher = progress.watcher(total);
    let start = PodStart { consistency, rejects, watcher, objects, notices: notices.clone() };
    let claims = ClaimsAtStart { checkpoints: checkpoints.clone(), plan: shared_plan, epochs };
    let pod = Pod::new(settings, stop, claims, start)?;
    measures::watch_held(pod.copier.throttle.held());
    let _watched = replicas::watch(&pod.servers.target, &pod.copier.throttle, &pod.copier.patience).await?;
    let work = std::mem::take(&mut list.work);
    let mut tally = scheduler::copy_all(&pod, work, settings.jobs.get()).await;
    for (work, error) in refused {
        refuse(&pod, &records, work, error, &mut tally).await;
    }
    for (table, error) in list.damaged.drain(..) {
        fail(&pod, &table, error, &mut tally);
    }
    progress.held_back(pod.copier.throttle.held().seconds());
    notices.say();
    let outcome = outcome(&list, tally.failed, &tally);
    write_pod(settings, checkpoints, plan, started_at, &mut tally).await;
    let error = tally.verdict.into_error();
    let told = error.as_ref().is_some_and(|error| progress.has_told(error));
    Ok(Outcome { error, told, summary: Some(progress.end(Left::Finish)), ..outcome })
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

/// Refuses to begin if the schema step never came to some tables: nothing of theirs could be copied, and to call each
/// of them failed would say the wrong thing.
async fn schema_was_run(checkpoints: &Checkpoints, plan: &Plan, absent: &[&PlannedTable]) -> Result<()> {
    if absent.is_empty() {
        return Ok(());
    }
    let (entries, _) = apart(&plan.tables, checkpoints.some_tables(plan, &plan.tables).await?)?;
    let never = |table: &&&PlannedTable| {
        entries.get(&table.index).is_some_and(|entry| entry.document.schema.status() == Status::Pending)
    };
    let mut missing = absent.iter().filter(never).map(|table| table.target.to_string());
    let Some(first) = missing.next() else { return Ok(()) };
    let others = match missing.count() {
        0 => String::new(),
        count => format!(" and {} of the chosen tables", counted(count as u64, "other")),
    };
    Err(Error::new(ErrorKind::SchemaMissing, format!("the target has no table {first}{others} yet")))
}

/// A finish step that was completed before must be done again after these tables.
async fn redo_finish(checkpoints: &Checkpoints, plan: &Plan) -> Result<()> {
    let finish = checkpoints.finish(plan).await?;
    if finish.is_stored() && finish.document.status.is_completed() {
        tracing::info!("tables are copied again, so the finish step is to be done again");
        checkpoints.delete_finish().await?;
    }
    Ok(())
}

/// Tables that are on both sides what the plan says, and those that are not, with why.
fn checked(
    plan: &Plan,
    work: Vec<TableWork>,
    seen: &SourceView,
    actual: &BTreeMap<TableName, catalog::TargetTable>,
) -> (Vec<TableWork>, Vec<(TableWork, Error)>) {
    let (mut passed, mut refused) = (Vec::with_capacity(work.len()), Vec::new());
    for work in work {
        let checked = source_view::unfiltered(&plan.options, &work.table, &seen.tables)
            .and_then(|()| check(&work, &seen.tables, &seen.indexes, actual.get(&work.table.target)));
        match checked {
            Ok(()) => passed.push(work),
            Err(error) => refused.push((work, error)),
        }
    }
    (passed, refused)
}

/// Is the table on both sides what the plan says?
fn check(
    work: &TableWork,
    now: &SourceTables,
    indexes: &[Index],
    actual: Option<&catalog::TargetTable>,
) -> Result<()> {
    let table = &work.table;
    source_view::unchanged(table, now)?;
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
        None => Err(not_made(table, work.entry.document.schema.error())),
    }
}

/// Why the target has no such table: what the schema step says of it, which is the cause.
fn not_made(table: &PlannedTable, schema: Option<&PhaseError>) -> Error {
    let error = match schema {
        Some(failed) => {
            let message = format!("the schema step did not make {}: {}", table.target, failed.message);
            Error::new(ErrorKind::from_code(&failed.code).unwrap_or(ErrorKind::TargetRefused), message)
        }
        None => {
            let message = format!("the target has no table {}; run `shardferry schema` first", table.target);
            Error::new(ErrorKind::TargetMismatch, message)
        }
    };
    error.table(&table.source)
}

/// Records a table that cannot be copied as it is.
async fn refuse(pod: &Pod, records: &Records<'_>, work: TableWork, error: Error, tally: &mut Tally) {
    if let Err(unwritten) = records.refused(&work.table, work.entry, &error).await {
        tracing::warn!(error = %unwritten, "the failure could not be recorded");
    }
    fail(pod, &work.table, error, tally);
}

/// Says that a table is not copied.
fn fail(pod: &Pod, table: &PlannedTable, error: Error, tally: &mut Tally) {
    (pod.copier.watcher)(&CopyEvent::TableFailed { index: table.index, error: &error });
    // No claim, so no epoch.
    TableSpan::begin(table, 0).end(table, Status::Failed, (0, 0), Some(&error));
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
        message: Some(format!(
            "copied {}, skipped {skipped}, failed {failed}",
            counted(tally.copied, "table")
        )),
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
