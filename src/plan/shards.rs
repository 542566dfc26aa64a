//! Which tables of the plan a pod works on. Pure.

use crate::error::{Error, ErrorKind, Result};
use crate::model::counts::counted;
use crate::model::likeness::{closest_tables, did_you_mean};
use crate::model::names::TableName;
use crate::model::plan::Plan;
use crate::model::plan::PlannedTable;
use crate::model::selection::Selection;

/// The selected tables in plan order; empty only for a shard that has none.
///
/// # Errors
/// `Usage` for a range beyond the plan (naming its size) and for a table that is not in it.
pub fn resolve<'p>(selection: &Selection, plan: &'p Plan) -> Result<Vec<&'p PlannedTable>> {
    let size = plan.tables.len();
    let between = |first: u32, last: u32| {
        plan.tables.iter().filter(|table| (first..=last).contains(&table.index)).collect::<Vec<_>>()
    };
    match selection {
        Selection::All => Ok(plan.tables.iter().collect()),
        Selection::Range { first, last } => {
            if usize::try_from(*last).is_ok_and(|last| last <= size) {
                return Ok(between(*first, *last));
            }
            let message =
                format!("--range {first}-{last} goes beyond the plan, which has {} (1-{size})", tables(size));
            Err(Error::new(ErrorKind::Usage, message))
        }
        Selection::Shard { number, count } => {
            let ranges = ranges(&plan.tables, *count);
            let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            Ok(ranges
                .get(place)
                .copied()
                .flatten()
                .map_or_else(Vec::new, |(first, last)| between(first, last)))
        }
        Selection::Tables(names) => {
            let mut found = names.iter().map(|name| find(plan, name)).collect::<Result<Vec<_>>>()?;
            found.sort_by_key(|table| table.index);
            found.dedup_by_key(|table| table.index);
            Ok(found)
        }
    }
}

/// The table of that source name; exact first, then without regard to case if that is unambiguous.
///
/// # Errors
/// `Usage` if there is none, naming the plan's size and the closest tables.
pub fn find<'p>(plan: &'p Plan, name: &TableName) -> Result<&'p PlannedTable> {
    if let Some(table) = plan.tables.iter().find(|table| table.source == *name) {
        return Ok(table);
    }
    let folded = name.to_string().to_lowercase();
    let mut alike = plan.tables.iter().filter(|table| table.source.to_string().to_lowercase() == folded);
    match (alike.next(), alike.next()) {
        (Some(table), None) => Ok(table),
        _ => {
            let size = tables(plan.tables.len());
            let close = closest_tables(name, plan.tables.iter().map(|table| &table.source));
            let has = match did_you_mean(&close) {
                Some(question) => format!("(it has {size}); {question}"),
                None => format!("(it has {size}; `shardferry status --verbose` lists them)"),
            };
            let message = format!("the plan has no such table {has}");
            Err(Error::new(ErrorKind::Usage, message).table(name))
        }
    }
}

fn tables(count: usize) -> String {
    counted(count as u64, "table")
}

/// Is the table copied in several chunks of so many bytes? One that turns out much larger than planned is cut as well.
#[must_use]
pub fn is_chunked(table: &PlannedTable, chunk_size: u64) -> bool {
    table.chunk_key.is_some() && table.bytes > chunk_size
}

/// What copying a table costs beside its bytes (claim, transaction, checkpoint), in bytes.
const TABLE_COST: u64 = 64 * 1024;

/// Cuts the plan into `count` contiguous ranges (first and last index, inclusive) so that the heaviest is as light as
/// can be; ranges at the end may be empty (None) if there are fewer tables than shards.
#[must_use]
pub fn ranges(tables: &[PlannedTable], count: u32) -> Vec<Option<(u32, u32)>> {
    let weights: Vec<u64> = tables.iter().map(|table| table.bytes.saturating_add(TABLE_COST)).collect();
    let shards = usize::try_from(count.max(1)).unwrap_or(usize::MAX);
    let (mut low, mut high) = (
        weights.iter().copied().max().unwrap_or(0),
        weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(*weight)),
    );
    while low < high {
        let middle = low + (high - low) / 2;
        if cuts(&weights, middle, shards).is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let starts = cuts(&weights, low, shards).unwrap_or_default();
    let mut ranges: Vec<Option<(u32, u32)>> = Vec::with_capacity(shards);
    for (place, start) in starts.iter().enumerate() {
        let end = starts.get(place + 1).copied().unwrap_or(tables.len());
        ranges.push(
            tables
                .get(*start)
                .zip(tables.get(end.wrapping_sub(1)))
                .map(|(first, last)| (first.index, last.index)),
        );
    }
    ranges.resize(shards, None);
    ranges
}

