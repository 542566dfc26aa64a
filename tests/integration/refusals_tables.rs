//! Tables: what cannot be copied, what changed on either side, values that PostgreSQL cannot hold.

use super::{SHOP, answers, photograph, prepared, refuses, rows, world};
use crate::harness::{RUN, World};

fn error_of(world: &World, table: &str, phase: &str) -> serde_json::Value {
    world.object(&world.table_object(table)).unwrap()[phase]["error"].clone()
}

#[test]
fn everything_that_cannot_be_copied_is_said_at_once() {
    let world = world(SHOP);
    world.load(
        "CREATE TYPE dbo.Cube EXTERNAL NAME Shapes.[Shapes.Cube];
        CREATE TABLE dbo.Empty (Value dbo.Cube NULL);
        CREATE TABLE dbo.Places (Id int NOT NULL PRIMARY KEY, Place dbo.Cube NULL);
        CREATE TABLE dbo.Trees (Id int NOT NULL PRIMARY KEY, Node dbo.Cube NULL, Any_ dbo.Cube NULL);",
    );
    let texts = [
        "the plan has 5 objects that cannot be copied:",
        "dbo.Places.Place clr: ",
        "dbo.Trees.Node clr: ",
        "dbo.Trees.Any_ clr: ",
        "dbo.Empty: has no column that can be copied; leave the table out with --exclude",
        "\n  --exclude SCHEMA.TABLE leaves a table out, --skip-unsupported leaves such columns out, ",
        "[unsupported]",
    ];
    for command in ["plan", "run"] {
        refuses(&world, &[command], 3, &texts);
    }
    let skipping = ["plan", "--skip-unsupported"];
    refuses(
        &world,
        &skipping,
        3,
        &["the plan has 1 object that cannot be copied:\n  dbo.Empty: has no column that can be copied"],
    );
    let finished =
        answers(world.command(&[&skipping[..], &["--exclude", "dbo.Empty"]].concat()), 0, &["4 tables"]);
    assert_eq!(finished.lines_with("3 columns are not copied").len(), 1, "{}", finished.stderr);
}

const TENANTS: &str =
    "CREATE FUNCTION dbo.OfTenant (@Id int) RETURNS TABLE AS RETURN SELECT 1 AS Fits WHERE @Id = 1;
GO
CREATE SECURITY POLICY dbo.Tenants ADD FILTER PREDICATE dbo.OfTenant(Id) ON dbo.Orders;";

/// Rows that a security policy hides would be missing without a word.
#[test]
fn a_table_of_which_a_policy_shows_only_some_rows() {
    let world = world(SHOP);
    world.load(TENANTS);
    let text = "dbo.Orders: the security policy dbo.Tenants decides which rows this login sees";
    for command in ["plan", "run"] {
        refuses(
            &world,
            &[command],
            3,
            &["the plan has 1 object that cannot be copied:", text, "--allow-row-filters"],
        );
    }
    answers(world.command(&["plan", "--dry-run"]), 0, &[text, "security policy dbo.Tenants on dbo.Orders"]);
    let allowed = ["plan", "--dry-run", "--allow-row-filters"];
    answers(
        world.command(&allowed),
        0,
        &["only the rows are copied that the security policy dbo.Tenants lets this login see"],
    );
    // A policy that is switched on later is seen when the rows are to be copied.
    world.load("ALTER SECURITY POLICY dbo.Tenants WITH (STATE = OFF)");
    answers(world.command(&["plan"]), 0, &["tables"]);
    world.load("ALTER SECURITY POLICY dbo.Tenants WITH (STATE = ON)");
    answers(
        world.command(&["run"]),
        3,
        &["table dbo.Orders: the security policy dbo.Tenants", "[source_changed]"],
    );
    assert_eq!(
        (rows(&world, "dbo.\"Customers\""), rows(&world, "dbo.\"Orders\"")),
        ("2".to_owned(), "0".to_owned())
    );
    world.load("ALTER SECURITY POLICY dbo.Tenants WITH (STATE = OFF)");
    answers(world.command(&["run"]), 0, &["dbo.Orders"]);
    assert_eq!(rows(&world, "dbo.\"Orders\""), "1");
}

