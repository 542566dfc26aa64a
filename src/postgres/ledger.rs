//! The ledger: what makes a chunk's commit exactly-once, in the target itself (schema `shardferry`).
//!
//! - **claim**: a table's highest epoch ever. [`raise_epoch`] only goes up.
//! - **chunk** ([`chunks`]): the bounds of every chunk, pinned when the table is begun, and the marker of each
//!   committed one, written by the chunk's own transaction.
//! - **loss** ([`losses()`]): what a committed chunk changed, by column; it goes with its chunk.
//! - **holder** ([`hold_table`]): the run that a target table belongs to.
//!
//! A chunk's transaction ends with [`check_epoch`], its marker, commit. The check takes a shared row lock, which
//! [`raise_epoch`] conflicts with: either the raise waits for the commit, or the check sees the raised epoch and the
//! zombie ends as `Fenced`. There is no third order. A frozen zombie would hold that lock for long; so a take-over
//! calls [`terminate_older`] *before* [`raise_epoch`].
//!
//! A claim is also held as a session-level advisory lock ([`hold`]), which the server frees when the pod's session
//! ends: [`is_held`] tells whether the owner still lives, without touching the lock.

mod chunks;
mod holder;
mod losses;
mod proof;

use chunks::tally_of;
pub use chunks::{
    Chunk, Marker, Tally, all_committed, chunks, cut, fill_marker, forget_chunks, insert_marker, is_chain,
    pin, tallies,
};
pub use holder::{
    Holder, LivingPod, RowCount, count_rows, hold_table, holders, living_pod, pod_application_name,
    with_pages,
};
pub use losses::{insert_losses, losses, rejected};
pub use proof::{Proof, prove};

use super::client::{Client, Transaction, get};
use crate::error::{Error, ErrorKind, Result};
use crate::model::names::TableName;
use crate::model::plan::{Plan, PlannedTable};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use twox_hash::XxHash3_64;

/// Key of the advisory lock under which the ledger is installed: `shardfry` in ASCII.
const INSTALL_LOCK: i64 = 0x7368_6172_6466_7279;

fn fenced(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Fenced, message)
}

/// A number as the ledger stores it.
pub(super) fn stored<T: TryInto<S>, S>(number: T, what: &str) -> Result<S> {
    number
        .try_into()
        .map_err(|_| Error::new(ErrorKind::Bug, format!("{what} is beyond what the ledger can store")))
}

/// A number that the ledger gave back.
fn read<T: TryInto<R>, R>(number: T) -> Result<R> {
    number.try_into().map_err(|_| {
        Error::new(ErrorKind::CheckpointDamaged, "the ledger in the target holds an impossible number")
    })
}

/// A single boolean answer.
fn yes(rows: &[Row]) -> Result<bool> {
    rows.first().map_or(Ok(false), |row| get(row, 0))
}

/// Creates the ledger if it is not there. Any number of pods may do so at once.
///
/// # Errors
/// `TargetPermission` if the role may not create a schema; `TargetUnavailable` if the connection breaks.
pub async fn install(client: &mut Client) -> Result<()> {
    if installed(client).await? {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    // CREATE … IF NOT EXISTS alone is not safe: two sessions may both find nothing, and one gets a unique violation.
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&INSTALL_LOCK]).await?;
    transaction.batch(include_str!("sql/ledger.sql")).await?;
    transaction.commit().await
}

/// Binds the run to its plan (by the plan's own id and the SHA-256 of its object), or confirms that it is bound to it.
/// Markers and epochs are kept by table index, so those of another plan under the same run id would prove tables that
/// were never copied.
///
/// # Errors
/// `PlanForeign` if the ledger knows the run by another plan; `CheckpointDamaged` if the plan was changed since.
pub async fn adopt(client: &mut Client, run: &str, pod: &str, plan: &Plan) -> Result<()> {
    // Two pods at once: the one that finds nothing and inserts nothing sees the other's row when it asks again.
    for _ in 0..2 {
        let rows =
            client.query(include_str!("sql/adopt.sql"), &[&run, &plan.id(), &plan.digest.as_str()]).await?;
        let Some(row) = rows.first() else { continue };
        if get::<String>(row, 0)? != plan.id() {
            break;
        }
        let (has_holders, digest): (bool, Option<String>) = (get(row, 1)?, get(row, 2)?);
        if let Some(digest) = digest.filter(|digest| *digest != plan.digest) {
            let message = format!(
                "plan.json of run {run} was changed after the run began: its SHA-256 is {}, the ledger in the target has {digest}",
                plan.digest
            );
            return Err(Error::new(ErrorKind::CheckpointDamaged, message));
        }
        return match has_holders {
            true => Ok(()),
            false => holder::note_old_beginnings(client, run, pod, &plan.tables).await,
        };
    }
    let message = format!(
        "the ledger in the target knows run {run} by another plan (another checkpoint prefix, or a plan.json that is gone); \
         use another --run-id, or let `shardferry reset --yes` forget what that plan copied"
    );
    Err(Error::new(ErrorKind::PlanForeign, message))
}

