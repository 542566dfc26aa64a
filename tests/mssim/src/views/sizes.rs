//! Row counts, page counts, statistics and histograms: sys.partitions, allocation_units, dm_db_partition_stats, stats,
//! stats_columns, dm_db_stats_histogram.

use rusqlite::types::ValueRef;

use super::{Depends, NULL, Source, View, row};
use crate::catalog::{IndexDef, IndexForm, Partitioned, TableDef, quote};
use crate::codepage::utf16_len;
use crate::engine::storage_error;
use crate::results::SqlError;
use crate::storage;
use crate::types::{Len, SqlType};
use crate::value::Value;
use crate::views::columns::type_size;

type Rows = Result<Vec<Vec<Value>>, SqlError>;

/// Rows that are looked at for the average size.
const SAMPLE: u32 = 400;
/// Bytes of a page for rows, slot array included.
const PAGE: u64 = 8096;
pub(super) const HISTOGRAM: &str = "dm_db_stats_histogram";
const STEPS: u64 = 200;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "sys",
        name: "partitions",
        depends: Depends::Data,
        columns: "partition_id bigint, object_id int, index_id int, partition_number int, hobt_id bigint, rows bigint null, \
            filestream_filegroup_id smallint, data_compression tinyint, data_compression_desc nvarchar(60) null",
        rows: |s| {
            each(s, |p| vec![row![p.id, p.object_id, p.index_id, p.number, p.id, p.rows, 0, 0, "NONE"]])
        },
    },
    View {
        schema: "sys",
        name: "allocation_units",
        depends: Depends::Data,
        columns: "allocation_unit_id bigint, type tinyint, type_desc nvarchar(60) null, container_id bigint, data_space_id int null, \
            total_pages bigint, used_pages bigint, data_pages bigint",
        rows: |s| {
            each(s, |p| {
                let mut out = vec![row![p.id + 1, 1, "IN_ROW_DATA", p.id, 1, p.reserved, p.used, p.pages]];
                if p.has_lob {
                    let used = if p.lob == 0 { 0 } else { p.lob + 1 };
                    out.push(row![p.id + 2, 2, "LOB_DATA", p.id, 1, used, used, 0]);
                }
                out
            })
        },
    },
    View {
        schema: "sys",
        name: "dm_db_partition_stats",
        depends: Depends::Data,
        columns: "partition_id bigint null, object_id int, index_id int, partition_number int, in_row_data_page_count bigint null, \
            in_row_used_page_count bigint null, in_row_reserved_page_count bigint null, lob_used_page_count bigint null, \
            lob_reserved_page_count bigint null, row_overflow_used_page_count bigint null, row_overflow_reserved_page_count bigint null, \
            used_page_count bigint null, reserved_page_count bigint null, row_count bigint null",
        rows: |s| {
            each(s, |p| {
                vec![row![
                    p.id,
                    p.object_id,
                    p.index_id,
                    p.number,
                    p.pages,
                    p.used,
                    p.reserved,
                    p.lob,
                    p.lob,
                    0,
                    0,
                    p.used + p.lob,
                    p.reserved + p.lob,
                    p.rows
                ]]
            })
        },
    },
    View {
        schema: "sys",
        name: "stats",
        depends: Depends::Catalog,
        columns: "object_id int, name nvarchar(128) null, stats_id int, auto_created bit null, user_created bit null, no_recompute bit null, \
            has_filter bit null, filter_definition nvarchar(max) null, is_temporary bit null, is_incremental bit null",
        rows: |s| {
            let of = |t: &TableDef, i: &IndexDef| {
                row![
                    t.object_id,
                    &i.name,
                    i.id,
                    false,
                    false,
                    false,
                    i.filter.is_some(),
                    i.filter.as_ref(),
                    false,
                    false
                ]
            };
            let made = user_statistics(s).map(|(t, id, d)| {
                row![
                    t.object_id,
                    &d.name,
                    id,
                    false,
                    true,
                    d.no_recompute,
                    d.filter.is_some(),
                    d.filter.as_ref(),
                    false,
                    false
                ]
            });
            let of_indexes = s.catalog.tables.iter().flat_map(|t| t.indexes.iter().map(move |i| of(t, i)));
            Ok(of_indexes.chain(made).collect())
        },
    },
    View {
        schema: "sys",
        name: "stats_columns",
        depends: Depends::Catalog,
        columns: "object_id int, stats_id int, stats_column_id int, column_id int null",
        rows: |s| {
            let mut out = Vec::new();
            for t in &s.catalog.tables {
                for i in &t.indexes {
                    out.extend((1..).zip(&i.keys).map(|(n, k)| row![t.object_id, i.id, n, k.column_id]));
                }
            }
            for (t, id, d) in user_statistics(s) {
                out.extend((1..).zip(&d.columns).map(|(n, k)| row![t.object_id, id, n, *k]));
            }
            Ok(out)
        },
    },
    View {
        schema: "sys",
        name: "dm_db_log_stats",
        depends: Depends::Data,
        columns: "database_id int, recovery_model nvarchar(60), log_min_lsn nvarchar(24), log_end_lsn nvarchar(24)",
        rows: log,
    },
    View {
        schema: "sys",
        name: HISTOGRAM,
        depends: Depends::Data,
        columns: "object_id int, stats_id int, step_number int, range_high_key sql_variant null, range_rows real, equal_rows real, \
            distinct_range_rows bigint, average_range_rows real",
        rows: histograms,
    },
];

