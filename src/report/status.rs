//! The progress of all pods, from the documents of the run.
//!
//! As JSON it has the shape of the scripts that shardferry replaces, one table a line, so that `grep` counts tables:
//! `grep -c '"completed"'` gives the number of tables whose data is completed. For that to hold, a completed schema
//! is left out until the table's data is completed too (then both stand on one line), and no other line may contain
//! the word in quotes. `--phase schema|data|all` shows the phases asked for, without that rule.

mod json;
mod pace;
mod screen;
mod text;

use crate::cli::PhaseChoice;
use crate::model::checkpoint::{FinishDocument, FinishUnderWay, Owner, TableDocument};
use crate::model::counts::{Totals, counted, verb};
use crate::model::phase::{Phase, Status};
use crate::model::plan::Plan;
use jiff::Timestamp;
pub use screen::Screen;
use std::collections::BTreeMap;
use std::time::Duration;

/// A run as its documents show it.
#[derive(Debug, Clone)]
pub struct StatusView {
    run_id: String,
    planned_at: Timestamp,
    finish: Phase,
    finish_owner: Option<Owner>,
    /// As its owner told it last.
    finish_under_way: Option<FinishUnderWay>,
    /// In plan order.
    tables: Vec<TableDocument>,
    /// Rows and bytes that the plan expects, by the table's index.
    planned: BTreeMap<u32, (u64, u64)>,
    heartbeats: Heartbeats,
    /// Why a table is not completed whatever its document says, by the table's index.
    doubts: BTreeMap<u32, Doubt>,
}

/// How long ago owners said that they live, by the store's clock.
#[derive(Debug, Clone, Default)]
pub struct Heartbeats {
    /// By the table's index.
    pub tables: BTreeMap<u32, Duration>,
    pub finish: Option<Duration>,
    /// An owner whose heartbeat is older than this is silent.
    pub silent_after: Duration,
}

/// A pod that has claims.
#[derive(Debug, Clone)]
struct PodView<'v> {
    pod: &'v str,
    /// Of its youngest heartbeat; None if the store did not tell.
    age: Option<Duration>,
    silent: bool,
    /// That are in progress.
    tables: Vec<&'v TableDocument>,
    /// It does the finish step.
    finishes: bool,
}

/// What the target's ledger says against a document that calls its table completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// By whom its rows were replaced since: `run night2`.
    Replaced(String),
    /// The ledger does not know all of its chunks: the next run copies what is missing.
    Unproven,
}

impl Doubt {
    /// What is said.
    fn text(&self) -> String {
        match self {
            Self::Replaced(by) => format!("replaced by {by}"),
            Self::Unproven => {
                "the target's ledger does not know all of it; `shardferry run` copies what is missing"
                    .to_owned()
            }
        }
    }

    /// In a table of states.
    const fn word(&self) -> &'static str {
        match self {
            Self::Replaced(_) => "replaced",
            Self::Unproven => "not proven",
        }
    }
}

/// How far a table has come, both phases taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    InProgress,
    Completed,
    Failed,
}

impl StatusView {
    /// `tables` are those of the plan, one each, in any order; no finish document means that nobody has begun it.
    #[must_use]
    pub fn new(
        run_id: &str,
        plan: &Plan,
        mut tables: Vec<TableDocument>,
        finish: Option<FinishDocument>,
    ) -> Self {
        tables.sort_by_key(|table| table.index);
        let finish_owner = finish.as_ref().and_then(|document| document.owner.clone());
        let (finish, finish_under_way) =
            finish.map(|document| (document.status, document.under_way)).unwrap_or_default();
        // Left behind by a pod that gave the step back.
        let finish_under_way = finish_under_way.filter(|_| finish.status() == Status::InProgress);
        let planned = plan.tables.iter().map(|table| (table.index, (table.rows, table.bytes))).collect();
        Self {
            run_id: run_id.to_owned(),
            planned_at: plan.created_at,
            finish,
            finish_owner,
            finish_under_way,
            tables,
            planned,
            heartbeats: Heartbeats::default(),
            doubts: BTreeMap::new(),
        }
    }

    /// With what the ledger tells, by the index of the table.
    #[must_use]
    pub fn with_doubts(self, doubts: BTreeMap<u32, Doubt>) -> Self {
        Self { doubts, ..self }
    }

    /// With how old the heartbeats are.
    #[must_use]
    pub fn with_heartbeats(self, heartbeats: Heartbeats) -> Self {
        // What a killed pod waited for is over: its pid may be somebody else's by now.
        let silent = heartbeats.finish.is_some_and(|age| age >= heartbeats.silent_after);
        let finish_under_way = self.finish_under_way.filter(|_| !silent);
        Self { heartbeats, finish_under_way, ..self }
    }

