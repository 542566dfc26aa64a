//! What a copy has to do with the objects of its tables.
//!
//! Before a table is truncated: checks and foreign keys that an earlier load left. PostgreSQL refuses to truncate a
//! table that a foreign key refers to, and a row cannot come before the row it points to; so the run's own (by their
//! names, between tables of the plan, and none that `finish` would not build again) are dropped. The first table that
//! is begun drops those of all tables that the run has not begun, in a transaction of its own and one pod at a time:
//! nobody copies yet into those tables, so nobody is waited for. Nothing is remembered: `finish` builds what is
//! missing. Indexes stay.
//!
//! After a table's last chunk: its indexes, each in a transaction that checks the epoch of the claim like a chunk's.

use super::queries::{self, Constraint};
use super::{Makes, PlannedObject, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::names::{TableName, quote_target};
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::client::Client;
use crate::postgres::ddl::SEARCH_PATH;
use crate::postgres::{catalog, ledger};
use crate::stop::Stop;
use std::collections::{BTreeMap, BTreeSet};

/// Advisory lock of those who drop: one at a time. `sharddrp` in ASCII.
const DROP_LOCK: i64 = 0x7368_6172_6464_7270;

/// What stands, or will stand, on the plan's tables.
#[derive(Debug, Clone, Default)]
pub struct StandingObjects {
    /// Checks and foreign keys that `finish` builds: target table and name.
    own: BTreeSet<(TableName, String)>,
    /// By target table.
    indexes: BTreeMap<TableName, Vec<PlannedObject>>,
    /// Index and target of all tables of the plan.
    tables: Vec<(u32, TableName)>,
    /// Index builds at once.
    jobs: usize,
}

/// What was dropped, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InTheWay(pub usize);

impl StandingObjects {
    /// By the list of [`super::statements`].
    #[must_use]
    pub fn new(plan: &Plan, planned: &[PlannedObject], jobs: usize) -> Self {
        let mut standing = Self {
            tables: plan.tables.iter().map(|table| (table.index, table.target.clone())).collect(),
            jobs,
            ..Self::default()
        };
        for planned in planned.iter().filter(|planned| planned.statement.sql().is_some()) {
            match &planned.makes {
                Makes::Constraint(table, name) => {
                    standing.own.insert((table.clone(), name.clone()));
                }
                Makes::Index(table, _) if planned.step == Step::Indexes => {
                    standing.indexes.entry(table.clone()).or_default().push(planned.clone());
                }
                _ => {}
            }
        }
        standing
    }

    /// Makes sure that nothing keeps `table` from being truncated and filled.
    ///
    /// # Errors
    /// `TargetData` if a foreign key that is not the run's refers to the table; `TargetUnavailable` if the connection
    /// breaks; `TargetPermission` or `TargetRefused` if the target refuses a statement.
    pub async fn clear_the_way(
        &self,
        client: &mut Client,
        run: &str,
        table: &PlannedTable,
    ) -> Result<InTheWay> {
        let found = queries::in_the_way_of(client, &[&table.target]).await?;
        let own =
            |constraint: &Constraint| self.own.contains(&(constraint.table.clone(), constraint.name.clone()));
        let theirs = found.iter().find(|constraint| {
            constraint.referenced.as_ref() == Some(&table.target)
                && constraint.table != table.target
                && !own(constraint)
        });
        if let Some(theirs) = theirs {
            let message = format!(
                "the foreign key {} of table {} refers to {}, which therefore cannot be truncated, and it is none that this run \
                 builds again: drop it before, or copy with --no-truncate into empty tables",
                theirs.name, theirs.table, table.target
            );
            return Err(Error::new(ErrorKind::TargetData, message));
        }
        if !found.iter().any(own) {
            return Ok(InTheWay(0));
        }
        self.drop_own(client, run, table).await
    }

    async fn drop_own(&self, client: &mut Client, run: &str, table: &PlannedTable) -> Result<InTheWay> {
        let transaction = client.transaction().await?;
        transaction.query("SELECT pg_advisory_xact_lock($1)", &[&DROP_LOCK]).await?;
        let begun = queries::begun(&transaction, run).await?;
        let open: Vec<&TableName> = self
            .tables
            .iter()
            .filter(|(index, _)| *index == table.index || !begun.contains(index))
            .map(|(_, target)| target)
            .collect();
        let mut dropped = 0;
        for constraint in queries::in_the_way(&transaction, &open).await? {
            if !self.own.contains(&(constraint.table.clone(), constraint.name.clone())) {
                continue;
            }
            let (table, name) = (constraint.table.target_sql(), quote_target(&constraint.name));
            transaction.batch(&format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")).await?;
            dropped += 1;
        }
        failpoint!("begin.after_drop");
        transaction.commit().await?;
        failpoint!("begin.after_dropped");
        if dropped > 0 {
            tracing::info!(
                dropped,
                "checks and foreign keys of an earlier load are dropped; finish builds them again"
            );
        }
        Ok(InTheWay(dropped))
    }

    /// Settings of a transaction that writes indexes.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn tuning(&self, client: &Client) -> Result<String> {
        queries::tuning(client, self.jobs).await
    }

    /// Builds the indexes of a table whose rows are all there, under the claim's epoch. After a signal no other one
    /// is begun. How many were built.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks, `Fenced` if another pod took the table over,
    /// `Terminated` or `Interrupted` after a signal; what is not built then is
    /// left to `finish`.
    pub async fn build_indexes(
        &self,
        client: &mut Client,
        run: &str,
        table: &PlannedTable,
        epoch: u64,
        stop: &Stop,
    ) -> Result<usize> {
        let Some(planned) = self.indexes.get(&table.target) else { return Ok(0) };
        let there = catalog::existing(client, std::slice::from_ref(&table.target)).await?;
        let there: BTreeSet<&str> =
            there.get(&table.target).into_iter().flatten().map(|object| object.name.as_str()).collect();
        let mut built = 0;
        let mut tuning = None;
        for planned in planned {
            let (Makes::Index(_, name), Some(sql)) = (&planned.makes, planned.statement.sql()) else {
                continue;
            };
            if there.contains(name.as_str()) {
                continue;
            }
            if stop.is_requested() {
                return Err(stop.reason());
            }
            let tuning = match &tuning {
                Some(tuning) => tuning,
                None => tuning.insert(queries::tuning(client, self.jobs).await?),
            };
            let transaction = client.transaction().await?;
            let name = ledger::application_name(run, table.index, epoch);
            transaction.query("SELECT set_config('application_name', $1, true)", &[&name]).await?;
            transaction.batch_of_hours(&format!("{SEARCH_PATH};\n{tuning}{sql}")).await?;
            failpoint!("index.before_epoch_check");
            ledger::check_epoch(&transaction, run, table, epoch, ledger::Writes::Continues).await?;
            transaction.commit().await?;
            failpoint!("index.after_commit");
            built += 1;
        }
        Ok(built)
    }

    /// How many of the run's indexes stand on the table already: they slow its copy down.
    ///
    /// # Errors
    /// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
    /// `TargetRefused` if it refuses the statement.
    pub async fn standing_indexes(&self, client: &Client, table: &TableName) -> Result<usize> {
        let there = catalog::existing(client, std::slice::from_ref(table)).await?;
        let wanted = self.indexes.get(table).map(Vec::as_slice).unwrap_or_default();
        let is_there = |planned: &&PlannedObject| match &planned.makes {
            Makes::Index(_, name) => {
                there.get(table).is_some_and(|there| there.iter().any(|object| object.name == *name))
            }
            _ => false,
        };
        Ok(wanted.iter().filter(is_there).count())
    }
}

/// Those of the tables on which nothing stands but their primary keys, and to which no foreign key refers: two round
/// trips for any number of them.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn untouched(client: &Client, tables: &[TableName]) -> Result<BTreeSet<TableName>> {
    let mut found: BTreeSet<TableName> = tables.iter().cloned().collect();
    for constraint in queries::in_the_way_of(client, &tables.iter().collect::<Vec<_>>()).await? {
        found.remove(&constraint.table);
        if let Some(referenced) = &constraint.referenced {
            found.remove(referenced);
        }
    }
    for (table, there) in catalog::existing(client, tables).await? {
        if there.iter().any(|object| !(object.constraint && object.definition.starts_with("PRIMARY KEY"))) {
            found.remove(&table);
        }
    }
    Ok(found)
}