/// Those of CREATE STATISTICS, with their tables and ids, which follow those of the indexes.
fn user_statistics<'s>(
    s: &'s Source<'_>,
) -> impl Iterator<Item = (&'s TableDef, i32, &'s crate::catalog::StatisticsDef)> {
    s.catalog.tables.iter().flat_map(move |t| {
        let first = t.indexes.iter().map(|i| i.id).filter(|id| *id < 256_000).max().unwrap_or(1) + 1;
        let own = s.catalog.more.statistics.iter().filter(move |d| d.object_id == t.object_id);
        (first..).zip(own).map(move |(id, d)| (&**t, id, d))
    })
}

/// The end of each database's log: it moves with every statement that changes anything. A snapshot has no log.
fn log(s: &Source<'_>) -> Rows {
    let databases = s.engine.all();
    let logged = databases.iter().filter(|d| d.catalog().source_database_id.is_none());
    Ok(logged
        .map(|d| {
            let end = d.changes.load(std::sync::atomic::Ordering::Acquire);
            row![d.id, "SIMPLE", "00000022:00000001:0001", format!("00000022:{end:08x}:0001")]
        })
        .collect())
}

/// Rows and average sizes of a table as of a version of its data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    /// Number of writes to the table when this was taken.
    pub version: u64,
    pub rows: u64,
    /// Average bytes of each column in the row, and outside of it.
    columns: Vec<(u64, u64)>,
}

/// One partition of an index or a heap.
struct Partition {
    id: i64,
    object_id: i32,
    index_id: i32,
    number: i32,
    rows: i64,
    pages: i64,
    used: i64,
    reserved: i64,
    has_lob: bool,
    lob: i64,
}

/// Whether values may lie outside of the row.
pub(super) fn is_lob(ty: &SqlType) -> bool {
    matches!(
        ty,
        SqlType::VarChar(Len::Max)
            | SqlType::NVarChar(Len::Max)
            | SqlType::VarBinary(Len::Max)
            | SqlType::Text
            | SqlType::NText
            | SqlType::Image
            | SqlType::Xml
            | SqlType::Udt(_)
    )
}

fn statistics(s: &Source<'_>, t: &TableDef) -> Result<Statistics, SqlError> {
    {
        let counters = s.database.counters();
        let version = counters.writes.get(&t.object_id).copied().unwrap_or(0);
        if let Some(known) = counters.statistics.get(&t.object_id)
            && known.version == version
            && known.columns.len() == t.columns.len()
        {
            return Ok(known.clone());
        }
    }
    let version = s.database.counters().writes.get(&t.object_id).copied().unwrap_or(0);
    let failed = |e: rusqlite::Error| storage_error(&e);
    let name = t.sqlite_name();
    let rows: i64 =
        s.conn.query_row(&format!("SELECT count(*) FROM {name}"), [], |r| r.get(0)).map_err(failed)?;
    let columns: Vec<_> = t.columns.iter().map(|c| quote(&c.name)).collect();
    let mut query = s
        .conn
        .prepare(&format!("SELECT {} FROM {name} LIMIT {SAMPLE}", columns.join(", ")))
        .map_err(failed)?;
    let mut sample = query.query([]).map_err(failed)?;
    let mut sums = vec![(0, 0); t.columns.len()];
    let mut n = 0_u64;
    while let Some(row) = sample.next().map_err(failed)? {
        n += 1;
        for (i, (c, sum)) in t.columns.iter().zip(&mut sums).enumerate() {
            let size = value_size(&c.ty, row.get_ref(i).map_err(failed)?);
            // Beyond 8000 bytes a value lies in pages of its own, and the old long types always do.
            let outside = matches!(c.ty, SqlType::Text | SqlType::NText | SqlType::Image) || size > 8000;
            if outside { *sum = (sum.0 + 16, sum.1 + size) } else { sum.0 += size }
        }
    }
    let columns = sums.into_iter().map(|(a, b)| (a.div_ceil(n.max(1)), b.div_ceil(n.max(1)))).collect();
    let found = Statistics { version, rows: u64::try_from(rows).unwrap_or(0), columns };
    s.database.counters().statistics.insert(t.object_id, found.clone());
    Ok(found)
}

