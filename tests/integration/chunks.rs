//! Chunks against a test SQL Server: for every kind of key the boundaries are about a chunk apart, and the ranges
//! between them hold the table exactly once.

use mssim::engine::{Denial, Engine, EngineOptions, Oddities};
use mssim::generate::{self, TableSpec};
use mssim::session::EngineBackend;
use mssim::{Options, Server};
use proptest::prelude::*;
use shardferry::error::{ErrorKind, Result};
use shardferry::model::bound::{Bound, KeyRange};
use shardferry::model::identity::DatabaseIdentity;
use shardferry::model::plan::{PlanOptions, PlannedSource, PlannedTable};
use shardferry::plan::build;
use shardferry::settings::source::SourceSettings;
use shardferry::sqlserver::catalog::{self, SourceCatalog};
use shardferry::sqlserver::chunks::{KeyCapture, boundaries, key_parts};
use shardferry::sqlserver::client::Client;
use shardferry::sqlserver::rows::FillOutcome;
use shardferry::sqlserver::select::{SelectForm, WantedRows, select_range};
use shardferry::sqlserver::wire::RowEncoder;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

const HISTOGRAM: &str = "sys.dm_db_stats_histogram";
/// Chunks that the tests ask for.
const CHUNKS: u64 = 8;

struct Source {
    engine: Arc<Engine>,
    client: Client,
    server: Server,
}

impl Source {
    async fn new() -> Self {
        Self::with(EngineOptions::default()).await
    }

    async fn with(options: EngineOptions) -> Self {
        let engine = Engine::new(options).unwrap();
        let server = Server::start(Options::new(Arc::new(EngineBackend::new(Arc::clone(&engine))))).unwrap();
        let url = format!("mssql://sa:Passw0rd!@127.0.0.1:{}/testdb?encrypt=off", server.port());
        let client = Client::connect(&SourceSettings::parse(&url).unwrap()).await.unwrap();
        Self { engine, client, server }
    }

    fn load(&self, script: &str) {
        self.engine.load_script(script).unwrap();
    }

    /// As `plan` has it.
    async fn planned(&mut self, name: &str) -> PlannedTable {
        let SourceCatalog { tables, indexes, .. } = catalog::read(&mut self.client).await.unwrap();
        let source = PlannedSource {
            server: "S".to_owned(),
            database: "testdb".to_owned(),
            product_version: "16".to_owned(),
            identity: DatabaseIdentity::default(),
            log_position: None,
        };
        let plan = build::build(build::Inputs {
            source,
            target: None,
            options: PlanOptions::default(),
            tables: &tables,
            indexes: &indexes,
            foreign_keys: &[],
            partitions: &[],
            now: jiff::Timestamp::UNIX_EPOCH,
        })
        .unwrap();
        plan.tables.into_iter().find(|table| table.source.name == name).unwrap()
    }

    async fn bounds(&mut self, table: &PlannedTable, chunk_bytes: u64) -> Result<Vec<Bound>> {
        boundaries(&mut self.client, table, table.chunk_key.as_ref().unwrap(), chunk_bytes).await
    }

    /// The rows of a range, each with the bound that is its key.
    async fn rows(&mut self, table: &PlannedTable, range: &KeyRange, ordered: bool) -> Vec<Row> {
        let key = table.chunk_key.as_ref().unwrap();
        let columns: Vec<_> =
            table.columns.iter().map(|column| (column.source.clone(), SelectForm::AsIs)).collect();
        let parts = key_parts(table, key).unwrap();
        let sql = select_range(
            &table.source,
            &columns,
            &parts,
            WantedRows { range, filter: None, in_memory: false },
            ordered,
        )
        .unwrap();
        let mut stream = self.client.read(&sql).await.unwrap();
        let wire = stream.columns().to_vec();
        let mut rows = KeyCapture::new(RawRow::default(), table, Some(key), &wire).unwrap();
        let mut found = Vec::new();
        while stream.fill(&mut rows).await.unwrap() == FillOutcome::More {
            found.push(Row { raw: rows.get().0.clone(), key: rows.last() });
        }
        found
    }

