//! What stands on the tables once their rows are there, and beside them.
//!
//! [`statements`] is the one list of it (pure): what `finish` builds, what it leaves out or changes and why; an assessment
//! made before the first row says the same, because it asks the same function. [`build()`] works the list off: every step looks
//! first at what exists, so it can be repeated, and what fails does not stop the rest. [`Standing`] is what a copy has to do
//! with it: what an earlier load left on a table, and the indexes of a table whose rows are there.

mod build;
mod listed;
mod queries;
mod queue;
mod standing;
#[cfg(test)]
mod tests;

pub use build::{Report, build};
pub use standing::{InTheWay, Standing};

use super::ddl::constraint::ForeignKeyIn;
use super::ddl::{self, Statement};
use super::names::Names;
use crate::plan::document::{Plan, PlannedTable};
use crate::schema::objects::{PropertyOf, SourceObjects};
use crate::schema::{ColumnName, TableName};
use std::collections::BTreeMap;
use std::fmt;

/// What an object is and where it stands: `index IX on sales.orders`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// `index`, `foreign key`, `view` …
    pub kind: &'static str,
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
    Said,
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
            Self::Said => "said",
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
pub struct Planned {
    pub object: ObjectName,
    pub statement: Statement,
    pub step: Step,
    pub makes: Makes,
    /// Target tables that it locks: no two statements on one of them run at once, unless both are plain indexes.
    pub locks: Vec<TableName>,
}

/// Everything that becomes of the source's objects: by step, the largest tables' indexes first. `version` is the target's
/// `server_version_num`.
#[must_use]
pub fn statements(plan: &Plan, objects: &SourceObjects, version: u32, names: &Names) -> Vec<Planned> {
    let mut list = List {
        plan,
        objects,
        version,
        names,
        tables: plan.tables.iter().map(|table| (&table.source, table)).collect(),
        unique: BTreeMap::new(),
        planned: Vec::new(),
    };
    list.tables();
    list.indexes();
    list.sequences();
    list.defaults();
    list.checks();
    list.foreign_keys();
    list.identities();
    list.comments();
    for table in &plan.tables {
        let of = ObjectName { kind: "statistics", table: Some(table.source.clone()), name: String::new() };
        list.add(of, Statement::Sql(ddl::analyze(&table.target)), Step::Analyze, Makes::Nothing, &[table]);
    }
    list.planned.extend(listed::all(plan, objects));
    let mut planned = list.planned;
    // Stable: what was added first comes first in its step.
    planned.sort_by_key(|planned| planned.step);
    planned
}

struct List<'a> {
    plan: &'a Plan,
    objects: &'a SourceObjects,
    version: u32,
    names: &'a Names,
    tables: BTreeMap<&'a TableName, &'a PlannedTable>,
    /// Unique keys of the target, by source table.
    unique: BTreeMap<TableName, Vec<Vec<ColumnName>>>,
    planned: Vec<Planned>,
}

impl<'a> List<'a> {
    fn add(
        &mut self,
        object: ObjectName,
        statement: Statement,
        step: Step,
        makes: Makes,
        locks: &[&PlannedTable],
    ) {
        let locks = locks.iter().map(|table| table.target.clone()).collect();
        self.planned.push(Planned { object, statement, step, makes, locks });
    }

    /// What the schema step could not make as it is in the source.
    fn tables(&mut self) {
        for table in &self.plan.tables {
            let of = |kind, name: &str| ObjectName {
                kind,
                table: Some(table.source.clone()),
                name: name.to_owned(),
            };
            let key = self.objects.primary_keys.get(&table.source);
            let changed = |what: String| Statement::Changed { sql: String::new(), what };
            if let Some(key) = key {
                let object = of("primary key", self.names.index(&table.target, &key.name));
                if ddl::primary_key(table).is_empty() {
                    let reason = "not all of its columns are copied".to_owned();
                    let statement = Statement::Skipped { reason, advice: None };
                    self.add(object, statement, Step::Said, Makes::Nothing, &[]);
                } else {
                    let columns = table.primary_key.clone();
                    self.unique.entry(table.source.clone()).or_default().push(columns);
                    if let Some(what) = ddl::columns::weaker_primary_key(table) {
                        self.add(object, changed(what), Step::Said, Makes::Nothing, &[]);
                    }
                }
            }
            for column in table.columns.iter().filter(|column| ddl::is_plain_identity(column)) {
                let what = format!("{} has no identity in PostgreSQL: a plain column", column.target_type);
                self.add(of("identity", column.source.as_str()), changed(what), Step::Said, Makes::Nothing, &[]);
            }
        }
    }

