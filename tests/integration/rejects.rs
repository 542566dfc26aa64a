//! Rows that are left out: reject files, their count, the quota, kills between file and commit, rows that PostgreSQL
//! refuses.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::{Finished, RUN, World};
use super::policies::{ODD, column, planned};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// `sync --rejects` into a folder of the test's own.
fn sync(world: &World, more: &[&str], armed: &str) -> Finished {
    let url = format!("file://{}", world.folder.path().join("rejects").display());
    let mut arguments = vec!["sync", "--rejects", &url];
    arguments.extend(more);
    world.command(&arguments).failpoints(armed).pod("main").run()
}

/// The lines of all reject files by file, as they are below the run's folder.
fn files(world: &World) -> BTreeMap<String, Vec<Json>> {
    let root = world.folder.path().join("rejects").join(RUN);
    let mut found = BTreeMap::new();
    for folder in std::fs::read_dir(&root).into_iter().flatten() {
        let folder = folder.unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let name =
                format!("{}/{}", folder.file_name().to_str().unwrap(), file.file_name().to_str().unwrap());
            let text = std::fs::read_to_string(file.path()).unwrap();
            found.insert(name, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect());
        }
    }
    found
}

fn ids(world: &World, table: &str) -> String {
    world.target_value(&format!("SELECT string_agg(\"Id\"::text, ',' ORDER BY \"Id\") FROM {table}"))
}

#[test]
fn refused_rows_go_to_the_file_and_nowhere_else() {
    let world = World::with_files();
    world.load(ODD);
    planned(&world, |table| column(table, "Code")["mask"] = json!({"fixed": "x"}));
    sync(&world, &[], "").exits(0).says("left out: see the reject file");
    assert_eq!(ids(&world, "dbo.\"Odd\""), "1,2,8");
    let files = files(&world);
    assert_eq!(files.len(), 1, "{files:?}");
    let (name, lines) = files.first_key_value().unwrap();
    assert_eq!(name, "00001-dbo.Odd/0-1.jsonl");
    let whys: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["key"][0].as_str().unwrap(),
                line["column"].as_str().unwrap(),
                line["loss"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        whys,
        [
            ("3", "Note", "nul"),
            ("4", "Note", "nul"),
            ("5", "Note", "surrogate"),
            ("6", "At", "fraction"),
            ("7", "At", "fraction")
        ]
    );
    assert_eq!(
        lines[0]["values"],
        json!({"Id": {"hex": "03000000"}, "Note": "a\0b", "At": null, "Zoned": null, "Code": {"masked": true}})
    );
    assert_eq!(lines[2]["values"]["Note"], json!({"hex": "780000D8"}));
    let object = world.object(&world.table_object("dbo.Odd")).unwrap();
    let rejected = |place: usize| {
        (
            object["losses"][place]["column"].as_str(),
            object["losses"][place]["rows"].as_u64(),
            object["losses"][place]["files"][0].as_str(),
        )
    };
    assert_eq!(rejected(0), (Some("At"), Some(2), Some(name.as_str())));
    assert_eq!(rejected(1), (Some("Note"), Some(3), Some(name.as_str())));
    assert_eq!(object["data"]["rows_synced"], 3);
}

