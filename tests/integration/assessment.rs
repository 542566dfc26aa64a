//! What a plan says before it is one, and what its choices make of names: `plan --dry-run`, `--name-case`, the config file.
#![allow(clippy::unwrap_used, reason = "functions of tests")]

use super::harness::World;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Tables that have something of everything that is said of tables and columns.
const NASTY: &str = "
CREATE SCHEMA [Sales Dept];
GO
CREATE TABLE dbo.[Order Line] (
    [OrderID] int NOT NULL,
    [Line No] int NOT NULL,
    [User] nvarchar(50) COLLATE Latin1_General_CI_AS NULL,
    [Placed At] datetime2(7) NOT NULL,
    [Zoned] datetimeoffset(3) NULL,
    [ctid] int NULL,
    [Version] rowversion NOT NULL,
    [Secret] varchar(20) NULL,
    CONSTRAINT [PK_Order Line] PRIMARY KEY ([OrderID], [Line No]));
CREATE TABLE dbo.OrderLine ([Value] int NULL);
CREATE TABLE [Sales Dept].[Ünïcødé_name_that_is_much_longer_than_what_postgresql_takes_of_it] (
    Id decimal(10,0) IDENTITY(1,1) NOT NULL PRIMARY KEY,
    Code varchar(10) COLLATE Latin1_General_CS_AS NOT NULL,
    CONSTRAINT UQ_Code UNIQUE (Code));
";

fn nasty() -> World {
    let world = World::with_files();
    world.load(NASTY);
    world
}

