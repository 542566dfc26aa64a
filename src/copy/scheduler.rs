//! The work list of a pod: completed tables are skipped, the rest goes largest first, `--jobs` at once.
//!
//! A table that another living pod owns is put back and asked for again until the pod has ended or the claim timeout has
//! passed twice. A table that fails for good does not stop the others; an error that would stop every table (login,
//! missing database, unreachable servers after all retries) does.

use super::claim::{self, Asked, Settled};
use super::context::Context;
use super::state::Event;
use super::worker::{self, Connections, Copied};
use crate::checkpoint::Entry;
use crate::checkpoint::document::{PodTable, Status, TableDocument};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedTable;
use crate::retry::Retrying;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// One table to copy, with its document as it was last seen.
pub struct Work {
    pub table: PlannedTable,
    pub entry: Entry<TableDocument>,
}

/// What became of the list.
#[derive(Debug, Default)]
pub struct Tally {
    pub copied: u64,
    /// Completed by another pod while this one waited for them.
    pub elsewhere: u64,
    pub failed: u64,
    pub rows: u64,
    pub bytes: u64,
    /// What this pod did, for its own document.
    pub tables: Vec<PodTable>,
    /// The error that decides the exit code, where not all went well.
    pub error: Option<Error>,
}

struct Waiting {
    work: Work,
    /// When another pod was first seen to own it.
    busy_since: Option<Instant>,
    /// Not before.
    ready: Instant,
}

struct Shared {
    waiting: Mutex<VecDeque<Waiting>>,
    tally: Mutex<Tally>,
}

/// Copies all of `work` with `jobs` workers.
///
/// # Errors
/// None of its own: what went wrong is in the tally, beside what went well.
pub async fn copy_all(cx: &Arc<Context>, mut work: Vec<Work>, jobs: usize) -> Tally {
    work.sort_by_key(|work| (std::cmp::Reverse(work.table.bytes), work.table.index));
    let now = Instant::now();
    let workers = jobs.min(work.len());
    let waiting = work.into_iter().map(|work| Waiting { work, busy_since: None, ready: now }).collect();
    let shared = Arc::new(Shared { waiting: Mutex::new(waiting), tally: Mutex::new(Tally::default()) });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let (cx, shared) = (Arc::clone(cx), Arc::clone(&shared));
        tasks.spawn(async move { work_off(&cx, &shared).await });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            let error = Error::new(ErrorKind::Bug, "a worker ended badly").because(error);
            keep_worst(&mut shared.tally.lock().await.error, error);
        }
    }
    let mut tally = std::mem::take(&mut *shared.tally.lock().await);
    if let Some(stop) = cx.shutdown.error() {
        tally.error = Some(stop);
    }
    tally
}

/// One worker: takes tables until none is left, or the pod must stop.
async fn work_off(cx: &Arc<Context>, shared: &Shared) {
    let mut connections = Connections::default();
    while let Some(next) = take(cx, shared).await {
        let index = next.work.table.index;
        match one(cx, shared, &mut connections, next).await {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(index, code = error.policy().code, error = %error, "a table was not copied");
                let mut tally = shared.tally.lock().await;
                keep_worst(&mut tally.error, error);
            }
        }
    }
}

/// The next table that may be tried; None at the end of the list, after a signal, or after an error that stops all.
async fn take(cx: &Context, shared: &Shared) -> Option<Waiting> {
    loop {
        if cx.shutdown.is_requested() || shared.tally.lock().await.error.as_ref().is_some_and(stops_all) {
            return None;
        }
        let wait = {
            let mut waiting = shared.waiting.lock().await;
            let now = Instant::now();
            if let Some(place) = waiting.iter().position(|waiting| waiting.ready <= now) {
                return waiting.remove(place);
            }
            waiting.iter().map(|waiting| waiting.ready.saturating_duration_since(now)).min()?
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = cx.shutdown.token().cancelled() => {}
        }
    }
}

/// Claims and copies one table, or puts it back where another pod owns it.
async fn one(cx: &Arc<Context>, shared: &Shared, connections: &mut Connections, next: Waiting) -> Result<()> {
    let table = &next.work.table;
    let claim = match claim_of(cx, &next).await.map_err(|error| error.table(&table.source))? {
        Some(Asked::Owned(claim)) => claim,
        Some(Asked::Busy(owner)) => {
            let owner = owner.map_or_else(|| "(unknown)".to_owned(), |owner| owner.pod);
            return put_back(cx, shared, next, &owner).await;
        }
        None => return done_elsewhere(cx, shared, table).await,
    };
    let started_at = clock::now();
    cx.progress.table_started(table.index, cx.total(), &table.source, table.rows, table.bytes);
    let outcome = worker::copy_table(cx, connections, table, &claim).await;
    let piece = |status, copied: Copied| PodTable {
        index: table.index,
        table: table.source.clone(),
        phase: "data".to_owned(),
        status,
        started_at,
        ended_at: clock::now(),
        rows: copied.rows,
        bytes: copied.bytes,
        chunks: u32::from(status == Status::Completed),
    };
    match outcome {
        Ok(copied) => {
            let event = Event::Completed { rows: copied.rows, bytes: copied.bytes };
            claim.settle(cx, Settled::event(event)).await.map_err(|error| error.table(&table.source))?;
            cx.progress.table_completed(table.index, copied.rows, copied.bytes);
            let mut tally = shared.tally.lock().await;
            tally.copied += 1;
            tally.rows += copied.rows;
            tally.bytes += copied.bytes;
            tally.tables.push(piece(Status::Completed, copied));
            Ok(())
        }
        Err(error) => {
            let nothing = Copied { rows: 0, bytes: 0, checksum: 0 };
            let status = give_up(cx, claim, &error).await;
            match status {
                Status::Failed => cx.progress.table_failed(table.index, &error),
                Status::Pending | Status::InProgress | Status::Completed => {
                    cx.progress.table_stopped(table.index, &error.detail());
                }
            }
            let mut tally = shared.tally.lock().await;
            tally.failed += u64::from(status == Status::Failed);
            tally.tables.push(piece(status, nothing));
            Err(error)
        }
    }
}

