//! The books of a table that this pod owns: which chunks wait, how many are under way, what is committed. No I/O.
//!
//! The table has ended when nothing is under way and nothing waits, or when an error forbids to begin the chunks that
//! wait. What is committed by then stays: the next owner goes on behind it.

use crate::error::{Error, ErrorKind, Verdict};
use crate::model::bound::KeyRange;
use crate::model::phase::PhaseProgress;
use crate::model::plan::PlannedTable;
use crate::postgres::ledger::Writes;
use crate::telemetry::spans::TableSpan;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// A chunk that is to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::copy) struct Chunk {
    pub(in crate::copy) number: u32,
    pub(in crate::copy) range: KeyRange,
    pub(in crate::copy) begins: Begins,
}

/// What a chunk's transaction does before it copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::copy) enum Begins {
    /// Nothing: the chunk is pinned in the ledger, and the table was truncated when that was done.
    Nothing,
    /// The table's only chunk: it truncates, and comes into the ledger with its marker.
    Table {
        /// The ledger has chunks of an earlier beginning, which are to be forgotten.
        forget: bool,
    },
}

impl Begins {
    /// What the chunk's transaction does to the rows of the table.
    pub(in crate::copy) const fn writes(self) -> Writes {
        match self {
            Self::Nothing => Writes::Continues,
            Self::Table { .. } => Writes::Begins,
        }
    }
}

/// A begun table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::copy) struct BegunTable {
    /// In the order in which they are to be copied.
    pub(in crate::copy) waiting: Vec<Chunk>,
    /// The first number that no chunk has.
    pub(in crate::copy) next: u32,
    /// What earlier owners committed.
    pub(in crate::copy) done: PhaseProgress,
    /// Rows that they left out.
    pub(in crate::copy) rejected: u64,
    /// It is to be made LOGGED at its end; of a table's only chunk that chunk will tell.
    pub(in crate::copy) unlogged: bool,
}

/// One claim of a table, from its beginning to its settlement.
#[derive(Debug)]
pub(in crate::copy) struct TableAttempt {
    pub(in crate::copy) table: PlannedTable,
    pub(in crate::copy) epoch: u64,
    pub(in crate::copy) started_at: Timestamp,
    pub(in crate::copy) span: TableSpan,
}

/// A table under way.
#[derive(Debug)]
pub(in crate::copy) struct OpenTable {
    pub(in crate::copy) attempt: TableAttempt,
    /// Cancelled when another pod has taken the table over.
    pub(in crate::copy) fenced: CancellationToken,
    /// Rows that were left out, in committed chunks and those under way.
    pub(in crate::copy) rejected: AtomicU64,
    /// Changed by this pod, in committed chunks.
    pub(in crate::copy) lossy_rows: AtomicU64,
    /// It is to be made LOGGED at its end.
    pub(in crate::copy) unlogged: AtomicBool,
    /// The server has crashed and lost what was committed: the table is to be begun again.
    lost: AtomicBool,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    waiting: VecDeque<Chunk>,
    running: u32,
    next: u32,
    earlier: PhaseProgress,
    done: PhaseProgress,
    verdict: Verdict,
    ended: bool,
}

/// What an ended table comes to.
#[derive(Debug)]
pub(in crate::copy) struct EndedTable {
    /// By whichever pod.
    pub(in crate::copy) done: PhaseProgress,
    /// By this pod.
    pub(in crate::copy) own: PhaseProgress,
    /// None and nothing left to do: the table is completed.
    pub(in crate::copy) error: Option<Error>,
    /// Chunks that nobody has begun.
    pub(in crate::copy) left: usize,
    /// What was committed is gone: the table is to be begun again.
    pub(in crate::copy) lost: bool,
    /// Changed or left out by this pod, in committed chunks.
    pub(in crate::copy) lossy_rows: u64,
}

impl EndedTable {
    /// Of a table that could not be begun.
    pub(in crate::copy) fn before_it_began(error: Error) -> Self {
        Self {
            done: PhaseProgress::default(),
            own: PhaseProgress::default(),
            error: Some(error),
            left: 0,
            lost: false,
            lossy_rows: 0,
        }
    }
}

