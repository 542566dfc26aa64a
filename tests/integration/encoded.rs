//! From the columns and bytes of [`tds_bytes`](super::tds_bytes) to COPY BINARY, by the real decoder and encoder.
#![allow(clippy::unwrap_used, reason = "functions of tests, outside of the test functions that clippy knows")]

use super::tds_bytes::Col;
use shardferry::convert::encode::CopyEncoder;
use shardferry::convert::types::map;
use shardferry::error::Result;
use shardferry::limits::memory::BufferLimits;
use shardferry::model::names::{ColumnName, TableName};
use shardferry::model::plan::{PlannedColumn, PlannedTable};
use shardferry::model::types::SourceType;
use shardferry::sqlserver::wire::{Decoder, Event, NoRows};

/// The plan of a table with these columns.
pub(crate) fn table(columns: &[Col]) -> PlannedTable {
    let planned = |column: &Col| {
        let (name, max_length, precision, scale) = column.ty.catalog();
        let source_type =
            SourceType { name: name.into(), alias: None, max_length, precision, scale, collation: None };
        PlannedColumn {
            map: None,
            policies: shardferry::model::policy::Policies::default(),
            mask: None,
            collation: None,
            source: ColumnName::new(&column.name),
            target: ColumnName::new(&column.name),
            target_type: map(&source_type, None).expect("a supported type").target_type,
            source_type,
            nullable: column.nullable,
            identity: None,
        }
    };
    PlannedTable {
        generated: Vec::new(),
        filter: None,
        partitioning: None,
        index: 1,
        source: TableName::new("dbo", "t"),
        target: TableName::new("dbo", "t"),
        columns: columns.iter().map(planned).collect(),
        unsupported: Vec::new(),
        primary_key: Vec::new(),
        chunk_key: None,
        rows: 0,
        bytes: 0,
        long_keys: Vec::new(),
        column_fingerprint: String::new(),
        in_memory: false,
    }
}

/// Packets to tuples, read in pieces of the sizes that `piece` gives.
pub(crate) fn tuples(columns: &[Col], packets: &[u8], mut piece: impl FnMut() -> usize) -> Result<Vec<u8>> {
    let mut decoder = Decoder::new();
    let mut encoder: Option<CopyEncoder> = None;
    let mut out = Vec::new();
    let mut rest = packets;
    loop {
        let event = match &mut encoder {
            None => decoder.advance(&mut NoRows::new())?,
            Some(encoder) => decoder.advance(encoder)?,
        };
        match event {
            Event::Columns => {
                encoder = Some(CopyEncoder::new(
                    &table(columns),
                    decoder.columns(),
                    BufferLimits::batches_of(4096),
                )?)
            }
            Event::NeedMore => {
                let space = decoder.space();
                let count = piece().clamp(1, rest.len()).min(space.len());
                space[..count].copy_from_slice(&rest[..count]);
                decoder.filled(count);
                rest = &rest[count..];
            }
            Event::Full | Event::End => {
                out.extend(encoder.as_mut().expect("columns come first").take());
                if event == Event::End {
                    return Ok(out);
                }
            }
        }
    }
}

/// Tuples to fields; None: NULL.
pub(crate) fn fields(mut tuples: &[u8], columns: usize) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut rows = Vec::new();
    while !tuples.is_empty() {
        assert_eq!(usize::from(u16::from_be_bytes([tuples[0], tuples[1]])), columns);
        tuples = &tuples[2..];
        let mut row = Vec::new();
        for _ in 0..columns {
            let length = i32::from_be_bytes(tuples[..4].try_into().unwrap());
            tuples = &tuples[4..];
            row.push(usize::try_from(length).ok().map(|length| {
                let (field, rest) = tuples.split_at(length);
                tuples = rest;
                field.to_vec()
            }));
        }
        rows.push(row);
    }
    rows
}