    fn indexes(&mut self) {
        let (objects, names, version) = (self.objects, self.names, self.version);
        let mut wanted: Vec<_> = objects
            .indexes
            .iter()
            .filter_map(|index| Some((index, *self.tables.get(&index.table)?)))
            .collect();
        wanted.sort_by_key(|(index, table)| (std::cmp::Reverse(table.bytes), table.index, !index.constraint));
        for (index, table) in wanted {
            let name = names.index(&table.target, &index.name);
            let statement = ddl::create_index(index, table, name, version);
            if statement.sql().is_some() && index.unique && index.filter.is_none() {
                let columns = index.columns.iter().map(|key| key.name.clone()).collect();
                self.unique.entry(table.source.clone()).or_default().push(columns);
            }
            let kind = if index.constraint { "unique constraint" } else { "index" };
            let of = ObjectName { kind, table: Some(table.source.clone()), name: name.to_owned() };
            let makes = Makes::Index(table.target.clone(), name.to_owned());
            self.add(of, statement, Step::Indexes, makes, &[table]);
        }
    }

    fn sequences(&mut self) {
        let (objects, names) = (self.objects, self.names);
        for sequence in &objects.sequences {
            let Some(target) = names.sequence(&sequence.name) else { continue };
            let statement = ddl::sequence::create_sequence(sequence, target);
            let of = ObjectName { kind: "sequence", table: None, name: sequence.name.to_string() };
            self.add(of, statement, Step::Sequences, Makes::Sequence(target.clone()), &[]);
        }
    }

