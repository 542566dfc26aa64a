//! The JSON of `status`, one table a line.

use super::pace::{self, Pace};
use super::{Doubt, StatusView};
use crate::cli::PhaseChoice;
use crate::error::ErrorKind;
use crate::model::checkpoint::{FinishUnderWay, TableDocument};
use crate::model::counts::Totals;
use crate::model::loss::{Loss, LossRecord, Sample};
use crate::model::phase::{Phase, Status};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::borrow::Cow;
use std::io::{self, Write};

/// One phase of one table. Names are those of the scripts; fields are added, never renamed.
#[derive(Serialize)]
struct PhaseLine<'a> {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    rows_synced: u64,
    bytes: u64,
    chunks_done: u32,
    chunks_total: u32,
    error: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    attempts: u32,
}

#[derive(Serialize)]
struct TableLine<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<Cow<'a, str>>,
    /// How old the owner's heartbeat is.
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_is_silent: Option<bool>,
    rows_planned: u64,
    bytes_planned: u64,
    /// Written, and not committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_under_way: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_under_way: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<PhaseLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PhaseLine<'a>>,
    /// By what the rows in the target were replaced since.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    losses: Vec<LossLine<'a>>,
}

/// What was changed in a column.
#[derive(Serialize)]
struct LossLine<'a> {
    column: Cow<'a, str>,
    loss: Loss,
    rows: u64,
    samples: &'a [Sample],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    files: &'a [String],
}

/// By bytes of the plan.
#[derive(Serialize)]
struct ProgressLine {
    percent: u64,
    bytes_done: u64,
    bytes_planned: u64,
    bytes_per_second: Option<u64>,
    seconds_left: Option<u64>,
}

/// A pod that has claims.
#[derive(Serialize)]
struct PodLine<'a> {
    pod: Cow<'a, str>,
    heartbeat_age_seconds: Option<u64>,
    silent: bool,
    tables: usize,
    finishes: bool,
}

/// Its names keep the word `completed` from standing alone in quotes.
#[derive(Serialize)]
struct TotalsLine {
    tables: u64,
    tables_completed: u64,
    tables_failed: u64,
    tables_in_progress: u64,
    tables_pending: u64,
    rows_synced: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct FinishLine<'a> {
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    under_way: Option<FinishUnderWay>,
}

pub(super) fn render(view: &StatusView, phases: Option<PhaseChoice>) -> String {
    let Totals { tables, completed, failed, in_progress, rows, bytes, .. } = view.totals();
    let totals = TotalsLine {
        tables,
        tables_completed: completed,
        tables_failed: failed,
        tables_in_progress: in_progress,
        tables_pending: view.totals().remaining(),
        rows_synced: rows,
        bytes,
    };
    let finish = FinishLine {
        done: view.finish.is_completed() && view.doubts.is_empty(),
        started_at: view.finish.work().started_at,
        completed_at: view.finish.completed_at(),
        failed_at: view.finish.failed_at(),
        error: view.finish.error().map(|error| error.message.as_str()),
        under_way: view.finish_under_way.clone().map(|mut under_way| {
            if let Some(wait) = &mut under_way.waits_for {
                wait.session = bare(&wait.session).into_owned();
            }
            under_way
        }),
    };
    let Pace { done, planned, bytes_per_second, seconds_left } = pace::of_run(view);
    let percent = pace::percent(done, planned);
    let progress =
        ProgressLine { percent, bytes_done: done, bytes_planned: planned, bytes_per_second, seconds_left };
    let pods: Vec<PodLine<'_>> = view
        .pods()
        .iter()
        .map(|pod| PodLine {
            pod: bare(pod.pod),
            heartbeat_age_seconds: pod.age.map(|age| age.as_secs()),
            silent: pod.silent,
            tables: pod.tables.len(),
            finishes: pod.finishes,
        })
        .collect();
    let lines: Vec<String> = view
        .tables
        .iter()
        .map(|table| {
            format!("    {}: {}", line(&table.table.to_string()), line(&of_table(view, table, phases)))
        })
        .collect();
    let tables = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) };
    format!(
        "{{\n  \"session_start\": {},\n  \"last_updated\": {},\n  \"totals\": {},\n  \
         \"progress\": {},\n  \"pods\": {},\n  \"finish\": {},\n  \"tables\": {tables}\n}}\n",
        line(&view.session_start()),
        line(&view.last_updated()),
        line(&totals),
        line(&progress),
        line(&pods),
        line(&finish)
    )
}

