//! The key of the last complete row, remembered while the rows pass through to their encoder; if rows may be left out,
//! the values of all its columns.

use super::literal::LiteralMaker;
use crate::error::{Error, ErrorKind, Result};
use crate::model::bound::Bound;
use crate::model::plan::{ChunkKey, PlannedTable};
use crate::sqlserver::wire::{RowEncoder, WireColumn};

/// What is remembered of one value; no key is as long.
const LONGEST: usize = 64 * 1024;

/// What is remembered of the values of one row that are no key ([`KeyCapture::of_all_columns`]): later ones are cut
/// shorter. [`crate::limits::memory`] counts two rows for a worker.
pub const LONGEST_ROW: usize = 128 * 1024;

/// Passes every call on to `E`. Of some columns it keeps the raw bytes, in two rows that are swapped at the end of each
/// row: nothing is allocated for a row, and literals are made only when they are asked for.
#[derive(Debug)]
pub struct KeyCapture<E: RowEncoder> {
    inner: E,
    /// By column of the result: its place among those that are kept. Empty if none is.
    places: Vec<Option<usize>>,
    /// Of each column of the key, in its order: its place, and what makes its literal.
    makers: Vec<(usize, LiteralMaker)>,
    current: KeptRow,
    last: KeptRow,
    complete: bool,
}

/// A value that is kept.
#[derive(Debug, Clone, Copy)]
pub struct KeptValue<'r> {
    /// At most [`LONGEST`] bytes of it.
    pub raw: &'r [u8],
    pub null: bool,
    /// Of the whole value.
    pub length: u64,
}

/// The kept values of one row, one behind the other in one buffer.
#[derive(Debug, Default)]
struct KeptRow {
    bytes: Vec<u8>,
    values: Vec<KeptPlace>,
}

/// Where a value stands in the buffer of its row.
#[derive(Debug, Clone, Copy, Default)]
struct KeptPlace {
    start: usize,
    end: usize,
    length: u64,
    null: bool,
    /// A part of a key is kept whole, however long the row is.
    key: bool,
}

impl KeptRow {
    fn with_room_for(values: usize) -> Self {
        Self { bytes: Vec::new(), values: vec![KeptPlace::default(); values] }
    }

    /// A value begins; the one before it is complete.
    #[inline]
    fn begin(&mut self, place: usize, null: bool) {
        let start = self.bytes.len();
        if let Some(value) = self.values.get_mut(place) {
            *value = KeptPlace { start, end: start, length: 0, null, key: value.key };
        }
    }

    #[inline]
    fn add(&mut self, place: usize, piece: &[u8]) {
        let Some(value) = self.values.get_mut(place) else { return };
        value.length += piece.len() as u64;
        let mut room = LONGEST.saturating_sub(value.end - value.start);
        if !value.key {
            room = room.min(LONGEST_ROW.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(&piece[..room.min(piece.len())]);
        value.end = self.bytes.len();
    }

    fn get(&self, place: usize) -> Option<KeptValue<'_>> {
        let value = self.values.get(place)?;
        Some(KeptValue {
            raw: self.bytes.get(value.start..value.end)?,
            null: value.null,
            length: value.length,
        })
    }
}

impl<E: RowEncoder> KeyCapture<E> {
    /// Wraps the encoder of a result with the columns `wire`.
    ///
    /// # Errors
    /// `SourceChanged` for a key column that the result does not have.
    pub fn new(inner: E, table: &PlannedTable, key: Option<&ChunkKey>, wire: &[WireColumn]) -> Result<Self> {
        let names = key.map_or(&[][..], |key| &key.columns);
        let mut places = if names.is_empty() { Vec::new() } else { vec![None; wire.len()] };
        let mut makers = Vec::with_capacity(names.len());
        for (place, part) in names.iter().enumerate() {
            let missing = || {
                let message = "the source does not send this column of the chunk key";
                Error::new(ErrorKind::SourceChanged, message).table(&table.source).column(&part.name)
            };
            let column = wire.iter().position(|sent| sent.name == part.name.as_str()).ok_or_else(missing)?;
            places[column] = Some(place);
            makers.push((place, LiteralMaker::new(&wire[column].ty)));
        }
        let keys = makers.len();
        let mut capture = Self {
            inner,
            places,
            makers,
            current: KeptRow::with_room_for(keys),
            last: KeptRow::with_room_for(keys),
            complete: false,
        };
        capture.mark_keys();
        Ok(capture)
    }

