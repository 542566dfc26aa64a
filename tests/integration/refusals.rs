//! What shardferry refuses: the exit code, what is said, and that nothing was written in the store or in the target.
//!
//! Every refusal is proved by [`refuses`]: a photograph of every checkpoint object (byte for byte) and of the target
//! (schemas, tables, columns, rows) before and after.
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failure")]

#[path = "refusals_arguments.rs"]
mod arguments;
#[path = "refusals_checkpoints.rs"]
mod checkpoints;
#[path = "refusals_connections.rs"]
mod connections;
#[path = "refusals_said.rs"]
mod reviewed;
#[path = "refusals_secrets.rs"]
mod secrets;
#[path = "refusals_tables.rs"]
mod tables;

use super::harness::{Finished, Invocation, RUN, World};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A refusal is an answer, not a wait: generous for a loaded machine, far below any retry loop.
const AT_ONCE: Duration = Duration::from_secs(30);

/// Two tables with a row or two each.
const SHOP: &str = "CREATE TABLE dbo.Customers (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NULL);
INSERT INTO dbo.Customers VALUES (1, N'Ada'), (2, N'Bob');
CREATE TABLE dbo.Orders (Id int NOT NULL PRIMARY KEY, Note nvarchar(50) NULL);
INSERT INTO dbo.Orders VALUES (1, N'first');";

/// Checkpoints in a folder, the source loaded with `script`.
fn world(script: &str) -> World {
    let world = World::with_files();
    world.load(script);
    world
}

/// A shop, planned, with its tables created and nothing copied.
fn prepared() -> World {
    let world = world(SHOP);
    world.prepare();
    world
}

/// What must not change.
#[derive(Debug, PartialEq, Eq)]
struct Photograph {
    objects: BTreeMap<PathBuf, Vec<u8>>,
    target: Vec<Vec<Option<String>>>,
}

fn photograph(world: &World) -> Photograph {
    let mut objects = BTreeMap::new();
    read_folder(checkpoints_of(world), &mut objects);
    Photograph { objects, target: world.target(include_str!("refusals_target.sql")) }
}

/// The folder that holds the checkpoints.
fn checkpoints_of(world: &World) -> &Path {
    Path::new(world.checkpoint.strip_prefix("file://").unwrap())
}

fn read_folder(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, found);
        } else if path.file_name().is_some_and(|name| name != ".lock") {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// The path of an object of the run.
fn object_path(world: &World, name: &str) -> PathBuf {
    checkpoints_of(world).join(RUN).join(name)
}

/// Runs `shardferry <arguments>` without retries: it must exit with `code`, say every text and write nothing.
#[track_caller]
fn refuses(world: &World, arguments: &[&str], code: i32, texts: &[&str]) -> Finished {
    refuses_call(world, world.command(arguments), code, texts)
}

/// As [`refuses`], with an environment of the test's own.
#[track_caller]
fn refuses_call(world: &World, call: Invocation, code: i32, texts: &[&str]) -> Finished {
    let before = photograph(world);
    let finished = answers(call, code, texts);
    assert_eq!(photograph(world), before, "something was written:\n{}", finished.stderr);
    finished
}

/// The answer alone, where something may be written: the failure of a table, the rows of others.
#[track_caller]
fn answers(call: Invocation, code: i32, texts: &[&str]) -> Finished {
    let began = Instant::now();
    let mut finished = call.pod("main").env("SHARDFERRY_RETRIES", "0").run().exits(code);
    for text in texts {
        finished = finished.says(text);
    }
    reviewed::is_reviewed(&finished);
    assert!(began.elapsed() < AT_ONCE, "took {:?}:\n{}", began.elapsed(), finished.stderr);
    finished
}

/// Rows of a target table.
fn rows(world: &World, table: &str) -> String {
    world.target_value(&format!("SELECT count(*) FROM {table}"))
}
