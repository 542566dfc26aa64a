//! Rows that are left out of a chunk: refused, written down, counted; and what a chunk that is done again knows of
//! them.
//!
//! Without `--rejects` a refused row fails the chunk, with its key. With it, the row goes into the chunk's reject
//! file, or into several if the rows are large. A file is put before the chunk's commit, under a name with the epoch
//! that is never written twice with different content; the `loss` row of the chunk's transaction names it. A file
//! that no such row names belongs to an attempt that never committed, and counts for nothing.

use crate::checkpoint::table_folder;
use crate::convert::encode::{CopyEncoder, Keys, RefusedRow};
use crate::copy::chunk::reject_files::FileOf;
use crate::copy::rules::CopyRules;
use crate::copy::table::books::OpenTable;
use crate::error::{Error, ErrorKind, Result};
use crate::failpoint;
use crate::model::bound::Literal;
use crate::model::counts::{counted, verb};
use crate::model::loss::{Loss, LossRecord, Sample};
use crate::model::plan::{ChunkKey, PlannedTable};
use crate::postgres::writer::CopyFailure;
use crate::sqlserver::chunks::{KeptValue, KeyCapture, LONGEST_ROW, ShownValue, ValueReader};
use crate::sqlserver::wire::WireColumn;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

/// Bytes of a value that a line has at most; fewer once the chunk's files are large.
const LONGEST: usize = 64 * 1024;
const LONGEST_OF_MANY: usize = 1024;
const LARGE: usize = 4 * 1024 * 1024;
/// Lines that are put as a file of their own, so that a worker never holds more of them. Together with one more row,
/// whose values are written in three times their bytes at most, and with the kept rows they are
/// [`crate::limits::memory::REJECTS`].
const PART: usize = 1024 * 1024;
/// Rows that the target gathers before it writes them.
const GATHERED: u64 = 1000;
/// What an attempt leaves for the next one of the same chunk.
#[derive(Debug, Default)]
pub(in crate::copy) struct RejectRetry {
    /// Hashes of rows that PostgreSQL refused, with the column.
    pub(in crate::copy) skip: BTreeMap<u64, usize>,
    /// A row was sent in part that was to be left out.
    pub(in crate::copy) whole_rows: bool,
    /// The last attempt failed only for what is known now.
    again: bool,
}

impl RejectRetry {
    /// Is the chunk to be done again, without a pause? Once.
    pub(in crate::copy) const fn take(&mut self) -> bool {
        std::mem::replace(&mut self.again, false)
    }
}

/// The rows that one attempt leaves out. Dropped without [`Self::committed`], they are not counted for the table.
pub(in crate::copy) struct LeftOutRows<'a> {
    rules: &'a CopyRules,
    open: &'a OpenTable,
    chunk: u32,
    /// By column.
    readers: Vec<ValueReader>,
    /// Places of the key's columns.
    key: Vec<usize>,
    keys: Keys,
    /// Not yet put.
    lines: Vec<u8>,
    /// Names of the files that are put.
    files: Vec<String>,
    /// Bytes of them.
    written: usize,
    count: u64,
    pub(in crate::copy) redo: &'a mut RejectRetry,
}

impl<'a> LeftOutRows<'a> {
    pub(in crate::copy) fn new(
        rules: &'a CopyRules,
        open: &'a OpenTable,
        chunk: u32,
        key: Option<&ChunkKey>,
        wire: &[WireColumn],
        redo: &'a mut RejectRetry,
    ) -> Self {
        let columns = &open.attempt.table.columns;
        let place = |name: &_| columns.iter().position(|column| column.source == *name);
        let key = key
            .map_or_else(Vec::new, |key| key.columns.iter().filter_map(|part| place(&part.name)).collect());
        let keys = keys(&open.attempt.table, &key);
        let readers = wire.iter().map(|column| ValueReader::new(&column.ty)).collect();
        Self {
            rules,
            open,
            chunk,
            readers,
            key,
            keys,
            lines: Vec::new(),
            files: Vec::new(),
            written: 0,
            count: 0,
            redo,
        }
    }

    /// Makes the encoder leave out what is to be left out.
    pub(in crate::copy) fn prepare(&self, encoder: &mut CopyEncoder) {
        encoder.keep_refused_rows(self.keys);
        if self.rules.rejects.is_some() {
            encoder.reject(self.redo.skip.clone(), self.redo.whole_rows);
        }
    }

