//! The work list of a pod: completed tables are skipped, the rest goes largest first, `--jobs` chunks at once.
//!
//! A worker takes a chunk of a table that is under way where one waits, else it claims and begins the next table (`opening`).
//! Whoever ends the last chunk of a table builds its indexes and has its claim settled (`ending`).
//!
//! A table that another living pod owns is put back and asked for again until the pod has ended or the claim timeout has
//! passed twice. A table that fails for good does not stop the others; an error that would stop every table (login,
//! missing database, unreachable servers after all retries) does.

use super::claim::Claim;
use super::context::Context;
use super::ending::{self, Settling};
use super::opening;
use super::table::{Chunk, OpenTable};
use super::worker::{self, Connections};
use crate::checkpoint::Entry;
use crate::checkpoint::document::{PodTable, TableDocument};
use crate::error::{Error, ErrorKind};
use crate::plan::document::PlannedTable;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tracing::Instrument;

/// One table to copy, with its document as it was last seen.
pub struct Work {
    pub table: PlannedTable,
    pub entry: Entry<TableDocument>,
}

/// What became of the list.
#[derive(Debug, Default)]
pub struct Tally {
    /// Tables that this pod completed.
    pub copied: u64,
    /// Completed by another pod while this one waited for them.
    pub elsewhere: u64,
    pub failed: u64,
    /// Committed by this pod, of whichever table.
    pub rows: u64,
    pub bytes: u64,
    /// Of these with a changed value, and rows left out; once for each column and kind of change.
    pub lossy_rows: u64,
    /// What this pod did, for its own document.
    pub tables: Vec<PodTable>,
    /// The error that decides the exit code, where not all went well.
    pub error: Option<Error>,
}

pub(super) struct Waiting {
    pub(super) work: Work,
    /// When another pod was first seen to own it.
    pub(super) busy_since: Option<Instant>,
    /// Not before.
    pub(super) ready: Instant,
}

/// A table under way, with the claim that it is settled by.
pub(super) struct Open {
    pub(super) table: Arc<OpenTable>,
    pub(super) claim: Claim<TableDocument>,
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) open: Vec<Open>,
    /// Tables that a worker is claiming or beginning.
    opening: usize,
    /// A worker ended badly, and with it the counts of what is under way.
    broken: bool,
    /// Tables that are being settled: one of them may be put back.
    pub(super) settling: usize,
    /// How often the target has lost a table's rows, by its index.
    pub(super) lost: BTreeMap<u32, u32>,
    pub(super) tally: Tally,
}

pub(super) struct Shared {
    queue: Mutex<Queue>,
    /// Something changed for those who wait for work.
    pub(super) changed: Notify,
    pub(super) settling: Settling,
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task ended badly, and with it the counts of what is under way: nothing more is begun.
    pub(super) fn broke(&self, error: Error) {
        let mut queue = self.queue();
        queue.broken = true;
        keep_worst(&mut queue.tally.error, error);
        drop(queue);
        self.changed.notify_waiters();
    }
}

enum Job {
    Chunk(Arc<OpenTable>, Chunk),
    Table(Box<Waiting>),
}

/// Copies all of `work` with `jobs` workers.
///
/// # Errors
/// None of its own: what went wrong is in the tally, beside what went well.
pub async fn copy_all(cx: &Arc<Context>, mut work: Vec<Work>, jobs: usize) -> Tally {
    if work.is_empty() {
        return Tally::default();
    }
    work.sort_by_key(|work| (std::cmp::Reverse(work.table.bytes), work.table.index));
    let now = Instant::now();
    let waiting = work.into_iter().map(|work| Waiting { work, busy_since: None, ready: now }).collect();
    let queue = Mutex::new(Queue { waiting, ..Queue::default() });
    let shared = Arc::new(Shared { queue, changed: Notify::new(), settling: Settling::default() });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..jobs {
        let (cx, shared) = (Arc::clone(cx), Arc::clone(&shared));
        tasks.spawn(async move { work_off(&cx, &shared).await }.in_current_span());
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            shared.broke(Error::new(ErrorKind::Bug, "a worker ended badly").because(error));
        }
    }
    // What is still open was left by a signal, or by an error that stops all.
    let left = std::mem::take(&mut shared.queue().open);
    for open in left {
        if let Some(ended) = open.table.end(true) {
            ending::settle_open(cx, &shared, open, ended).await;
        }
    }
    shared.settling.all(&shared).await;
    let mut tally = std::mem::take(&mut shared.queue().tally);
    if let Some(stop) = cx.shutdown.error() {
        tally.error = Some(stop);
    }
    tally
}