    fn defaults(&mut self) {
        let (objects, names) = (self.objects, self.names);
        let built: Vec<TableName> = self
            .planned
            .iter()
            .filter(|planned| planned.statement.sql().is_some())
            .filter_map(|planned| match &planned.makes {
                Makes::Sequence(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        for default in &objects.defaults {
            let Some(table) = self.tables.get(&default.table).copied() else { continue };
            let sequence =
                |name: &TableName| names.sequence(name).filter(|target| built.contains(target)).cloned();
            let statement = ddl::set_default(default, table, sequence);
            let of = ObjectName {
                kind: "default",
                table: Some(table.source.clone()),
                name: default.column.as_str().to_owned(),
            };
            self.add(of, statement, Step::Defaults, Makes::Nothing, &[table]);
        }
    }

    fn checks(&mut self) {
        let (objects, names) = (self.objects, self.names);
        for check in &objects.checks {
            let Some(table) = self.tables.get(&check.table).copied() else { continue };
            let name = names.constraint(&table.target, &check.name);
            let statement = ddl::add_check(check, table, name);
            let built = statement.sql().is_some();
            let of = ObjectName { kind: "check", table: Some(table.source.clone()), name: name.to_owned() };
            let there = (table.target.clone(), name.to_owned());
            let makes = Makes::Constraint(there.0.clone(), there.1.clone());
            self.add(of.clone(), statement, Step::Checks, makes, &[table]);
            if let Some(sql) = ddl::validate_check(check, table, name).filter(|_| built) {
                let makes = Makes::Proof(there.0, there.1);
                self.add(of, Statement::Sql(sql), Step::ChecksValidated, makes, &[table]);
            }
        }
    }

    fn foreign_keys(&mut self) {
        let (objects, names) = (self.objects, self.names);
        for key in &objects.foreign_keys {
            let Some(table) = self.tables.get(&key.table).copied() else { continue };
            let name = names.constraint(&table.target, &key.name);
            let object =
                ObjectName { kind: "foreign key", table: Some(table.source.clone()), name: name.to_owned() };
            let there = (table.target.clone(), name.to_owned());
            let makes = Makes::Constraint(there.0.clone(), there.1.clone());
            let Some(referenced) = self.tables.get(&key.referenced).copied() else {
                let reason = format!("the table it refers to, {}, is not in the plan", key.referenced);
                let advice = Some("take that table into the plan as well".to_owned());
                let statement = Statement::Skipped { reason, advice };
                self.add(object, statement, Step::ForeignKeys, makes, &[table]);
                continue;
            };
            let unique = self.unique.get(&referenced.source).cloned().unwrap_or_default();
            let of = ForeignKeyIn { key, table, referenced, unique: &unique };
            let statement = ddl::add_foreign_key(&of, name, self.version);
            let built = statement.sql().is_some();
            let proof = ddl::validate_foreign_key(&of, name).filter(|_| built);
            self.add(object.clone(), statement, Step::ForeignKeys, makes, &[table, referenced]);
            if let Some(sql) = proof {
                let makes = Makes::Proof(there.0, there.1);
                let step = Step::ForeignKeysValidated;
                self.add(object, Statement::Sql(sql), step, makes, &[table]);
            }
        }
    }

    fn identities(&mut self) {
        let objects = self.objects;
        for table in &self.plan.tables {
            for column in &table.columns {
                let source = objects.identities.get(&(table.source.clone(), column.source.clone()));
                let Some(sql) =
                    source.and_then(|source| ddl::identity_position(&table.target, column, source))
                else {
                    continue;
                };
                let of = ObjectName {
                    kind: "identity",
                    table: Some(table.source.clone()),
                    name: column.source.as_str().to_owned(),
                };
                self.add(of, Statement::Sql(sql), Step::Identities, Makes::Nothing, &[table]);
            }
        }
    }

    fn comments(&mut self) {
        let objects = self.objects;
        for property in objects.properties.iter().filter(|property| property.is_comment()) {
            let Some(text) = property.value.as_deref().filter(|text| !text.is_empty()) else { continue };
            let Some((of, statement, table)) = self.comment(&property.of, text) else { continue };
            let locks: Vec<&PlannedTable> = table.into_iter().collect();
            self.add(of, statement, Step::Comments, Makes::Nothing, &locks);
        }
    }

    /// None: the property is about nothing of this run.
    fn comment(
        &self,
        of: &PropertyOf,
        text: &str,
    ) -> Option<(ObjectName, Statement, Option<&'a PlannedTable>)> {
        use ddl::comment;
        let table = |name: &TableName| self.tables.get(name).copied();
        let named = |table: Option<&PlannedTable>, name: &str| ObjectName {
            kind: "comment",
            table: table.map(|table| table.source.clone()),
            name: name.to_owned(),
        };
        Some(match of {
            PropertyOf::Schema(name) => {
                self.plan.tables.iter().find(|table| table.source.schema == *name)?;
                let target = super::names::schema(self.plan, name);
                (named(None, name), comment::on_schema(&target, text), None)
            }
            PropertyOf::Table(name) => {
                let table = table(name)?;
                (named(Some(table), ""), comment::on_table(table, text), Some(table))
            }
            PropertyOf::Column(name, column) => {
                let table = table(name)?;
                let statement = comment::on_column(table, column, text);
                (named(Some(table), column.as_str()), statement, Some(table))
            }
            PropertyOf::Index(name, index) => {
                let table = table(name)?;
                let name = self.names.index(&table.target, index);
                let statement = match self.is_built(table, name) {
                    true => comment::on_index(table, name, text),
                    false => unbuilt(),
                };
                (named(Some(table), name), statement, Some(table))
            }
            PropertyOf::Constraint(name, constraint) => {
                let table = table(name)?;
                let name = self.constraint_name(table, constraint);
                let statement = match name.is_some_and(|name| self.is_built(table, name)) {
                    true => comment::on_constraint(table, name.unwrap_or_default(), text),
                    false => unbuilt(),
                };
                (named(Some(table), name.unwrap_or(constraint)), statement, Some(table))
            }
            PropertyOf::Sequence(name) => {
                let target = self.names.sequence(name)?;
                (named(None, &name.to_string()), comment::on_sequence(target, text), None)
            }
            PropertyOf::Database | PropertyOf::Other(_) => return None,
        })
    }

    /// The target's name of a constraint of the source; None: a default, which has no name in PostgreSQL.
    fn constraint_name<'n>(&self, table: &PlannedTable, name: &'n str) -> Option<&'n str>
    where
        'a: 'n,
    {
        let names: &'a Names = self.names;
        let of_index = self.objects.primary_keys.get(&table.source).is_some_and(|key| key.name == name)
            || self.objects.indexes.iter().any(|index| index.table == table.source && index.name == name);
        if of_index {
            return Some(names.index(&table.target, name));
        }
        let checks = self.objects.checks.iter().map(|check| (&check.table, &check.name));
        let keys = self.objects.foreign_keys.iter().map(|key| (&key.table, &key.name));
        let known = checks.chain(keys).any(|(of, known)| *of == table.source && known == name);
        known.then(|| names.constraint(&table.target, name))
    }

    /// Will an index or a constraint of this target name stand on the table?
    fn is_built(&self, table: &PlannedTable, name: &str) -> bool {
        let key = self.objects.primary_keys.get(&table.source);
        let primary = key.is_some_and(|key| self.names.index(&table.target, &key.name) == name);
        if primary {
            return !ddl::primary_key(table).is_empty();
        }
        self.planned.iter().any(|planned| match &planned.makes {
            Makes::Index(of, made) | Makes::Constraint(of, made) => {
                *of == table.target && made == name && planned.statement.sql().is_some()
            }
            _ => false,
        })
    }
}

fn unbuilt() -> Statement {
    Statement::Skipped { reason: "what it describes is not built".to_owned(), advice: None }
}
