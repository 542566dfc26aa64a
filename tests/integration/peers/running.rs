//! Runs that lose rows, copy them twice, or end well when they should not.

use super::{copied, world};
use crate::harness::World;
use mssim::faults::{Fault, FaultKind};

const ROWS: u64 = 3000;

#[test]
fn a_connection_that_breaks_costs_no_row() {
    for kind in [FaultKind::ResetAfterRows(ROWS / 2), FaultKind::TruncatedPacket { rows: ROWS - 1 }] {
        let world = World::with_files();
        world.reference("Big", ROWS);
        let fault = world.fault(Fault::from(kind).times(1).containing("[Big]"));
        world.succeed(&["run"]);
        assert_eq!(world.happened(fault), 1);
        assert_eq!(world.assert_equal(), ROWS);
    }
}

#[test]
fn a_rerun_copies_what_the_first_could_not() {
    let world = World::with_files();
    world.reference("Big", ROWS);
    world.fault(Fault::from(FaultKind::ResetAfterRows(100)).containing("[Big]"));
    let first = world.command(&["run"]).pod("main").env("SHARDFERRY_RETRIES", "1").run();
    assert_ne!(first.code(), Some(0), "{}", first.stderr);
    world.server.faults().clear();
    let again = world.run(&["run", "--retry-failed"]);
    again.exits(0);
    assert_eq!(world.assert_equal(), ROWS);
}

#[test]
fn retries_never_duplicate() {
    let world = world(
        "CREATE TABLE dbo.Heap (a int NULL, b nvarchar(20) NULL)
        GO
        INSERT INTO dbo.Heap VALUES (1, N'same'), (1, N'same'), (NULL, NULL)
        GO 100",
    );
    let fault = world.fault(Fault::from(FaultKind::ResetAfterRows(150)).times(3).containing("[Heap]"));
    world.succeed(&["run"]);
    assert_eq!(world.happened(fault), 3);
    assert_eq!(world.assert_equal(), 300);
}

#[test]
fn a_failed_table_fails_the_run_and_no_other() {
    let world = world(
        "CREATE TABLE dbo.Bad (id int NOT NULL PRIMARY KEY, v nvarchar(5) NULL);
        INSERT INTO dbo.Bad VALUES (1, NCHAR(0));
        CREATE TABLE dbo.Good (id int NOT NULL PRIMARY KEY);
        INSERT INTO dbo.Good VALUES (1), (2)",
    );
    world.run(&["run"]).exits(3).says("dbo.Bad");
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Good\""), "2");
    assert_eq!(
        (world.data_status("dbo.Good").as_str(), world.data_status("dbo.Bad").as_str()),
        ("completed", "failed")
    );
}

#[test]
fn a_source_that_is_away_empties_nothing() {
    let world = copied("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY); INSERT INTO dbo.t VALUES (1), (2)");
    world.fault(Fault::from(FaultKind::LoginFailure));
    for arguments in [&["run"][..], &["run", "--run-id", "another"]] {
        world.command(arguments).pod("main").env("SHARDFERRY_RETRIES", "0").run();
        assert_eq!(world.target_value("SELECT count(*) FROM dbo.t"), "2", "{arguments:?}");
    }
    let refused =
        world.command(&["run", "--run-id", "another"]).env("SHARDFERRY_RETRIES", "0").pod("main").run();
    assert_ne!(refused.code(), Some(0), "{}", refused.stderr);
}

#[test]
fn an_empty_table_is_there() {
    let world = copied(
        "CREATE TABLE dbo.Nothing (id int NOT NULL CONSTRAINT PK_Nothing PRIMARY KEY, v xml NULL);
        CREATE TABLE dbo.NoKey (v int NULL)",
    );
    assert_eq!(world.assert_equal(), 0);
    assert_eq!(world.data_status("dbo.Nothing"), "completed");
    assert_eq!(world.target_value("SELECT count(*) FROM pg_constraint WHERE conname = 'PK_Nothing'"), "1");
}

#[test]
fn no_query_reads_what_is_not_committed() {
    let world = World::with_files();
    world.reference("Big", 100);
    world.succeed(&["run"]);
    let asked = world.server.stats().batch_texts();
    assert!(!asked.is_empty());
    for text in asked {
        let text = text.to_uppercase();
        assert!(
            !["NOLOCK", "READUNCOMMITTED", "READ UNCOMMITTED", "READPAST"]
                .iter()
                .any(|word| text.contains(word)),
            "{text}"
        );
    }
}

#[test]
fn sparse_keys_cost_nothing() {
    let world = world(
        "CREATE TABLE dbo.Sparse (id bigint NOT NULL PRIMARY KEY, v int NULL);
        INSERT INTO dbo.Sparse VALUES (-9223372036854775808, 1), (-1, 2), (0, 3), (9223372036854775807, 4)",
    );
    world.succeed(&["run", "--chunk-size", "4KiB"]);
    assert_eq!(world.assert_equal(), 4);
    assert!(world.reads("Sparse") <= 4, "{} reads of four rows", world.reads("Sparse"));
}

#[test]
fn rows_of_a_heap_with_nulls_are_all_there() {
    let world = copied(
        "CREATE TABLE dbo.Loose (k int NULL, v int NULL);
        CREATE UNIQUE INDEX UX_Loose ON dbo.Loose (k);
        INSERT INTO dbo.Loose VALUES (NULL, 1), (1, 2), (2, NULL), (-2147483648, 3), (2147483647, 4)",
    );
    assert_eq!(world.assert_equal(), 5);
}

#[test]
fn keys_of_every_type_are_divided() {
    let keys = [
        ("Numbers", "decimal(20, 4)", (0..60).map(|n| format!("{n}.{n:04}")).collect::<Vec<_>>()),
        (
            "Words",
            "nvarchar(20) COLLATE Latin1_General_CI_AS",
            (0..60).map(|n| format!("N'{}-{n}'", ["ä", "B", "ł", "Ж", "日"][n % 5])).collect(),
        ),
        (
            "Guids",
            "uniqueidentifier",
            (0..60).map(|n| format!("'{:08x}-0000-0000-0000-{:012x}'", n * 7919, 60 - n)).collect(),
        ),
        ("Times", "datetime2(3)", (0..60).map(|n| format!("'2020-01-01T00:{n:02}:00.{n:03}'")).collect()),
        ("Bytes", "varbinary(8)", (0..60).map(|n| format!("0x{n:02X}{:02X}", 255 - n)).collect()),
    ];
    let mut script = String::new();
    for (name, ty, keys) in &keys {
        let rows: Vec<_> = keys.iter().map(|key| format!("({key}, REPLICATE(N'x', 400))")).collect();
        script += &format!(
            "CREATE TABLE dbo.{name} (k {ty} NOT NULL PRIMARY KEY, v nvarchar(400) NULL);\nINSERT INTO dbo.{name} VALUES {};\n",
            rows.join(", ")
        );
    }
    let world = world(&script);
    world.succeed(&["run", "--chunk-size", "8KiB"]);
    assert_eq!(world.assert_equal(), 300);
    for (name, ..) in &keys {
        let chunks = format!(
            "SELECT count(*) FROM shardferry.chunk c WHERE table_index = {}",
            world.planned().iter().position(|table| *table == format!("dbo.{name}")).unwrap() + 1
        );
        let chunks: u32 = world.target_value(&chunks).parse().unwrap();
        assert!(chunks > 1, "dbo.{name} was read in one piece");
    }
}
