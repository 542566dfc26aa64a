//! Comments, on what the list builds.

use super::statement_list::StatementList;
use super::{Makes, ObjectName, Step};
use crate::model::names::TableName;
use crate::model::objects::{ExtendedProperty, ObjectKind, PropertyOf, SourceObjects};
use crate::model::plan::{Plan, PlannedTable};
use crate::postgres::ddl;
use crate::postgres::ddl::Statement;
use crate::postgres::names;
use crate::postgres::names::Names;
use std::collections::BTreeMap;

impl<'a> StatementList<'a> {
    pub(super) fn comments(&mut self) {
        let objects = self.objects;
        for property in comments(self.plan, objects) {
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
            kind: ObjectKind::Comment,
            table: table.map(|table| table.source.clone()),
            name: name.to_owned(),
        };
        Some(match of {
            PropertyOf::Schema(name) => {
                self.plan.tables.iter().find(|table| table.source.schema == *name)?;
                let target = names::schema(self.plan, name);
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
                // A key that is too long for an index row is an index, and no constraint.
                let digested = table.long_key(Some(constraint)).is_some_and(|key| !ddl::limits::fits(key));
                let statement = match name.is_some_and(|name| !digested && self.is_built(table, name)) {
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

/// The properties that become comments: of each thing the one that comes first among those that the plan chose.
pub(super) fn comments<'o>(plan: &Plan, objects: &'o SourceObjects) -> Vec<&'o ExtendedProperty> {
    let mut chosen: Vec<(usize, &ExtendedProperty)> = Vec::new();
    let mut places: BTreeMap<&PropertyOf, usize> = BTreeMap::new();
    for property in &objects.properties {
        let text = property.value.as_deref().is_some_and(|text| !text.is_empty());
        let Some(rank) = plan.options.comment_rank(&property.name).filter(|_| text) else { continue };
        match places.get(&property.of).and_then(|place| chosen.get_mut(*place)) {
            Some(there) if rank < there.0 => *there = (rank, property),
            Some(_) => {}
            None => {
                places.insert(&property.of, chosen.len());
                chosen.push((rank, property));
            }
        }
    }
    chosen.into_iter().map(|(_, property)| property).collect()
}

fn unbuilt() -> Statement {
    Statement::Skipped { reason: "what it describes is not built".to_owned(), advice: None }
}
