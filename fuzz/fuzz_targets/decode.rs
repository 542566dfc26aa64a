//! Arbitrary bytes as an answer of SQL Server: they must end in rows, in a demand for more, or in an error; never in a
//! panic. The same bytes in other pieces must give the same. What is encoded must be well-formed COPY BINARY.
//!
//! Input: one byte that says whether the rest is packets or payload to be put into packets, one byte for the piece size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shardferry::convert::encode::CopyEncoder;
use shardferry::limits::memory::BufferLimits;
use shardferry::convert::types::map;
use shardferry::error::{ErrorKind, Result};
use shardferry::model::plan::{PlannedColumn, PlannedTable};
use shardferry::model::names::{ColumnName, TableName};
use shardferry::model::types::SourceType;
use shardferry::sqlserver::wire::{Decoder, Event, NoRows, RowEncoder, WireColumn, WireType};

#[path = "../../tests/integration/tds_bytes.rs"]
mod tds_bytes;

/// The real encoder where all columns can be copied, else a count of calls.
enum Rows {
    None(NoRows),
    Copy(Box<CopyEncoder>),
    Count(usize),
}

macro_rules! forward {
    ($self:ident, $encoder:ident => $copy:expr) => {
        match $self {
            Rows::Copy($encoder) => $copy,
            Rows::Count(calls) => {
                *calls += 1;
                Ok(())
            }
            Rows::None(none) => none.null(0),
        }
    };
}

impl RowEncoder for Rows {
    fn begin_row(&mut self) {
        if let Rows::Copy(encoder) = self {
            encoder.begin_row();
        }
    }

    fn null(&mut self, column: usize) -> Result<()> {
        forward!(self, encoder => encoder.null(column))
    }

    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        forward!(self, encoder => encoder.value(column, raw))
    }

    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        forward!(self, encoder => encoder.long_begin(column, length))
    }

    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        forward!(self, encoder => encoder.long_piece(column, piece))
    }

    fn long_end(&mut self, column: usize) -> Result<()> {
        forward!(self, encoder => encoder.long_end(column))
    }

    fn end_row(&mut self) {
        if let Rows::Copy(encoder) = self {
            encoder.end_row();
        }
    }

    fn is_full(&self) -> bool {
        matches!(self, Rows::Copy(encoder) if encoder.is_full())
    }
}

/// What the plan would have said of a column that is sent like this.
fn planned(column: &WireColumn) -> Option<PlannedColumn> {
    let text = column.ty.to_string();
    let name = text.split('(').next()?.into();
    let (max_length, precision, scale) = match column.ty {
        WireType::Decimal { precision, scale } => (17, precision, scale),
        WireType::Time { scale } | WireType::DateTime2 { scale } | WireType::DateTimeOffset { scale } => {
            (8, 0, scale)
        }
        WireType::Char { max_bytes, .. } | WireType::NChar { max_bytes } | WireType::Binary { max_bytes } => {
            (i16::try_from(max_bytes).ok()?, 0, 0)
        }
        WireType::VarChar { max_bytes, .. }
        | WireType::NVarChar { max_bytes }
        | WireType::VarBinary { max_bytes } => {
            (max_bytes.map_or(Some(-1), |bytes| i16::try_from(bytes).ok())?, 0, 0)
        }
        _ => (-1, 0, 0),
    };
    let source_type = SourceType { name, alias: None, max_length, precision, scale, collation: None };
    let mapping = map(&source_type, None).ok()?;
    // What the source converts comes back as another type than the column's.
    let target_type = (mapping.sent == source_type).then_some(mapping.target_type)?;
    Some(PlannedColumn {
        map: None,
        policies: shardferry::model::policy::Policies::default(),
        mask: None,
        collation: None,
        source: ColumnName::new(&column.name),
        target: ColumnName::new(&column.name),
        target_type,
        source_type,
        nullable: column.nullable,
        identity: None,
    })
}