    /// Keeps the values of all columns from now on: [`Self::row`] has them.
    #[must_use]
    pub fn of_all_columns(mut self, columns: usize) -> Self {
        for (place, _) in &mut self.makers {
            *place = self.places.iter().position(|kept| *kept == Some(*place)).unwrap_or(*place);
        }
        self.places = (0..columns).map(Some).collect();
        (self.current, self.last) = (KeptRow::with_room_for(columns), KeptRow::with_room_for(columns));
        self.mark_keys();
        self
    }

    fn mark_keys(&mut self) {
        for row in [&mut self.current, &mut self.last] {
            for (place, _) in &self.makers {
                if let Some(value) = row.values.get_mut(*place) {
                    value.key = true;
                }
            }
        }
    }

    /// The values of the last complete row in column order; empty if not all of them are kept.
    pub fn row(&self) -> Vec<KeptValue<'_>> {
        if !self.complete || self.last.values.len() != self.places.len() {
            return Vec::new();
        }
        (0..self.places.len()).filter_map(|place| self.last.get(place)).collect()
    }

    pub fn inner(&mut self) -> &mut E {
        &mut self.inner
    }

    pub const fn get(&self) -> &E {
        &self.inner
    }

    /// The key of the last complete row; None: no row yet, no key, or a value that has no exact literal.
    #[must_use]
    pub fn last(&self) -> Option<Bound> {
        if !self.complete || self.makers.is_empty() {
            return None;
        }
        let literal = |(place, maker): &(usize, LiteralMaker)| {
            let kept =
                self.last.get(*place).filter(|kept| !kept.null && kept.length == kept.raw.len() as u64)?;
            maker.literal(kept.raw)
        };
        self.makers.iter().map(literal).collect::<Option<Vec<_>>>().map(Bound)
    }

    /// Where a column's value is kept.
    #[inline]
    fn place(&self, column: usize) -> Option<usize> {
        *self.places.get(column)?
    }
}

impl<E: RowEncoder> RowEncoder for KeyCapture<E> {
    #[inline]
    fn begin_row(&mut self) {
        self.current.bytes.clear();
        self.inner.begin_row();
    }

    #[inline]
    fn null(&mut self, column: usize) -> Result<()> {
        if let Some(place) = self.place(column) {
            self.current.begin(place, true);
        }
        self.inner.null(column)
    }

