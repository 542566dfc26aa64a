//! Progress of one process: lines, summaries, and live bars on a terminal.
//!
//! In text logs the lines are those of the scripts that shardferry replaces, bare and one fact each. In json logs the
//! same facts are fields of an event whose message is that line. Rows count only when they are committed
//! ([`Progress::chunk_committed`]); rows under way are shown, never summed up.

mod bars;
mod events;
mod lines;

use crate::cli::LogFormat;
use crate::error::Error;
use crate::model::counts::{Totals, thousands};
use crate::model::names::TableName;
use crate::model::shown;
use crate::settings::LogSettings;
use crate::telemetry::Console;
use bars::Bars;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Finished tables between two summaries.
const SUMMARY_EVERY: u64 = 10;
/// Time between two lines about one running table.
const ROWS_EVERY: Duration = Duration::from_secs(10);

/// Where the lines go.
enum Output {
    /// Bare lines.
    Lines(Box<dyn Write + Send>),
    /// Events with fields, through the log.
    Events,
}

/// A handle that every task can hold; clones show the same progress.
#[derive(Clone)]
pub struct Progress(Arc<Mutex<State>>);

struct State {
    output: Output,
    bars: Bars,
    started: Instant,
    /// How long the copying took, once it has ended; the summary counts rows a second by it.
    copied: Option<Duration>,
    totals: Totals,
    running: BTreeMap<u32, Running>,
    /// `totals.finished()` at the last summary.
    summarised: u64,
    /// By the limits of `--max-rows-per-second` and its like, and by replicas of the target.
    held_back: [Duration; 2],
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
        let console = Console::of_process();
        match log.format {
            LogFormat::Json => Self::with(Output::Events, Bars::none()),
            LogFormat::Text if log.terminal => {
                Self::with(Output::Lines(Box::new(console.clone())), Bars::on(&console))
            }
            LogFormat::Text => Self::with(Output::Lines(Box::new(console)), Bars::none()),
        }
    }

    /// Bare lines into a writer, for tests and for commands that collect them.
    #[must_use]
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self::with(Output::Lines(Box::new(writer)), Bars::none())
    }

    fn with(output: Output, bars: Bars) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            output,
            bars,
            started: now,
            copied: None,
            totals: Totals::default(),
            running: BTreeMap::new(),
            summarised: 0,
            held_back: [Duration::ZERO; 2],
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

    /// A table was claimed; `index` and `plan_total` are of the plan. A second start of the same index is a retry.
    pub fn table_started(
        &self,
        index: u32,
        plan_total: u32,
        name: &TableName,
        rows_estimate: u64,
        bytes_estimate: u64,
    ) {
        let mut state = self.state();
        let now = Instant::now();
        let name = name.to_string();
        let line = format!("[{index}/{plan_total}] Processing: {name}");
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
        state.say(&line, |line| {
            tracing::info!(table = name, index, total = plan_total, rows_estimate, bytes_estimate, "{line}");
        });
    }

    /// What the current attempt of a chunk has written so far (not since the last call); nothing of it counts as committed.
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
        state.say(&line, |line| {
            tracing::info!(
                table = name,
                index,
                total,
                rows,
                bytes,
                rows_estimate = estimate,
                seconds,
                "{line}"
            );
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
        let line = format!(
            "[{index}/{total}] Completed: {name} ({} rows in {})",
            thousands(rows),
            lines::duration(took)
        );
        state.say(&line, |line| {
            tracing::info!(table = name, index, total, rows, bytes, seconds = took.as_secs_f64(), "{line}");
        });
        state.summary_if_due();
    }

    /// A table failed for good in this run, whether or not it had started.
    pub fn table_failed(&self, index: u32, error: &Error) {
        let mut state = self.state();
        state.totals.failed += 1;
        let (code, detail) = (error.policy().code, error.detail());
        let table = state.end(index).map(|table| (table.name, table.plan_total));
        let line = match &table {
            Some((name, total)) => format!("[{index}/{total}] Failed: {name}: {detail} [{code}]"),
            None => format!("Failed before it started: {detail} [{code}]"),
        };
        let table = table.as_ref().map(|(name, _)| name.as_str());
        state.say(&line, |line| tracing::error!(table, index, code, error = detail, "{line}"));
        state.summary_if_due();
    }

    /// A table was left as it was before its end: a signal, or another pod took it over.
    pub fn table_stopped(&self, index: u32, why: &str) {
        let mut state = self.state();
        let Some(table) = state.end(index) else { return };
        let (name, total) = (table.name, table.plan_total);
        let line = format!("[{index}/{total}] Stopped: {name} ({why})");
        state.say(&line, |line| tracing::warn!(table = name, index, total, why, "{line}"));
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
        state.say(&line, |line| tracing::info!(table = name, index, total = plan_total, why, "{line}"));
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

    /// Ends the bars: nothing more is copied.
    pub fn copied(&self) {
        let mut state = self.state();
        state.bars.clear();
        state.copied = Some(state.started.elapsed());
    }

    /// Says what was done and how to go on; nothing if nothing was begun.
    pub fn final_summary(&self) {
        let mut state = self.state();
        if state.copied.is_none() {
            if state.totals == Totals::default() {
                return;
            }
            state.bars.clear();
        }
        let (totals, held_back) = (state.totals, state.held_back);
        let took = state.copied.unwrap_or_else(|| state.started.elapsed());
        let seconds = took.as_secs_f64();
        match &mut state.output {
            Output::Lines(writer) => {
                let held = lines::held_back(held_back);
                for line in lines::final_summary(&totals, took).into_iter().chain(held) {
                    let _ = writeln!(writer, "{line}");
                }
            }
            Output::Events => {
                let Totals { completed: processed, skipped, failed, rows, bytes, .. } = totals;
                let (rows_per_second, go_on) = (lines::per_second(rows, took), lines::go_on(&totals));
                let line = lines::final_sentence(&totals, took);
                let [throttled_seconds, replica_lag_seconds] = held_back.map(|held| held.as_secs_f64());
                tracing::info!(
                    processed,
                    skipped,
                    failed,
                    rows,
                    bytes,
                    seconds,
                    rows_per_second,
                    throttled_seconds,
                    replica_lag_seconds,
                    go_on,
                    "{line}"
                );
            }
        }
    }
}

impl State {
    fn say(&mut self, line: &str, event: impl FnOnce(&str)) {
        match &mut self.output {
            // Progress that cannot be shown does not stop the work.
            Output::Lines(writer) => drop(writeln!(writer, "{}", shown::one_line(line))),
            Output::Events => event(line),
        }
    }

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
        self.say(&line, |line| {
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
