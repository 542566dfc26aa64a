//! Claiming and beginning the next table of the list, or putting it back if another living pod owns it.

use crate::clock;
use crate::copy::events::CopyEvent;
use crate::copy::owner::ask;
use crate::copy::owner::claim::ClaimAnswer;
use crate::copy::owner::connections::Connections;
use crate::copy::pod::Pod;
use crate::copy::queue::ClaimedTable;
use crate::copy::queue::PodQueue;
use crate::copy::queue::WaitingTable;
use crate::copy::table::begin;
use crate::copy::table::books::{EndedTable, OpenTable, TableAttempt};
use crate::copy::table::end::settle;
use crate::copy::table::settle::note_consistency;
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTable;
use crate::telemetry::spans::TableSpan;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Claims and begins a table; None if another pod owns or has completed it.
///
/// # Errors
/// What [`ask::own_table`] answers, with the table's name; `Fenced` if another pod keeps the table. What goes wrong
/// later is settled with the claim.
pub(in crate::copy) async fn claim_and_begin(
    pod: &Pod,
    shared: &PodQueue,
    connections: &mut Connections,
    next: WaitingTable,
) -> Result<Option<ClaimedTable>> {
    let table = &next.work.table;
    // A table that was put back may look different by now.
    let known = next.busy_since.is_none().then(|| next.work.entry.clone());
    let asked = ask::own_table(&pod.claims, connections, table, known).await;
    let claim = match asked.map_err(|error| error.table(&table.source))? {
        Some(ClaimAnswer::Owned(claim)) => claim,
        Some(ClaimAnswer::Busy(owner)) => {
            let owner = owner.map_or_else(|| "(unknown)".to_owned(), |owner| owner.pod);
            return put_back(pod, shared, next, &owner).map(|()| None);
        }
        None => {
            done_elsewhere(pod, shared, table);
            return Ok(None);
        }
    };
    pod.tell(&CopyEvent::TableStarted { table });
    let attempt = TableAttempt {
        table: table.clone(),
        epoch: claim.epoch,
        started_at: clock::now(),
        span: TableSpan::begin(table, claim.epoch),
    };
    let beginning =
        begin::begin(pod, connections, table, claim.epoch).instrument(attempt.span.inside().clone());
    let beginning = pod.patience().until_fenced(claim.fenced(), "before it was begun", Box::pin(beginning));
    match beginning.await {
        Ok(begun) => {
            claim.progressed(begun.done);
            let claim = note_consistency(pod, claim, begun.done.of).await;
            let table = OpenTable::new(attempt, claim.fenced().clone(), begun);
            Ok(Some(ClaimedTable { table: Arc::new(table), claim }))
        }
        Err(error) => {
            connections.close();
            let ended = EndedTable::before_it_began(error.table(&table.source));
            settle(pod, shared, claim, &attempt, ended).await;
            Ok(None)
        }
    }
}

fn done_elsewhere(pod: &Pod, shared: &PodQueue, table: &PlannedTable) {
    pod.tell(&CopyEvent::TableSkipped { table, why: "completed by another pod" });
    shared.queue().tally.elsewhere += 1;
}

/// Waits for the owner to end; after two claim timeouts with a living owner the table is left to it.
fn put_back(pod: &Pod, shared: &PodQueue, next: WaitingTable, owner: &str) -> Result<()> {
    let now = Instant::now();
    let since = next.busy_since.unwrap_or(now);
    let patience: Duration = pod.claims.timeout * 2;
    if now.duration_since(since) > patience {
        let message = format!("pod {owner} owns this table and is alive");
        return Err(Error::new(ErrorKind::Fenced, message).table(&next.work.table.source));
    }
    if next.busy_since.is_none() {
        tracing::info!(table = %next.work.table.source, owner, "another pod works on this table; waiting for it");
    }
    let ready = now + busy_wait(pod.claims.timeout);
    shared.queue().waiting.push_back(WaitingTable { busy_since: Some(since), ready, ..next });
    Ok(())
}

/// How long a worker waits before it looks again at a table that another pod owns.
fn busy_wait(claim_timeout: Duration) -> Duration {
    (claim_timeout / 8).clamp(Duration::from_millis(200), Duration::from_secs(5))
}
