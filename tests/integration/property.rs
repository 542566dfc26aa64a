//! Random tables of every type with values at the edges, loaded by T-SQL, copied by the real program, and compared
//! value by value: the source as its engine has it, the target as PostgreSQL writes it. No line of shardferry reads
//! either.
//!
//! One run copies [`TABLES`] tables. `SHARDFERRY_TEST_SEED` replays a seed that was printed. Gaps: values that
//! PostgreSQL cannot hold are not made here but in `policies.rs` and `rejects.rs`, where what becomes of them is known;
//! no text, ntext, image, xml, sql_variant, binary(n), rowversion and CLR types; no computed columns; padding of
//! `char(n)` is not compared.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "functions of tests")]

use super::harness::{World, seed};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::fmt::Write as _;

const TABLES: usize = 40;
const MOST_COLUMNS: usize = 14;
const MOST_ROWS: usize = 60;

/// One of two: an edge, or anything.
fn edge<T: Copy>(rng: &mut StdRng, edges: &[T], any: impl FnOnce(&mut StdRng) -> T) -> T {
    if rng.random_bool(0.5) { *edges.choose(rng).unwrap() } else { any(rng) }
}

fn whole(rng: &mut StdRng, least: i64, most: i64) -> String {
    edge(rng, &[least, most, 0, 1], |rng| rng.random_range(least..=most)).max(least).to_string()
}

fn decimal(rng: &mut StdRng, precision: u32, scale: u32) -> String {
    let most = 10_i128.pow(precision) - 1;
    let units = edge(rng, &[most, -most, 0, 1, -1], |rng| rng.random_range(-most..=most));
    point(units, scale)
}

fn point(units: i128, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap();
    let digits = format!("{:0>width$}", units.unsigned_abs().to_string(), width = scale + 1);
    let (head, tail) = digits.split_at(digits.len() - scale);
    let sign = if units < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{head}") } else { format!("{sign}{head}.{tail}") }
}