fn config(world: &World, text: &str) -> String {
    let path = world.folder.path().join("config.yaml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The dry run of these flags, without a target and without a checkpoint.
fn assessed(world: &World, flags: &[&str]) -> Json {
    let arguments = [&["plan", "--dry-run", "--format", "json"], flags].concat();
    let finished = world
        .command(&arguments)
        .without_env("SHARDFERRY_TARGET_URL")
        .without_env("SHARDFERRY_CHECKPOINT")
        .run()
        .exits(0);
    serde_json::from_str(&finished.stdout).unwrap()
}

fn of<'a>(assessment: &'a Json, object: &str) -> BTreeSet<(&'a str, &'a str)> {
    let findings = assessment["findings"].as_array().unwrap();
    let of = findings.iter().filter(|finding| finding["object"] == object);
    of.map(|finding| (finding["name"].as_str().unwrap(), finding["verdict"].as_str().unwrap())).collect()
}

#[test]
fn a_dry_run_says_what_becomes_of_tables_and_columns_and_writes_nothing() {
    let world = nasty();
    let path = config(
        &world,
        "name-case: snake\ntables:\n  dbo.Order Line:\n    columns:\n      Secret: {mask: hash}\n  dbo.orderline: {target: lines}\n",
    );
    let assessment = assessed(&world, &["--config", &path]);
    let shown: Vec<Json> = assessment["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["kind"] == "table" || finding["kind"] == "column")
        .cloned()
        .collect();
    insta::assert_snapshot!("nasty", serde_json::to_string_pretty(&shown).unwrap());
    assert_eq!(assessment["kinds"]["table"]["refused"], 0);
    assert_eq!(assessment["estimate"]["tables"], 3);
    let text = world.command(&["plan", "--dry-run", "--config", &path]).run().exits(0);
    assert!(text.stdout.contains("Changed: arrives otherwise"), "{}", text.stdout);
    assert!(text.stdout.contains("Estimate: 3 tables"), "{}", text.stdout);
    assert!(world.object("plan.json").is_none(), "a plan was written");
    assert_eq!(world.target_value("SELECT count(*) FROM pg_namespace WHERE nspname = 'shardferry'"), "0");
}

#[test]
fn what_stops_a_plan_is_a_finding_of_its_dry_run() {
    let world = nasty();
    let path = config(
        &world,
        "tables:\n  dbo.Order Line:\n    exclude: [Line No]\n    columns:\n      Placed At: {mask: null}\n",
    );
    let assessment = assessed(&world, &["--config", &path]);
    assert!(of(&assessment, "dbo.Order Line").contains(&("impossible", "refused")));
    assert!(of(&assessment, "dbo.Order Line.Placed At").contains(&("impossible", "refused")));
    world
        .run(&["plan", "--config", &path])
        .exits(3)
        .says("its primary key has the column Line No, which is excluded")
        .says("mask null: the column is NOT NULL");
    assert!(world.object("plan.json").is_none());
}

#[test]
fn a_choice_that_fits_nothing_is_refused_with_its_place() {
    let world = nasty();
    for (text, said) in [
        ("tables:\n  dbo.Orders: {}\n", "tables: dbo.Orders: the source has no such table"),
        (
            "tables:\n  dbo.OrderLine:\n    columns:\n      Valeu: {mask: hash}\n",
            "columns: Valeu: the table has no such column; it has Value",
        ),
        ("tables:\n  dbo.OrderLine: {where: Valeu = 1}\n", "tables: dbo.OrderLine: where: error 207"),
        (
            "tables:\n  dbo.OrderLine: {where: 1=1; DROP TABLE x}\n",
            "line 2: tables: dbo.OrderLine: where: holds a semicolon",
        ),
    ] {
        let path = config(&world, text);
        for flags in [&["plan", "--config", &path][..], &["plan", "--dry-run", "--config", &path]] {
            world.run(flags).exits(2).says(said);
        }
    }
    assert!(world.object("plan.json").is_none());
}

#[test]
fn names_arrive_as_they_were_chosen() {
    let world = nasty();
    world.load("INSERT INTO dbo.OrderLine (Value) VALUES (7)");
    let path = config(
        &world,
        "name-case: snake\nschema-map: [dbo=Shop]\ntables:\n  dbo.OrderLine:\n    target: other.Lines\n    columns:\n      Value: {name: The Value}\n  dbo.Order Line: {exclude: [Secret]}\n",
    );
    world.succeed(&["run", "--config", &path]);
    assert_eq!(world.target_value("SELECT \"The Value\" FROM other.\"Lines\""), "7");
    let columns = "SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns \
                   WHERE table_schema = 'Shop' AND table_name = 'order_line'";
    let columns = world.target_value(columns);
    assert!(columns.starts_with("order_id,line_no,user,placed_at,zoned,ctid_"), "{columns}");
    assert!(columns.ends_with(",version"), "{columns}");
    let long = world.target_value("SELECT tablename FROM pg_tables WHERE schemaname = 'sales_dept'");
    assert!(long.len() <= 63 && long.starts_with("ünïcødé_name_that_is_much_longer"), "{long}");
    let plan = world.object("plan.json").unwrap();
    assert!(plan["target"]["version"].as_u64().unwrap() >= 120_000, "{}", plan["target"]);
    world
        .run(&["run", "--name-case", "lower", "--config", &path])
        .exits(2)
        .says("--name-case lower (the plan has snake); another plan copies all 3 tables again");
}

/// What most users get: nobody has to quote a name.
#[test]
fn names_are_written_in_lower_case_unless_another_case_is_chosen() {
    let world = World::with_files();
    world.load(
        "CREATE TABLE dbo.OrderLines (OrderID int NOT NULL, [Line No] int NOT NULL, Note nvarchar(20) NULL,
             CONSTRAINT PK_OrderLines PRIMARY KEY (OrderID, [Line No]));
         CREATE INDEX IX_Note ON dbo.OrderLines (Note);
         INSERT INTO dbo.OrderLines (OrderID, [Line No], Note) VALUES (1, 1, N'a'), (1, 2, N'b')",
    );
    let by_default =
        |arguments: &[&str]| world.command(arguments).env("SHARDFERRY_NAME_CASE", "").pod("main").run();
    by_default(&["run"]).exits(0).says("dbo.OrderLines");
    assert_eq!(
        world.target_value("SELECT count(*) FROM dbo.orderlines WHERE orderid = 1 AND \"line no\" > 0"),
        "2"
    );
    let indexes = world.target_value(
        "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'dbo'",
    );
    assert_eq!(indexes, "ix_note pk_orderlines");
    by_default(&["run"]).exits(0).says("Skipping dbo.OrderLines (already completed)");
    world.run(&["run", "--name-case", "preserve"]).exits(2).says("--name-case preserve (the plan has lower)");
}

#[test]
fn an_extension_that_the_target_lacks_is_told_by_the_plan() {
    let world = nasty();
    world.run(&["plan", "--collations", "citext"]).exits(3).says("citext needs the extension citext");
    let unknown = assessed(&world, &["--collations", "citext"]);
    assert!(of(&unknown, "dbo.Order Line.User").contains(&("needs_extension", "changed")));
    world.target("CREATE EXTENSION citext");
    world.succeed(&["plan", "--collations", "citext"]);
    let plan = world.object("plan.json").unwrap();
    let extensions = plan["target"]["extensions"].as_array().unwrap();
    assert!(extensions.contains(&Json::from("citext")), "{extensions:?}");
}

#[test]
fn keys_that_citext_takes_for_equal_are_counted_by_the_source() {
    let world = nasty();
    world.load(
        "INSERT INTO [Sales Dept].[Ünïcødé_name_that_is_much_longer_than_what_postgresql_takes_of_it] (Code) VALUES ('a'), ('A'), ('b')",
    );
    let assessment = assessed(&world, &["--map", "varchar=citext"]);
    let findings = assessment["findings"].as_array().unwrap();
    let collision = findings.iter().find(|finding| finding["name"] == "collision").unwrap();
    assert_eq!(collision["verdict"], "refused");
    assert!(collision["reason"].as_str().unwrap().starts_with("1 group of its keys"), "{collision}");
    world.target("CREATE EXTENSION citext");
    world.run(&["plan", "--map", "varchar=citext"]).exits(3).says("unique keys would collide in the target");
}

/// The list of reserved words is PostgreSQL's.
#[test]
fn every_reserved_word_of_the_server_is_known() {
    let world = World::with_files();
    let words = world.target("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')");
    assert!(words.len() > 80, "{}", words.len());
    let unknown: Vec<String> = words
        .into_iter()
        .filter_map(|mut row| row.swap_remove(0))
        .filter(|word| !shardferry::model::names::is_reserved(word))
        .collect();
    assert_eq!(unknown, Vec::<String>::new());
}
