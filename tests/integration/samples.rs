//! Whole databases: the scripts of `tests/samples` are loaded, copied by the real program into a fresh PostgreSQL, and
//! compared row by row and object by object with clients that share no code with shardferry (Microsoft's ODBC driver on
//! one side, `psql` on the other).
//!
//! Every object of the source is in the target, or the run says of it by name what became of it: in `finish.json` or in
//! the assessment (`plan --dry-run`).
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failure")]

use super::harness::{World, repository};
use std::path::{Path, PathBuf};
use std::process::Command;

const ORDER_ENTRY: &str = include_str!("../samples/order_entry.sql");
const PEOPLE: &str = include_str!("../samples/people.sql");
const CONTENT: &str = include_str!("../samples/content.sql");
/// Types whose values are no plain scalars.
const SPECIAL: &str = include_str!("../samples/special.sql");

/// The world after a run that ended well.
fn copied(script: &str) -> World {
    let world = World::with_files();
    world.load(script);
    world.succeed(&["run"]);
    world
}

fn odbc(world: &World) -> String {
    format!(
        "SERVER=127.0.0.1,{};DATABASE=testdb;UID=sa;PWD=Passw0rd!;Encrypt=no;TrustServerCertificate=yes",
        world.server.port()
    )
}

/// Runs a program of the repository with the clients' own Python; it must end with 0.
#[track_caller]
fn proves(script: &str, arguments: &[&str]) {
    let root = repository();
    let python = root.join("target/test-clients/venv/bin/python");
    let ran = Command::new(python).arg(root.join(script)).args(arguments).output();
    let ran = ran.expect("tests/env/install.sh was run");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{script}: {}\n{out}\n{err}", ran.status);
}

/// Every row, by two comparisons that have nothing in common.
fn every_row(script: &str) {
    let world = copied(script);
    world.assert_equal();
    proves(
        "tests/demo/check_equal.py",
        &[
            "--name-case",
            "preserve",
            "--jobs",
            "1",
            "--source",
            &odbc(&world),
            "--target",
            &world.target_url(),
        ],
    );
}

fn written(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Every object.
fn every_object(script: &str) {
    let world = copied(script);
    let document = |name: &str| written(&world, name, &world.object(name).unwrap().to_string());
    let (plan, finish) = (document("plan.json"), document("finish.json"));
    let assessed = world.succeed(&["plan", "--dry-run", "--format", "json"]);
    let assessment = written(&world, "assessment.json", &assessed.stdout);
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    proves(
        "tests/samples/check_objects.py",
        &[
            "--source",
            &odbc(&world),
            "--target",
            &world.target_url(),
            "--plan",
            &path(&plan),
            "--told",
            &path(&finish),
            &path(&assessment),
        ],
    );
}

#[test]
fn order_entry_keeps_every_row() {
    every_row(ORDER_ENTRY);
}

#[test]
fn order_entry_keeps_every_object() {
    every_object(ORDER_ENTRY);
}

#[test]
fn people_keeps_every_row() {
    every_row(PEOPLE);
}

#[test]
fn people_keeps_every_object() {
    every_object(PEOPLE);
}

#[test]
fn content_keeps_every_row() {
    every_row(CONTENT);
}

#[test]
fn content_keeps_every_object() {
    every_object(CONTENT);
}

/// Its rows are compared value by value in `peers`: the comparisons here do not know these types.
#[test]
fn special_types_keep_every_object() {
    every_object(SPECIAL);
}

/// A server that is not quite SQL Server: its built-in types have other ids. Nothing may hang on the numbers.
#[test]
fn people_keeps_every_row_where_types_have_other_ids() {
    let oddities = mssim::engine::Oddities { other_type_ids: true, ..Default::default() };
    let world = World::of(mssim::engine::EngineOptions { oddities, ..Default::default() });
    world.load(PEOPLE);
    world.succeed(&["run"]);
    world.assert_equal();
}

/// On request: partitions as declared, and texts that ignore case where the source does.
#[test]
fn order_entry_arrives_in_partitions_and_under_icu_collations() {
    let world = World::with_files();
    world.load(ORDER_ENTRY);
    world
        .succeed(&["run", "--partitions", "declarative", "--collations", "icu", "--unlogged"])
        .says("--unlogged is not for partitioned tables: 1 table is made LOGGED");
    world.assert_equal();
    let unlogged = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relpersistence = 'u' AND relname <> 'survived'";
    assert_eq!(world.target_value(unlogged), "0");
    let filled = "SELECT count(DISTINCT tableoid) FROM \"Ware House\".\"Movement\"";
    assert_eq!(world.target_value(filled), "4");
    let kind = "SELECT relkind FROM pg_class WHERE oid = '\"Ware House\".\"Movement\"'::regclass";
    assert_eq!(world.target_value(kind), "p");
    let same = "SELECT count(*) FROM dbo.\"Country\" WHERE \"Code\" = lower(\"Code\") AND \"Code\"::bytea <> lower(\"Code\")::bytea";
    assert_ne!(world.target_value(same), "0", "comparisons ignore case");
}

/// A login without UNMASK reads masks in the place of values: they must never be taken for values.
#[test]
fn people_is_refused_where_its_values_are_masked_for_the_login() {
    let oddities = mssim::engine::Oddities { no_unmask: true, ..Default::default() };
    let world = World::of(mssim::engine::EngineOptions { oddities, ..Default::default() });
    world.load(PEOPLE);
    world.run(&["run"]).exits(3).says("Salary").says("GRANT UNMASK");
    let assessed = world.succeed(&["plan", "--dry-run"]).stdout;
    assert!(assessed.contains("GRANT UNMASK"), "{assessed}");
}

/// The catalog shows names in lower case, whatever was declared (as Babelfish does); statements find them in any case.
#[test]
fn order_entry_keeps_every_row_where_names_are_lower_case() {
    let oddities = mssim::engine::Oddities { lower_case_names: true, ..Default::default() };
    let world = World::of(mssim::engine::EngineOptions { oddities, ..Default::default() });
    world.load(ORDER_ENTRY);
    world.succeed(&["run"]);
    world.assert_equal();
    assert_eq!(world.target_value("SELECT count(*) FROM sales.\"order line\""), "140");
}

/// A login that sees no definitions: rows are copied all the same, and the missing objects are told.
#[test]
fn people_keeps_every_row_where_the_objects_cannot_be_seen() {
    use mssim::engine::Denial;
    let world = World::with_files();
    world.load(PEOPLE);
    for (view, denial) in [
        ("sys.check_constraints", Denial::Denied),
        ("sys.default_constraints", Denial::Denied),
        ("sys.sequences", Denial::Missing),
        ("sys.extended_properties", Denial::Denied),
        ("sys.periods", Denial::Missing),
        ("sys.sql_modules", Denial::Denied),
        ("sys.synonyms", Denial::Denied),
        ("sys.triggers", Denial::Denied),
        ("sys.fulltext_index_columns", Denial::Missing),
        ("sys.partition_schemes", Denial::Denied),
    ] {
        world.engine.deny_view(view, Some(denial));
    }
    world.succeed(&["run"]);
    world.assert_equal();
}