/// Asks for the table, again where the store or the target was away; None where another pod has completed it meanwhile.
async fn claim_of(cx: &Arc<Context>, next: &Waiting) -> Result<Option<Asked<TableDocument>>> {
    let table = &next.work.table;
    let what = format!("claiming {}", table.source);
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, &what);
    let mut known = next.busy_since.is_none().then(|| next.work.entry.clone());
    loop {
        let asked = async {
            let entry = match known.take() {
                Some(entry) => entry,
                None => cx.checkpoints.table(&cx.plan, table).await?,
            };
            if entry.document.data.status == Status::Completed {
                return Ok(None);
            }
            claim::ask(cx, table.index, &table.source, entry).await.map(Some)
        };
        match asked.await {
            Ok(asked) => return Ok(asked),
            Err(error) => retrying.pause(error).await?,
        }
    }
}

/// Records a failure, or gives the claim back after a signal; a claim that was taken over is no longer ours to change.
async fn give_up(cx: &Context, claim: claim::Claim<TableDocument>, error: &Error) -> Status {
    let (settled, status) = match error.kind() {
        ErrorKind::Fenced => {
            claim.abandon(cx).await;
            return Status::InProgress;
        }
        ErrorKind::Terminated | ErrorKind::Interrupted => (Settled::event(Event::Released), Status::Pending),
        _ => (Settled::failed(error), Status::Failed),
    };
    if let Err(unsettled) = claim.settle(cx, settled).await {
        tracing::warn!(error = %unsettled, "the table's checkpoint could not be written; a rerun takes it up again");
    }
    status
}

async fn done_elsewhere(cx: &Context, shared: &Shared, table: &PlannedTable) -> Result<()> {
    cx.progress.table_skipped(
        table.index,
        cx.total(),
        &table.source,
        table.bytes,
        "completed by another pod",
    );
    shared.tally.lock().await.elsewhere += 1;
    Ok(())
}

/// Waits for the owner to end; after two claim timeouts with a living owner the table is left to it.
async fn put_back(cx: &Context, shared: &Shared, next: Waiting, owner: &str) -> Result<()> {
    let now = Instant::now();
    let since = next.busy_since.unwrap_or(now);
    let patience: Duration = cx.claim_timeout * 2;
    if now.duration_since(since) > patience {
        let message = format!("pod {owner} owns this table and is alive");
        return Err(Error::new(ErrorKind::Fenced, message).table(&next.work.table.source));
    }
    if next.busy_since.is_none() {
        tracing::info!(table = %next.work.table.source, owner, "another pod works on this table; waiting for it");
    }
    let ready = now + worker::busy_wait(cx.claim_timeout);
    shared.waiting.lock().await.push_back(Waiting { busy_since: Some(since), ready, ..next });
    Ok(())
}

/// Would every other table end the same way?
fn stops_all(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::SourceLogin
            | ErrorKind::SourceMissing
            | ErrorKind::SourceUnavailable
            | ErrorKind::TargetLogin
            | ErrorKind::TargetMissing
            | ErrorKind::TargetUnavailable
            | ErrorKind::StoreRefused
            | ErrorKind::StoreUnavailable
            | ErrorKind::Config
    )
}

/// Keeps the error that says most about what to do next: a bug, then what makes a rerun useless, then what a rerun may
/// mend, then failed tables, then another pod's claim.
pub fn keep_worst(kept: &mut Option<Error>, error: Error) {
    let rank = |error: &Error| match error.policy().exit {
        1 => 5,
        2 => 4,
        4 => 3,
        3 => 2,
        5 => 1,
        _ => 0,
    };
    if kept.as_ref().is_none_or(|kept| rank(&error) > rank(kept)) {
        *kept = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_error_decides_the_exit_code() {
        let mut kept = None;
        let kinds = [
            ErrorKind::Fenced,
            ErrorKind::Value,
            ErrorKind::SourceUnavailable,
            ErrorKind::Value,
            ErrorKind::Bug,
        ];
        let exits: Vec<u8> = kinds
            .into_iter()
            .filter_map(|kind| {
                keep_worst(&mut kept, Error::new(kind, "x"));
                kept.as_ref().map(|error| error.policy().exit)
            })
            .collect();
        assert_eq!(exits, [5, 3, 4, 4, 1]);
    }

    #[test]
    fn a_table_s_own_failure_does_not_stop_the_others() {
        for kind in [ErrorKind::Value, ErrorKind::TargetData, ErrorKind::SourceRefused, ErrorKind::Fenced] {
            assert!(!stops_all(&Error::new(kind, "x")), "{kind:?}");
        }
        assert!(stops_all(&Error::new(ErrorKind::SourceUnavailable, "x")));
    }
}
