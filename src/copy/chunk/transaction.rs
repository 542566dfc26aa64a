//! What the transactions that fill a table begin with: a name, a look at the table, and an empty table.

use crate::copy::rules::CopyRules;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTable;
use crate::postgres::client::{Client as TargetClient, Transaction};
use crate::postgres::ledger;
use crate::postgres::ledger::RowCount;
use crate::postgres::unlogged;
use crate::postgres::unlogged::{FOUND, StorageState};
use crate::settings::{OnExisting, Truncate};

/// A table without a page on disk is not truncated if it is to get at most so many bytes: TRUNCATE makes a new file
/// of the table, of its TOAST and of each index, and flushes, which takes longer than to copy that much. What a
/// truncation would give back, FREEZE and (under `wal_level = minimal`) no WAL, is for larger tables; PostgreSQL's
/// own `wal_skip_threshold` is as large.
const NOT_WORTH_A_FILE: u64 = 2 * 1024 * 1024;

/// Begins a transaction that copies rows into `table`: one round trip. Its session is named, by which a take-over
/// finds it, and its commit is not waited for ([`TargetClient::begin_lazily`]).
///
/// # Errors
/// `Fenced` if `epoch` is not the table's any more, `Replaced` if another run has begun it: only a look, so that
/// nothing is begun in vain; [`ledger::check_epoch`] decides. `TargetUnavailable` if the connection breaks.
pub(in crate::copy) async fn open<'c>(
    run: &str,
    target: &'c mut TargetClient,
    table: &PlannedTable,
    epoch: u64,
) -> Result<(Transaction<'c>, StorageState)> {
    let name = ledger::application_name(run, table.index, epoch);
    let index = unlogged::stored(table.index)?;
    let target_sql = table.target.target_sql();
    let (transaction, rows) = target.begin_lazily(&name, FOUND, &[&run, &index, &target_sql]).await?;
    let found = StorageState::from_rows(&rows)?;
    if found.epoch != Some(epoch) {
        return Err(Error::new(ErrorKind::Fenced, "another pod has taken the table over"));
    }
    if !found.held {
        return Err(ledger::replaced(&table.target));
    }
    Ok((transaction, found))
}

/// What makes a table empty before its first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::copy) struct Emptying {
    way: EmptyingWay,
    /// What becomes of rows that are not this run's; None: there are none but this run's.
    foreign_rows: Option<OnExisting>,
    /// The ledger has chunks of an earlier beginning, which must not come back: a crash of the server may undo a
    /// commit that did not truncate.
    forget: bool,
}

/// How a table is made empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EmptyingWay {
    /// By TRUNCATE; `freeze`: what the same transaction copies may be frozen.
    Truncate { freeze: bool },
    /// By a look under a lock: it has never had a page since it was made or truncated last.
    Blank,
    /// It must be empty already.
    Expect,
}

impl Emptying {
    /// `whole`: the same transaction copies the whole table. `forget`: it also forgets chunks of an earlier beginning.
    pub(in crate::copy) fn choose(
        rules: &CopyRules,
        table: &PlannedTable,
        found: &StorageState,
        whole: bool,
        forget: bool,
    ) -> Self {
        let way = match rules.truncate {
            Truncate::Never => EmptyingWay::Expect,
            _ if found.blank && !forget && (!whole || table.bytes <= NOT_WORTH_A_FILE) => EmptyingWay::Blank,
            // A table that the user has made a partitioned one cannot be frozen.
            _ => EmptyingWay::Truncate { freeze: whole && found.plain },
        };
        Self { way, foreign_rows: (!found.emptied).then_some(rules.on_existing), forget }
    }

    pub(in crate::copy) const fn freezes(self) -> bool {
        matches!(self.way, EmptyingWay::Truncate { freeze: true })
    }
}

/// Rows of others that a transaction removed; to be said when it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(in crate::copy) struct Emptied(Option<RowCount>);

impl Emptied {
    pub(in crate::copy) const NOTHING: Self = Self(None);

    /// Says what was removed, if anything was.
    pub(in crate::copy) fn say(self, table: &PlannedTable) {
        if let Some(rows) = self.0 {
            tracing::info!(table = %table.source, target = %table.target, "Emptied {}: {rows}", table.source);
        }
    }
}

/// Empties the table, forgets its chunks if there are some, and notes it if it is UNLOGGED.
///
/// # Errors
/// `TargetData` if it may not be emptied; `TargetHasRows` if there are rows in it that this run did not write, and
/// nobody has said that they may go; `TargetPermission`, `TargetUnavailable`.
pub(in crate::copy) async fn clear(
    run: &str,
    transaction: &Transaction<'_>,
    table: &PlannedTable,
    found: &StorageState,
    emptying: Emptying,
) -> Result<Emptied> {
    if emptying.forget {
        ledger::forget_chunks(transaction, run, table.index).await?;
    }
    unlogged::note(transaction, run, table.index, found).await?;
    match emptying.way {
        EmptyingWay::Blank if transaction.is_kept_blank(&table.target).await? => return Ok(Emptied::NOTHING),
        // Not blank any more: another run has filled it since the look.
        EmptyingWay::Blank | EmptyingWay::Truncate { .. } => {
            let emptied = match emptying.foreign_rows {
                Some(on_existing) => foreign_rows(transaction, table, on_existing).await?,
                None => Emptied::NOTHING,
            };
            transaction.truncate(&table.target).await?;
            return Ok(emptied);
        }
        EmptyingWay::Expect => {}
    }
    if transaction.is_empty(&table.target).await? {
        return Ok(Emptied::NOTHING);
    }
    let message = format!(
        "the target table {} holds rows that no marker of this run accounts for, and --no-truncate forbids to empty it",
        table.target
    );
    Err(Error::new(ErrorKind::TargetData, message))
}

/// Looks for rows that are not this run's, behind a lock that keeps everybody else out until they are gone.
///
/// # Errors
/// `TargetHasRows` if there are some, and nobody has said that they may go.
async fn foreign_rows(
    transaction: &Transaction<'_>,
    table: &PlannedTable,
    on_existing: OnExisting,
) -> Result<Emptied> {
    transaction.batch(&format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table.target.target_sql())).await?;
    let rows = ledger::count_rows(transaction, &table.target).await?;
    match on_existing {
        _ if rows.is_none() => Ok(Emptied::NOTHING),
        OnExisting::Replace => Ok(Emptied(Some(rows))),
        OnExisting::Error => {
            let message = format!("the target table {} has {rows} that this run did not write", table.target);
            Err(Error::new(ErrorKind::TargetHasRows, message))
        }
    }
}
