//! What PostgreSQL has no room for (documentation, appendix K "PostgreSQL Limits"), with its pages of 8 KiB. Pure.

use super::{Column, find};
use crate::model::base_type::BaseType;
use crate::model::names::ColumnName;
use crate::model::plan::{LongKey, PlannedTable};
use crate::model::policy::Mask;
use crate::model::types::SourceType;

/// Columns of a table.
pub const MOST_COLUMNS: usize = 1600;
/// Columns of an index, those of INCLUDE among them.
pub const MOST_INDEX_COLUMNS: usize = 32;
/// Bytes of an index row of a btree.
pub const LONGEST_INDEX_ROW: u64 = 2704;
/// Those of its header, with a bitmap of NULLs.
const INDEX_HEADER: u64 = 16;

/// Does the longest entry of a key fit an index row? One that nobody knows does not.
#[must_use]
pub fn fits(key: &LongKey) -> bool {
    key.longest.is_some_and(|longest| longest <= LONGEST_INDEX_ROW)
}

/// How long an index entry may become: `fixed`, and for each of `columns` so many half bytes for a byte of it in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLength {
    pub fixed: u64,
    pub columns: Vec<(ColumnName, u64)>,
}

/// How long an entry of these key columns may become, if it may become longer than an index row; None if it always fits.
#[must_use]
pub fn long_entry(table: &PlannedTable, key: &[ColumnName]) -> Option<EntryLength> {
    let mut entry = EntryLength { fixed: INDEX_HEADER, columns: Vec::new() };
    let mut most = 0;
    for name in key {
        let column = find(table, name)?;
        let (fixed, half_bytes) = key_length(&column);
        entry.fixed += fixed;
        if half_bytes > 0 {
            most += u64::try_from(column.source_type.max_length).unwrap_or(u64::from(u16::MAX)) * half_bytes;
            entry.columns.push((name.clone(), half_bytes));
        }
    }
    (entry.fixed + most.div_ceil(2) > LONGEST_INDEX_ROW).then_some(entry)
}

/// Bytes of a column in an index row at most, padding included, and half bytes for each byte of the source.
pub(super) fn key_length(column: &Column<'_>) -> (u64, u64) {
    use BaseType as B;
    /// Head and padding of a value without a fixed length.
    const HEAD: u64 = 8;
    match column.mask {
        Some(Mask::Hash) => return (HEAD + 64, 0),
        Some(Mask::Fixed(text)) => return (HEAD + text.len() as u64, 0),
        _ => {}
    }
    match &column.source_type.name {
        B::Char | B::VarChar => (HEAD, half_bytes_of_text(column.source_type)),
        // Three bytes of UTF-8 for a unit of two, four for a pair of them.
        B::NChar | B::NVarChar | B::SysName => (HEAD, 3),
        B::Binary | B::VarBinary if column.target_type == "bytea" => (HEAD, 2),
        // As text, two digits a byte.
        B::Binary | B::VarBinary => (HEAD + 2, 4),
        // Steps of a path, each of a few bits.
        B::HierarchyId if column.target_type == "bytea" => (HEAD, 2),
        B::HierarchyId => (HEAD, 16),
        // With its type as text.
        B::SqlVariant => (HEAD + 64, 6),
        // Numbers, moments and identifiers, as what they are or as text.
        _ => (HEAD + 64, 0),
    }
}

/// Up to three bytes of UTF-8 for a byte of a code page, unless that is UTF-8 itself.
fn half_bytes_of_text(ty: &SourceType) -> u64 {
    let utf8 = ty.collation.as_deref().is_some_and(|name| name.to_uppercase().ends_with("_UTF8"));
    if utf8 { 2 } else { 6 }
}
