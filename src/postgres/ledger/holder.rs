//! Which run a target table belongs to: the one that began it last (table `holder`, by the table's oid).
//!
//! A run becomes the holder before it claims the table ([`hold_table`]). The transaction that empties the table notes
//! that the rows are the holder's from now on; every later transaction that writes to it checks that, under a shared
//! row lock, together with the epoch ([`super::check_epoch`]). So of two runs that work on one table only the later one
//! can commit, and the earlier one can prove nothing any more ([`super::Tally::held`]). A table that was dropped and
//! made anew has another oid, so that nobody holds it.

use super::{Client, name_prefix, read, stored};
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::plan::PlannedTable;
use crate::postgres::client::{Parameter, Transaction, get};
use std::collections::BTreeMap;
use std::fmt;
use tokio_postgres::Row;

/// Tables whose rows are counted are at most so large (bytes): for a larger one the statistics tell.
const COUNTED: i64 = 1 << 30;

/// The run that began a target table last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub run: String,
    /// That made the run the holder.
    pub pod: String,
    /// The rows are those that this run wrote.
    pub emptied: bool,
    /// Else whose they are, if that is known.
    pub rows_of: Option<String>,
}

impl Holder {
    fn from_row(row: &Row, first: usize) -> Result<Option<Self>> {
        let Some(run) = get::<Option<String>>(row, first)? else { return Ok(None) };
        let (pod, emptied) = (get(row, first + 1)?, get(row, first + 2)?);
        Ok(Some(Self { run, pod, emptied, rows_of: get(row, first + 3)? }))
    }

    /// The run whose rows are in the table, if that is known.
    #[must_use]
    pub fn writer(&self) -> Option<&str> {
        if self.emptied { Some(&self.run) } else { self.rows_of.as_deref() }
    }
}

/// Who holds those of the tables that exist, None if no run has begun one since it was made: one round trip for any
/// number of them, and no lock on any.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn holders(client: &Client, tables: &[TableName]) -> Result<BTreeMap<TableName, Option<Holder>>> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        tables.iter().map(|table| (table.schema.as_str(), table.name.as_str())).unzip();
    let rows = client.query(include_str!("../sql/holders.sql"), &[&schemas, &names]).await?;
    let table = |row: &Row| {
        let name = TableName::new(get::<String>(row, 0)?, get::<String>(row, 1)?);
        Ok((name, Holder::from_row(row, 2)?))
    };
    rows.iter().map(table).collect()
}

/// Those of the tables that may have rows. Waits for whoever has one of them locked, as long as the transaction waits
/// for locks.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later, or another session has locked a table;
/// `TargetPermission` or `TargetRefused` if it refuses the statement.
pub async fn with_pages(transaction: &Transaction<'_>, tables: &[TableName]) -> Result<Vec<TableName>> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        tables.iter().map(|table| (table.schema.as_str(), table.name.as_str())).unzip();
    let rows = transaction.query(include_str!("../sql/with_pages.sql"), &[&schemas, &names]).await?;
    rows.iter().map(|row| Ok(TableName::new(get::<String>(row, 0)?, get::<String>(row, 1)?))).collect()
}

/// Makes the run the holder of the table, unless another run is than `from`; then `Some`: that run. `None` as well for
/// a table that is not there.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn hold_table(
    client: &Client,
    run: &str,
    table: &PlannedTable,
    pod: &str,
    from: Option<&str>,
) -> Result<Option<Holder>> {
    let from = from.map(str::to_owned);
    let (index, sql) = (stored::<_, i32>(table.index, "the table index")?, table.target.target_sql());
    let parameters: [Parameter<'_>; 5] = [&run, &index, &sql, &pod, &from];
    // Two runs at once: the one that neither inserts nor sees a row sees the other's row when it asks again.
    for _ in 0..2 {
        let rows = client.query(include_str!("../sql/hold_table.sql"), &parameters).await?;
        let Some(row) = rows.first() else { break };
        let (held, there): (bool, bool) = (get(row, 0)?, get(row, 1)?);
        if held || !there {
            return Ok(None);
        }
        if let Some(holder) = Holder::from_row(row, 2)? {
            return Ok(Some(holder));
        }
    }
    Err(Error::new(ErrorKind::Bug, "the ledger does not say which run holds the table"))
}

/// Notes once what a run began before beginnings were noted: it holds its tables unless another run does.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub(super) async fn note_old_beginnings(
    client: &mut Client,
    run: &str,
    pod: &str,
    tables: &[PlannedTable],
) -> Result<()> {
    let mut indexes = Vec::with_capacity(tables.len());
    for table in tables {
        indexes.push(stored::<_, i32>(table.index, "the table index")?);
    }
    let targets: Vec<String> = tables.iter().map(|table| table.target.target_sql()).collect();
    let sql: Vec<&str> = targets.iter().map(String::as_str).collect();
    let transaction = client.transaction().await?;
    transaction.execute(include_str!("../sql/old_holders.sql"), &[&run, &pod, &indexes, &sql]).await?;
    let noted = "UPDATE shardferry.run SET has_holders = true WHERE run_id = $1";
    transaction.execute(noted, &[&run]).await?;
    transaction.commit().await
}