/// Forty rows of ten values with 60 KB each are refused: a worker holds a megabyte of them at most, so there are
/// several files. Every row is in one of them, each is named in the ledger and in the checkpoint, and no process grows
/// with them.
#[test]
fn large_refused_rows_go_to_several_files_and_not_into_memory() {
    let world = World::with_files();
    let columns: Vec<String> = (0..10).map(|column| format!("V{column} nvarchar(max) NULL")).collect();
    let values = vec![format!("N'{}'", "ab".repeat(15_000)); 10];
    let mut script = format!(
        "CREATE TABLE dbo.Many (Id int NOT NULL PRIMARY KEY, {}, Note nvarchar(10) NULL);\nGO\n",
        columns.join(", ")
    );
    for id in 0..40 {
        script.push_str(&format!(
            "INSERT INTO dbo.Many VALUES ({id}, {}, N'a' + NCHAR(0));\nGO\n",
            values.join(", ")
        ));
    }
    world.load(&script);
    planned(&world, |_| ());
    sync(&world, &[], "").exits(0);
    accounted(&world, 40);
    let files = files(&world);
    assert!(files.len() > 2, "{:?}", files.keys());
    let named: BTreeSet<String> =
        world.object(&world.table_object("dbo.Many")).unwrap()["losses"][0]["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file.as_str().unwrap().to_owned())
            .collect();
    assert_eq!(named, files.keys().cloned().collect());
    let lines: Vec<&Json> = files.values().flatten().collect();
    let keys: BTreeSet<&str> = lines.iter().map(|line| line["key"][0].as_str().unwrap()).collect();
    assert_eq!((lines.len(), keys.len()), (40, 40));
    // Of a long row the first values are whole, later ones are cut and say so.
    let first = &lines[0]["values"];
    assert_eq!(first["V0"].as_str().map(str::len), Some(30_000));
    assert_eq!((&first["V9"]["cut"], &first["V9"]["bytes"]), (&true.into(), &60_000.into()));
}

#[test]
fn the_quota_is_the_tables_whatever_the_chunks() {
    let world = World::with_files();
    world.load(ODD);
    planned(&world, |_| ());
    sync(&world, &["--rejects-quota", "4"], "").exits(3).says("more than 4 rows are refused").says("dbo.Odd");
    assert_eq!(world.target_value("SELECT count(*) FROM shardferry.loss"), "0");
    sync(&world, &["--rejects-quota", "5"], "").exits(0);
    assert_eq!(ids(&world, "dbo.\"Odd\""), "1,2,8");
}

/// What the ledger says is in files that are there, and every row is in the target or in such a file, once.
fn accounted(world: &World, rows: u64) {
    let files = files(world);
    let named = world.target(
        "SELECT DISTINCT regexp_split_to_table(file, '\n') FROM shardferry.loss WHERE loss = 'rejected'",
    );
    let rejected: usize = named.iter().map(|row| files[row[0].as_ref().unwrap()].len()).sum();
    assert_eq!(
        rejected.to_string(),
        world.target_value("SELECT coalesce(sum(rows), 0) FROM shardferry.loss WHERE loss = 'rejected'")
    );
    let here: u64 = world.target_value("SELECT count(*) FROM dbo.\"Many\"").parse().unwrap();
    assert_eq!(here + u64::try_from(rejected).unwrap(), rows);
    assert_eq!(world.target_value("SELECT count(DISTINCT \"Id\") FROM dbo.\"Many\""), here.to_string());
}

#[test]
fn a_kill_between_file_and_commit_loses_and_doubles_nothing() {
    for armed in [
        "rejects.before_put=kill@1",
        "rejects.after_put=kill@1",
        "rejects.after_put=kill@2",
        "copy.after_marker=kill@2",
        "copy.after_losses=kill@1",
        "copy.after_losses=error@1",
        "copy.after_commit=error@1",
        "copy.after_commit=kill@2",
        "rejects.after_put=error@1",
    ] {
        let world = World::with_files();
        world.load(
            "CREATE TABLE dbo.Many (Id int NOT NULL CONSTRAINT PK_Many PRIMARY KEY, Note nvarchar(200) NULL)",
        );
        let rows: Vec<_> = (0..400)
            .map(|id| {
                if id % 40 == 7 {
                    format!("({id}, N'bad' + NCHAR(0))")
                } else {
                    format!("({id}, REPLICATE(N'x', 100))")
                }
            })
            .collect();
        world.load(&format!("INSERT INTO dbo.Many VALUES {}", rows.join(", ")));
        planned(&world, |_| ());
        let chunked = ["--jobs", "2", "--chunk-size", "16KiB"];
        let broken = sync(&world, &chunked, armed);
        let (place, action) = armed.split_once('=').unwrap();
        let reached = broken.lines_with(&format!("failpoint {place} reached")).len();
        assert!(reached > 0, "{armed} was armed in vain: {}", broken.stderr);
        if action.starts_with("kill") {
            assert_eq!(broken.signal(), Some(9), "{armed}: {}", broken.stderr);
        } else {
            assert_eq!(broken.code(), Some(0), "{armed}: {}", broken.stderr);
        }
        let count = files(&world).len();
        sync(&world, &chunked, "").exits(0);
        assert!(files(&world).len() >= count);
        accounted(&world, 400);
        assert_eq!(world.target_value("SELECT sum(rows) FROM shardferry.loss"), "10", "{armed}");
    }
}

#[test]
fn a_large_row_that_was_sent_in_part_is_left_out_too() {
    let world = World::with_files();
    world.load("CREATE TABLE dbo.Many (Id int NOT NULL CONSTRAINT PK_Many PRIMARY KEY, Bytes varbinary(max) NULL, Note nvarchar(20) NULL)");
    let large = "a7".repeat(700_000);
    world.load(&format!(
        "INSERT INTO dbo.Many VALUES (1, 0x01, N'a'), (2, 0x{large}, N'b' + NCHAR(0)), (3, 0x{large}, N'c')"
    ));
    planned(&world, |_| ());
    sync(&world, &[], "").exits(0);
    accounted(&world, 3);
    assert_eq!(world.target_value("SELECT length(\"Bytes\") FROM dbo.\"Many\" WHERE \"Id\" = 3"), "700000");
    let files = files(&world);
    let line = &files.first_key_value().unwrap().1[0];
    assert_eq!(
        (&line["values"]["Bytes"]["cut"], &line["values"]["Bytes"]["bytes"]),
        (&json!(true), &json!(700_000))
    );
}

#[test]
fn rows_that_postgresql_refuses_are_found_and_left_out() {
    let world = World::with_files();
    // The test server takes what SQL Server would not: xml that is not well-formed.
    world.load("CREATE TABLE dbo.Many (Id int NOT NULL CONSTRAINT PK_Many PRIMARY KEY, Doc xml NULL, Note nvarchar(40) NULL)
GO
INSERT INTO dbo.Many VALUES (1, '<a/>', N'a'), (2, '<broken', N'b'), (3, NULL, N'c'), (4, '<broken', N'b'), (5, '<a></b>', N'e'),
    (6, '<a>6</a>', N'f'), (7, '<z/>', NULL)
GO");
    planned(&world, |_| ());
    let refused = world.run(&["sync"]).exits(3);
    refused.says("column Doc").says("row 2 of chunk 0").says("2200N").says("--map xml=text").hides("broken");
    world.load("UPDATE dbo.Many SET Note = N'f' + NCHAR(0) WHERE Id = 6");
    sync(&world, &[], "").exits(0).says("the chunk is done again without it");
    assert_eq!(ids(&world, "dbo.\"Many\""), "1,3,7");
    accounted(&world, 7);
    let files = files(&world);
    let lines = files.first_key_value().unwrap().1;
    let whys: Vec<_> =
        lines.iter().map(|line| (line["key"][0].as_str().unwrap(), line["loss"].as_str().unwrap())).collect();
    assert_eq!(whys, [("2", "target"), ("4", "target"), ("5", "target"), ("6", "nul")]);
    assert_eq!(lines[0]["values"]["Doc"], "<broken");
    world.succeed(&["reset", "--yes"]);
    sync(&world, &["--rejects-quota", "2"], "").exits(3);
}