fn rows_for(columns: &[WireColumn]) -> Rows {
    let Some(planned) = columns.iter().map(planned).collect::<Option<Vec<_>>>() else {
        return Rows::Count(0);
    };
    let table = PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index: 1,
        source: TableName::new("dbo", "t"),
        target: TableName::new("dbo", "t"),
        columns: planned,
        unsupported: Vec::new(),
        primary_key: Vec::new(),
        chunk_key: None,
        rows: 0,
        bytes: 0,
        long_keys: Vec::new(),
        column_fingerprint: String::new(),
    };
    match CopyEncoder::new(&table, columns, BufferLimits { value: 1 << 20, ..BufferLimits::batches_of(4096) }) {
        Ok(encoder) => Rows::Copy(Box::new(encoder)),
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::SourceRefused), "{error}");
            Rows::Count(0)
        }
    }
}

/// COPY BINARY tuples, nothing before, between or behind them; the last one may be cut where `cut` says so.
fn check_tuples(mut bytes: &[u8], fields: usize, cut: bool) -> u64 {
    let mut tuples = 0;
    while !bytes.is_empty() {
        let Some(rest) = after_tuple(bytes, fields) else {
            assert!(cut, "a tuple is not complete");
            break;
        };
        bytes = rest;
        tuples += 1;
    }
    tuples
}

fn after_tuple(bytes: &[u8], fields: usize) -> Option<&[u8]> {
    let (count, mut bytes) = bytes.split_first_chunk()?;
    assert_eq!(usize::from(u16::from_be_bytes(*count)), fields);
    for _ in 0..fields {
        let (length, rest) = bytes.split_first_chunk()?;
        bytes = rest.get(usize::try_from(i32::from_be_bytes(*length).max(0)).ok()?..)?;
    }
    Some(bytes)
}

/// How it ended, and how many rows with which checksum came before.
fn run(bytes: &[u8], piece: usize) -> (Result<Event, ErrorKind>, u64, u64) {
    let mut decoder = Decoder::new();
    let mut rows = Rows::None(NoRows::new());
    let mut rest = bytes;
    let mut out = Vec::new();
    let end = loop {
        match decoder.advance(&mut rows) {
            Err(error) => break Err(error.kind()),
            // What is still to be read would have been refused, had it come earlier.
            Ok(Event::End) if !rest.is_empty() => break Err(ErrorKind::SourceUnavailable),
            Ok(Event::End) => break Ok(Event::End),
            Ok(Event::NeedMore) if rest.is_empty() => break Ok(Event::NeedMore),
            Ok(Event::NeedMore) => {
                let space = decoder.space();
                let count = piece.min(rest.len()).min(space.len());
                space[..count].copy_from_slice(&rest[..count]);
                decoder.filled(count);
                rest = &rest[count..];
            }
            Ok(Event::Columns) => rows = rows_for(decoder.columns()),
            Ok(Event::Full) => {
                if let Rows::Copy(encoder) = &mut rows {
                    out.extend_from_slice(&encoder.take());
                }
            }
        }
    };
    match &mut rows {
        Rows::Copy(encoder) => {
            // After an error nothing more is taken: what a refused value left behind is never sent.
            if end.is_ok() {
                out.extend_from_slice(&encoder.take());
            }
            let tuples = check_tuples(&out, decoder.columns().len(), !matches!(end, Ok(Event::End)));
            assert!(if end.is_ok() { tuples == encoder.rows() } else { tuples <= encoder.rows() });
            (end, encoder.rows(), encoder.checksum())
        }
        _ => (end, decoder.rows(), 0),
    }
}

fuzz_target!(|input: &[u8]| {
    let [mode, piece, data @ ..] = input else { return };
    if data.is_empty() {
        return;
    }
    let bytes =
        if mode % 2 == 0 { data.to_vec() } else { tds_bytes::packets(data, 9 + 8 * usize::from(*mode)) };
    let whole = run(&bytes, usize::MAX);
    let pieces = run(&bytes, 1 + usize::from(*piece));
    assert_eq!(whole, pieces);
});