fn of_table<'a>(
    view: &'a StatusView,
    table: &'a TableDocument,
    phases: Option<PhaseChoice>,
) -> TableLine<'a> {
    let doubt = view.doubts.get(&table.index);
    let is_completed = table.data.is_completed() && doubt.is_none();
    let (schema, data) = match phases {
        Some(PhaseChoice::Schema) => (true, false),
        Some(PhaseChoice::Data) => (false, true),
        Some(PhaseChoice::All) => (true, true),
        None => (table.schema.status() != Status::Completed || is_completed, true),
    };
    let (rows_planned, bytes_planned) = view.planned.get(&table.index).copied().unwrap_or_default();
    let age = view.heartbeats.tables.get(&table.index).filter(|_| table.owner.is_some());
    let under_way = Some(pace::under_way(table)).filter(|of| of.rows > 0);
    TableLine {
        index: table.index,
        pod: table.owner.as_ref().map(|owner| bare(&owner.pod)),
        heartbeat_age_seconds: age.map(|age| age.as_secs()),
        pod_is_silent: age.map(|_| view.is_silent(table)),
        rows_planned,
        bytes_planned,
        rows_under_way: under_way.map(|of| of.rows),
        bytes_under_way: under_way.map(|of| of.bytes),
        schema: schema.then(|| of_phase(&table.schema)),
        data: data.then(|| match doubt {
            // Not completed, whatever the document says.
            Some(doubt) => PhaseLine {
                status: if let Doubt::Replaced(_) = doubt { Status::Failed } else { Status::Pending },
                completed_at: None,
                error: Some(Cow::Owned(doubt.text())),
                error_code: Some(if let Doubt::Replaced(_) = doubt {
                    ErrorKind::Replaced.policy().code
                } else {
                    ErrorKind::Unfinished.policy().code
                }),
                ..of_phase(&table.data)
            },
            None => of_phase(&table.data),
        }),
        replaced_by: match doubt {
            Some(Doubt::Replaced(by)) => Some(by),
            _ => None,
        },
        losses: if data { table.losses.iter().map(of_loss).collect() } else { Vec::new() },
    }
}

/// `grep -c '"completed"'` counts tables, whatever their columns and pods are called.
fn bare(name: &str) -> Cow<'_, str> {
    match name {
        "completed" => Cow::Owned(format!("[{name}]")),
        _ => Cow::Borrowed(name),
    }
}

fn of_loss(record: &LossRecord) -> LossLine<'_> {
    LossLine {
        column: bare(&record.column),
        loss: record.loss,
        rows: record.rows,
        samples: &record.samples,
        files: &record.files,
    }
}

fn of_phase(phase: &Phase) -> PhaseLine<'_> {
    let work = phase.work();
    PhaseLine {
        status: phase.status(),
        started_at: work.started_at,
        completed_at: phase.completed_at(),
        failed_at: phase.failed_at(),
        rows_synced: work.done.rows,
        bytes: work.done.bytes,
        chunks_done: work.done.chunks,
        chunks_total: work.done.of,
        error: phase.error().map(|error| Cow::Borrowed(error.message.as_str())),
        error_code: phase.error().map(|error| error.code.as_str()),
        attempts: work.attempts,
    }
}

/// One line, with a space after each colon and comma, as the scripts' JSON had it.
fn line(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Spaced));
    match written {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => "null".to_owned(), // numbers, texts and times cannot fail
    }
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
