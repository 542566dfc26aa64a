//! The progress of the finish step, from the events of building objects: a line for each object, with counts.

use super::object_bars::ObjectBars;
use super::output::{Lines, Weight};
use crate::error::Error;
use crate::model::counts::duration;
use crate::postgres::objects::ObjectEvent;
use crate::settings::LogSettings;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines about objects that are being built, if there are no bars.
const STILL_EVERY: Duration = Duration::from_secs(10);

/// A handle that every task can hold; clones show the same progress.
#[derive(Clone)]
pub struct ObjectsProgress(Arc<Mutex<State>>);

struct State {
    lines: Lines,
    bars: ObjectBars,
    began: Instant,
    objects: usize,
    /// There, or failed.
    done: usize,
    building: Vec<Building>,
}

/// An object, or several at once, that the target has not answered for.
struct Building {
    place: usize,
    object: String,
    began: Instant,
    last_line: Instant,
}

impl ObjectsProgress {
    /// Progress in the form of the log: bars and bare lines, or events.
    #[must_use]
    pub fn new(log: &LogSettings) -> Self {
        Self::with(Lines::new(log), ObjectBars::new(log))
    }

    fn with(lines: Lines, bars: ObjectBars) -> Self {
        let began = Instant::now();
        Self(Arc::new(Mutex::new(State { lines, bars, began, objects: 0, done: 0, building: Vec::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counts stay meaningful after a panic of another task.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows one thing that happened.
    pub fn show(&self, event: &ObjectEvent<'_>) {
        let mut state = self.state();
        match event {
            ObjectEvent::Begun { objects } => {
                (state.objects, state.done) = (*objects, 0);
                state.building.clear();
                state.bars.begin(as_u64(*objects));
            }
            ObjectEvent::WereThere { objects } => state.advance(*objects),
            ObjectEvent::Started { place, object, each } => state.started(*place, object, each),
            ObjectEvent::Ended { place } => {
                state.building.retain(|building| building.place != *place);
                state.bars.ended(*place);
            }
            ObjectEvent::Built { object, took } => state.built(object, *took),
            ObjectEvent::Failed { object, error } => state.failed(object, error),
            ObjectEvent::Waits { wait } => {
                let line = format!("{wait}; end that session, or wait");
                let (object, locked, pid) = (&wait.object, &wait.table, wait.pid);
                let (session, query_age_seconds) = (&wait.session, wait.query_age_seconds);
                state.lines.say(Weight::Trouble, &line, |line| {
                    tracing::warn!(object, locked, pid, session, query_age_seconds, "{line}");
                });
            }
            ObjectEvent::Looked { waits } => {
                state.bars.looked(waits);
                state.say_still();
            }
        }
    }

    /// An object that the target still refuses after all retries.
    pub fn failed(&self, object: &str, error: &Error) {
        self.state().failed(object, error);
    }

    /// A table on which nothing is built.
    pub fn left_out(&self, error: &Error) {
        let policy = error.policy();
        let (code, remedy, detail) = (policy.code, policy.remedy, error.detail());
        let line = format!("Nothing is built: {error}");
        self.state().lines.say(Weight::Trouble, &line, |line| {
            tracing::error!(code, error = detail, remedy, "{line}");
        });
    }

    /// Takes the bars away; how long it took.
    #[must_use]
    pub fn end(&self) -> Duration {
        let mut state = self.state();
        state.bars.clear();
        state.began.elapsed()
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl State {
    fn advance(&mut self, objects: usize) {
        self.done += objects;
        self.bars.at(as_u64(self.done));
    }

    fn started(&mut self, place: usize, object: &str, each: &[&str]) {
        let now = Instant::now();
        self.building.push(Building { place, object: object.to_owned(), began: now, last_line: now });
        self.bars.started(place, object, each);
    }

    fn built(&mut self, object: &str, took: Option<Duration>) {
        self.advance(1);
        let (done, objects, seconds) = (self.done, self.objects, took.map(|took| took.as_secs_f64()));
        let took = took.map(|took| format!(" (in {})", duration(took))).unwrap_or_default();
        let line = format!("[{done}/{objects}] Built: {object}{took}");
        self.lines.say(Weight::News, &line, |line| {
            tracing::info!(object, done, objects, seconds, "{line}");
        });
    }

    fn failed(&mut self, object: &str, error: &Error) {
        self.advance(1);
        let (done, objects, policy, detail) = (self.done, self.objects, error.policy(), error.detail());
        let (code, remedy) = (policy.code, policy.remedy);
        let line = format!("[{done}/{objects}] Failed: {object}: {error}");
        self.lines.say(Weight::Trouble, &line, |line| {
            tracing::error!(object, done, objects, code, error = detail, remedy, "{line}");
        });
    }

    /// Without bars, that something is still being built is said now and then.
    fn say_still(&mut self) {
        if self.bars.are_shown() {
            return;
        }
        let (done, objects) = (self.done, self.objects);
        for building in &mut self.building {
            if building.last_line.elapsed() < STILL_EVERY {
                continue;
            }
            building.last_line = Instant::now();
            let (object, took) = (&building.object, building.began.elapsed());
            let line = format!("[{done}/{objects}] Building: {object} ({} so far)", duration(took));
            self.lines.say(Weight::News, &line, |line| {
                tracing::info!(object, done, objects, seconds = took.as_secs_f64(), "{line}");
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Written;
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::checkpoint::LockWait;

    fn wait() -> LockWait {
        LockWait::example("foreign key FK on dbo.Orders")
    }

    #[test]
    fn the_finish_step_says_object_by_object_what_it_does() {
        let written = Written::default();
        let progress = ObjectsProgress::with(Lines::to_writer(written.clone()), ObjectBars::none());
        progress.show(&ObjectEvent::Begun { objects: 5 });
        progress.show(&ObjectEvent::WereThere { objects: 2 });
        let object = "index IX on dbo.Orders";
        progress.show(&ObjectEvent::Started { place: 7, object, each: &[object] });
        let long_ago = Instant::now().checked_sub(Duration::from_secs(125)).unwrap();
        let building = Building { place: 7, object: object.to_owned(), began: long_ago, last_line: long_ago };
        progress.state().building = vec![building];
        progress.show(&ObjectEvent::Looked { waits: &[wait()] });
        progress.show(&ObjectEvent::Looked { waits: &[] });
        progress.show(&ObjectEvent::Ended { place: 7 });
        progress.show(&ObjectEvent::Built { object, took: Some(Duration::from_millis(65_400)) });
        progress.show(&ObjectEvent::Built { object: "default Id of dbo.T", took: None });
        progress.show(&ObjectEvent::Waits { wait: &wait() });
        let error = Error::new(ErrorKind::TargetData, "rows stand in the way");
        progress.failed("foreign key FK on dbo.Orders", &error);
        progress.left_out(&Error::new(ErrorKind::SourceChanged, "column A is new").table("dbo.B"));
        insta::assert_snapshot!(written.lines().join("\n"), @"
        [2/5] Building: index IX on dbo.Orders (2m 05s so far)
        [3/5] Built: index IX on dbo.Orders (in 1m 05s)
        [4/5] Built: default Id of dbo.T
        foreign key FK on dbo.Orders waits for a lock on sales.orders held by pid 123 (psql, idle in transaction for 5m 03s); end that session, or wait
        [5/5] Failed: foreign key FK on dbo.Orders: rows stand in the way [target_data]; remove the rows or constraints that stand in the way, then rerun
        Nothing is built: table dbo.B: column A is new [source_changed]; restore the table's definition, or let `shardferry replan --table SCHEMA.TABLE` take it up, which copies that table again; then rerun
        ");
    }

    #[test]
    fn who_holds_a_lock_is_said_as_far_as_it_may_be_seen() {
        let hidden = LockWait { session: String::new(), query_age_seconds: None, ..wait() };
        assert_eq!(
            hidden.to_string(),
            "foreign key FK on dbo.Orders waits for a lock on sales.orders held by pid 123"
        );
        let prepared = LockWait { pid: 0, ..hidden };
        assert!(prepared.to_string().ends_with("held by a prepared transaction"), "{prepared}");
    }
}