    /// Every chunk's rows, after the proof that together they are the table, once each and in order.
    async fn chunks(&mut self, table: &PlannedTable, bounds: &[Bound]) -> Vec<Vec<Row>> {
        let whole = self.rows(table, &KeyRange::default(), true).await;
        let mut chunks = Vec::new();
        for range in ranges(bounds) {
            chunks.push(self.rows(table, &range, true).await);
        }
        let joined: Vec<&Row> = chunks.iter().flatten().collect();
        assert_eq!(joined.len(), whole.len(), "{}: rows are lost or doubled", table.source);
        assert!(joined.into_iter().eq(whole.iter()), "{}: the chunks are not the table", table.source);
        chunks
    }

    fn asked(&self, text: &str) -> usize {
        self.server.stats().batches_containing(text)
    }
}

fn ranges(bounds: &[Bound]) -> Vec<KeyRange> {
    (0..=bounds.len())
        .map(|place| KeyRange {
            after: place.checked_sub(1).map(|before| bounds[before].clone()),
            through: bounds.get(place).cloned(),
        })
        .collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    raw: Vec<u8>,
    key: Option<Bound>,
}

/// The last row's values, each behind its length, and a long one under way; full after every row.
#[derive(Debug, Default)]
struct RawRow(Vec<u8>, Vec<u8>, bool);

impl RowEncoder for RawRow {
    fn begin_row(&mut self) {
        self.0.clear();
        self.2 = false;
    }

    fn null(&mut self, _column: usize) -> Result<()> {
        self.0.extend([0xFF; 4]);
        Ok(())
    }

    fn value(&mut self, _column: usize, raw: &[u8]) -> Result<()> {
        self.0.extend(u32::try_from(raw.len()).unwrap().to_le_bytes());
        self.0.extend(raw);
        Ok(())
    }

    fn long_begin(&mut self, _column: usize, _length: Option<u64>) -> Result<()> {
        self.1.clear();
        Ok(())
    }

    fn long_piece(&mut self, _column: usize, piece: &[u8]) -> Result<()> {
        self.1.extend(piece);
        Ok(())
    }

    fn long_end(&mut self, column: usize) -> Result<()> {
        let whole = std::mem::take(&mut self.1);
        self.value(column, &whole)
    }

    fn end_row(&mut self) {
        self.2 = true;
    }

    fn is_full(&self) -> bool {
        self.2
    }
}

/// A table `name` with rows of about 200 bytes; `row` gives the key's values.
fn table(name: &str, columns: &str, rows: u32, row: impl Fn(u32) -> String) -> String {
    let mut script = format!("CREATE TABLE dbo.{name} ({columns}, payload nvarchar(200) NOT NULL);\nGO\n");
    for (place, number) in (0..rows).map(|place| place * 7919 % rows).enumerate() {
        if place % 500 == 0 {
            let _ =
                write!(script, "{}INSERT INTO dbo.{name} VALUES ", if place > 0 { ";\nGO\n" } else { "" });
        } else {
            script.push_str(", ");
        }
        let payload = "p".repeat(60 + usize::try_from(number % 50).unwrap());
        let _ = write!(script, "({}, N'{payload}')", row(number));
    }
    script + ";\nGO\n"
}

const ROWS: u32 = 1500;

fn day(number: u32) -> jiff::civil::Date {
    jiff::civil::date(1990, 1, 1).checked_add(jiff::Span::new().days(i64::from(number))).unwrap()
}

fn clock(number: u32) -> String {
    format!("{:02}:{:02}:{:02}", number / 3600 % 24, number / 60 % 60, number % 60)
}

/// Name, key columns and the rest of the declaration, values of row i.
type Kind = (&'static str, &'static str, fn(u32) -> String);

