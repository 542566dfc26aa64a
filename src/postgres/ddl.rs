//! What to create in the target: SQL text (pure), one file a kind of object.
//!
//! Everything that SQL Server has and PostgreSQL cannot have is a [`Statement::Skipped`] with its reason, and what becomes
//! something else a [`Statement::Changed`] that says what: never a weaker object in silence.

pub mod collation;
pub mod columns;
pub mod comment;
pub mod constraint;
pub mod index;
pub mod limits;
pub mod long_key;
pub mod partition;
pub mod sequence;

use crate::model::names::{ColumnName, TableName, quote_target};
use crate::model::plan::PlannedTable;
use crate::model::policy::Mask;
use crate::model::types::SourceType;
use crate::tsql;
use crate::tsql::{Purpose, ScopeColumn, Translated};
pub use columns::{add_primary_key, create_table, is_plain_identity, primary_key};
pub use constraint::{add_check, add_foreign_key, set_default, validate_check, validate_foreign_key};
pub use index::create_index;
pub use sequence::identity_position;

/// Types of the extensions that a plan may use are found by their bare names; to be sent before such a statement.
pub const SEARCH_PATH: &str = include_str!("sql/search_path.sql");

/// A statement (or several, separated by semicolons, for one transaction), or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    Sql(String),
    /// What is built is not quite what the source has.
    Changed {
        sql: String,
        what: String,
    },
    Skipped {
        reason: String,
        advice: Option<String>,
    },
}

impl Statement {
    /// What is to be run.
    #[must_use]
    pub fn sql(&self) -> Option<&str> {
        match self {
            Self::Sql(sql) | Self::Changed { sql, .. } => Some(sql),
            Self::Skipped { .. } => None,
        }
    }

    /// With what is to be said of it; nothing changes if `what` is empty.
    #[must_use]
    fn changed(sql: String, what: &[String]) -> Self {
        if what.is_empty() { Self::Sql(sql) } else { Self::Changed { sql, what: what.join("; ") } }
    }
}

fn skipped(reason: impl Into<String>) -> Statement {
    Statement::Skipped { reason: reason.into(), advice: None }
}

fn advised(reason: impl Into<String>, advice: impl Into<String>) -> Statement {
    Statement::Skipped { reason: reason.into(), advice: Some(advice.into()) }
}

/// `CREATE SCHEMA IF NOT EXISTS`.
#[must_use]
pub fn create_schema(name: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}", quote_target(name))
}

/// `ANALYZE`: statistics for the planner.
#[must_use]
pub fn analyze(table: &TableName) -> String {
    format!("ANALYZE {}", table.target_sql())
}

/// A column of the target's table, copied or generated.
#[derive(Debug, Clone, Copy)]
struct Column<'t> {
    target: &'t ColumnName,
    source_type: &'t SourceType,
    target_type: &'t str,
    nullable: bool,
    /// Of the target; None: the database's.
    collation: Option<&'t str>,
    mask: Option<&'t Mask>,
    generated: bool,
}

/// What the source's column is in the target.
fn find<'t>(table: &'t PlannedTable, source: &ColumnName) -> Option<Column<'t>> {
    let copied = table.columns.iter().find(|column| column.source == *source).map(|column| Column {
        target: &column.target,
        source_type: &column.source_type,
        target_type: &column.target_type,
        nullable: column.nullable,
        collation: column.collation.as_deref(),
        mask: column.mask.as_ref(),
        generated: false,
    });
    copied.or_else(|| {
        table.generated.iter().find(|column| column.source == *source).map(|column| Column {
            target: &column.target,
            source_type: &column.source_type,
            target_type: &column.target_type,
            nullable: column.nullable,
            collation: None,
            mask: None,
            generated: true,
        })
    })
}

/// What an expression of this table may name.
fn scope(table: &PlannedTable) -> Vec<ScopeColumn<'_>> {
    let copied = table.columns.iter().map(|column| ScopeColumn {
        source: &column.source,
        target: &column.target,
        source_type: &column.source_type,
        target_type: &column.target_type,
        nullable: column.nullable,
    });
    let generated = table.generated.iter().map(|column| ScopeColumn {
        source: &column.source,
        target: &column.target,
        source_type: &column.source_type,
        target_type: &column.target_type,
        nullable: column.nullable,
    });
    copied.chain(generated).collect()
}

/// The translated expression, or a [`Statement::Skipped`] that shows the T-SQL. A text that is not there is one that the
/// login may not see.
fn translated(
    table: &PlannedTable,
    text: Option<&str>,
    purpose: Purpose<'_>,
) -> Result<Translated, Statement> {
    translated_in(None, table, text, purpose)
}

/// The same in a source database of this collation.
fn translated_in(
    database: Option<&str>,
    table: &PlannedTable,
    text: Option<&str>,
    purpose: Purpose<'_>,
) -> Result<Translated, Statement> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        let advice = "grant VIEW DEFINITION on the database to the source's login";
        return Err(advised("the login may not see its definition", advice));
    };
    let translated = tsql::translate_with(text, purpose, &scope(table), &|name| Some(name.clone()), database)
        .map_err(|cause| {
            advised(
                format!("its expression is not translated: {}", cause.reason),
                format!("in T-SQL: {text}"),
            )
        })?;
    let masked = table
        .columns
        .iter()
        .find(|column| column.mask.is_some() && translated.columns.contains(&column.source));
    match masked {
        Some(column) => Err(skipped(format!("its column {} is masked", column.source))),
        None => Ok(translated),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
pub(super) mod tests;