impl OpenTable {
    /// The books of a table that was begun.
    pub(in crate::copy) fn new(attempt: TableAttempt, fenced: CancellationToken, begun: BegunTable) -> Self {
        let rejected = AtomicU64::new(begun.rejected);
        let unlogged = AtomicBool::new(begun.unlogged);
        let books = Books {
            waiting: begun.waiting.into(),
            running: 0,
            next: begun.next,
            earlier: begun.done,
            done: begun.done,
            verdict: Verdict::default(),
            ended: false,
        };
        Self {
            attempt,
            fenced,
            rejected,
            lossy_rows: AtomicU64::new(0),
            unlogged,
            lost: AtomicBool::new(false),
            books: Mutex::new(books),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Plain counts: they stay right after a panic of another task.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the target does not have any more what was committed, and says so as an error: no chunk goes on
    /// with this table, which is to be begun again.
    pub(in crate::copy) fn lose(&self) -> Error {
        self.lost.store(true, Ordering::SeqCst);
        Error::new(ErrorKind::TargetUnavailable, "the target has lost what was committed of this table")
    }

    pub(in crate::copy) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// The next chunk, which is under way from now on.
    pub(in crate::copy) fn take(&self) -> Option<Chunk> {
        let mut books = self.books();
        if books.verdict.worst().is_some() || books.ended {
            return None;
        }
        let chunk = books.waiting.pop_front()?;
        books.running += 1;
        Some(chunk)
    }

    /// A number for a chunk that comes into being.
    pub(in crate::copy) fn number(&self) -> u32 {
        let mut books = self.books();
        let number = books.next;
        books.next += 1;
        number
    }

    /// A chunk was committed; `rest` is what was cut off it. Returns how far the table has come.
    pub(in crate::copy) fn committed(&self, rows: u64, bytes: u64, rest: Option<Chunk>) -> PhaseProgress {
        let mut books = self.books();
        books.running -= 1;
        books.done.chunks += 1;
        books.done.rows += rows;
        books.done.bytes += bytes;
        if let Some(rest) = rest {
            books.next = books.next.max(rest.number + 1);
            books.done.of += 1;
            books.waiting.push_front(rest);
        }
        books.done
    }

    /// A chunk failed: no other is begun. A fence says more than any other error.
    pub(in crate::copy) fn failed(&self, error: Error) {
        let mut books = self.books();
        books.running -= 1;
        let fenced = |error: &Error| error.kind() == ErrorKind::Fenced;
        match books.verdict.worst() {
            Some(kept) if fenced(kept) => {}
            _ if fenced(&error) => books.verdict = Verdict::from(error),
            _ => books.verdict.add(error),
        }
    }

    /// Says once, when there is nothing more to do, what came of it. `stopping`: chunks that wait are not begun any
    /// more.
    pub(in crate::copy) fn end(&self, stopping: bool) -> Option<EndedTable> {
        let mut books = self.books();
        let at_rest =
            books.running == 0 && (books.waiting.is_empty() || books.verdict.worst().is_some() || stopping);
        if books.ended || !at_rest {
            return None;
        }
        books.ended = true;
        let (done, earlier) = (books.done, books.earlier);
        let own = PhaseProgress {
            rows: done.rows - earlier.rows,
            bytes: done.bytes - earlier.bytes,
            chunks: done.chunks - earlier.chunks,
            of: done.of,
        };
        Some(EndedTable {
            done,
            own,
            error: std::mem::take(&mut books.verdict).into_error(),
            left: books.waiting.len(),
            lost: self.is_lost(),
            lossy_rows: self.lossy_rows.load(Ordering::SeqCst),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::{ColumnName, TableName};

    fn chunk(number: u32) -> Chunk {
        Chunk { number, range: KeyRange::default(), begins: Begins::Nothing }
    }

    fn open(chunks: u32) -> OpenTable {
        let table = PlannedTable {
            generated: Vec::new(),
            filter: None,
            partitioning: None,
            index: 1,
            source: TableName::new("dbo", "t"),
            target: TableName::new("dbo", "t"),
            columns: Vec::new(),
            unsupported: Vec::new(),
            primary_key: vec![ColumnName::new("a")],
            chunk_key: None,
            rows: 0,
            bytes: 0,
            long_keys: Vec::new(),
            column_fingerprint: String::new(),
            in_memory: false,
        };
        let done = PhaseProgress { rows: 5, bytes: 50, chunks: 1, of: chunks + 1 };
        let begun = BegunTable {
            waiting: (1..=chunks).map(chunk).collect(),
            next: chunks + 1,
            done,
            rejected: 0,
            unlogged: false,
        };
        let span = TableSpan::begin(&table, 1);
        let attempt = TableAttempt { table, epoch: 1, started_at: Timestamp::UNIX_EPOCH, span };
        OpenTable::new(attempt, CancellationToken::new(), begun)
    }

    #[test]
    fn a_table_ends_when_its_last_chunk_is_committed_and_says_so_once() {
        let table = open(2);
        assert_eq!((table.take(), table.take(), table.take()), (Some(chunk(1)), Some(chunk(2)), None));
        assert_eq!(table.committed(10, 100, None), PhaseProgress { rows: 15, bytes: 150, chunks: 2, of: 3 });
        assert!(table.end(false).is_none());
        table.committed(1, 2, None);
        let ended = table.end(false).unwrap();
        assert_eq!(ended.done, PhaseProgress { rows: 16, bytes: 152, chunks: 3, of: 3 });
        assert_eq!((ended.own.rows, ended.own.chunks), (11, 2));
        assert!(ended.error.is_none() && table.end(true).is_none());
    }

    #[test]
    fn what_was_cut_off_is_another_chunk() {
        let table = open(1);
        table.take().unwrap();
        let rest = chunk(table.number());
        assert_eq!(rest.number, 2);
        assert_eq!(table.committed(1, 1, Some(rest.clone())).of, 3);
        assert!(table.end(false).is_none());
        assert_eq!(table.take(), Some(rest));
        table.committed(1, 1, None);
        assert_eq!(table.end(false).unwrap().done.chunks, 3);
    }

    #[test]
    fn after_an_error_no_chunk_is_begun_and_those_under_way_end() {
        let table = open(3);
        assert_eq!((table.take(), table.take()), (Some(chunk(1)), Some(chunk(2))));
        table.failed(Error::new(ErrorKind::Value, "x"));
        assert!(table.take().is_none() && table.end(false).is_none());
        table.failed(Error::new(ErrorKind::Fenced, "y"));
        let ended = table.end(false).unwrap();
        assert_eq!((ended.error.unwrap().kind(), ended.left, ended.own.chunks), (ErrorKind::Fenced, 1, 0));
    }

    #[test]
    fn a_signal_leaves_the_chunks_that_wait() {
        let table = open(2);
        assert!(table.end(false).is_none());
        assert_eq!(table.end(true).unwrap().left, 2);
        assert!(table.take().is_none());
    }
}
