//! The text of `status`: what failed and who is silent stand first, then what runs, and the rest in a line each.

use super::pace::{self, Pace};
use super::screen::{Line, Screen, Section, Tone};
use super::{Doubt, PodView, State, StatusView, state};
use crate::error::ErrorKind;
use crate::model::checkpoint::{FinishUnderWay, TableDocument};
use crate::model::counts::{about, counted, size, thousands, verb};
use crate::model::loss::{Loss, LossRecord};
use crate::model::phase::{Phase, Status};
use crate::model::shown;
use comfy_table::{Cell, CellAlignment, Table, presets};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Longer errors are cut in the list of all tables; the section of the failed ones has them whole.
const ERROR_WIDTH: usize = 80;
/// Tables that are named where all of them are not listed.
const NAMED: usize = 3;
/// Tables whose changed values have a line each; of more, the kinds of changes are summed up.
const CHANGED: usize = 5;

pub(super) fn render(view: &StatusView, all: bool, screen: &Screen) -> String {
    let pods = view.pods();
    let sections = [failed(view), silent(&pods), in_progress(view, &pods)];
    let mut sections: Vec<Section> = sections.into_iter().flatten().collect();
    if all && !view.tables.is_empty() {
        let title = Line(Tone::Title, "All tables".to_owned());
        let mut lines = of_tables(view).into_iter();
        sections.push(Section { title, head: lines.next(), items: lines.collect() });
    }
    let last = rest(view, all);
    screen.show(headline(view, &pods), sections, last)
}