#[test]
fn a_policy_is_no_matter_where_row_filters_are_allowed() {
    let world = world(SHOP);
    world.load(TENANTS);
    answers(world.command(&["run", "--allow-row-filters"]), 0, &["dbo.Orders"]);
    assert_eq!(rows(&world, "dbo.\"Orders\""), "1");
}

#[test]
fn two_schemas_that_become_one() {
    let world = world(SHOP);
    world.load("CREATE SCHEMA sales;\nGO\nCREATE TABLE sales.Orders (Id int NOT NULL PRIMARY KEY);");
    let maps = ["--schema-map", "dbo=public", "--schema-map", "sales=public"];
    refuses(
        &world,
        &["plan", "--schema-map", "dbo"],
        2,
        &["--schema-map: dbo is not a mapping: write SOURCE=TARGET"],
    );
    answers(world.command(&[&["plan"], maps.as_slice()].concat()), 0, &["tables"]);
    let plan = world.object("plan.json").unwrap();
    let names: Vec<&str> = plan["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["target"]["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"Orders"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("Orders_") && name.len() == 15), "{names:?}");
}

#[test]
fn a_target_table_with_other_columns_fails_alone_and_stays_as_it_is() {
    let world = prepared();
    world.target("ALTER TABLE dbo.\"Orders\" ALTER COLUMN \"Note\" TYPE varchar(10); INSERT INTO dbo.\"Orders\" VALUES (7, 'mine')");
    let text = "table dbo.Orders: the target table dbo.Orders is not the plan's: column Note is character varying(10), the plan says varchar(50) [target_mismatch]; correct the target table, or drop it";
    let before = photograph(&world).target;
    answers(world.command(&["schema"]), 3, &[text]);
    assert_eq!(photograph(&world).target, before);
    assert_eq!(error_of(&world, "dbo.Orders", "schema")["code"], "target_mismatch");
    answers(world.command(&["sync"]), 3, &[text]);
    assert_eq!(error_of(&world, "dbo.Orders", "data")["code"], "target_mismatch");
    assert_eq!(
        (rows(&world, "dbo.\"Customers\""), rows(&world, "dbo.\"Orders\"")),
        ("2".to_owned(), "1".to_owned())
    );
    assert_eq!(world.target_value("SELECT \"Note\" FROM dbo.\"Orders\""), "mine");
    refuses(
        &world,
        &["finish"],
        3,
        &["1 of 2 tables is copied (1 failed), so finish cannot begin [tables_failed]"],
    );
    // Mended, it goes on; what was completed is not touched.
    world.target("DROP TABLE dbo.\"Orders\"");
    world.succeed(&["schema"]);
    world.succeed(&["sync", "--retry-failed"]);
    world.succeed(&["finish"]);
    assert_eq!(world.target_value("SELECT \"Note\" FROM dbo.\"Orders\""), "first");
}

