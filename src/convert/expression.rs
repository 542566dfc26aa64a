//! T-SQL expressions of defaults, checks, index filters and computed columns, as PostgreSQL expressions of the same
//! meaning. What cannot be said with the same meaning is refused with the reason, never approximated.

use crate::schema::{ColumnName, SourceType};
use std::collections::BTreeSet;

/// A column that the expression may name.
#[derive(Debug, Clone, Copy)]
pub struct ScopeColumn<'t> {
    pub source: &'t ColumnName,
    pub target: &'t ColumnName,
    pub source_type: &'t SourceType,
    /// As in DDL.
    pub target_type: &'t str,
    pub nullable: bool,
}

/// What the expression is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'t> {
    /// DEFAULT of this column: no column may be named.
    Default(ScopeColumn<'t>),
    /// CHECK of the table: unknown (NULL) passes.
    Check,
    /// WHERE of an index.
    Filter,
    /// GENERATED ALWAYS AS of a computed column with this type in the target: must be immutable.
    Generated { source_type: &'t SourceType, target_type: &'t str },
}

/// PostgreSQL's words for it, best first: what may stand in an index or a generated column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}

/// An expression of the same meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// Without surrounding parentheses that it does not need.
    pub sql: String,
    pub volatility: Volatility,
    /// Source columns that it names.
    pub columns: BTreeSet<ColumnName>,
    /// What is not quite the same and matters to nobody's data, for the assessment: `newsequentialid() becomes random`.
    pub notes: Vec<String>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Untranslatable {
    pub reason: String,
}

/// Translates the text as `sys.*` has it: `(getdate())`, `([quantity]>(0))`.
///
/// # Errors
/// [`Untranslatable`] with the part that has no counterpart.
pub fn translate(
    _text: &str,
    _purpose: Purpose<'_>,
    _columns: &[ScopeColumn<'_>],
) -> Result<Translated, Untranslatable> {
    Err(Untranslatable { reason: "expressions are not translated yet".to_owned() })
}
