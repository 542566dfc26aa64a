//! The decoder against bytes made by hand from MS-TDS.

use super::*;
use crate::tds_bytes;
use tds_bytes::{Chunks, Col, Random, Ty, col, utf16};

/// Writes down what it is called with; long values are put together again.
#[derive(Debug, Default, PartialEq)]
struct Recorder {
    rows: Vec<Vec<Option<Vec<u8>>>>,
    row: Option<Vec<Option<Vec<u8>>>>,
    long: Option<usize>,
    pieces: usize,
    full_after: Option<usize>,
    /// Of the long value under way, where it was declared.
    declared: Option<u64>,
}

impl Recorder {
    fn push(&mut self, column: usize, value: Option<Vec<u8>>) {
        let row = self.row.as_mut().expect("begin_row comes first");
        assert_eq!(row.len(), column, "columns come in order");
        assert_eq!(self.long, None, "long_end comes before the next value");
        row.push(value);
    }
}

impl RowEncoder for Recorder {
    fn begin_row(&mut self) {
        assert_eq!(self.row.replace(Vec::new()), None);
    }

    fn null(&mut self, column: usize) -> Result<()> {
        self.push(column, None);
        Ok(())
    }

    fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
        self.push(column, Some(raw.to_vec()));
        Ok(())
    }

    fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
        self.push(column, Some(Vec::new()));
        self.long = Some(column);
        self.declared = length;
        Ok(())
    }

    fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
        assert_eq!(self.long, Some(column));
        self.pieces += 1;
        let last = self.row.as_mut().unwrap().last_mut().unwrap();
        last.as_mut().unwrap().extend_from_slice(piece);
        Ok(())
    }

    fn long_end(&mut self, column: usize) -> Result<()> {
        assert_eq!(self.long.take(), Some(column));
        let value = self.row.as_ref().unwrap().last().unwrap().as_ref().unwrap();
        assert!(self.declared.take().is_none_or(|length| length == value.len() as u64));
        Ok(())
    }

    fn end_row(&mut self) {
        self.rows.push(self.row.take().unwrap());
    }

    fn is_full(&self) -> bool {
        self.row.is_none() && self.full_after.is_some_and(|rows| self.rows.len().is_multiple_of(rows))
    }
}