    /// Looks at the row that made the encoder full: takes it if it was refused, tells its key if that is wanted.
    ///
    /// # Errors
    /// The refusal, if rows are not to be left out; `Value` if they are too many.
    pub(in crate::copy) fn look(&mut self, rows: &mut KeyCapture<CopyEncoder>) -> Result<()> {
        if let Some(row) = rows.inner().refused_row() {
            return self.take(&row, rows);
        }
        if rows.get().wants_key() {
            let key = rows.last();
            rows.inner().key_of_last_row(key.as_ref());
        }
        Ok(())
    }

    fn take(&mut self, row: &RefusedRow, rows: &mut KeyCapture<CopyEncoder>) -> Result<()> {
        // A refused value is not shown, not even as a key.
        let key = rows.last().filter(|_| self.keys == Keys::Told);
        let telling = key.clone().filter(|_| !self.key.contains(&row.column));
        let Some(rejects) = &self.rules.rejects else {
            let place = match (telling, self.keys) {
                (Some(key), _) => Sample::Key(key),
                (None, _) => Sample::Row { chunk: Some(self.chunk), row: row.number },
            };
            return Err(rows.get().refusal(row, &place));
        };
        if row.torn {
            self.redo.whole_rows = true;
            self.redo.again = true;
            let message = "a row is to be left out of which a part was sent; the chunk is done again";
            return Err(Error::new(ErrorKind::Value, message));
        }
        self.count += 1;
        let before = self.open.rejected.fetch_add(1, Ordering::SeqCst);
        if before >= rejects.quota {
            let message = format!(
                "more than {} {} refused (--rejects-quota), so the fault is not in single rows; see --policy and --map for the \
                 column",
                counted(rejects.quota, "row"),
                verb(rejects.quota, "is", "are")
            );
            let name = self.open.attempt.table.columns.get(row.column).map(|column| column.source.clone());
            let error = Error::new(ErrorKind::Value, message);
            return Err(match name {
                Some(name) => error.column(name),
                None => error,
            });
        }
        let limit = if self.written + self.lines.len() > LARGE { LONGEST_OF_MANY } else { LONGEST };
        if self.lines.capacity() == 0 {
            // At once, for growing by doubling would need twice as much.
            self.lines.reserve_exact(PART + 3 * LONGEST_ROW);
        }
        let values = rows.row();
        let line = Line {
            key: key.as_ref(),
            row,
            table: &self.open.attempt.table,
            values: &values,
            readers: &self.readers,
            limit,
        };
        serde_json::to_writer(&mut self.lines, &line).map_err(|error| {
            Error::new(ErrorKind::Bug, "a rejected row cannot be written as JSON").because(error)
        })?;
        self.lines.push(b'\n');
        rows.inner().count_rejected(row, telling.as_ref());
        Ok(())
    }

    /// PostgreSQL refused a row: the chunk is to be done again without it, if rows may be left out and it is known
    /// which.
    pub(in crate::copy) fn refused_by_target(
        &mut self,
        failed: CopyFailure,
        rows: &KeyCapture<CopyEncoder>,
    ) -> Error {
        if let (true, Some(line)) = (failed.too_long, failed.line) {
            return self.too_long(&failed.error, line, rows);
        }
        let encoder = rows.get();
        let (Some(line), ErrorKind::Value) = (failed.line, failed.error.kind()) else { return failed.error };
        let columns = &self.open.attempt.table.columns;
        let column =
            columns.iter().position(|column| Some(column.target.as_str()) == failed.error.column_name());
        if let (Some(rejects), Some(hash)) = (&self.rules.rejects, encoder.hash_of_row(line)) {
            let room = (self.redo.skip.len() as u64) < rejects.quota;
            if room && self.redo.skip.insert(hash, column.unwrap_or(0)).is_none() {
                tracing::info!(table = %self.open.attempt.table.source, chunk = self.chunk, row = line, error = %failed.error,
                    "the target refuses a row; the chunk is done again without it");
                self.redo.again = true;
                return failed.error;
            }
        }
        let ty = column
            .and_then(|place| columns.get(place))
            .map_or("TYPE", |column| column.source_type.name.as_str());
        let message = format!(
            "{}, in row {line} of chunk {}; a plan with --map {ty}=text takes such values as text",
            failed.error.detail(),
            self.chunk
        );
        Error::new(ErrorKind::Value, message)
    }

