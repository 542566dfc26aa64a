//! What waits, what is open, and the tally of a pod. No I/O.

use crate::checkpoint::Entry;
use crate::copy::owner::claim::Claim;
use crate::copy::table::books::OpenTable;
use crate::copy::table::settling::Settling;
use crate::error::{Error, Verdict};
use crate::model::checkpoint::{PodTable, TableDocument};
use crate::model::plan::PlannedTable;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// One table to copy, with its document as it was last seen.
pub struct TableWork {
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
    /// The errors: whether the pod stops, and which decides the exit code.
    pub verdict: Verdict,
}

pub(in crate::copy) struct WaitingTable {
    pub(in crate::copy) work: TableWork,
    /// When another pod was first seen to own it.
    pub(in crate::copy) busy_since: Option<Instant>,
    /// Not before.
    pub(in crate::copy) ready: Instant,
}

/// A table under way, with the claim that it is settled by.
pub(in crate::copy) struct ClaimedTable {
    pub(in crate::copy) table: Arc<OpenTable>,
    pub(in crate::copy) claim: Claim<TableDocument>,
}

#[derive(Default)]
pub(in crate::copy) struct Queue {
    pub(in crate::copy) waiting: VecDeque<WaitingTable>,
    pub(in crate::copy) open: Vec<ClaimedTable>,
    /// Tables that a worker is claiming or beginning.
    pub(in crate::copy) opening: usize,
    /// A worker ended badly, and with it the counts of what is under way.
    pub(in crate::copy) broken: bool,
    /// Tables that are being settled: one of them may be put back.
    pub(in crate::copy) settling: usize,
    /// How often the target has lost a table's rows, by its index.
    pub(in crate::copy) lost: BTreeMap<u32, u32>,
    pub(in crate::copy) tally: Tally,
}

pub(in crate::copy) struct PodQueue {
    pub(in crate::copy) queue: Mutex<Queue>,
    /// Something changed for those who wait for work.
    pub(in crate::copy) changed: Notify,
    pub(in crate::copy) settling: Settling,
}

impl PodQueue {
    pub(in crate::copy) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task ended badly, and with it the counts of what is under way: nothing more is begun.
    pub(in crate::copy) fn broke(&self, error: Error) {
        let mut queue = self.queue();
        queue.broken = true;
        queue.tally.verdict.add(error);
        drop(queue);
        self.changed.notify_waiters();
    }
}
