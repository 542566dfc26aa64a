//! `schema`: schemas, tables and primary keys of the chosen tables. Idempotent; a table that is there must be the
//! plan's.

use super::chosen_tables;
use super::connect;
use super::source_view::{self, SourceTables, SourceView};
use crate::checkpoint::{Checkpoints, Entry, apart};
use crate::copy::owner::record::Records;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::TableDocument;
use crate::model::counts::{counted, verb};
use crate::model::names::TableName;
use crate::model::outcome::Outcome;
use crate::model::phase::{Event, PhaseProgress};
use crate::model::phase::{PhaseError, Status};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::table::{Index, SourceTable};
use crate::postgres::client::{Client as TargetClient, Transaction};
use crate::postgres::names::Names;
use crate::postgres::{catalog, ddl, ledger};
use crate::settings::Settings;
use crate::stop::Stop;
use crate::telemetry::{RunPhase, phase};
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::time::Duration;

/// Checkpoint objects written at once.
const WRITES_AT_ONCE: usize = 32;
/// Tables created in one transaction: some 200 locks of the server's table of them (6,400 by default).
const TABLES_AT_ONCE: usize = 32;
/// Advisory lock under which tables are created: two pods with overlapping shards must not race. `shardddl` in ASCII.
const DDL_LOCK: i64 = 0x7368_6172_6464_646c;
/// How often a pod looks whether the lock is free.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// # Errors
/// What stops all tables; what stops one is in the outcome.
pub(super) async fn run(settings: Settings, stop: Stop) -> Result<Outcome> {
    let checkpoints = connect::checkpoints(&settings).await?;
    let plan = checkpoints.plan().await?;
    if settings.reset {
        super::reset::forget(&settings, &stop, &checkpoints, &plan).await?;
    }
    phase(RunPhase::Schema, prepare(&settings, &stop, &checkpoints, &plan, &mut None, DamageToldBy::Schema))
        .await
}

/// Which step tells of a table whose checkpoint is damaged: one error is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DamageToldBy {
    Schema,
    /// It comes next, and finds the same.
    Sync,
}

/// Creates what is missing of the chosen tables, and records it. `seen`: the source as this process has found it, or
/// will.
///
/// # Errors
/// As [`run`].
pub(super) async fn prepare(
    settings: &Settings,
    stop: &Stop,
    checkpoints: &Checkpoints,
    plan: &Plan,
    seen: &mut Option<SourceView>,
    damage: DamageToldBy,
) -> Result<Outcome> {
    let selected = chosen_tables::selected(settings, plan)?;
    if selected.is_empty() {
        let message = format!("{} is empty: nothing to do", settings.selection);
        tracing::info!("schema: {message}");
        return Ok(Outcome { message: Some(message), ..Outcome::default() });
    }
    let seen = match seen {
        Some(seen) => seen,
        none => none.insert(SourceView::read(settings, stop).await?),
    };
    source_view::same_plan(plan, &seen.server, None)?;
    seen.tables.comparable(&selected)?;
    let now = &seen.tables;
    let names = index_names(plan, now, &seen.indexes);
    let mut target = connect::target_of_plan(settings, stop, plan).await?;
    let (mut entries, mut damaged) = apart(&selected, checkpoints.some_tables(plan, &selected).await?)?;
    let (mut outcome, mut writes) = (Outcome::default(), Vec::new());
    let mut keeper = connect::target(settings, stop).await?;
    let made = loop {
        // Of this transaction, on a connection of its own: a session's lock would be lost, or stay for good, behind a
        // pooler in transaction mode. And nobody waits for it inside of a transaction, which would use the pool up.
        let alone = keeper.transaction().await?;
        let made = match locked(&alone).await? {
            true => Some(create(&mut target, settings, &selected, now, &names).await),
            false => None,
        };
        alone.rollback().await?;
        match made {
            Some(made) => break made?,
            None => pause(stop).await?,
        }
    };
    for (table, made) in selected.iter().zip(made) {
        if let Some(error) = damaged.remove(&table.index) {
            outcome.tables_failed += 1;
            if damage == DamageToldBy::Schema {
                tracing::error!(table = %table.source, code = error.policy().code, "{error}");
            }
            outcome.add(error, true);
            continue;
        }
        let Some(entry) = entries.remove(&table.index) else { continue };
        match made {
            Ok(TableCreation::WasThere) => outcome.tables_skipped += 1,
            Ok(TableCreation::Created) => {
                outcome.tables_processed += 1;
                tracing::debug!(table = %table.source, target = %table.target, "created");
            }
            Err(error) => {
                outcome.tables_failed += 1;
                tracing::error!(table = %table.source, code = error.policy().code, "the schema of this table failed: {error}");
                writes.push((table, entry, Event::Failed(PhaseError::from(&error))));
                outcome.add(error, true);
                continue;
            }
        }
        if entry.document.schema.status() != Status::Completed {
            writes.push((table, entry, Event::Completed(PhaseProgress::STEP)));
        }
    }
    record(&Records::new(settings, checkpoints, plan), writes).await?;
    outcome.message = Some(format!(
        "schema: {} created, {} {} there, {} failed",
        counted(outcome.tables_processed, "table"),
        outcome.tables_skipped,
        verb(outcome.tables_skipped, "was", "were"),
        outcome.tables_failed
    ));
    tracing::info!(
        created = outcome.tables_processed,
        present = outcome.tables_skipped,
        failed = outcome.tables_failed,
        "{}",
        outcome.message.as_deref().unwrap_or_default()
    );
    Ok(outcome)
}

