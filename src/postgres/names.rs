//! Names of indexes, constraints and sequences in the target (pure).
//!
//! SQL Server's index names are unique in a table, PostgreSQL's in a schema, together with its tables and sequences;
//! and PostgreSQL cuts names at 63 bytes. A name that is too long or taken gets a new one: its beginning, `_`, and the
//! first 8 hex digits of a hash of table and name. The same input always gives the same names, so a step that is
//! repeated finds what it made. All names follow `--name-case`.

use crate::model::names::{ColumnName, LONGEST, NameCase, TableName, folded, shortened};
use crate::model::objects::SourceObjects;
use crate::model::plan::Plan;
use crate::model::table::Index;
use std::collections::{BTreeMap, BTreeSet};

/// Final names by target table and the source's name.
type ByTable = BTreeMap<(TableName, String), String>;

/// The names of everything that the run builds on its tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    indexes: ByTable,
    constraints: ByTable,
    /// By the source's name.
    sequences: BTreeMap<TableName, TableName>,
    /// Of identities on `numeric`, by target table and column.
    identities: BTreeMap<(TableName, String), TableName>,
}

impl Names {
    /// Of all objects of a run.
    #[must_use]
    pub fn for_plan(plan: &Plan, objects: &SourceObjects) -> Self {
        let keys = objects.primary_keys.iter().map(|(table, key)| (table, key.name.as_str()));
        let mut names = Self::of_indexes(plan, keys, &objects.indexes);
        let targets = targets(plan);
        let checks = objects.checks.iter().map(|check| (&check.table, check.name.as_str()));
        let keys = objects.foreign_keys.iter().map(|key| (&key.table, key.name.as_str()));
        let wanted: BTreeSet<(&TableName, &str)> =
            checks.chain(keys).filter_map(|(table, name)| Some((*targets.get(table)?, name))).collect();
        // A primary key or a unique constraint is a constraint of its table too.
        let taken = names.indexes.iter().map(|((table, _), name)| (table.clone(), name.clone())).collect();
        names.constraints =
            choose(wanted, taken, plan.options.name_case(), |table, name| (table.clone(), name.to_owned()));
        names.add_sequences(plan, objects);
        names
    }

    /// Of primary keys (by source table) and of all other indexes alone: the same that [`Self::for_plan`] gives them.
    #[must_use]
    pub fn of_indexes<'a>(
        plan: &Plan,
        primary_keys: impl Iterator<Item = (&'a TableName, &'a str)>,
        indexes: &'a [Index],
    ) -> Self {
        let targets = targets(plan);
        let others = indexes.iter().map(|index| (&index.table, index.name.as_str()));
        let wanted = primary_keys
            .chain(others)
            .filter_map(|(table, name)| Some((*targets.get(table)?, name)))
            .collect();
        let mut taken: BTreeSet<(TableName, String)> = BTreeSet::new();
        for table in &plan.tables {
            taken.insert(in_schema(&table.target, &table.target.name));
            for partition in super::ddl::partition::names(table) {
                taken.insert(in_schema(&partition, &partition.name));
            }
        }
        Self { indexes: choose(wanted, taken, plan.options.name_case(), in_schema), ..Self::default() }
    }

    /// Of a primary key, unique constraint or index of a target table.
    #[must_use]
    pub fn index<'n>(&'n self, table: &TableName, name: &'n str) -> &'n str {
        self.indexes.get(&(table.clone(), name.to_owned())).map_or(name, String::as_str)
    }

    /// Of a check or foreign key of a target table.
    #[must_use]
    pub fn constraint<'n>(&'n self, table: &TableName, name: &'n str) -> &'n str {
        self.constraints.get(&(table.clone(), name.to_owned())).map_or(name, String::as_str)
    }

    /// Of a source's sequence; None if the run has none of that name.
    #[must_use]
    pub fn sequence(&self, source: &TableName) -> Option<&TableName> {
        let same = |name: &&TableName| {
            name.schema.eq_ignore_ascii_case(&source.schema) && name.name.eq_ignore_ascii_case(&source.name)
        };
        // As in the T-SQL that names it, which need not be spelt alike.
        self.sequences
            .get(source)
            .or_else(|| self.sequences.keys().find(same).and_then(|name| self.sequences.get(name)))
    }

    /// Of an identity on `numeric` of a target table.
    #[must_use]
    pub fn identity_sequence(&self, table: &TableName, column: &ColumnName) -> Option<&TableName> {
        self.identities.get(&(table.clone(), column.as_str().to_owned()))
    }

    fn add_sequences(&mut self, plan: &Plan, objects: &SourceObjects) {
        let mut taken: BTreeSet<(TableName, String)> =
            self.indexes.iter().map(|((table, _), name)| in_schema(table, name)).collect();
        taken.extend(plan.tables.iter().map(|table| in_schema(&table.target, &table.target.name)));
        let mut wanted: BTreeMap<TableName, &TableName> = BTreeMap::new();
        for sequence in &objects.sequences {
            let schema = schema(plan, &sequence.name.schema);
            wanted.insert(TableName::new(schema, sequence.name.name.clone()), &sequence.name);
        }
        let keys = wanted.keys().map(|name| (name, name.name.as_str())).collect();
        let chosen = choose(keys, taken.clone(), plan.options.name_case(), in_schema);
        for (target, source) in wanted {
            if let Some(name) = chosen.get(&(target.clone(), target.name.clone())) {
                taken.insert(in_schema(&target, name));
                self.sequences.insert(source.clone(), TableName::new(target.schema, name.clone()));
            }
        }
        self.add_identities(plan, taken);
    }

    /// As PostgreSQL names the sequence of a column: `table_column_seq`.
    fn add_identities(&mut self, plan: &Plan, taken: BTreeSet<(TableName, String)>) {
        let mut wanted: BTreeMap<(&TableName, String), &str> = BTreeMap::new();
        for table in &plan.tables {
            for column in table.columns.iter().filter(|column| super::ddl::sequence::is_numbered(column)) {
                let name = format!("{}_{}_seq", table.target.name, column.target);
                wanted.insert((&table.target, name), column.target.as_str());
            }
        }
        let keys = wanted.keys().map(|(table, name)| (*table, name.as_str())).collect();
        // Table and column have their case already.
        let chosen = choose(keys, taken, NameCase::Preserve, in_schema);
        for ((table, wished), column) in wanted {
            if let Some(name) = chosen.get(&(table.clone(), wished)) {
                let name = TableName::new(table.schema.clone(), name.clone());
                self.identities.insert((table.clone(), column.to_owned()), name);
            }
        }
    }
}

