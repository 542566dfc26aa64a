//! T-SQL expressions of defaults, checks, index filters and computed columns, as PostgreSQL expressions of the same
//! meaning. What cannot be said with the same meaning is refused with the reason, never approximated.
//!
//! The text is parsed (`parse`) and translated as a typed tree (`walk`): every part has its T-SQL type, since what `+`,
//! `=` and `/` mean depends on it. Constants are converted here, exactly (`constant`, `moment`). `functions` is the table of
//! functions, from which `docs/reference/expressions.md` is made.
//!
//! What SQL Server refuses with an error at run time (an overflow, a division by zero) is no meaning that is kept: such a
//! row is not in the source, and PostgreSQL mostly refuses it too.

mod collation;
mod compare;
mod constant;
mod convert;
mod dates;
mod functions;
mod like;
mod literal;
mod moment;
mod node;
mod odd;
mod offset;
mod operators;
#[cfg(test)]
mod page;
mod parse;
#[cfg(test)]
mod tests;
mod types;
mod walk;

use crate::model::code_page::CodePage;
use crate::model::names::{ColumnName, TableName};
use crate::model::types::SourceType;
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
    /// Source sequences that it names (NEXT VALUE FOR).
    pub sequences: BTreeSet<TableName>,
    /// What is not quite the same and matters to nobody's data, for the assessment: `newsequentialid() becomes random`.
    pub notes: Vec<String>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Untranslatable {
    pub reason: String,
}

type Result<T> = std::result::Result<T, Untranslatable>;

fn refuse<T>(reason: impl Into<String>) -> Result<T> {
    Err(Untranslatable { reason: reason.into() })
}

/// Translates the text as `sys.*` has it: `(getdate())`, `([quantity]>(0))`. Sequences keep their names.
///
/// # Errors
/// [`Untranslatable`] with the part that has no counterpart.
pub fn translate(text: &str, purpose: Purpose<'_>, columns: &[ScopeColumn<'_>]) -> Result<Translated> {
    translate_with(text, purpose, columns, &|sequence| Some(sequence.clone()), None)
}

/// [`translate`], with the names that sequences have in the target (None for one that is not there), and with the
/// collation of the source's database, whose code page texts without N are of.
///
/// # Errors
/// [`Untranslatable`] with the part that has no counterpart.
pub fn translate_with(
    text: &str,
    purpose: Purpose<'_>,
    columns: &[ScopeColumn<'_>],
    sequences: &dyn Fn(&TableName) -> Option<TableName>,
    database: Option<&str>,
) -> Result<Translated> {
    let parsed = parse::expression(text)?;
    let mut walk = walk::Walk::new(purpose, columns, sequences);
    walk.database = database.and_then(CodePage::named);
    let node = match purpose {
        Purpose::Default(column) => {
            let node = walk.value(&parsed)?;
            walk.assigned(&node, column)?
        }
        Purpose::Check | Purpose::Filter => walk.predicate(&parsed)?,
        Purpose::Generated { source_type, target_type } => {
            let node = walk.value(&parsed)?;
            walk.generated(&node, source_type, target_type)?
        }
    };
    let immutable = matches!(purpose, Purpose::Filter | Purpose::Generated { .. });
    if immutable && node.volatility != Volatility::Immutable {
        return refuse("its result can change while the row stays the same, which PostgreSQL forbids here");
    }
    Ok(walk.finish(node))
}
