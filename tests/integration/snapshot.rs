//! `--consistency database-snapshot`: all pods read one point in time; what is no snapshot of the source is refused.
//! And the position of the log in the plan.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use mssim::engine::Denial;
use serde_json::Value as Json;

/// Three tables of 50 rows, and a snapshot of them, made before rows were changed, added and taken away.
fn world() -> World {
    let world = World::with_files();
    for table in ["A", "B", "C"] {
        world
            .load(&format!("CREATE TABLE dbo.{table} (id int NOT NULL PRIMARY KEY, note nvarchar(20) NULL)"));
        for id in 0..50 {
            world.load(&format!("INSERT INTO dbo.{table} VALUES ({id}, N'before')"));
        }
    }
    world.load(
        "CREATE DATABASE tonight ON (NAME = testdb, FILENAME = '/snap/tonight.ss') AS SNAPSHOT OF testdb",
    );
    for table in ["A", "B", "C"] {
        world.load(&format!(
            "UPDATE dbo.{table} SET note = N'after' WHERE id < 10;
             DELETE FROM dbo.{table} WHERE id >= 45;
             INSERT INTO dbo.{table} VALUES (100, N'after')"
        ));
    }
    world.load("CREATE TABLE dbo.Later (id int NOT NULL)");
    world
}

const TONIGHT: [&str; 3] = ["--consistency", "database-snapshot", "tonight"];

fn as_of_the_snapshot(world: &World) {
    for table in ["A", "B", "C"] {
        let sql = format!("SELECT count(*), min(note), max(note), max(id) FROM dbo.\"{table}\"");
        let wanted = ["50", "before", "before", "49"].map(|text| Some(text.to_owned())).to_vec();
        assert_eq!(world.target(&sql), [wanted], "{table}");
    }
    assert_eq!(world.target_value("SELECT to_regclass('dbo.\"Later\"') IS NULL"), "t");
}

#[test]
fn every_pod_sees_the_snapshot_and_the_plan_names_the_database() {
    let world = world();
    let run = |shard| [&["run", "--shard", shard, "--jobs", "1"][..], &TONIGHT].concat();
    world.command(&run("1/2")).pod("a").run().exits(0);
    world.load("DELETE FROM dbo.B; DELETE FROM dbo.C");
    world.command(&run("2/2")).pod("b").run().exits(0);
    as_of_the_snapshot(&world);
    let plan = world.object("plan.json").unwrap();
    assert_eq!(plan["source"]["database"], "testdb");
    assert_eq!(world.planned(), ["dbo.A", "dbo.B", "dbo.C"]);
    let texts = world.server.stats().batch_texts();
    assert!(!texts.iter().any(|text| text.contains("LEVEL SNAPSHOT")), "{texts:?}");
}

#[test]
fn each_step_goes_to_the_snapshot() {
    let world = world();
    let with = |command| [&[command][..], &TONIGHT].concat();
    // The plan of the database has a table more than the snapshot.
    world.succeed(&["plan", "--exclude", "*.Later"]);
    world.succeed(&with("schema"));
    world.succeed(&with("sync"));
    world.succeed(&with("finish"));
    as_of_the_snapshot(&world);
}

#[test]
fn what_is_no_snapshot_of_the_source_is_refused() {
    let world = world();
    world.load(
        "CREATE DATABASE other;
         CREATE DATABASE foreign_night ON (NAME = other, FILENAME = '/snap/o.ss') AS SNAPSHOT OF other",
    );
    for (name, code, says) in [
        ("other", 2, "other is no database snapshot (of testdb), but a database of its own"),
        ("foreign_night", 2, "foreign_night is a database snapshot of other, not of testdb"),
        ("testdb", 2, "testdb is no database snapshot (of testdb), but a database of its own"),
        ("nowhere", 2, "nowhere"),
    ] {
        for command in ["run", "schema", "sync"] {
            if command != "run" && world.object("plan.json").is_none() {
                world.succeed(&["plan"]);
            }
            world.run(&[command, "--consistency", "database-snapshot", name]).exits(code).says(says);
        }
        world.delete_object("plan.json");
    }
    assert_eq!(world.target_value("SELECT to_regclass('dbo.\"A\"') IS NULL"), "t");
}

