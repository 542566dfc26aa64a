//! TDS bytes through decoder and encoder into a real PostgreSQL, and out again as text.
//!
//! Needs `SHARDFERRY_TEST_PG_URL`; a missing variable is a failure, not a silent success.
#![allow(clippy::unwrap_used, reason = "functions of tests, outside of the test functions that clippy knows")]

use super::encoded::{table, tuples};
use super::tds_bytes::{self, Chunks, Col, Random, Ty, col, utf16};
use bytes::Bytes;
use futures_util::SinkExt;
use std::pin::pin;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

async fn postgres() -> Client {
    #[expect(clippy::disallowed_methods, reason = "a test finds its server by the environment")]
    let url = std::env::var("SHARDFERRY_TEST_PG_URL")
        .expect("SHARDFERRY_TEST_PG_URL names a PostgreSQL to test against");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("PostgreSQL is reachable");
    tokio::spawn(connection);
    client
}

/// Copies rows into a temporary table `t` and reads them back as text.
async fn round_trip(
    client: &Client,
    columns: &[Col],
    rows: &[Vec<Option<Vec<u8>>>],
    chunks: Chunks,
) -> Vec<Vec<Option<String>>> {
    let plan = table(columns);
    let list: Vec<_> = plan
        .columns
        .iter()
        .map(|column| format!("{} {}", column.target.target_sql(), column.target_type))
        .collect();
    let create = format!(
        "DROP TABLE IF EXISTS t; SET TimeZone = 'UTC'; CREATE TEMPORARY TABLE t ({})",
        list.join(", ")
    );
    client.batch_execute(&create).await.unwrap();
    let packets = tds_bytes::packets(&tds_bytes::result(columns, rows, chunks), 4096);
    let tuples = tuples(columns, &packets, || 10_000).unwrap();
    let copy = client.copy_in("COPY t FROM STDIN (FORMAT BINARY)").await.unwrap();
    let mut copy = pin!(copy);
    let whole = [b"PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0", tuples.as_slice(), &[0xFF, 0xFF]].concat();
    copy.send(Bytes::from(whole)).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), rows.len() as u64);
    let messages = client.simple_query("SELECT * FROM t").await.unwrap();
    let text = |row: &tokio_postgres::SimpleQueryRow| {
        (0..columns.len()).map(|at| row.get(at).map(str::to_owned)).collect()
    };
    messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(text(row)),
            _ => None,
        })
        .collect()
}

fn le(value: i128, length: usize) -> Vec<u8> {
    value.to_le_bytes()[..length].to_vec()
}

fn decimal(negative: bool, magnitude: u128) -> Vec<u8> {
    [&[u8::from(!negative)], &magnitude.to_le_bytes()[..]].concat()
}

fn money(ten_thousandths: i64) -> Vec<u8> {
    let bytes = ten_thousandths.to_le_bytes();
    [&bytes[4..], &bytes[..4]].concat()
}

/// 100 ns ticks of a day.
fn ticks(hours: i128, micros: i128) -> i128 {
    hours * 36_000_000_000 + micros * 10
}

