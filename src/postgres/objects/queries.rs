//! What the target is asked beside its catalog of tables.

use crate::error::Result;
use crate::model::names::TableName;
use crate::postgres::client::{Client, Transaction, get};
use std::collections::{BTreeMap, BTreeSet};
use tokio_postgres::Row;

/// A check or a foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constraint {
    pub(super) table: TableName,
    pub(super) name: String,
    /// Where a foreign key points.
    pub(super) referenced: Option<TableName>,
}

fn constraint(row: &Row) -> Result<Constraint> {
    let referenced: Option<String> = get(row, 4)?;
    let referenced = referenced.zip(get::<Option<String>>(row, 5)?);
    Ok(Constraint {
        table: TableName::new(get::<String>(row, 0)?, get::<String>(row, 1)?),
        name: get(row, 2)?,
        referenced: referenced.map(|(schema, name)| TableName::new(schema, name)),
    })
}

fn split<'t>(tables: &[&'t TableName]) -> (Vec<&'t str>, Vec<&'t str>) {
    tables.iter().map(|table| (table.schema.as_str(), table.name.as_str())).unzip()
}

/// Checks and foreign keys of the tables, and foreign keys that refer to them.
pub(super) async fn in_the_way_of(client: &Client, tables: &[&TableName]) -> Result<Vec<Constraint>> {
    let (schemas, names) = split(tables);
    let rows = client.query(include_str!("../sql/in_the_way.sql"), &[&schemas, &names]).await?;
    rows.iter().map(constraint).collect()
}

/// The same inside of a transaction.
pub(super) async fn in_the_way(
    transaction: &Transaction<'_>,
    tables: &[&TableName],
) -> Result<Vec<Constraint>> {
    let (schemas, names) = split(tables);
    let rows = transaction.query(include_str!("../sql/in_the_way.sql"), &[&schemas, &names]).await?;
    rows.iter().map(constraint).collect()
}

/// Indexes of the plan's tables that the run has begun.
pub(super) async fn begun(transaction: &Transaction<'_>, run: &str) -> Result<BTreeSet<u32>> {
    let rows = transaction.query(include_str!("../sql/begun.sql"), &[&run]).await?;
    rows.iter().map(|row| Ok(u32::try_from(get::<i32>(row, 0)?).unwrap_or(0))).collect()
}

/// Those of the names that are not sequences of their own.
pub(super) async fn not_sequences(client: &Client, wanted: &[&TableName]) -> Result<BTreeSet<TableName>> {
    let (schemas, names) = split(wanted);
    let rows = client.query(include_str!("../sql/not_sequences.sql"), &[&schemas, &names]).await?;
    rows.iter().map(|row| Ok(TableName::new(get::<String>(row, 0)?, get::<String>(row, 1)?))).collect()
}

/// Settings, for a transaction that builds an index while `jobs` others may do so, and as many as there are sessions of
/// all pods: a share of half of what the server gives to its shared buffers, and of its parallel workers. All builds at
/// once take no more memory of the server than that half. (PostgreSQL's limit is for a build with its parallel
/// workers.) What somebody chose stays.
pub(super) async fn tuning(client: &Client, jobs: usize) -> Result<String> {
    let mut known: BTreeMap<String, (i64, bool)> = BTreeMap::new();
    for row in client.query(include_str!("../sql/tuning.sql"), &[]).await? {
        known.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?));
    }
    let of = |name: &str| known.get(name).copied().unwrap_or((0, false));
    let jobs = i64::try_from(jobs).unwrap_or(i64::MAX).max(of("sessions").0).max(1);
    Ok(tuned(jobs, of("maintenance_work_mem"), of("max_parallel_maintenance_workers"), &of))
}

/// Most memory for one index build, in kB.
const MOST_MEMORY: i64 = 1024 * 1024;
const MOST_WORKERS: i64 = 8;

fn tuned(jobs: i64, memory: (i64, bool), workers: (i64, bool), of: &dyn Fn(&str) -> (i64, bool)) -> String {
    let mut sql = String::new();
    let share = (of("shared_buffers").0 / 2 / jobs).min(MOST_MEMORY);
    if memory.1 && share > memory.0 {
        sql.push_str(&format!("SET LOCAL maintenance_work_mem = '{share}kB';\n"));
    }
    let share = (of("max_parallel_workers").0 / jobs).clamp(1, MOST_WORKERS);
    if workers.1 && share != workers.0 {
        sql.push_str(&format!("SET LOCAL max_parallel_maintenance_workers = {share};\n"));
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_build_gets_its_share_and_no_more() {
        let of = |shared: i64, workers: i64| {
            move |name: &str| (if name == "shared_buffers" { shared } else { workers }, true)
        };
        // 128 MB of shared buffers, four jobs: what is there is more.
        assert_eq!(tuned(4, (65_536, true), (2, true), &of(131_072, 8)), "");
        assert_eq!(
            tuned(2, (65_536, true), (2, true), &of(16 * 1024 * 1024, 16)),
            "SET LOCAL maintenance_work_mem = '1048576kB';\nSET LOCAL max_parallel_maintenance_workers = 8;\n"
        );
        assert_eq!(
            tuned(2, (65_536, false), (0, false), &of(16 * 1024 * 1024, 16)),
            "",
            "chosen by somebody"
        );
        assert_eq!(
            tuned(16, (65_536, true), (2, true), &of(0, 8)),
            "SET LOCAL max_parallel_maintenance_workers = 1;\n"
        );
    }
}
