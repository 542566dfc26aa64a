//! Writes the seed corpus: valid answers of every type. `rustc --edition 2024 seeds.rs && ./seeds DIRECTORY`

#[path = "../tests/integration/tds_bytes.rs"]
mod tds_bytes;

use tds_bytes::{Chunks, Col, Random, Ty};

fn main() {
    let directory = std::env::args().nth(1).expect("a directory");
    let (narrow, wide) = (tds_bytes::LATIN1, tds_bytes::UTF8);
    let japanese = [0x11, 0x04, 0xD0, 0, 0];
    let chinese = [0x04, 0x04, 0xD0, 0, 0];
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
        Ty::Time(0),
        Ty::DateTime2(3),
        Ty::DateTime2(7),
        Ty::DateTimeOffset(0),
        Ty::DateTimeOffset(7),
        Ty::Decimal(38, 10),
        Ty::Decimal(9, 2),
        Ty::Decimal(38, 38),
        Ty::Guid,
        Ty::Char(6, narrow),
        Ty::VarChar(Some(20), narrow),
        Ty::VarChar(None, narrow),
        Ty::VarChar(None, wide),
        Ty::VarChar(Some(20), japanese),
        Ty::VarChar(None, chinese),
        Ty::NChar(8),
        Ty::NVarChar(Some(20)),
        Ty::NVarChar(None),
        Ty::Binary(4),
        Ty::VarBinary(Some(9)),
        Ty::VarBinary(None),
        Ty::Xml,
        Ty::Text(narrow),
        Ty::NText,
        Ty::Image,
        Ty::Variant,
        Ty::Udt,
        Ty::Json,
        Ty::Vector,
    ];
    let mut random = Random(7);
    for seed in 0..120usize {
        let count = if seed < types.len() { 1 } else { 2 + random.size(8) };
        let columns: Vec<Col> = (0..count)
            .map(|at| Col {
                name: format!("c{at}"),
                ty: if seed < types.len() { types[seed].clone() } else { random.pick(&types[..35]).clone() },
                nullable: random.below(2) == 0,
            })
            .collect();
        let rows: Vec<_> = (0..3)
            .map(|_| {
                columns
                    .iter()
                    .map(|column| {
                        let value = match column.ty {
                            Ty::VarChar(_, code) if code == japanese || code == chinese => {
                                b"\xA4\xA4ab\xB0\xEA".to_vec()
                            }
                            ref ty => tds_bytes::random_value(&mut random, ty),
                        };
                        (!column.nullable || random.below(4) > 0).then_some(value)
                    })
                    .collect()
            })
            .collect();
        let chunks = *random.pick(&[Chunks::One, Chunks::Of(5), Chunks::UnknownLength(9)]);
        let payload = tds_bytes::result(&columns, &rows, chunks);
        let mut file = vec![u8::try_from(seed % 256).unwrap(), 3];
        file.extend(if seed % 2 == 0 { tds_bytes::packets(&payload, 512) } else { payload });
        std::fs::write(format!("{directory}/seed-{seed}"), file).expect("a writable directory");
    }
    let mut batch = Vec::new();
    tds_bytes::done(&mut batch, tds_bytes::DONE, tds_bytes::MORE, 0xF9, 0);
    tds_bytes::message(&mut batch, 0xAB, 5701, 0, "Changed database context.");
    batch.extend([0xE3, 5, 0, 4, 1, 0x34, 1, 0x34, 0xE4, 6, 0, 0, 0, 1, 0, 0, 0, 1, 9, 0x79, 0, 0, 0, 0]);
    batch.extend([0xAC, 0, 0, 1, 0x40, 0, 1, 0, 0, 0, 0, 0, 0, 0x26, 4, 4, 1, 2, 3, 4]);
    tds_bytes::message(&mut batch, 0xAA, 1205, 13, "Deadlock victim.");
    tds_bytes::done(&mut batch, tds_bytes::DONE, tds_bytes::FAILED, 0xC1, 0);
    std::fs::write(format!("{directory}/seed-batch"), [&[1, 5][..], &batch].concat())
        .expect("a writable directory");
}