fn cases() -> Vec<(Ty, Vec<u8>, String)> {
    let last = ticks(24, -1);
    let nines = 10u128.pow(38) - 1;
    let wide = "x😀€é".repeat(3000);
    let mut cases = vec![
        (Ty::Bit, vec![1], "t"),
        (Ty::Bit, vec![0], "f"),
        (Ty::TinyInt, vec![255], "255"),
        (Ty::SmallInt, le(-32768, 2), "-32768"),
        (Ty::Int, le(-2_147_483_648, 4), "-2147483648"),
        (Ty::BigInt, le(i128::from(i64::MIN), 8), "-9223372036854775808"),
        (Ty::Real, 3.402_823_5e38f32.to_le_bytes().to_vec(), "3.4028235e+38"),
        (Ty::Float, 0.1f64.to_le_bytes().to_vec(), "0.1"),
        (Ty::Float, 5e-324f64.to_le_bytes().to_vec(), "5e-324"),
        (Ty::Money, money(i64::MAX), "922337203685477.5807"),
        (Ty::Money, money(i64::MIN), "-922337203685477.5808"),
        (Ty::Money, money(0), "0.0000"),
        (Ty::SmallMoney, le(-2_147_483_648, 4), "-214748.3648"),
        (Ty::SmallMoney, le(1, 4), "0.0001"),
        (Ty::Decimal(38, 38), decimal(true, nines), "-0.99999999999999999999999999999999999999"),
        (Ty::Decimal(38, 38), decimal(false, 1), "0.00000000000000000000000000000000000001"),
        (Ty::Decimal(38, 0), decimal(false, nines), "99999999999999999999999999999999999999"),
        (Ty::Decimal(18, 5), decimal(false, 123_456_700_000), "1234567.00000"),
        (Ty::Decimal(5, 2), decimal(true, 0), "0.00"),
        (Ty::Date, le(0, 3), "0001-01-01"),
        (Ty::Date, le(3_652_058, 3), "9999-12-31"),
        (Ty::Time(7), le(last, 5), "23:59:59.999999"),
        (Ty::Time(0), le(86_399, 3), "23:59:59"),
        (Ty::Time(3), le(1, 4), "00:00:00.001"),
        (Ty::DateTime2(7), [le(last, 5), le(3_652_058, 3)].concat(), "9999-12-31 23:59:59.999999"),
        (Ty::DateTime2(7), [le(0, 5), le(0, 3)].concat(), "0001-01-01 00:00:00"),
        (Ty::DateTime2(0), [le(86_399, 3), le(730_119, 3)].concat(), "2000-01-01 23:59:59"),
        (Ty::DateTime, [le(-53_690, 4), le(0, 4)].concat(), "1753-01-01 00:00:00"),
        (Ty::DateTime, [le(2_958_463, 4), le(25_919_999, 4)].concat(), "9999-12-31 23:59:59.997"),
        (Ty::DateTime, [le(0, 4), le(1, 4)].concat(), "1900-01-01 00:00:00.003"),
        (Ty::SmallDateTime, [le(65_535, 2), le(1439, 2)].concat(), "2079-06-06 23:59:00"),
        (
            Ty::DateTimeOffset(7),
            [le(ticks(12, 1), 5), le(730_119, 3), le(-840, 2)].concat(),
            "2000-01-01 12:00:00.000001+00",
        ),
        (Ty::Guid, (0..16).collect(), "03020100-0504-0706-0809-0a0b0c0d0e0f"),
        (Ty::Char(5, tds_bytes::LATIN1), b"ab\xE9  ".to_vec(), "abé  "),
        (Ty::NChar(10), utf16("né   "), "né   "),
        (Ty::VarChar(Some(5), tds_bytes::LATIN1), b"\x80uro ".to_vec(), "€uro "),
        (Ty::VarChar(Some(8), tds_bytes::UTF8), "水😀".as_bytes().to_vec(), "水😀"),
        (Ty::VarChar(Some(5), tds_bytes::LATIN1), Vec::new(), ""),
        (Ty::VarChar(None, tds_bytes::LATIN1), Vec::new(), ""),
        (Ty::NVarChar(Some(8)), utf16("😀😀"), "😀😀"),
        (Ty::Binary(3), vec![0, 1, 255], "\\x0001ff"),
        (Ty::VarBinary(Some(3)), Vec::new(), "\\x"),
        (Ty::Xml, utf16("\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>é😀</a>"), "<a>é😀</a>"),
        (Ty::Xml, utf16("<a/>text<b/>"), "<a/>text<b/>"),
        (Ty::Xml, Vec::new(), ""),
    ]
    .into_iter()
    .map(|(ty, raw, text)| (ty, raw, text.to_owned()))
    .collect::<Vec<_>>();
    cases.push((Ty::NVarChar(None), utf16(&wide), wide.clone()));
    cases.push((Ty::VarChar(None, tds_bytes::UTF8), wide.clone().into_bytes(), wide));
    cases
}

#[tokio::test]
async fn every_type_arrives_as_its_text() {
    let client = postgres().await;
    let cases = cases();
    let columns: Vec<_> =
        cases.iter().enumerate().map(|(at, case)| col(&format!("c{at}"), case.0.clone())).collect();
    let values: Vec<_> = cases.iter().map(|case| Some(case.1.clone())).collect();
    let nulls = vec![None; columns.len()];
    for chunks in [Chunks::One, Chunks::UnknownLength(77)] {
        let rows = [values.clone(), nulls.clone(), nulls.clone(), values.clone()];
        let back = round_trip(&client, &columns, &rows, chunks).await;
        assert_eq!(back.len(), rows.len());
        for row in [&back[0], &back[3]] {
            assert_eq!(row.len(), cases.len());
            for (got, (ty, _, expected)) in row.iter().zip(&cases) {
                assert_eq!(got.as_deref(), Some(expected.as_str()), "{ty:?}");
            }
        }
        assert!(back[1].iter().chain(&back[2]).all(Option::is_none));
    }
}

/// PostgreSQL itself checks lengths, digits and well-formedness of whatever the generator makes.
#[tokio::test]
async fn random_rows_of_every_type_are_accepted() {
    let client = postgres().await;
    for seed in 0..20 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let scale = u8::try_from(random.below(8)).unwrap();
        let columns = [
            Ty::Decimal(38, scale * 5),
            Ty::Decimal(9, scale),
            Ty::Money,
            Ty::Time(scale),
            Ty::DateTime2(scale),
            Ty::DateTimeOffset(scale),
            Ty::DateTime,
            Ty::SmallDateTime,
            Ty::NVarChar(None),
            Ty::NChar(40),
            Ty::Char(40, tds_bytes::UTF8),
            Ty::VarChar(Some(40), tds_bytes::LATIN1),
            Ty::Xml,
            Ty::Guid,
            Ty::VarBinary(None),
        ]
        .map(|ty| ty);
        let columns: Vec<_> =
            columns.into_iter().enumerate().map(|(at, ty)| col(&format!("c{at}"), ty)).collect();
        let value = |column: &Col, random: &mut Random| {
            (random.below(4) > 0).then(|| tds_bytes::random_value(random, &column.ty))
        };
        let rows: Vec<Vec<_>> =
            (0..50).map(|_| columns.iter().map(|column| value(column, &mut random)).collect()).collect();
        let back = round_trip(&client, &columns, &rows, Chunks::Of(100)).await;
        let nulls = |row: &Vec<Option<String>>| row.iter().filter(|value| value.is_none()).count();
        let sent = |row: &Vec<Option<Vec<u8>>>| row.iter().filter(|value| value.is_none()).count();
        assert_eq!(back.iter().map(nulls).sum::<usize>(), rows.iter().map(sent).sum::<usize>());
    }
}