/// Feeds `bytes` in pieces of the sizes that `piece` gives.
fn feed<E: RowEncoder>(
    bytes: &[u8],
    rows: &mut E,
    mut piece: impl FnMut() -> usize,
) -> Result<(Decoder, Vec<Event>)> {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    let mut rest = bytes;
    loop {
        match decoder.advance(rows)? {
            Event::NeedMore if rest.is_empty() => return Ok((decoder, events)),
            Event::NeedMore => {
                let space = decoder.space();
                let count = piece().clamp(1, rest.len()).min(space.len());
                space[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                decoder.filled(count);
            }
            event => {
                events.push(event);
                if event == Event::End {
                    assert!(rest.is_empty(), "{} bytes were left over", rest.len());
                    return Ok((decoder, events));
                }
            }
        }
    }
}

fn whole(payload: &[u8]) -> Result<(Recorder, Decoder)> {
    let mut recorder = Recorder::default();
    let (decoder, _) = feed(&tds_bytes::packets(payload, 4096), &mut recorder, || usize::MAX)?;
    Ok((recorder, decoder))
}

fn all_types(nullable: bool) -> Vec<Col> {
    let types = [
        Ty::Bit,
        Ty::TinyInt,
        Ty::SmallInt,
        Ty::Int,
        Ty::BigInt,
        Ty::Real,
        Ty::Float,
        Ty::SmallMoney,
        Ty::Money,
        Ty::SmallDateTime,
        Ty::DateTime,
        Ty::Date,
        Ty::Time(7),
        Ty::DateTime2(3),
        Ty::DateTimeOffset(0),
        Ty::Decimal(38, 10),
        Ty::Guid,
        Ty::Char(6, tds_bytes::LATIN1),
        Ty::VarChar(Some(20), tds_bytes::LATIN1),
        Ty::VarChar(None, tds_bytes::UTF8),
        Ty::NChar(8),
        Ty::NVarChar(Some(20)),
        Ty::NVarChar(None),
        Ty::Binary(4),
        Ty::VarBinary(Some(9)),
        Ty::VarBinary(None),
        Ty::Xml,
        Ty::Text(tds_bytes::LATIN1),
        Ty::NText,
        Ty::Image,
        Ty::Variant,
        Ty::Udt,
        Ty::Json,
        Ty::Vector,
    ];
    types.into_iter().enumerate().map(|(at, ty)| Col { name: format!("c{at}"), ty, nullable }).collect()
}

fn values(random: &mut Random, columns: &[Col], short: bool) -> Vec<Option<Vec<u8>>> {
    let value = |column: &Col, random: &mut Random| {
        let mut value = tds_bytes::random_value(random, &column.ty);
        if short
            && matches!(
                column.ty,
                Ty::VarChar(None, _)
                    | Ty::NVarChar(None)
                    | Ty::VarBinary(None)
                    | Ty::Text(_)
                    | Ty::NText
                    | Ty::Image
                    | Ty::Udt
            )
        {
            value.truncate(6);
        }
        value
    };
    columns
        .iter()
        .map(|column| (!column.nullable || random.below(3) > 0).then(|| value(column, random)))
        .collect()
}

#[test]
fn every_type_is_framed_rightly_with_and_without_nulls() {
    let mut random = Random(1);
    for nullable in [true, false] {
        let columns = all_types(nullable);
        for chunks in [Chunks::One, Chunks::Of(7), Chunks::UnknownLength(1000)] {
            let rows: Vec<_> = (0..6).map(|_| values(&mut random, &columns, false)).collect();
            let (recorder, decoder) = whole(&tds_bytes::result(&columns, &rows, chunks)).unwrap();
            assert_eq!(recorder.rows, rows, "{chunks:?}");
            assert_eq!(decoder.rows(), 6);
            let names: Vec<_> = decoder.columns().iter().map(|column| column.name.clone()).collect();
            assert_eq!(names, columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>());
            assert!(decoder.columns().iter().all(|column| column.nullable == nullable));
        }
    }
}

#[test]
fn a_stream_cut_anywhere_gives_the_same_rows() {
    let mut random = Random(2);
    let columns = all_types(true);
    for chunks in [Chunks::One, Chunks::Of(5), Chunks::UnknownLength(3)] {
        let rows: Vec<_> = (0..4).map(|_| values(&mut random, &columns, true)).collect();
        let payload = tds_bytes::result(&columns, &rows, chunks);
        for size in [512, 4096, 32767] {
            let bytes = tds_bytes::packets(&payload, size);
            for cut in 1..bytes.len() {
                let mut first = Some(cut);
                let mut recorder = Recorder::default();
                feed(&bytes, &mut recorder, || first.take().unwrap_or(usize::MAX)).unwrap();
                assert_eq!(recorder.rows, rows, "cut at {cut}");
            }
        }
    }
}

#[test]
fn random_pieces_and_packet_sizes_give_the_same_rows() {
    let mut random = Random(3);
    let columns = all_types(true);
    for round in 0..60 {
        let rows: Vec<_> = (0..5).map(|_| values(&mut random, &columns, round % 2 == 0)).collect();
        let payload = tds_bytes::result(&columns, &rows, Chunks::UnknownLength(1 + random.size(90)));
        let bytes = tds_bytes::packets(&payload, 9 + random.size(2000));
        let most = 1 + random.size(300);
        let mut recorder = Recorder { full_after: Some(2), ..Recorder::default() };
        let (_, events) = feed(&bytes, &mut recorder, || 1 + random.size(most)).unwrap();
        assert_eq!(recorder.rows, rows, "round {round}");
        assert_eq!(events, [Event::Columns, Event::Full, Event::Full, Event::End]);
    }
}

/// An encoder that is always full gets its turn wherever a row is cut, and the decoder still comes to the end.
#[test]
fn a_full_encoder_is_asked_in_the_middle_of_a_row() {
    struct AlwaysFull(Recorder);
    impl RowEncoder for AlwaysFull {
        fn begin_row(&mut self) {
            self.0.begin_row();
        }
        fn null(&mut self, column: usize) -> Result<()> {
            self.0.null(column)
        }
        fn value(&mut self, column: usize, raw: &[u8]) -> Result<()> {
            self.0.value(column, raw)
        }
        fn long_begin(&mut self, column: usize, length: Option<u64>) -> Result<()> {
            self.0.long_begin(column, length)
        }
        fn long_piece(&mut self, column: usize, piece: &[u8]) -> Result<()> {
            self.0.long_piece(column, piece)
        }
        fn long_end(&mut self, column: usize) -> Result<()> {
            self.0.long_end(column)
        }
        fn end_row(&mut self) {
            self.0.end_row();
        }
        fn is_full(&self) -> bool {
            true
        }
    }
    let columns = [col("a", Ty::VarBinary(None)), col("b", Ty::Int), col("c", Ty::NVarChar(None))];
    let row = vec![Some(vec![7; 300_000]), Some(vec![1, 0, 0, 0]), Some(utf16(&"x".repeat(50_000)))];
    let rows = vec![row.clone(), row];
    for chunks in [Chunks::One, Chunks::Of(8040), Chunks::UnknownLength(8040)] {
        let mut encoder = AlwaysFull(Recorder::default());
        let bytes = tds_bytes::packets(&tds_bytes::result(&columns, &rows, chunks), 4096);
        let (_, events) = feed(&bytes, &mut encoder, || 5000).unwrap();
        assert!(encoder.0.rows == rows);
        let full = events.iter().filter(|event| **event == Event::Full).count();
        assert!(full > 2 * 400_000 / 5000, "{full}");
    }
}

#[test]
fn a_long_value_is_neither_collected_nor_scanned_again() {
    let columns = [col("a", Ty::VarBinary(None)), col("b", Ty::Image)];
    let large = vec![7u8; 6 * 1024 * 1024];
    let rows = vec![vec![Some(large.clone()), Some(large)]];
    let payload = tds_bytes::result(&columns, &rows, Chunks::UnknownLength(8040));
    let mut recorder = Recorder::default();
    let (mut decoder, _) = feed(&tds_bytes::packets(&payload, 4096), &mut recorder, || 1500).unwrap();
    assert!(recorder.rows == rows);
    assert!(decoder.space().len() <= 512 * 1024, "the buffer grew with the value");
}

#[test]
fn the_metadata_of_all_types_is_read() {
    let mut payload = Vec::new();
    let all = all_types(true);
    tds_bytes::columns(&mut payload, &all);
    tds_bytes::done(&mut payload, tds_bytes::DONE, 0, 0, 0);
    let (_, decoder) = whole(&payload).unwrap();
    let shown: Vec<_> = decoder.columns().iter().map(|column| column.ty.to_string()).collect();
    assert_eq!(
        shown.join(" "),
        "bit tinyint smallint int bigint real float smallmoney money smalldatetime datetime date time(7) datetime2(3) \
         datetimeoffset(0) decimal(38,10) uniqueidentifier char(6) varchar(20) varchar(max) nchar(4) nvarchar(10) \
         nvarchar(max) binary(4) varbinary(9) varbinary(max) xml text ntext image sql_variant sys.geography json vector"
    );
}

#[test]
fn a_wide_result_of_many_packets_is_read() {
    let columns: Vec<_> = (0..4096).map(|at| col(&format!("{at:0>128}"), Ty::NText)).collect();
    let rows = vec![columns.iter().map(|_| None).collect()];
    let payload = tds_bytes::result(&columns, &rows, Chunks::One);
    let mut recorder = Recorder::default();
    feed(&tds_bytes::packets(&payload, 512), &mut recorder, || 100).unwrap();
    assert_eq!(recorder.rows, rows);
}

#[test]
fn statements_without_rows_before_the_select_are_passed_over() {
    let columns = [col("a", Ty::Int)];
    let mut payload = Vec::new();
    // SET NOCOUNT ON; SET LOCK_TIMEOUT 5000; then what a server may say in between.
    tds_bytes::done(&mut payload, tds_bytes::DONE, tds_bytes::MORE, 0xF9, 0);
    tds_bytes::done(&mut payload, tds_bytes::DONE_IN_PROC, tds_bytes::MORE, 0, 0);
    tds_bytes::message(&mut payload, 0xAB, 5701, 0, "Changed database context to 'sales'.");
    payload.extend([0xE3, 5, 0, 4, 1, 0x34, 1, 0x34]);
    payload.extend([0xE4, 6, 0, 0, 0, 1, 0, 0, 0, 1, 9]);
    payload.extend([0x79, 0, 0, 0, 0]);
    payload.extend([0xA4, 3, 0, 0, 0, 0]);
    payload.extend([0xA5, 3, 0, 0, 0, 0]);
    // RETURNVALUE: ordinal, name @p, status, user type, flags, nvarchar(max) in two chunks.
    payload.extend([0xAC, 0, 0, 2, 0x40, 0, 0x70, 0, 1, 0, 0, 0, 0, 0, 0, 0xE7, 0xFF, 0xFF, 9, 4, 0, 0, 0]);
    payload.extend([
        0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 65, 0, 2, 0, 0, 0, 66, 0, 0, 0, 0, 0,
    ]);
    payload.extend(tds_bytes::result(&columns, &[vec![Some(vec![1, 0, 0, 0])]], Chunks::One));
    let bytes = tds_bytes::packets(&payload, 4096);
    for cut in 1..bytes.len() {
        let (mut recorder, mut first) = (Recorder::default(), Some(cut));
        let (_, events) = feed(&bytes, &mut recorder, || first.take().unwrap_or(usize::MAX)).unwrap();
        assert_eq!(events, [Event::Columns, Event::End]);
        assert_eq!(recorder.rows, [[Some(vec![1, 0, 0, 0])]]);
    }
}

#[test]
fn an_answer_without_columns_ends() {
    let mut payload = Vec::new();
    tds_bytes::done(&mut payload, tds_bytes::DONE, 0, 0xF9, 0);
    let (recorder, decoder) = whole(&payload).unwrap();
    assert!(recorder.rows.is_empty() && decoder.columns().is_empty());
}

fn fails(payload: &[u8], kind: ErrorKind, says: &str) {
    let error = whole(payload).map(|_| ()).expect_err(says);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn the_servers_error_ends_the_stream_even_behind_rows() {
    let columns = [col("a", Ty::Int)];
    let mut payload = Vec::new();
    tds_bytes::columns(&mut payload, &columns);
    tds_bytes::row(&mut payload, &columns, &[Some(vec![1, 0, 0, 0])], Chunks::One);
    tds_bytes::message(&mut payload, 0xAA, 8134, 16, "Divide by zero error encountered.");
    tds_bytes::done(&mut payload, tds_bytes::DONE, tds_bytes::FAILED, 0xC1, 1);
    let error = whole(&payload).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("8134"), "{error}");
}

#[test]
fn what_breaks_the_protocol_is_an_error() {
    let columns = [col("a", Ty::Int)];
    let with = |tail: &dyn Fn(&mut Vec<u8>)| {
        let mut payload = Vec::new();
        tds_bytes::columns(&mut payload, &columns);
        tail(&mut payload);
        payload
    };
    let gone = ErrorKind::SourceUnavailable;
    let done = |status: u16, rows: u64| {
        move |out: &mut Vec<u8>| tds_bytes::done(out, tds_bytes::DONE, status, 0xC1, rows)
    };
    fails(&with(&done(tds_bytes::COUNT, 1)), gone, "not as many as the server counted");
    fails(&with(&done(tds_bytes::FAILED, 0)), ErrorKind::SourceRefused, "did not explain");
    fails(&with(&done(tds_bytes::MORE, 0)), gone, "before its last DONE");
    fails(&with(&done(tds_bytes::ATTENTION, 0)), gone, "attention");
    fails(&with(&|out| out.push(0xAE)), gone, "token 0xae");
    fails(&with(&|out| out.extend([0xD1, 5])), gone, "before its last DONE");
    fails(&[0xD1, 0], gone, "outside of a result");
    fails(&[0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x99, 0], gone, "data type 0x99");
    fails(&[0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x26, 3, 0], gone, "INTNTYPE of 3 bytes");
    fails(&[0xAA, 2, 0, 1, 1], gone, "ERROR token");
    let twice = with(&|out| {
        done(tds_bytes::MORE, 0)(out);
        tds_bytes::columns(out, &columns);
    });
    fails(&twice, ErrorKind::SourceRefused, "second result set");
    let after = with(&|out| {
        done(0, 0)(out);
        done(0, 0)(out);
    });
    fails(&after, gone, "after the last DONE");
}

#[test]
fn a_plp_value_must_be_as_long_as_it_says() {
    let columns = [col("a", Ty::VarBinary(None))];
    for (declared, chunk) in [(3u64, 4u32), (5, 4), (u64::MAX - 2, 4)] {
        let mut payload = Vec::new();
        tds_bytes::columns(&mut payload, &columns);
        payload.push(0xD1);
        payload.extend(declared.to_le_bytes());
        payload.extend(chunk.to_le_bytes());
        payload.extend([9; 4]);
        payload.extend([0; 4]);
        fails(&payload, ErrorKind::SourceUnavailable, "do not add up");
    }
}

#[test]
fn what_is_no_packet_is_an_error_and_the_decoder_stays_broken() {
    for (bytes, says) in [
        (&[3u8, 1, 0, 8, 0, 0, 0, 0][..], "packet type 0x03"),
        (&[4, 1, 0, 7, 0, 0, 0, 0], "packet length 7"),
        (&[4, 1, 0, 8, 0, 0, 0, 0], "before its last DONE"),
    ] {
        let mut decoder = Decoder::new();
        decoder.space()[..8].copy_from_slice(bytes);
        decoder.filled(8);
        let error = decoder.advance(&mut NoRows::new()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(decoder.advance(&mut NoRows::new()).is_err());
        decoder.reset();
        assert_eq!(decoder.advance(&mut NoRows::new()).unwrap(), Event::NeedMore);
    }
}

/// Found by fuzzing: with a stray byte behind the last packet, the decoder waited for what could not come.
#[test]
fn a_stray_byte_behind_the_last_packet_is_not_waited_upon() {
    let mut payload = Vec::new();
    tds_bytes::done(&mut payload, tds_bytes::DONE, 0, 0, 0);
    for (cut, says) in [(0, "bytes after the answer"), (1, "before its last DONE")] {
        let mut bytes = tds_bytes::packets(&payload[..payload.len() - cut], 4096);
        bytes.push(0);
        let error = feed(&bytes, &mut NoRows::new(), || usize::MAX).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn rows_where_none_were_expected_are_a_bug() {
    let columns = [col("a", Ty::NVarChar(Some(20)))];
    let payload = tds_bytes::result(&columns, &[vec![Some(utf16("x"))]], Chunks::One);
    let error =
        feed(&tds_bytes::packets(&payload, 4096), &mut NoRows::new(), || usize::MAX).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bug);
}

#[test]
fn damaged_streams_end_without_a_panic() {
    let mut random = Random(4);
    let columns = all_types(true);
    let rows: Vec<_> = (0..3).map(|_| values(&mut random, &columns, true)).collect();
    let bytes = tds_bytes::packets(&tds_bytes::result(&columns, &rows, Chunks::Of(4)), 700);
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut damaged = bytes.clone();
        for _ in 0..1 + random.below(3) {
            let at = random.size(damaged.len());
            damaged[at] = u8::try_from(random.below(256)).unwrap();
        }
        damaged.truncate(1 + random.size(damaged.len() * 2));
        let mut decoder = Decoder::new();
        let space = decoder.space();
        space[..damaged.len()].copy_from_slice(&damaged);
        decoder.filled(damaged.len());
        let mut recorder = Recorder::default();
        for turn in 0.. {
            assert!(turn < 10, "it does not end");
            match decoder.advance(&mut recorder) {
                Ok(Event::Columns | Event::Full) => {}
                Ok(Event::NeedMore | Event::End) => break,
                Err(_) => {
                    refused += 1;
                    break;
                }
            }
        }
    }
    assert!(refused > 1000, "only {refused} damaged streams were noticed");
}
