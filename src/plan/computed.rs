//! Computed columns: computed by the target if the expression means the same there, else copied as plain values. Pure.

use crate::model::names::ColumnName;
use crate::model::plan::PlannedColumn;
use crate::model::table::{ForeignKey, Index, SourceColumn, SourceTable};
use crate::tsql;
use crate::tsql::{Purpose, ScopeColumn, Volatility};

/// Is it needed by the table's key, or by an index that may become one? Its values then have to arrive as they are.
#[must_use]
pub fn is_key(table: &SourceTable, indexes: &[Index], column: &SourceColumn) -> bool {
    let of_primary = table.primary_key.iter().flat_map(|key| &key.columns);
    let of_unique = indexes.iter().filter(|index| index.table == table.name && index.unique);
    of_primary.chain(of_unique.flat_map(|index| &index.columns)).any(|key| key.name == column.name)
}

/// Is it part of a key by which rows are told apart or found: unique, primary or foreign, on either side?
#[must_use]
pub fn is_compared(
    table: &SourceTable,
    indexes: &[Index],
    foreign_keys: &[ForeignKey],
    column: &SourceColumn,
) -> bool {
    is_key(table, indexes, column)
        || foreign_keys.iter().any(|key| {
            (key.table == table.name && key.columns.contains(&column.name))
                || (key.referenced == table.name && key.referenced_columns.contains(&column.name))
        })
}

/// PostgreSQL's expression of a computed column, for `GENERATED ALWAYS AS … STORED` with this type. `copied` are the
/// columns that are copied. With what is not quite the same about it.
///
/// # Errors
/// Why it is copied as a plain column instead.
pub fn expression(
    column: &SourceColumn,
    target_type: &str,
    copied: &[PlannedColumn],
) -> Result<(String, Vec<String>), String> {
    let text = match column.computed.as_deref() {
        Some(text) if !text.trim().is_empty() => text,
        _ => return Err("its expression is hidden from this login".to_owned()),
    };
    // A masked column has other values, and perhaps another type, in the target.
    let scope: Vec<ScopeColumn<'_>> = copied
        .iter()
        .filter(|there| there.mask.is_none() && there.source != column.name)
        .map(|there| ScopeColumn {
            source: &there.source,
            target: &there.target,
            source_type: &there.source_type,
            target_type: &there.target_type,
            nullable: there.nullable,
        })
        .collect();
    let purpose = Purpose::Generated { source_type: &column.ty, target_type };
    let translated =
        tsql::translate(text, purpose, &scope).map_err(|untranslatable| untranslatable.reason)?;
    if translated.volatility != Volatility::Immutable {
        return Err("its expression does not always give the same value for the same row".to_owned());
    }
    let known = |name: &ColumnName| scope.iter().any(|there| there.source == name);
    match translated.columns.iter().find(|name| !known(name)) {
        Some(missing) => {
            Err(format!("its expression needs the column {missing}, which is not copied as it is"))
        }
        None => Ok((translated.sql, translated.notes)),
    }
}
