//! The progress of all pods, from the documents of the run.
//!
//! As JSON it has the shape of the scripts that shardferry replaces, one table a line, so that `grep` counts tables:
//! `grep -c '"completed"'` gives the number of tables whose data is completed. For that to hold, a completed schema
//! is left out until the table's data is completed too (then both stand on one line), and no other line may contain
//! the word in quotes. `--phase schema|data|all` shows the phases asked for, without that rule.

mod json;
mod text;

use crate::cli::PhaseChoice;
use crate::model::checkpoint::{FinishDocument, FinishUnderWay, TableDocument};
use crate::model::counts::Totals;
use crate::model::phase::{Phase, Status};
use crate::model::plan::Plan;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A run as its documents show it.
#[derive(Debug, Clone)]
pub struct StatusView {
    run_id: String,
    planned_at: Timestamp,
    finish: Phase,
    /// As its owner told it last.
    finish_under_way: Option<FinishUnderWay>,
    /// In plan order.
    tables: Vec<TableDocument>,
    /// Why a table is not completed whatever its document says, by the table's index.
    doubts: BTreeMap<u32, Doubt>,
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
        let (finish, finish_under_way) =
            finish.map(|document| (document.status, document.under_way)).unwrap_or_default();
        // Left behind by a pod that was killed.
        let finish_under_way = finish_under_way.filter(|_| finish.status() == Status::InProgress);
        Self {
            run_id: run_id.to_owned(),
            planned_at: plan.created_at,
            finish,
            finish_under_way,
            tables,
            doubts: BTreeMap::new(),
        }
    }

    /// With what the ledger tells, by the index of the table.
    #[must_use]
    pub fn with_doubts(self, doubts: BTreeMap<u32, Doubt>) -> Self {
        Self { doubts, ..self }
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
        format!("{completed} of {tables} tables are completed, {failed} failed; the finish step is {finish}")
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

    /// For people: totals, then the tables that run or failed, or all of them.
    #[must_use]
    pub fn text(&self, all: bool) -> String {
        text::render(self, all)
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