/// Announces the plan that is about to take the place of the run's, and forgets what was copied of these tables.
///
/// # Errors
/// As [`clear`].
pub async fn announce_plan(client: &mut Client, run: &str, plan: &Plan, indexes: &[u32]) -> Result<()> {
    let next = "UPDATE shardferry.run SET next_plan_sha256 = $2 WHERE run_id = $1";
    client.execute(next, &[&run, &plan.digest.as_str()]).await?;
    clear(client, run, indexes).await
}

/// Forgets all markers of the run, raises all its epochs and binds it to the plan, in one transaction (`reset --yes`).
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn clear_run(client: &mut Client, run: &str, plan: &Plan) -> Result<()> {
    let transaction = client.transaction().await?;
    // As in `clear`: claims first.
    for sql in [
        include_str!("sql/unclaim_run.sql"),
        include_str!("sql/fence_run.sql"),
        include_str!("sql/forget_run.sql"),
    ] {
        transaction.execute(sql, &[&run]).await?;
    }
    transaction.execute(include_str!("sql/rebind.sql"), &[&run, &plan.id(), &plan.digest.as_str()]).await?;
    transaction.commit().await
}

/// Is the ledger there?
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn installed(client: &Client) -> Result<bool> {
    let rows = client.query(include_str!("sql/ledger_installed.sql"), &[]).await?;
    yes(&rows)
}

/// Raises the table's epoch to `epoch`. Idempotent for the same pod. Waits for a chunk that is just committing.
///
/// # Errors
/// `Fenced` if the ledger has a higher epoch, or the same one for another pod.
pub async fn raise_epoch(
    client: &Client,
    run: &str,
    index: u32,
    name: &TableName,
    epoch: u64,
    pod: &str,
) -> Result<()> {
    let (index, name, epoch): (i32, _, i64) =
        (stored(index, "the table index")?, name.to_string(), stored(epoch, "the epoch")?);
    let rows =
        client.query(include_str!("sql/raise_epoch.sql"), &[&run, &index, &name, &epoch, &pod]).await?;
    match rows.len() {
        0 => Err(fenced("another pod has claimed the table with a higher epoch").table(name)),
        _ => Ok(()),
    }
}

/// Highest epochs of a run's tables by table index: a claim must go above them, even if its checkpoint was lost.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn epochs(client: &Client, run: &str) -> Result<BTreeMap<u32, u64>> {
    let sql = "SELECT table_index, epoch FROM shardferry.claim WHERE run_id = $1";
    let rows = client.query(sql, &[&run]).await?;
    // What stands below 0 was never given: any claim goes above it.
    let epoch = |row: &Row| get::<i64>(row, 1).map(|epoch| u64::try_from(epoch).unwrap_or(0));
    rows.iter().map(|row| Ok((read(get::<i32>(row, 0)?)?, epoch(row)?))).collect()
}

/// A look at the table's epoch before work is begun, without a lock: a pod that was overtaken meanwhile need not begin.
/// It proves nothing about the end; [`check_epoch`] does.
///
/// # Errors
/// `Fenced` if `epoch` is not the table's any more.
pub async fn expect_epoch(client: &Client, run: &str, index: u32, epoch: u64) -> Result<()> {
    let (index, epoch): (i32, i64) = (stored(index, "the table index")?, stored(epoch, "the epoch")?);
    let sql = "SELECT FROM shardferry.claim WHERE run_id = $1 AND table_index = $2 AND epoch = $3";
    match client.query(sql, &[&run, &index, &epoch]).await?.len() {
        0 => Err(fenced("another pod has taken the table over")),
        _ => Ok(()),
    }
}

/// What a transaction does to the rows of a target table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// It has emptied the table: from now on its rows are this run's.
    Begins,
    /// It adds to this run's rows.
    Continues,
}

/// The last thing of a chunk's transaction but the marker: is `epoch` still the table's, and are the rows of the target
/// table this run's? Locks both until the end.
///
/// # Errors
/// `Fenced` if the epoch is not, or if the claim was cleared; `Replaced` if another run has begun the target table
/// since, or it was made anew.
pub async fn check_epoch(
    transaction: &Transaction<'_>,
    run: &str,
    table: &PlannedTable,
    epoch: u64,
    writes: Writes,
) -> Result<()> {
    let (index, epoch): (i32, i64) = (stored(table.index, "the table index")?, stored(epoch, "the epoch")?);
    let sql = match writes {
        Writes::Begins => include_str!("sql/check_begun.sql"),
        Writes::Continues => include_str!("sql/check_epoch.sql"),
    };
    let rows = transaction.query(sql, &[&run, &index, &table.target.target_sql()]).await?;
    let row =
        rows.first().ok_or_else(|| Error::new(ErrorKind::Bug, "the ledger says nothing of the claim"))?;
    match get::<Option<i64>>(row, 0)? {
        Some(held) if held == epoch => {}
        Some(held) => {
            return Err(fenced(format!(
                "the table is now owned by epoch {held}, this pod has epoch {epoch}"
            )));
        }
        None => return Err(fenced("the table's claim was cleared while this pod worked on it")),
    }
    if get(row, 1)? { Ok(()) } else { Err(replaced(&table.target)) }
}

