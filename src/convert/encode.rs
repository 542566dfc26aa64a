//! Wire values to COPY BINARY tuples: one operation a column, chosen once; no allocation a value.
//!
//! A tuple is a 16-bit field count, then for every field 32 bits of length (-1: NULL) and what the PostgreSQL type's
//! receive function reads (PostgreSQL documentation, COPY, "Binary Format"). Header and trailer are the writer's.
//! A value that PostgreSQL cannot hold is refused with table and column, never the value. That ends the encoding at
//! once, or, after [`CopyEncoder::keep_refused_rows`], the whole row at its end: nothing of it is in the output then. A
//! policy may put something else in the value's place (`policies.rs`); the row is counted then ([`Losses`]). A value
//! that is as it should be costs no more than one look at its column.
//!
//! What is complete can be taken in the middle of a row: every byte but those of a text that is still being collected
//! (see [`BufferLimits`]). Counters and checksum are those of whole rows, however they were taken.

use super::operation::{Operation, operation};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::memory::{BufferLimits, LARGEST_FIELD};
use crate::model::bound::Bound;
use crate::model::counts::counted;
use crate::model::loss::{LossRecord, Sample};
use crate::model::plan::PlannedTable;
use crate::model::policy::Policies;
use crate::sqlserver::wire::{RowEncoder, WireColumn};
use bytes::Bytes;
pub(super) use field::field;
use field::{close, encode};
use long_value::LongValue;
pub use losses::{Keys, Losses};
use mask::MaskedValue;
use policies::Watch;
use refusal::Refusal;
pub use refused_rows::RefusedRow;
use refused_rows::{OnRefusal, RowFate};
use row_parts::RowParts;
use short_cut::ShortCut;

pub(super) mod alternative;
pub(super) mod as_text;
mod field;
mod long_value;
mod losses;
mod mask;
mod policies;
#[cfg(test)]
mod policy_tests;
mod refusal;
mod refused_rows;
mod row_parts;
mod short_cut;
mod spatial;
pub(super) mod structured;
#[cfg(test)]
mod tests;
pub(super) mod variant;
mod vector;

/// Room behind the limit for the row that crosses it.
const SLACK: usize = 16 * 1024;
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// Encodes the rows of one table. Implements [`RowEncoder`].
#[derive(Debug)]
pub struct CopyEncoder {
    operations: Vec<Operation>,
    /// By column: the short cut.
    fast: Vec<ShortCut>,
    /// By column: what is looked at beside the value's bytes.
    watches: Vec<Watch>,
    policies: Vec<Policies>,
    fields: [u8; 2],
    out: Vec<u8>,
    /// Where the row under way starts in `out`, or goes on where parts of it were taken.
    row: usize,
    parts: RowParts,
    limits: BufferLimits,
    pause: bool,
    long: LongValue,
    /// A long value that is masked.
    hidden: Option<Box<MaskedValue>>,
    /// Of the long value.
    column: usize,
    rows: u64,
    bytes: u64,
    checksum: u64,
    losses: Losses,
    fate: RowFate,
    on_refusal: OnRefusal,
    /// Rows that were left out.
    left_out: u64,
    table: String,
    columns: Vec<String>,
}

impl CopyEncoder {
    /// Chooses the operations. A value is refused above what PostgreSQL takes, whatever `limits` say; one that lay in
    /// the read buffer in one piece is not measured by them.
    ///
    /// # Errors
    /// SourceChanged if the result's columns are not those of the plan; Unsupported for a column that the plan
    /// should not have; PlanForeign for a target type that this version does not choose; SourceRefused for a collation
    /// without a known code page.
    pub fn new(table: &PlannedTable, wire: &[WireColumn], limits: BufferLimits) -> Result<Self> {
        if table.columns.len() != wire.len() {
            let (planned, sent) = (table.columns.len(), wire.len());
            return Err(Error::new(
                ErrorKind::SourceChanged,
                format!("the source sends {} where the plan has {planned}", counted(sent as u64, "column")),
            )
            .table(&table.source));
        }
        let (mut operations, mut watches) = (Vec::new(), Vec::new());
        for (planned, sent) in table.columns.iter().zip(wire) {
            let at = |error: Error| error.table(&table.source).column(&planned.source);
            let operation = operation(&policies::unmasked(planned), sent).map_err(at)?;
            watches.push(Watch::of_column(planned, &operation).map_err(at)?);
            operations.push(operation);
        }
        let fast =
            operations.iter().zip(&watches).map(|(operation, watch)| ShortCut::of_column(operation, watch));
        Ok(Self {
            fast: fast.collect(),
            operations,
            watches,
            policies: table.columns.iter().map(|column| column.policies).collect(),
            fields: i16::try_from(wire.len())
                .map_err(|_| Error::new(ErrorKind::SourceRefused, "more columns than COPY can count"))?
                .to_be_bytes(),
            out: Vec::with_capacity(limits.batch + SLACK),
            row: 0,
            parts: RowParts::default(),
            limits: BufferLimits { value: limits.value.min(LARGEST_FIELD), ..limits },
            pause: false,
            long: LongValue::default(),
            hidden: None,
            column: 0,
            rows: 0,
            bytes: 0,
            checksum: 0,
            losses: Losses::default(),
            fate: RowFate::default(),
            on_refusal: OnRefusal::default(),
            left_out: 0,
            table: table.source.to_string(),
            columns: table.columns.iter().map(|column| column.source.to_string()).collect(),
        })
    }

