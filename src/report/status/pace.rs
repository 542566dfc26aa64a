//! How far the copying has come, how fast it is, and how long the rest takes: by bytes of the plan. Pure.
//!
//! Rows that are committed or under way stand for the bytes that the plan expects of them, since bytes of the source
//! and of the target differ. The speed is that of the last minutes before the last word of any pod, by the pods' own
//! clocks: a run that stood still over night is not slow.

use super::{State, StatusView};
use crate::model::checkpoint::{TableDocument, UnderWay};
use crate::model::phase::{Phase, Status};
use jiff::{SignedDuration, Timestamp};

/// What counts for the speed.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// All tables together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Of the plan's bytes.
    pub(super) done: u64,
    pub(super) planned: u64,
    /// None if nothing moved, or nobody who lives works.
    pub(super) bytes_per_second: Option<u64>,
    pub(super) seconds_left: Option<u64>,
}

/// One table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TablePace {
    pub(super) percent: u64,
    pub(super) bytes_per_second: Option<u64>,
    pub(super) seconds_left: Option<u64>,
}

pub(super) fn of_run(view: &StatusView) -> Pace {
    let (mut done, mut planned, mut left) = (0_u64, 0_u64, 0_u64);
    for table in &view.tables {
        let (so_far, all) = (done_bytes(view, table), planned_bytes(view, table));
        done = done.saturating_add(so_far);
        planned = planned.saturating_add(all);
        if view.state(table) != State::Failed {
            left = left.saturating_add(all.saturating_sub(so_far));
        }
    }
    let is_alive = view.pods().iter().any(|pod| !pod.silent);
    let speed = speed(view).filter(|_| is_alive);
    Pace { done, planned, bytes_per_second: speed, seconds_left: time(left, speed).filter(|_| left > 0) }
}

pub(super) fn of_table(view: &StatusView, table: &TableDocument) -> TablePace {
    let (done, planned) = (done_bytes(view, table), planned_bytes(view, table));
    let copied = copied_bytes(view, table).filter(|_| !view.is_silent(table));
    let speed = copied
        .zip(period(table))
        .and_then(|(copied, (from, to))| per_second(copied, to.duration_since(from)));
    TablePace {
        percent: percent(done, planned),
        bytes_per_second: speed,
        seconds_left: time(planned.saturating_sub(done), speed),
    }
}

/// Rounded down: 100 is all.
pub(super) fn percent(done: u64, all: u64) -> u64 {
    let percent = u128::from(done) * 100 / u128::from(all.max(1));
    u64::try_from(percent).unwrap_or(100).min(100)
}

fn planned_bytes(view: &StatusView, table: &TableDocument) -> u64 {
    view.planned.get(&table.index).map_or(0, |(_, bytes)| *bytes)
}

/// Of the bytes that the plan expects.
fn done_bytes(view: &StatusView, table: &TableDocument) -> u64 {
    let (rows, bytes) = view.planned.get(&table.index).copied().unwrap_or_default();
    let (done, under_way) = (table.data.done(), under_way(table));
    if view.state(table) == State::Completed {
        return bytes;
    }
    if view.doubts.contains_key(&table.index) {
        return 0;
    }
    match rows {
        0 => done.bytes.saturating_add(under_way.bytes).min(bytes),
        _ => part(bytes, done.rows.saturating_add(under_way.rows).min(rows), rows),
    }
}

/// Of these, what the last attempt has copied; None if it is unknown how much earlier ones had committed.
fn copied_bytes(view: &StatusView, table: &TableDocument) -> Option<u64> {
    let (rows, bytes) = view.planned.get(&table.index).copied().unwrap_or_default();
    let work = table.data.work();
    let before = match work.rows_before {
        None if work.attempts <= 1 => 0,
        None => return None,
        Some(0) => 0,
        Some(_) if rows == 0 => return None,
        Some(before) => part(bytes, before.min(rows), rows),
    };
    Some(done_bytes(view, table).saturating_sub(before))
}

/// What the owner had written and not committed at its last heartbeat.
pub(super) fn under_way(table: &TableDocument) -> UnderWay {
    let is_running = table.data.status() == Status::InProgress;
    table.under_way.filter(|_| is_running).unwrap_or_default()
}

/// `whole * part / of`
fn part(whole: u64, part: u64, of: u64) -> u64 {
    u64::try_from(u128::from(whole) * u128::from(part) / u128::from(of.max(1))).unwrap_or(whole)
}

/// From when to when the rows were copied that a document tells of, as far as is known.
fn period(table: &TableDocument) -> Option<(Timestamp, Timestamp)> {
    let begun = table.data.work().started_at;
    match &table.data {
        Phase::Completed { completed_at, .. } => Some((begun.unwrap_or(*completed_at), *completed_at)),
        Phase::InProgress { .. } => Some((begun?, table.owner.as_ref()?.heartbeat)),
        Phase::Pending { .. } | Phase::Failed { .. } => None,
    }
}

/// What moved in the last minutes.
fn speed(view: &StatusView) -> Option<u64> {
    let end = view.last_updated();
    let begin = view.session_start().max(end - WINDOW);
    let mut moved = 0_u64;
    for table in &view.tables {
        let Some((from, to)) = period(table).filter(|(_, to)| *to >= begin) else { continue };
        let Some(copied) = copied_bytes(view, table) else { continue };
        let all = millis(to.duration_since(from)).max(1);
        let inside = millis(to.duration_since(from.max(begin))).max(1);
        moved = moved.saturating_add(part(copied, inside, all));
    }
    per_second(moved, end.duration_since(begin))
}

fn millis(time: SignedDuration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or_default()
}

/// None if nothing moved, or in less than a second: that is no measurement.
fn per_second(bytes: u64, time: SignedDuration) -> Option<u64> {
    let millis = millis(time);
    if millis < 1000 {
        return None;
    }
    Some(part(bytes, 1000, millis)).filter(|speed| *speed > 0)
}

/// Whole seconds, at least one.
fn time(bytes: u64, speed: Option<u64>) -> Option<u64> {
    Some(bytes.div_ceil(speed?).max(1))
}