/// Greedy cut: the starts of at most `shards` ranges, none heavier than `limit`, leaving no shard empty while there
/// are tables for it; None if the limit is too small.
fn cuts(weights: &[u64], limit: u64, shards: usize) -> Option<Vec<usize>> {
    let mut starts = Vec::new();
    let mut sum = 0_u64;
    for (place, weight) in weights.iter().enumerate() {
        let tables_left = weights.len() - place;
        let shards_left = shards - starts.len();
        let must_open = !starts.is_empty() && tables_left <= shards_left;
        if starts.is_empty() || sum.saturating_add(*weight) > limit || must_open {
            if shards_left == 0 {
                return None;
            }
            starts.push(place);
            sum = 0;
        }
        sum = sum.saturating_add(*weight);
    }
    Some(starts)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::identity::DatabaseIdentity;
    use crate::model::plan::{PlanOptions, PlannedSource, VERSION};
    use proptest::prelude::*;

    pub(crate) fn plan_of(bytes: &[u64]) -> Plan {
        let tables = bytes
            .iter()
            .zip(1_u32..)
            .map(|(bytes, index)| PlannedTable {
                generated: Vec::new(),
                filter: None,
                partitioning: None,
                index,
                source: TableName::new("dbo", format!("T{index}")),
                target: TableName::new("dbo", format!("T{index}")),
                columns: Vec::new(),
                unsupported: Vec::new(),
                primary_key: Vec::new(),
                chunk_key: None,
                rows: 0,
                bytes: *bytes,
                long_keys: Vec::new(),
                column_fingerprint: String::new(),
                in_memory: false,
            })
            .collect();
        Plan {
            target: None,
            version: VERSION,
            fingerprint: String::new(),
            operation: String::new(),
            digest: String::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            source: PlannedSource {
                server: "s".to_owned(),
                database: "d".to_owned(),
                product_version: "16".to_owned(),
                identity: DatabaseIdentity::default(),
                log_position: None,
            },
            options: PlanOptions::default(),
            tables,
        }
    }

    #[test]
    fn shards_are_contiguous_and_balanced_by_bytes() {
        let mib = 1024 * 1024;
        let plan = plan_of(&[100 * mib, mib, mib, mib, mib, 96 * mib]);
        assert_eq!(ranges(&plan.tables, 3), vec![Some((1, 1)), Some((2, 5)), Some((6, 6))]);
        assert_eq!(ranges(&plan.tables, 1), vec![Some((1, 6))]);
        assert_eq!(ranges(&[], 2), vec![None, None]);
        assert_eq!(ranges(&plan_of(&[1, 1]).tables, 4), vec![Some((1, 1)), Some((2, 2)), None, None]);
    }

    #[test]
    fn a_range_beyond_the_plan_names_its_size() {
        let plan = plan_of(&[1, 2, 3]);
        let error = resolve(&Selection::Range { first: 1, last: 9999 }, &plan).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert_eq!(error.detail(), "--range 1-9999 goes beyond the plan, which has 3 tables (1-3)");
        let range = resolve(&Selection::Range { first: 2, last: 3 }, &plan).unwrap();
        assert_eq!(range.iter().map(|table| table.index).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn tables_are_found_by_name_and_put_in_plan_order() {
        let plan = plan_of(&[1, 2, 3]);
        let chosen = Selection::Tables(vec![
            "dbo.T3".parse().unwrap(),
            "DBO.t1".parse().unwrap(),
            "dbo.T3".parse().unwrap(),
        ]);
        assert_eq!(
            resolve(&chosen, &plan).unwrap().iter().map(|table| table.index).collect::<Vec<_>>(),
            [1, 3]
        );
        let missing = resolve(&Selection::Tables(vec!["dbo.T4".parse().unwrap()]), &plan).unwrap_err();
        assert!(missing.detail().contains("table dbo.T4: the plan has no such table"), "{missing}");
    }

    proptest! {
        #[test]
        fn every_table_is_in_exactly_one_shard(
            bytes in prop::collection::vec(0_u64..1 << 40, 0..200), count in 1_u32..40
        ) {
            let plan = plan_of(&bytes);
            let ranges = ranges(&plan.tables, count);
            prop_assert_eq!(ranges.len(), count as usize);
            let covered: Vec<u32> = ranges.iter().flatten().flat_map(|(first, last)| *first..=*last).collect();
            prop_assert_eq!(covered, (1..=u32::try_from(bytes.len()).unwrap()).collect::<Vec<_>>());
            let empty = ranges.iter().filter(|range| range.is_none()).count();
            prop_assert_eq!(empty, (count as usize).saturating_sub(bytes.len()));
            let through_selection: usize =
                (1..=count).map(|number| resolve(&Selection::Shard { number, count }, &plan).unwrap().len()).sum();
            prop_assert_eq!(through_selection, bytes.len());
        }
    }
}
