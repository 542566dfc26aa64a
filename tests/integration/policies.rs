//! Policies, the lossiness record, masks and filters through the whole program: the rows in the target, the ledger, the
//! checkpoints, `status`, the log, the result file.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::{Value as Json, json};

/// Rows 1 and 2 are as they should be; 3 to 8 each have one thing that PostgreSQL cannot hold.
pub(super) const ODD: &str = "
CREATE TABLE dbo.Odd (Id int NOT NULL CONSTRAINT PK_Odd PRIMARY KEY, Note nvarchar(20) NULL, At datetime2(7) NULL, Zoned datetimeoffset(7) NULL,
    Code nchar(4) NULL)
GO
INSERT INTO dbo.Odd (Id, Note, At, Zoned, Code) VALUES
    (1, N'plain', '2024-01-02T03:04:05.123456', '2024-01-02T03:04:05.1+00:00', N'ab'),
    (2, NULL, NULL, NULL, NULL),
    (3, N'a' + NCHAR(0) + N'b', NULL, NULL, NULL),
    (4, N'a' + NCHAR(0) + NCHAR(0), NULL, NULL, NULL),
    (5, N'x' + NCHAR(55296), NULL, NULL, NULL),
    (6, NULL, '2024-01-02T23:59:59.9999999', NULL, NULL),
    (7, NULL, '9999-12-31T23:59:59.9999999', '2024-01-02T03:04:05.5+02:00', NULL),
    (8, NULL, NULL, NULL, N'😀')
GO
";

/// Plans, and changes the only table of the plan.
pub(super) fn planned(world: &World, change: impl Fn(&mut Json)) {
    world.succeed(&["plan"]);
    let mut plan = world.object("plan.json").unwrap();
    change(&mut plan["tables"][0]);
    world.put_old_plan(&plan);
    world.succeed(&["schema"]);
}

/// A column of the table, by its name.
pub(super) fn column<'t>(table: &'t mut Json, name: &str) -> &'t mut Json {
    table["columns"].as_array_mut().unwrap().iter_mut().find(|column| column["source"] == name).unwrap()
}

fn lenient(table: &mut Json) {
    column(table, "Note")["policies"] = json!({"nul": "strip", "surrogate": "replace"});
    column(table, "At")["policies"] = json!({"fraction": "round"});
}

fn record(column: &str, loss: &str, rows: u64, keys: &[u32]) -> Json {
    let samples: Vec<_> = keys.iter().map(|key| json!([key.to_string()])).collect();
    json!({"column": column, "loss": loss, "rows": rows, "samples": samples})
}

#[test]
fn what_is_changed_is_what_the_policies_say_and_is_told_everywhere() {
    let world = World::new();
    world.load(ODD);
    planned(&world, lenient);
    let result = world.folder.path().join("result.json");
    let done = world.succeed(&["sync", "--result-file", result.to_str().unwrap()]);
    let rows = world.target(
        "SET TimeZone = 'UTC'; SELECT \"Id\", \"Note\", \"At\", \"Zoned\" FROM dbo.\"Odd\" ORDER BY 1",
    );
    let text = |row: usize, column: usize| rows[row][column].as_deref();
    assert_eq!(rows.len(), 8);
    assert_eq!((text(2, 1), text(3, 1), text(4, 1)), (Some("ab"), Some("a"), Some("x\u{FFFD}")));
    assert_eq!(text(0, 2), Some("2024-01-02 03:04:05.123456"));
    assert_eq!(text(5, 2), Some("2024-01-03 00:00:00"));
    assert_eq!(text(6, 2), Some("9999-12-31 23:59:59.999999"));
    assert_eq!(text(6, 3), Some("2024-01-02 01:04:05.5+00"));
    let expected = json!([
        record("At", "fraction", 2, &[6, 7]),
        record("Code", "padding", 1, &[8]),
        record("Note", "nul", 2, &[3, 4]),
        record("Note", "surrogate", 1, &[5]),
        record("Zoned", "offset", 1, &[7]),
    ]);
    let object = world.object(&world.table_object("dbo.Odd")).unwrap();
    assert_eq!(object["losses"], expected);
    let status: Json = serde_json::from_str(&world.succeed(&["status", "--format", "json"]).stdout).unwrap();
    assert_eq!(status["tables"]["dbo.Odd"]["losses"], expected);
    let shown = world.succeed(&["status"]).stdout;
    assert!(
        shown.contains("Changed in dbo.Odd: At fraction 2 rows, Code padding 1 row, Note nul 2 rows"),
        "{shown}"
    );
    assert_eq!(done.lines_with("1 column has rows ").len(), 5, "{}", done.stderr);
    done.says("1 column has rows with U+0000 replaced or left out (dbo.Odd.Note 2 rows)")
        .says("1 column has rows with half a surrogate pair replaced (dbo.Odd.Note 1 row)");
    let result: Json = serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap();
    assert_eq!(result["lossy_rows"], 7);
    let pods = world.keys("pods/");
    let pod = world.object(&pods[pods.len() - 1][6..]).unwrap();
    assert_eq!(pod["tables"][0]["lossy_rows"], 7);
    // The record is the ledger's: an object without it is mended, and a reset forgets it.
    let mut object = object;
    object["losses"] = json!([]);
    world.put_object(&world.table_object("dbo.Odd"), &object);
    world.succeed(&["sync"]).says("already completed");
    assert_eq!(world.object(&world.table_object("dbo.Odd")).unwrap()["losses"], expected);
    world.succeed(&["reset", "--yes"]);
    assert_eq!(world.target_value("SELECT count(*) FROM shardferry.loss"), "0");
    assert_eq!(world.object(&world.table_object("dbo.Odd")).unwrap().get("losses"), None);
    world.succeed(&["sync"]);
    assert_eq!(world.object(&world.table_object("dbo.Odd")).unwrap()["losses"], expected);
}

