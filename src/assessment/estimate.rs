//! How much there is: rows, bytes, disk and time. Rules of thumb, said as such (`docs/reference/assessment.md`).

use super::Material;
use crate::model::objects::SourceObjects;
use crate::model::plan::PlannedTable;
use serde::Serialize;

/// Bytes of a row beside its values: header (24) and line pointer (4).
const ROW_OVERHEAD: u64 = 28;
/// Bytes of an index entry beside its values.
const ENTRY_OVERHEAD: u64 = 16;
/// What a text or bytes of any length weigh in an index.
const LONG_VALUE: u64 = 32;
/// Bytes of the source that one job copies in a second.
pub(super) const RATE: u64 = 50_000_000;

/// An estimate, by the source's own statistics. Filters are not taken into account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    pub tables: u64,
    pub rows: u64,
    /// Of the source.
    pub bytes: u64,
    /// Of the target, tables and indexes.
    pub target_bytes: u64,
    pub jobs: u64,
    pub seconds: u64,
}

/// Disk: the source's bytes and 28 for every row; for every index 16 bytes an entry and its columns. Time: 50 MB of the
/// source a second and job, and the same again for the bytes of the indexes.
pub(super) fn estimate(material: &Material<'_>, jobs: usize) -> Estimate {
    let mut estimate = Estimate { jobs: u64::try_from(jobs.max(1)).unwrap_or(1), ..Estimate::default() };
    let mut index_bytes = 0_u64;
    for table in &material.plan.tables {
        estimate.tables += 1;
        estimate.rows = estimate.rows.saturating_add(table.rows);
        estimate.bytes = estimate.bytes.saturating_add(table.bytes);
        estimate.target_bytes = estimate
            .target_bytes
            .saturating_add(table.bytes)
            .saturating_add(table.rows.saturating_mul(ROW_OVERHEAD));
        index_bytes = index_bytes.saturating_add(of_indexes(table, material.objects));
    }
    estimate.target_bytes = estimate.target_bytes.saturating_add(index_bytes);
    let moved = estimate.bytes.saturating_add(index_bytes);
    estimate.seconds = moved.div_ceil(RATE.saturating_mul(estimate.jobs));
    estimate
}

fn of_indexes(table: &PlannedTable, objects: &SourceObjects) -> u64 {
    let width = |name: &crate::model::names::ColumnName| {
        let column = table.columns.iter().find(|column| column.source == *name);
        column.map_or(0, |column| match u64::try_from(column.source_type.max_length) {
            Ok(bytes) => bytes.min(LONG_VALUE),
            Err(_) => LONG_VALUE,
        })
    };
    let mut entry = 0_u64;
    if !table.primary_key.is_empty() {
        entry += ENTRY_OVERHEAD + table.primary_key.iter().map(width).sum::<u64>();
    }
    let of_table = objects.indexes.iter().filter(|index| index.table == table.source && !index.disabled);
    for index in of_table.filter(|index| index.kind.is_ordered()) {
        let keys = index.columns.iter().map(|column| &column.name);
        entry += ENTRY_OVERHEAD + keys.chain(&index.included).map(width).sum::<u64>();
    }
    table.rows.saturating_mul(entry)
}
