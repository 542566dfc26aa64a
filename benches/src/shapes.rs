//! The rows of each table of the benchmark as TDS bytes, made without a server: for the hot path alone. The same name
//! and number of rows always give the same bytes.

use crate::tds_bytes::{self, Chunks, Col, LATIN1, Random, Ty, utf16};

/// The shapes by name.
pub const NAMES: [&str; 7] = ["reference", "narrow", "wide", "text", "lob", "nulls", "datetimes"];

const WORDS: [&str; 12] = [
    "amber", "bridge", "copper", "delta", "ember", "forest", "granite", "harbor", "Müller", "island",
    "juniper", "kernel",
];

/// A result as a server would send it.
#[derive(Debug)]
pub struct Shape {
    pub(crate) columns: Vec<Col>,
    /// Whole packets.
    pub packets: Vec<u8>,
    pub rows: u64,
}

/// Makes a shape; None for a name that is none.
#[must_use]
pub fn shape(name: &str, rows: u64) -> Option<Shape> {
    let (types, nulls): (Vec<Ty>, u64) = match name {
        "reference" => (reference(), 8),
        "narrow" => (vec![Ty::Int, Ty::Int], 0),
        "wide" => (reference().into_iter().cycle().take(300).collect(), 8),
        "text" => (vec![Ty::Int, Ty::NVarChar(Some(2048))], 0),
        "lob" => (vec![Ty::Int, Ty::VarBinary(None)], 0),
        "nulls" => (reference().into_iter().cycle().take(40).collect(), 1),
        "datetimes" => (
            vec![
                Ty::Int,
                Ty::Date,
                Ty::Time(0),
                Ty::Time(7),
                Ty::SmallDateTime,
                Ty::DateTime,
                Ty::DateTime2(3),
                Ty::DateTime2(7),
                Ty::DateTimeOffset(7),
            ],
            0,
        ),
        _ => return None,
    };
    let column = |(at, ty): (usize, Ty)| Col { name: format!("c{at}"), ty, nullable: at > 0 && nulls > 0 };
    let columns: Vec<Col> = types.into_iter().enumerate().map(column).collect();
    let mut random = Random(1);
    let mut payload = Vec::new();
    tds_bytes::columns(&mut payload, &columns);
    for row in 0..rows {
        let values: Vec<_> = columns.iter().map(|column| value(&mut random, column, nulls, row)).collect();
        // SQL Server compresses NULLs where that makes the row shorter.
        let compress = values.iter().filter(|value| value.is_none()).count() * 8 > columns.len();
        let write = if compress { tds_bytes::nbc_row } else { tds_bytes::row };
        write(&mut payload, &columns, &values, Chunks::Of(65_536));
    }
    tds_bytes::done(&mut payload, tds_bytes::DONE, tds_bytes::COUNT, 0xC1, rows);
    Some(Shape { packets: tds_bytes::packets(&payload, 32767), columns, rows })
}

fn reference() -> Vec<Ty> {
    vec![
        Ty::Int,
        Ty::BigInt,
        Ty::NVarChar(Some(100)),
        Ty::VarChar(Some(30), LATIN1),
        Ty::DateTime2(3),
        Ty::Decimal(18, 4),
        Ty::Bit,
        Ty::Guid,
        Ty::Float,
        Ty::NVarChar(Some(100)),
    ]
}

/// `nulls`: 0 none, 1 nine of ten, else one of so many.
fn value(random: &mut Random, column: &Col, nulls: u64, row: u64) -> Option<Vec<u8>> {
    let null = match nulls {
        0 => false,
        1 => random.below(10) > 0,
        among => random.below(among) == 0,
    };
    if null && column.nullable {
        return None;
    }
    Some(match column.ty {
        Ty::Int if column.name == "c0" => row.to_le_bytes()[..4].to_vec(),
        Ty::Decimal(..) => {
            let digits = random.below(1_000_000_000_000).to_le_bytes();
            [&[u8::from(random.below(4) > 0)], &digits[..]].concat()
        }
        Ty::Float => (random.bits() as f64 / 1e9).to_le_bytes().to_vec(),
        Ty::NVarChar(Some(2048)) => utf16(&text(random, 1024)),
        Ty::NVarChar(_) => {
            let most = random.size(50);
            utf16(&text(random, most))
        }
        Ty::VarChar(..) => text(random, 30).bytes().filter(u8::is_ascii).collect(),
        Ty::VarBinary(None) => random.bits().to_le_bytes().repeat(1 << 17),
        Ty::DateTimeOffset(_) => {
            let mut raw = tds_bytes::random_value(random, &column.ty);
            let offset = raw.len() - 2;
            raw[offset..].copy_from_slice(&[0, 0]);
            raw
        }
        ref other => tds_bytes::random_value(random, other),
    })
}

/// Words, at most so many characters.
fn text(random: &mut Random, most: usize) -> String {
    let mut text = String::new();
    let mut characters = 0;
    loop {
        let word = random.pick(&WORDS);
        characters += word.chars().count() + 1;
        if characters > most {
            return text;
        }
        text.push_str(word);
        text.push(' ');
    }
}
