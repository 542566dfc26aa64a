//! The same answer, byte for byte, is read by tiberius and by our decoder and encoder: the values must be the same.
//!
//! tiberius talks to a scripted server over memory (PRELOGIN, LOGIN7, one batch). Its values and the COPY BINARY fields
//! are each turned into one neutral text. Not compared, because tiberius is known to be wrong or to refuse (0.13):
//! - money and smallmoney: go through f64 and lose digits;
//! - varchar under a `_UTF8` collation: decoded as the legacy code page;
//! - collations of CP437 and CP850: refused;
//! - lone surrogates, and bytes that a code page does not define: one such value ends its stream (ours: an error that
//!   names the column);
//! - json and vector: refused (we read their metadata; no encoder yet).
//!
//! datetime is compared in the milliseconds that SQL Server shows, computed here from tiberius' raw 1/300 seconds.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "functions of tests, outside of the test functions that clippy knows"
)]

use super::encoded::{fields, tuples};
use super::tds_bytes::{self, Chunks, Col, LATIN1, Random, Ty};
use tiberius::{AuthMethod, ColumnData, Config, EncryptionLevel};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_util::compat::TokioAsyncReadCompatExt;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// One packet of a client, without its header.
async fn packet(stream: &mut DuplexStream) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let mut header = [0u8; 8];
        stream.read_exact(&mut header).await.unwrap();
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
        stream.read_exact(&mut body).await.unwrap();
        whole.extend(body);
        if header[1] & 1 != 0 {
            return whole;
        }
    }
}

/// Answers PRELOGIN and LOGIN7, then the first batch with `answer`.
async fn serve(mut stream: DuplexStream, answer: Vec<u8>) {
    packet(&mut stream).await;
    // VERSION at 11, ENCRYPTION (not supported) at 17.
    let prelogin = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 0, 0, 0, 0, 2];
    stream.write_all(&tds_bytes::packets(&prelogin, 4096)).await.unwrap();
    packet(&mut stream).await;
    let mut login = vec![0xAD, 14, 0, 1, 0x74, 0, 0, 4, 2];
    login.extend(tds_bytes::utf16("db"));
    login.extend([16, 0, 0, 0]);
    tds_bytes::done(&mut login, tds_bytes::DONE, 0, 0, 0);
    stream.write_all(&tds_bytes::packets(&login, 4096)).await.unwrap();
    packet(&mut stream).await;
    stream.write_all(&answer).await.unwrap();
}