    /// A row is longer than a page, which the target notices when it writes the rows that it has gathered.
    fn too_long(&self, error: &Error, line: u64, rows: &KeyCapture<CopyEncoder>) -> Error {
        let last = line.min(rows.get().rows());
        let first = last.saturating_sub(GATHERED).max(1);
        let place = match (first == last, rows.last().filter(|_| self.keys == Keys::Told)) {
            (false, _) => format!("in one of the rows {first} to {last} of chunk {}", self.chunk),
            (true, None) => format!("in row {last} of chunk {}", self.chunk),
            (true, Some(key)) => {
                let key: Vec<&str> = key.0.iter().map(Literal::as_str).collect();
                format!("in the row with key ({})", key.join(", "))
            }
        };
        let message = format!(
            "{}, {place}; leave columns out (exclude, of the table in the configuration) or such rows (where)",
            error.detail()
        );
        Error::new(error.kind(), message)
    }

    /// Puts the lines as a file once they are many.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`.
    pub(in crate::copy) async fn put_part(&mut self) -> Result<()> {
        if self.lines.len() < PART {
            return Ok(());
        }
        self.put_lines().await
    }

    async fn put_lines(&mut self) -> Result<()> {
        let Some(rejects) = self.rules.rejects.as_ref().filter(|_| !self.lines.is_empty()) else {
            return Ok(());
        };
        failpoint!("rejects.before_put");
        let attempt = &self.open.attempt;
        let folder = table_folder(&attempt.table);
        let of = FileOf { run: &self.rules.run, folder: &folder, chunk: self.chunk, epoch: attempt.epoch };
        self.written += self.lines.len();
        self.files.push(rejects.put(&of, std::mem::take(&mut self.lines).into()).await?);
        failpoint!("rejects.after_put");
        Ok(())
    }

    /// What the chunk changed; rejected rows with the files that were put for them.
    ///
    /// # Errors
    /// `StoreRefused`, `StoreUnavailable`.
    pub(in crate::copy) async fn put(&mut self, mut losses: Vec<LossRecord>) -> Result<Vec<LossRecord>> {
        self.put_lines().await?;
        for record in losses.iter_mut().filter(|record| record.loss == Loss::Rejected) {
            record.files.clone_from(&self.files);
        }
        Ok(losses)
    }

    /// The rows are left out for good.
    pub(in crate::copy) fn committed(&mut self) {
        self.count = 0;
    }
}

impl Drop for LeftOutRows<'_> {
    fn drop(&mut self) {
        self.open.rejected.fetch_sub(self.count, Ordering::SeqCst);
    }
}

/// Who tells the keys of the table's rows; `key`: the places of its columns.
fn keys(table: &PlannedTable, key: &[usize]) -> Keys {
    if key.is_empty() {
        Keys::Unknown
    } else if key.iter().any(|place| table.columns.get(*place).is_some_and(|column| column.mask.is_some())) {
        Keys::Withheld
    } else {
        Keys::Told
    }
}

/// One row in the reject file.
struct Line<'a> {
    key: Option<&'a crate::model::bound::Bound>,
    row: &'a RefusedRow,
    table: &'a PlannedTable,
    values: &'a [KeptValue<'a>],
    readers: &'a [ValueReader],
    limit: usize,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("row", &self.row.number)?;
        let column = self.table.columns.get(self.row.column).map(|column| &column.source);
        map.serialize_entry("column", &column)?;
        map.serialize_entry("loss", self.row.why())?;
        map.serialize_entry("values", &Values(self))?;
        map.end()
    }
}

struct Values<'a>(&'a Line<'a>);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.0;
        let mut map = serializer.serialize_map(Some(line.values.len()))?;
        for ((column, kept), reader) in line.table.columns.iter().zip(line.values).zip(line.readers) {
            let value = if column.mask.is_some() {
                serde_json::json!({"masked": true})
            } else {
                shown(*kept, reader, line.limit)
            };
            map.serialize_entry(column.source.as_str(), &value)?;
        }
        map.end()
    }
}

fn shown(kept: KeptValue<'_>, reader: &ValueReader, limit: usize) -> serde_json::Value {
    match reader.shown(kept, limit) {
        ShownValue::Null => serde_json::Value::Null,
        ShownValue::Text(text) => text.into(),
        ShownValue::Bytes(bytes) => {
            let mut hex = String::with_capacity(2 * bytes.len());
            for byte in &bytes {
                let _ = write!(hex, "{byte:02X}");
            }
            if bytes.len() as u64 == kept.length {
                serde_json::json!({"hex": hex})
            } else {
                serde_json::json!({"hex": hex, "cut": true, "bytes": kept.length})
            }
        }
    }
}