/// A pod of a run that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivingPod {
    /// None for a session that copies, whose name has no pod.
    pub pod: Option<String>,
    /// Of its session.
    pub seconds: u64,
}

impl fmt::Display for LivingPod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pod = self.pod.as_deref().unwrap_or("(unknown)");
        match self.seconds {
            seconds @ 0..=119 => write!(f, "pod {pod}, connected for {seconds} s"),
            seconds => write!(f, "pod {pod}, connected for {} min", seconds / 60),
        }
    }
}

/// A pod of the run that lives, if there is one: a session of it holds the lock of a claim, or is in a transaction.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn living_pod(client: &Client, run: &str) -> Result<Option<LivingPod>> {
    let prefix = run_prefix(run);
    let rows = client.query(include_str!("../sql/living.sql"), &[&prefix]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let name: String = get(row, 0)?;
    let pod = name.strip_prefix(&prefix).and_then(|rest| rest.strip_prefix("pod ")).map(str::to_owned);
    Ok(Some(LivingPod { pod, seconds: read(get::<i64>(row, 1)?.max(0))? }))
}

/// What the session that holds a pod's locks is called.
#[must_use]
pub fn pod_application_name(run: &str, pod: &str) -> String {
    format!("{}pod {pod}", run_prefix(run))
}

/// What the names of a run's sessions begin with.
fn run_prefix(run: &str) -> String {
    let mut prefix = name_prefix(run, 0);
    prefix.truncate(prefix.len() - "0 ".len());
    prefix
}

/// How many rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCount {
    Exactly(u64),
    /// By the server's statistics.
    About(u64),
}

impl RowCount {
    #[must_use]
    pub const fn is_none(self) -> bool {
        matches!(self, Self::Exactly(0))
    }
}

impl fmt::Display for RowCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::model::counts::thousands;
        match self {
            Self::Exactly(1) => f.write_str("1 row"),
            Self::Exactly(rows) => write!(f, "{} rows", thousands(*rows)),
            Self::About(rows) => write!(f, "about {} rows", thousands(*rows)),
        }
    }
}

/// How many rows the table has: counted, or by the statistics of the server if it is very large.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later, or another session has locked the
/// table; `TargetPermission` or `TargetRefused` if it refuses the statement.
pub async fn count_rows(transaction: &Transaction<'_>, table: &TableName) -> Result<RowCount> {
    let sql = table.target_sql();
    let rows = transaction.query(include_str!("../sql/size.sql"), &[&sql]).await?;
    let Some(row) = rows.first() else { return Ok(RowCount::Exactly(0)) };
    let (size, estimate): (i64, i64) = (get(row, 0)?, get(row, 1)?);
    if size > COUNTED && !transaction.is_empty(table).await? {
        return Ok(RowCount::About(read(estimate.max(1))?));
    }
    let rows = transaction.query(&format!("SELECT count(*) FROM {sql}"), &[]).await?;
    let count = rows.first().map_or(Ok(0), |row| get::<i64>(row, 0))?;
    Ok(RowCount::Exactly(read(count)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_of_a_run_have_one_beginning() {
        for run in ["night1", &"x".repeat(80)] {
            let prefix = run_prefix(run);
            assert!(super::super::application_name(run, 12, 3).starts_with(&prefix), "{prefix}");
            assert_eq!(pod_application_name(run, "copy-3"), format!("{prefix}pod copy-3"));
        }
        assert!(!super::super::application_name("night10", 1, 1).starts_with(&run_prefix("night1")));
    }

    #[test]
    fn the_writer_of_the_rows_is_the_holder_only_when_it_has_emptied_the_table() {
        let holder = |emptied| Holder {
            run: "night2".to_owned(),
            pod: "a".to_owned(),
            emptied,
            rows_of: Some("night1".to_owned()),
        };
        assert_eq!((holder(true).writer(), holder(false).writer()), (Some("night2"), Some("night1")));
    }

    #[test]
    fn counts_are_told_as_people_read_them() {
        let told = [RowCount::Exactly(1), RowCount::Exactly(1002), RowCount::About(12_345_678)]
            .map(|n| n.to_string());
        assert_eq!(told, ["1 row", "1,002 rows", "about 12,345,678 rows"]);
    }
}
