//! Secondary indexes and unique constraints.

use super::columns::weaker;
use super::limits::{self, MOST_INDEX_COLUMNS};
use super::long_key::{self, Place};
use super::{Column, Statement, advised, find, skipped, translated};
use crate::model::base_type::BaseType;
use crate::model::names::{ColumnName, quote_target};
use crate::model::objects::IndexKind;
use crate::model::plan::PlannedTable;
use crate::model::policy::Mask;
use crate::model::table::Index;
use crate::tsql::{Purpose, Volatility};

/// The first server with `NULLS NOT DISTINCT`.
const NULLS_NOT_DISTINCT: u32 = 15_00_00;
/// Bytes of an index row that PostgreSQL can keep are 2704; some are its own.
const LONGEST_ROW: u32 = 2600;

/// A secondary index or a unique constraint of the source, under the name it gets from [`crate::postgres::names::Names`].
/// `version` is the target's `server_version_num`.
#[must_use]
pub fn create_index(index: &Index, table: &PlannedTable, name: &str, version: u32) -> Statement {
    build(index, table, name, version).unwrap_or_else(|skipped| skipped)
}

fn build(index: &Index, table: &PlannedTable, name: &str, version: u32) -> Result<Statement, Statement> {
    let mut what = Vec::new();
    if index.disabled {
        return Err(skipped("it is disabled on the source"));
    }
    match &index.kind {
        IndexKind::Clustered | IndexKind::Nonclustered => {}
        IndexKind::Hash => what.push("a btree serves for the hash index of a table in memory".to_owned()),
        kind => {
            return Err(advised(
                format!("{} indexes have no counterpart", kind.as_str().to_lowercase()),
                advice(kind),
            ));
        }
    }
    if index.columns.is_empty() {
        return Err(skipped("its columns are not to be seen"));
    }
    if index.columns.len() > MOST_INDEX_COLUMNS {
        let reason = format!(
            "its key has {} columns, and PostgreSQL's indexes have {MOST_INDEX_COLUMNS} at most",
            index.columns.len()
        );
        return Err(advised(reason, "an index on fewer columns, or on a hash of the others, by hand"));
    }
    let keys = index
        .columns
        .iter()
        .map(|key| Ok((usable(table, &key.name)?, key.descending)))
        .collect::<Result<Vec<_>, Statement>>()?;
    let columns: Vec<Column<'_>> = keys.iter().map(|(column, _)| *column).collect();
    if index.unique {
        may_be_unique(index, table, &columns)?;
        what.extend(weaker(&columns));
    }
    let filter = match &index.filter {
        None => String::new(),
        Some(text) => {
            let filter = translated(table, Some(text), Purpose::Filter)?;
            if filter.volatility != Volatility::Immutable {
                return Err(skipped(format!("the result of its filter is not always the same: {text}")));
            }
            what.extend(filter.notes.iter().cloned());
            format!(" WHERE {}", filter.sql)
        }
    };
    let nullable = index
        .columns
        .iter()
        .zip(&columns)
        .any(|(key, column)| column.nullable && !excludes_null(index.filter.as_deref(), &key.name));
    if index.unique && nullable && version < NULLS_NOT_DISTINCT {
        return Err(advised(
            "it is unique with one NULL, which PostgreSQL before 15 cannot enforce",
            "a unique index, and another one on a constant WHERE the column IS NULL",
        ));
    }
    let distinct = if index.unique && nullable { " NULLS NOT DISTINCT" } else { "" };
    let (quoted, target) = (quote_target(name), table.target.target_sql());
    match table.long_key(Some(&index.name)) {
        Some(key) if !limits::fits(key) => {
            let place = Place { name: quoted, table: target, end: format!("{distinct}{filter}") };
            return long_key::index(index.unique, key, &columns, &place, what);
        }
        Some(_) => what.push(long_key::MAY_BE.to_owned()),
        None => {}
    }
    if index.constraint {
        let columns: Vec<_> = columns.iter().map(|column| column.target.target_sql()).collect();
        let sql =
            format!("ALTER TABLE {target} ADD CONSTRAINT {quoted} UNIQUE{distinct} ({})", columns.join(", "));
        return Ok(Statement::changed(sql, &what));
    }
    let include = included(index, table, &columns, &mut what);
    let list: Vec<_> = keys.iter().map(|(column, descending)| index_column(column, *descending)).collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let sql =
        format!("CREATE {unique}INDEX {quoted} ON {target} ({}){include}{distinct}{filter}", list.join(", "));
    Ok(Statement::changed(sql, &what))
}

