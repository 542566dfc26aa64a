//! The work list of a pod: completed tables are skipped, the rest goes largest first, `--jobs` chunks at once.
//!
//! A worker takes a chunk of a table under way if one waits; else it claims and begins the next table
//! (`table/open.rs`). Whoever ends the last chunk of a table builds its indexes and has its claim settled
//! (`table/end.rs`).
//!
//! A table that another living pod owns is put back and asked for again until the pod has ended or the claim timeout
//! has passed twice. A table that fails for good does not stop the others; an error that would stop every table
//! (login, missing database, unreachable servers after all retries) does.

use crate::copy::chunk::copy;
use crate::copy::events::CopyEvent;
use crate::copy::owner::connections::Connections;
use crate::copy::pod::Pod;
use crate::copy::queue::{PodQueue, Queue, TableWork, Tally, WaitingTable};
use crate::copy::table::books::{Chunk, OpenTable};
use crate::copy::table::end;
use crate::copy::table::open;
use crate::copy::table::settling::Settling;
use crate::error::{Error, ErrorKind, Verdict};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tracing::Instrument;

enum Job {
    Chunk(Arc<OpenTable>, Chunk),
    Table(Box<WaitingTable>),
}

/// Copies all of `work` with `jobs` workers.
///
/// # Errors
/// None of its own: what went wrong is in the tally, beside what went well.
pub async fn copy_all(pod: &Arc<Pod>, mut work: Vec<TableWork>, jobs: usize) -> Tally {
    if work.is_empty() {
        return Tally::default();
    }
    work.sort_by_key(|work| (std::cmp::Reverse(work.table.bytes), work.table.index));
    let now = Instant::now();
    let waiting = work.into_iter().map(|work| WaitingTable { work, busy_since: None, ready: now }).collect();
    let queue = Mutex::new(Queue { waiting, ..Queue::default() });
    let shared = Arc::new(PodQueue { queue, changed: Notify::new(), settling: Settling::default() });
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..jobs {
        let (pod, shared) = (Arc::clone(pod), Arc::clone(&shared));
        tasks.spawn(async move { work_off(&pod, &shared).await }.in_current_span());
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            shared.broke(Error::new(ErrorKind::Bug, "a worker ended badly").because(error));
        }
    }
    // What is still open was left by a signal, or by an error that stops all.
    end::settle_left(pod, &shared).await;
    let mut tally = std::mem::take(&mut shared.queue().tally);
    if let Some(stop) = pod.patience().stop.error() {
        tally.verdict = Verdict::from(stop);
    }
    tally
}

/// One worker. It reads like the protocol: a table is claimed and begun, its chunks are copied one by one, and whoever
/// ended the last one has the ledger prove it and settles the claim. It ends when nothing is left, or when the pod must
/// stop.
async fn work_off(pod: &Arc<Pod>, shared: &Arc<PodQueue>) {
    let mut connections = Connections::new(&pod.servers);
    while let Some(job) = take(pod, shared).await {
        match job {
            Job::Chunk(table, chunk) => copy(pod, shared, &mut connections, &table, chunk).await,
            Job::Table(waiting) => {
                let opened = open::claim_and_begin(pod, shared, &mut connections, *waiting).await;
                let mut queue = shared.queue();
                queue.opening -= 1;
                match opened {
                    Ok(Some(open)) => queue.open.push(open),
                    Ok(None) => {}
                    Err(error) => {
                        pod.tell(&CopyEvent::NotCopied { error: &error });
                        queue.tally.verdict.add(error);
                    }
                }
            }
        }
        end::prove_and_settle(pod, shared, &mut connections).await;
        shared.changed.notify_waiters();
    }
    shared.changed.notify_waiters();
}

/// The next piece of work; None at the end of the list, after a signal, or after an error that stops all.
async fn take(pod: &Pod, shared: &PodQueue) -> Option<Job> {
    loop {
        // Registered before the look, so that no change between the look and the wait is missed.
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let wait = {
            let mut queue = shared.queue();
            if queue.broken || pod.patience().is_stopping() || queue.tally.verdict.stops_pod() {
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
            () = pod.patience().stop.token().cancelled() => {}
        }
    }
}

/// Copies one chunk and writes it into the table's books.
async fn copy(pod: &Pod, shared: &PodQueue, connections: &mut Connections, table: &OpenTable, chunk: Chunk) {
    match copy::copy_chunk(&pod.copier, connections, table, &chunk).await {
        Ok(copied) => {
            tracing::debug!(table = %table.attempt.table.source, chunk = chunk.number, rows = copied.rows, "committed");
            pod.tell(&CopyEvent::ChunkCommitted {
                index: table.attempt.table.index,
                rows: copied.rows,
                bytes: copied.bytes,
            });
            table.lossy_rows.fetch_add(copied.lossy_rows, Ordering::SeqCst);
            let done = table.committed(copied.rows, copied.bytes, copied.rest);
            let queue = shared.queue();
            if let Some(open) =
                queue.open.iter().find(|open| open.table.attempt.table.index == table.attempt.table.index)
            {
                open.claim.progressed(done);
            }
        }
        Err(error) => table.failed(error),
    }
}