/// One worker: takes chunks and tables until none is left, or the pod must stop.
async fn work_off(cx: &Arc<Context>, shared: &Arc<Shared>) {
    let mut connections = Connections::default();
    while let Some(job) = take(cx, shared).await {
        match job {
            Job::Chunk(table, chunk) => copy(cx, shared, &mut connections, &table, chunk).await,
            Job::Table(waiting) => {
                let opened = opening::open(cx, shared, &mut connections, *waiting).await;
                let mut queue = shared.queue();
                queue.opening -= 1;
                match opened {
                    Ok(Some(open)) => queue.open.push(open),
                    Ok(None) => {}
                    Err(error) => note(&mut queue.tally, error),
                }
            }
        }
        ending::settle_ended(cx, shared, &mut connections).await;
        shared.changed.notify_waiters();
    }
    shared.changed.notify_waiters();
}

pub(super) fn note(tally: &mut Tally, error: Error) {
    tracing::error!(code = error.policy().code, error = %error, "a table was not copied");
    keep_worst(&mut tally.error, error);
}

/// The next piece of work; None at the end of the list, after a signal, or after an error that stops all.
async fn take(cx: &Context, shared: &Shared) -> Option<Job> {
    loop {
        // Registered before the look, so that no change between the look and the wait is missed.
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let wait = {
            let mut queue = shared.queue();
            if queue.broken || cx.shutdown.is_requested() || queue.tally.error.as_ref().is_some_and(stops_all)
            {
                return None;
            }
            let chunk = queue
                .open
                .iter()
                .find_map(|open| open.table.take().map(|chunk| Job::Chunk(Arc::clone(&open.table), chunk)));
            if chunk.is_some() {
                return chunk;
            }
            let now = Instant::now();
            if let Some(place) = queue.waiting.iter().position(|waiting| waiting.ready <= now) {
                queue.opening += 1;
                return queue.waiting.remove(place).map(|waiting| Job::Table(Box::new(waiting)));
            }
            let under_way = queue.opening + queue.settling + queue.open.len();
            if queue.waiting.is_empty() && under_way == 0 {
                return None;
            }
            let soonest =
                queue.waiting.iter().map(|waiting| waiting.ready.saturating_duration_since(now)).min();
            // A chunk under way may be cut, a table may be put back: both are changes.
            soonest.unwrap_or(Duration::from_secs(3600))
        };
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(wait) => {}
            () = cx.shutdown.token().cancelled() => {}
        }
    }
}

/// Copies one chunk and writes it into the table's books.
async fn copy(cx: &Context, shared: &Shared, connections: &mut Connections, table: &OpenTable, chunk: Chunk) {
    match worker::copy_chunk(cx, connections, table, &chunk).await {
        Ok(copied) => {
            tracing::debug!(table = %table.table.source, chunk = chunk.number, rows = copied.rows, "committed");
            cx.progress.chunk_committed(table.table.index, copied.rows, copied.bytes);
            table.lossy_rows.fetch_add(copied.lossy_rows, Ordering::SeqCst);
            let done = table.committed(copied.rows, copied.bytes, copied.rest);
            let queue = shared.queue();
            if let Some(open) = queue.open.iter().find(|open| open.table.table.index == table.table.index) {
                open.claim.progressed(done);
            }
        }
        Err(error) => table.failed(error),
    }
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
