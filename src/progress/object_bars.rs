//! Live lines of the finish step: a bar for all objects, and a line for each that is being built or waits for a lock.

use super::bar_line::{self, Position};
use super::bars::{remove, style};
use crate::model::checkpoint::LockWait;
use crate::model::counts::{counted, duration};
use crate::model::shown;
use crate::settings::LogSettings;
use crate::telemetry::Console;
use indicatif::{MultiProgress, ProgressBar};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The lines, or nothing if there is no terminal.
pub(super) struct ObjectBars(Option<Shown>);

struct Shown {
    bars: MultiProgress,
    all: Option<ProgressBar>,
    /// By the object's place in the list.
    building: BTreeMap<usize, ObjectBar>,
}

struct ObjectBar {
    /// The names of what is built at once.
    each: Vec<String>,
    bar: ProgressBar,
    /// What the object waits for.
    waits: Arc<Mutex<Option<String>>>,
}

impl ObjectBars {
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// If the log is one that has bars.
    pub(super) fn new(log: &LogSettings) -> Self {
        match log.bars {
            true => Self(Some(Shown {
                bars: Console::of_process().bars().clone(),
                all: None,
                building: BTreeMap::new(),
            })),
            false => Self::none(),
        }
    }

    pub(super) const fn are_shown(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn begin(&mut self, objects: u64) {
        let Some(shown) = &mut self.0 else { return };
        shown.clear();
        let style = style(move |state| {
            let name = format!("finish: {} of {}", state.pos(), counted(objects, "object"));
            let position = Position { at: state.pos(), of: Some(objects), rate: 0.0 };
            bar_line::of_objects(Console::width(), &name, &position)
        });
        shown.all = Some(shown.bars.add(ProgressBar::new(objects).with_style(style)));
    }

    pub(super) fn at(&self, objects: u64) {
        if let Some(all) = self.0.as_ref().and_then(|shown| shown.all.as_ref()) {
            all.set_position(objects);
        }
    }

    pub(super) fn started(&mut self, place: usize, object: &str, each: &[&str]) {
        let Some(shown) = &mut self.0 else { return };
        let waits: Arc<Mutex<Option<String>>> = Arc::default();
        let (name, waiting) = (shown::one_line(object).into_owned(), Arc::clone(&waits));
        let style = style(move |state| {
            let waits = waiting.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let text = waits.unwrap_or_else(|| format!("{name} ({})", duration(state.elapsed())));
            bar_line::of_text(Console::width(), &format!("  {text}"))
        });
        let bar = ProgressBar::no_length().with_style(style);
        let bar = match &shown.all {
            Some(all) => shown.bars.insert_before(all, bar),
            None => shown.bars.add(bar),
        };
        bar.tick();
        let each = each.iter().map(|object| (*object).to_owned()).collect();
        shown.building.insert(place, ObjectBar { each, bar, waits });
    }

    pub(super) fn ended(&mut self, place: usize) {
        let Some(shown) = &mut self.0 else { return };
        if let Some(ended) = shown.building.remove(&place) {
            remove(&shown.bars, &ended.bar);
        }
    }

    /// A second has passed.
    pub(super) fn looked(&self, waits: &[LockWait]) {
        let Some(shown) = &self.0 else { return };
        for building in shown.building.values() {
            let of = |wait: &&LockWait| building.each.contains(&wait.object);
            let text = waits.iter().find(of).map(|wait| shown::one_line(&wait.to_string()).into_owned());
            *building.waits.lock().unwrap_or_else(PoisonError::into_inner) = text;
            building.bar.tick();
        }
    }

    pub(super) fn clear(&mut self) {
        if let Some(shown) = &mut self.0 {
            shown.clear();
        }
    }
}

impl Shown {
    fn clear(&mut self) {
        for building in std::mem::take(&mut self.building).into_values() {
            remove(&self.bars, &building.bar);
        }
        if let Some(all) = self.all.take() {
            remove(&self.bars, &all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::ProgressDrawTarget;

    #[test]
    fn any_object_of_a_batch_that_waits_is_shown_by_its_bar() {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let mut bars = ObjectBars(Some(Shown { bars, all: None, building: BTreeMap::new() }));
        bars.started(4, "index A and 2 others", &["index A", "index AB", "index C"]);
        let waits = |bars: &ObjectBars| {
            let building = &bars.0.as_ref().unwrap().building[&4];
            building.waits.lock().unwrap().clone()
        };
        for object in ["index A", "index AB", "index C"] {
            bars.looked(&[LockWait::example("index B"), LockWait::example(object)]);
            assert!(waits(&bars).unwrap().starts_with(&format!("{object} waits")), "{object}");
        }
        bars.looked(&[LockWait::example("index B")]);
        assert_eq!(waits(&bars), None);
    }
}