async fn by_tiberius(answer: Vec<u8>) -> Vec<Vec<ColumnData<'static>>> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(serve(theirs, answer));
    let mut config = Config::new();
    config.encryption(EncryptionLevel::NotSupported);
    config.authentication(AuthMethod::sql_server("u", "p"));
    let mut client = tiberius::Client::connect(config, ours.compat()).await.unwrap();
    let rows = client.simple_query("SELECT 1").await.unwrap().into_first_result().await.unwrap();
    server.await.unwrap();
    rows.into_iter().map(|row| row.into_iter().collect()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn clock(increments: u64, scale: u8) -> i64 {
    i64::try_from(increments * 10u64.pow(7 - u32::from(scale)) / 10).unwrap()
}

/// Days since year 1 of days since 1900.
const YEAR_1900: i64 = 693_595;

fn their_text(value: &ColumnData<'_>) -> Option<String> {
    use ColumnData as C;
    match value {
        C::U8(v) => v.map(|v| v.to_string()),
        C::I16(v) => v.map(|v| v.to_string()),
        C::I32(v) => v.map(|v| v.to_string()),
        C::I64(v) => v.map(|v| v.to_string()),
        C::F32(v) => v.map(|v| format!("{:08x}", v.to_bits())),
        C::F64(v) => v.map(|v| format!("{:016x}", v.to_bits())),
        C::Bit(v) => v.map(|v| u8::from(v).to_string()),
        C::String(v) => v.as_ref().map(|v| v.to_string()),
        C::Guid(v) => v.map(|v| hex(v.as_bytes())),
        C::Binary(v) => v.as_ref().map(|v| hex(v)),
        C::Numeric(v) => v.map(|v| format!("{}e-{}", v.value(), v.scale())),
        C::Xml(v) => v.as_ref().map(|v| v.as_ref().to_string()),
        C::DateTime(v) => v.map(|v| {
            let millis = (f64::from(v.seconds_fragments()) * 1000.0 / 300.0).round() as i64;
            ((i64::from(v.days()) + YEAR_1900) * MICROS_A_DAY + millis * 1000).to_string()
        }),
        C::SmallDateTime(v) => v.map(|v| {
            let minutes = i64::from(v.seconds_fragments());
            ((i64::from(v.days()) + YEAR_1900) * MICROS_A_DAY + minutes * 60_000_000).to_string()
        }),
        C::Time(v) => v.map(|v| clock(v.increments(), v.scale()).to_string()),
        C::Date(v) => v.map(|v| v.days().to_string()),
        C::DateTime2(v) => v.map(|v| {
            let micros = clock(v.time().increments(), v.time().scale());
            (i64::from(v.date().days()) * MICROS_A_DAY + micros).to_string()
        }),
        C::DateTimeOffset(v) => v.map(|v| {
            let v = v.datetime2();
            let micros = clock(v.time().increments(), v.time().scale());
            (i64::from(v.date().days()) * MICROS_A_DAY + micros).to_string()
        }),
    }
}

/// The unscaled value of a numeric field.
fn unscaled(field: &[u8]) -> i128 {
    let word = |at: usize| i16::from_be_bytes([field[at], field[at + 1]]);
    let (count, weight, sign, scale) = (word(0), i32::from(word(2)), word(4), i32::from(word(6)));
    let mut value = 0i128;
    for place in 0..count {
        let digit = i128::from(word(8 + 2 * usize::try_from(place).unwrap()));
        let power = 4 * (weight - i32::from(place)) + scale;
        value += match u32::try_from(power) {
            Ok(power) => digit * 10i128.pow(power),
            Err(_) => {
                let divisor = 10i128.pow(power.unsigned_abs());
                assert_eq!(digit % divisor, 0, "digits below the scale");
                digit / divisor
            }
        };
    }
    if sign == 0x4000 { -value } else { value }
}

fn our_text(ty: &Ty, field: &[u8]) -> String {
    let integer = || {
        let mut bytes = [if field[0] >= 0x80 { 0xFF } else { 0 }; 8];
        bytes[8 - field.len()..].copy_from_slice(field);
        i64::from_be_bytes(bytes)
    };
    let epoch = 730_119;
    match ty {
        Ty::Bit | Ty::TinyInt | Ty::SmallInt | Ty::Int | Ty::BigInt | Ty::Time(_) => integer().to_string(),
        Ty::Date => (integer() + epoch).to_string(),
        Ty::DateTime | Ty::SmallDateTime | Ty::DateTime2(_) | Ty::DateTimeOffset(_) => {
            (integer() + epoch * MICROS_A_DAY).to_string()
        }
        Ty::Real | Ty::Float | Ty::Guid | Ty::Binary(_) | Ty::VarBinary(_) => hex(field),
        Ty::Decimal(_, scale) => format!("{}e-{scale}", unscaled(field)),
        _ => String::from_utf8(field.to_vec()).unwrap(),
    }
}

fn any_type(random: &mut Random) -> Ty {
    let scale = u8::try_from(random.below(8)).unwrap();
    let precision = u8::try_from(1 + random.below(38)).unwrap();
    let length = u16::try_from(4 * (1 + random.below(30))).unwrap();
    let code =
        *random.pick(&[LATIN1, [0x09, 0x04, 0xD0, 0, 52], [0x19, 0x04, 0xD0, 0, 0], [0x05, 0x04, 0, 0, 0]]);
    match random.below(26) {
        0 => Ty::Bit,
        1 => Ty::TinyInt,
        2 => Ty::SmallInt,
        3 => Ty::Int,
        4 => Ty::BigInt,
        5 => Ty::Real,
        6 => Ty::Float,
        7 => Ty::SmallDateTime,
        8 | 9 => Ty::DateTime,
        10 => Ty::Date,
        11 => Ty::Time(scale),
        12 => Ty::DateTime2(scale),
        13 => Ty::DateTimeOffset(scale),
        14 | 15 => Ty::Decimal(precision, u8::try_from(random.below(u64::from(precision) + 1)).unwrap()),
        16 => Ty::Guid,
        17 => Ty::Char(length, code),
        18 => Ty::VarChar(Some(length), code),
        19 => Ty::VarChar(None, code),
        20 => Ty::NChar(length),
        21 => Ty::NVarChar(Some(length)),
        22 => Ty::NVarChar(None),
        23 => Ty::Binary(length),
        24 => Ty::VarBinary(*random.pick(&[Some(length), None])),
        _ => Ty::Xml,
    }
}

#[tokio::test]
async fn the_same_bytes_give_the_same_values() {
    for seed in 0..300 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let columns: Vec<Col> = (0..1 + random.size(12))
            .map(|at| Col {
                name: format!("c{at}"),
                ty: any_type(&mut random),
                nullable: random.below(2) == 0,
            })
            .collect();
        let value = |column: &Col, random: &mut Random| {
            (!column.nullable || random.below(4) > 0).then(|| tds_bytes::random_value(random, &column.ty))
        };
        let rows: Vec<Vec<_>> = (0..1 + random.size(20))
            .map(|_| columns.iter().map(|column| value(column, &mut random)).collect())
            .collect();
        let size = 1 + random.size(700);
        let chunks = *random.pick(&[Chunks::One, Chunks::Of(size), Chunks::UnknownLength(size)]);
        let answer = tds_bytes::packets(&tds_bytes::result(&columns, &rows, chunks), 512 + random.size(8000));

        let ours = fields(&tuples(&columns, &answer, || 1 + random.size(5000)).unwrap(), columns.len());
        let theirs = by_tiberius(answer).await;
        assert_eq!((ours.len(), theirs.len()), (rows.len(), rows.len()));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!((ours.len(), theirs.len()), (columns.len(), columns.len()), "seed {seed}");
            for ((ours, theirs), column) in ours.iter().zip(theirs).zip(&columns) {
                let ours = ours.as_ref().map(|field| our_text(&column.ty, field));
                assert_eq!(ours, their_text(theirs), "seed {seed}, {column:?}");
            }
        }
    }
}