const KINDS: [Kind; 24] = [
    ("k_int", "k int NOT NULL PRIMARY KEY", |i| format!("{}", i64::from(i) * 3 - 1000)),
    ("k_smallint", "k smallint NOT NULL PRIMARY KEY", |i| format!("{}", i64::from(i) - 700)),
    ("k_gaps", "k bigint NOT NULL PRIMARY KEY", |i| {
        if i % 2 == 0 { format!("{i}") } else { format!("{}", 9_223_372_036_854_700_000 + i64::from(i)) }
    }),
    ("k_decimal", "k decimal(38,10) NOT NULL PRIMARY KEY", |i| {
        format!("{}{i}234567890123456789012345.{:010}", if i % 2 == 0 { "-" } else { "" }, i)
    }),
    ("k_money", "k money NOT NULL PRIMARY KEY", |i| format!("{}.{:04}", i64::from(i) - 500, i)),
    ("k_date", "k date NOT NULL PRIMARY KEY", |i| format!("'{}'", day(i * 11))),
    ("k_datetime", "k datetime NOT NULL PRIMARY KEY", |i| {
        format!("'{}T{}.{}'", day(i / 3), clock(i), ["000", "003", "007"][(i % 3) as usize])
    }),
    ("k_smalldatetime", "k smalldatetime NOT NULL PRIMARY KEY", |i| format!("'{}T12:30:00'", day(i))),
    ("k_datetime2", "k datetime2(7) NOT NULL PRIMARY KEY", |i| {
        format!("'{}T{}.{:07}'", day(i / 100), clock(i * 37), 9_999_999 - i)
    }),
    ("k_offset", "k datetimeoffset(7) NOT NULL PRIMARY KEY", |i| {
        let zone = ["+00:00", "+05:30", "-08:00", "+14:00"][(i % 4) as usize];
        format!("'{}T{}.{:07}{zone}'", day(i / 50), clock(i * 41), i)
    }),
    ("k_time", "k time(7) NOT NULL PRIMARY KEY", |i| format!("'{}.{:07}'", clock(i * 57), i)),
    ("k_nvarchar", "k nvarchar(40) COLLATE Latin1_General_CI_AS NOT NULL PRIMARY KEY", |i| {
        format!("N'{}{i}'", ["Ä", "apfel", "ÄPFEL", "o''k", "zebra", "Ω", "", "\u{1F600}"][(i % 8) as usize])
    }),
    ("k_binary_order", "k nvarchar(40) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY", |i| {
        format!("N'{}{i}'", ["Ä", "a", "A", "z", "\u{1F600}"][(i % 5) as usize])
    }),
    ("k_greek", "k varchar(40) COLLATE Greek_CI_AS NOT NULL PRIMARY KEY", |i| {
        format!("N'{}{i}'", ["αβγ", "Ωμέγα", "abc", "Z'", "ς"][(i % 5) as usize].replace('\'', "''"))
    }),
    ("k_latin", "k varchar(40) COLLATE Latin1_General_CS_AS NOT NULL PRIMARY KEY", |i| {
        format!("N'{}{i}'", ["é", "E", "e", "ß", "€"][(i % 5) as usize])
    }),
    ("k_char", "k char(12) NOT NULL PRIMARY KEY", |i| format!("'k{i}'")),
    ("k_nchar", "k nchar(12) NOT NULL PRIMARY KEY", |i| format!("N'é{i}'")),
    ("k_guid", "k uniqueidentifier NOT NULL PRIMARY KEY", |i| {
        let n = u128::from(i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let hex = format!("{n:032X}");
        format!("'{}-{}-{}-{}-{}'", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }),
    ("k_binary", "k binary(6) NOT NULL PRIMARY KEY", |i| format!("0x{:012X}", u64::from(i) * 0x1_0001_0007)),
    ("k_varbinary", "k varbinary(9) NOT NULL PRIMARY KEY", |i| format!("0x{:04X}FF", i)),
    ("c_skewed", "a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b)", |i| {
        format!("{}, {i}", if i % 10 < 8 { 5 } else { i % 7 })
    }),
    (
        "c_descending",
        "a date NOT NULL, b nvarchar(20) NOT NULL, c int NOT NULL, PRIMARY KEY (a DESC, b, c DESC)",
        |i| format!("'{}', N'b{}', {i}", day(i / 300), i % 3),
    ),
    ("u_index", "k int NOT NULL CONSTRAINT u_index_k UNIQUE NONCLUSTERED", |i| format!("{i}")),
    ("n_key", "k bigint NOT NULL PRIMARY KEY NONCLUSTERED", |i| format!("{}", u64::from(i) * 1_000_003)),
];

/// No chunk is a giant or a dwarf.
fn about_equal(name: &str, chunks: &[Vec<Row>]) {
    let sizes: Vec<usize> = chunks.iter().map(|rows| rows.iter().map(|row| row.raw.len()).sum()).collect();
    let wanted = sizes.iter().sum::<usize>() / usize::try_from(CHUNKS).unwrap();
    assert!(
        sizes.iter().all(|size| (wanted / 4..=wanted * 4).contains(size)),
        "{name}: chunks of {sizes:?} bytes where {wanted} are wanted"
    );
}

/// The rows of a chunk are compared with what the server counted, so it must count, whatever its settings are.
#[tokio::test]
async fn a_server_that_counts_no_rows_by_default_counts_ours() {
    let oddities = Oddities { no_count: true, ..Oddities::default() };
    let mut source = Source::with(EngineOptions { oddities, ..EngineOptions::default() }).await;
    let [row] = &source.client.rows("SELECT @@OPTIONS AS options").await.unwrap()[..] else {
        panic!("one row")
    };
    assert_eq!(row.get::<i32, _>("options").unwrap() & 512, 0, "NOCOUNT is off");
}

#[tokio::test]
async fn the_chunks_of_every_kind_of_key_are_the_table() {
    let mut source = Source::new().await;
    for (name, columns, row) in KINDS {
        source.load(&table(name, columns, ROWS, row));
    }
    for denied in [false, true] {
        source.engine.deny_view(HISTOGRAM, denied.then_some(Denial::Denied));
        for (name, ..) in KINDS {
            let planned = source.planned(name).await;
            let bounds = source.bounds(&planned, planned.bytes / CHUNKS).await.unwrap();
            assert!((5..=8).contains(&bounds.len()), "{name}: {} bounds", bounds.len());
            let chunks = source.chunks(&planned, &bounds).await;
            about_equal(name, &chunks);
            // What a bound is made from gives it back.
            for (chunk, bound) in chunks.iter().zip(&bounds) {
                assert_eq!(chunk.last().unwrap().key.as_ref(), Some(bound), "{name}");
            }
        }
    }
    // One histogram a table of one key column and of even rows, when it is allowed.
    assert!(source.asked("SELECT k.[") >= 10, "{} histograms were read", source.asked("SELECT k.["));
}

#[tokio::test]
async fn a_small_table_and_a_table_without_a_key_are_one_chunk() {
    let mut source = Source::new().await;
    source.load(&table("small", "k int NOT NULL PRIMARY KEY", 500, |i| i.to_string()));
    source.load("CREATE TABLE dbo.heap (k int NOT NULL, v int NULL);\nGO\nCREATE TABLE dbo.none (k int NOT NULL PRIMARY KEY);\nGO\n");
    let small = source.planned("small").await;
    let before = source.server.stats().batches();
    assert_eq!(source.bounds(&small, small.bytes).await.unwrap(), []);
    assert_eq!(source.server.stats().batches(), before);
    assert_eq!(source.planned("heap").await.chunk_key, None);
    let mut none = source.planned("none").await;
    // Statistics that are wrong: an empty table is one chunk all the same.
    (none.rows, none.bytes) = (1_000_000, 1 << 30);
    assert_eq!(source.bounds(&none, 1 << 20).await.unwrap(), []);
}

#[tokio::test]
async fn a_large_table_is_sampled_and_wide_rows_weigh_more() {
    let mut source = Source::new().await;
    generate::table(&source.engine, &TableSpec::reference("reference", 40_000, 1)).unwrap();
    source.engine.deny_view(HISTOGRAM, Some(Denial::Missing));
    let planned = source.planned("reference").await;
    let bounds = source.bounds(&planned, planned.bytes / CHUNKS).await.unwrap();
    assert_eq!(source.asked("PERCENT)"), 1);
    assert_eq!(bounds.len(), 7);
    about_equal("reference", &source.chunks(&planned, &bounds).await);
    // The last hundred rows are most of the bytes.
    let mut script =
        "CREATE TABLE dbo.wide (k int NOT NULL PRIMARY KEY, v varchar(max) NOT NULL);\nGO\n".to_owned();
    for k in 0..600 {
        let length = if k < 500 { 10 } else { 6000 };
        let _ = write!(script, "INSERT INTO dbo.wide VALUES ({k}, '{}');\nGO\n", "x".repeat(length));
    }
    source.load(&script);
    let planned = source.planned("wide").await;
    let bounds = source.bounds(&planned, planned.bytes / CHUNKS).await.unwrap();
    let chunks = source.chunks(&planned, &bounds).await;
    about_equal("wide", &chunks);
    assert!(chunks[0].len() > 500, "the narrow rows are in one chunk");
}

#[tokio::test]
async fn a_few_rows_with_large_objects_are_cut_by_all_their_keys() {
    let mut source = Source::new().await;
    let mut script =
        "CREATE TABLE dbo.objects (k int NOT NULL PRIMARY KEY, v varbinary(max) NOT NULL);\nGO\n".to_owned();
    for k in 0..60 {
        let _ = write!(script, "INSERT INTO dbo.objects VALUES ({k}, 0x{});\nGO\n", "AB".repeat(100_000));
    }
    source.load(&script);
    let planned = source.planned("objects").await;
    // Many pages: by pages alone it would be sampled, and a sample of one page in twenty has three of these rows.
    assert!(planned.bytes / 8192 > 600, "{} bytes", planned.bytes);
    let bounds = source.bounds(&planned, planned.bytes / 4).await.unwrap();
    assert_eq!(source.asked("PERCENT)"), 0);
    let sizes: Vec<usize> = source.chunks(&planned, &bounds).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [15; 4]);
}

/// The test server must not make a pass over the table for each chunk: then no test of many chunks is of any use.
#[tokio::test]
async fn a_chunk_costs_the_test_server_a_chunk() {
    let mut source = Source::new().await;
    generate::table(&source.engine, &TableSpec::reference("reference", 200_000, 1)).unwrap();
    let planned = source.planned("reference").await;
    let bounds = source.bounds(&planned, planned.bytes / 50).await.unwrap();
    assert_eq!(bounds.len(), 49);
    let began = std::time::Instant::now();
    let whole = source.rows(&planned, &KeyRange::default(), true).await.len();
    let once = began.elapsed();
    let began = std::time::Instant::now();
    let mut rows = 0;
    for range in ranges(&bounds) {
        rows += source.rows(&planned, &range, true).await.len();
    }
    let chunked = began.elapsed();
    assert_eq!(rows, whole);
    assert!(chunked < once * 5, "50 chunks take {chunked:?}, the table {once:?}");
}

#[tokio::test]
async fn where_nothing_can_be_sampled_an_index_is_probed_and_a_clustered_key_is_left_to_the_copy() {
    let mut source = Source::new().await;
    source.load(&table("based", "k int NOT NULL PRIMARY KEY, l int NOT NULL", 12_000, |i| {
        format!("{i}, {}", 12_000 - i)
    }));
    source.load("CREATE VIEW dbo.seen AS SELECT k, l, payload FROM dbo.based;\nGO\n");
    source.engine.deny_view(HISTOGRAM, Some(Denial::Denied));
    let mut planned = source.planned("based").await;
    // A view stands for a table that cannot be sampled; an understated size keeps it from being read whole.
    planned.source.name = "seen".to_owned();
    planned.bytes = 8192 * 200;
    let wanted = planned.bytes / 4;
    assert_eq!(source.bounds(&planned, wanted).await.unwrap(), []);
    planned.chunk_key.as_mut().unwrap().clustered = false;
    let bounds = source.bounds(&planned, wanted).await.unwrap();
    assert_eq!(source.asked("OFFSET 2999 ROWS"), 3);
    let sizes: Vec<usize> = source.chunks(&planned, &bounds).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [3000; 4]);
}

