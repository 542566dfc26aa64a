//! What happens to a pod's tables while they are copied, told to whoever shows it. The copying knows nobody who
//! listens.

use crate::error::Error;
use crate::model::plan::PlannedTable;
use std::sync::Arc;

/// One thing that happened. Rows and bytes are those of this process.
#[derive(Debug)]
pub enum CopyEvent<'a> {
    /// This pod has claimed the table. A second start of one table is a retry.
    TableStarted { table: &'a PlannedTable },
    /// There was nothing to do for the table.
    TableSkipped { table: &'a PlannedTable, why: &'a str },
    /// What the current attempt of a chunk has written so far; nothing of it is committed.
    ChunkUnderWay { index: u32, chunk: u32, rows: u64, bytes: u64 },
    /// The chunk was committed.
    ChunkCommitted { index: u32, rows: u64, bytes: u64 },
    /// The work on the chunk has ended, committed or not.
    ChunkEnded { index: u32, chunk: u32 },
    /// All chunks of the table are committed, by whichever process.
    TableCompleted { index: u32 },
    /// The table failed for good in this run.
    TableFailed { index: u32, error: &'a Error },
    /// The table was left before its end: a signal, another pod that took it over, or an error that is not the table's.
    TableStopped { index: u32, why: &'a str, error: Option<&'a Error> },
    /// Something ended in an error, of which another event may have told already.
    NotCopied { error: &'a Error },
}

/// Who is told. It is called by the workers, so it must not wait.
pub type CopyWatcher = Arc<dyn Fn(&CopyEvent<'_>) + Send + Sync>;
