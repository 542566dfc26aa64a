//! What the transactions that fill a table begin with: a name, a look at the table, and an empty table.

use crate::copy::rules::CopyRules;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTable;
use crate::postgres::client::{Client as TargetClient, Transaction};
use crate::postgres::ledger;
use crate::postgres::unlogged;
use crate::postgres::unlogged::{FOUND, StorageState};
use crate::settings::Truncate;

/// A table without a page on disk is not truncated if it is to get at most so many bytes: TRUNCATE makes a new file
/// of the table, of its TOAST and of each index, and flushes, which takes longer than to copy that much. What a
/// truncation would give back, FREEZE and (under `wal_level = minimal`) no WAL, is for larger tables; PostgreSQL's
/// own `wal_skip_threshold` is as large.
const NOT_WORTH_A_FILE: u64 = 2 * 1024 * 1024;

/// Begins a transaction that copies rows into `table`: one round trip. Its session is named, by which a take-over
/// finds it, and its commit is not waited for ([`TargetClient::begin_lazily`]).
///
/// # Errors
/// `Fenced` if `epoch` is not the table's any more: only a look, so that nothing is begun in vain;
/// [`ledger::check_epoch`] decides. `TargetUnavailable` if the connection breaks.
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
    Ok((transaction, found))
}

/// What makes a table empty before its first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::copy) struct Emptying {
    way: EmptyingWay,
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
        Self { way, forget }
    }

    pub(in crate::copy) const fn freezes(self) -> bool {
        matches!(self.way, EmptyingWay::Truncate { freeze: true })
    }
}

/// Empties the table, forgets its chunks if there are some, and notes it if it is UNLOGGED.
///
/// # Errors
/// `TargetData` if it may not be emptied; `TargetPermission`, `TargetUnavailable`.
pub(in crate::copy) async fn clear(
    run: &str,
    transaction: &Transaction<'_>,
    table: &PlannedTable,
    found: &StorageState,
    emptying: Emptying,
) -> Result<()> {
    if emptying.forget {
        ledger::forget_chunks(transaction, run, table.index).await?;
    }
    unlogged::note(transaction, run, table.index, found).await?;
    match emptying.way {
        EmptyingWay::Blank if transaction.is_kept_blank(&table.target).await? => return Ok(()),
        // Not blank any more: another run has filled it since the look.
        EmptyingWay::Blank | EmptyingWay::Truncate { .. } => {
            return transaction.truncate(&table.target).await;
        }
        EmptyingWay::Expect => {}
    }
    if transaction.is_empty(&table.target).await? {
        return Ok(());
    }
    let message = format!(
        "the target table {} holds rows that no marker of this run accounts for, and --no-truncate forbids to empty it",
        table.target
    );
    Err(Error::new(ErrorKind::TargetData, message))
}