fn value_size(ty: &SqlType, v: ValueRef<'_>) -> u64 {
    let variable = |n: usize| u64::try_from(n).unwrap_or(0) + 2;
    match (ty, v) {
        (SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml, ValueRef::Text(t)) => {
            variable(2 * utf16_len(t))
        }
        (SqlType::VarChar(_) | SqlType::Text, ValueRef::Text(t)) => variable(t.len()),
        (
            SqlType::VarBinary(_) | SqlType::Image | SqlType::Udt(_) | SqlType::SqlVariant,
            ValueRef::Blob(b),
        ) => variable(b.len()),
        (SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml | SqlType::VarChar(_) | SqlType::Text, _) => 0,
        (SqlType::VarBinary(_) | SqlType::Image | SqlType::Udt(_) | SqlType::SqlVariant, _) => 0,
        _ => u64::try_from(type_size(ty)).unwrap_or(0),
    }
}

fn each(s: &Source<'_>, make: impl Fn(&Partition) -> Vec<Vec<Value>>) -> Rows {
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        let statistics = statistics(s, t)?;
        let heap = !t.indexes.iter().any(|i| i.clustered);
        let mut one = |index: Option<&IndexDef>, place: Option<Partitioned>| {
            for (n, rows) in (0..).zip(rows_of(s, t, place, statistics.rows)?) {
                let part = Statistics { rows, ..statistics.clone() };
                out.extend(make(&partition(t, index, n, &part)));
            }
            Ok::<_, SqlError>(())
        };
        if heap {
            one(None, t.partitioned)?;
        }
        // Xml and spatial indexes are internal tables, which are not served.
        for i in t.indexes.iter().filter(|i| matches!(i.form, IndexForm::Rows | IndexForm::Columnstore)) {
            one(Some(i), i.partitioned)?;
        }
    }
    Ok(out)
}

/// The rows of each partition.
fn rows_of(s: &Source<'_>, t: &TableDef, place: Option<Partitioned>, all: u64) -> Result<Vec<u64>, SqlError> {
    let Some(place) = place else { return Ok(vec![all]) };
    let function = crate::load::partition::function(s.catalog, place.scheme);
    let (Some(f), Some(column)) = (function, t.column_by_id(place.column_id)) else { return Ok(vec![all]) };
    let mut out = vec![0; f.boundaries.len() + 1];
    let name = quote(&column.name);
    let failed = |e: rusqlite::Error| storage_error(&e);
    let sql = format!("SELECT {name}, count(*) FROM {} GROUP BY {name}", t.sqlite_name());
    let mut query = s.conn.prepare(&sql).map_err(failed)?;
    let mut rows = query.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let value = storage::from_sqlite(&column.ty, row.get_ref(0).map_err(failed)?)?;
        let count: i64 = row.get(1).map_err(failed)?;
        let at = crate::load::partition::number(s.catalog, f, &value)?;
        out[at - 1] += u64::try_from(count).unwrap_or(0);
    }
    Ok(out)
}

