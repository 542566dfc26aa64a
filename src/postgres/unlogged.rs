//! UNLOGGED tables: filled without WAL, and emptied by a crash of the server, by the promotion of a standby, by a
//! restore.
//!
//! The markers in the ledger are not emptied with them. So a table that is filled while it is UNLOGGED is noted in two
//! places of the ledger, in the transaction that begins it: in `unlogged`, which lasts, and in `survived`, which is
//! UNLOGGED itself and therefore empty whenever the rows are gone. Every transaction that works on the table looks
//! ([`StorageState`]): what is UNLOGGED, or is noted to be filled so, and has not survived, is begun anew whatever its
//! markers say. Within one transaction the answer holds: no transaction outlives a crash.
//!
//! What counts is what the table is (`pg_class.relpersistence`), not who made it so. Of a partitioned table its
//! partitions count.

use super::client::{Client, Transaction, get};
use super::ledger;
use super::parameters::Parameter;
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use std::collections::BTreeSet;
use tokio_postgres::Row;

/// To be asked for a [`StorageState`]: run, table index, and the table as SQL.
pub const FOUND: &str = include_str!("sql/found.sql");

/// What a transaction finds of a table when it begins to work on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageState {
    /// The table's, in the ledger: a look without a lock.
    pub epoch: Option<u64>,
    /// An ordinary table, and not a partitioned one.
    pub plain: bool,
    /// Not one page on disk.
    pub blank: bool,
    /// Now.
    pub unlogged: bool,
    /// It was when it was begun.
    pub noted: bool,
    /// Nothing has emptied it since it was noted.
    pub survived: bool,
    /// This run began it last.
    pub held: bool,
    /// Whoever holds it has emptied it: the rows are the holder's.
    pub emptied: bool,
}

impl StorageState {
    /// From the answer to [`FOUND`].
    ///
    /// # Errors
    /// `CheckpointDamaged` for an impossible epoch.
    pub fn from_rows(rows: &[Row]) -> Result<Self> {
        let row =
            rows.first().ok_or_else(|| Error::new(ErrorKind::Bug, "the target says nothing of the table"))?;
        let epoch = get::<Option<i64>>(row, 0)?.map(u64::try_from).transpose().map_err(|_| {
            Error::new(ErrorKind::CheckpointDamaged, "the ledger in the target holds an impossible epoch")
        })?;
        Ok(Self {
            epoch,
            plain: get(row, 1)?,
            blank: get(row, 2)?,
            unlogged: get(row, 3)?,
            noted: get(row, 4)?,
            survived: get(row, 5)?,
            held: get(row, 6)?,
            emptied: get(row, 7)?,
        })
    }

    /// Are the rows those of this run's chunks?
    #[must_use]
    pub const fn has_own_rows(&self) -> bool {
        self.held && self.emptied
    }

    /// Is there something to do for it before it is completed?
    #[must_use]
    pub const fn is_unlogged(&self) -> bool {
        self.unlogged || self.noted
    }

    /// May its rows be gone, whatever its markers say?
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.is_unlogged() && !self.survived
    }
}

/// What there is of the table now.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn storage_state(
    client: &Client,
    run: &str,
    index: u32,
    table: &TableName,
) -> Result<StorageState> {
    let (index, table) = (stored(index)?, table.target_sql());
    StorageState::from_rows(&client.query(FOUND, &[&run, &index, &table]).await?)
}

/// Indexes of the run's tables that are noted to be filled UNLOGGED.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn noted(client: &Client, run: &str) -> Result<BTreeSet<u32>> {
    let rows = client.query("SELECT table_index FROM shardferry.unlogged WHERE run_id = $1", &[&run]).await?;
    rows.iter().map(|row| Ok(u32::try_from(get::<i32>(row, 0)?).unwrap_or(0))).collect()
}

