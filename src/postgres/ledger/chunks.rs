//! The chunks of a table: where they begin and end, and which are committed.

use super::{Client, Transaction, fenced, read, stored};
use crate::error::{Error, ErrorKind, Result};
use crate::model::bound::{Bound, KeyRange};
use crate::postgres::client::{Parameter, get};
use crate::postgres::server_error;
use std::collections::BTreeMap;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

/// One committed chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    pub run: String,
    /// 1-based place of the table in the plan.
    pub table: u32,
    /// 0-based number of the chunk in the table; not its place, since a chunk may be cut.
    pub chunk: u32,
    pub epoch: u64,
    pub rows: u64,
    /// COPY BINARY bytes, without header and trailer.
    pub bytes: u64,
    /// Order-free sum over the rows' hashes.
    pub checksum: u64,
}

/// One chunk, committed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub number: u32,
    pub range: KeyRange,
    /// Of a committed one.
    pub marker: Option<Marker>,
}

/// All of a begun table: every chunk that was ever pinned has its marker, and none is gone.
#[must_use]
pub fn all_committed(chunks: &[Chunk]) -> bool {
    is_chain(chunks) && chunks.iter().all(|chunk| chunk.marker.is_some())
}

/// Whether the chunks follow one another from one open end to the other: each upper bound is the lower bound of one
/// other chunk. A row of the ledger that is gone leaves a gap. False if there is none at all.
#[must_use]
pub fn is_chain(chunks: &[Chunk]) -> bool {
    let mut lower: Vec<_> = chunks.iter().map(|chunk| &chunk.range.after).collect();
    let mut upper: Vec<_> = chunks.iter().map(|chunk| &chunk.range.through).collect();
    lower.sort();
    upper.sort();
    // Of a chain, only all chunks together can be left out without a difference.
    !chunks.is_empty() && lower == upper
}

/// How much of a table is committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub chunks: u32,
    pub committed: u32,
    pub rows: u64,
    pub bytes: u64,
    /// The rows of the target table are those of these chunks: no other run has begun it since, and it was not made
    /// anew.
    pub held: bool,
    /// As [`is_chain`].
    pub chain: bool,
}

impl Tally {
    /// Another run has begun the target table since, or it was made anew.
    #[must_use]
    pub const fn is_replaced(&self) -> bool {
        self.chunks > 0 && !self.held
    }

    /// As [`all_committed`], by the counts, and the rows are there.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.chunks > 0 && self.chunks == self.committed && self.held && self.chain
    }
}

fn text_of(bound: Option<&Bound>) -> Result<Option<String>> {
    bound.map(serde_json::to_string).transpose().map_err(|error| {
        Error::new(ErrorKind::Bug, "a chunk's bound cannot be written as JSON").because(error)
    })
}

fn bound_of(text: Option<&str>) -> Result<Option<Bound>> {
    text.map(serde_json::from_str).transpose().map_err(|error| {
        let message = "a chunk's bound in the target's ledger cannot be read";
        Error::new(ErrorKind::TableDamaged, message).because(error)
    })
}