fn partition(t: &TableDef, index: Option<&IndexDef>, number: i32, s: &Statistics) -> Partition {
    let whole = index.is_none_or(|i| i.clustered);
    let size = |id: i32| {
        let at = t.columns.iter().position(|c| c.id == id);
        at.and_then(|i| s.columns.get(i)).map_or(0, |k| k.0)
    };
    // Row header 4, null bitmap 2 and a bit for each column; a secondary index carries a locator too.
    let bytes = if whole {
        s.columns.iter().map(|k| k.0).sum::<u64>()
            + 6
            + u64::try_from(t.columns.len()).unwrap_or(0).div_ceil(8)
    } else {
        let keys = index.map_or(0, |i| {
            i.keys.iter().map(|k| size(k.column_id)).chain(i.included.iter().map(|c| size(*c))).sum()
        });
        keys + 12
    };
    let per_page = (PAGE / (bytes + 2)).max(1);
    let pages = s.rows.div_ceil(per_page);
    let lob = if whole { (s.columns.iter().map(|k| k.1).sum::<u64>() * s.rows).div_ceil(PAGE) } else { 0 };
    // The IAM page; above several pages of an index its upper levels.
    let upper = if index.is_some() && pages > 1 { pages.div_ceil(200) } else { 0 };
    let used = if s.rows == 0 { 0 } else { pages + upper + 1 };
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let index_id = index.map_or(0, |i| i.id);
    Partition {
        id: ((i64::from(t.object_id) * (1 << 20) + i64::from(index_id)) * 1024 + i64::from(number)) * 4,
        object_id: t.object_id,
        index_id,
        number: number + 1,
        rows: signed(s.rows),
        pages: signed(pages),
        used: signed(used),
        reserved: signed(used.div_ceil(8) * 8),
        has_lob: whole && t.columns.iter().any(|c| is_lob(&c.ty)),
        lob: signed(lob),
    }
}

/// Equi-depth histograms of the first key column of every index: at most 200 steps, the first at the least value.
fn histograms(s: &Source<'_>) -> Rows {
    let failed = |e: rusqlite::Error| storage_error(&e);
    let mut out = Vec::new();
    for t in &s.catalog.tables {
        let depth = (statistics(s, t)?.rows / (STEPS - 1)).max(1);
        for i in t.indexes.iter().filter(|i| i.filter.is_none()) {
            let Some(column) = i.keys.first().and_then(|k| t.column_by_id(k.column_id)) else { continue };
            let name = quote(&column.name);
            let sql =
                format!("SELECT {name}, count(*) FROM {} GROUP BY {name} ORDER BY {name}", t.sqlite_name());
            let mut query = s.conn.prepare(&sql).map_err(failed)?;
            let mut rows = query.query([]).map_err(failed)?;
            let (mut step, mut range, mut distinct) = (0, 0_u64, 0_i64);
            let mut last: Option<(Value, u64)> = None;
            while let Some(row) = rows.next().map_err(failed)? {
                let count: i64 = row.get(1).map_err(failed)?;
                let count = u64::try_from(count).unwrap_or(0);
                if let Some((key, equal)) = last.take() {
                    if step == 0 || range + equal >= depth {
                        step += 1;
                        out.push(one_step(t, i, column.ty, (step, key, range, equal, distinct)));
                        (range, distinct) = (0, 0);
                    } else {
                        range += equal;
                        distinct += 1;
                    }
                }
                last = Some((storage::from_sqlite(&column.ty, row.get_ref(0).map_err(failed)?)?, count));
            }
            if let Some((key, equal)) = last {
                out.push(one_step(t, i, column.ty, (step + 1, key, range, equal, distinct)));
            }
        }
    }
    Ok(out)
}

fn one_step(
    t: &TableDef,
    i: &IndexDef,
    ty: SqlType,
    (step, key, range, equal, distinct): (i32, Value, u64, u64, i64),
) -> Vec<Value> {
    #[expect(clippy::cast_precision_loss, reason = "the column is real")]
    let real = |n: u64| Value::Real(n as f32);
    #[expect(clippy::cast_precision_loss, reason = "the column is real")]
    let average = if distinct > 0 { Value::Real(range as f32 / distinct as f32) } else { Value::Real(1.0) };
    let key = match key {
        Value::Null => NULL,
        v if super::sizes::is_lob(&ty) || ty == SqlType::RowVersion => v,
        v => Value::Variant(ty, Box::new(v)),
    };
    let key = if matches!(key, Value::Variant(..) | Value::Null) { key } else { NULL };
    row![t.object_id, i.id, step, key, real(range), real(equal), distinct, average]
}