    /// All bytes that are final: COPY BINARY tuples without header and trailer, the last one perhaps in part. What
    /// stays is a text that is being collected.
    pub fn take(&mut self) -> Bytes {
        self.losses.key(None);
        let end = self.final_bytes();
        self.pause &= !self.is_between_rows();
        self.parts.add(self.out.get(self.row..end).unwrap_or_default());
        let mut next = Vec::with_capacity(self.limits.batch + SLACK);
        next.extend_from_slice(self.out.get(end..).unwrap_or_default());
        let mut taken = std::mem::replace(&mut self.out, next);
        taken.truncate(end);
        self.long.field = self.long.field.saturating_sub(end);
        self.row = 0;
        Bytes::from(taken)
    }

    /// A long value is being collected: [`Self::take`] leaves it here.
    #[must_use]
    pub const fn is_collecting(&self) -> bool {
        self.long.collected
    }

    /// The value that is being collected has reached its share: [`Self::grant`] lets it go on.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.long.collected && !self.long.granted && self.long.length(&self.out) >= self.limits.share
    }

    /// Lets the value that is being collected have up to [`BufferLimits::value`] bytes.
    pub fn grant(&mut self) {
        if let Some(operation) = self.operations.get(self.column) {
            self.long.grant(operation, &mut self.out, self.limits.value);
        }
    }

    /// Makes [`RowEncoder::is_full`] hold behind the row under way, whatever its size; once.
    pub const fn pause_behind_row(&mut self) {
        self.pause = true;
    }

    /// No row is under way: what was taken ends with a complete one.
    #[must_use]
    pub const fn is_between_rows(&self) -> bool {
        self.row == self.out.len() && self.parts.is_empty()
    }

    #[inline]
    fn final_bytes(&self) -> usize {
        if self.holds_row_back() {
            self.row
        } else if self.long.collected {
            self.long.field
        } else {
            self.out.len()
        }
    }

    /// Complete rows so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of complete rows so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The wrapping sum of the XXH3 (64 bit) of each row's bytes: whatever the order of the rows.
    #[must_use]
    pub const fn checksum(&self) -> u64 {
        self.checksum
    }

    /// What was changed in complete rows so far.
    #[must_use]
    pub fn losses(&self) -> Vec<LossRecord> {
        self.losses.records(&self.columns)
    }

    /// Is the key of the last row wanted? Then [`RowEncoder::is_full`] holds behind it.
    #[must_use]
    pub const fn wants_key(&self) -> bool {
        self.losses.wants_key()
    }

    /// The key of the last row, if it is wanted; without one its number stands for it.
    pub fn key_of_last_row(&mut self, key: Option<&Bound>) {
        self.losses.key(key);
    }

    fn error(&self, column: usize, error: Error) -> Error {
        let name = self.columns.get(column).map_or("?", String::as_str);
        error.table(&self.table).column(name)
    }

    /// A value that the fast way did not take.
    #[inline(never)]
    fn long_way(&mut self, column: usize, raw: &[u8], start: usize) -> Result<()> {
        self.out.truncate(start);
        let done = match self.operations.get(column) {
            Some(operation) => encode(operation, &mut self.out, raw),
            None => Err(Refusal::Malformed),
        };
        if let (Ok(()), Some(watch)) = (&done, self.watches.get(column))
            && watch.is_content(raw, self.out.len() - start)
        {
            return Ok(());
        }
        self.second_look(column, raw, start, done)
    }

    #[inline]
    fn count_row(&mut self) {
        let (hash, length) = self.parts.end(self.out.get(self.row..).unwrap_or_default());
        self.checksum = self.checksum.wrapping_add(hash);
        self.bytes += length;
        self.rows += 1;
        self.row = self.out.len();
    }
}

impl RowEncoder for CopyEncoder {
    #[inline]
    fn begin_row(&mut self) {
        self.out.extend_from_slice(&self.fields);
    }

    #[inline]
    fn null(&mut self, _: usize) -> Result<()> {
        self.out.extend_from_slice(&NULL);
        Ok(())
    }

    #[inline(always)]
    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        let start = self.out.len();
        let fast = self.fast.get(column).copied().unwrap_or(ShortCut::None);
        if fast.encode(self.operations.get(column), &mut self.out, raw) {
            return Ok(());
        }
        self.long_way(column, raw, start)
    }

    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        self.column = column;
        if self.fate.is_refused() {
            return Ok(());
        }
        if let Some(Watch::Mask(masking)) = self.watches.get(column) {
            self.hidden = Some(Box::new(MaskedValue::begin(masking)));
            return Ok(());
        }
        let begun = match self.operations.get(column) {
            Some(operation) => LongValue::begin(operation, &mut self.out, length, self.limits.value),
            None => Err(Refusal::Malformed),
        };
        match begun {
            Ok(long) => self.long = long,
            Err(refused) => return self.refuse(column, refused),
        }
        Ok(())
    }

    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        if self.fate.is_refused() {
            return Ok(());
        }
        match self.piece(column, piece) {
            Ok(()) => Ok(()),
            Err(refused) => self.refuse(column, refused),
        }
    }

    fn long_end(&mut self, column: usize) -> Result<()> {
        if self.fate.is_refused() {
            return Ok(());
        }
        match self.end(column) {
            Ok(()) => Ok(()),
            Err(refused) => self.refuse(column, refused),
        }
    }

    #[inline]
    fn end_row(&mut self) {
        if let RowFate::Plain = self.fate {
            self.count_row();
        } else {
            self.end_special_row();
        }
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.final_bytes() >= self.limits.batch
            || self.wants_more()
            || self.pause && self.is_between_rows()
            || self.losses.wants_key()
            || matches!(self.fate, RowFate::LeftOut(_))
    }
}
