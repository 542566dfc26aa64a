//! Progress of one process: lines, summaries, and live bars on a terminal.
//!
//! In text logs the lines are those of the scripts that shardferry replaces, bare and one fact each. In json logs the
//! same facts are fields of an event whose message is that line. Rows count only when they are committed
//! ([`Progress::chunk_committed`]); rows under way are shown, never summed up.

mod bar_line;
mod bars;
mod events;
mod lines;
mod object_bars;
mod objects;
mod output;
mod summary;

pub use objects::ObjectsProgress;
pub use summary::final_summary;

use crate::error::Error;
use crate::model::counts::{Left, Summary, Totals, duration, thousands};
use crate::model::names::TableName;
use crate::model::plan::PlannedTable;
use crate::settings::LogSettings;
use bars::Bars;
use output::{Lines, Weight};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Finished tables between two summaries.
const SUMMARY_EVERY: u64 = 10;
/// Time between two lines about one running table.
const ROWS_EVERY: Duration = Duration::from_secs(10);

/// A handle that every task can hold; clones show the same progress.
#[derive(Clone)]
pub struct Progress(Arc<Mutex<State>>);

struct State {
    lines: Lines,
    bars: Bars,
    started: Instant,
    totals: Totals,
    running: BTreeMap<u32, Running>,
    /// `totals.finished()` at the last summary.
    summarised: u64,
    /// By the limits of `--max-rows-per-second` and its like, and by replicas of the target.
    held_back: [Duration; 2],
    /// Details of the errors that have had their event.
    told: BTreeSet<String>,
    /// Of tables that were stopped by an error: it is told at the end of the process, and not before.
    stopped: BTreeSet<String>,
}

/// A table under way.
struct Running {
    name: String,
    plan_total: u32,
    started: Instant,
    last_line: Instant,
    rows_estimate: u64,
    bytes_estimate: u64,
    /// By this process.
    committed: (u64, u64),
    /// Rows and bytes of each chunk that is being copied.
    under_way: BTreeMap<u32, (u64, u64)>,
}

impl Running {
    /// Rows and bytes, committed or not.
    fn so_far(&self) -> (u64, u64) {
        let add = |sum: (u64, u64), more: &(u64, u64)| (sum.0 + more.0, sum.1 + more.1);
        self.under_way.values().fold(self.committed, add)
    }
}

impl Progress {
    /// Progress in the form of the log: bars and bare lines, or events.
    #[must_use]
    pub fn new(log: &LogSettings) -> Self {
        Self::with(Lines::new(log), Bars::new(log))
    }