fn targets(plan: &Plan) -> BTreeMap<&TableName, &TableName> {
    plan.tables.iter().map(|table| (&table.source, &table.target)).collect()
}

/// The target's schema of a source schema: that of its tables if it has some, else by the plan's options.
#[must_use]
pub fn schema(plan: &Plan, source: &str) -> String {
    if let Some(mapped) = plan.options.schema_map.get(source) {
        return mapped.clone();
    }
    let of_tables = plan.tables.iter().find(|table| table.source.schema == source);
    let alone = || short(&TableName::new(source, ""), &folded(source, plan.options.name_case()));
    of_tables.map_or_else(alone, |table| table.target.schema.clone())
}

/// A place of names that are unique in a schema.
fn in_schema(table: &TableName, name: &str) -> (TableName, String) {
    (TableName::new(table.schema.clone(), ""), name.to_owned())
}

/// Gives each wanted name of a table its own; `place` says among which it must be the only one.
fn choose(
    wanted: BTreeSet<(&TableName, &str)>,
    mut taken: BTreeSet<(TableName, String)>,
    case: NameCase,
    place: impl Fn(&TableName, &str) -> (TableName, String),
) -> ByTable {
    // Names that can stay come first, so that a made-up name never pushes out a real one.
    let mut names = ByTable::new();
    let mut renamed = Vec::new();
    for (table, name) in wanted {
        let new = folded(name, case);
        if new.len() <= LONGEST && taken.insert(place(table, &new)) {
            names.insert((table.clone(), name.to_owned()), new);
        } else {
            renamed.push((table, name, new));
        }
    }
    for (table, name, wanted) in renamed {
        let mut attempt = 0;
        let new = loop {
            let new = hashed(table, &wanted, attempt);
            if taken.insert(place(table, &new)) {
                break new;
            }
            attempt += 1;
        };
        names.insert((table.clone(), name.to_owned()), new);
    }
    names
}

/// The name if it is short enough, else one made of it.
#[must_use]
pub fn short(table: &TableName, name: &str) -> String {
    if name.len() <= LONGEST { name.to_owned() } else { hashed(table, name, 0) }
}

fn hashed(table: &TableName, name: &str, attempt: u32) -> String {
    shortened(name, &format!("{}\0{}\0{name}\0{attempt}", table.schema, table.name))
}

#[cfg(test)]
mod tests;