fn date(rng: &mut StdRng, first: i32, edges: &[&'static str]) -> String {
    if rng.random_bool(0.4) {
        return (*edges.choose(rng).unwrap()).to_owned();
    }
    let (year, month) = (rng.random_range(first..=9999), rng.random_range(1..=12));
    format!("{year:04}-{month:02}-{:02}", rng.random_range(1..=28))
}

/// With so many digits, the seventh always 0: PostgreSQL has six.
fn clock(rng: &mut StdRng, scale: usize) -> String {
    let seconds = edge(rng, &[0, 86_399, 43_200], |rng| rng.random_range(0..86_400));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let micros = edge(rng, &[0, 999_999, 1, 500_000], |rng| rng.random_range(0..1_000_000));
    let digits = format!("{micros:06}0");
    if scale > 0 {
        write!(text, ".{}", &digits[..scale]).unwrap();
    }
    text
}

const DATES: [&str; 6] = ["0001-01-01", "9999-12-31", "2000-02-29", "1999-12-31", "1970-01-01", "1582-10-10"];
const NARROW: [char; 12] = ['a', 'Z', '0', ' ', '\'', '"', '\\', 'é', 'ß', '€', '~', '\t'];
const WIDE: [char; 16] = [
    'a', ' ', '\'', '\u{1}', '\n', '\u{7F}', '\u{80}', 'é', '\u{7FF}', '\u{800}', '中', '\u{D7FF}',
    '\u{E000}', '\u{FFFD}', '\u{FFFF}', '\u{FEFF}',
];

/// At most so many UTF-16 units.
fn text(rng: &mut StdRng, most: usize, wide: bool) -> String {
    let length = edge(rng, &[0, 1, most], |rng| rng.random_range(0..=most));
    let mut text = String::new();
    let mut units = 0;
    while units < length {
        let next = if !wide {
            *NARROW.choose(rng).unwrap()
        } else if rng.random_bool(0.15) && units + 2 <= length {
            *['😀', '\u{10000}', '\u{10FFFF}'].choose(rng).unwrap()
        } else {
            *WIDE.choose(rng).unwrap()
        };
        units += next.len_utf16();
        text.push(next);
    }
    text
}

fn quoted(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

fn bytes(rng: &mut StdRng, most: usize) -> String {
    let length = edge(rng, &[0, 1, most], |rng| rng.random_range(0..=most));
    (0..length).fold("0x".to_owned(), |mut text, _| {
        let byte = edge(rng, &[0_u8, 0xFF, b'\\'], |rng| rng.random());
        write!(text, "{byte:02X}").unwrap();
        text
    })
}

/// A type, as declared, and a value of it as a literal.
type Make = Box<dyn Fn(&mut StdRng) -> String>;

fn number(rng: &mut StdRng) -> (String, Make) {
    match rng.random_range(0..9) {
        0 => ("bit".to_owned(), Box::new(|rng| whole(rng, 0, 1))),
        1 => ("tinyint".to_owned(), Box::new(|rng| whole(rng, 0, 255))),
        2 => ("smallint".to_owned(), Box::new(|rng| whole(rng, -32_768, 32_767))),
        3 => ("int".to_owned(), Box::new(|rng| whole(rng, -2_147_483_648, 2_147_483_647))),
        4 => ("bigint".to_owned(), Box::new(|rng| whole(rng, i64::MIN + 1, i64::MAX))),
        5 => {
            let precision = edge(rng, &[1, 9, 10, 19, 28, 38], |rng| rng.random_range(1..=38));
            let scale = edge(rng, &[0, precision], |rng| rng.random_range(0..=precision));
            (format!("decimal({precision},{scale})"), Box::new(move |rng| decimal(rng, precision, scale)))
        }
        6 => (
            "money".to_owned(),
            Box::new(|rng| {
                let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
                point(edge(rng, &[least, most, 0, -1], |rng| rng.random_range(least..=most)), 4)
            }),
        ),
        7 => (
            "real".to_owned(),
            Box::new(|rng| {
                let value = edge(rng, &[0.0, 1.5, -1.5, f32::MAX, f32::MIN, 1.0e-30, 0.1], |rng| {
                    rng.random_range(-1.0e9..1.0e9)
                });
                format!("{value:e}")
            }),
        ),
        _ => (
            "float".to_owned(),
            Box::new(|rng| {
                let value = edge(rng, &[0.0, 0.1, -1.5, f64::MAX, f64::MIN, 1.0e-300], |rng| {
                    rng.random_range(-1.0e18..1.0e18)
                });
                format!("{value:e}")
            }),
        ),
    }
}

fn moment(rng: &mut StdRng) -> (String, Make) {
    let scale = edge(rng, &[0, 3, 6, 7], |rng| rng.random_range(0..=7));
    let quote = |text: String| format!("'{text}'");
    match rng.random_range(0..6) {
        0 => ("date".to_owned(), Box::new(move |rng| quote(date(rng, 1, &DATES)))),
        1 => (format!("time({scale})"), Box::new(move |rng| quote(clock(rng, scale)))),
        2 => (
            format!("datetime2({scale})"),
            Box::new(move |rng| quote(format!("{}T{}", date(rng, 1, &DATES), clock(rng, scale)))),
        ),
        3 => (
            format!("datetimeoffset({scale})"),
            Box::new(move |rng| {
                let zone = edge(rng, &["+00:00", "-14:00", "+14:00"], |rng| {
                    if rng.random() { "+05:30" } else { "-03:30" }
                });
                quote(format!(
                    "{}T{}{zone}",
                    date(rng, 2, &["0002-01-01", "9998-12-31", "2000-02-29"]),
                    clock(rng, scale)
                ))
            }),
        ),
        4 => (
            "datetime".to_owned(),
            Box::new(move |rng| {
                let day = date(rng, 1753, &["1753-01-01", "9999-12-31", "1900-01-01"]);
                let millis = edge(rng, &["000", "003", "007", "997"], |_| "510");
                quote(format!("{day}T{}.{millis}", clock(rng, 0)))
            }),
        ),
        _ => (
            "smalldatetime".to_owned(),
            Box::new(move |rng| {
                let (year, hour) = (rng.random_range(1900..=2078), rng.random_range(0..24));
                let any = format!("{year}-03-04T{hour:02}:05:00");
                quote(if rng.random_bool(0.3) { "2079-06-06T23:59:00".to_owned() } else { any })
            }),
        ),
    }
}

fn sequence(rng: &mut StdRng) -> (String, Make) {
    let most = edge(rng, &[1, 2, 50], |rng| rng.random_range(1..=200));
    let large = edge(rng, &[0, 1, 9000], |rng| rng.random_range(0..300));
    match rng.random_range(0..9) {
        0 => (format!("char({most})"), Box::new(move |rng| quoted(&text(rng, most, false)))),
        1 => (format!("varchar({most})"), Box::new(move |rng| quoted(&text(rng, most, false)))),
        2 => ("varchar(max)".to_owned(), Box::new(move |rng| quoted(&text(rng, large, false)))),
        3 => (format!("nchar({most})"), Box::new(move |rng| quoted(&text(rng, most, true)))),
        4 => (format!("nvarchar({most})"), Box::new(move |rng| quoted(&text(rng, most, true)))),
        5 => ("nvarchar(max)".to_owned(), Box::new(move |rng| quoted(&text(rng, large, true)))),
        6 => (format!("varbinary({most})"), Box::new(move |rng| bytes(rng, most))),
        7 => ("varbinary(max)".to_owned(), Box::new(move |rng| bytes(rng, large))),
        _ => (
            "uniqueidentifier".to_owned(),
            Box::new(|rng| {
                let hex = format!("{:032x}", edge(rng, &[0, u128::MAX], |rng| rng.random()));
                format!("'{}'", [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
            }),
        ),
    }
}

/// One table with its rows; its number of rows.
fn table(name: &str, rng: &mut StdRng) -> (String, usize) {
    let columns: Vec<(String, Make, bool)> = (0..rng.random_range(1..=MOST_COLUMNS))
        .map(|_| {
            let (ty, make) = match rng.random_range(0..3) {
                0 => number(rng),
                1 => moment(rng),
                _ => sequence(rng),
            };
            (ty, make, rng.random_bool(0.7))
        })
        .collect();
    let key = match rng.random_range(0..4) {
        0 => "",
        1 => ", PRIMARY KEY (Id)",
        2 => ", PRIMARY KEY NONCLUSTERED (Id)",
        _ => ", PRIMARY KEY (Part DESC, Id)",
    };
    let mut sql = format!("CREATE TABLE dbo.{name} (Id int NOT NULL, Part smallint NOT NULL");
    for (place, (ty, _, nullable)) in columns.iter().enumerate() {
        write!(sql, ", [C {place}] {ty} {}", if *nullable { "NULL" } else { "NOT NULL" }).unwrap();
    }
    writeln!(sql, "{key})\nGO").unwrap();
    let rows = edge(rng, &[0, 1, MOST_ROWS], |rng| rng.random_range(0..=MOST_ROWS));
    for id in 0..rows {
        write!(sql, "INSERT INTO dbo.{name} VALUES ({id}, {}", rng.random_range(0..5)).unwrap();
        for (_, make, nullable) in &columns {
            let null = *nullable && rng.random_bool(0.2);
            let value = if null { "NULL".to_owned() } else { make(rng) };
            write!(sql, ", {value}").unwrap();
        }
        writeln!(sql, ")\nGO").unwrap();
    }
    (sql, rows)
}

#[test]
fn random_tables_are_the_same_on_both_sides() {
    let seed = seed();
    println!("SHARDFERRY_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::with_files();
    let mut rows = 0;
    for number in 0..TABLES {
        let (sql, count) = table(&format!("T{number}"), &mut rng);
        println!("{}", sql.lines().next().unwrap());
        world.load(&sql);
        rows += u64::try_from(count).unwrap();
    }
    let chunk = ["1KiB", "4KiB", "64KiB"].choose(&mut rng).unwrap();
    let memory = ["16MiB", "64MiB"].choose(&mut rng).unwrap();
    world.succeed(&["run", "--jobs", "3", "--chunk-size", chunk, "--memory", memory]);
    assert_eq!(world.assert_equal(), rows);
}
