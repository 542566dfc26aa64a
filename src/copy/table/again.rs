//! Putting a table back into the queue whose rows the target has lost.

use crate::copy::pod::Pod;
use crate::copy::queue::{PodQueue, TableWork, WaitingTable};
use crate::error::{Error, ErrorKind, Result};
use crate::model::plan::PlannedTable;
use crate::telemetry::notices::Notice;
use std::time::Instant;

/// So often one pod begins a table again whose rows the target has lost.
const MOST_LOSSES: u32 = 5;

/// Puts the table back, a few times; its object is read as it is now.
///
/// # Errors
/// `TargetUnavailable` if that was too often; `StoreRefused`, `StoreUnavailable`, when the retries are used up.
pub(in crate::copy) async fn begin_again(pod: &Pod, shared: &PodQueue, table: &PlannedTable) -> Result<()> {
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
    tracing::info!(table = %table.source, "the target has lost what was committed of this table; it is begun again");
    pod.notices.add(begun_again(table, "the target has lost what was committed"));
    let what = format!("reading the checkpoint of {}", table.source);
    let mut retrying = pod.patience().retrying(&what);
    let entry = loop {
        match pod.claims.checkpoints.table(&pod.claims.plan, table).await {
            Ok(entry) => break entry,
            Err(error) => retrying.pause(error).await?,
        }
    };
    let work = TableWork { table: table.clone(), entry };
    shared.queue().waiting.push_front(WaitingTable { work, busy_since: None, ready: Instant::now() });
    Ok(())
}

/// That a table is copied again from its beginning, and why.
pub(in crate::copy) fn begun_again(table: &PlannedTable, why: &str) -> Notice {
    Notice {
        kind: "begun_again".to_owned(),
        what: "table".to_owned(),
        said: ["is copied anew".to_owned(), "are copied anew".to_owned()],
        object: table.source.to_string(),
        reason: why.to_owned(),
        rows: 0,
    }
}