/// Notes, in the transaction that begins it, that the table is filled UNLOGGED; or that it is not, if an earlier
/// beginning said so.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn note(transaction: &Transaction<'_>, run: &str, index: u32, found: &StorageState) -> Result<()> {
    let index = stored(index)?;
    let parameters: [Parameter<'_>; 2] = [&run, &index];
    let sql = match (found.unlogged, found.noted || found.survived) {
        (true, _) => include_str!("sql/note_unlogged.sql"),
        (false, true) => include_str!("sql/forget_unlogged.sql"),
        (false, false) => return Ok(()),
    };
    transaction.execute(sql, &parameters).await.map(drop)
}

/// Notes a table that somebody has made UNLOGGED while or after it was filled, if it has as many `rows` as its markers
/// say; false: it has not.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn adopt(client: &mut Client, run: &str, index: u32, table: &TableName, rows: u64) -> Result<bool> {
    let transaction = client.transaction().await?;
    let sql = format!("SELECT count(*) FROM {}", table.target_sql());
    let counted = transaction.query(&sql, &[]).await?;
    let counted: i64 = counted.first().map_or(Ok(-1), |row| get(row, 0))?;
    if u64::try_from(counted) != Ok(rows) {
        return Ok(false);
    }
    let index = stored(index)?;
    transaction.execute(include_str!("sql/note_unlogged.sql"), &[&run, &index]).await?;
    transaction.commit().await?;
    Ok(true)
}

/// An UNLOGGED table, or an UNLOGGED partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlogged {
    /// The table of the plan.
    pub of: TableName,
    /// Itself, or its partition.
    pub table: TableName,
    /// With TOAST, without indexes.
    pub bytes: u64,
}

/// What is UNLOGGED of these tables.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn unlogged(client: &Client, tables: &[TableName]) -> Result<Vec<Unlogged>> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        tables.iter().map(|table| (table.schema.as_str(), table.name.as_str())).unzip();
    let rows = client.query(include_str!("sql/unlogged.sql"), &[&schemas, &names]).await?;
    let one = |row: &Row| {
        Ok(Unlogged {
            of: TableName::new(get::<String>(row, 0)?, get::<String>(row, 1)?),
            table: TableName::new(get::<String>(row, 2)?, get::<String>(row, 3)?),
            bytes: u64::try_from(get::<i64>(row, 4)?).unwrap_or(0),
        })
    };
    rows.iter().map(one).collect()
}

/// Makes a table LOGGED, in a transaction of the caller's that checks the epoch afterwards: PostgreSQL writes it and
/// its indexes anew, under a lock that lets nobody else look. False: its rows have not survived; roll back.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
/// `TargetData` if a foreign key to or from another UNLOGGED table forbids it.
pub async fn set_logged(
    transaction: &Transaction<'_>,
    run: &str,
    index: u32,
    tables: &[Unlogged],
) -> Result<bool> {
    for part in tables {
        transaction.batch_of_hours(&format!("ALTER TABLE {} SET LOGGED", part.table.target_sql())).await?;
    }
    let index = stored(index)?;
    Ok(transaction.execute(include_str!("sql/forget_unlogged.sql"), &[&run, &index]).await? == 1)
}

/// A table's index as the ledger has it, and as [`FOUND`] takes it.
///
/// # Errors
/// `Bug` for an index that no plan has.
pub fn stored(index: u32) -> Result<i32> {
    ledger::stored(index, "the table index")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_count_only_where_nothing_can_have_emptied_the_table() {
        let logged = StorageState {
            epoch: Some(1),
            plain: true,
            blank: false,
            unlogged: false,
            noted: false,
            survived: false,
            held: true,
            emptied: true,
        };
        assert!(!logged.is_unlogged() && !logged.is_lost());
        for (unlogged, noted, survived, lost) in [
            (true, true, true, false),
            (true, true, false, true),
            // Made UNLOGGED behind our back: nobody knows.
            (true, false, false, true),
            // Made LOGGED behind our back, after a crash or without one.
            (false, true, false, true),
            (false, true, true, false),
        ] {
            let found = StorageState { unlogged, noted, survived, ..logged };
            assert_eq!((found.is_unlogged(), found.is_lost()), (true, lost), "{found:?}");
        }
    }
}
