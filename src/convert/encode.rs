//! Wire values to COPY BINARY tuples: one operation a column, chosen once; no allocation a value.
//!
//! A tuple is a 16-bit field count, then for every field 32 bits of length (-1: NULL) and what the PostgreSQL type's
//! receive function reads (PostgreSQL documentation, COPY, "Binary Format"). Header and trailer are the writer's.
//! A value that PostgreSQL cannot hold is an error of kind Value that names table and column, never the value.
//!
//! What is complete can be taken in the middle of a row: every byte but those of a text that is still being collected
//! (see [`Limits`]). Counters and checksum are those of whole rows, however they were taken.

use super::number::numeric;
use super::operation::{Operation, operation};
use super::text;
use super::time;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedTable;
use crate::source::wire::{RowEncoder, WireColumn, broken};
use bytes::Bytes;
use long::{LongValue, sized};
use row::Parts;

pub(super) mod alternative;
mod long;
mod row;
mod spatial;
#[cfg(test)]
mod tests;
pub(super) mod variant;
mod vector;
pub(super) mod whole;
pub(super) mod written;

/// What PostgreSQL can allocate for one field (`MaxAllocSize`).
const LARGEST_FIELD: usize = 0x3FFF_FFFF;
/// Room behind the limit for the row that crosses it.
const SLACK: usize = 16 * 1024;
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// What may be held, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So much makes [`RowEncoder::is_full`] hold.
    pub batch: usize,
    /// A long value of a length unknown beforehand is collected up to here without asking.
    pub share: usize,
    /// And up to here once [`CopyEncoder::grant`] was called; more is refused.
    pub value: usize,
}

impl Limits {
    /// Batches of so many bytes, and values as large as PostgreSQL takes them.
    #[must_use]
    pub const fn batches_of(batch: usize) -> Self {
        Self { batch, share: LARGEST_FIELD, value: LARGEST_FIELD }
    }
}

/// Encodes the rows of one table. Implements [`RowEncoder`].
#[derive(Debug)]
pub struct CopyEncoder {
    operations: Vec<Operation>,
    fields: [u8; 2],
    out: Vec<u8>,
    /// Where the row under way starts in `out`, or goes on where parts of it were taken.
    row: usize,
    parts: Parts,
    limits: Limits,
    pause: bool,
    long: LongValue,
    /// Of the long value.
    column: usize,
    rows: u64,
    bytes: u64,
    checksum: u64,
    table: String,
    columns: Vec<String>,
}

/// Why a value was not encoded.
enum Refused {
    Malformed,
    SeventhDigit,
    Text(text::Refused),
    /// For PostgreSQL.
    TooLong,
    /// For the memory that there is.
    TooMuch(usize),
    /// What the target has no form for, in words.
    NoForm(&'static str),
}

impl From<time::Refused> for Refused {
    fn from(refused: time::Refused) -> Self {
        match refused {
            time::Refused::Malformed => Self::Malformed,
            time::Refused::SeventhDigit => Self::SeventhDigit,
        }
    }
}

impl From<text::Refused> for Refused {
    fn from(refused: text::Refused) -> Self {
        Self::Text(refused)
    }
}

impl CopyEncoder {
    /// Chooses the operations. A value is refused above what PostgreSQL takes, whatever `limits` say; one that lay in the
    /// read buffer in one piece is not measured by them.
    ///
    /// # Errors
    /// SourceChanged where the result's columns are not those of the plan; Unsupported for a column that the plan
    /// should not have; PlanForeign for a target type that this version does not choose; SourceRefused for a collation
    /// without a known code page.
    pub fn new(table: &PlannedTable, wire: &[WireColumn], limits: Limits) -> Result<Self> {
        if table.columns.len() != wire.len() {
            let (planned, sent) = (table.columns.len(), wire.len());
            return Err(Error::new(
                ErrorKind::SourceChanged,
                format!("the source sends {sent} columns where the plan has {planned}"),
            )
            .table(&table.source));
        }
        let operations = table.columns.iter().zip(wire).map(|(planned, sent)| {
            operation(planned, sent).map_err(|error| error.table(&table.source).column(&planned.source))
        });
        Ok(Self {
            operations: operations.collect::<Result<_>>()?,
            fields: i16::try_from(wire.len())
                .map_err(|_| Error::new(ErrorKind::SourceRefused, "more columns than COPY can count"))?
                .to_be_bytes(),
            out: Vec::with_capacity(limits.batch + SLACK),
            row: 0,
            parts: Parts::default(),
            limits: Limits { value: limits.value.min(LARGEST_FIELD), ..limits },
            pause: false,
            long: LongValue::default(),
            column: 0,
            rows: 0,
            bytes: 0,
            checksum: 0,
            table: table.source.to_string(),
            columns: table.columns.iter().map(|column| column.source.to_string()).collect(),
        })
    }

