//! Keys whose values compare otherwise in the target, asked of the source when the plan is made.
//!
//! [`find`]: unique keys that the target would take for equal, so that the copy would fail: a text that sees case and
//! becomes `citext`, and values that a policy makes equal. [`differences::compared`]: keys that the source takes for
//! equal and the target does not, so that a foreign key would fail, or a unique key let in what the source would not.
//!
//! A text that ignores case in the source has no two keys that differ in case alone, so every collation of the target
//! takes it. The same holds for trailing blanks, which no collation of SQL Server sees: to cut them off makes no two
//! keys equal.

mod counted;
pub mod differences;
mod form;

use super::client::Client;
use super::select::where_all;
use crate::error::Result;
use crate::model::counts::counted;
use crate::model::names::{ColumnName, TableName};
use crate::model::objects::ObjectKind;
use crate::model::plan::{Plan, PlannedColumn, PlannedTable};
use crate::model::table::Index;
use counted::Question;
use std::collections::BTreeMap;

/// A key of which several values become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    pub table: TableName,
    pub kind: ObjectKind,
    /// Index or constraint; the primary key by this name.
    pub index: String,
    /// Groups of keys; None: the source would not count them.
    pub groups: Option<i64>,
    /// What makes them equal, by column.
    pub why: String,
}

impl Collision {
    /// For people.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.groups {
            Some(groups) => {
                let groups = counted(groups.unsigned_abs(), "group");
                format!("{groups} of its keys would become equal ({})", self.why)
            }
            None => format!("the source could not be asked whether keys would become equal ({})", self.why),
        }
    }
}

/// A unique key of a table of the plan.
struct UniqueKey<'p> {
    table: &'p PlannedTable,
    kind: ObjectKind,
    name: &'p str,
    columns: Vec<&'p PlannedColumn>,
    filter: Option<&'p str>,
}

/// The unique keys of the tables for which `wanted` holds, if all their columns are copied; a table's primary key first.
fn unique_keys<'p>(
    plan: &'p Plan,
    indexes: &'p [Index],
    wanted: impl Fn(&PlannedTable) -> bool,
) -> Vec<UniqueKey<'p>> {
    let mut by_table: BTreeMap<&TableName, Vec<&Index>> = BTreeMap::new();
    for index in indexes.iter().filter(|index| index.unique && !index.disabled) {
        by_table.entry(&index.table).or_default().push(index);
    }
    let mut keys = Vec::new();
    for table in plan.tables.iter().filter(|table| wanted(table)) {
        let planned = |name: &ColumnName| table.columns.iter().find(|column| column.source == *name);
        if !table.primary_key.is_empty()
            && let Some(columns) = table.primary_key.iter().map(planned).collect()
        {
            let kind = ObjectKind::PrimaryKey;
            keys.push(UniqueKey { table, kind, name: "primary key", columns, filter: None });
        }
        for index in by_table.get(&table.source).into_iter().flatten() {
            let kind = if index.constraint { ObjectKind::UniqueConstraint } else { ObjectKind::Index };
            if let Some(columns) = index.columns.iter().map(|column| planned(&column.name)).collect() {
                let filter = index.filter.as_deref();
                keys.push(UniqueKey { table, kind, name: &index.name, columns, filter });
            }
        }
    }
    keys
}

/// Asks for every unique key of the plan that has a column whose values may become equal.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks.
pub async fn find(client: &mut Client, plan: &Plan, indexes: &[Index]) -> Result<Vec<Collision>> {
    let is_folded = |table: &PlannedTable| table.columns.iter().any(form::is_folded);
    let mut keys = unique_keys(plan, indexes, is_folded);
    keys.retain(|key| key.columns.iter().any(|column| form::is_folded(column)));
    let questions: Vec<Question> =
        keys.iter().map(|key| Question { sql: groups(key), bytes: key.table.bytes }).collect();
    let answers = counted::ask(client, &questions).await?;
    let found = keys.iter().zip(answers).filter(|(_, answer)| !matches!(answer, Ok((0, _))));
    Ok(found
        .map(|(key, answer)| {
            let folded = key.columns.iter().filter(|column| form::is_folded(column));
            let why: Vec<String> = folded.map(|column| form::why_equal(column)).collect();
            Collision {
                table: key.table.source.clone(),
                kind: key.kind.clone(),
                index: key.name.to_owned(),
                groups: answer.ok().map(|(groups, _)| groups),
                why: why.join("; "),
            }
        })
        .collect())
}

/// Groups of keys that are equal in the target.
fn groups(key: &UniqueKey<'_>) -> String {
    let parts: Vec<String> = key
        .columns
        .iter()
        .map(|column| {
            let sql = column.source.source_sql();
            let same = column.mask.is_some() || column.collation.is_some();
            if same && !form::is_folded(column) { sql } else { form::in_target(column, &sql, false) }
        })
        .collect();
    format!(
        "COUNT_BIG(*), CAST(0 AS bigint) FROM (SELECT 1 AS one FROM {}{} GROUP BY {} HAVING COUNT_BIG(*) > 1) AS keys_of_one",
        key.table.source.source_sql(),
        where_all([key.table.filter.as_deref(), key.filter]),
        parts.join(", ")
    )
}

#[cfg(test)]
mod tests;
