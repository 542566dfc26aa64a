//! The table of `status` for a terminal.

use super::{Doubt, State, StatusView, state};
use crate::error::ErrorKind;
use crate::model::checkpoint::{FinishUnderWay, TableDocument};
use crate::model::counts::thousands;
use crate::model::phase::{Phase, Status};
use crate::model::shown;
use comfy_table::{Cell, CellAlignment, Table, presets};
use jiff::Timestamp;

/// Longer errors are cut; `--format json` has them whole.
const ERROR_WIDTH: usize = 80;

pub(super) fn render(view: &StatusView, all: bool) -> String {
    let totals = view.totals();
    let mut text = format!(
        "Run {}: {} tables: {} completed, {} failed, {} in progress, {} pending; {} rows\n\
         Started {}, last update {}\nFinish: {}\n",
        view.run_id,
        totals.tables,
        totals.completed,
        totals.failed,
        totals.in_progress,
        totals.remaining(),
        thousands(totals.rows),
        time(view.session_start()),
        time(view.last_updated()),
        of_finish(&view.finish)
    );
    if let Some(under_way) = &view.finish_under_way {
        text.push_str(&shown::one_line(&of_under_way(under_way)));
        text.push('\n');
    }
    let shown = |table: &&TableDocument| {
        all || (matches!(view.state(table), State::InProgress | State::Failed)
            || view.doubts.contains_key(&table.index))
    };
    let tables: Vec<_> = view.tables.iter().filter(shown).collect();
    if !tables.is_empty() {
        text.push_str(&of_tables(view, &tables));
        text.push('\n');
    }
    // Whole: which object it is and what to do must not be cut off.
    for table in view.tables.iter().filter(|table| table.is_damaged()) {
        let message = table.data.error().map(|error| error.message.as_str()).unwrap_or_default();
        text.push_str(&format!(
            "Damaged: {} [{}]; {}\n",
            shown::one_line(message),
            ErrorKind::TableDamaged.policy().code,
            ErrorKind::TableDamaged.policy().remedy
        ));
    }
    for table in view.tables.iter().filter(|table| !table.losses.is_empty()) {
        text.push_str(&shown::one_line(&of_losses(table)));
        text.push('\n');
    }
    text
}

/// `Changed in dbo.Orders: Note nul 3 rows, At offset 12 rows`
fn of_losses(table: &TableDocument) -> String {
    let parts: Vec<_> = table
        .losses
        .iter()
        .map(|record| format!("{} {} {} rows", record.column, record.loss, thousands(record.rows)))
        .collect();
    format!("Changed in {}: {}", table.table, parts.join(", "))
}

fn of_finish(finish: &Phase) -> String {
    match (finish.error(), finish.status()) {
        (Some(error), Status::Failed) => short(&format!("failed: [{}] {}", error.code, error.message)),
        (_, status) => word(status).to_owned(),
    }
}

/// `Finishing: 3 of 41 objects; index IX on dbo.Orders since 2026-11-22 20:00:01Z`
fn of_under_way(under_way: &FinishUnderWay) -> String {
    let mut text = format!("Finishing: {} of {} objects", under_way.objects_done, under_way.objects_total);
    if let Some(wait) = &under_way.waits_for {
        text.push_str(&format!("; {wait}, since {}", time(wait.since)));
    } else if let Some((object, since)) = under_way.object.as_ref().zip(under_way.since) {
        text.push_str(&format!("; {object} since {}", time(since)));
    }
    text
}

fn of_tables(status: &StatusView, tables: &[&TableDocument]) -> String {
    let mut view = Table::new();
    view.load_style(presets::NOTHING);
    view.set_header(["#", "Table", "Schema", "Data", "Chunks", "Rows", "Since", "Pod", "Error"]);
    for table in tables {
        let phase = if table.data.status() == Status::Pending { &table.schema } else { &table.data };
        let since =
            [phase.completed_at(), phase.failed_at(), phase.work().started_at].into_iter().flatten().max();
        let error = table.data.error().or(table.schema.error());
        let error = error.filter(|_| state(table) == State::Failed);
        let doubt = status.doubts.get(&table.index);
        let error = error.map(|error| short(&format!("[{}] {}", error.code, error.message)));
        let data = doubt.map_or_else(|| word(table.data.status()), Doubt::word);
        view.add_row([
            Cell::new(table.index).set_alignment(CellAlignment::Right),
            Cell::new(shown::one_line(&table.table.to_string())),
            Cell::new(if table.is_damaged() { "" } else { word(table.schema.status()) }),
            Cell::new(if table.is_damaged() { "damaged" } else { data }),
            Cell::new(chunks(&table.data)).set_alignment(CellAlignment::Right),
            Cell::new(thousands(table.data.done().rows)).set_alignment(CellAlignment::Right),
            Cell::new(since.map(time).unwrap_or_default()),
            Cell::new(shown::one_line(table.owner.as_ref().map_or("", |owner| owner.pod.as_str()))),
            Cell::new(shown::one_line(&doubt.map(Doubt::text).or(error).unwrap_or_default())),
        ]);
    }
    view.trim_fmt()
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