fn headline(view: &StatusView, pods: &[PodView<'_>]) -> Vec<Line> {
    let totals = view.totals();
    let line = format!(
        "Run {}: {}: {} completed, {} failed, {} in progress, {} pending; {}",
        view.run_id,
        counted(totals.tables, "table"),
        totals.completed,
        totals.failed,
        totals.in_progress,
        totals.remaining(),
        counted(totals.rows, "row")
    );
    let tone = match (view.has_failed(), pods.iter().any(|pod| pod.silent), view.is_completed()) {
        (true, ..) => Tone::Bad,
        (_, true, _) => Tone::Warning,
        (_, _, true) => Tone::Good,
        _ => Tone::Title,
    };
    let started =
        format!("Started {}, last update {}", time(view.session_start()), time(view.last_updated()));
    let mut lines = vec![Line(tone, line), Line(Tone::Plain, started)];
    let Pace { done, planned, bytes_per_second, seconds_left } = pace::of_run(view);
    if planned > 0 && totals.completed < totals.tables {
        let mut line = format!("Copied {}% of about {}", pace::percent(done, planned), size(planned));
        if let Some(speed) = bytes_per_second {
            line.push_str(&format!(", {} a second", size(speed)));
        }
        if let Some(seconds) = seconds_left {
            line.push_str(&format!(", about {} left", about(seconds)));
        }
        lines.push(Line(Tone::Plain, line));
    }
    let tone = if view.finish.status() == Status::Failed { Tone::Bad } else { Tone::Plain };
    lines.push(Line(tone, format!("Finish: {}", of_finish(&view.finish))));
    if let Some(under_way) = &view.finish_under_way {
        let tone = if under_way.waits_for.is_some() { Tone::Warning } else { Tone::Plain };
        lines.push(Line(tone, shown::one_line(&of_under_way(under_way)).into_owned()));
    }
    lines
}

/// The failed tables with their whole errors.
fn failed(view: &StatusView) -> Option<Section> {
    let failed = view.tables.iter().filter(|table| view.state(table) == State::Failed);
    let items: Vec<String> = failed.map(|table| failure(view, table)).collect();
    let title = Line(Tone::Bad, format!("Failed: {}", counted(items.len() as u64, "table")));
    (!items.is_empty()).then_some(Section { title, head: None, items })
}

fn failure(view: &StatusView, table: &TableDocument) -> String {
    let error = table.data.error().or(table.schema.error());
    if table.is_damaged() {
        // What to do must not be missed.
        let message = error.map(|error| error.message.as_str()).unwrap_or_default();
        let policy = ErrorKind::TableDamaged.policy();
        return format!("  Damaged: {} [{}]; {}", shown::one_line(message), policy.code, policy.remedy);
    }
    let name = format!("{:>3}  {}", table.index, table.table);
    let text = match (view.doubts.get(&table.index), error) {
        (Some(doubt), _) => format!("  {name}: {}", doubt.text()),
        (None, Some(error)) => {
            let phase = if table.data.error().is_some() { "" } else { " (schema)" };
            format!("  {name}{phase}: [{}] {}", error.code, error.message)
        }
        (None, None) => format!("  {name}"),
    };
    shown::one_line(&text).into_owned()
}

/// Pods that have claims and say nothing.
fn silent(pods: &[PodView<'_>]) -> Option<Section> {
    let silent = pods.iter().filter(|pod| pod.silent);
    let items: Vec<String> = silent
        .map(|pod| {
            let age = pod.age.map_or_else(String::new, |age| about(age.as_secs()));
            let mut has = named(pod.tables.iter().copied());
            if pod.finishes {
                has = if has.is_empty() {
                    "the finish step".to_owned()
                } else {
                    format!("{has}, the finish step")
                };
            }
            shown::one_line(&format!("  {}: last heartbeat {age} ago; it has {has}", pod.pod)).into_owned()
        })
        .collect();
    let pods = counted(items.len() as u64, "pod");
    let title = format!("Silent: {pods}; a pod that runs takes their tables over");
    (!items.is_empty()).then_some(Section { title: Line(Tone::Warning, title), head: None, items })
}

/// What living pods are at.
fn in_progress(view: &StatusView, pods: &[PodView<'_>]) -> Option<Section> {
    let is_running =
        |table: &&TableDocument| view.state(table) == State::InProgress && !view.is_silent(table);
    let running: Vec<&TableDocument> = view.tables.iter().filter(is_running).collect();
    if running.is_empty() {
        return None;
    }
    let mut rows = plain_table();
    rows.set_header(["#", "Table", "Rows", "Bytes", "Done", "Speed", "Left", "Pod"]);
    for table in &running {
        let (pace, under_way) = (pace::of_table(view, table), pace::under_way(table));
        let done = table.data.done();
        rows.add_row([
            right(table.index.to_string()),
            Cell::new(shown::one_line(&table.table.to_string())),
            right(thousands(done.rows.saturating_add(under_way.rows))),
            right(size(done.bytes.saturating_add(under_way.bytes))),
            right(format!("{}%", pace.percent)),
            right(pace.bytes_per_second.map(|speed| format!("{}/s", size(speed))).unwrap_or_default()),
            right(pace.seconds_left.map(about).unwrap_or_default()),
            Cell::new(shown::one_line(table.owner.as_ref().map_or("", |owner| owner.pod.as_str()))),
        ]);
    }
    let title = format!("In progress: {} of {}", counted(running.len() as u64, "table"), living(pods));
    let mut lines = rows.lines().map(|line| line.trim_end().to_owned());
    Some(Section { title: Line(Tone::Title, title), head: lines.next(), items: lines.collect() })
}

/// `2 living pods (heartbeats at most 12 s old)`
fn living(pods: &[PodView<'_>]) -> String {
    let living = pods.iter().filter(|pod| !pod.silent);
    let oldest = living.clone().filter_map(|pod| pod.age).max();
    let count = living.count();
    let pods = counted(count as u64, "living pod");
    match oldest {
        Some(age) if count == 1 => format!("{pods} (heartbeat {} ago)", about(age.as_secs())),
        Some(age) => format!("{pods} (heartbeats at most {} old)", about(age.as_secs())),
        None => pods,
    }
}

/// Everything else, a line each.
fn rest(view: &StatusView, all: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let of = |wanted: State| view.tables.iter().filter(move |table| view.state(table) == wanted);
    let unproven: Vec<_> =
        of(State::Pending).filter(|table| view.doubts.contains_key(&table.index)).collect();
    if !unproven.is_empty() {
        let names = named(unproven.iter().copied());
        let text = format!("Not proven: {names}: {}", Doubt::Unproven.text());
        lines.push(Line(Tone::Warning, text));
    }
    let pending = of(State::Pending).filter(|table| !view.doubts.contains_key(&table.index));
    let names = named(pending);
    if !names.is_empty() {
        lines.push(Line(Tone::Plain, format!("Pending: {names}")));
    }
    lines.extend(missing(view).map(|text| Line(Tone::Warning, text)));
    lines.extend(changed(view, all).into_iter().map(|text| Line(Tone::Plain, text)));
    for line in &mut lines {
        line.1 = shown::one_line(&line.1).into_owned();
    }
    if !all && view.totals().tables > 0 {
        lines.push(Line(Tone::Plain, "`shardferry status --verbose` lists every table.".to_owned()));
    }
    lines
}

/// `Missing in dbo.Orders: 3 rows were rejected (Note 3); see rejects/1.jsonl`
fn missing(view: &StatusView) -> impl Iterator<Item = String> {
    let is_rejected = |record: &&LossRecord| record.loss == Loss::Rejected;
    view.tables.iter().filter_map(move |table| {
        let rejected: Vec<&LossRecord> = table.losses.iter().filter(is_rejected).collect();
        let rows: u64 = rejected.iter().map(|record| record.rows).sum();
        let columns: Vec<String> =
            rejected.iter().map(|record| format!("{} {}", record.column, thousands(record.rows))).collect();
        let mut files: Vec<&String> = rejected.iter().flat_map(|record| &record.files).collect();
        files.sort_unstable();
        files.dedup();
        let see = match files.as_slice() {
            [] => String::new(),
            [file] => format!("; see {file}"),
            [file, others @ ..] => format!("; see {file} and {}", counted(others.len() as u64, "more file")),
        };
        let was = verb(rows, "was", "were");
        (rows > 0).then(|| {
            format!(
                "Missing in {}: {} {was} rejected ({}){see}",
                table.table,
                counted(rows, "row"),
                columns.join(", ")
            )
        })
    })
}

/// `Changed in dbo.Orders: Note nul 3 rows, At offset 12 rows`; of many tables, one line for each kind of change.
fn changed(view: &StatusView, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut kinds: BTreeMap<Loss, (usize, u64)> = BTreeMap::new();
    for table in &view.tables {
        let mut of_table: BTreeMap<Loss, u64> = BTreeMap::new();
        let mut parts = Vec::new();
        for record in table.losses.iter().filter(|record| record.loss != Loss::Rejected) {
            parts.push(format!("{} {} {}", record.column, record.loss, counted(record.rows, "row")));
            *of_table.entry(record.loss).or_default() += record.rows;
        }
        if !parts.is_empty() {
            lines.push(format!("Changed in {}: {}", table.table, parts.join(", ")));
        }
        for (loss, rows) in of_table {
            let sum = kinds.entry(loss).or_default();
            *sum = (sum.0 + 1, sum.1 + rows);
        }
    }
    if all || lines.len() <= CHANGED {
        return lines;
    }
    let line = |(loss, (of, rows)): (Loss, (usize, u64))| {
        format!("Changed in {}: {} {}", counted(of as u64, "table"), counted(rows, "row"), loss.meaning())
    };
    kinds.into_iter().map(line).collect()
}

/// `dbo.A, dbo.B, dbo.C and 66 more`
fn named<'t>(tables: impl Iterator<Item = &'t TableDocument>) -> String {
    let (mut names, mut more) = (Vec::new(), 0);
    for table in tables {
        if names.len() < NAMED {
            names.push(table.table.to_string());
        } else {
            more += 1;
        }
    }
    let more = if more > 0 { format!(" and {} more", thousands(more)) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn of_finish(finish: &Phase) -> String {
    match (finish.error(), finish.status()) {
        (Some(error), Status::Failed) => {
            shown::one_line(&format!("failed: [{}] {}", error.code, error.message)).into_owned()
        }
        (_, status) => word(status).to_owned(),
    }
}

/// `Finishing: 3 of 41 objects; index IX on dbo.Orders since 2026-11-22 20:00:01Z`
fn of_under_way(under_way: &FinishUnderWay) -> String {
    let mut text = format!(
        "Finishing: {} of {}",
        under_way.objects_done,
        counted(under_way.objects_total as u64, "object")
    );
    if let Some(wait) = &under_way.waits_for {
        text.push_str(&format!("; {wait}, since {}", time(wait.since)));
    } else if let Some((object, since)) = under_way.object.as_ref().zip(under_way.since) {
        text.push_str(&format!("; {object} since {}", time(since)));
    }
    text
}

/// One line a table, behind a head.
fn of_tables(status: &StatusView) -> Vec<String> {
    let mut rows = plain_table();
    rows.set_header(["#", "Table", "Schema", "Data", "Chunks", "Rows", "Since", "Pod", "Error"]);
    for table in &status.tables {
        let phase = if table.data.status() == Status::Pending { &table.schema } else { &table.data };
        let since =
            [phase.completed_at(), phase.failed_at(), phase.work().started_at].into_iter().flatten().max();
        let error = table.data.error().or(table.schema.error());
        let error = error.filter(|_| state(table) == State::Failed);
        let doubt = status.doubts.get(&table.index);
        let error = error.map(|error| short(&format!("[{}] {}", error.code, error.message)));
        let data = doubt.map_or_else(|| word(table.data.status()), Doubt::word);
        rows.add_row([
            right(table.index.to_string()),
            Cell::new(shown::one_line(&table.table.to_string())),
            Cell::new(if table.is_damaged() { "" } else { word(table.schema.status()) }),
            Cell::new(if table.is_damaged() { "damaged" } else { data }),
            right(chunks(&table.data)),
            right(thousands(table.data.done().rows)),
            Cell::new(since.map(time).unwrap_or_default()),
            Cell::new(shown::one_line(table.owner.as_ref().map_or("", |owner| owner.pod.as_str()))),
            Cell::new(shown::one_line(&doubt.map(Doubt::text).or(error).unwrap_or_default())),
        ]);
    }
    rows.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Committed of those known so far; nothing if the table was not begun.
fn chunks(data: &Phase) -> String {
    match data.done().of {
        0 => String::new(),
        of => format!("{}/{of}", data.done().chunks),
    }
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::InProgress => "in progress",
        Status::Completed => "completed",
        Status::Failed => "failed",
    }
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn short(text: &str) -> String {
    let text = shown::one_line(text);
    match text.char_indices().nth(ERROR_WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
