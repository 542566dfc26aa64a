//! Tables that are filled UNLOGGED: are their rows still there, and how they become LOGGED at their end.

use crate::copy::owner::connections::Connections;
use crate::copy::pod::Pod;
use crate::copy::table::again::begun_again;
use crate::copy::table::books::OpenTable;
use crate::error::Result;
use crate::failpoint;
use crate::model::plan::PlannedTable;
use crate::postgres::client::Client as TargetClient;
use crate::postgres::ledger::Writes;
use crate::postgres::{ledger, unlogged};
use crate::telemetry::notices::Notices;

/// Do the rows stand that the markers tell of? `Some`: they do, and whether the table is to be made LOGGED. `None`:
/// it was emptied behind the markers' back, and is to be begun anew.
///
/// # Errors
/// `TargetUnavailable`, `TargetPermission`: the target cannot be asked.
pub(in crate::copy) async fn stand(
    run: &str,
    target: &mut TargetClient,
    table: &PlannedTable,
    known: &[ledger::Chunk],
    notices: &Notices,
) -> Result<Option<bool>> {
    let found = unlogged::storage_state(target, run, table.index, &table.target).await?;
    if !found.has_own_rows() {
        notices.add(begun_again(table, "another run has begun the target table, or it was made anew"));
        tracing::info!(
            table = %table.source,
            chunks = known.len(),
            "another run has begun the target table since this run copied it, or it was made anew: what the ledger has of \
             it is forgotten, and it is copied anew"
        );
        return Ok(None);
    }
    if !found.is_lost() {
        return Ok(Some(found.is_unlogged()));
    }
    if !found.noted && ledger::all_committed(known) {
        // Somebody has made it UNLOGGED since. A server that crashes leaves no row of it.
        let rows = known.iter().filter_map(|chunk| chunk.marker.as_ref()).map(|marker| marker.rows).sum();
        if unlogged::adopt(target, run, table.index, &table.target, rows).await? {
            return Ok(Some(true));
        }
    }
    notices.add(begun_again(table, "the target lost the rows of an UNLOGGED table"));
    tracing::info!(
        table = %table.source,
        chunks = known.len(),
        "the target crashed, was promoted or restored while this table was UNLOGGED, and lost its rows: what the ledger \
         has of it is forgotten, and it is copied anew"
    );
    Ok(None)
}

/// Makes the table LOGGED, under the epoch of its claim; nothing to do if it is.
///
/// # Errors
/// `TargetUnavailable`, `TargetPermission`, when the retries are used up; `TargetUnavailable` too if the rows are
/// lost, which the table then knows ([`OpenTable::is_lost`]); `Fenced`.
pub(in crate::copy) async fn make(pod: &Pod, connections: &mut Connections, open: &OpenTable) -> Result<()> {
    let what = format!("making {} LOGGED", open.attempt.table.source);
    let mut retrying = pod.patience().retrying(&what);
    loop {
        match attempt(pod, connections, open).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                connections.close();
                if open.is_lost() {
                    return Err(error);
                }
                retrying.pause(error).await?;
            }
        }
    }
}

async fn attempt(pod: &Pod, connections: &mut Connections, open: &OpenTable) -> Result<()> {
    let table = &open.attempt.table;
    let target = connections.target().await?;
    failpoint!("logged.before");
    let found = unlogged::storage_state(target, &pod.claims.run, table.index, &table.target).await?;
    if found.is_lost() {
        return Err(open.lose());
    }
    if !found.is_unlogged() {
        // By an attempt whose answer was lost.
        return Ok(());
    }
    let parts = unlogged::unlogged(target, std::slice::from_ref(&table.target)).await?;
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    tracing::info!(table = %table.source, bytes, "making this UNLOGGED table LOGGED: PostgreSQL writes its {bytes} bytes anew");
    let tuning = pod.objects.standing().await?.tuning(target).await?;
    let transaction = target.transaction().await?;
    let name = ledger::application_name(&pod.claims.run, table.index, open.attempt.epoch);
    transaction.query("SELECT set_config('application_name', $1, true)", &[&name]).await?;
    transaction.batch(&tuning).await?;
    if !unlogged::set_logged(&transaction, &pod.claims.run, table.index, &parts).await? {
        return Err(open.lose());
    }
    failpoint!("logged.before_epoch_check");
    ledger::check_epoch(&transaction, &pod.claims.run, table, open.attempt.epoch, Writes::Continues).await?;
    transaction.commit().await?;
    failpoint!("logged.after_commit");
    Ok(())
}
