//! Wire values to COPY BINARY tuples: one operation a column, chosen once; no allocation a value.
//!
//! A tuple is a 16-bit field count, then for every field 32 bits of length (-1: NULL) and what the PostgreSQL type's
//! receive function reads (PostgreSQL documentation, COPY, "Binary Format"). Header and trailer are the writer's.
//! A value that PostgreSQL cannot hold is an error of kind Value that names table and column, never the value.

use super::number::numeric;
use super::operation::{Operation, operation};
use super::text::{self, Coded, Utf16, plain_xml};
use super::time;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::PlannedTable;
use crate::source::wire::{RowEncoder, WireColumn, broken};
use bytes::Bytes;
use twox_hash::XxHash3_64;

#[cfg(test)]
mod tests;

/// What PostgreSQL can allocate for one field (`MaxAllocSize`).
const LARGEST_FIELD: usize = 0x3FFF_FFFF;
/// Room behind the limit for the row that crosses it.
const SLACK: usize = 16 * 1024;
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// Encodes the rows of one table. Implements [`RowEncoder`].
#[derive(Debug)]
pub struct CopyEncoder {
    operations: Vec<Operation>,
    fields: [u8; 2],
    out: Vec<u8>,
    /// Where the row under way starts in `out`.
    row: usize,
    limit: usize,
    largest_value: usize,
    long: LongValue,
    rows: u64,
    bytes: u64,
    checksum: u64,
    table: String,
    columns: Vec<String>,
}

/// A long value of which not all pieces came yet.
#[derive(Debug, Default)]
struct LongValue {
    /// Where its field starts.
    field: usize,
    utf16: Utf16,
    coded: Coded,
}

/// Why a value was not encoded.
enum Refused {
    Malformed,
    SeventhDigit,
    Text(text::Refused),
    TooLong(usize),
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
    /// Chooses the operations. `limit`: bytes of encoded rows after which [`RowEncoder::is_full`] holds.
    ///
    /// # Errors
    /// SourceChanged where the result's columns are not those of the plan; Unsupported for a column that the plan
    /// should not have; PlanForeign for a target type that this version does not choose; SourceRefused for a collation
    /// without a known code page.
    pub fn new(table: &PlannedTable, wire: &[WireColumn], limit: usize) -> Result<Self> {
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
            out: Vec::with_capacity(limit + SLACK),
            row: 0,
            limit,
            largest_value: LARGEST_FIELD,
            long: LongValue::default(),
            rows: 0,
            bytes: 0,
            checksum: 0,
            table: table.source.to_string(),
            columns: table.columns.iter().map(|column| column.source.to_string()).collect(),
        })
    }

    /// Refuses long values that take more than so many bytes in the target: they are held in memory whole. A value
    /// that lay in the read buffer in one piece is not measured.
    #[must_use]
    pub fn largest_value(mut self, bytes: usize) -> Self {
        self.largest_value = bytes.min(LARGEST_FIELD);
        self
    }

    /// The complete rows encoded since the last call: COPY BINARY tuples without header and trailer.
    pub fn take(&mut self) -> Bytes {
        let mut next = Vec::with_capacity(self.limit + SLACK);
        next.extend_from_slice(self.out.get(self.row..).unwrap_or_default());
        let mut taken = std::mem::replace(&mut self.out, next);
        taken.truncate(self.row);
        self.long.field = self.long.field.saturating_sub(self.row);
        self.row = 0;
        Bytes::from(taken)
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
            Refused::TooLong(limit) => value(&format!("a value of more than {limit} bytes")),
        };
        let name = self.columns.get(column).map_or("?", String::as_str);
        error.table(&self.table).column(name)
    }

    fn piece(&mut self, column: usize, raw: &[u8]) -> Result<(), Refused> {
        match self.operations.get(column) {
            Some(Operation::Bytes) => self.out.extend_from_slice(raw),
            Some(Operation::Utf16 | Operation::Xml) => self.long.utf16.piece(&mut self.out, raw)?,
            Some(Operation::Coded(page)) => self.long.coded.piece(page, &mut self.out, raw)?,
            _ => return Err(Refused::Malformed),
        }
        if self.out.len() - self.long.field > self.largest_value {
            return Err(Refused::TooLong(self.largest_value));
        }
        Ok(())
    }

    fn end(&mut self, column: usize) -> Result<(), Refused> {
        let text = self.long.field + 4;
        match self.operations.get(column) {
            Some(Operation::Utf16) => self.long.utf16.end()?,
            Some(Operation::Xml) => {
                self.long.utf16.end()?;
                plain_xml(&mut self.out, text);
            }
            Some(Operation::Coded(page)) => self.long.coded.end(page, &mut self.out, text)?,
            _ => {}
        }
        close(&mut self.out, self.long.field)
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

    fn long_begin(&mut self, _: usize) -> Result<()> {
        self.long = LongValue { field: self.out.len(), ..LongValue::default() };
        self.out.extend_from_slice(&[0; 4]);
        Ok(())
    }

    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        self.piece(column, piece).map_err(|refused| self.refused(column, &refused))
    }

    fn long_end(&mut self, column: usize) -> Result<()> {
        self.end(column).map_err(|refused| self.refused(column, &refused))
    }

    #[inline]
    fn end_row(&mut self) {
        let row = self.out.get(self.row..).unwrap_or_default();
        self.checksum = self.checksum.wrapping_add(XxHash3_64::oneshot(row));
        self.bytes += row.len() as u64;
        self.rows += 1;
        self.row = self.out.len();
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.row >= self.limit
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
    let length = i32::try_from(out.len() - field - 4).map_err(|_| Refused::TooLong(LARGEST_FIELD))?;
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
        Operation::Bytes | Operation::Utf16 | Operation::Xml | Operation::Coded(_) => {
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

/// The content of a field whose length follows from it.
fn sized(operation: &Operation, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Refused> {
    let start = out.len();
    match operation {
        Operation::Utf16 | Operation::Xml => {
            let mut pieces = Utf16::default();
            pieces.piece(out, raw)?;
            pieces.end()?;
            if matches!(operation, Operation::Xml) {
                plain_xml(out, start);
            }
        }
        Operation::Coded(page) => {
            let mut coded = Coded::default();
            coded.piece(page, out, raw)?;
            coded.end(page, out, start)?;
        }
        _ => out.extend_from_slice(raw),
    }
    Ok(())
}
