//! Unique keys that the target would take for equal: the one direction in which a copy can fail for it.
//!
//! A text that ignores case in the source has no two keys that differ in case alone, so every collation of the target
//! takes it. A text that sees case, and becomes `citext` on request, may have them; those keys are counted here, by the
//! source itself. `--collations icu` and `citext` never touch a text that sees case.

use super::client::Client;
use crate::error::Result;
use crate::model::collation;
use crate::model::counts::{counted, verb};
use crate::model::names::{ColumnName, TableName};
use crate::model::plan::{Plan, PlannedTable};
use crate::model::table::Index;

/// A key of which several values become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    pub table: TableName,
    /// Index or constraint; the primary key by this name.
    pub index: String,
    /// Groups of keys; None: the source would not count them.
    pub groups: Option<i64>,
}

impl Collision {
    /// For people.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.groups {
            Some(groups) => {
                let (count, differ) = (
                    counted(groups.unsigned_abs(), "group"),
                    verb(groups.unsigned_abs(), "differs", "differ"),
                );
                format!("{count} of its keys {differ} in case alone, which citext does not see")
            }
            None => "whether its keys differ in more than case could not be asked".to_owned(),
        }
    }
}

/// Asks for every unique key of the plan that has a text with case in the source and without in the target.
///
/// # Errors
/// `SourceUnavailable` if the connection breaks.
pub async fn find(client: &mut Client, plan: &Plan, indexes: &[Index]) -> Result<Vec<Collision>> {
    let mut found = Vec::new();
    for table in &plan.tables {
        if !table.columns.iter().any(loses_case) {
            continue;
        }
        let unique =
            indexes.iter().filter(|index| index.table == table.source && index.unique && !index.disabled);
        let mut keys: Vec<(&str, Vec<&ColumnName>, Option<&str>)> = unique
            .map(|index| {
                let columns = index.columns.iter().map(|column| &column.name).collect();
                (index.name.as_str(), columns, index.filter.as_deref())
            })
            .collect();
        if !table.primary_key.is_empty() {
            keys.push(("primary key", table.primary_key.iter().collect(), None));
        }
        for (index, columns, filter) in keys {
            let Some(sql) = count(table, &columns, filter) else { continue };
            let groups = match client.try_rows(&sql).await? {
                Ok(rows) => rows.first().and_then(|row| row.try_get::<i64, _>(0).ok().flatten()),
                Err(token) => {
                    tracing::info!(table = %table.source, index, error = token.code(), "keys could not be counted");
                    None
                }
            };
            if groups != Some(0) {
                found.push(Collision { table: table.source.clone(), index: index.to_owned(), groups });
            }
        }
    }
    Ok(found)
}

fn loses_case(column: &crate::model::plan::PlannedColumn) -> bool {
    let sees =
        column.source_type.collation.as_deref().is_some_and(|name| !collation::ignored_by(name).ignores_case);
    column.target_type == "citext" && column.mask.is_none() && sees
}

/// Groups of keys that differ in case alone; None: the key has no such text.
fn count(table: &PlannedTable, key: &[&ColumnName], filter: Option<&str>) -> Option<String> {
    let (mut parts, mut folded) = (Vec::new(), false);
    for name in key {
        let column = table.columns.iter().find(|column| column.source == **name)?;
        let sql = name.source_sql();
        folded |= loses_case(column);
        parts.push(if loses_case(column) { format!("LOWER({sql})") } else { sql });
    }
    let rows = match (&table.filter, filter) {
        (None, None) => String::new(),
        (Some(one), None) => format!(" WHERE ({one})"),
        (None, Some(one)) => format!(" WHERE ({one})"),
        (Some(one), Some(other)) => format!(" WHERE ({one}) AND ({other})"),
    };
    folded.then(|| {
        format!(
            "SELECT COUNT_BIG(*) FROM (SELECT 1 AS one FROM {}{rows} GROUP BY {} HAVING COUNT_BIG(*) > 1) AS keys_of_one",
            table.source.source_sql(),
            parts.join(", ")
        )
    })
}
