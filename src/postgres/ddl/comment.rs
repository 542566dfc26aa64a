//! Extended properties as comments.

use super::{Statement, find, literal, skipped};
use crate::model::names::{ColumnName, TableName, quote_target};
use crate::model::plan::PlannedTable;

fn comment(on: &str, text: &str) -> Statement {
    if text.contains('\0') {
        return skipped("it holds U+0000");
    }
    Statement::Sql(format!("COMMENT ON {on} IS {}", literal(text)))
}

/// Of a schema of the target.
#[must_use]
pub fn on_schema(schema: &str, text: &str) -> Statement {
    comment(&format!("SCHEMA {}", quote_target(schema)), text)
}

/// Of a table.
#[must_use]
pub fn on_table(table: &PlannedTable, text: &str) -> Statement {
    comment(&format!("TABLE {}", table.target.target_sql()), text)
}

/// Of a source column.
#[must_use]
pub fn on_column(table: &PlannedTable, column: &ColumnName, text: &str) -> Statement {
    match find(table, column) {
        Some(column) => {
            comment(&format!("COLUMN {}.{}", table.target.target_sql(), column.target.target_sql()), text)
        }
        None => skipped(format!("column {column} is not copied")),
    }
}

/// Of an index, or of the index of a constraint, by its name in the target.
#[must_use]
pub fn on_index(table: &PlannedTable, name: &str, text: &str) -> Statement {
    let name = TableName::new(table.target.schema.clone(), name);
    comment(&format!("INDEX {}", name.target_sql()), text)
}

/// Of a constraint, by its name in the target.
#[must_use]
pub fn on_constraint(table: &PlannedTable, name: &str, text: &str) -> Statement {
    comment(&format!("CONSTRAINT {} ON {}", quote_target(name), table.target.target_sql()), text)
}

/// Of a sequence of the target.
#[must_use]
pub fn on_sequence(sequence: &TableName, text: &str) -> Statement {
    comment(&format!("SEQUENCE {}", sequence.target_sql()), text)
}
