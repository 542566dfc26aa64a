//! The end of a table: its indexes, and what became of it written down.
//!
//! The indexes are built by the worker that ended the table. Settling is a task of its own, so that no worker waits for the
//! store: the rows are committed with their markers, and a pod that is killed before the object says so leaves what the next
//! start mends from the ledger. The claim, its lock and its heartbeat stay until the object is written. Only so many tables
//! are settled at once, and none is left when the pod ends.

use crate::clock;
use crate::copy::chunk::copy;
use crate::copy::context::Context;
use crate::copy::owner::claim::Claim;
use crate::copy::owner::connections::Connections;
use crate::copy::queue::ClaimedTable;
use crate::copy::queue::PodQueue;
use crate::copy::queue::note;
use crate::copy::table::books::EndedTable;
use crate::copy::table::logged;
use crate::copy::table::open;
use crate::copy::table::settle;
use crate::copy::table::settle::Settlement;
use crate::error::{Error, ErrorKind, Result};
use crate::model::checkpoint::{PodTable, Status, TableDocument};
use crate::model::plan::PlannedTable;
use crate::telemetry::spans::TableSpan;
use jiff::Timestamp;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument;

/// Tables that are settled at once; a worker that ends another one waits.
const AT_ONCE: usize = 16;

/// The tables that are being settled.
pub(in crate::copy) struct Settling {
    tasks: Mutex<JoinSet<()>>,
    places: Arc<Semaphore>,
}

impl Default for Settling {
    fn default() -> Self {
        Self { tasks: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Settling {
    /// Waits for all of them.
    pub(in crate::copy) async fn all(&self, shared: &PodQueue) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                shared.broke(Error::new(ErrorKind::Bug, "settling a table ended badly").because(error));
            }
        }
    }
}

/// One of [`crate::copy::scheduler::Queue::settling`], however its task ends.
struct SettlingPlace(Arc<PodQueue>);

impl Drop for SettlingPlace {
    fn drop(&mut self) {
        self.0.queue().settling -= 1;
        self.0.changed.notify_waiters();
    }
}

/// Settles a table in a task of its own, as soon as there is a place for it.
async fn settle_apart(cx: &Arc<Context>, shared: &Arc<PodQueue>, open: ClaimedTable, ended: EndedTable) {
    // Never closed.
    let place = Arc::clone(&shared.settling.places).acquire_owned().await;
    let (cx, of_task) = (Arc::clone(cx), Arc::clone(shared));
    let task = async move {
        let counted = SettlingPlace(of_task);
        settle_open(&cx, &counted.0, open, ended).await;
        drop(place);
    };
    let mut tasks = shared.settling.tasks.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(ended) = tasks.try_join_next() {
        if let Err(error) = ended {
            shared.broke(Error::new(ErrorKind::Bug, "settling a table ended badly").because(error));
        }
    }
    tasks.spawn(task.in_current_span());
}

/// Settles the tables that have come to their end.
pub(in crate::copy) async fn settle_ended(
    cx: &Arc<Context>,
    shared: &Arc<PodQueue>,
    connections: &mut Connections,
) {
    loop {
        let ended = {
            let mut queue = shared.queue();
            let found =
                queue.open.iter().enumerate().find_map(|(place, open)| Some((place, open.table.end(false)?)));
            queue.settling += usize::from(found.is_some());
            found.map(|(place, ended)| (queue.open.remove(place), ended))
        };
        let Some((open, mut ended)) = ended else { return };
        if ended.error.is_none() && ended.left == 0 {
            match make_logged(cx, connections, &open).await {
                // After a signal nothing is begun.
                Ok(()) if cx.shutdown.is_requested() => {
                    tracing::info!(table = %open.table.table.source, "indexes of this table are left to the finish step");
                }
                Ok(()) => build_indexes(cx, connections, &open).await,
                Err(error) => (ended.error, ended.lost) = (Some(error), open.table.is_lost()),
            }
        }
        settle_apart(cx, shared, open, ended).await;
    }
}

/// Makes a table LOGGED that was filled UNLOGGED: before that it is not completed, for a crash would empty it.
async fn make_logged(cx: &Context, connections: &mut Connections, open: &ClaimedTable) -> Result<()> {
    if !open.table.unlogged.load(Ordering::SeqCst) {
        return Ok(());
    }
    let work = Box::pin(logged::make(cx, connections, &open.table));
    let made = copy::interruptible(cx, open.claim.fenced(), "while it was made LOGGED", work).await;
    made.map_err(|error| {
        connections.close();
        error.table(&open.table.table.source)
    })
}

/// Builds the indexes of a table whose rows are all committed, while its claim is held. What does not succeed is left to
/// the finish step: the rows are there.
async fn build_indexes(cx: &Context, connections: &mut Connections, open: &ClaimedTable) {
    let table = &open.table.table;
    let work = async {
        let standing = cx.around.standing(cx).await?;
        let target = connections.target(cx).await?;
        standing.build_indexes(target, &cx.run, table, open.table.epoch).await
    };
    match copy::interruptible(cx, open.claim.fenced(), "while its indexes were built", work).await {
        Ok(0) => {}
        Ok(built) => tracing::debug!(table = %table.source, built, "indexes are built"),
        Err(error) => {
            connections.close();
            tracing::warn!(table = %table.source, error = %error, "indexes of this table are left to the finish step");
        }
    }
}

pub(in crate::copy) async fn settle_open(
    cx: &Context,
    shared: &PodQueue,
    open: ClaimedTable,
    ended: EndedTable,
) {
    let ClaimedTable { table, claim } = open;
    let lossy_rows = table.lossy_rows.load(Ordering::SeqCst);
    settle(cx, shared, claim, (&table.table, table.started_at, &table.span), (ended, lossy_rows)).await;
}

/// Settles a table and counts it.
pub(in crate::copy) async fn settle(
    cx: &Context,
    shared: &PodQueue,
    claim: Claim<TableDocument>,
    (table, started_at, span): (&PlannedTable, Timestamp, &TableSpan),
    (ended, lossy_rows): (EndedTable, u64),
) {
    let (own, left) = (ended.own, ended.left);
    let Settlement { status, mut error, again } = settle::settle(cx, claim, table, ended).await;
    if again {
        error = open::begin_again(cx, shared, table).await.err();
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