    /// All bytes that are final: COPY BINARY tuples without header and trailer, the last one perhaps in part. What stays
    /// is a text that is being collected.
    pub fn take(&mut self) -> Bytes {
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

    /// Lets the value that is being collected have up to [`Limits::value`] bytes.
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
    const fn final_bytes(&self) -> usize {
        if self.long.collected { self.long.field } else { self.out.len() }
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

    #[cold]
    fn refused(&self, column: usize, refused: &Refused) -> Error {
        let value = |what: &str| Error::new(ErrorKind::Value, what);
        let error = match refused {
            Refused::Malformed => broken("bytes that are no value of the column's type"),
            Refused::Text(text::Refused::Malformed) => broken("half a UTF-16 unit"),
            Refused::SeventhDigit => {
                value("a time with a seventh digit, where PostgreSQL keeps six; it is not rounded silently")
            }
            Refused::Text(text::Refused::Nul) => value("a character that PostgreSQL cannot hold (U+0000)"),
            Refused::Text(text::Refused::LoneSurrogate) => {
                value("half a surrogate pair, which is no character in PostgreSQL")
            }
            Refused::Text(text::Refused::Undefined) => {
                value("bytes that the code page of its collation does not define")
            }
            Refused::NoForm(what) => value(what),
            Refused::TooLong => value(&format!(
                "a value of more than {LARGEST_FIELD} bytes, the most that PostgreSQL has room for in one field"
            )),
            Refused::TooMuch(limit) => value(&format!(
                "a value of more than {limit} bytes, which has to be held in memory whole: give more memory (--memory)"
            )),
        };
        let name = self.columns.get(column).map_or("?", String::as_str);
        error.table(&self.table).column(name)
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

    #[inline]
    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        let done = match self.operations.get(column) {
            Some(operation) => encode(operation, &mut self.out, raw),
            None => Err(Refused::Malformed),
        };
        done.map_err(|refused| self.refused(column, &refused))
    }

    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        self.column = column;
        let begun = match self.operations.get(column) {
            Some(operation) => LongValue::begin(operation, &mut self.out, length, self.limits.value),
            None => Err(Refused::Malformed),
        };
        self.long = begun.map_err(|refused| self.refused(column, &refused))?;
        Ok(())
    }

    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        let done = match self.operations.get(column) {
            Some(operation) => self.long.piece(operation, &mut self.out, piece, self.limits.value),
            None => Err(Refused::Malformed),
        };
        done.map_err(|refused| self.refused(column, &refused))
    }

    fn long_end(&mut self, column: usize) -> Result<()> {
        let done = match self.operations.get(column) {
            Some(operation) => self.long.end(operation, &mut self.out),
            None => Err(Refused::Malformed),
        };
        done.map_err(|refused| self.refused(column, &refused))
    }