    /// The pods that work on something, the silent ones first.
    fn pods(&self) -> Vec<PodView<'_>> {
        let silent_after = self.heartbeats.silent_after;
        let in_progress = self.tables.iter().filter(|table| self.state(table) == State::InProgress);
        let of_tables = in_progress.filter_map(|table| {
            let age = self.heartbeats.tables.get(&table.index).copied();
            Some((table.owner.as_ref()?, age, Some(table)))
        });
        let finishes = self.finish.status() == Status::InProgress;
        let of_finish = self.finish_owner.iter().filter(|_| finishes);
        let of_finish = of_finish.map(|owner| (owner, self.heartbeats.finish, None));
        let mut pods: BTreeMap<&str, PodView<'_>> = BTreeMap::new();
        for (owner, age, table) in of_tables.chain(of_finish) {
            let pod = owner.pod.as_str();
            let new = PodView { pod, age: None, silent: false, tables: Vec::new(), finishes: false };
            let view = pods.entry(pod).or_insert(new);
            view.age = match (view.age, age) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            view.silent = view.age.is_some_and(|age| age >= silent_after);
            view.finishes |= table.is_none();
            view.tables.extend(table);
        }
        let mut pods: Vec<_> = pods.into_values().collect();
        pods.sort_by_key(|pod| !pod.silent);
        pods
    }

    /// Does nobody who lives work on the table?
    fn is_silent(&self, table: &TableDocument) -> bool {
        let age = self.heartbeats.tables.get(&table.index);
        table.owner.is_some() && age.is_some_and(|age| *age >= self.heartbeats.silent_after)
    }

    /// Tables by state, and the rows of those completed.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals =
            Totals { tables: u64::try_from(self.tables.len()).unwrap_or(u64::MAX), ..Totals::default() };
        for table in &self.tables {
            match self.state(table) {
                State::Pending => {}
                State::InProgress => totals.in_progress += 1,
                State::Completed => totals.completed += 1,
                State::Failed => totals.failed += 1,
            }
            if !self.doubts.contains_key(&table.index) {
                totals.rows += table.data.done().rows;
                totals.bytes += table.data.done().bytes;
            }
        }
        totals
    }

    /// Nothing is left that a pod could be working on: every table is completed or failed, and if all are
    /// completed, the finish step has ended too or nobody has begun it.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let totals = self.totals();
        totals.completed + totals.failed == totals.tables && self.finish.status() != Status::InProgress
    }

    /// Every table is completed, and so is the finish step.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        let totals = self.totals();
        totals.completed == totals.tables && self.finish.is_completed() && self.doubts.is_empty()
    }

    /// A table or the finish step failed, or another run has replaced the rows of a table.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.totals().failed > 0 || self.finish.status() == Status::Failed
    }

    /// What there is and what not, in one sentence.
    #[must_use]
    pub fn missing(&self) -> String {
        let Totals { tables, completed, failed, .. } = self.totals();
        let finish = if self.finish.is_completed() { "completed" } else { "not completed" };
        let (of, are) = (counted(tables, "table"), verb(completed, "is", "are"));
        format!("{completed} of {of} {are} completed, {failed} failed; the finish step is {finish}")
    }

    /// A table that the ledger knows otherwise is not completed, whatever its document says.
    fn state(&self, table: &TableDocument) -> State {
        match self.doubts.get(&table.index) {
            Some(Doubt::Replaced(_)) => State::Failed,
            Some(Doubt::Unproven) => State::Pending,
            None => state(table),
        }
    }

    /// The first start of any table; before that, the time of the plan.
    fn session_start(&self) -> Timestamp {
        let starts = self.phases().filter_map(|phase| phase.work().started_at);
        starts.min().unwrap_or(self.planned_at)
    }

    /// The last thing any document says.
    fn last_updated(&self) -> Timestamp {
        let times = self
            .phases()
            .flat_map(|phase| [phase.work().started_at, phase.completed_at(), phase.failed_at()]);
        let heartbeats = self.tables.iter().map(|table| table.owner.as_ref().map(|owner| owner.heartbeat));
        times.chain(heartbeats).flatten().max().unwrap_or(self.planned_at)
    }

    fn phases(&self) -> impl Iterator<Item = &Phase> {
        self.tables.iter().flat_map(|table| [&table.schema, &table.data]).chain([&self.finish])
    }

    /// For programs: the shape of DESIGN section 9, ending in a line end.
    #[must_use]
    pub fn json(&self, phases: Option<PhaseChoice>) -> String {
        json::render(self, phases)
    }

    /// For people: what there is, what failed, who is silent, what runs, and the rest in a few lines; or every table.
    #[must_use]
    pub fn text(&self, all: bool, screen: &Screen) -> String {
        text::render(self, all, screen)
    }
}

fn state(table: &TableDocument) -> State {
    match (table.schema.status(), table.data.status()) {
        (_, Status::Completed) => State::Completed,
        (_, Status::Failed) | (Status::Failed, _) => State::Failed,
        (_, Status::InProgress) | (Status::InProgress, _) => State::InProgress,
        (Status::Pending | Status::Completed, Status::Pending) => State::Pending,
    }
}

#[cfg(test)]
#[path = "status/tests.rs"]
mod tests;
