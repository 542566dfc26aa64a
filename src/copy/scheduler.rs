//! The work list of a pod: completed tables are skipped, the rest goes largest first, `--jobs` chunks at once.
//!
//! A worker takes a chunk of a table that is under way where one waits, else it claims and begins the next table. Whoever
//! ends the last chunk of a table settles its claim.
//!
//! A table that another living pod owns is put back and asked for again until the pod has ended or the claim timeout has
//! passed twice. A table that fails for good does not stop the others; an error that would stop every table (login,
//! missing database, unreachable servers after all retries) does.

use super::begin;
use super::claim::{Asked, Claim};
use super::context::Context;
use super::logged;
use super::owner;
use super::settle::{self, Settlement};
use super::table::{Chunk, Ended, OpenTable};
use super::worker::{self, Connections};
use crate::checkpoint::Entry;
use crate::checkpoint::document::{PodTable, Status, TableDocument};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedTable;
use crate::telemetry::spans::TableSpan;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tracing::Instrument;

/// So often one pod begins a table again whose rows the target has lost.
const MOST_LOSSES: u32 = 5;

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

struct Waiting {
    work: Work,
    /// When another pod was first seen to own it.
    busy_since: Option<Instant>,
    /// Not before.
    ready: Instant,
}

/// A table under way, with the claim that it is settled by.
struct Open {
    table: Arc<OpenTable>,
    claim: Claim<TableDocument>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    open: Vec<Open>,
    /// Tables that a worker is claiming or beginning.
    opening: usize,
    /// A worker ended badly, and with it the counts of what is under way.
    broken: bool,
    /// How often the target has lost a table's rows, by its index.
    lost: BTreeMap<u32, u32>,
    tally: Tally,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Something changed for those who wait for work.
    changed: Notify,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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
    let shared = Arc::new(Shared { queue, changed: Notify::new() });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..jobs {
        let (cx, shared) = (Arc::clone(cx), Arc::clone(&shared));
        tasks.spawn(async move { work_off(&cx, &shared).await }.in_current_span());
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            let error = Error::new(ErrorKind::Bug, "a worker ended badly").because(error);
            let mut queue = shared.queue();
            queue.broken = true;
            keep_worst(&mut queue.tally.error, error);
            drop(queue);
            shared.changed.notify_waiters();
        }
    }
    // What is still open was left by a signal, or by an error that stops all.
    let left = std::mem::take(&mut shared.queue().open);
    for open in left {
        if let Some(ended) = open.table.end(true) {
            settle_open(cx, &shared, open, ended).await;
        }
    }
    let mut tally = std::mem::take(&mut shared.queue().tally);
    if let Some(stop) = cx.shutdown.error() {
        tally.error = Some(stop);
    }
    tally
}

/// One worker: takes chunks and tables until none is left, or the pod must stop.
async fn work_off(cx: &Arc<Context>, shared: &Shared) {
    let mut connections = Connections::default();
    while let Some(job) = take(cx, shared).await {
        match job {
            Job::Chunk(table, chunk) => copy(cx, shared, &mut connections, &table, chunk).await,
            Job::Table(waiting) => {
                let opened = open(cx, shared, &mut connections, *waiting).await;
                let mut queue = shared.queue();
                queue.opening -= 1;
                match opened {
                    Ok(Some(open)) => queue.open.push(open),
                    Ok(None) => {}
                    Err(error) => note(&mut queue.tally, error),
                }
            }
        }
        settle_ended(cx, shared, &mut connections).await;
        shared.changed.notify_waiters();
    }
    shared.changed.notify_waiters();
}