    #[inline(always)]
    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        if let Some(place) = self.place(column) {
            self.current.begin(place, false);
            self.current.add(place, raw);
        }
        self.inner.value(column, raw)
    }

    #[inline]
    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        if let Some(place) = self.place(column) {
            self.current.begin(place, false);
        }
        self.inner.long_begin(column, length)
    }

    #[inline]
    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        if let Some(place) = self.place(column) {
            self.current.add(place, piece);
        }
        self.inner.long_piece(column, piece)
    }

    #[inline]
    fn long_end(&mut self, column: usize) -> Result<()> {
        self.inner.long_end(column)
    }

    #[inline]
    fn end_row(&mut self) {
        if !self.places.is_empty() {
            std::mem::swap(&mut self.current, &mut self.last);
            self.complete = true;
        }
        self.inner.end_row();
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.inner.is_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::{ColumnName, TableName};
    use crate::model::plan::{ChunkKeyColumn, PlannedColumn};
    use crate::model::types::SourceType;
    use crate::sqlserver::wire::WireType;

    /// Notes the calls, so that none is lost or doubled on the way.
    #[derive(Debug, Default)]
    struct Calls(Vec<String>);

    impl RowEncoder for Calls {
        fn begin_row(&mut self) {
            self.0.push("begin".to_owned());
        }

        fn null(&mut self, column: usize) -> Result<()> {
            self.0.push(format!("null {column}"));
            Ok(())
        }

        fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
            self.0.push(format!("value {column} {raw:?}"));
            Ok(())
        }

        fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
            self.0.push(format!("long {column} {length:?}"));
            Ok(())
        }

        fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
            self.0.push(format!("piece {column} {piece:?}"));
            Ok(())
        }

        fn long_end(&mut self, column: usize) -> Result<()> {
            self.0.push(format!("end {column}"));
            Ok(())
        }

        fn end_row(&mut self) {
            self.0.push("row".to_owned());
        }

        fn is_full(&self) -> bool {
            self.0.len() > 20
        }
    }

    fn planned(name: &str, ty: &str) -> PlannedColumn {
        PlannedColumn {
            map: None,
            policies: crate::model::policy::Policies::default(),
            mask: None,
            collation: None,
            source: ColumnName::new(name),
            target: ColumnName::new(name),
            source_type: SourceType {
                name: ty.into(),
                alias: None,
                max_length: 4,
                precision: 10,
                scale: 0,
                collation: None,
            },
            target_type: "integer".to_owned(),
            nullable: false,
            identity: None,
        }
    }

    fn table(key: &[&str]) -> PlannedTable {
        let part = |name: &&str| ChunkKeyColumn { name: ColumnName::new(*name), descending: false };
        PlannedTable {
            generated: Vec::new(),
            filter: None,
            partitioning: None,
            index: 1,
            source: TableName::new("dbo", "t"),
            target: TableName::new("dbo", "t"),
            columns: vec![planned("a", "int"), planned("v", "nvarchar"), planned("b", "tinyint")],
            unsupported: Vec::new(),
            primary_key: Vec::new(),
            chunk_key: Some(ChunkKey {
                index: "pk".to_owned(),
                clustered: true,
                columns: key.iter().map(part).collect(),
            }),
            rows: 0,
            bytes: 0,
            long_keys: Vec::new(),
            column_fingerprint: String::new(),
            in_memory: false,
        }
    }

    fn wire() -> [WireColumn; 3] {
        let column =
            |name: &str, ty| WireColumn { name: name.to_owned(), ty, nullable: false, identity: false };
        [
            column("a", WireType::Int),
            column("v", WireType::NVarChar { max_bytes: Some(8) }),
            column("b", WireType::TinyInt),
        ]
    }

    fn capture(key: &[&str]) -> Result<KeyCapture<Calls>> {
        let table = table(key);
        KeyCapture::new(Calls::default(), &table, table.chunk_key.as_ref(), &wire())
    }

    fn last(capture: &KeyCapture<Calls>) -> Option<Vec<String>> {
        capture.last().map(|bound| bound.0.iter().map(|literal| literal.as_str().to_owned()).collect())
    }

    fn row(capture: &mut KeyCapture<Calls>, a: i32, b: u8) {
        capture.begin_row();
        capture.value(0, &a.to_le_bytes()).unwrap();
        capture.null(1).unwrap();
        capture.value(2, &[b]).unwrap();
        capture.end_row();
    }

    #[test]
    fn the_last_complete_row_is_remembered_in_key_order() {
        let mut capture = capture(&["b", "a"]).unwrap();
        assert_eq!(last(&capture), None);
        row(&mut capture, 1, 9);
        assert_eq!(last(&capture).unwrap(), ["9", "1"]);
        row(&mut capture, -5, 8);
        // A row that is only begun does not count.
        capture.begin_row();
        capture.value(0, &7_i32.to_le_bytes()).unwrap();
        assert_eq!(last(&capture).unwrap(), ["8", "-5"]);
    }

    #[test]
    fn a_value_in_pieces_and_every_call_reach_the_encoder() {
        let mut capture = capture(&["v"]).unwrap();
        capture.begin_row();
        capture.value(0, &[1, 0, 0, 0]).unwrap();
        capture.long_begin(1, None).unwrap();
        capture.long_piece(1, b"a").unwrap();
        capture.long_piece(1, &[0, b'b', 0]).unwrap();
        capture.long_end(1).unwrap();
        capture.value(2, &[3]).unwrap();
        capture.end_row();
        assert_eq!(last(&capture).unwrap(), ["N'ab'"]);
        let calls = [
            "begin",
            "value 0 [1, 0, 0, 0]",
            "long 1 None",
            "piece 1 [97]",
            "piece 1 [0, 98, 0]",
            "end 1",
            "value 2 [3]",
            "row",
        ];
        assert_eq!(capture.get().0, calls);
        assert!(!capture.is_full());
        capture.inner().0.resize(21, String::new());
        assert!(capture.is_full());
    }

    #[test]
    fn without_a_key_or_an_exact_literal_there_is_none() {
        let mut keyless = KeyCapture::new(Calls::default(), &table(&[]), None, &wire()).unwrap();
        row(&mut keyless, 1, 2);
        assert_eq!(last(&keyless), None);
        let mut null = capture(&["v"]).unwrap();
        row(&mut null, 1, 2);
        assert_eq!(last(&null), None);
        let mut wrong = capture(&["a"]).unwrap();
        wrong.begin_row();
        wrong.value(0, &[1]).unwrap();
        wrong.end_row();
        assert_eq!(last(&wrong), None);
    }

    #[test]
    fn all_columns_are_kept_on_request_and_long_ones_in_part() {
        let table = table(&["b", "a"]);
        let capture = KeyCapture::new(Calls::default(), &table, table.chunk_key.as_ref(), &wire()).unwrap();
        let mut capture = capture.of_all_columns(3);
        assert!(capture.row().is_empty());
        capture.begin_row();
        capture.value(0, &[1, 0, 0, 0]).unwrap();
        capture.long_begin(1, None).unwrap();
        capture.long_piece(1, &vec![b'x'; LONGEST]).unwrap();
        capture.long_piece(1, b"more").unwrap();
        capture.long_end(1).unwrap();
        capture.value(2, &[9]).unwrap();
        capture.end_row();
        assert_eq!(last(&capture).unwrap(), ["9", "1"]);
        let row = capture.row();
        assert_eq!((row[0].raw, row[1].raw.len(), row[1].length), (&[1, 0, 0, 0][..], LONGEST, 65_540));
        self::row(&mut capture, 2, 3);
        assert!(capture.row()[1].null && !capture.row()[0].null);
    }

    #[test]
    fn a_row_of_long_values_is_kept_in_part_and_its_key_whole() {
        let table = table(&["b"]);
        let wire: Vec<_> = wire().into_iter().chain(wire()).collect();
        let capture = KeyCapture::new(Calls::default(), &table, table.chunk_key.as_ref(), &wire).unwrap();
        // The key is the third column; of the ones before it there is more than a row may have.
        let mut capture = capture.of_all_columns(6);
        let long = vec![b'x'; LONGEST];
        capture.begin_row();
        for column in 0..6 {
            match column {
                2 => capture.value(column, &[9]).unwrap(),
                _ => capture.value(column, &long).unwrap(),
            }
        }
        capture.end_row();
        assert_eq!(last(&capture).unwrap(), ["9"]);
        let row = capture.row();
        let kept: Vec<_> = row.iter().map(|kept| kept.raw.len()).collect();
        assert_eq!(kept, [LONGEST, LONGEST, 1, 0, 0, 0]);
        assert!(row.iter().all(|kept| kept.length == if kept.raw == [9] { 1 } else { LONGEST as u64 }));
        assert!(capture.current.bytes.capacity() + capture.last.bytes.capacity() <= 4 * LONGEST_ROW);
    }

    #[test]
    fn a_key_column_that_is_not_sent_is_an_error() {
        let error = capture(&["gone"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceChanged);
    }
}
