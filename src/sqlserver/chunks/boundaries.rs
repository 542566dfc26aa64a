//! Where to cut a table before it is read: keys between parts of about equal bytes.
//!
//! In this order, the first that can be had:
//! 1. The histogram of the key's index, for a key of one column, if rows are about equally wide and no step of the
//!    statistics is larger than a chunk. It costs nothing, and is refused if it no longer counts the table's rows.
//! 2. A sample of pages (TABLESAMPLE), complete keys with the bytes of their rows, sorted by the source. A table that
//!    has hardly more pages than the sample, or few rows, is read whole, keys only.
//! 3. For a key that is not clustered: probes, a number of rows apart, which read the index alone. For a clustered key
//!    there is no need: its chunks are cut while they are read.
//!
//! What the login may not read or the server is too old for leads to the next one; only transient errors are errors.
//! Keys are sorted and compared by the source alone.

use super::candidates::Candidates;
use super::key_parts;
use crate::error::Result;
use crate::model::base_type::BaseType;
use crate::model::bound::{Bound, KeyRange, Literal};
use crate::model::plan::{ChunkKey, PlannedTable};
use crate::model::types::SourceType;
use crate::sqlserver::client::Client;
use crate::sqlserver::connection_errors::tiberius_error;
use crate::sqlserver::select::{KeyPart, WantedRows, cast_value, order_by, where_range};
use std::fmt::Write as _;

/// More chunks than this are never made: they get larger instead.
const MOST_CHUNKS: u64 = 10_000;
const PAGE_BYTES: u64 = 8192;
const PAGES_A_CHUNK: u64 = 20;
/// Of a sample.
const MOST_PAGES: u64 = 50_000;
/// Of so few rows all keys are read. Rows that are wider than a page keep their values elsewhere, and a sample takes
/// whole pages of keys: of a few hundred such rows it would have all or none.
const FEW_ROWS: u64 = 10_000;
/// A value that is declared no longer than this counts as half full.
const SHORT: i16 = 16;

/// Keys that cut the table into parts of about `chunk_bytes`, strictly increasing in the key's order: n of them make
/// n + 1 chunks, none makes one. At most 10,000 chunks.
///
/// # Errors
/// Transient ones of the source (the connection is closed then), `CheckpointDamaged` for a plan whose key is none.
pub async fn boundaries(
    client: &mut Client,
    table: &PlannedTable,
    key: &ChunkKey,
    chunk_bytes: u64,
) -> Result<Vec<Bound>> {
    let chunks = (table.bytes / chunk_bytes.max(1)).min(MOST_CHUNKS);
    if chunks < 2 {
        return Ok(Vec::new());
    }
    let parts = key_parts(table, key)?;
    let job = Job { table, key, parts: &parts, chunks };
    if let Some(bounds) = histogram(client, &job).await? {
        return Ok(bounds);
    }
    if let Some(bounds) = sample(client, &job).await? {
        return Ok(bounds);
    }
    if key.clustered { Ok(Vec::new()) } else { probes(client, &job).await }
}

struct Job<'a> {
    table: &'a PlannedTable,
    key: &'a ChunkKey,
    parts: &'a [KeyPart],
    chunks: u64,
}

impl Job<'_> {
    fn candidates(&self) -> usize {
        usize::try_from(self.chunks).unwrap_or(usize::MAX)
    }

    fn wanted<'r>(&'r self, range: &'r KeyRange) -> WantedRows<'r> {
        WantedRows { range, filter: self.table.filter.as_deref(), in_memory: self.table.in_memory }
    }

    fn key_list(&self) -> String {
        self.parts.iter().map(|part| part.name.source_sql()).collect::<Vec<_>>().join(", ")
    }
}

async fn histogram(client: &mut Client, job: &Job<'_>) -> Result<Option<Vec<Bound>>> {
    let [part] = job.parts else { return Ok(None) };
    // Statistics count all rows, not those that the filter leaves.
    if job.table.filter.is_some() || !even_rows(job.table) {
        return Ok(None);
    }
    let size = include_str!("../sql/histogram_size.sql")
        .replace("{table}", Literal::unicode(&job.table.source.source_sql()).as_str())
        .replace("{index}", Literal::unicode(&job.key.index).as_str());
    let Some(rows) = allowed(client, &size, "statistics").await? else { return Ok(None) };
    let number = |name: &str| {
        let value = rows.first().and_then(|row| row.try_get::<i64, _>(name).ok().flatten());
        value.and_then(|value| u64::try_from(value).ok())
    };
    let (Some(counted), Some(largest)) = (number("row_count"), number("largest_step")) else {
        return Ok(None);
    };
    let current = counted.abs_diff(job.table.rows) <= job.table.rows / 8;
    if !current || largest > counted / job.chunks {
        return Ok(None);
    }
    let sql = histogram_sql(job.table, job.key, part);
    let found = Candidates::read(client, &sql, job.table, job.key, job.candidates()).await?;
    // A row or a step that has no exact literal is missing here; too many of them, and chunks get too large.
    let bounds = found.cut(job.chunks);
    Ok((bounds.len() as u64 * 4 >= (job.chunks - 1) * 3).then_some(bounds))
}