#[test]
fn a_source_that_changed_since_the_plan() {
    let world = world(SHOP);
    world.load(
        "CREATE TABLE dbo.Added (Id int NOT NULL PRIMARY KEY);
        CREATE TABLE dbo.Dropped (Id int NOT NULL PRIMARY KEY, Gone int NULL);
        CREATE TABLE dbo.Retyped (Id int NOT NULL PRIMARY KEY, Amount int NULL);
        CREATE TABLE dbo.Vanished (Id int NOT NULL PRIMARY KEY);",
    );
    world.prepare();
    world.load(
        "ALTER TABLE dbo.Added ADD Extra int NULL;
        ALTER TABLE dbo.Dropped DROP COLUMN Gone;
        ALTER TABLE dbo.Retyped ALTER COLUMN Amount bigint NULL;
        DROP TABLE dbo.Vanished;",
    );
    let changed = "the source table changed since the plan was made: ";
    let texts = [
        format!(
            "table dbo.Added: {changed}column Extra is new [source_changed]; restore the table's definition, or let"
        ),
        format!("table dbo.Dropped: {changed}column Gone is gone [source_changed]"),
        format!("table dbo.Retyped: {changed}column Amount was int, is bigint [source_changed]"),
        "table dbo.Vanished: the table of the plan is not in the source any more [source_changed]".to_owned(),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for command in ["schema", "sync"] {
        answers(world.command(&[command]), 3, &texts);
        let phase = if command == "sync" { "data" } else { "schema" };
        for table in ["dbo.Added", "dbo.Dropped", "dbo.Retyped", "dbo.Vanished"] {
            assert_eq!(error_of(&world, table, phase)["code"], "source_changed", "{command} {table}");
        }
    }
    assert_eq!(
        (rows(&world, "dbo.\"Customers\""), rows(&world, "dbo.\"Orders\"")),
        ("2".to_owned(), "1".to_owned())
    );
    refuses(&world, &["finish"], 3, &["2 of 6 tables are copied (4 failed)"]);
}

#[test]
fn values_that_postgresql_cannot_hold_fail_their_table_and_are_not_shown() {
    let world = world(SHOP);
    world.load(
        "CREATE TABLE dbo.Nul (Id int NOT NULL PRIMARY KEY, Text nvarchar(20) NULL);
        INSERT INTO dbo.Nul VALUES (1, N'fine'), (2, N'h4sh' + NCHAR(0) + N'h4sh');
        CREATE TABLE dbo.Half (Id int NOT NULL PRIMARY KEY, Text nvarchar(20) NULL);
        INSERT INTO dbo.Half VALUES (1, N'h4sh' + NCHAR(55357));
        CREATE TABLE dbo.Fine (Id int NOT NULL PRIMARY KEY, At datetime2(7) NULL);
        INSERT INTO dbo.Fine VALUES (1, '2023-07-08T09:10:11.1234567');",
    );
    world.prepare();
    let texts = [
        "Failed: dbo.Nul: column Text: a character that PostgreSQL cannot hold (U+0000), in the row with key (2); a plan with --policy nul=replace or nul=strip",
        "Failed: dbo.Half: column Text: half a surrogate pair, which is no character in PostgreSQL, in the row with key (1); a plan with --policy surrogate=replace",
        "Failed: dbo.Fine: column At: a time with a seventh digit, where PostgreSQL keeps six; it is not rounded silently, in the row with key (1); ",
        "changes such values and counts them [value]; rerun with --rejects URL to leave such rows out and keep them in a file",
    ];
    let finished = answers(world.command(&["sync"]), 3, &texts);
    for shown in ["h4sh", "1234567", "2023-07-08"] {
        assert!(!finished.stderr.contains(shown), "a value is shown:\n{}", finished.stderr);
    }
    for table in ["Nul", "Half", "Fine"] {
        let name = format!("dbo.{table}");
        let error = error_of(&world, &name, "data");
        assert_eq!((world.data_status(&name).as_str(), &error["code"]), ("failed", &"value".into()));
        assert!(!error.to_string().contains("h4sh"), "{error}");
        assert_eq!(rows(&world, &format!("dbo.\"{table}\"")), "0", "{table}: all or nothing");
    }
    assert_eq!(
        (rows(&world, "dbo.\"Customers\""), rows(&world, "dbo.\"Orders\"")),
        ("2".to_owned(), "1".to_owned())
    );
    world.load("UPDATE dbo.Nul SET Text = N'mended' WHERE Id = 2;");
    answers(world.command(&["sync", "--retry-failed"]), 3, &["[value]"]);
    assert_eq!(rows(&world, "dbo.\"Nul\""), "2");
}

#[test]
fn a_target_that_differs_in_many_ways_is_told_all_of_them() {
    let world = prepared();
    world.target(
        "DROP TABLE dbo.\"Orders\";
        CREATE VIEW dbo.\"Orders\" AS SELECT 1 AS \"Id\", 'x'::varchar(50) AS \"Note\";
        ALTER TABLE dbo.\"Customers\" DROP COLUMN \"Name\", ADD COLUMN other int NOT NULL",
    );
    let texts = [
        "the target table dbo.Orders is not the plan's: it is a view, not a table [target_mismatch]",
        "the target table dbo.Customers is not the plan's: column Name is missing; column other is not in the plan, NOT NULL and without a default [target_mismatch]",
    ];
    let before = photograph(&world).target;
    for command in ["schema", "sync", "run"] {
        answers(world.command(&[command]), 3, &texts);
        assert_eq!(photograph(&world).target, before, "{command}");
    }
    // A table that was dropped after its schema was made fails alone.
    world.target("DROP VIEW dbo.\"Orders\"; ALTER TABLE dbo.\"Customers\" DROP COLUMN other, ADD COLUMN \"Name\" varchar(50)");
    world.succeed(&["schema"]);
    world.target("DROP TABLE dbo.\"Orders\"");
    answers(
        world.command(&["sync"]),
        3,
        &["table dbo.Orders: the target has no table dbo.Orders; run `shardferry schema` first"],
    );
    assert_eq!(rows(&world, "dbo.\"Customers\""), "2");
}

#[test]
fn a_name_with_line_breaks_and_controls_stays_on_one_line() {
    let world = world(
        "CREATE TYPE dbo.Cube EXTERNAL NAME Shapes.[Shapes.Cube];
        CREATE TABLE dbo.[two\nshardferry: done\u{1b}[31m] (Id int NOT NULL PRIMARY KEY, X dbo.Cube NULL);",
    );
    let looks_right = |text: &str, what: &str| {
        assert!(
            !text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("shardferry: done")),
            "{what}: {text}"
        );
    };
    let refused = answers(world.command(&["plan", "--log-format", "text"]), 3, &[]);
    looks_right(&refused.stderr, "an error");
    assert!(refused.stderr.contains(r"two\nshardferry: done\u{1b}[31m"), "{}", refused.stderr);
    let dry = answers(world.command(&["plan", "--dry-run", "--skip-unsupported"]), 0, &[]);
    looks_right(&dry.stdout, "the assessment");
    for arguments in
        [["plan", "--skip-unsupported"].as_slice(), &["schema"], &["sync"], &["status", "--verbose"]]
    {
        let said = answers(world.command(&[arguments, &["--log-format", "text"]].concat()), 0, &[]);
        looks_right(&said.stderr, arguments[0]);
        looks_right(&said.stdout, arguments[0]);
        if arguments[0] == "status" {
            assert!(said.stdout.contains(r"two\nshardferry: done\u{1b}[31m"), "{}", said.stdout);
        }
    }
}

#[test]
fn a_closed_or_full_stdout_is_no_bug() {
    let world = prepared();
    let call = |arguments: &str, to: &str| {
        let mut command = std::process::Command::new("/bin/sh");
        let program = env!("CARGO_BIN_EXE_shardferry-with-failpoints");
        command
            .arg("-c")
            .arg(format!("{program} {arguments} --checkpoint {} --run-id {RUN} {to}", world.checkpoint));
        command.env("SHARDFERRY_SOURCE_URL", world.source_url());
        command.output().unwrap()
    };
    for arguments in ["status", "plan"] {
        let full = call(arguments, "> /dev/full");
        let said = String::from_utf8_lossy(&full.stderr).into_owned();
        assert_eq!(full.status.code(), Some(2), "{said}");
        assert!(
            said.contains("cannot be written to stdout") && said.contains("\"code\":\"config\""),
            "{said}"
        );
        for to in [">&-", "| true"] {
            let closed = call(arguments, to);
            let said = String::from_utf8_lossy(&closed.stderr).into_owned();
            assert!(closed.status.success() && !said.contains("[bug]"), "{to}: {said}");
        }
    }
}
