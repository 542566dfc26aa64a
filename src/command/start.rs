//! What the commands have in common before their first step: the store, the plan, the source's identity.

use crate::checkpoint::Checkpoints;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::names::TableName;
use crate::model::plan::{Plan, PlanOptions, PlannedSource, PlannedTable};
use crate::model::table::{Index, SourceTable};
use crate::plan::build;
use crate::plan::shards;
use crate::postgres::client::Client as TargetClient;
use crate::postgres::ledger;
use crate::retry::retry;
use crate::settings::source::SourceSettings;
use crate::settings::{Consistency, Settings};
use crate::sqlserver::catalog;
use crate::sqlserver::catalog::Server;
use crate::sqlserver::client::Client as SourceClient;
use crate::stop::Stop;
use std::collections::BTreeMap;

/// What a session that copies nothing is called in the target.
const APPLICATION: &str = "shardferry";

/// Opens the checkpoints and makes sure that the store keeps its promises.
///
/// # Errors
/// Those of the store; `StoreUnconditional`.
pub(super) async fn checkpoints(settings: &Settings) -> Result<Checkpoints> {
    let checkpoints =
        Checkpoints::open(settings.checkpoint()?, settings.run_id.clone(), &settings.pod).await?;
    checkpoints.probe().await?;
    Ok(checkpoints)
}

/// Connects to the source, trying again while it is away, and asks who it is.
///
/// # Errors
/// Those of the source.
pub(super) async fn source(settings: &Settings, stop: &Stop) -> Result<(SourceClient, Server)> {
    let source = settings.source()?;
    retry(settings.retry, stop, "connecting to the source", async || {
        let mut client = SourceClient::connect(source).await?;
        let server = of_snapshot(source, catalog::server(&mut client).await?)?;
        Ok((client, server))
    })
    .await
}

/// Where a database snapshot is to be read: makes sure that it is one of the source's database, under whose name the
/// plan knows the source.
fn of_snapshot(source: &SourceSettings, server: Server) -> Result<Server> {
    let Some(name) = &source.snapshot else { return Ok(server) };
    let wanted = &source.database;
    let found = match &server.snapshot_of {
        Some(base) if base.to_lowercase() == wanted.to_lowercase() => {
            return Ok(Server { database: base.clone(), ..server });
        }
        Some(base) => format!("is a database snapshot of {base}, not of {wanted}"),
        None => format!("is no database snapshot (of {wanted}), but a database of its own"),
    };
    Err(Error::new(ErrorKind::Config, format!("--consistency database-snapshot: {name} {found}")))
}

/// Connects to the target, trying again while it is away.
///
/// # Errors
/// Those of the target.
pub(super) async fn target(settings: &Settings, stop: &Stop) -> Result<TargetClient> {
    let target = settings.target()?;
    retry(settings.retry, stop, "connecting to the target", async || {
        TargetClient::connect(target, APPLICATION).await
    })
    .await
}

/// Connects to the target and makes sure that its ledger knows this run by this plan.
///
/// # Errors
/// Those of the target; `PlanForeign`.
pub(super) async fn target_of_plan(settings: &Settings, stop: &Stop, plan: &Plan) -> Result<TargetClient> {
    let mut target = target(settings, stop).await?;
    bind(&mut target, settings, plan).await?;
    Ok(target)
}

/// Makes sure that the target's ledger knows this run by this plan; the first write to a target.
///
/// # Errors
/// Those of the target; `PlanForeign`.
pub(super) async fn bind(target: &mut TargetClient, settings: &Settings, plan: &Plan) -> Result<()> {
    ledger::install(target).await?;
    failpoint!("ledger.after_install");
    ledger::adopt(target, settings.run_id.as_str(), plan.id()).await?;
    failpoint!("ledger.after_adopt");
    Ok(())
}

/// The source as the plan names it.
#[must_use]
pub(super) fn planned_source(server: &Server) -> PlannedSource {
    PlannedSource {
        server: server.name.clone(),
        database: server.database.clone(),
        identity: server.identity.clone(),
        product_version: server.product_version.clone(),
        log_position: server.log_position.clone(),
    }
}

/// Refuses a plan that was made for another source, or (where `options` are given) with other filters.
///
/// # Errors
/// `PlanForeign`, saying what differs.
pub(super) fn same_plan(plan: &Plan, server: &Server, options: Option<&PlanOptions>) -> Result<()> {
    let differences = build::differences(plan, &planned_source(server), options);
    if differences.is_empty() {
        if plan.source.identity.has_another_history(&server.identity) {
            tracing::warn!(
                server = server.name,
                database = server.database,
                "since the plan was made, the source database was restored from a backup or failed over by force: rows that are \
                 copied already may differ from those that it has now"
            );
        }
        return Ok(());
    }
    let message = format!("the plan of this run is not the one asked for: {}", differences.join("; "));
    Err(Error::new(ErrorKind::PlanForeign, message))
}

