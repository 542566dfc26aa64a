//! The progress of copying, from the events of `copy`.

use super::Progress;
use crate::copy::events::{CopyEvent, CopyWatcher};
use std::sync::Arc;

impl Progress {
    /// Shows what is told to it. `plan_total`: tables of the plan.
    #[must_use]
    pub fn watcher(&self, plan_total: u32) -> CopyWatcher {
        let progress = self.clone();
        Arc::new(move |event| progress.show(event, plan_total))
    }

    fn show(&self, event: &CopyEvent<'_>, plan_total: u32) {
        match event {
            CopyEvent::TableStarted { table } => {
                self.table_started(plan_total, table);
            }
            CopyEvent::TableSkipped { table, why } => {
                self.table_skipped(table.index, plan_total, &table.source, table.bytes, why);
            }
            CopyEvent::ChunkUnderWay { index, chunk, rows, bytes } => {
                self.rows(*index, *chunk, *rows, *bytes)
            }
            CopyEvent::ChunkCommitted { index, rows, bytes } => self.chunk_committed(*index, *rows, *bytes),
            CopyEvent::ChunkEnded { index, chunk } => self.chunk_ended(*index, *chunk),
            CopyEvent::TableCompleted { index } => self.table_completed(*index),
            CopyEvent::TableFailed { index, error } => self.table_failed(*index, error),
            CopyEvent::TableStopped { index, why, error } => self.table_stopped(*index, why, *error),
            CopyEvent::NotCopied { error } => self.error(error),
        }
    }
}