/// The names of all indexes of the run, the same in every pod: primary keys now, the rest later.
#[must_use]
fn index_names(plan: &Plan, now: &BTreeMap<TableName, SourceTable>, indexes: &[Index]) -> Names {
    let keys =
        now.values().filter_map(|table| Some((&table.name, table.primary_key.as_ref()?.name.as_str())));
    Names::of_indexes(plan, keys, indexes)
}

enum TableCreation {
    WasThere,
    Created,
}

/// Until another look at the lock; an error after a signal.
async fn pause(stop: &Stop) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(LOCK_PAUSE) => {}
        () = stop.token().cancelled() => {}
    }
    stop.error().map_or(Ok(()), Err)
}

/// Takes the lock under which tables are created, for this transaction; false if another pod has it.
async fn locked(transaction: &Transaction<'_>) -> Result<bool> {
    let rows = transaction.query("SELECT pg_try_advisory_xact_lock($1)", &[&DDL_LOCK]).await?;
    rows.first()
        .and_then(|row| row.try_get(0).ok())
        .ok_or_else(|| Error::new(ErrorKind::Bug, "the target does not say whether it has locked"))
}

/// One answer for each of `selected`, in order.
async fn create(
    target: &mut TargetClient,
    settings: &Settings,
    selected: &[PlannedTable],
    now: &SourceTables,
    names: &Names,
) -> Result<Vec<Result<TableCreation>>> {
    let mut schemas: Vec<String> = selected.iter().map(|table| table.target.schema.clone()).collect();
    schemas.sort();
    schemas.dedup();
    for schema in catalog::missing_schemas(target, &schemas).await? {
        target.batch(&ddl::create_schema(&schema)).await?;
        failpoint!("schema.after_schema");
    }
    create_collations(target, selected).await?;
    let targets: Vec<TableName> = selected.iter().map(|table| table.target.clone()).collect();
    let actual = catalog::tables(target, &targets).await?;
    // A marker of a table that is not there (dropped by hand) proves nothing any more.
    let missing: Vec<u32> = selected
        .iter()
        .filter(|table| !actual.contains_key(&table.target))
        .map(|table| table.index)
        .collect();
    ledger::clear(target, settings.run_id.as_str(), &missing).await?;
    failpoint!("schema.after_clear");
    if settings.unlogged {
        say_what_is_logged(selected, &actual);
    }
    let (mut made, mut wanted) = (Vec::with_capacity(selected.len()), Vec::new());
    for table in selected {
        made.push(match (source_view::unchanged(table, now), actual.get(&table.target)) {
            (Err(changed), _) => Err(changed),
            (Ok(()), Some(there)) => matches(table, there).map(|()| TableCreation::WasThere),
            (Ok(()), None) => {
                wanted.push((made.len(), table, definition(table, settings.unlogged, now, names)));
                Ok(TableCreation::Created)
            }
        });
    }
    for batch in wanted.chunks(TABLES_AT_ONCE) {
        for (place, failed) in create_batch(target, batch).await? {
            if let Some(one) = made.get_mut(place) {
                *one = Err(failed);
            }
        }
    }
    Ok(made)
}