/// Another run has begun the target table since, or it was made anew; [`holders`] tells.
#[must_use]
pub fn replaced(target: &TableName) -> Error {
    Error::new(
        ErrorKind::Replaced,
        format!("the rows of the target table {target} are not this run's any more"),
    )
}

/// Forgets the markers of these tables and raises their epochs, in one transaction (`reset`). A pod that still works on
/// one is fenced at its next commit; an epoch is given to one pod name only, so no zombie can be taken for a later
/// owner.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn clear(client: &mut Client, run: &str, indexes: &[u32]) -> Result<()> {
    let indexes =
        indexes.iter().map(|index| stored(*index, "the table index")).collect::<Result<Vec<i32>>>()?;
    let transaction = client.transaction().await?;
    // Claims first: that waits for chunks that are just committing, whose markers are then seen and removed.
    for sql in [
        include_str!("sql/unclaim.sql"),
        include_str!("sql/fence.sql"),
        include_str!("sql/forget_markers.sql"),
    ] {
        transaction.execute(sql, &[&run, &indexes]).await?;
    }
    transaction.commit().await
}

/// The advisory lock of a claim.
fn lock_key(run: &str, index: u32) -> u64 {
    XxHash3_64::oneshot(format!("shardferry claim {run} {index}").as_bytes())
}

/// Takes the claim's advisory lock for this session, without waiting. `false`: another session has it.
/// Taken twice by one session, it must be released twice.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn hold(client: &Client, run: &str, index: u32) -> Result<bool> {
    let rows =
        client.query("SELECT pg_try_advisory_lock($1)", &[&lock_key(run, index).cast_signed()]).await?;
    yes(&rows)
}

/// Gives the claim's advisory lock back. `false`: this session did not have it.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn release(client: &Client, run: &str, index: u32) -> Result<bool> {
    let rows = client.query("SELECT pg_advisory_unlock($1)", &[&lock_key(run, index).cast_signed()]).await?;
    yes(&rows)
}

/// Does any session hold the claim's advisory lock? Does not touch it, so that asking never keeps an owner out.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn is_held(client: &Client, run: &str, index: u32) -> Result<bool> {
    let [a, b, c, d, e, f, g, h] = lock_key(run, index).to_be_bytes();
    let (high, low) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    let rows = client.query(include_str!("sql/is_held.sql"), &[&high, &low]).await?;
    yes(&rows)
}

/// What the sessions of a claim are called: `shardferry <run> <index> <epoch>`, at most 63 bytes. A run id of more
/// than 20 bytes is replaced by `#` and its 64-bit hash in hex, so that the epoch is never cut off.
#[must_use]
pub fn application_name(run: &str, index: u32, epoch: u64) -> String {
    format!("{}{epoch}", name_prefix(run, index))
}

fn name_prefix(run: &str, index: u32) -> String {
    if run.len() <= 20 {
        return format!("shardferry {run} {index} ");
    }
    format!("shardferry #{:016x} {index} ", XxHash3_64::oneshot(run.as_bytes()))
}

/// Ends the sessions of older epochs of the table, so that a frozen pod's open transaction blocks nobody. Returns how
/// many were ended. Sessions of another role may not be ended without `pg_signal_backend`: they are left, and logged.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn terminate_older(client: &Client, run: &str, index: u32, epoch: u64) -> Result<u32> {
    let epoch = i64::try_from(epoch).unwrap_or(i64::MAX);
    let rows = client.query(include_str!("sql/sessions.sql"), &[&name_prefix(run, index), &epoch]).await?;
    // From 14 on the server waits (milliseconds) until the session is gone.
    let sql = if client.version() >= 14_00_00 {
        "SELECT pg_terminate_backend($1, 5000)"
    } else {
        "SELECT pg_terminate_backend($1)"
    };
    let mut ended = 0;
    for row in rows {
        let pid: i32 = get(&row, 0)?;
        match client.query(sql, &[&pid]).await {
            Ok(answer) => ended += u32::from(yes(&answer)?),
            Err(error) if error.kind() == ErrorKind::TargetPermission => {
                tracing::warn!(
                    pid,
                    "a session of an older epoch belongs to another role and may not be ended"
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_name_always_shows_its_epoch() {
        assert_eq!(application_name("nightly", 12, 3), "shardferry nightly 12 3");
        let long = application_name(&"x".repeat(100), u32::MAX, u64::MAX);
        assert!(long.len() <= 63, "{long}");
        assert!(long.ends_with(&format!(" {} {}", u32::MAX, u64::MAX)), "{long}");
        assert_ne!(application_name(&"x".repeat(100), 1, 1), application_name(&"y".repeat(100), 1, 1));
    }

    #[test]
    fn locks_of_two_tables_or_runs_differ() {
        assert_ne!(lock_key("r", 1), lock_key("r", 2));
        assert_ne!(lock_key("r", 11), lock_key("r1", 1));
    }
}