fn note(tally: &mut Tally, error: Error) {
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
            if queue.waiting.is_empty() && queue.open.is_empty() && queue.opening == 0 {
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

/// Claims and begins a table; None where another pod owns or has completed it.
async fn open(
    cx: &Arc<Context>,
    shared: &Shared,
    connections: &mut Connections,
    next: Waiting,
) -> Result<Option<Open>> {
    let table = &next.work.table;
    // A table that was put back may look different by now.
    let known = next.busy_since.is_none().then(|| next.work.entry.clone());
    let claim = match owner::own(cx, table, known).await.map_err(|error| error.table(&table.source))? {
        Some(Asked::Owned(claim)) => claim,
        Some(Asked::Busy(owner)) => {
            let owner = owner.map_or_else(|| "(unknown)".to_owned(), |owner| owner.pod);
            return put_back(cx, shared, next, &owner).map(|()| None);
        }
        None => {
            done_elsewhere(cx, shared, table);
            return Ok(None);
        }
    };
    let started_at = clock::now();
    cx.progress.table_started(table.index, cx.total(), &table.source, table.rows, table.bytes);
    let span = TableSpan::begin(table, claim.epoch);
    let beginning = begin::begin(cx, connections, table, claim.epoch).instrument(span.inside().clone());
    match worker::interruptible(cx, claim.fenced(), "before it was begun", beginning).await {
        Ok(begun) => {
            claim.progressed(begun.done);
            let fenced = claim.fenced().clone();
            let table = OpenTable::new(table.clone(), claim.epoch, fenced, started_at, begun, span);
            Ok(Some(Open { table: Arc::new(table), claim }))
        }
        Err(error) => {
            connections.close();
            let ended = Ended::before_it_began(error.table(&table.source));
            settle(cx, shared, claim, (table, started_at, &span), (ended, 0)).await;
            Ok(None)
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

/// Settles the tables that have come to their end.
async fn settle_ended(cx: &Context, shared: &Shared, connections: &mut Connections) {
    loop {
        let ended = {
            let mut queue = shared.queue();
            let found =
                queue.open.iter().enumerate().find_map(|(place, open)| Some((place, open.table.end(false)?)));
            found.map(|(place, ended)| (queue.open.remove(place), ended))
        };
        let Some((open, mut ended)) = ended else { return };
        if ended.error.is_none() && ended.left == 0 {
            match make_logged(cx, connections, &open).await {
                Ok(()) => build_indexes(cx, connections, &open).await,
                Err(error) => (ended.error, ended.lost) = (Some(error), open.table.is_lost()),
            }
        }
        settle_open(cx, shared, open, ended).await;
    }
}

/// Makes a table LOGGED that was filled UNLOGGED: before that it is not completed, for a crash would empty it.
async fn make_logged(cx: &Context, connections: &mut Connections, open: &Open) -> Result<()> {
    if !open.table.unlogged.load(Ordering::SeqCst) {
        return Ok(());
    }
    let work = Box::pin(logged::make(cx, connections, &open.table));
    let made = worker::interruptible(cx, open.claim.fenced(), "while it was made LOGGED", work).await;
    made.map_err(|error| {
        connections.close();
        error.table(&open.table.table.source)
    })
}

/// Builds the indexes of a table whose rows are all committed, while its claim is held. What does not succeed is left to
/// the finish step: the rows are there.
async fn build_indexes(cx: &Context, connections: &mut Connections, open: &Open) {
    let table = &open.table.table;
    let work = async {
        let target = connections.target(cx).await?;
        cx.standing.build_indexes(target, &cx.run, table, open.table.epoch).await
    };
    match worker::interruptible(cx, open.claim.fenced(), "while its indexes were built", work).await {
        Ok(0) => {}
        Ok(built) => tracing::debug!(table = %table.source, built, "indexes are built"),
        Err(error) => {
            connections.close();
            tracing::warn!(table = %table.source, error = %error, "indexes of this table are left to the finish step");
        }
    }
}

async fn settle_open(cx: &Context, shared: &Shared, open: Open, ended: Ended) {
    let Open { table, claim } = open;
    let lossy_rows = table.lossy_rows.load(Ordering::SeqCst);
    settle(cx, shared, claim, (&table.table, table.started_at, &table.span), (ended, lossy_rows)).await;
}

/// Settles a table and counts it.
async fn settle(
    cx: &Context,
    shared: &Shared,
    claim: Claim<TableDocument>,
    (table, started_at, span): (&PlannedTable, Timestamp, &TableSpan),
    (ended, lossy_rows): (Ended, u64),
) {
    let (own, left) = (ended.own, ended.left);
    let Settlement { status, mut error, again } = settle::settle(cx, claim, table, ended).await;
    if again {
        error = begin_again(cx, shared, table).await.err();
    }
    span.end(table, status, (own.rows, own.bytes), error.as_ref());
    tracing::debug!(table = %table.source, ?status, left, "settled");
    let mut queue = shared.queue();
    let tally = &mut queue.tally;
    tally.copied += u64::from(status == Status::Completed);
    tally.failed += u64::from(status == Status::Failed);
    tally.rows += own.rows;
    tally.bytes += own.bytes;
    tally.lossy_rows += lossy_rows;
    tally.tables.push(PodTable {
        index: table.index,
        table: table.source.clone(),
        phase: "data".to_owned(),
        status,
        started_at,
        ended_at: clock::now(),
        rows: own.rows,
        bytes: own.bytes,
        chunks: own.chunks,
        lossy_rows,
    });
    if let Some(error) = error {
        note(tally, error);
    }
}

/// Puts a table back whose rows the target has lost, a few times.
async fn begin_again(cx: &Context, shared: &Shared, table: &PlannedTable) -> Result<()> {
    let times = {
        let mut queue = shared.queue();
        let times = queue.lost.entry(table.index).or_default();
        *times += 1;
        *times
    };
    if times > MOST_LOSSES {
        let message = format!("the target has lost what was committed of this table {times} times");
        return Err(Error::new(ErrorKind::TargetUnavailable, message).table(&table.source));
    }
    tracing::warn!(table = %table.source, "the target has lost what was committed of this table; it is begun again");
    let entry = cx.checkpoints.table(&cx.plan, table).await?;
    let work = Work { table: table.clone(), entry };
    shared.queue().waiting.push_front(Waiting { work, busy_since: None, ready: Instant::now() });
    Ok(())
}

fn done_elsewhere(cx: &Context, shared: &Shared, table: &PlannedTable) {
    cx.progress.table_skipped(
        table.index,
        cx.total(),
        &table.source,
        table.bytes,
        "completed by another pod",
    );
    shared.queue().tally.elsewhere += 1;
}

/// Waits for the owner to end; after two claim timeouts with a living owner the table is left to it.
fn put_back(cx: &Context, shared: &Shared, next: Waiting, owner: &str) -> Result<()> {
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
    shared.queue().waiting.push_back(Waiting { busy_since: Some(since), ready, ..next });
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
