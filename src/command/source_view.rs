//! The source as this process finds it, and whether it is still the one that the plan was made for.

use super::connect;
use crate::error::{Error, ErrorKind, Result};
use crate::model::counts::{counted, verb};
use crate::model::names::TableName;
use crate::model::objects::UnreadObjects;
use crate::model::plan::{Plan, PlanOptions, PlannedSource, PlannedTable};
use crate::model::table::{Index, SourceTable};
use crate::plan::{build, shards};
use crate::settings::{Consistency, Settings};
use crate::sqlserver::catalog;
use crate::sqlserver::catalog::Server;
use crate::sqlserver::client::Client as SourceClient;
use crate::stop::Stop;
use std::collections::BTreeMap;

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

/// Refuses a plan that was made for another source, or (if `options` are given) with other filters.
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
    let message = format!(
        "the plan of this run is not the one asked for: {}; another plan copies {} again",
        differences.join("; "),
        match plan.tables.len() as u64 {
            1 => "the table".to_owned(),
            count => format!("all {}", counted(count, "table")),
        }
    );
    Err(Error::new(ErrorKind::PlanForeign, message))
}

/// The isolation that reads will use: decided once and said.
///
/// # Errors
/// `Config` if SNAPSHOT was asked for and the database does not allow it.
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
        Consistency::Snapshot | Consistency::SnapshotTable if !server.snapshot_isolation => {
            let message = format!(
                "--consistency {wanted}, but database {} does not allow it (ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON)",
                server.database
            );
            Err(Error::new(ErrorKind::Config, message))
        }
        other => Ok(other.clone()),
    }
}

/// Says once how many of the tables are read as of several moments.
pub(super) fn say_moments(consistency: &Consistency, tables: &[PlannedTable], chunk_size: u64) {
    let count = tables.iter().filter(|table| shards::is_chunked(table, chunk_size)).count();
    if count == 0 || !consistency.has_many_moments() {
        return;
    }
    tracing::warn!(
        tables = count,
        "{} {} copied in several chunks, and each chunk is read as of its own moment: a row whose key changes \
         meanwhile may be lost or copied twice; stop the writers, or read one moment with --consistency \
         database-snapshot NAME (all tables) or --consistency snapshot-table (each table)",
        counted(count as u64, "table"),
        verb(count as u64, "is", "are")
    );
}

/// The source as this process has found it, read once and handed from step to step.
///
/// A step that compares it with the plan (`unchanged`) finds what changed since the plan was made and before this
/// process began; what changes under a running process is found by none (`docs/background/exactly-once.md`). `finish`
/// reads anew: positions of identities and sequences must not be older than the rows.
pub(super) struct SourceView {
    pub(super) server: Server,
    pub(super) tables: SourceTables,
    pub(super) indexes: Vec<Index>,
    /// Open still, for what a step wants to know beside these.
    pub(super) client: SourceClient,
}

impl SourceView {
    /// Reads what the source has now.
    ///
    /// # Errors
    /// Those of [`connect::source`], and of [`source_tables`].
    pub(super) async fn read(settings: &Settings, stop: &Stop) -> Result<Self> {
        let (mut client, server) = connect::source(settings, stop).await?;
        let seen = catalog::read(&mut client).await?;
        let tables = SourceTables::new(seen.tables, seen.unread);
        Ok(Self { server, tables, indexes: seen.indexes, client })
    }
}

/// What the source has now, by name.
///
/// # Errors
/// `SourceUnavailable`, `SourcePermission` or `SourceRefused` if the catalog cannot be read.
pub(super) async fn source_tables(client: &mut SourceClient) -> Result<SourceTables> {
    let seen = catalog::read(client).await?;
    Ok(SourceTables::new(seen.tables, seen.unread))
}

/// What the source has now, by name, and what it did not show of it.
pub(super) struct SourceTables {
    by_name: BTreeMap<TableName, SourceTable>,
    unread: Vec<UnreadObjects>,
}

impl SourceTables {
    pub(super) fn new(tables: Vec<SourceTable>, unread: Vec<UnreadObjects>) -> Self {
        let by_name = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        Self { by_name, unread }
    }

    pub(super) fn into_tables(self) -> Vec<SourceTable> {
        self.by_name.into_values().collect()
    }

    /// A table that is not what the plan says may be so because the source hides parts of its catalog: that is no change, and
    /// no failure of the table.
    ///
    /// # Errors
    /// `SourcePermission` with what is hidden, if one of the tables cannot be compared with the plan for it.
    pub(super) fn comparable(&self, planned: &[PlannedTable]) -> Result<()> {
        let differs = |planned: &&PlannedTable| {
            let now = self.by_name.get(&planned.source);
            now.is_none_or(|table| build::column_fingerprint(table) != planned.column_fingerprint)
        };
        let Some(hidden) = self.hidden() else { return Ok(()) };
        planned.iter().find(differs).map_or(Ok(()), |table| {
            let message =
                format!("it cannot be compared with the plan, since the source does not show {hidden}");
            Err(Error::new(ErrorKind::SourcePermission, message).table(&table.source))
        })
    }

    fn hidden(&self) -> Option<String> {
        const COMPARED: [&str; 6] =
            ["tables", "columns", "types", "identities", "computed columns", "primary keys"];
        let compared = self.unread.iter().filter(|part| COMPARED.contains(&part.what.as_str()));
        let parts: Vec<String> = compared.map(|part| format!("{} ({})", part.what, part.why)).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl std::ops::Deref for SourceTables {
    type Target = BTreeMap<TableName, SourceTable>;

    fn deref(&self) -> &Self::Target {
        &self.by_name
    }
}

impl std::ops::DerefMut for SourceTables {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.by_name
    }
}

/// Does this login see the rows that the plan took for granted?
///
/// # Errors
/// `SourceChanged` if a security policy was switched on since the plan was made (or was not known to the program that
/// made it).
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
pub(super) fn unchanged(planned: &PlannedTable, now: &SourceTables) -> Result<()> {
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