/// `--unlogged` is for tables that are made: what is there stays as it is, and partitions are always LOGGED.
fn say_what_is_logged(selected: &[PlannedTable], actual: &BTreeMap<TableName, catalog::TargetTable>) {
    let there = selected
        .iter()
        .filter(|table| actual.get(&table.target).is_some_and(|there| !there.unlogged))
        .count();
    if there > 0 {
        tracing::info!(
            tables = there,
            "--unlogged makes no difference to tables that are there: {} {} LOGGED and {} so",
            counted(there as u64, "table"),
            verb(there as u64, "is", "are"),
            verb(there as u64, "stays", "stay")
        );
    }
    let partitioned = selected
        .iter()
        .filter(|table| !actual.contains_key(&table.target) && ddl::partition::clauses(table).is_ok())
        .count();
    if partitioned > 0 {
        tracing::info!(
            tables = partitioned,
            "--unlogged is not for partitioned tables: {} {} made LOGGED",
            counted(partitioned as u64, "table"),
            verb(partitioned as u64, "is", "are")
        );
    }
}

/// A table that is to be created: its place among the chosen ones, and what makes it.
type Wanted<'t> = (usize, &'t PlannedTable, String);

/// All of the batch in one transaction and one round trip; if that fails, each by itself, so that a table fails alone.
/// Returns those that did.
///
/// # Errors
/// Those that a rerun may mend.
async fn create_batch(target: &TargetClient, batch: &[Wanted<'_>]) -> Result<Vec<(usize, Error)>> {
    let all: Vec<&str> = batch.iter().map(|(_, _, sql)| sql.as_str()).collect();
    let created = target.batch(&format!("{};\n{}", ddl::SEARCH_PATH, all.join(";\n"))).await;
    failpoint!("schema.after_table");
    match created {
        Ok(()) => return Ok(Vec::new()),
        Err(error) if error.policy().retry => return Err(error),
        Err(_) => {}
    }
    let mut failed = Vec::new();
    for (place, table, sql) in batch {
        let one = target.batch(&format!("{};\n{sql}", ddl::SEARCH_PATH)).await;
        match one.map_err(|error| error.table(&table.source)) {
            Ok(()) => {}
            Err(error) if error.policy().retry => return Err(error),
            Err(error) => failed.push((*place, error)),
        }
    }
    Ok(failed)
}

/// The collations that the tables' columns have, each in the schema of its tables.
async fn create_collations(target: &TargetClient, selected: &[PlannedTable]) -> Result<()> {
    let mut wanted: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for table in selected {
        for column in &table.columns {
            if let (Some(name), Some(source)) = (&column.collation, &column.source_type.collation) {
                wanted.insert((table.target.schema.as_str(), name.as_str()), source.as_str());
            }
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    if !catalog::has_icu(target).await? {
        let message =
            "the target was built without ICU, which --collations icu needs; use citext or database";
        return Err(Error::new(ErrorKind::Config, message));
    }
    for ((schema, name), source) in wanted {
        if let Some(sql) = ddl::collation::create(schema, name, source).sql() {
            target.batch(sql).await?;
        }
    }
    Ok(())
}

/// Is the target's table the plan's?
///
/// # Errors
/// `TargetMismatch` with every difference.
pub(super) fn matches(table: &PlannedTable, there: &catalog::TargetTable) -> Result<()> {
    let differences = catalog::differences(table, there);
    if differences.is_empty() {
        return Ok(());
    }
    let message = format!("the target table {} is not the plan's: {}", table.target, differences.join("; "));
    Err(Error::new(ErrorKind::TargetMismatch, message).table(&table.source))
}

/// Table and key.
fn definition(table: &PlannedTable, unlogged: bool, now: &SourceTables, names: &Names) -> String {
    let key = now
        .get(&table.source)
        .and_then(|now| now.primary_key.as_ref())
        .and_then(|key| ddl::add_primary_key(table, names.index(&table.target, &key.name)));
    let mut sql = ddl::create_table(table, unlogged);
    if let Some(key) = key {
        sql.push_str(";\n");
        sql.push_str(&key);
    }
    sql
}

/// Writes the schema phases, many at once.
async fn record(
    records: &Records<'_>,
    writes: Vec<(&PlannedTable, Entry<TableDocument>, Event)>,
) -> Result<()> {
    let write = async |(table, entry, event)| records.schema(table, entry, event).await;
    let mut results = stream::iter(writes).map(write).buffer_unordered(WRITES_AT_ONCE);
    while let Some(result) = results.next().await {
        result?;
    }
    Ok(())
}