    #[inline]
    fn end_row(&mut self) {
        let (hash, length) = self.parts.end(self.out.get(self.row..).unwrap_or_default());
        self.checksum = self.checksum.wrapping_add(hash);
        self.bytes += length;
        self.rows += 1;
        self.row = self.out.len();
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.final_bytes() >= self.limits.batch || self.wants_more() || self.pause && self.is_between_rows()
    }
}

/// A field of known content.
#[inline]
pub(super) fn field<const N: usize>(out: &mut Vec<u8>, content: &[u8; N]) {
    const { assert!(N <= 64, "a short field") };
    out.reserve(4 + N);
    #[expect(clippy::cast_possible_truncation, reason = "at most 64, by the assertion above")]
    out.extend_from_slice(&(N as u32).to_be_bytes());
    out.extend_from_slice(content);
}

/// Writes the length of the field that starts at `field` and ends here.
#[inline]
fn close(out: &mut [u8], field: usize) -> Result<(), Refused> {
    let length = i32::try_from(out.len() - field - 4).map_err(|_| Refused::TooLong)?;
    if let Some(place) = out.get_mut(field..field + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

#[inline]
fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Refused> {
    raw.try_into().map_err(|_| Refused::Malformed)
}

#[inline]
fn encode(operation: &Operation, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refused> {
    match operation {
        Operation::Bit => field(out, &[u8::from(fixed::<1>(raw)? != [0])]),
        Operation::TinyInt => field(out, &[0, fixed::<1>(raw)?[0]]),
        Operation::SmallInt => field(out, &swapped::<2>(raw)?),
        Operation::Four => field(out, &swapped::<4>(raw)?),
        Operation::Eight => field(out, &swapped::<8>(raw)?),
        Operation::Money => {
            let [a, b, c, d, e, f, g, h] = fixed(raw)?;
            let amount = i64::from_le_bytes([e, f, g, h, a, b, c, d]);
            numeric(out, amount < 0, u128::from(amount.unsigned_abs()), 4);
        }
        Operation::SmallMoney => {
            let amount = i32::from_le_bytes(fixed(raw)?);
            numeric(out, amount < 0, u128::from(amount.unsigned_abs()), 4);
        }
        Operation::Decimal(scale) => {
            let (negative, magnitude) = decimal(raw)?;
            numeric(out, negative, magnitude, *scale);
        }
        Operation::Date => field(out, &time::date(raw)?.to_be_bytes()),
        Operation::Time(scale) => field(out, &time::time(raw, *scale)?.to_be_bytes()),
        Operation::SmallDateTime => field(out, &time::smalldatetime(raw)?.to_be_bytes()),
        Operation::DateTime => field(out, &time::datetime(raw)?.to_be_bytes()),
        Operation::DateTime2(scale) => field(out, &time::datetime2(raw, *scale)?.to_be_bytes()),
        Operation::DateTimeOffset(scale) => field(out, &time::datetimeoffset(raw, *scale)?.to_be_bytes()),
        Operation::Guid => {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = fixed(raw)?;
            field(out, &[d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]);
        }
        Operation::Alternative(alternative) => alternative.field(out, raw)?,
        Operation::Bytes
        | Operation::Utf16
        | Operation::Xml
        | Operation::Coded(_)
        | Operation::Jsonb
        | Operation::Hex
        | Operation::Whole(_) => {
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            sized(operation, out, raw)?;
            close(out, start)?;
        }
    }
    Ok(())
}

#[inline]
fn swapped<const N: usize>(raw: &[u8]) -> Result<[u8; N], Refused> {
    let mut bytes = fixed::<N>(raw)?;
    bytes.reverse();
    Ok(bytes)
}

/// DECIMALN: a sign byte (1: not negative), then 4, 8, 12 or 16 bytes of magnitude.
#[inline]
fn decimal(raw: &[u8]) -> Result<(bool, u128), Refused> {
    const TOO_LARGE: u128 = 10u128.pow(38);
    let (&sign, digits) = raw.split_first().ok_or(Refused::Malformed)?;
    if sign > 1 || !matches!(digits.len(), 4 | 8 | 12 | 16) {
        return Err(Refused::Malformed);
    }
    let mut bytes = [0u8; 16];
    bytes[..digits.len()].copy_from_slice(digits);
    let magnitude = u128::from_le_bytes(bytes);
    if magnitude >= TOO_LARGE { Err(Refused::Malformed) } else { Ok((sign == 0, magnitude)) }
}
