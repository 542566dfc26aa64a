//! Live bars by bytes: one for all chosen tables, with the time left, and one for each running table.
//!
//! Bytes are estimates of the plan against bytes written; a bar that reaches its estimate early waits there.

use super::bar_line::{self, Position};
use crate::model::shown;
use crate::settings::LogSettings;
use crate::telemetry::Console;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The bars, or nothing if there is no terminal.
pub(super) struct Bars(Option<Shown>);

struct Shown {
    bars: MultiProgress,
    all: Option<ProgressBar>,
    tables: BTreeMap<u32, ProgressBar>,
    /// Estimated bytes of the tables that have ended.
    ended: u64,
}

/// A style whose line is made by `line` at every drawing.
pub(super) fn style(
    line: impl Fn(&ProgressState) -> String + Clone + Send + Sync + 'static,
) -> ProgressStyle {
    let plain = ProgressStyle::with_template("{line}").unwrap_or_else(|_| ProgressStyle::default_bar());
    plain.with_key("line", move |state: &ProgressState, out: &mut dyn Write| {
        let _ = out.write_str(&line(state));
    })
}

/// A bar of so many bytes, which may be unknown.
fn bar(name: &str, bytes: u64) -> ProgressBar {
    let name = shown::one_line(name).into_owned();
    let style = style(move |state| {
        let position =
            Position { at: state.pos(), of: Some(bytes).filter(|bytes| *bytes > 0), rate: state.per_sec() };
        bar_line::of_bytes(Console::width(), &name, &position)
    });
    ProgressBar::new(bytes.max(1)).with_style(style)
}

impl Bars {
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// If the log is one that has bars.
    pub(super) fn new(log: &LogSettings) -> Self {
        match log.bars {
            true => Self::on(Console::of_process().bars().clone()),
            false => Self::none(),
        }
    }

    const fn on(bars: MultiProgress) -> Self {
        Self(Some(Shown { bars, all: None, tables: BTreeMap::new(), ended: 0 }))
    }

    pub(super) const fn are_shown(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn begin(&mut self, bytes: u64) {
        let Some(shown) = &mut self.0 else { return };
        let bar = shown.bars.add(bar("all tables", bytes));
        shown.ended = 0;
        if let Some(earlier) = shown.all.replace(bar) {
            remove(&shown.bars, &earlier);
        }
        shown.refresh();
    }

    pub(super) fn table_started(&mut self, index: u32, name: &str, bytes: u64) {
        let Some(shown) = &mut self.0 else { return };
        let bar = bar(name, bytes);
        let bar = match &shown.all {
            Some(all) => shown.bars.insert_before(all, bar),
            None => shown.bars.add(bar),
        };
        bar.tick();
        if let Some(earlier) = shown.tables.insert(index, bar) {
            remove(&shown.bars, &earlier);
        }
        shown.refresh();
    }

    pub(super) fn table_at(&self, index: u32, bytes: u64) {
        let Some(shown) = &self.0 else { return };
        if let Some(bar) = shown.tables.get(&index) {
            bar.set_position(bytes.min(bar.length().unwrap_or(bytes)));
            shown.refresh();
        }
    }

    pub(super) fn table_ended(&mut self, index: u32, bytes: u64) {
        let Some(shown) = &mut self.0 else { return };
        if let Some(bar) = shown.tables.remove(&index) {
            remove(&shown.bars, &bar);
        }
        shown.ended += bytes;
        shown.refresh();
    }

    pub(super) fn skipped(&mut self, bytes: u64) {
        let Some(shown) = &mut self.0 else { return };
        shown.ended += bytes;
        if let Some(all) = &shown.all {
            // Not work of this process: it must not make the rest look faster.
            all.set_position(shown.ended);
            all.reset_eta();
        }
    }

    pub(super) fn clear(&mut self) {
        let Some(shown) = &mut self.0 else { return };
        for bar in std::mem::take(&mut shown.tables).into_values().chain(shown.all.take()) {
            remove(&shown.bars, &bar);
        }
    }
}

/// Takes the line of a bar away. One that only ends stays among the others as an empty place.
pub(super) fn remove(bars: &MultiProgress, bar: &ProgressBar) {
    bar.finish_and_clear();
    bars.remove(bar);
}

impl Shown {
    fn refresh(&self) {
        if let Some(all) = &self.all {
            let running: u64 = self.tables.values().map(ProgressBar::position).sum();
            all.set_position(self.ended + running);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::ProgressDrawTarget;

    #[test]
    fn bars_show_every_running_table_and_the_whole() {
        let mut bars = Bars::on(MultiProgress::with_draw_target(ProgressDrawTarget::hidden()));
        let at = |bars: &Bars| {
            let shown = bars.0.as_ref().unwrap();
            let tables: Vec<_> = shown.tables.iter().map(|(index, bar)| (*index, bar.position())).collect();
            (shown.all.as_ref().map(ProgressBar::position), tables)
        };
        bars.begin(1000);
        bars.skipped(500);
        bars.table_started(7, "dbo.Orders", 400);
        bars.table_started(8, "dbo.Lines", 100);
        bars.table_at(7, 200);
        bars.table_at(8, 1000);
        assert_eq!(at(&bars), (Some(800), vec![(7, 200), (8, 100)]));
        bars.table_ended(8, 100);
        bars.table_started(7, "dbo.Orders", 400);
        assert_eq!(at(&bars), (Some(600), vec![(7, 0)]), "a retry starts its bar anew");
        bars.clear();
        assert_eq!(at(&bars), (None, Vec::new()));
    }
}
