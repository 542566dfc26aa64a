//! The key of the last complete row, remembered while the rows pass through to their encoder.

use super::literal::LiteralMaker;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::document::{ChunkKey, PlannedTable};
use crate::schema::bound::Bound;
use crate::source::wire::{RowEncoder, WireColumn};

/// Passes every call on to `E`. Of a key's columns it keeps the raw bytes, in two rows of buffers that are swapped at the
/// end of each row: nothing is allocated for a row, and literals are made only when they are asked for.
#[derive(Debug)]
pub struct KeyCapture<E: RowEncoder> {
    inner: E,
    /// By column of the result: its place in the key. Empty without a key.
    places: Vec<Option<usize>>,
    makers: Vec<LiteralMaker>,
    current: Row,
    last: Row,
    complete: bool,
}

/// Raw values in key order.
#[derive(Debug, Default)]
struct Row {
    values: Vec<Vec<u8>>,
    /// A NULL, which no key has: the row is of no use as a bound.
    null: bool,
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
            makers.push(LiteralMaker::new(&wire[column].ty));
        }
        let row = || Row { values: vec![Vec::new(); makers.len()], null: false };
        let (current, last) = (row(), row());
        Ok(Self { inner, places, makers, current, last, complete: false })
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
        if !self.complete || self.last.null || self.makers.is_empty() {
            return None;
        }
        let pairs = self.makers.iter().zip(&self.last.values);
        pairs.map(|(maker, raw)| maker.literal(raw)).collect::<Option<Vec<_>>>().map(Bound)
    }

    /// The buffer of a key column.
    #[inline]
    fn buffer(&mut self, column: usize) -> Option<&mut Vec<u8>> {
        let place = (*self.places.get(column)?)?;
        self.current.values.get_mut(place)
    }
}

impl<E: RowEncoder> RowEncoder for KeyCapture<E> {
    #[inline]
    fn begin_row(&mut self) {
        self.current.null = false;
        self.inner.begin_row();
    }

    #[inline]
    fn null(&mut self, column: usize) -> Result<()> {
        if self.buffer(column).is_some() {
            self.current.null = true;
        }
        self.inner.null(column)
    }

    #[inline]
    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        if let Some(buffer) = self.buffer(column) {
            buffer.clear();
            buffer.extend_from_slice(raw);
        }
        self.inner.value(column, raw)
    }

    #[inline]
    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        if let Some(buffer) = self.buffer(column) {
            buffer.clear();
        }
        self.inner.long_begin(column, length)
    }

    #[inline]
    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        if let Some(buffer) = self.buffer(column) {
            buffer.extend_from_slice(piece);
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
    use crate::plan::document::{ChunkKeyColumn, PlannedColumn};
    use crate::schema::{ColumnName, SourceType, TableName};
    use crate::source::wire::WireType;

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
            policies: crate::convert::policy::Policies::default(),
            mask: None,
            collation: None,
            source: ColumnName::new(name),
            target: ColumnName::new(name),
            source_type: SourceType {
                name: ty.to_owned(),
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
            column_fingerprint: String::new(),
        }
    }

    fn wire() -> [WireColumn; 3] {
        let column = |name: &str, ty| WireColumn { name: name.to_owned(), ty, nullable: false };
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
    fn a_key_column_that_is_not_sent_is_an_error() {
        let error = capture(&["gone"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceChanged);
    }
}
