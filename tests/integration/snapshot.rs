//! `--consistency database-snapshot`: all pods read one point in time; what is no snapshot of the source is refused. And
//! the position of the log in the plan.
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