/// # Errors
/// Why the target cannot hold the key unique.
fn may_be_unique(index: &Index, table: &PlannedTable, columns: &[Column<'_>]) -> Result<(), Statement> {
    if let Some(masked) =
        columns.iter().find(|column| matches!(column.mask, Some(Mask::Null | Mask::Fixed(_))))
    {
        return Err(skipped(format!("it is unique, and its column {} is masked", masked.target)));
    }
    if let Some(partitioning) = &table.partitioning
        && !index.columns.iter().any(|key| key.name == partitioning.column)
    {
        let reason =
            format!("it is unique without {}, by which the table is partitioned", partitioning.column);
        return Err(advised(reason, "--partitions plain keeps it"));
    }
    Ok(())
}

/// What may serve instead of a kind of index that PostgreSQL has not.
pub(super) fn advice(kind: &IndexKind) -> &'static str {
    match kind {
        IndexKind::ClusteredColumnstore | IndexKind::NonclusteredColumnstore => {
            "a BRIN index on the columns that rows come in the order of, or partitions, help scans of large tables"
        }
        IndexKind::Xml => "a btree index on an xpath() expression, or jsonb with a GIN index",
        IndexKind::Spatial => {
            "with PostGIS: map the column to geometry or geography and CREATE INDEX … USING gist"
        }
        IndexKind::Json => "a GIN index on the jsonb column",
        IndexKind::Vector => "with pgvector: CREATE INDEX … USING hnsw",
        _ => "none",
    }
}

fn usable<'t>(table: &'t PlannedTable, source: &ColumnName) -> Result<Column<'t>, Statement> {
    match find(table, source) {
        None => Err(skipped(format!("its column {source} is not copied"))),
        Some(column) if matches!(column.target_type, "json" | "xml" | "point") => {
            Err(skipped(format!("its column {source} is {}, which cannot be indexed so", column.target_type)))
        }
        Some(column) => Ok(column),
    }
}

/// Does the T-SQL filter leave out the rows where the column is NULL? SQL Server knows no OR in it.
fn excludes_null(filter: Option<&str>, column: &ColumnName) -> bool {
    filter.is_some_and(|filter| {
        filter.to_uppercase().contains(&format!("{} IS NOT NULL", column.source_sql().to_uppercase()))
    })
}

/// INCLUDE, as far as an index row of PostgreSQL has room: it only saves reads.
fn included(index: &Index, table: &PlannedTable, keys: &[Column<'_>], what: &mut Vec<String>) -> String {
    let mut room = keys.iter().fold(LONGEST_ROW, |room, key| room.saturating_sub(width(key).unwrap_or(0)));
    let (mut kept, mut beyond) = (Vec::new(), Vec::new());
    for source in &index.included {
        let Ok(column) = usable(table, source) else {
            what.push(format!("{source} cannot be included"));
            continue;
        };
        if keys.len() + kept.len() >= MOST_INDEX_COLUMNS {
            beyond.push(source.as_str());
            continue;
        }
        match width(&column).filter(|width| *width <= room) {
            Some(width) => {
                room -= width;
                kept.push(column.target.target_sql());
            }
            None => what.push(format!("{source} is not included: PostgreSQL's index rows end at 2704 bytes")),
        }
    }
    if !beyond.is_empty() {
        what.push(format!(
            "not included, as PostgreSQL's indexes have {MOST_INDEX_COLUMNS} columns at most: {}",
            beyond.join(", ")
        ));
    }
    if kept.is_empty() { String::new() } else { format!(" INCLUDE ({})", kept.join(", ")) }
}

/// Bytes that a value may take in the target at most; None: no end.
fn width(column: &Column<'_>) -> Option<u32> {
    let ty = column.source_type;
    let declared = u32::try_from(ty.max_length).ok();
    use BaseType as B;
    match &ty.name {
        B::Text
        | B::NText
        | B::Image
        | B::Xml
        | B::Json
        | B::SqlVariant
        | B::Geometry
        | B::Geography
        | B::Vector => None,
        // UTF-8 takes up to three bytes for a unit of two, or for a byte of a code page.
        B::NChar | B::NVarChar | B::SysName => declared.map(|bytes| bytes / 2 * 3 + 4),
        B::Char | B::VarChar => declared.map(|bytes| bytes * 3 + 4),
        _ => declared.map(|bytes| bytes + 4),
    }
}

/// SQL Server sorts NULL below every value. Columns without NULL keep PostgreSQL's default, which more queries match.
fn index_column(column: &Column<'_>, descending: bool) -> String {
    let order = match (descending, column.nullable) {
        (false, false) => "",
        (false, true) => " NULLS FIRST",
        (true, false) => " DESC",
        (true, true) => " DESC NULLS LAST",
    };
    format!("{}{order}", column.target.target_sql())
}