#[test]
fn a_refused_value_is_named_by_its_key_and_the_ways_out() {
    let world = World::with_files();
    world.load(ODD);
    planned(&world, |_| ());
    let failed = world.run(&["sync"]).exits(3);
    failed
        .says("dbo.Odd")
        .says("column Note")
        .says("U+0000")
        .says("key (3)")
        .says("--policy nul=replace or nul=strip")
        .says("--rejects");
    planned_again(&world, |table| column(table, "Zoned")["policies"] = json!({"offset": "error"}));
    world.load("UPDATE dbo.Odd SET Note = NULL, At = NULL");
    world.run(&["sync"]).exits(3).says("column Zoned").says("key (7)").says("offset=instant");
    assert_eq!(world.target_value("SELECT count(*) FROM shardferry.loss"), "0");
}

fn planned_again(world: &World, change: impl Fn(&mut Json)) {
    let mut plan = world.object("plan.json").unwrap();
    change(&mut plan["tables"][0]);
    world.put_old_plan(&plan);
}

#[test]
fn the_key_of_a_row_is_not_told_where_it_is_the_value_or_masked() {
    let world = World::with_files();
    world.load(
        "CREATE TABLE dbo.Named (Name nvarchar(20) NOT NULL CONSTRAINT PK_Named PRIMARY KEY, Note nvarchar(20) NULL)
GO
INSERT INTO dbo.Named VALUES (N'secret' + NCHAR(0), NULL), (N'hidden', N'b' + NCHAR(0))
GO",
    );
    planned(&world, |table| column(table, "Note")["policies"] = json!({"nul": "strip"}));
    let failed = world.run(&["sync"]).exits(3);
    failed.says("column Name").says("row 2 of chunk 0").hides("secret");
    world.load("UPDATE dbo.Named SET Name = N'secret' WHERE Note IS NULL");
    planned_again(&world, |table| {
        column(table, "Name")["mask"] = json!("hash");
    });
    // The plan would have made the column text.
    world.target("ALTER TABLE dbo.\"Named\" ALTER COLUMN \"Name\" TYPE text");
    planned_again(&world, |table| column(table, "Name")["target_type"] = json!("text"));
    world.succeed(&["sync"]).hides("hidden").hides("secret");
    let losses = world.target_value("SELECT samples FROM shardferry.loss");
    assert_eq!(losses, r#"[{"withheld": "a column of the key is masked"}]"#);
    let hash = "encode(sha256('hidden'), 'hex')";
    assert_eq!(
        world.target_value(&format!("SELECT count(*) FROM dbo.\"Named\" WHERE \"Name\" = {hash}")),
        "1"
    );
}

#[test]
fn a_table_without_a_key_tells_the_numbers_of_rows() {
    let world = World::with_files();
    world.load("CREATE TABLE dbo.Heap (Note nvarchar(20) NULL, Zoned datetimeoffset NULL)
GO
INSERT INTO dbo.Heap VALUES (N'a', '2024-01-02T03:04:05+01:00'), (N'b', '2024-01-02T03:04:05+00:00'), (N'c', '2024-01-02T03:04:05-01:00')
GO");
    planned(&world, |_| ());
    world.succeed(&["sync"]);
    let object = world.object(&world.table_object("dbo.Heap")).unwrap();
    let samples = json!([{"chunk": 0, "row": 1}, {"chunk": 0, "row": 3}]);
    assert_eq!(
        object["losses"],
        json!([{"column": "Zoned", "loss": "offset", "rows": 2, "samples": samples}])
    );
}

#[test]
fn chunks_add_up_and_what_is_started_over_is_counted_once() {
    let world = World::with_files();
    world.load("CREATE TABLE dbo.Many (Id int NOT NULL CONSTRAINT PK_Many PRIMARY KEY, Zoned datetimeoffset NOT NULL, Fill nvarchar(200) NOT NULL)");
    for first in (0..2000).step_by(500) {
        let rows: Vec<_> = (first..first + 500)
            .map(|id| format!("({id}, '2024-01-02T03:04:05+0{}:00', REPLICATE(N'x', 100))", id % 2))
            .collect();
        world.load(&format!("INSERT INTO dbo.Many VALUES {}", rows.join(", ")));
    }
    planned(&world, |_| ());
    let chunked = ["sync", "--jobs", "2", "--chunk-size", "64KiB"];
    let killed = world.command(&chunked).failpoints("copy.after_losses=kill@3").pod("main").run();
    assert_eq!(killed.signal(), Some(9));
    world.command(&chunked).failpoints("copy.after_commit=error@1").pod("main").run().exits(0);
    let counted = "SELECT sum(rows), count(*) FROM shardferry.loss";
    let row = world.target(counted).swap_remove(0);
    assert_eq!(row[0].as_deref(), Some("1000"));
    assert!(row[1].as_ref().unwrap().parse::<u32>().unwrap() > 3, "{row:?}");
    let object = world.object(&world.table_object("dbo.Many")).unwrap();
    assert_eq!(
        (&object["losses"][0]["rows"], object["losses"][0]["samples"].as_array().unwrap().len()),
        (&json!(1000), 20)
    );
    assert_eq!(world.assert_equal(), 2000);
}

#[test]
fn masks_stand_in_the_place_of_values() {
    let world = World::with_files();
    world.load("CREATE TABLE dbo.People (Id int NOT NULL CONSTRAINT PK_People PRIMARY KEY, Name nvarchar(max) NULL, Born date NOT NULL, Pay decimal(18,4) NOT NULL,
    Mail nvarchar(50) NULL, Secret varbinary(max) NULL)
GO
INSERT INTO dbo.People VALUES (1, N'Zoë', '1980-01-02', 1.5, N'zoe@example.org', 0x0102), (2, NULL, '1990-01-02', 2.5, NULL, NULL)
GO");
    planned(&world, |table| {
        column(table, "Name")["mask"] = json!("hash");
        column(table, "Born")["mask"] = json!({"fixed": "1970-01-01"});
        column(table, "Pay")["mask"] = json!({"fixed": " 12.34 "});
        column(table, "Mail")["mask"] = json!({"fixed": "hidden"});
        column(table, "Secret")["mask"] = json!("null");
    });
    world.succeed(&["sync"]).hides("Zo").hides("example.org");
    let sql = "SELECT \"Name\" = encode(sha256(convert_to('Zoë', 'UTF8')), 'hex'), \"Born\", \"Pay\", \"Mail\", \"Secret\" FROM dbo.\"People\" ORDER BY \"Id\"";
    let text = |text: &str| Some(text.to_owned());
    let one = vec![text("t"), text("1970-01-01"), text("12.3400"), text("hidden"), None];
    let two = vec![None, text("1970-01-01"), text("12.3400"), None, None];
    assert_eq!(world.target(sql), [one, two]);
    world.succeed(&["reset", "--yes"]);
    planned_again(&world, |table| column(table, "Pay")["mask"] = json!({"fixed": "much"}));
    world.run(&["sync"]).exits(3).says("column Pay").says("22P02").hides("much");
    planned_again(&world, |table| column(table, "Pay")["mask"] = json!("null"));
    world.run(&["sync"]).exits(2).says("NOT NULL");
}

#[test]
fn a_filter_leaves_rows_and_nothing_else_out() {
    let world = World::with_files();
    world.reference("Big", 5_000);
    planned(&world, |table| table["filter"] = json!("id % 3 = 0 OR id < 100"));
    world.succeed(&["sync", "--jobs", "2", "--chunk-size", "64KiB"]);
    let (_, rows) = world.source("SELECT COUNT(*) FROM dbo.Big WHERE id % 3 = 0 OR id < 100");
    let expected = rows[0][0].clone().unwrap();
    assert_eq!(world.target_value("SELECT count(*) FROM dbo.\"Big\""), expected);
    assert_eq!(
        world.target_value("SELECT count(*) FROM dbo.\"Big\" WHERE NOT (id % 3 = 0 OR id < 100)"),
        "0"
    );
    assert_eq!(world.target_value("SELECT sum(rows) FROM shardferry.chunk"), expected);
    let chunks: u32 = world.target_value("SELECT count(*) FROM shardferry.chunk").parse().unwrap();
    assert!(chunks > 2, "{chunks}");
}
