//! Live bars by bytes: one for all chosen tables, with the time left, and one for each running table.
//!
//! Bytes are estimates of the plan against bytes written; a bar that reaches its estimate early waits there.

use crate::model::shown;
use crate::telemetry::Console;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;

const ALL: &str = "{msg:30!} [{bar:30}] {percent:>3}% {binary_bytes_per_sec:>12}  {eta} left";
const TABLE: &str = "{msg:30!} [{bar:30}] {percent:>3}% {binary_bytes_per_sec:>12}  {eta} left";

/// The bars, or nothing if there is no terminal.
pub(super) struct Bars(Option<Shown>);

struct Shown {
    bars: MultiProgress,
    all: Option<ProgressBar>,
    tables: BTreeMap<u32, ProgressBar>,
    /// Estimated bytes of the tables that have ended.
    ended: u64,
}

impl Bars {
    pub(super) const fn none() -> Self {
        Self(None)
    }

    pub(super) fn on(console: &Console) -> Self {
        Self(Some(Shown { bars: console.bars().clone(), all: None, tables: BTreeMap::new(), ended: 0 }))
    }

    pub(super) const fn are_shown(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn begin(&mut self, bytes: u64) {
        let Some(shown) = &mut self.0 else { return };
        let bar =
            shown.bars.add(ProgressBar::new(bytes.max(1)).with_style(style(ALL)).with_message("all tables"));
        shown.ended = 0;
        if let Some(earlier) = shown.all.replace(bar) {
            earlier.finish_and_clear();
        }
    }

    pub(super) fn table_started(&mut self, index: u32, name: &str, bytes: u64) {
        let Some(shown) = &mut self.0 else { return };
        let bar = ProgressBar::new(bytes.max(1))
            .with_style(style(TABLE))
            .with_message(shown::one_line(name).into_owned());
        let bar = match &shown.all {
            Some(all) => shown.bars.insert_before(all, bar),
            None => shown.bars.add(bar),
        };
        if let Some(earlier) = shown.tables.insert(index, bar) {
            earlier.finish_and_clear();
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
            bar.finish_and_clear();
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
            bar.finish_and_clear();
        }
    }
}

impl Shown {
    fn refresh(&self) {
        if let Some(all) = &self.all {
            let running: u64 = self.tables.values().map(ProgressBar::position).sum();
            all.set_position(self.ended + running);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::ProgressDrawTarget;

    #[test]
    fn bars_show_every_running_table_and_the_whole() {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let mut bars = Bars(Some(Shown { bars, all: None, tables: BTreeMap::new(), ended: 0 }));
        let at = |bars: &Bars| {
            let shown = bars.0.as_ref().unwrap();
            let tables: Vec<_> = shown.tables.values().map(|bar| (bar.message(), bar.position())).collect();
            (shown.all.as_ref().map(ProgressBar::position), tables)
        };
        bars.begin(1000);
        bars.skipped(500);
        bars.table_started(7, "dbo.Orders", 400);
        bars.table_started(8, "dbo.Lines", 100);
        bars.table_at(7, 200);
        bars.table_at(8, 1000);
        assert_eq!(
            at(&bars),
            (Some(800), vec![("dbo.Orders".to_owned(), 200), ("dbo.Lines".to_owned(), 100)])
        );
        bars.table_ended(8, 100);
        bars.table_started(7, "dbo.Orders", 400);
        assert_eq!(at(&bars), (Some(600), vec![("dbo.Orders".to_owned(), 0)]), "a retry starts its bar anew");
        bars.clear();
        assert_eq!(at(&bars), (None, Vec::new()));
    }

    #[test]
    fn the_templates_are_understood() {
        assert!(ProgressStyle::with_template(ALL).is_ok() && ProgressStyle::with_template(TABLE).is_ok());
    }
}