/// Pins a chunk that is to be copied.
///
/// # Errors
/// `Fenced` if there is one of this number already: somebody else works on the table.
pub async fn pin(
    transaction: &Transaction<'_>,
    run: &str,
    table: u32,
    number: u32,
    range: &KeyRange,
) -> Result<()> {
    let (index, chunk): (i32, i32) = (stored(table, "the table index")?, stored(number, "the chunk")?);
    let (lower, upper) = (text_of(range.after.as_ref())?, text_of(range.through.as_ref())?);
    let parameters: [Parameter<'_>; 5] = [&run, &index, &chunk, &lower, &upper];
    taken_is_fenced(transaction.execute_raw(include_str!("../sql/pin_chunk.sql"), &parameters).await?, number)
}

/// Ends a pinned chunk earlier, behind the row with the key `through`.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn cut(
    transaction: &Transaction<'_>,
    run: &str,
    table: u32,
    number: u32,
    through: &Bound,
) -> Result<()> {
    let (index, chunk): (i32, i32) = (stored(table, "the table index")?, stored(number, "the chunk")?);
    let upper = text_of(Some(through))?;
    let parameters: [Parameter<'_>; 4] = [&run, &index, &chunk, &upper];
    transaction.execute(include_str!("../sql/cut_chunk.sql"), &parameters).await.map(drop)
}

/// Writes the marker of a table's only chunk, which was not pinned before.
///
/// # Errors
/// `Fenced` if the chunk is there already: somebody else copied it.
pub async fn insert_marker(transaction: &Transaction<'_>, marker: &Marker) -> Result<()> {
    mark(transaction, marker, include_str!("../sql/insert_marker.sql")).await
}

/// Writes the marker of a pinned chunk.
///
/// # Errors
/// `Fenced` if it is committed, or not there any more.
pub async fn fill_marker(transaction: &Transaction<'_>, marker: &Marker) -> Result<()> {
    mark(transaction, marker, include_str!("../sql/fill_marker.sql")).await
}

async fn mark(transaction: &Transaction<'_>, marker: &Marker, sql: &str) -> Result<()> {
    let (index, chunk): (i32, i32) =
        (stored(marker.table, "the table index")?, stored(marker.chunk, "the chunk")?);
    let epoch: i64 = stored(marker.epoch, "the epoch")?;
    let (rows, bytes): (i64, i64) =
        (stored(marker.rows, "the row count")?, stored(marker.bytes, "the byte count")?);
    let checksum = marker.checksum.cast_signed();
    let parameters: [Parameter<'_>; 7] = [&marker.run, &index, &chunk, &epoch, &rows, &bytes, &checksum];
    taken_is_fenced(transaction.execute_raw(sql, &parameters).await?, marker.chunk)
}

/// One row was written, or somebody else was here.
fn taken_is_fenced(written: Result<u64, tokio_postgres::Error>, number: u32) -> Result<()> {
    let taken = || fenced(format!("chunk {number} was already committed by another session"));
    match written {
        Ok(1) => Ok(()),
        Ok(_) => Err(taken()),
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Err(taken()),
        Err(error) => Err(server_error(error)),
    }
}

/// The chunks of a table by their numbers; none if it was never begun.
///
/// # Errors
/// `TableDamaged` for a bound that is none; see [`crate::postgres::errors::kind`].
pub async fn chunks(client: &Client, run: &str, table: u32) -> Result<Vec<Chunk>> {
    let index: i32 = stored(table, "the table index")?;
    let rows = client.query(include_str!("../sql/chunks.sql"), &[&run, &index]).await?;
    rows.iter().map(|row| chunk_of(run, table, row)).collect()
}

fn chunk_of(run: &str, table: u32, row: &Row) -> Result<Chunk> {
    let number = read(get::<i32>(row, 0)?)?;
    let marker = if get::<bool>(row, 7)? {
        Some(Marker {
            run: run.to_owned(),
            table,
            chunk: number,
            epoch: read(get::<i64>(row, 3)?)?,
            rows: read(get::<i64>(row, 4)?)?,
            bytes: read(get::<i64>(row, 5)?)?,
            checksum: get::<i64>(row, 6)?.cast_unsigned(),
        })
    } else {
        None
    };
    let range = KeyRange { after: bound_of(get(row, 1)?)?, through: bound_of(get(row, 2)?)? };
    Ok(Chunk { number, range, marker })
}

/// How much of each begun table of the run is committed, by table index; for good, by the time it is said
/// ([`Client::query_flushed`]).
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn tallies(client: &Client, run: &str) -> Result<BTreeMap<u32, Tally>> {
    let rows = client.query_flushed(include_str!("../sql/tallies.sql"), &[&run]).await?;
    rows.iter().map(tally_of).collect()
}

pub(super) fn tally_of(row: &Row) -> Result<(u32, Tally)> {
    let tally = Tally {
        chunks: read(get::<i64>(row, 1)?)?,
        committed: read(get::<i64>(row, 2)?)?,
        rows: read(get::<i64>(row, 3)?)?,
        bytes: read(get::<i64>(row, 4)?)?,
        held: get(row, 5)?,
        chain: get(row, 6)?,
    };
    Ok((read(get::<i32>(row, 0)?)?, tally))
}

/// Forgets the chunks of one table inside the transaction that truncates it.
///
/// # Errors
/// `TargetUnavailable` if the connection breaks or the server may answer later; `TargetPermission` or
/// `TargetRefused` if it refuses the statement.
pub async fn forget_chunks(transaction: &Transaction<'_>, run: &str, table: u32) -> Result<()> {
    let index: i32 = stored(table, "the table index")?;
    let sql = "DELETE FROM shardferry.chunk WHERE run_id = $1 AND table_index = $2";
    transaction.execute(sql, &[&run, &index]).await.map(drop)
}
