use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::types::ValueRef;

use super::*;
use crate::engine::EngineOptions;

/// Hash of declarations and of all rows in order, and the number of rows.
fn digest(e: &Engine) -> (u64, u64) {
    let k = e.catalog(e.default_database()).unwrap();
    let conn = e.connection(e.default_database()).unwrap();
    let mut h = DefaultHasher::new();
    let mut n = 0;
    for t in &k.tables {
        format!("{t:?}").hash(&mut h);
        let mut q = conn.prepare(&format!("SELECT * FROM {}", t.sqlite_name())).unwrap();
        let mut rows = q.query([]).unwrap();
        while let Some(r) = rows.next().unwrap() {
            n += 1;
            for i in 0..t.columns.len() {
                match r.get_ref(i).unwrap() {
                    ValueRef::Null => 0_u8.hash(&mut h),
                    ValueRef::Integer(v) => v.hash(&mut h),
                    ValueRef::Real(v) => v.to_bits().hash(&mut h),
                    ValueRef::Text(v) | ValueRef::Blob(v) => v.hash(&mut h),
                }
            }
        }
    }
    (h.finish(), n)
}

fn made(tables: u32, rows: u64, seed: u64) -> std::sync::Arc<Engine> {
    let e = Engine::new(EngineOptions::default()).unwrap();
    company(&e, &GenerateOptions { tables, rows, seed }).unwrap();
    e
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let (a, rows) = digest(&made(60, 20_000, 7));
    assert!((19_900..=20_000).contains(&rows), "{rows}");
    assert_eq!(digest(&made(60, 20_000, 7)), (a, rows));
    assert_ne!(digest(&made(60, 20_000, 8)).0, a);
}

#[test]
fn three_hundred_tables_are_a_believable_company() {
    let e = made(300, 30_000, 1);
    let k = e.catalog(e.default_database()).unwrap();
    assert_eq!(k.tables.len(), 300);
    let schemas: std::collections::BTreeSet<_> = k.tables.iter().map(|t| &t.schema).collect();
    assert!(schemas.len() >= 6);
    assert!(k.tables.iter().any(|t| t.primary_key().is_none()));
    assert!(k.tables.iter().any(|t| t.primary_key().is_some_and(|p| p.keys.len() == 2)));
    assert!(k.tables.iter().any(|t| t.foreign_keys.iter().any(|f| f.referenced == t.object_id)));
    assert!(k.tables.iter().filter(|t| !t.foreign_keys.is_empty()).count() > 100);
    assert!(k.tables.iter().any(|t| t.name.contains(' ')));
    assert!(k.tables.iter().flat_map(|t| &t.indexes).any(|i| i.filter.is_some()));
    let conn = e.connection(e.default_database()).unwrap();
    // Every foreign key finds its row.
    for t in &k.tables {
        for f in &t.foreign_keys {
            let there = k.table_by_id(f.referenced).unwrap();
            let here = quote(&t.column_by_id(f.columns[0].0).unwrap().name);
            let sql = format!(
                "SELECT count(*) FROM {} WHERE {here} IS NOT NULL AND {here} NOT IN (SELECT \"Id\" FROM {})",
                t.sqlite_name(),
                there.sqlite_name()
            );
            let lost: i64 = conn.query_row(&sql, [], |r| r.get(0)).unwrap();
            assert_eq!(lost, 0, "{}", f.name);
        }
        for c in t.columns.iter().filter(|c| !c.nullable) {
            let sql = format!("SELECT count(*) FROM {} WHERE {} IS NULL", t.sqlite_name(), quote(&c.name));
            assert_eq!(conn.query_row(&sql, [], |r| r.get::<_, i64>(0)).unwrap(), 0, "{}.{}", t.name, c.name);
        }
    }
}

#[test]
fn the_reference_table_has_the_rows_asked_for_and_goes_on_from_there() {
    let e = Engine::new(EngineOptions::default()).unwrap();
    let start = std::time::Instant::now();
    table(&e, &TableSpec::reference("bench", 20_000, 3)).unwrap();
    println!("20 000 rows in {:?}", start.elapsed());
    let conn = e.connection("testdb").unwrap();
    let n: i64 = conn.query_row("SELECT count(DISTINCT id) FROM \"dbo.bench\"", [], |r| r.get(0)).unwrap();
    assert_eq!(n, 20_000);
    e.load_script("INSERT dbo.bench VALUES (20001, 1, N'x', 'y', '2024-01-01', 1, 1, '6F9619FF-8B86-D011-B42D-00C04FC964FF', 0, NULL)").unwrap();
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |r| r.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn the_reference_table_stays_what_it_was() {
    let e = Engine::new(EngineOptions::default()).unwrap();
    table(&e, &TableSpec::reference("reference", 1000, 1)).unwrap();
    let conn = e.connection("testdb").unwrap();
    let row: (String, String, f64) = conn
        .query_row("SELECT title, code, ratio FROM \"dbo.reference\" WHERE id = 1000", [], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })
        .unwrap();
    let expected =
        ("façade Müller river north Müller ", "Åse naïve juniper willow ", -208_597_850.509_434_58);
    assert_eq!((row.0.as_str(), row.1.as_str(), row.2), expected);
}

#[test]
fn every_table_of_the_benchmarks_is_made() {
    let e = Engine::new(EngineOptions::default()).unwrap();
    let specs: Vec<_> = TableSpec::BENCH.iter().map(|name| TableSpec::bench(name, 20, 1).unwrap()).collect();
    tables(&e, &specs).unwrap();
    tables(&e, &TableSpec::plain(3, 5, 1)).unwrap();
    let k = e.catalog(e.default_database()).unwrap();
    assert_eq!(k.table(Some("dbo"), "wide").unwrap().columns.len(), 300);
    let conn = e.connection("testdb").unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    for name in TableSpec::BENCH {
        assert_eq!(number(&format!("SELECT count(*) FROM \"dbo.{name}\"")), 20, "{name}");
    }
    assert_eq!(number("SELECT min(length(body)) FROM \"dbo.lob\""), 1 << 20);
    let filled = (1..=40).map(|n| format!("count(c{n:03})")).collect::<Vec<_>>().join(" + ");
    let filled = number(&format!("SELECT {filled} FROM \"dbo.nulls\""));
    assert!((40..=140).contains(&filled), "{filled}");
    assert_eq!(number("SELECT count(*) FROM \"dbo.plain_00003\""), 5);
    assert!(TableSpec::bench("other", 1, 1).is_none());
}
