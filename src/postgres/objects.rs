//! What stands on the tables once their rows are there, and beside them.
//!
//! [`statements`] is the one list of it (pure): what `finish` builds, what it leaves out or changes and why; an
//! assessment made before the first row says the same, because it asks the same function. [`build()`] works the list
//! off: every step looks first at what exists, so it can be repeated, and what fails does not stop the rest.
//! [`StandingObjects`] is what a copy has to do with it: what an earlier load left on a table, and the indexes of a
//! table whose rows are there.

mod build;
mod comments;
mod events;
mod listed;
mod locks;
mod lost_answers;
mod not_built;
mod queries;
mod queue;
mod standing;
mod statement_list;
#[cfg(test)]
mod tests;

pub use build::{Report, RunBefore, build};
pub use events::{ObjectEvent, ObjectWatcher};
pub use standing::{InTheWay, StandingObjects, untouched};

use super::ddl::{self, Statement};
use super::names::Names;
use crate::model::names::TableName;
use crate::model::objects::{ObjectKind, SourceObjects};
use crate::model::plan::Plan;
use statement_list::StatementList;
use std::collections::BTreeSet;
use std::fmt;

/// What can be done about a source table that changed since the plan was made.
pub const CHANGED_ADVICE: &str = "restore the table's definition and run `shardferry finish` again, or make a new plan under another --run-id";

/// What an object is and where it stands: `index IX on sales.orders`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    pub kind: ObjectKind,
    /// The source's name of the table; None: it stands for itself.
    pub table: Option<TableName>,
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) if self.name.is_empty() => write!(f, "{} of {table}", self.kind),
            Some(table) => write!(f, "{} {} on {table}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// When a statement is run, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nothing to run: what the schema step made otherwise than the source has it, and what has no counterpart at all.
    NothingToRun,
    Indexes,
    /// Before the defaults, which may take values from them.
    Sequences,
    Defaults,
    Checks,
    ChecksValidated,
    ForeignKeys,
    ForeignKeysValidated,
    Identities,
    Comments,
    Analyze,
}

impl Step {
    /// Those with statements, in order.
    pub const ALL: [Self; 10] = [
        Self::Indexes,
        Self::Sequences,
        Self::Defaults,
        Self::Checks,
        Self::ChecksValidated,
        Self::ForeignKeys,
        Self::ForeignKeysValidated,
        Self::Identities,
        Self::Comments,
        Self::Analyze,
    ];

    /// As it stands in the checkpoint.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingToRun => "said",
            Self::Indexes => "indexes",
            Self::Sequences => "sequences",
            Self::Defaults => "defaults",
            Self::Checks => "checks",
            Self::ChecksValidated => "checks_validated",
            Self::ForeignKeys => "foreign_keys",
            Self::ForeignKeysValidated => "foreign_keys_validated",
            Self::Identities => "identities",
            Self::Comments => "comments",
            Self::Analyze => "analyze",
        }
    }
}

/// What a statement leaves behind, by which a repetition finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Makes {
    /// Nothing that has a name: to be run every time.
    Nothing,
    /// An index, or the constraint that it stands for, of a target table.
    Index(TableName, String),
    /// A check or a foreign key.
    Constraint(TableName, String),
    /// The proof of a check or a foreign key.
    Proof(TableName, String),
    Sequence(TableName),
}

/// One statement about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedObject {
    pub object: ObjectName,
    pub statement: Statement,
    pub step: Step,
    pub makes: Makes,
    /// Target tables that it locks: no two statements on one of them run at once, unless both are plain indexes.
    pub locks: Vec<TableName>,
}

/// Everything that becomes of the source's objects: by step, the largest tables' indexes first. `version` is the
/// target's `server_version_num`.
#[must_use]
pub fn statements(plan: &Plan, objects: &SourceObjects, version: u32, names: &Names) -> Vec<PlannedObject> {
    statements_without(plan, objects, version, names, &BTreeSet::new())
}

/// The same, if nothing may be built on some source tables of the plan, since they changed. Foreign keys from and to
/// them are listed as left out; what else stands on them is not listed.
#[must_use]
pub fn statements_without(
    plan: &Plan,
    objects: &SourceObjects,
    version: u32,
    names: &Names,
    changed: &BTreeSet<TableName>,
) -> Vec<PlannedObject> {
    let mut list = StatementList::new(plan, objects, version, names, changed);
    list.tables();
    list.ignoring_duplicates();
    list.indexes();
    list.sequences();
    list.defaults();
    list.checks();
    list.foreign_keys();
    list.identities();
    list.comments();
    for table in plan.tables.iter().filter(|table| !changed.contains(&table.source)) {
        let of = ObjectName {
            kind: ObjectKind::Statistics,
            table: Some(table.source.clone()),
            name: String::new(),
        };
        list.add(of, Statement::Sql(ddl::analyze(&table.target)), Step::Analyze, Makes::Nothing, &[table]);
    }
    list.planned.extend(not_built::not_built_objects(plan, objects));
    let mut planned = list.planned;
    // Stable: what was added first comes first in its step.
    planned.sort_by_key(|planned| planned.step);
    planned
}
