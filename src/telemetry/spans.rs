//! Spans: run > table > chunk, and beside the tables the phases plan, schema and finish.
//!
//! They are spans of `tracing` under a target of their own, which only the exporter's layer sees: if nothing is
//! exported they are not even made. A span ends when its last handle is dropped, so a chunk that is given up, a worker
//! that panics or a process that is told to stop leaves no span open.

use super::measures::{self, RunningClock};
use super::names::{self, Outcome, RunPhase};
use crate::error::{Error, ErrorKind};
use crate::model::outcome;
use crate::model::phase::Status as TableStatus;
use crate::model::plan::PlannedTable;
use crate::settings::Settings;
use opentelemetry::trace::Status;
use std::time::Instant;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// By which the layers tell these spans from those of libraries.
pub(super) const TARGET: &str = "shardferry::span";

fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// What an error makes of a span: a pod that is told to stop, or that another one has overtaken, has not failed.
fn outcome(error: Option<&Error>) -> Outcome {
    match error.map(Error::kind) {
        None => Outcome::Completed,
        Some(ErrorKind::Fenced) => Outcome::Fenced,
        Some(ErrorKind::Terminated | ErrorKind::Interrupted) => Outcome::Stopped,
        Some(_) => Outcome::Failed,
    }
}

/// Writes down how it ended.
fn end(span: &Span, outcome: Outcome, error: Option<&Error>) {
    span.set_attribute(names::OUTCOME, outcome.name());
    let Some(error) = error else { return };
    span.set_attribute(names::ERROR, error.policy().code);
    if outcome == Outcome::Failed {
        span.set_status(Status::error(error.detail()));
    }
}

fn copied(span: &Span, rows: u64, bytes: u64) {
    span.set_attribute(names::SPAN_ROWS, number(rows));
    span.set_attribute(names::SPAN_BYTES, number(bytes));
}

/// The root of this process.
pub(super) fn run(settings: &Settings) -> Span {
    let name = format!("shardferry {}", settings.command.name());
    let span = info_span!(target: TARGET, parent: None, "run", otel.name = name);
    span.set_attribute(names::COMMAND, settings.command.name());
    span.set_attribute(names::SHARD, settings.selection.to_string());
    span
}

/// The end of the root.
pub(super) fn ran(span: &Span, outcome: &outcome::Outcome) {
    counted(span, outcome);
    copied(span, outcome.rows, outcome.bytes);
    span.set_attribute(names::EXIT_CODE, i64::from(outcome.exit_code()));
    end(span, self::outcome(outcome.error.as_ref()), outcome.error.as_ref());
}

fn counted(span: &Span, outcome: &outcome::Outcome) {
    span.set_attribute(names::PROCESSED, number(outcome.tables_processed));
    span.set_attribute(names::SKIPPED, number(outcome.tables_skipped));
    span.set_attribute(names::FAILED, number(outcome.tables_failed));
}

/// What a phase gives back beside an error of its own.
pub trait Phased {
    /// Writes it into the span; the error that is in it.
    fn tell(&self, span: &Span) -> Option<&Error>;
}

impl Phased for outcome::Outcome {
    fn tell(&self, span: &Span) -> Option<&Error> {
        counted(span, self);
        self.error.as_ref()
    }
}

/// A plan, and whether it was made now.
impl<T> Phased for (T, bool) {
    fn tell(&self, _: &Span) -> Option<&Error> {
        None
    }
}

/// Does `work` as a phase of the run: timed, and in a span of its own, except for the copying, whose tables are spans
/// of the run itself.
///
/// # Errors
/// The error of `work`, unchanged.
pub fn phase<T: Phased>(
    phase: RunPhase,
    work: impl Future<Output = crate::error::Result<T>>,
) -> impl Future<Output = crate::error::Result<T>> {
    // A phase is a large future, and this would be a second one of its size around it.
    let work = Box::pin(work);
    async move {
        let _timed = RunningClock::start(phase);
        let (span, system) = match phase {
            RunPhase::Plan => (info_span!(target: TARGET, "plan"), "microsoft.sql_server"),
            RunPhase::Schema => (info_span!(target: TARGET, "schema"), "postgresql"),
            RunPhase::Finish => (info_span!(target: TARGET, "finish"), "postgresql"),
            RunPhase::Copy => return work.await,
        };
        span.set_attribute(names::DB_SYSTEM, system);
        let done = work.instrument(span.clone()).await;
        let error = match &done {
            Ok(done) => done.tell(&span),
            Err(error) => Some(error),
        };
        end(&span, outcome(error), error);
        done
    }
}

/// A table under way: from its claim to its end.
#[derive(Debug)]
pub struct TableSpan {
    span: Span,
    began: Instant,
}

impl TableSpan {
    /// A child of the current span.
    #[must_use]
    pub fn begin(table: &PlannedTable, epoch: u64) -> Self {
        let span = info_span!(target: TARGET, "table");
        describe(&span, table, epoch);
        Self { span, began: Instant::now() }
    }

    /// For what is done for the table before and between its chunks.
    #[must_use]
    pub const fn inside(&self) -> &Span {
        &self.span
    }

    /// The table has ended in this process, which committed these rows and bytes of it.
    pub fn end(&self, table: &PlannedTable, status: TableStatus, own: (u64, u64), error: Option<&Error>) {
        let outcome = match (status, error) {
            (TableStatus::Failed, _) => Outcome::Failed,
            (TableStatus::Completed, _) => Outcome::Completed,
            (_, None) => Outcome::Stopped,
            (_, Some(error)) => outcome(Some(error)),
        };
        copied(&self.span, own.0, own.1);
        end(&self.span, outcome, error);
        measures::table_ended(&table.source, outcome, error, self.began.elapsed());
    }

    /// Does `work` as one of the table's chunks, by its rows and bytes.
    ///
    /// # Errors
    /// The error of `work`, unchanged.
    pub async fn chunk<T>(
        &self,
        table: &PlannedTable,
        chunk: u32,
        epoch: u64,
        work: impl Future<Output = crate::error::Result<T>>,
        size: impl FnOnce(&T) -> (u64, u64),
    ) -> crate::error::Result<T> {
        let span = info_span!(target: TARGET, parent: &self.span, "chunk");
        describe(&span, table, epoch);
        span.set_attribute(names::CHUNK, i64::from(chunk));
        span.set_attribute(names::DB_SYSTEM, "postgresql");
        span.set_attribute(names::DB_OPERATION, "COPY");
        span.set_attribute(names::DB_COLLECTION, table.target.to_string());
        let began = Instant::now();
        let done = work.instrument(span.clone()).await;
        let size = done.as_ref().ok().map(size);
        if let Some((rows, bytes)) = size {
            copied(&span, rows, bytes);
        }
        let outcome = outcome(done.as_ref().err());
        end(&span, outcome, done.as_ref().err());
        measures::chunk_ended(&table.source, outcome, size, began.elapsed());
        done
    }
}

fn describe(span: &Span, table: &PlannedTable, epoch: u64) {
    if span.is_disabled() {
        return;
    }
    span.set_attribute(names::TABLE, table.source.to_string());
    span.set_attribute(names::INDEX, i64::from(table.index));
    span.set_attribute(names::EPOCH, number(epoch));
}