    /// Bare lines into a writer, for tests and for commands that collect them.
    #[must_use]
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self::with(Lines::to_writer(writer), Bars::none())
    }

    fn with(lines: Lines, bars: Bars) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            lines,
            bars,
            started: now,
            totals: Totals::default(),
            running: BTreeMap::new(),
            summarised: 0,
            held_back: [Duration::ZERO; 2],
            told: BTreeSet::new(),
            stopped: BTreeSet::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counts stay meaningful after a panic of another task.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much was chosen: `tables` and the sum of their estimated bytes. Starts the clock and the counts anew.
    pub fn begin(&self, tables: u64, bytes_estimate: u64) {
        let mut state = self.state();
        state.totals = Totals { tables, ..Totals::default() };
        state.summarised = 0;
        state.started = Instant::now();
        state.bars.begin(bytes_estimate);
    }

    /// A table was claimed; the plan has `plan_total` of them. A second start of the same table is a retry.
    pub fn table_started(&self, plan_total: u32, table: &PlannedTable) {
        let mut state = self.state();
        let now = Instant::now();
        let (index, rows_estimate, bytes_estimate) = (table.index, table.rows, table.bytes);
        let (name, target) = (table.source.to_string(), table.target.to_string());
        let mut line = format!("[{index}/{plan_total}] Processing: {name}");
        if target != name {
            line.push_str(&format!(" -> {target}"));
        }
        state.bars.table_started(index, &name, bytes_estimate);
        let running = Running {
            plan_total,
            started: now,
            last_line: now,
            rows_estimate,
            bytes_estimate,
            name: name.clone(),
            committed: (0, 0),
            under_way: BTreeMap::new(),
        };
        if state.running.insert(index, running).is_none() {
            state.totals.in_progress += 1;
        }
        state.lines.say(Weight::News, &line, |line| {
            let total = plan_total;
            tracing::info!(table = name, target, index, total, rows_estimate, bytes_estimate, "{line}");
        });
    }

    /// What the current attempt of a chunk has written so far (not since the last call); nothing of it counts as
    /// committed.
    pub fn rows(&self, index: u32, chunk: u32, rows: u64, bytes: u64) {
        let mut state = self.state();
        let Some(table) = state.running.get_mut(&index) else { return };
        table.under_way.insert(chunk, (rows, bytes));
        let (rows, bytes) = table.so_far();
        state.bars.table_at(index, bytes);
        let Some(table) = state.running.get_mut(&index) else { return };
        if table.last_line.elapsed() < ROWS_EVERY {
            return;
        }
        table.last_line = Instant::now();
        let (name, total, estimate) = (table.name.clone(), table.plan_total, table.rows_estimate);
        let seconds = table.started.elapsed().as_secs_f64();
        if state.bars.are_shown() {
            return;
        }
        let line = lines::under_way(index, total, &name, rows, estimate);
        state.lines.say(Weight::News, &line, |line| {
            let rows_estimate = estimate;
            tracing::info!(table = name, index, total, rows, bytes, rows_estimate, seconds, "{line}");
        });
    }

    /// A chunk's attempt is over; what it had under way is committed ([`Self::chunk_committed`]) or gone.
    pub fn chunk_ended(&self, index: u32, chunk: u32) {
        if let Some(table) = self.state().running.get_mut(&index) {
            table.under_way.remove(&chunk);
        }
    }

    /// A chunk of a table is committed.
    pub fn chunk_committed(&self, index: u32, rows: u64, bytes: u64) {
        let mut state = self.state();
        let Some(table) = state.running.get_mut(&index) else { return };
        table.committed = (table.committed.0 + rows, table.committed.1 + bytes);
        let (_, so_far) = table.so_far();
        state.bars.table_at(index, so_far);
        state.totals.rows += rows;
        state.totals.bytes += bytes;
    }

    /// All chunks of a table are committed, by whichever process; the line says what this one committed.
    pub fn table_completed(&self, index: u32) {
        let mut state = self.state();
        let Some(table) = state.end(index) else { return };
        state.totals.completed += 1;
        let (rows, bytes) = table.committed;
        let (name, total, took) = (table.name, table.plan_total, table.started.elapsed());
        let line =
            format!("[{index}/{total}] Completed: {name} ({} rows in {})", thousands(rows), duration(took));
        state.lines.say(Weight::News, &line, |line| {
            tracing::info!(table = name, index, total, rows, bytes, seconds = took.as_secs_f64(), "{line}");
        });
        state.summary_if_due();
    }

    /// A table failed for good in this run, whether or not it had started.
    pub fn table_failed(&self, index: u32, error: &Error) {
        let mut state = self.state();
        state.totals.failed += 1;
        let (code, remedy, detail) = (error.policy().code, error.policy().remedy, error.detail());
        let table = state.end(index).map(|table| (table.name, table.plan_total));
        let line = match &table {
            Some((name, total)) => {
                let told = error.told(&lines::detail_of(name, error));
                format!("[{index}/{total}] Failed: {name}: {told}")
            }
            None => format!("Failed before it started: {error}"),
        };
        let table = table.as_ref().map(|(name, _)| name.as_str());
        state.lines.say(Weight::Trouble, &line, |line| {
            tracing::error!(table, index, code, error = detail, remedy, "{line}");
        });
        state.told.insert(detail);
        state.summary_if_due();
    }

    /// A table was left as it was before its end: a signal, another pod that took it over, or the error that is given.
    pub fn table_stopped(&self, index: u32, why: &str, error: Option<&Error>) {
        let mut state = self.state();
        let Some(table) = state.end(index) else { return };
        state.stopped.extend(error.map(Error::detail));
        let (name, total) = (table.name, table.plan_total);
        let code = error.map(|error| error.policy().code);
        let of_code = code.map(|code| format!(" [{code}]")).unwrap_or_default();
        let line = format!("[{index}/{total}] Stopped: {name} ({why}{of_code})");
        state.lines.say(Weight::Trouble, &line, |line| {
            tracing::warn!(table = name, index, total, why, code, "{line}");
        });
    }

    /// An error that is not one of a table that was begun. One that had its event is not told again.
    pub fn error(&self, error: &Error) {
        let mut state = self.state();
        let (code, remedy, detail) = (error.policy().code, error.policy().remedy, error.detail());
        if state.stopped.contains(&detail) || !state.told.insert(detail.clone()) {
            return;
        }
        let line = format!("Not copied: {error}");
        state.lines.say(Weight::Trouble, &line, |line| {
            tracing::error!(code, error = detail, remedy, "{line}");
        });
    }

    /// Has the error had its event?
    #[must_use]
    pub fn has_told(&self, error: &Error) -> bool {
        self.state().told.contains(&error.detail())
    }

    /// A table was completed before; `why` as in `already completed`.
    pub fn table_skipped(
        &self,
        index: u32,
        plan_total: u32,
        name: &TableName,
        bytes_estimate: u64,
        why: &str,
    ) {
        let mut state = self.state();
        state.totals.skipped += 1;
        state.bars.skipped(bytes_estimate);
        let name = name.to_string();
        let line = format!("Skipping {name} ({why}) [{index}/{plan_total}]");
        state.lines.say(Weight::News, &line, |line| {
            tracing::info!(table = name, index, total = plan_total, why, "{line}");
        });
    }

    /// How long chunks waited for a limit of rows or bytes, and for replicas: in seconds, for the final summary.
    pub fn held_back(&self, seconds: [f64; 2]) {
        self.state().held_back =
            seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
    }

    /// The counts so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.state().totals
    }

    /// The summary that otherwise follows every tenth finished table.
    pub fn summary(&self) {
        self.state().summary();
    }

    /// Ends the bars; what was done, for the final summary.
    #[must_use]
    pub fn end(&self, left: Left) -> Summary {
        let mut state = self.state();
        state.bars.clear();
        Summary {
            copied: Some(state.totals),
            took: state.started.elapsed(),
            held_back: state.held_back,
            finish: None,
            left,
        }
    }
}

impl State {
    fn end(&mut self, index: u32) -> Option<Running> {
        let table = self.running.remove(&index)?;
        self.totals.in_progress -= 1;
        self.bars.table_ended(index, table.bytes_estimate);
        Some(table)
    }

    fn summary_if_due(&mut self) {
        if self.totals.finished() >= self.summarised + SUMMARY_EVERY {
            self.summary();
        }
    }

    fn summary(&mut self) {
        self.summarised = self.totals.finished();
        let totals = self.totals;
        let line = lines::summary(&totals);
        self.lines.say(Weight::News, &line, |line| {
            tracing::info!(
                total = totals.tables,
                completed = totals.completed + totals.skipped,
                failed = totals.failed,
                in_progress = totals.in_progress,
                remaining = totals.remaining(),
                percent = lines::percent(&totals),
                "{line}"
            );
        });
    }
}

#[cfg(test)]
#[path = "progress/tests.rs"]
mod tests;
