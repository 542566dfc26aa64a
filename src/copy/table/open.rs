//! Claiming and beginning the next table of the list, or putting it back where another living pod owns it.

use crate::clock;
use crate::copy::chunk::copy;
use crate::copy::context::Context;
use crate::copy::events::CopyEvent;
use crate::copy::owner::ask;
use crate::copy::owner::claim::ClaimAnswer;
use crate::copy::owner::connections::Connections;
use crate::copy::queue::ClaimedTable;
use crate::copy::queue::PodQueue;
use crate::copy::queue::TableWork;
use crate::copy::queue::WaitingTable;
use crate::copy::table::begin;
use crate::copy::table::books::EndedTable;
use crate::copy::table::books::OpenTable;
use crate::copy::table::end::settle;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTable;
use crate::retry::Retrying;
use crate::telemetry::spans::TableSpan;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// So often one pod begins a table again whose rows the target has lost.
const MOST_LOSSES: u32 = 5;

/// Claims and begins a table; None where another pod owns or has completed it.
pub(in crate::copy) async fn open(
    cx: &Arc<Context>,
    shared: &PodQueue,
    connections: &mut Connections,
    next: WaitingTable,
) -> Result<Option<ClaimedTable>> {
    let table = &next.work.table;
    // A table that was put back may look different by now.
    let known = next.busy_since.is_none().then(|| next.work.entry.clone());
    let claim = match ask::own(cx, table, known).await.map_err(|error| error.table(&table.source))? {
        Some(ClaimAnswer::Owned(claim)) => claim,
        Some(ClaimAnswer::Busy(owner)) => {
            let owner = owner.map_or_else(|| "(unknown)".to_owned(), |owner| owner.pod);
            return put_back(cx, shared, next, &owner).map(|()| None);
        }
        None => {
            done_elsewhere(cx, shared, table);
            return Ok(None);
        }
    };
    let started_at = clock::now();
    cx.tell(&CopyEvent::TableStarted { table });
    let span = TableSpan::begin(table, claim.epoch);
    let beginning = begin::begin(cx, connections, table, claim.epoch).instrument(span.inside().clone());
    match copy::interruptible(cx, claim.fenced(), "before it was begun", beginning).await {
        Ok(begun) => {
            claim.progressed(begun.done);
            let fenced = claim.fenced().clone();
            let table = OpenTable::new(table.clone(), claim.epoch, fenced, started_at, begun, span);
            Ok(Some(ClaimedTable { table: Arc::new(table), claim }))
        }
        Err(error) => {
            connections.close();
            let ended = EndedTable::before_it_began(error.table(&table.source));
            settle(cx, shared, claim, (table, started_at, &span), (ended, 0)).await;
            Ok(None)
        }
    }
}

fn done_elsewhere(cx: &Context, shared: &PodQueue, table: &PlannedTable) {
    cx.tell(&CopyEvent::TableSkipped { table, why: "completed by another pod" });
    shared.queue().tally.elsewhere += 1;
}

/// Waits for the owner to end; after two claim timeouts with a living owner the table is left to it.
fn put_back(cx: &Context, shared: &PodQueue, next: WaitingTable, owner: &str) -> Result<()> {
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
    let ready = now + copy::busy_wait(cx.claim_timeout);
    shared.queue().waiting.push_back(WaitingTable { busy_since: Some(since), ready, ..next });
    Ok(())
}

/// Puts a table back whose rows the target has lost, a few times.
pub(in crate::copy) async fn begin_again(
    cx: &Context,
    shared: &PodQueue,
    table: &PlannedTable,
) -> Result<()> {
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
    let what = format!("reading the checkpoint of {}", table.source);
    let mut retrying = Retrying::new(cx.retry, &cx.shutdown, &what);
    let entry = loop {
        match cx.checkpoints.table(&cx.plan, table).await {
            Ok(entry) => break entry,
            Err(error) => retrying.pause(error).await?,
        }
    };
    let work = TableWork { table: table.clone(), entry };
    shared.queue().waiting.push_front(WaitingTable { work, busy_since: None, ready: Instant::now() });
    Ok(())
}