/// The keys of the steps, converted from sql_variant to the type of the column and sorted as its index.
fn histogram_sql(table: &PlannedTable, key: &ChunkKey, part: &KeyPart) -> String {
    let name = part.name.source_sql();
    let value = cast_value("h.range_high_key", true, &part.ty);
    format!(
        "SELECT k.{name}, k.[shardferry weight] FROM (SELECT {value} AS {name}, CAST(h.range_rows + h.equal_rows AS bigint) AS [shardferry weight] \
         FROM sys.stats AS s CROSS APPLY sys.dm_db_stats_histogram(s.object_id, s.stats_id) AS h \
         WHERE s.object_id = OBJECT_ID({}) AND s.name = {}) AS k ORDER BY k.{name}{}",
        Literal::unicode(&table.source.source_sql()).as_str(),
        Literal::unicode(&key.index).as_str(),
        if part.descending { " DESC" } else { "" }
    )
}

/// No row can be much wider than the average, so that rows stand for bytes.
fn even_rows(table: &PlannedTable) -> bool {
    let widest = |ty: &SourceType| u64::try_from(ty.max_length).ok();
    let widest: Option<u64> = table.columns.iter().map(|column| widest(&column.source_type)).sum();
    let average = table.bytes / table.rows.max(1);
    widest.is_some_and(|bytes| bytes <= average.saturating_mul(4))
}

async fn sample(client: &mut Client, job: &Job<'_>) -> Result<Option<Vec<Bound>>> {
    let pages = (job.table.bytes / PAGE_BYTES).max(1);
    let wanted = (job.chunks * PAGES_A_CHUNK).min(MOST_PAGES);
    let whole = wanted * 2 >= pages || job.table.rows <= FEW_ROWS;
    let from = if whole {
        String::new()
    } else {
        // The server does this for local tables only; asked before, since a refused bulk query costs the connection.
        let table = job.table.source.source_sql();
        let probe = format!("SELECT TOP (1) CONVERT(int, 1) AS one FROM {table} TABLESAMPLE SYSTEM (1 ROWS)");
        if allowed(client, &probe, "a sample").await?.is_none() {
            return Ok(None);
        }
        format!(" TABLESAMPLE SYSTEM ({} PERCENT)", percent(wanted, pages))
    };
    let sql = sample_sql(job, &from)?;
    let found = Candidates::read(client, &sql, job.table, job.key, job.candidates()).await?;
    // So few rows say nothing of the table.
    let too_few = !whole && found.rows() < job.chunks * 4;
    let bounds = found.cut(job.chunks);
    Ok((!too_few && (!bounds.is_empty() || whole)).then_some(bounds))
}

/// With four decimals, never 0.
fn percent(wanted: u64, pages: u64) -> String {
    let millionths = (u128::from(wanted) * 1_000_000 / u128::from(pages.max(1))).clamp(1, 1_000_000);
    format!("{}.{:04}", millionths / 10_000, millionths % 10_000)
}

/// Keys with the bytes of their rows: what is declared short by its declaration, the rest measured.
fn sample_sql(job: &Job<'_>, from: &str) -> Result<String> {
    let mut fixed = 1_u64;
    let mut weight = String::new();
    for column in &job.table.columns {
        let ty = &column.source_type;
        let variable =
            matches!(ty.name, BaseType::VarChar | BaseType::NVarChar | BaseType::VarBinary | BaseType::Xml);
        if variable && !(0..=SHORT).contains(&ty.max_length) {
            let _ = write!(weight, " + ISNULL(DATALENGTH({}), 0)", column.source.source_sql());
        } else {
            let bytes = u64::try_from(ty.max_length).unwrap_or(0);
            fixed += if variable { bytes / 2 } else { bytes };
        }
    }
    Ok(format!(
        "SELECT {}, CAST({fixed}{weight} AS bigint) AS [shardferry weight] FROM {}{from}{}{}",
        job.key_list(),
        job.table.source.source_sql(),
        where_range(job.parts, job.wanted(&KeyRange::default()))?,
        order_by(job.parts)
    ))
}

/// One key in so many rows, each found from the one before. Reads the key's index once, from end to end.
async fn probes(client: &mut Client, job: &Job<'_>) -> Result<Vec<Bound>> {
    let step = (job.table.rows / job.chunks).max(1);
    let mut bounds: Vec<Bound> = Vec::new();
    // The estimate of the rows may be far too low: no more than are wanted, the last chunk is larger then.
    while (bounds.len() as u64) < job.chunks - 1 {
        let range = KeyRange { after: bounds.last().cloned(), through: None };
        let sql = format!(
            "SELECT {}, CAST(1 AS bigint) AS [shardferry weight] FROM {}{}{} OFFSET {} ROWS FETCH NEXT 1 ROWS ONLY",
            job.key_list(),
            job.table.source.source_sql(),
            where_range(job.parts, job.wanted(&range))?,
            order_by(job.parts),
            step - 1
        );
        let Some(bound) = Candidates::read(client, &sql, job.table, job.key, 1).await?.first() else { break };
        if bounds.last() == Some(&bound) {
            break;
        }
        bounds.push(bound);
    }
    Ok(bounds)
}

/// The rows of a query that may be refused: None then. A transient error is an error.
async fn allowed(client: &mut Client, sql: &str, what: &str) -> Result<Option<Vec<tiberius::Row>>> {
    match client.try_rows(sql).await? {
        Ok(rows) => Ok(Some(rows)),
        Err(token) => {
            let error = tiberius_error(tiberius::error::Error::Server(token));
            if error.policy().retry {
                return Err(error);
            }
            tracing::debug!(%error, "{what} cannot be had; chunks are found in another way");
            Ok(None)
        }
    }
}
