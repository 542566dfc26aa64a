//! The end of a table: its indexes, and what became of it written down.
//!
//! The indexes are built by the worker that ended the table. Settling is a task of its own, so that no worker waits
//! for the store: the rows are committed with their markers, and a pod that is killed before the object says so
//! leaves what the next start mends from the ledger. The claim, its lock and its heartbeat stay until the object is
//! written. Only so many tables are settled at once, and none is left when the pod ends.

use crate::clock;
use crate::copy::events::CopyEvent;
use crate::copy::owner::claim::Claim;
use crate::copy::owner::connections::Connections;
use crate::copy::pod::Pod;
use crate::copy::queue::{ClaimedTable, PodQueue};
use crate::copy::table::again;
use crate::copy::table::books::{EndedTable, TableAttempt};
use crate::copy::table::logged;
use crate::copy::table::settle;
use crate::copy::table::settle::Settlement;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::checkpoint::{PhaseName, PodTable, TableDocument};
use crate::model::phase::Status;
use crate::telemetry::notices::Notice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One of those that [`crate::copy::queue::Queue`] counts as being settled, however its task ends.
struct SettlingPlace(Arc<PodQueue>);

impl Drop for SettlingPlace {
    fn drop(&mut self) {
        self.0.queue().settling -= 1;
        self.0.changed.notify_waiters();
    }
}

/// Settles a table in a task of its own, as soon as there is a place for it.
async fn settle_apart(pod: &Arc<Pod>, shared: &Arc<PodQueue>, open: ClaimedTable, ended: EndedTable) {
    let place = shared.settling.place().await;
    let (pod, counted) = (Arc::clone(pod), SettlingPlace(Arc::clone(shared)));
    let bad = shared.settling.begin(async move {
        settle_open(&pod, &counted.0, open, ended).await;
        drop(place);
    });
    for error in bad {
        settled_badly(shared, error);
    }
}

fn settled_badly(shared: &PodQueue, error: tokio::task::JoinError) {
    shared.broke(Error::new(ErrorKind::Bug, "settling a table ended badly").because(error));
}

/// Settles the tables that have come to their end.
pub(in crate::copy) async fn prove_and_settle(
    pod: &Arc<Pod>,
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
            match make_logged(pod, connections, &open).await {
                Ok(()) => index(pod, connections, &open).await,
                Err(error) => (ended.error, ended.lost) = (Some(error), open.table.is_lost()),
            }
        }
        settle_apart(pod, shared, open, ended).await;
    }
}

/// Settles what a signal, or an error that stops the pod, has left open, all at once; then waits for all that are
/// being settled.
pub(in crate::copy) async fn settle_left(pod: &Arc<Pod>, shared: &Arc<PodQueue>) {
    let left = std::mem::take(&mut shared.queue().open);
    for open in left {
        if let Some(ended) = open.table.end(true) {
            shared.queue().settling += 1;
            settle_apart(pod, shared, open, ended).await;
        }
    }
    for error in shared.settling.all().await {
        settled_badly(shared, error);
    }
}

/// Makes a table LOGGED that was filled UNLOGGED: before that it is not completed, for a crash would empty it.
async fn make_logged(pod: &Pod, connections: &mut Connections, open: &ClaimedTable) -> Result<()> {
    if !open.table.unlogged.load(Ordering::SeqCst) {
        return Ok(());
    }
    // It may take minutes, and a rerun does it as well.
    if let Some(stop) = pod.patience().stop.error() {
        return Err(stop);
    }
    let work = Box::pin(logged::make(pod, connections, &open.table));
    let made = pod.patience().until_fenced(open.claim.fenced(), "while it was made LOGGED", work).await;
    made.map_err(|error| {
        connections.close();
        error.table(&open.table.attempt.table.source)
    })
}

/// Builds the indexes of a table whose rows are all committed, while its claim is held. What does not succeed is left
/// to the finish step: the rows are there. After a signal none is begun.
async fn index(pod: &Pod, connections: &mut Connections, open: &ClaimedTable) {
    let attempt = &open.table.attempt;
    let table = &attempt.table;
    let work = async {
        failpoint!("index.before");
        if pod.patience().is_stopping() {
            tracing::info!(table = %table.source, "indexes of this table are left to the finish step");
            return Ok(0);
        }
        let standing = pod.objects.standing().await?;
        let target = connections.target().await?;
        standing.build_indexes(target, &pod.claims.run, table, attempt.epoch, &pod.patience().stop).await
    };
    match pod.patience().until_fenced(open.claim.fenced(), "while its indexes were built", work).await {
        Ok(0) => {}
        Ok(built) => tracing::debug!(table = %table.source, built, "indexes are built"),
        Err(error) => {
            connections.close();
            tracing::info!(table = %table.source, error = %error, "indexes of this table are left to the finish step");
            pod.notices.add(Notice {
                kind: "indexes_left".to_owned(),
                what: "table".to_owned(),
                said: ["has no indexes yet", "have no indexes yet"]
                    .map(|said| format!("{said}: the finish step builds them")),
                object: table.source.to_string(),
                reason: error.detail(),
                rows: 0,
            });
        }
    }
}

async fn settle_open(pod: &Pod, shared: &PodQueue, open: ClaimedTable, ended: EndedTable) {
    settle(pod, shared, open.claim, &open.table.attempt, ended).await;
}

/// Settles a table and counts it.
pub(in crate::copy) async fn settle(
    pod: &Pod,
    shared: &PodQueue,
    claim: Claim<TableDocument>,
    attempt: &TableAttempt,
    ended: EndedTable,
) {
    let table = &attempt.table;
    let (own, left, lossy_rows) = (ended.own, ended.left, ended.lossy_rows);
    let away = |error: &Error| error.kind() == ErrorKind::TargetUnavailable;
    let target_is_away = shared.queue().tally.verdict.worst().is_some_and(away);
    let settled = settle::settle(pod, claim, table, ended, target_is_away).await;
    let Settlement { status, mut error, again } = settled;
    if again {
        error = again::begin_again(pod, shared, table).await.err();
    }
    attempt.span.end(table, status, (own.rows, own.bytes), error.as_ref());
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
        phase: PhaseName::Data,
        status,
        started_at: attempt.started_at,
        ended_at: clock::now(),
        rows: own.rows,
        bytes: own.bytes,
        chunks: own.chunks,
        lossy_rows,
    });
    if let Some(error) = error {
        pod.tell(&CopyEvent::NotCopied { error: &error });
        tally.verdict.add(error);
    }
}