#[tokio::test]
async fn an_outdated_histogram_is_not_used_and_a_deadlock_is_an_error() {
    let mut source = Source::new().await;
    source.load(&table("t", "k int NOT NULL PRIMARY KEY", ROWS, |i| i.to_string()));
    let mut planned = source.planned("t").await;
    let chunk = planned.bytes / CHUNKS;
    source.bounds(&planned, chunk).await.unwrap();
    assert_eq!(source.asked("SELECT k.[k]"), 1);
    planned.rows += planned.rows / 4;
    source.bounds(&planned, chunk).await.unwrap();
    assert_eq!(source.asked("SELECT k.[k]"), 1);
    let deadlock = mssim::faults::Fault::from(mssim::faults::FaultKind::Deadlock { rows: 0 });
    source.server.faults().set(deadlock.times(1).containing("row_count"));
    let error = source.bounds(&planned, chunk).await.unwrap_err();
    assert!(error.policy().retry, "{error}");
    assert_ne!(error.kind(), ErrorKind::Bug);
}

/// Runs one case of the property: random rows, cut at random rows.
async fn partition(source: &mut Source, case: u32, keys: &[(i32, String, u32)], cuts: &[usize]) {
    let name = format!("p{case}");
    let mut script = format!(
        "CREATE TABLE dbo.{name} (a smallint NOT NULL, b nvarchar(12) COLLATE Latin1_General_CI_AI NOT NULL, \
         c datetime2(3) NOT NULL, id int NOT NULL, PRIMARY KEY (a DESC, b, c DESC, id));\nGO\n"
    );
    for (id, (a, b, c)) in keys.iter().enumerate() {
        let (a, b) = (a % 4, b.replace('\'', "''"));
        let at = format!("{}T{}.{:03}", day(c % 3), clock(c % 5), c % 4);
        let _ = write!(script, "INSERT INTO dbo.{name} VALUES ({a}, N'{b}', '{at}', {id});\nGO\n");
    }
    source.load(&script);
    let planned = source.planned(&name).await;
    let whole = source.rows(&planned, &KeyRange::default(), true).await;
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % whole.len()).collect();
    places.sort_unstable();
    places.dedup();
    let bounds: Vec<Bound> = places.iter().map(|place| whole[*place].key.clone().unwrap()).collect();
    let chunks = source.chunks(&planned, &bounds).await;
    let mut from = 0;
    for (chunk, place) in chunks.iter().zip(&places) {
        assert_eq!(chunk.len(), place + 1 - from);
        from = place + 1;
    }
    source.load(&format!("DROP TABLE dbo.{name};\nGO\n"));
}

#[test]
fn ranges_between_random_keys_lose_and_double_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // A case that fails leaves its lock poisoned; those that shrink it go on.
    let shared = Mutex::new((runtime.block_on(Source::new()), 0));
    let text = proptest::string::string_regex("[a-cA-Cäß' \u{1F600}\n0-2]{0,6}").unwrap();
    let keys = proptest::collection::vec((any::<u16>().prop_map(i32::from), text, any::<u32>()), 1..60);
    let cuts = proptest::collection::vec(any::<usize>(), 0..6);
    let seed = super::harness::seed();
    println!("SHARDFERRY_TEST_SEED={seed}");
    let config = proptest::test_runner::Config { cases: 24, failure_persistence: None, ..Default::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = proptest::test_runner::TestRng::from_seed(config.rng_algorithm, &bytes);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(config, rng);
    runner
        .run(&(keys, cuts), |(keys, cuts)| {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let (source, case) = &mut *shared;
            *case += 1;
            runtime.block_on(partition(source, *case, &keys, &cuts));
            Ok(())
        })
        .unwrap();
}
