//! The list of statements, kind by kind.

use super::{CHANGED_ADVICE, Makes, ObjectName, PlannedObject, Step};
use crate::model::names::{ColumnName, TableName, check_schema};
use crate::model::objects::{ObjectKind, Sequence, SourceObjects};
use crate::model::plan::{Plan, PlannedColumn, PlannedTable};
use crate::postgres::ddl;
use crate::postgres::ddl::Statement;
use crate::postgres::ddl::constraint::ForeignKeyIn;
use crate::postgres::ddl::limits::{MOST_INDEX_COLUMNS, fits};
use crate::postgres::names::Names;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct StatementList<'a> {
    pub(super) plan: &'a Plan,
    pub(super) objects: &'a SourceObjects,
    pub(super) version: u32,
    pub(super) names: &'a Names,
    /// Those on which something may be built.
    pub(super) tables: BTreeMap<&'a TableName, &'a PlannedTable>,
    /// The others: their definition in the source changed.
    changed: BTreeMap<&'a TableName, &'a PlannedTable>,
    /// Unique keys of the target, by source table.
    pub(super) unique: BTreeMap<TableName, Vec<Vec<ColumnName>>>,
    pub(super) planned: Vec<PlannedObject>,
}

impl<'a> StatementList<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        objects: &'a SourceObjects,
        version: u32,
        names: &'a Names,
        changed: &BTreeSet<TableName>,
    ) -> Self {
        let (changed, tables) = plan
            .tables
            .iter()
            .map(|table| (&table.source, table))
            .partition(|(name, _)| changed.contains(*name));
        Self { plan, objects, version, names, tables, changed, unique: BTreeMap::new(), planned: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        object: ObjectName,
        statement: Statement,
        step: Step,
        makes: Makes,
        locks: &[&PlannedTable],
    ) {
        let locks = locks.iter().map(|table| table.target.clone()).collect();
        self.planned.push(PlannedObject { object, statement, step, makes, locks });
    }

    /// What the schema step could not make as it is in the source.
    pub(super) fn tables(&mut self) {
        for table in &self.plan.tables {
            let of = |kind, name: &str| ObjectName {
                kind,
                table: Some(table.source.clone()),
                name: name.to_owned(),
            };
            let key = self.objects.primary_keys.get(&table.source);
            let changed = |what: String| Statement::Changed { sql: String::new(), what };
            if let Some(key) = key {
                let name = self.names.index(&table.target, &key.name);
                self.primary_key(table, of(ObjectKind::PrimaryKey, name));
            }
            let plain = |column: &&PlannedColumn| {
                ddl::is_plain_identity(column) && !ddl::sequence::is_numbered(column)
            };
            for column in table.columns.iter().filter(plain) {
                let what = format!("{} has no identity in PostgreSQL: a plain column", column.target_type);
                self.add(
                    of(ObjectKind::Identity, column.source.as_str()),
                    changed(what),
                    Step::NothingToRun,
                    Makes::Nothing,
                    &[],
                );
            }
        }
    }

    fn primary_key(&mut self, table: &'a PlannedTable, object: ObjectName) {
        let name = object.name.clone();
        let long = ddl::long_key::primary_key(table, &name);
        let there = !ddl::primary_key(table).is_empty();
        if there {
            self.unique.entry(table.source.clone()).or_default().push(table.primary_key.clone());
        }
        match long {
            Some(statement) if !there => {
                if !self.changed.contains_key(&table.source) {
                    let makes = Makes::Index(table.target.clone(), name);
                    self.add(object, statement, Step::Indexes, makes, &[table]);
                }
            }
            None if !there => {
                let reason = if table.primary_key.len() > MOST_INDEX_COLUMNS {
                    format!("PostgreSQL's keys have {MOST_INDEX_COLUMNS} columns at most")
                } else {
                    "not all of its columns are copied".to_owned()
                };
                let statement = Statement::Skipped { reason, advice: None };
                self.add(object, statement, Step::NothingToRun, Makes::Nothing, &[]);
            }
            long => {
                let mut what: Vec<String> = ddl::columns::weaker_primary_key(table).into_iter().collect();
                if let Some(Statement::Changed { what: of_length, .. }) = long {
                    what.push(of_length);
                }
                if !what.is_empty() {
                    let statement = Statement::Changed { sql: String::new(), what: what.join("; ") };
                    self.add(object, statement, Step::NothingToRun, Makes::Nothing, &[]);
                }
            }
        }
    }

    pub(super) fn indexes(&mut self) {
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
            let digested = table.long_key(Some(&index.name)).is_some_and(|key| !fits(key));
            if statement.sql().is_some() && index.unique && index.filter.is_none() && !digested {
                let columns = index.columns.iter().map(|key| key.name.clone()).collect();
                self.unique.entry(table.source.clone()).or_default().push(columns);
            }
            let kind = if index.constraint { ObjectKind::UniqueConstraint } else { ObjectKind::Index };
            let of = ObjectName { kind, table: Some(table.source.clone()), name: name.to_owned() };
            let makes = Makes::Index(table.target.clone(), name.to_owned());
            self.add(of, statement, Step::Indexes, makes, &[table]);
        }
    }

    /// All of them; of a plan of some tables, those in the schemas of its tables, and those that a default of them takes its
    /// values from.
    pub(super) fn sequences(&mut self) {
        let (plan, objects, names) = (self.plan, self.objects, self.names);
        let named: Vec<TableName> = objects
            .defaults
            .iter()
            .filter(|default| self.of_plan(&default.table).is_some())
            .filter_map(|default| ddl::constraint::next_value_for(default.expression.as_deref()?))
            .collect();
        let beside = |sequence: &Sequence| {
            let schema = &sequence.name.schema;
            let without = plan.options.exclude.iter().any(|pattern| is_of_schema(pattern, schema));
            (plan.options.include.is_empty() && !without)
                || plan.tables.iter().any(|table| table.source.schema == *schema)
        };
        for sequence in &objects.sequences {
            let Some(target) = names.sequence(&sequence.name) else { continue };
            let of = ObjectName { kind: ObjectKind::Sequence, table: None, name: sequence.name.to_string() };
            let wanted = beside(sequence) || named.iter().any(|name| names.sequence(name) == Some(target));
            let refused = match (wanted, check_schema(&target.schema)) {
                (false, _) => {
                    let reason = "no table of the plan is in its schema or takes values from it".to_owned();
                    let advice = "a plan without --include takes every sequence".to_owned();
                    Some(Statement::Skipped { reason, advice: Some(advice) })
                }
                (true, Err(reason)) => Some(Statement::Skipped { reason, advice: None }),
                (true, Ok(())) => None,
            };
            if let Some(statement) = refused {
                self.add(of, statement, Step::NothingToRun, Makes::Nothing, &[]);
                continue;
            }
            let mut statement = ddl::sequence::create_sequence(sequence, target);
            let mut locks = Vec::new();
            if !plan.tables.iter().any(|table| table.target.schema == target.schema)
                && let Statement::Sql(sql) | Statement::Changed { sql, .. } = &mut statement
            {
                *sql = format!("{};\n{sql}", ddl::create_schema(&target.schema));
                // Two sessions that make one schema at once: the second fails, IF NOT EXISTS or not.
                locks.push(TableName::new(target.schema.clone(), ""));
            }
            let makes = Makes::Sequence(target.clone());
            self.planned.push(PlannedObject { object: of, statement, step: Step::Sequences, makes, locks });
        }
    }

    pub(super) fn defaults(&mut self) {
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
                kind: ObjectKind::Default,
                table: Some(table.source.clone()),
                name: default.column.as_str().to_owned(),
            };
            self.add(of, statement, Step::Defaults, Makes::Nothing, &[table]);
        }
    }

    pub(super) fn checks(&mut self) {
        let (objects, names) = (self.objects, self.names);
        for check in &objects.checks {
            let Some(table) = self.tables.get(&check.table).copied() else { continue };
            let name = names.constraint(&table.target, &check.name);
            let statement = ddl::add_check(check, table, name);
            let built = statement.sql().is_some();
            let of = ObjectName {
                kind: ObjectKind::Check,
                table: Some(table.source.clone()),
                name: name.to_owned(),
            };
            let there = (table.target.clone(), name.to_owned());
            let makes = Makes::Constraint(there.0.clone(), there.1.clone());
            self.add(of.clone(), statement, Step::Checks, makes, &[table]);
            if let Some(sql) = ddl::validate_check(check, table, name).filter(|_| built) {
                let makes = Makes::Proof(there.0, there.1);
                self.add(of, Statement::Sql(sql), Step::ChecksValidated, makes, &[table]);
            }
        }
    }

    pub(super) fn foreign_keys(&mut self) {
        let (objects, names) = (self.objects, self.names);
        for key in &objects.foreign_keys {
            let Some(table) = self.of_plan(&key.table) else { continue };
            let name = names.constraint(&table.target, &key.name);
            let object = ObjectName {
                kind: ObjectKind::ForeignKey,
                table: Some(table.source.clone()),
                name: name.to_owned(),
            };
            let there = (table.target.clone(), name.to_owned());
            let makes = Makes::Constraint(there.0.clone(), there.1.clone());
            let Some(referenced) = self.of_plan(&key.referenced) else {
                let reason = format!("the table it refers to, {}, is not in the plan", key.referenced);
                let advice = Some("take that table into the plan as well".to_owned());
                let statement = Statement::Skipped { reason, advice };
                self.add(object, statement, Step::ForeignKeys, makes, &[table]);
                continue;
            };
            if let Some(statement) = self.not_built(&[table, referenced]) {
                self.add(object, statement, Step::ForeignKeys, makes, &[table, referenced]);
                continue;
            }
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

    /// A table of the plan, changed or not.
    fn of_plan(&self, name: &TableName) -> Option<&'a PlannedTable> {
        self.tables.get(name).or_else(|| self.changed.get(name)).copied()
    }

    /// Why a foreign key between these tables is not built, if one of them changed.
    fn not_built(&self, tables: &[&PlannedTable]) -> Option<Statement> {
        let changed = tables.iter().find(|table| self.changed.contains_key(&table.source))?;
        let reason =
            format!("not built, because the source table {} changed since the plan was made", changed.source);
        Some(Statement::Skipped { reason, advice: Some(CHANGED_ADVICE.to_owned()) })
    }

    pub(super) fn identities(&mut self) {
        let objects = self.objects;
        for table in &self.plan.tables {
            if self.changed.contains_key(&table.source) {
                continue;
            }
            for column in &table.columns {
                let source = objects.identities.get(&(table.source.clone(), column.source.clone()));
                let position =
                    source.and_then(|source| ddl::identity_position(&table.target, column, source));
                let statement = position.map(Statement::Sql).or_else(|| {
                    let sequence = self.names.identity_sequence(&table.target, &column.target)?;
                    ddl::sequence::number_column(&table.target, column, source, sequence)
                });
                let Some(statement) = statement else { continue };
                let of = ObjectName {
                    kind: ObjectKind::Identity,
                    table: Some(table.source.clone()),
                    name: column.source.as_str().to_owned(),
                };
                self.add(of, statement, Step::Identities, Makes::Nothing, &[table]);
            }
        }
    }
}

/// Is it a pattern of `--exclude` that leaves out a whole schema: `Sales.*`?
fn is_of_schema(pattern: &str, schema: &str) -> bool {
    pattern.strip_suffix(".*").is_some_and(|of| of.to_lowercase() == schema.to_lowercase())
}