#[test]
fn the_plan_records_the_position_of_the_log_where_it_may() {
    let world = world();
    let position = || {
        world.succeed(&["plan"]);
        let plan = world.object("plan.json").unwrap();
        world.delete_object("plan.json");
        plan["source"].get("log_position").cloned().unwrap_or(Json::Null)
    };
    let first = position();
    let parts: Vec<_> = first.as_str().unwrap().split(':').map(str::len).collect();
    assert_eq!(parts, [8, 8, 4], "{first}");
    world.load("INSERT INTO dbo.A VALUES (1000, NULL)");
    let second = position();
    assert!(second.as_str() > first.as_str(), "{first} {second}");
    for denial in [Denial::Denied, Denial::Missing] {
        world.engine.deny_view("sys.dm_db_log_stats", Some(denial));
        assert_eq!(position(), Json::Null);
    }
    world.engine.deny_view("sys.dm_db_log_stats", None);
    assert!(position().is_string());
}

/// Of a table of several chunks: each has its own moment, and that is said; `snapshot-table` has one.
#[test]
fn the_moments_of_a_table_are_said_and_snapshot_table_has_one() {
    let world = World::with_files();
    world.load("ALTER DATABASE testdb SET ALLOW_SNAPSHOT_ISOLATION ON");
    let values: Vec<String> = (1..=400).map(|id| format!("({id}, N'{}')", "x".repeat(40))).collect();
    world.load(&format!(
        "CREATE TABLE dbo.Long (id int NOT NULL PRIMARY KEY, note nvarchar(50) NULL);
         INSERT INTO dbo.Long VALUES {};
         CREATE TABLE dbo.Short (id int NOT NULL PRIMARY KEY)",
        values.join(", ")
    ));
    world.prepare();
    let consistency = |table: &str| world.object(&world.table_object(table)).unwrap()["consistency"].clone();
    let small = ["--chunk-size", "4KiB", "--jobs", "1"];
    let sync = |more: &[&str]| world.command(&[&["sync"][..], &small, more].concat()).pod("main");
    let said = "1 table is copied in several chunks, and each chunk is read as of its own moment";
    let killed = sync(&[]).failpoints("copy.after_trailer=kill@3").run();
    assert_eq!((killed.signal(), killed.lines_with(said).len()), (Some(9), 1), "{}", killed.stderr);
    assert!(world.target_value("SELECT count(*) FROM dbo.\"Long\"") != "0");
    // What is there is of other moments: the table begins anew, as one chunk.
    let before = world.server.stats().batch_texts().len();
    sync(&["--consistency", "snapshot-table"]).run().exits(0).hides(said);
    assert_eq!(
        (consistency("dbo.Long"), consistency("dbo.Short")),
        ("snapshot-table".into(), "snapshot-table".into())
    );
    let texts = world.server.stats().batch_texts().split_off(before);
    let reads = texts
        .iter()
        .filter(|text| text.contains("LEVEL SNAPSHOT; SELECT") && text.contains("[Long]"))
        .count();
    assert_eq!(reads, 1, "{texts:?}");
    assert_eq!(world.target_value("SELECT count(*) || ' ' || sum(id) FROM dbo.\"Long\""), "400 80200");
    let chunks = "SELECT count(*) FROM shardferry.chunk c JOIN shardferry.claim t USING (run_id, table_index) WHERE t.table_name = 'dbo.Long'";
    assert_eq!(world.target_value(chunks), "1");
    // All at once, from the beginning.
    world.succeed(&["reset", "--yes"]);
    sync(&[]).run().exits(0).says(said);
    assert_eq!(
        (consistency("dbo.Long"), consistency("dbo.Short")),
        ("snapshot of each chunk".into(), "snapshot".into())
    );
    world.command(&["plan", "--dry-run", "--format", "json"]).run().exits(0);
}