/// The isolation that reads will use: decided once and said.
///
/// # Errors
/// `Config` where SNAPSHOT was asked for and the database does not allow it.
pub(super) fn consistency(wanted: &Consistency, server: &Server) -> Result<Consistency> {
    match wanted {
        Consistency::SnapshotIfAllowed if server.snapshot_isolation => Ok(Consistency::Snapshot),
        Consistency::SnapshotIfAllowed => {
            tracing::warn!(
                database = server.database,
                "the source database does not allow SNAPSHOT isolation: reading under READ COMMITTED, so rows that change \
                 while a table is copied may be seen in either state"
            );
            Ok(Consistency::ReadCommitted)
        }
        Consistency::Snapshot if !server.snapshot_isolation => {
            let message = format!(
                "--consistency snapshot, but database {} does not allow it (ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON)",
                server.database
            );
            Err(Error::new(ErrorKind::Config, message))
        }
        other => Ok(other.clone()),
    }
}

/// The chosen tables in plan order, from `--start-from-table` on.
///
/// # Errors
/// `Usage` for a choice that the plan does not have.
pub(super) fn selected(settings: &Settings, plan: &Plan) -> Result<Vec<PlannedTable>> {
    let mut tables: Vec<PlannedTable> =
        shards::resolve(&settings.selection, plan)?.into_iter().cloned().collect();
    if let Some(name) = &settings.start_from_table {
        let first = shards::find(plan, name)?.index;
        if !tables.iter().any(|table| table.index == first) {
            let message =
                format!("--start-from-table is not among the chosen tables ({})", settings.selection);
            return Err(Error::new(ErrorKind::Usage, message).table(name));
        }
        tables.retain(|table| table.index >= first);
    }
    Ok(tables)
}

/// The source as this process has found it, read once and handed from step to step.
///
/// A step that compares it with the plan (`unchanged`) finds what changed since the plan was made and before this process
/// began; what changes under a running process is found by none (`docs/exactly-once.md`). `finish` reads anew: positions of
/// identities and sequences must not be older than the rows.
pub(super) struct SourceView {
    pub(super) server: Server,
    pub(super) tables: BTreeMap<TableName, SourceTable>,
    pub(super) indexes: Vec<Index>,
    /// Open still, for what a step wants to know beside these.
    pub(super) client: SourceClient,
}

/// Reads what the source has now.
///
/// # Errors
/// Those of the source.
pub(super) async fn see(settings: &Settings, stop: &Stop) -> Result<SourceView> {
    let (mut client, server) = source(settings, stop).await?;
    let tables = source_tables(&mut client).await?;
    let indexes = catalog::indexes(&mut client).await?;
    Ok(SourceView { server, tables, indexes, client })
}

/// What the source has now, by name.
///
/// # Errors
/// Those of the source.
pub(super) async fn source_tables(client: &mut SourceClient) -> Result<BTreeMap<TableName, SourceTable>> {
    Ok(catalog::tables(client).await?.into_iter().map(|table| (table.name.clone(), table)).collect())
}

/// Does this login see the rows that the plan took for granted?
///
/// # Errors
/// `SourceChanged` where a security policy was switched on since the plan was made (or was not known to the program that made it).
pub(super) fn unfiltered(
    options: &PlanOptions,
    planned: &PlannedTable,
    now: &BTreeMap<TableName, SourceTable>,
) -> Result<()> {
    let policy = now.get(&planned.source).and_then(|table| table.filtered_by.as_deref());
    match policy.filter(|_| !options.allow_row_filters) {
        Some(policy) => {
            let message = format!(
                "{}; the plan was made without it, and another plan needs another --run-id",
                build::row_filter(policy)
            );
            Err(Error::new(ErrorKind::SourceChanged, message).table(&planned.source))
        }
        None => Ok(()),
    }
}

/// Is the source table still what the plan says?
///
/// # Errors
/// `SourceChanged`, naming the table and what changed.
pub(super) fn unchanged(planned: &PlannedTable, now: &BTreeMap<TableName, SourceTable>) -> Result<()> {
    let changed = |what: String| Err(Error::new(ErrorKind::SourceChanged, what).table(&planned.source));
    let Some(table) = now.get(&planned.source) else {
        return changed("the table of the plan is not in the source any more".to_owned());
    };
    if build::column_fingerprint(table) == planned.column_fingerprint {
        return Ok(());
    }
    let before: BTreeMap<&str, (String, bool)> = planned
        .columns
        .iter()
        .map(|column| (column.source.as_str(), (column.source_type.to_string(), column.nullable)))
        .collect();
    let mut told = Vec::new();
    for column in &table.columns {
        match before.get(column.name.as_str()) {
            Some(known) if *known == (column.ty.to_string(), column.nullable) => {}
            Some((ty, _)) => told.push(format!("column {} was {ty}, is {}", column.name, column.ty)),
            None if planned.unsupported.iter().any(|known| known.column == column.name) => {}
            None if planned.generated.iter().any(|known| known.source == column.name) => {}
            None => told.push(format!("column {} is new", column.name)),
        }
    }
    for name in
        before.keys().filter(|name| !table.columns.iter().any(|column| column.name.as_str() == **name))
    {
        told.push(format!("column {name} is gone"));
    }
    if told.is_empty() {
        told.push("its key, an identity, a collation or a computed column".to_owned());
    }
    changed(format!("the source table changed since the plan was made: {}", told.join(", ")))
}
